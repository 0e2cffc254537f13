"""Options that select a service, and the argument that names a job."""

from __future__ import annotations

import argparse

from qiskit_qoro.cli.completers import offer_accounts, offer_files, offer_job_ids
from qiskit_qoro.cli.parsing import argument_type
from qiskit_qoro.display.progress import ProgressOptions
from qiskit_qoro.models.jobs import ID_SEPARATOR
from qiskit_qoro.service.budgets.budget import Budget
from qiskit_qoro.service.credentials import (
    TOKEN_VARIABLE,
    URL_VARIABLE,
)

__all__ = [
    "LAST_JOB",
    "add_account_option",
    "add_budget_option",
    "add_job_argument",
    "add_jobs_argument",
    "add_service_options",
    "progress_options",
]


LAST_JOB = "last"
"""Stands for the newest job in the journal."""


def add_service_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command to a service has."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    service = parser.add_argument_group("service").add_mutually_exclusive_group()
    service.add_argument(
        "--cloud", action="store_true", help=f"use the service at {URL_VARIABLE}, by default the Qoro cloud"
    )
    service.add_argument(
        "--url", metavar="URL", help=f"use the service at this address, with the token in {TOKEN_VARIABLE}"
    )
    add_account_option(service)
    service.add_argument(
        "--local",
        action="store_true",
        help="use the local service, started for this command; its jobs are lost when the command ends",
    )
    offer_files(
        service.add_argument(
            "--database", metavar="PATH", help="use the local service with its jobs in this file"
        )
    )
    parser.add_argument(
        "--no-progress", action="store_true", help="show no progress line while the command waits"
    )


def add_account_option(parser: argparse._ActionsContainer) -> None:
    """Add the option that chooses a saved account."""
    offer_accounts(
        parser.add_argument(
            "--account",
            metavar="NAME",
            help="use this account, saved with 'qiskit-qoro login', and its service",
        )
    )


def add_budget_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that limits what a command may submit. Without it the budget is ``None``."""
    parser.add_argument(
        "--budget",
        type=argument_type(Budget.of),
        metavar="LIMITS",
        help="submit nothing that costs more: a number of credits, or limits such as "
        "credits=5,circuits=100,shots=10000",
    )


def add_job_argument(parser: argparse.ArgumentParser) -> None:
    """Add the identifier of a job, and the options that choose a service."""
    offer_job_ids(
        parser.add_argument(
            "job_id",
            type=_job_id,
            metavar="ID",
            help=f"identifier of the job, or its first characters, or {LAST_JOB!r} for the newest job; join "
            f"several identifiers with {ID_SEPARATOR}",
        )
    )
    add_service_options(parser)


def add_jobs_argument(parser: argparse.ArgumentParser) -> None:
    """Add the identifiers of any number of jobs, and the options that choose a service."""
    offer_job_ids(
        parser.add_argument(
            "job_ids",
            nargs="*",
            type=_job_id,
            metavar="ID",
            help="identifiers of jobs, as for 'status' (default: all unfinished jobs of the service)",
        )
    )
    add_service_options(parser)


def _job_id(text: str) -> str:
    if not all(text.split(ID_SEPARATOR)):
        raise argparse.ArgumentTypeError(f"expected the identifier of a job, got {text!r}")
    return text


def progress_options(options: argparse.Namespace) -> ProgressOptions:
    """Return whether the waits of a command show a progress line. It appears at once."""
    return ProgressOptions(enabled=not options.no_progress, delay_s=0)
