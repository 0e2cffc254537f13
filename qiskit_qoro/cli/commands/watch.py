"""``qiskit-qoro watch``: follow jobs until all of them have ended."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import print_json, print_line, print_table, say
from qiskit_qoro.cli.providers import (
    complete_argument,
    is_service_known,
    missing_token,
    open_provider,
    open_provider_of_job,
)
from qiskit_qoro.cli.service_options import add_jobs_argument, progress_options
from qiskit_qoro.cli.watching import WatchedJob, follow, watch_table
from qiskit_qoro.display.identifiers import short_identifiers
from qiskit_qoro.display.progress import is_switched_off
from qiskit_qoro.display.tables import screen_width
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.models.jobs import ID_SEPARATOR
from qiskit_qoro.provider import QoroProvider

__all__ = ["COMMAND"]

_REFRESHES_PER_S = 4


def _execute(options: argparse.Namespace) -> None:
    with _open_provider(options) as provider:
        jobs = _find_jobs(provider, options)
        is_table = screen_width() is not None
        if not jobs:
            if options.json:
                print_json([])
            say("no unfinished jobs")
            return
        try:
            with _showing(jobs, options):
                follow(
                    provider.service,
                    jobs,
                    now=options.now,
                    report=lambda job: None if is_table or options.json else _print_change(job),
                )
        except KeyboardInterrupt:
            say("the jobs continue: 'qiskit-qoro watch' follows them again")
            raise
    if options.json:
        print_json([job.to_json() for job in jobs])
    elif is_table:
        print_table(watch_table(jobs, options.now()))
    failed = [job for job in jobs if job.has_failed]
    if failed:
        raise QoroError(
            f"{len(failed)} of {len(jobs)} jobs did not complete: "
            + ", ".join(f"{job.short_id} is {job.status}" for job in failed)
        )


def _open_provider(options: argparse.Namespace) -> QoroProvider:
    """Make a provider of the service of the jobs, and complete their identifiers in the options."""
    # The command shows its own lines.
    options.refreshes = progress_options(options).enabled and not is_switched_off()
    options.no_progress = True
    if not options.job_ids:
        if not is_service_known(options):
            raise missing_token(" to ask for the unfinished jobs", "name the jobs, or their --database")
        return open_provider(options)
    job_ids = [complete_argument(options, text) for text in options.job_ids]
    options.job_ids = list(dict.fromkeys(job_ids))
    options.job_id = options.job_ids[0]
    return open_provider_of_job(options)


def _find_jobs(provider: QoroProvider, options: argparse.Namespace) -> list[WatchedJob]:
    """Return the jobs of the options, or else the unfinished jobs of the service."""
    job_ids = options.job_ids or [
        entry.job_id for entry in provider.jobs(limit=None) if entry.job_id and entry.is_unfinished
    ]
    journal, now = provider.journal, options.now()
    parts = [part for job_id in job_ids for part in job_id.split(ID_SEPARATOR)]
    short_ids = short_identifiers([*(journal.job_ids() if journal else []), *parts])
    jobs: list[WatchedJob] = []
    services: dict[str, WatchedJob] = {}  # service to one of its jobs
    for job_id in job_ids:
        first, *_ = own = job_id.split(ID_SEPARATOR)
        entry = journal.find(first) if journal else None
        short_id = ID_SEPARATOR.join(short_ids[part] for part in own)
        job = WatchedJob(job_id, short_id, now)
        if entry is not None:
            job.begin, job.tag, job.backend = entry.time, entry.tag, entry.backend or ""
            services.setdefault(entry.service, job)
        jobs.append(job)
    if len(services) > 1:
        places = ", ".join(f"{job.short_id} at {service}" for service, job in services.items())
        raise QoroInputError(f"expected jobs of one service, got jobs of several: {places}")
    return jobs


@contextmanager
def _showing(jobs: list[WatchedJob], options: argparse.Namespace) -> Iterator[None]:
    """Show a table of the jobs, which is refreshed in place, inside this context, if that is possible."""
    console = Console()
    if options.json or not options.refreshes or not console.is_terminal or console.is_dumb_terminal:
        yield
        return
    with Live(
        get_renderable=lambda: watch_table(jobs, options.now()),
        console=console,
        refresh_per_second=_REFRESHES_PER_S,
        transient=True,
    ):
        yield


def _print_change(job: WatchedJob) -> None:
    finished = job.finished
    circuits = "" if finished is None else f" {finished[0]}/{finished[1]} circuits"
    print_line(f"{job.job_id} {job.status}{circuits}")
    sys.stdout.flush()


COMMAND = Command(
    "watch",
    "follow jobs until all of them have ended",
    "Follow jobs until all of them have ended: a table on a terminal, and otherwise a line for each change "
    "of a status. Without an identifier, follow all unfinished jobs that this machine submitted to the "
    "service. The exit code is 1 if a job did not complete. Ctrl-C leaves the jobs running.",
    add_jobs_argument,
    _execute,
)
"""The command ``watch``."""
