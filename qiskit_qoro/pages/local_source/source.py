"""The jobs and credits of an account of the local service, as the pages show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qiskit_qoro.bounded_cache import BoundedCache
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.job_settings import check_job_config
from qiskit_qoro.local.service_parts import ServiceParts
from qiskit_qoro.local.store.job_contents import (
    ListedCircuit,
    find_circuit,
    list_circuits,
    read_first_result,
    read_labels,
)
from qiskit_qoro.local.store.job_listing import (
    ListedJob,
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
)
from qiskit_qoro.local.web.accounts import check_tier
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.local_source.characterizations import characterization_of, report_of
from qiskit_qoro.pages.local_source.credits import credits_of
from qiskit_qoro.pages.local_source.job_reading import JobReading, read_job
from qiskit_qoro.pages.local_source.job_rows import events_of, job_row
from qiskit_qoro.pages.local_source.targets import targets_of
from qiskit_qoro.pages.local_source.workers import workers_view
from qiskit_qoro.pages.results.outcomes import method_of, outcome_of_item, summary_of
from qiskit_qoro.pages.results.settings import settings_of
from qiskit_qoro.pages.source import MissingError, RefusedError
from qiskit_qoro.pages.views import (
    CharacterizationView,
    CircuitRow,
    CircuitsPage,
    CircuitView,
    CreditsView,
    Failure,
    JobFilter,
    JobsPage,
    JobView,
    SourceFacts,
    TargetView,
    WorkersView,
)

__all__ = ["LocalSource", "local_sources"]

_CACHED_CIRCUITS = 200_000
_LONGEST_ITEM = 20_000
_TOO_LONG = "The result is long: open the circuit to see it."
_NO_TIMES = "The times are unknown: an earlier version of the service ran this job, and did not store them."


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
        # By the number of the job, which is never used again. The size of a value is its number of circuits.
        self._readings: BoundedCache[JobReading] = BoundedCache(_CACHED_CIRCUITS)
        self._methods: BoundedCache[str] = BoundedCache(1000)
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
        )

    def refresh(self) -> None:
        """Do nothing: the statuses in the database are up to date."""

    def job(self, job_id: str) -> JobView:
        """Return a job."""
        database = self._parts.database
        # With one lock, so that all belongs to one status, and the job is not deleted in between.
        with _store_errors(), database.read() as connection:
            job = find_listed_job(database, self._account, job_id)
            config = self._parts.store.config(self._account, job_id)
            cost, is_estimated = cost_of_job(connection, job.number, job.status)
        row = job_row(job, database.now(), self._reading(job).named)
        return JobView(
            row,
            events_of(job),
            f"from qiskit_qoro import QoroProvider\njob = {self._provider_code}.retrieve_job({job.job_id!r})",
            shots=job.num_shots,
            cost=cost,
            is_cost_estimated=is_estimated,
            settings=settings_of(config),
            method=self._method(job),
            notes=[] if job.created_at else [_NO_TIMES],
            is_characterization=job.kind is JobKind.CHARACTERIZATION,
        )

    # --- circuits -------------------------------------------------------------------------------------

    def circuits(self, job_id: str, *, status: str, limit: int, offset: int) -> CircuitsPage:
        """Return some circuits of a job, in order."""
        job = self._find(job_id)
        reading = self._reading(job)
        circuits, by_status = list_circuits(
            self._parts.database,
            job,
            status=status,
            limit=limit,
            offset=offset,
            longest_item=_LONGEST_ITEM,
        )
        total = by_status.get(status, 0) if status else sum(by_status.values())
        return CircuitsPage([_circuit_row(circuit, reading) for circuit in circuits], total, by_status)

    def circuit(self, job_id: str, position: int) -> CircuitView | None:
        """Return a circuit of a job with its outcome; ``None`` if there is none at this position."""
        job = self._find(job_id)
        reading = self._reading(job)
        found = find_circuit(self._parts.database, job, position)
        if found is None:
            return None
        circuit = found.listed
        outcome, details = None, None
        if circuit.item is not None:
            context = reading.context_of(circuit.label, tuple(found.parameters))
            outcome, details = outcome_of_item(circuit.item, context)
            if isinstance(outcome, Failure):
                outcome = Failure(reading.named(outcome.reason))
        row = CircuitRow(
            position, reading.name_of(circuit.label), circuit.status, circuit.shots, summary_of(outcome)
        )
        return CircuitView(row, outcome, found.program, found.parameters, method_of(details))

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
        self._find(job_id)  # of a job of another account, the store would say that it exists
        with _store_errors():
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
            return resubmit_job(parts.database, self._account, job_id)

    # --- reading --------------------------------------------------------------------------------------

    def _find(self, job_id: str) -> ListedJob:
        with _store_errors():
            return find_listed_job(self._parts.database, self._account, job_id)

    def _reading(self, job: ListedJob) -> JobReading:
        """Return how the results of a job are read. That does not change any more once it is finalized."""
        known = self._readings.get(job.number)
        if known is not None:
            return known
        with _store_errors():
            stored = self._parts.store.job(self._account, job.job_id)
        labels = read_labels(self._parts.database, job) if job.is_finalized else []
        reading = read_job(stored, job.kind, labels)
        if job.is_finalized:
            self._readings.add(job.number, reading, size=1 + len(labels))
        return reading

    def _method(self, job: ListedJob) -> str:
        """Return the simulation method of the first circuit that has a result, and why it was chosen."""
        known = self._methods.get(job.number)
        if known is not None:
            return known
        item = read_first_result(self._parts.database, job)
        if item is None:
            return ""
        method = method_of(outcome_of_item(item)[1])
        self._methods.add(job.number, method)
        return method


def _circuit_row(circuit: ListedCircuit, reading: JobReading) -> CircuitRow:
    summary = _TOO_LONG if circuit.is_left_out else ""
    if circuit.item is not None:
        outcome, _ = outcome_of_item(circuit.item, reading.context_of(circuit.label))
        summary = summary_of(outcome)
        if isinstance(outcome, Failure):
            summary = reading.named(summary)
    return CircuitRow(
        circuit.position, reading.name_of(circuit.label), circuit.status, circuit.shots, summary
    )


@contextmanager
def _store_errors() -> Iterator[None]:
    """Raise the errors of a source in the place of those of the store."""
    try:
        yield
    except JobNotFoundError as error:
        raise MissingError(_sentence(error)) from error
    except (AccessDeniedError, BalanceTooLowError, JobConflictError, QoroInputError) as error:
        raise RefusedError(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    text = f"{error}"
    starts_with_word = text.split(maxsplit=1)[0].isalpha()  # and not with the name of a setting
    return f"{text[0].upper() if starts_with_word else text[0]}{text[1:]}."
