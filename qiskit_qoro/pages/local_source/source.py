"""The jobs and credits of an account of the local service, as the pages show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.job_settings import check_job_config
from qiskit_qoro.local.service_parts import ServiceParts
from qiskit_qoro.local.store.job_listing import (
    ListingConditions,
    find_listed_job,
    list_choices,
    list_jobs,
)
from qiskit_qoro.local.store.ledger import cost_of_job
from qiskit_qoro.local.store.resubmission import resubmit_job
from qiskit_qoro.local.store.store_errors import (
    AccessDeniedError,
    BalanceTooLowError,
    JobConflictError,
    JobNotFoundError,
    QuotaExceededError,
)
from qiskit_qoro.local.web.accounts import check_tier
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.local_source.characterizations import characterization_of, report_of
from qiskit_qoro.pages.local_source.circuit_views import CircuitViews
from qiskit_qoro.pages.local_source.credits import credits_of
from qiskit_qoro.pages.local_source.job_rows import events_of, job_row, notes_of
from qiskit_qoro.pages.local_source.targets import targets_of
from qiskit_qoro.pages.local_source.workers import workers_view
from qiskit_qoro.pages.results.fetching import fetching_code
from qiskit_qoro.pages.results.settings import settings_of
from qiskit_qoro.pages.source import MissingError, RefusedError
from qiskit_qoro.pages.views import (
    CharacterizationView,
    CircuitsPage,
    CircuitView,
    CreditsView,
    JobFilter,
    JobsPage,
    JobView,
    SourceFacts,
    TargetView,
    WorkersView,
)

__all__ = ["LocalSource", "local_sources"]


def local_sources(parts: ServiceParts, provider_code: str) -> Callable[[str], LocalSource]:
    """Return a function that returns the source of an account, by its name.

    Args:
        parts: The parts of the service.
        provider_code: Python code of a provider of the service, as for :class:`LocalSource`.
    """
    names = {account.name for account in parts.accounts}
    sources = {name: LocalSource(parts, name, provider_code) for name in names}
    return sources.__getitem__


class LocalSource:
    """What an account of a local service may see and do: a :class:`~qiskit_qoro.pages.source.Source`.

    Methods may be called from any thread.

    Args:
        parts: The parts of the service.
        account: The name of the account.
        provider_code: Python code of a provider of the service, such as
            ``QoroProvider(base_url="http://127.0.0.1:8000/api")``. It contains no token.
    """

    def __init__(self, parts: ServiceParts, account: str, provider_code: str) -> None:
        self._parts = parts
        self._account = account
        self._provider_code = provider_code
        self._circuits = CircuitViews(parts, account)
        is_only_one = len({account.name for account in parts.accounts}) == 1
        self.facts = SourceFacts(
            "Local service",
            "" if is_only_one else account,
            has_workers=True,
            docs_path="/docs",
            provider_code=provider_code,
        )

    # --- jobs -----------------------------------------------------------------------------------------

    def jobs(self, condition: JobFilter, *, limit: int, offset: int) -> JobsPage:
        """Return some of the jobs that meet a condition, newest first."""
        database = self._parts.database
        conditions = ListingConditions(condition.statuses, condition.kinds, condition.tag, condition.text)
        jobs, by_status = list_jobs(database, self._account, conditions, limit=limit, offset=offset)
        tags, kinds = list_choices(database, self._account)
        now = database.now()
        statuses = condition.statuses or by_status
        return JobsPage(
            [job_row(job, now) for job in jobs],
            sum(by_status.get(status, 0) for status in statuses),
            by_status,
            tags,
            [kind.value for kind in kinds],
            waiting_reason=self._waiting_reason() if by_status.get(JobStatus.PENDING.value) else "",
        )

    def _waiting_reason(self) -> str:
        return self._parts.pool.snapshot().problem or ""

    def refresh(self) -> None:
        """Do nothing: the statuses in the database are up to date."""

    def job(self, job_id: str) -> JobView:
        """Return a job."""
        database = self._parts.database
        with _store_errors():
            # With one lock, so that all belongs to one status, and the job is not deleted in between.
            with database.read() as connection:
                job = find_listed_job(database, self._account, job_id)
                config = self._parts.store.config(self._account, job_id)
                cost, is_estimated = cost_of_job(connection, job.number, job.status)
            reading = self._circuits.reading(job)
        row = job_row(job, database.now(), reading.named)
        return JobView(
            row,
            events_of(job),
            fetching_code(job.kind, job.job_id, self._provider_code),
            shots=job.num_shots,
            cost=cost,
            is_cost_estimated=is_estimated,
            settings=settings_of(config),
            method=self._circuits.method(job),
            notes=notes_of(job, self._waiting_reason()),
            is_characterization=job.kind is JobKind.CHARACTERIZATION,
        )

    # --- circuits -------------------------------------------------------------------------------------

    def circuits(self, job_id: str, *, status: str, limit: int, offset: int) -> CircuitsPage:
        """Return some circuits of a job, in order."""
        with _store_errors():
            job = find_listed_job(self._parts.database, self._account, job_id)
            return self._circuits.page(job, status=status, limit=limit, offset=offset)

    def circuit(self, job_id: str, position: int) -> CircuitView | None:
        """Return a circuit of a job with its outcome; ``None`` if there is none at this position."""
        with _store_errors():
            job = find_listed_job(self._parts.database, self._account, job_id)
            return self._circuits.view(job, position)

    # --- the service ----------------------------------------------------------------------------------

    def characterization(self, job_id: str) -> CharacterizationView | None:
        """Return the characterization of a job; ``None`` if it is not finished."""
        with _store_errors():
            return characterization_of(self._parts, self._account, job_id)

    def report(self, job_id: str) -> str | None:
        """Return the HTML report of a characterization; ``None`` if there is none."""
        with _store_errors():
            return report_of(self._parts, self._account, job_id)

    def targets(self) -> list[TargetView]:
        """Return the targets of jobs, simulator clusters first."""
        return targets_of(self._parts, self._account)

    def workers(self) -> WorkersView:
        """Return the processes of the service."""
        return workers_view(self._parts, self._account)

    def credits(self, *, limit: int, offset: int) -> CreditsView:
        """Return the balance, some transactions, and the cost per day."""
        return credits_of(self._parts, self._account, limit=limit, offset=offset)

    # --- actions --------------------------------------------------------------------------------------

    def cancel(self, job_id: str) -> str:
        """Cancel a job; return a sentence that says what happened."""
        with _store_errors():
            # Of a job of another account, the store would say that it exists.
            find_listed_job(self._parts.database, self._account, job_id)
            job, _ = self._parts.store.cancel(self._account, job_id)
        self._parts.runner.stop_job(job.number)
        return "The job is cancelled."

    def delete(self, job_id: str) -> str:
        """Delete a job and its results; return a sentence that says what happened."""
        with _store_errors():
            job = self._parts.store.delete(self._account, job_id)
        self._parts.runner.stop_job(job.number)
        return "The job and its results are deleted."

    def resubmit(self, job_id: str) -> str:
        """Submit a job again; return the identifier of the new job."""
        parts = self._parts
        with _store_errors():
            job = parts.store.job(self._account, job_id)
            config = parts.store.config(self._account, job_id)
            # As for any other submission: the tier or the devices may have changed since the first one.
            check_job_config(config, job.qpu_system, parts.pool.accelerators)
            for account in parts.accounts:
                if account.name == self._account:
                    check_tier(account, config)
            return resubmit_job(parts.database, self._account, job_id, parts.store.quota(self._account))


@contextmanager
def _store_errors() -> Iterator[None]:
    """Raise the errors of a source in the place of those of the store."""
    try:
        yield
    except JobNotFoundError as error:
        raise MissingError(_sentence(error)) from error
    except (
        AccessDeniedError,
        BalanceTooLowError,
        JobConflictError,
        QoroInputError,
        QuotaExceededError,
    ) as error:
        raise RefusedError(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    text = f"{error}"
    starts_with_word = text.split(maxsplit=1)[0].isalpha()  # and not with the name of a setting
    return f"{text[0].upper() if starts_with_word else text[0]}{text[1:]}."
