"""The providers of commands: of the service that the options select, or of the service that has a job."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from qiskit_qoro.cli.service_options import LAST_JOB, progress_options
from qiskit_qoro.connection import LOCAL_PREFIX, local_install_command
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history import Journal, complete_job_id, find_journal
from qiskit_qoro.models.jobs import ID_SEPARATOR, ExecutionResult
from qiskit_qoro.provider import QoroProvider
from qiskit_qoro.service.budgets.budget import Budget
from qiskit_qoro.service.credentials import (
    TOKEN_VARIABLE,
    describe_ignored_files,
    find_account_of,
    find_base_url,
    find_credentials,
    find_url_setting,
    is_token_set,
    list_accounts,
)

__all__ = [
    "complete_argument",
    "default_journal",
    "is_service_known",
    "missing_token",
    "open_provider",
    "open_provider_of_job",
    "recorded_as",
    "service_jobs",
    "service_name",
    "uses_local_service",
]

_NUM_SEARCHED_FOR_LAST = 100
_TOKEN_ADVICE = (
    f"put {TOKEN_VARIABLE}=... into a .env file, set the environment variable {TOKEN_VARIABLE}, or log in "
    "with 'qiskit-qoro login'"
)


def service_jobs(options: argparse.Namespace) -> list[ExecutionResult]:
    """Return the service jobs in the job identifier of the command."""
    return [ExecutionResult(job_id=job_id) for job_id in options.job_id.split(ID_SEPARATOR)]


def complete_argument(options: argparse.Namespace, text: str, *, whole: bool = False) -> str:
    """Return the complete identifier that an argument stands for.

    The first characters of a service job, or ``last``, stand for the whole job of a primitive that it belongs
    to.

    Args:
        options: The options of the command. If they name a service, only its jobs are searched.
        text: An identifier or its first characters, ``last``, or several of these joined by ``+``.
        whole: Whether a complete identifier stands for the whole job, too.

    Raises:
        QoroInputError: The journal has several such jobs; or none, and the text is no identifier.
    """
    journal, service = default_journal(), _recorded_as(options)

    def complete(part: str) -> str:
        if part == LAST_JOB:
            return _newest_job(journal, service)
        return complete_job_id(part, journal, service, now=options.now())

    parts = text.split(ID_SEPARATOR)
    job_ids = list(map(complete, parts))
    if journal is not None and len(job_ids) == 1 and (whole or job_ids != parts):
        job_ids = journal.joined_with(job_ids[0])
    return ID_SEPARATOR.join(job_ids)


def _newest_job(journal: Journal | None, service: str | None) -> str:
    latest = [] if journal is None else journal.entries(service, limit=_NUM_SEARCHED_FOR_LAST)
    for entry in latest:
        if entry.job_id is not None:
            return entry.job_id
    raise QoroInputError(f"there is no {LAST_JOB} job: the journal of this machine has none")


def _recorded_as(options: argparse.Namespace) -> str | None:
    """Return the name that the journal has for the service of the options, ``None`` if they name none."""
    if options.local or options.database is not None:
        return f"{LOCAL_PREFIX}{Path(options.database).resolve() if options.database is not None else ''}"
    if options.account or ((options.cloud or options.url) and is_token_set()):
        return find_credentials(None, options.url or None, options.account).url
    return find_base_url(options.url or None) if options.cloud or options.url else None


def recorded_as(options: argparse.Namespace, provider: QoroProvider) -> str:
    """Return the name that the journal has for the service of a provider.

    Args:
        options: The options that the provider was opened with.
        provider: The provider.
    """
    return _recorded_as(options) or provider.service.base_url


def _is_service_named(options: argparse.Namespace) -> bool:
    """Whether an option names the service."""
    return bool(
        options.cloud or options.url or options.account or options.local or options.database is not None
    )


def is_service_known(options: argparse.Namespace) -> bool:
    """Whether an option names the service, or a token selects the cloud."""
    return _is_service_named(options) or is_token_set()


def uses_local_service(options: argparse.Namespace) -> bool:
    """Whether the command uses the local service: if an option requests it, or if there is no token.

    Raises:
        QoroInputError: There is no token, and the command needs one: an option or an address names a service,
            or the local service is not installed.
    """
    if options.local or options.database is not None:
        return True
    if options.account or is_token_set():
        return False
    address = options.url or find_url_setting()
    if options.cloud or address:
        about = f" for {address}" if address else ""
        raise missing_token(about, "use the local service with --local")
    command = local_install_command()
    if command is not None:
        raise missing_token("", f"install the local service: {command}")
    return True


def missing_token(about: str, alternative: str) -> QoroInputError:
    """Return the error that there is no token.

    Args:
        about: What the token is needed for, with a space before it, or an empty text.
        alternative: What to do without an account.
    """
    names = ", ".join(account.name for account in list_accounts())
    saved = f" (saved, but not the default: {names}; --account chooses one)" if names else ""
    return QoroInputError(
        f"there is no token{about}: {_TOKEN_ADVICE}{saved}{describe_ignored_files()}. To work without an "
        f"account, {alternative}"
    )


def open_provider(options: argparse.Namespace) -> QoroProvider:
    """Make a provider of the service that the options and the environment select.

    Raises:
        QoroInputError: As for :func:`uses_local_service`.
    """
    if uses_local_service(options):
        return _open_local_provider(options, options.database)
    # Without an address the provider uses that of the account or of the environment, by default the cloud.
    provider: QoroProvider = options.provider_class(
        base_url=options.url or None,
        account=options.account,
        progress=progress_options(options),
        **_limits(options),
    )
    return provider


def service_name(options: argparse.Namespace, provider: QoroProvider) -> str:
    """Return how texts name the service of a provider: by its address, unless it is the local service."""
    return "the local service" if uses_local_service(options) else provider.service.base_url


def open_provider_of_job(options: argparse.Namespace, *, whole: bool = False) -> QoroProvider:
    """Make a provider of the service that has a job, and complete the job's identifier in the options.

    If no option names the service, the journal may show that the job is in the database of a local service,
    or at the address of another saved account than the default.

    Args:
        options: The options of the command.
        whole: As for :func:`complete_argument`.

    Raises:
        QoroInputError: The service of the job is unknown, or the database does not exist any more; or the
            identifier is incomplete, as for :func:`complete_argument`.
    """
    options.job_id = complete_argument(options, options.job_id, whole=whole)
    if _is_service_named(options):
        return open_provider(options)
    journal = default_journal()
    # All service jobs of a primitive's job are on the same service, so the first one is enough.
    entry = journal.find(str(service_jobs(options)[0].job_id)) if journal else None
    if entry is not None and entry.service.startswith(LOCAL_PREFIX):
        database = entry.service.removeprefix(LOCAL_PREFIX)
        if not Path(database).exists():
            raise QoroInputError(f"job {options.job_id} is in {database}, but this file does not exist")
        return _open_local_provider(options, database)
    if entry is not None and not (is_token_set() and find_credentials().url == entry.service):
        options.account = find_account_of(entry.service)
    if options.account is None and not is_token_set():
        if entry is not None:
            raise QoroInputError(
                f"there is no token for {entry.service}, which has job {options.job_id}: log in with "
                f"'qiskit-qoro login --url {shlex.quote(entry.service)}'{describe_ignored_files()}"
            )
        raise QoroInputError(
            f"the service of job {options.job_id} is unknown: for the cloud, {_TOKEN_ADVICE}"
            f"{describe_ignored_files()}; for a local service, name its database with --database"
        )
    return open_provider(options)


def _open_local_provider(options: argparse.Namespace, database: str | None) -> QoroProvider:
    provider: QoroProvider = options.provider_class.local(
        database=database, progress=progress_options(options), **_limits(options)
    )
    return provider


def _limits(options: argparse.Namespace) -> dict[str, Budget]:
    """Return the budget as an argument of the provider. Commands that submit nothing have none."""
    budget: Budget | None = getattr(options, "budget", None)
    return {} if budget is None else {"budget": budget}


def default_journal() -> Journal | None:
    """Return the journal at its usual place, or ``None`` if it is switched off."""
    path = find_journal(True)
    return None if path is None else Journal(path)
