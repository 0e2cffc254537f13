"""Submit the programs of a command, and show the results: for ``run``, ``estimate`` and ``plan``."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import Any

from qiskit_qoro.cli.circuit_results import Outcome, print_circuits
from qiskit_qoro.cli.out_files import OutFile, add_out_option
from qiskit_qoro.cli.output import DEFAULT_ROWS, print_json, say, waiting_for_job
from qiskit_qoro.cli.programs.estimates import Estimate, build_estimate
from qiskit_qoro.cli.programs.plans import show_plan
from qiskit_qoro.cli.programs.reading import read_circuits
from qiskit_qoro.cli.programs.runs import Run, build_run
from qiskit_qoro.cli.providers import open_provider, service_name, uses_local_service
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.printable import printable_line

__all__ = ["add_detach_option", "add_job_options", "execute", "show_detached"]


_ALL_KNOWN = "all values are known without a job"


def add_job_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what happens with the job: plan it, leave it running, write its results."""
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--plan", action="store_true", help="show what would be sent, without sending it")
    add_detach_option(ways)
    add_out_option(parser)


def add_detach_option(parser: argparse._ActionsContainer) -> None:
    """Add the option that leaves the job running."""
    parser.add_argument(
        "--detach", action="store_true", help="print the identifier of the job, and do not wait for it"
    )


def execute(options: argparse.Namespace) -> None:
    """Run the programs of a command, or show its plan.

    Args:
        options: The options of the command. With observables, expectation values are computed.

    Raises:
        QoroInputError: A program or an option is wrong. Nothing was sent.
        QoroError: The service refused the job, the job failed, or the results cannot be written.
    """
    _check_options(options)
    circuits = read_circuits(options.files)
    is_local = uses_local_service(options)
    # Without a database the local service stops at the end of this command, and the job is lost.
    outlives_command = not is_local or options.database is not None
    if options.detach and not outlives_command:
        raise QoroInputError(
            "--detach needs a service that keeps the job after the command: the local service stops with the "
            "command. Keep its jobs in a file with --database PATH, or leave --detach out"
        )
    with open_provider(options) as provider:
        backend = provider.get_backend(options.backend)
        build: Callable[..., Run | Estimate] = build_estimate if options.observable else build_run
        work = build(circuits, backend, options)
        service = service_name(options, provider)
        if options.plan:
            show_plan(work, circuits, service, is_local=is_local, as_json=options.json)
            return
        is_known = isinstance(work, Estimate) and not work.plan().jobs
        if is_known and options.detach:
            raise QoroInputError(f"--detach: {_ALL_KNOWN}, leave the option out")
        job: Any = work.submit()
        about = {"backend": backend.name, "job_id": job.job_id(), "tag": work.tag}
        if options.json or options.out is not None:
            # Reading the address opens a port of the local service.
            about["base_url"] = provider.service.base_url
        if options.detach:
            show_detached(options, about)
            return
        if is_known:
            say(_ALL_KNOWN)
        elif outlives_command:
            say(f"{backend.name} on {service}, job {job.job_id()}")
        else:
            say(f"{backend.name} on {service}; the job is not kept without --database")
        with waiting_for_job(job.job_id(), outlives_command=outlives_command):
            outcome = work.wait(job)
    _show(options, about, outcome)


def _check_options(options: argparse.Namespace) -> None:
    """Check what can be checked without the programs and the service."""
    out: OutFile | None = options.out
    if out is not None and options.detach:
        raise QoroInputError(
            "--out writes the results, and --detach does not wait for them: leave one of them out"
        )
    if out is not None:
        out.check(has_counts=not options.observable)


def _show(options: argparse.Namespace, about: Mapping[str, Any], outcome: Outcome) -> None:
    """Print the results and write them to a file. Then raise the failure of the job, if there is one."""
    document = {**about, **outcome.facts, "circuits": outcome.circuits}
    if options.json:
        print_json(document)
    else:
        print_circuits(outcome.circuits, DEFAULT_ROWS)
    if options.out is not None:
        options.out.write(document)
    if outcome.failure is not None:
        raise outcome.failure


def show_detached(options: argparse.Namespace, about: dict[str, Any]) -> None:
    """Print the identifier of a job that was submitted, and say how to get its results.

    Args:
        options: The options of the command.
        about: What ``--json`` prints, with the key ``job_id``.
    """
    if options.json:
        print_json(about)
    else:
        sys.stdout.write(f"{printable_line(about['job_id'])}\n")
    service = {"--url": options.url, "--account": options.account, "--database": options.database}
    place = "".join(f" {name} {shlex.quote(value)}" for name, value in service.items() if value)
    say(f"show the results with: qiskit-qoro result {about['job_id']}{place}")
