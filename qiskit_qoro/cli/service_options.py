"""Which service a command asks: the options for it, and the provider that they mean."""

from __future__ import annotations

import argparse
from pathlib import Path

from qiskit_qoro.cli.completers import offer_files, offer_job_ids
from qiskit_qoro.connection import LOCAL_PREFIX
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history import Journal, find_journal
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.primitives.primitive_job import ID_SEPARATOR
from qiskit_qoro.provider import QoroProvider
from qiskit_qoro.service.credentials import TOKEN_VARIABLE, URL_VARIABLE, is_token_set

__all__ = [
    "add_common",
    "add_job",
    "choose_provider",
    "choose_provider_of_job",
    "default_journal",
    "is_service_chosen",
    "references",
]


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that all commands to a service have."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--cloud", action="store_true", help=f"use the service of {URL_VARIABLE} or the cloud")
    where.add_argument(
        "--url", metavar="URL", help=f"use the service at this address, with the token of {TOKEN_VARIABLE}"
    )
    where.add_argument("--local", action="store_true", help="use the local service, started for this command")
    offer_files(
        where.add_argument(
            "--database", metavar="PATH", help="the same with the jobs of this file, which it keeps"
        )
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_job(parser: argparse.ArgumentParser) -> None:
    """Add the identifier of a job, and the common options."""
    offer_job_ids(
        parser.add_argument(
            "job_id", type=_job_id, metavar="ID", help="the identifier of the job; of several, joined by +"
        )
    )
    add_common(parser)


def _job_id(text: str) -> str:
    if not all(text.split(ID_SEPARATOR)):
        raise argparse.ArgumentTypeError(f"expected the identifier of a job, got {text!r}")
    return text


def references(options: argparse.Namespace) -> list[ExecutionResult]:
    """The service's jobs that :func:`add_job` was given."""
    return [ExecutionResult(job_id=job_id) for job_id in options.job_id.split(ID_SEPARATOR)]


def is_service_chosen(options: argparse.Namespace) -> bool:
    """Whether the options or the environment say which service to use."""
    return bool(
        options.cloud or options.url or options.local or options.database is not None or is_token_set()
    )


def choose_provider(options: argparse.Namespace) -> QoroProvider:
    """The provider that the options and the environment ask for; settles ``options.local`` on the way."""
    if options.url:
        return QoroProvider(base_url=options.url)
    options.local = options.local or options.database is not None or not (options.cloud or is_token_set())
    return QoroProvider.local(database=options.database) if options.local else QoroProvider()


def choose_provider_of_job(options: argparse.Namespace) -> QoroProvider:
    """The provider of a job: where the options say nothing, the journal may know its local service.

    Raises:
        QoroInputError: Nothing tells which service has the job.
    """
    if not (options.cloud or options.url or options.local or options.database is not None):
        journal = default_journal()
        entry = journal.find(str(references(options)[0].job_id)) if journal else None
        if entry is not None and entry.service.startswith(LOCAL_PREFIX):
            options.database = entry.service.removeprefix(LOCAL_PREFIX)
            if not Path(options.database).exists():
                raise QoroInputError(
                    f"job {options.job_id} was kept in {options.database}, which is not there"
                )
        elif not is_token_set():
            raise QoroInputError(
                f"which service has job {options.job_id}? Set {TOKEN_VARIABLE} for the cloud, or name the "
                "file of a local service with --database"
            )
    return choose_provider(options)


def default_journal() -> Journal | None:
    """The journal where it usually is, ``None`` where none is kept."""
    path = find_journal(True)
    return None if path is None else Journal(path)
