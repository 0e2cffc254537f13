"""The jobs of a journal, shown with the results that their service has."""

from __future__ import annotations

from typing import Self

from qiskit_qoro.history import Journal, JournalPages, RecordedJob
from qiskit_qoro.history.job_entry import is_unfinished
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.journal_source.account import read_credits
from qiskit_qoro.pages.journal_source.background import Background
from qiskit_qoro.pages.journal_source.changes import cancel_job, delete_job, resubmit_job
from qiskit_qoro.pages.journal_source.circuits import JobCircuits
from qiskit_qoro.pages.journal_source.client import JournalClient
from qiskit_qoro.pages.journal_source.job_rows import actions_of, job_row
from qiskit_qoro.pages.journal_source.job_views import JobReader
from qiskit_qoro.pages.journal_source.statuses import Statuses
from qiskit_qoro.pages.journal_source.systems import read_targets
from qiskit_qoro.pages.results.characterization_view import characterization_view
from qiskit_qoro.pages.source import MissingError, RefusedError
from qiskit_qoro.pages.views import (
    CharacterizationView,
    CircuitsPage,
    CircuitView,
    CreditsView,
    JobFilter,
    JobRow,
    JobsPage,
    JobView,
    SourceFacts,
    TargetView,
    WorkersView,
)

__all__ = ["MAX_CACHED", "JournalSource"]

MAX_CACHED = 20_000
"""The size of the values that are kept. The outcome of a circuit has the size 1."""

_MAX_TAGS = 200
_READ_ONLY = (
    "No token is known, so no service is asked, and the statuses are the last known ones. Log in with "
    "'qiskit-qoro login', or set QORO_API_KEY, and start these pages again to see more."
)


