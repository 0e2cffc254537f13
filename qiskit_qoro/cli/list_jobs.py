"""``qiskit-qoro jobs``: list the jobs that this machine submitted."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, timedelta
from typing import Any

from qiskit_qoro.cli.output import print_json, print_table, say
from qiskit_qoro.cli.service_options import add_common, choose_provider, default_journal, is_service_chosen
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history import JOURNAL_VARIABLE, STATUSES, JobEntry, JobList, Selection, list_remembered

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "execute", "job_to_json"]

NAME = "jobs"
HELP = "list the jobs that this machine submitted"
DESCRIPTION = (
    "List the jobs that this machine submitted to a service, newest first; where no service is named and no "
    "token is set, those to all services, as they were last heard of."
)

_AGO = re.compile(r"(\d+)([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--backend", metavar="NAME", help="only jobs for this backend")
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
        help="only jobs from this moment on, such as 2026-11-20 or 2026-11-20T15:30, or at most as old as "
        "90m, 12h, 7d or 2w",
    )
    parser.add_argument(
        "--limit", type=int, default=50, metavar="N", help="how many at most (default %(default)s)"
    )
    parser.add_argument(
        "--no-refresh",
        dest="refresh",
        action="store_false",
        help="show the last known status of each job, and do not ask the service",
    )
    add_common(parser)


def execute(options: argparse.Namespace) -> None:
    """Run the command."""
    found = _find(options)
    if options.json:
        print_json([job_to_json(entry) for entry in found])
    elif found:
        print_table(found)
    else:
        say("no jobs")


def job_to_json(entry: JobEntry) -> dict[str, Any]:
    """A job as ``--json`` shows it."""
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


def _find(options: argparse.Namespace) -> JobList:
    chosen: dict[str, Any] = {
        name: getattr(options, name) for name in ("backend", "tag", "status", "since", "limit")
    }
    if is_service_chosen(options):
        with choose_provider(options) as provider:
            return provider.jobs(**chosen, refresh=options.refresh)
    journal = default_journal()
    if journal is None:
        raise QoroInputError(f"no journal is kept: {JOURNAL_VARIABLE} is off")
    return list_remembered(journal, Selection(**chosen))


def _since(text: str) -> datetime | timedelta:
    ago = _AGO.fullmatch(text)
    try:
        return timedelta(**{_UNITS[ago[2]]: int(ago[1])}) if ago else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"expected a date such as 2026-11-20, or an age such as 90m, 12h, 7d or 2w, got {text!r}"
        ) from None
