"""``qiskit-qoro jobs``: list the jobs that this machine submitted."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, timedelta
from typing import Any

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.job_pages import add_page_options, check_page_options, serve_job_pages
from qiskit_qoro.cli.output import print_json, print_table, say
from qiskit_qoro.cli.parsing import positive_integer
from qiskit_qoro.cli.providers import default_journal, is_service_known, open_provider
from qiskit_qoro.cli.service_options import add_service_options
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history import JOURNAL_VARIABLE, STATUSES, JobEntry, JobList, Selection, list_recorded
from qiskit_qoro.models.submissions import JobKind

__all__ = ["COMMAND"]

_LIMIT = 50
_AGE = re.compile(r"(\d+)([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--backend", metavar="NAME", help="only jobs on this backend")
    parser.add_argument("--tag", metavar="TAG", help="only jobs with this tag")
    parser.add_argument(
        "--status",
        action="append",
        type=str.upper,
        choices=STATUSES,
        metavar="STATUS",
        help=f"only jobs with this status ({', '.join(STATUSES)}); may be repeated",
    )
    parser.add_argument(
        "--since",
        type=_since,
        metavar="WHEN",
        help="only jobs submitted since a date or time, such as 2026-11-20 or 2026-11-20T15:30, or within a "
        "period, such as 90m, 12h, 7d or 2w",
    )
    parser.add_argument(
        "--until",
        type=_since,
        metavar="WHEN",
        help="only jobs submitted until a date or time, or longer ago than a period, such as 7d",
    )
    parser.add_argument(
        "--kind",
        action="append",
        type=str.lower,
        choices=[kind.value for kind in JobKind],
        metavar="KIND",
        help=f"only jobs that were submitted by this ({', '.join(JobKind)}); may be repeated",
    )
    parser.add_argument(
        "--text",
        metavar="TEXT",
        help="only jobs with this text in the tag, the backend, the identifier or the name of a circuit",
    )
    parser.add_argument(
        "--limit",
        type=positive_integer,
        default=_LIMIT,
        metavar="N",
        help="list at most N jobs (default %(default)s)",
    )
    parser.add_argument(
        "--no-refresh",
        dest="refresh",
        action="store_false",
        help="show the last known status of each job without asking the service",
    )
    add_page_options(parser)
    add_service_options(parser)


def _execute(options: argparse.Namespace) -> None:
    check_page_options(options, _without_effect_on_pages(options))
    if options.web:
        serve_job_pages(options)
    else:
        _print_jobs(options)


def _without_effect_on_pages(options: argparse.Namespace) -> list[str]:
    given = {
        "--backend": options.backend is not None,
        "--since": options.since is not None,
        "--until": options.until is not None,
        "--limit": options.limit != _LIMIT,
        "--no-refresh": not options.refresh,
        "--json": options.json,
    }
    return [name for name, is_given in given.items() if is_given]


def _print_jobs(options: argparse.Namespace) -> None:
    # One more than requested shows whether there are more.
    more = _find(options, options.limit + 1)
    found = more[: options.limit]
    if options.json:
        print_json([_job_to_json(entry) for entry in found])
    elif found:
        print_table(found.table(options.now()))
        if len(more) > len(found):
            say(f"the newest {counted(len(found), 'job')}; --limit lists more")
    else:
        say("no jobs")


def _job_to_json(entry: JobEntry) -> dict[str, Any]:
    return {
        "job_id": entry.job_id,
        "service": entry.service,
        "backend": entry.backend,
        "kind": entry.kind.value,
        "time": entry.time.isoformat(timespec="seconds"),
        "tag": entry.tag,
        "circuits": entry.num_circuits,
        "status": entry.status,
        "reason": entry.reason,
    }


def _find(options: argparse.Namespace, limit: int) -> JobList:
    """Find the newest jobs of one service, or of all services if the service is unknown."""
    conditions: dict[str, Any] = {
        name: getattr(options, name)
        for name in ("backend", "tag", "status", "since", "until", "kind", "text")
    }
    conditions["limit"] = limit
    if is_service_known(options):
        with open_provider(options) as provider:
            return provider.jobs(**conditions, refresh=options.refresh)
    # The journal may contain jobs of several services, and there is no token for any of them. So none is
    # asked.
    journal = default_journal()
    if journal is None:
        raise QoroInputError(f"there is no journal of jobs: {JOURNAL_VARIABLE} is off")
    return list_recorded(journal, Selection(**conditions))


def _since(text: str) -> datetime | timedelta:
    age = _AGE.fullmatch(text)
    try:
        return timedelta(**{_UNITS[age[2]]: int(age[1])}) if age else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"expected a date such as 2026-11-20, or an age such as 90m, 12h, 7d or 2w, got {text!r}"
        ) from None


COMMAND = Command(
    "jobs",
    "list the jobs that this machine submitted",
    "List the jobs that this machine submitted to a service, newest first. If no option names a service and "
    "no token is set, list the jobs of all services with their last known status. With --web, show the "
    "jobs on web pages instead.",
    _add_arguments,
    _execute,
)
"""The command ``jobs``."""