class JournalSource:
    """What a machine has submitted to a service, as :class:`~qiskit_qoro.pages.source.Source` shows it.

    The pages show at once what the journal knows. What the service knows is fetched in the background.

    Args:
        journal: The journal.
        recorded_as: The name of the service in the journal; ``None`` to show the jobs of all services.
        client: The way to the service, or ``None`` if there is none. Then no job can be changed.
        title: How the pages name the service.
        account: The name of the saved account that is used; empty for none.
        provider_code: The Python expression that gives the provider of the jobs.
    """

    def __init__(
        self,
        journal: Journal,
        recorded_as: str | None,
        client: JournalClient | None,
        *,
        title: str,
        account: str = "",
        provider_code: str = "QoroProvider()",
    ) -> None:
        self._journal = journal
        self._pages = JournalPages(journal, recorded_as)
        self._client = client if recorded_as is not None else None
        self._title = title
        self._account = account
        self._provider_code = provider_code
        self._background = Background(MAX_CACHED)
        self._statuses = Statuses(journal, self._pages, self._background)
        self._circuits = JobCircuits(journal, self._background)
        self._jobs = JobReader(journal, self._background, self._circuits, provider_code)

    @classmethod
    def of_service(
        cls, journal: Journal, recorded_as: str, client: JournalClient, *, account: str = ""
    ) -> Self:
        """Create the source of the jobs of one service.

        Args:
            journal: The journal.
            recorded_as: The name of the service in the journal.
            client: The way to the service.
            account: The name of the saved account that is used; empty for none.
        """
        service = client.service()
        code = service.origin.code
        return cls(
            journal, recorded_as, client, title=service.description, account=account, provider_code=code
        )

    @classmethod
    def of_all_services(cls, journal: Journal) -> Self:
        """Create the source of the jobs of all services, which shows their last known statuses only.

        Args:
            journal: The journal.
        """
        return cls(journal, None, None, title="All services")

    @property
    def facts(self) -> SourceFacts:
        """What all pages show."""
        note = _READ_ONLY if self._client is None else ""
        return SourceFacts(self._title, self._account, note=note, provider_code=self._provider_code)

    # --- jobs -----------------------------------------------------------------------------------------

    def jobs(self, condition: JobFilter, *, limit: int, offset: int) -> JobsPage:
        """Return some of the jobs that meet a condition, newest first, with their last known status."""
        known_kinds = {kind.value: kind for kind in JobKind}
        found = self._pages.page(
            tag=condition.tag or None,
            kinds=[known_kinds[kind] for kind in condition.kinds if kind in known_kinds]
            if condition.kinds
            else None,
            text=condition.text or None,
            statuses=condition.statuses or None,
            limit=limit,
            offset=offset,
        )
        with_programs = set() if self._client is None else self._pages.with_programs(found.jobs)
        num_unfinished = sum(number for status, number in found.by_status.items() if is_unfinished(status))
        return JobsPage(
            [self._row(job, has_programs=job.job_id in with_programs) for job in found.jobs],
            found.total,
            found.by_status,
            self._pages.tags(limit=_MAX_TAGS),
            [kind.value for kind in self._pages.kinds()],
            num_unfinished if self._client is None else self._statuses.num_unknown(num_unfinished),
            self._statuses.note,
        )

    def _row(self, job: RecordedJob, *, has_programs: bool) -> JobRow:
        actions = frozenset() if self._client is None else actions_of(job, has_programs=has_programs)
        state, is_mixed = self._jobs.known_state(job), self._client is None
        return job_row(job, state=state, actions=actions, names_service=is_mixed)

    def refresh(self) -> None:
        """Begin to ask the service about unfinished jobs. This returns soon, however long that takes."""
        if self._client is not None:
            self._statuses.refresh(self._client)

    def job(self, job_id: str) -> JobView:
        """Return a job, with what is known of it at this moment."""
        job = self._job(job_id)
        has_programs = bool(self._pages.with_programs([job]))
        if self._client is None:
            return self._jobs.recorded(job)
        return self._jobs.view(job, self._client, has_programs=has_programs)

    def _job(self, job_id: str) -> RecordedJob:
        found = self._pages.job(job_id)
        if found is None:
            raise MissingError(f"The journal of this machine has no job {job_id!r} of this service.")
        return found

    # --- circuits -------------------------------------------------------------------------------------

    def circuits(self, job_id: str, *, status: str, limit: int, offset: int) -> CircuitsPage:
        """Return some circuits of a job, in order."""
        return self._circuits.page(self._job(job_id), self._client, status=status, limit=limit, offset=offset)

    def circuit(self, job_id: str, position: int) -> CircuitView | None:
        """Return a circuit of a job with its outcome."""
        return self._circuits.circuit(self._job(job_id), self._client, position)

    # --- characterizations ----------------------------------------------------------------------------

    def characterization(self, job_id: str) -> CharacterizationView | None:
        """Return the characterization of a job; ``None`` if it is not finished or not read yet."""
        answer = self._jobs.characterization(self._job(job_id), self._client)
        if answer.value is None:
            return None
        raw, html = answer.value
        return characterization_view(raw, has_report=bool(html))

    def report(self, job_id: str) -> str | None:
        """Return the HTML report of a characterization; ``None`` if there is none."""
        answer = self._jobs.characterization(self._job(job_id), self._client)
        if answer.value is None and answer.error is not None:
            raise answer.error
        return None if answer.value is None else answer.value[1] or None

    # --- the service ----------------------------------------------------------------------------------

    def targets(self) -> list[TargetView]:
        """Return the systems of the service, simulator clusters first."""
        return [] if self._client is None else read_targets(self._client, self._background, self._pages)

    def workers(self) -> WorkersView:
        """Refuse: the processes of the service are not known."""
        raise MissingError("The worker processes of this service are not known.")

    def credits(self, *, limit: int, offset: int) -> CreditsView:
        """Return the balance, some transactions, and the cost per day."""
        if self._client is None:
            return CreditsView(None, (), (), 0, note="The credits are not known without a token.")
        return read_credits(self._client, self._background, limit=limit, offset=offset)

    # --- changes --------------------------------------------------------------------------------------

    def cancel(self, job_id: str) -> str:
        """Cancel a job; return a sentence that says what happened."""
        job, client = self._job(job_id), self._required_client()
        try:
            return cancel_job(client, self._journal, job)
        finally:
            self._forget(job)

    def delete(self, job_id: str) -> str:
        """Delete a job and its results; return a sentence that says what happened."""
        job, client = self._job(job_id), self._required_client()
        try:
            return delete_job(client, self._journal, job)
        finally:
            self._forget(job)

    def resubmit(self, job_id: str) -> str:
        """Submit a job again; return the identifier of the new job."""
        return resubmit_job(self._required_client(), self._job(job_id))

    def _required_client(self) -> JournalClient:
        if self._client is None:
            raise RefusedError("No token is known, so jobs cannot be changed here.")
        return self._client

    def _forget(self, job: RecordedJob) -> None:
        self._jobs.forget(job)
