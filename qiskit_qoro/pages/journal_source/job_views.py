"""One job of the journal, with what its service tells about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from qiskit_qoro.connection import LOCAL_PREFIX
from qiskit_qoro.errors import NotFoundError, QoroError
from qiskit_qoro.history import Journal, JournalEntry, RecordedJob, fetch_state, read_submissions
from qiskit_qoro.history.job_entry import is_unfinished
from qiskit_qoro.history.journal_entry import ListedStatus
from qiskit_qoro.jobs.job_cost import cost_of_jobs
from qiskit_qoro.models.costs import Cost
from qiskit_qoro.models.jobs import JobState, JobStatus, joint_state
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.journal_source.background import Answer, Background
from qiskit_qoro.pages.journal_source.blocks import parts_of
from qiskit_qoro.pages.journal_source.circuits import JobCircuits
from qiskit_qoro.pages.journal_source.client import JournalClient
from qiskit_qoro.pages.journal_source.contents import JobContents
from qiskit_qoro.pages.journal_source.job_rows import actions_of, job_row, status_of
from qiskit_qoro.pages.journal_source.service_errors import notes_on
from qiskit_qoro.pages.results.fetching import fetching_code
from qiskit_qoro.pages.results.settings import settings_of
from qiskit_qoro.pages.views import Event, JobView
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.credentials import CLOUD_URL

__all__ = ["JobReader"]

_STATE_AGE_S = 2.0
_COST_AGE_S = 30.0
_Characterization = tuple[dict[str, object], str]


class JobReader:
    """Reads jobs.

    Args:
        journal: The journal, which records what the service says about their statuses.
        background: Asks the service.
        circuits: Reads the circuits.
        provider_code: The Python expression that gives the provider of the jobs.
    """

    def __init__(
        self, journal: Journal, background: Background, circuits: JobCircuits, provider_code: str
    ) -> None:
        self._journal = journal
        self._background = background
        self._circuits = circuits
        self._provider_code = provider_code

    def known_state(self, job: RecordedJob) -> JobState | None:
        """Return the state of a job if all of it has been read before. This asks nobody."""
        states = [self._background.known(("state", entry.job_id)).value for entry in job.entries]
        known = [state for state in states if isinstance(state, JobState)]
        return joint_state(known) if len(known) == len(states) else None

    def recorded(self, job: RecordedJob) -> JobView:
        """Return what the journal knows of a job."""
        contents = [self._circuits.contents(part, None) for part in parts_of(job)]
        return JobView(
            job_row(job, names_service=True),
            _events(job),
            _code(job, _provider_of(job.entries[0].service)),
            _total(answer.value.shots if answer.value else None for answer in contents),
            settings=_sent_settings(contents),
            is_characterization=job.entries[0].kind is JobKind.CHARACTERIZATION,
            is_loading=any(answer.is_pending for answer in contents),
        )

    def view(self, job: RecordedJob, client: JournalClient, *, has_programs: bool) -> JobView:
        """Return what is known of a job at this moment, and begin to ask for the rest.

        Args:
            job: The job.
            client: The way to its service.
            has_programs: Whether the journal has its programs.
        """
        states = [self._state(entry, client) for entry in job.entries]
        job = self._updated(job, states)
        answers: list[Answer[object]] = [*states]
        is_characterization = job.entries[0].kind is JobKind.CHARACTERIZATION
        notes: list[str] = []
        reason, method, shots = None, "", None
        contents: list[Answer[JobContents]] = []
        if job.job_id is not None and not is_characterization:
            contents = [self._circuits.contents(part, client) for part in parts_of(job)]
            shots = _total(answer.value.shots if answer.value else None for answer in contents)
            notes += [answer.value.note for answer in contents if answer.value and answer.value.note]
            block = self._circuits.first_block(job, client)
            if block.value is not None:
                reason = block.value.reason
                method = next((view.method for view in block.value.views if view.method), "")
            answers += [*contents, block]
        config = self._config(job, client)
        cost = self._cost(job, client)
        answers += [config, cost, self.characterization(job, client)]
        notes += notes_on(answer.error for answer in answers)
        if status_of(job) == ListedStatus.GONE:
            notes.append(_GONE)
        if len(job.entries) > 1:
            notes.append(f"The job consists of {len(job.entries)} jobs of the service.")
        # What was sent is still known if the service does not tell the configuration.
        settings = _sent_settings(contents) if config.value is None else config.value
        found = cost.value if isinstance(cost.value, Cost) else None
        return JobView(
            job_row(
                job,
                state=self.known_state(job),
                reason=reason,
                actions=actions_of(job, has_programs=has_programs),
            ),
            _events(job),
            _code(job, self._provider_code),
            shots,
            None if found is None else found.credits,
            found is not None and found.is_estimate,
            settings,
            method,
            list(dict.fromkeys(notes)),
            is_characterization,
            any(answer.is_pending for answer in answers),
        )

    def characterization(self, job: RecordedJob, client: JournalClient | None) -> Answer[_Characterization]:
        """Return the answer of the service and the report, unless it is not finished or not read yet."""
        is_done = status_of(job) == JobStatus.COMPLETED
        is_characterization = job.entries[0].kind is JobKind.CHARACTERIZATION
        if client is None or job.job_id is None or not is_done or not is_characterization:
            return Answer()
        job_id = job.job_id

        def fetch() -> _Characterization:
            service = client.service()
            answer = service.characterize_and_validate(job_id=job_id)
            try:
                return answer, service.fetch_characterization_report(job_id)
            except NotFoundError:
                return answer, ""

        return self._background.look(("characterization", job_id), fetch, size=lambda _answer: 100)

    def forget(self, job: RecordedJob) -> None:
        """Ask for the state of a job again, because it has been changed."""
        job_ids = {entry.job_id for entry in job.entries}
        self._background.forget(lambda key: isinstance(key, tuple) and key[1:2] != () and key[1] in job_ids)

    # --- what the service is asked --------------------------------------------------------------------

    def _state(self, entry: JournalEntry, client: JournalClient) -> Answer[JobState]:
        """Look up the state of a service job."""
        if entry.job_id is None or entry.listed_status == ListedStatus.DELETED:
            return Answer()
        job_id = entry.job_id

        def fetch() -> JobState:
            state = fetch_state(client.service(), job_id)
            if state.status.value != entry.status:
                self._journal.set_statuses([(entry.number, state.status.value)])
            return state

        known = self._background.known(("state", job_id)).value
        is_final = isinstance(known, JobState) and known.status.is_final
        if is_final:
            return self._background.look(("state", job_id), fetch)
        return self._background.look(("state", job_id), fetch, max_age_s=_STATE_AGE_S)

    def _updated(self, job: RecordedJob, states: list[Answer[JobState]]) -> RecordedJob:
        """Return the job with the statuses that have just been read."""
        entries = []
        for entry, answer in zip(job.entries, states, strict=True):
            status = entry.status if answer.value is None else answer.value.status.value
            entries.append(replace(entry, status=status))
        return replace(job, entries=tuple(entries))

    def _config(self, job: RecordedJob, client: JournalClient) -> Answer[tuple[tuple[str, str], ...]]:
        """Look up the configuration. That of the first service job stands for all of them."""
        entry = job.entries[0]
        is_there = entry.job_id is not None and status_of(job) not in tuple(ListedStatus)
        if not is_there or entry.kind is JobKind.CHARACTERIZATION:
            return Answer(())
        job_id = str(entry.job_id)

        def fetch() -> tuple[tuple[str, str], ...]:
            try:
                return settings_of(client.service().fetch_config(job_id))
            except NotFoundError:
                return ()

        return self._background.look(("config", job_id), fetch)

    def _cost(self, job: RecordedJob, client: JournalClient) -> Answer[Cost | None]:
        """Look up the cost, as ``job.cost`` computes it."""
        job_ids = [entry.job_id for entry in job.entries if entry.job_id is not None]
        statuses = [entry.listed_status for entry in job.entries]
        if len(job_ids) < len(job.entries) or any(status in _WITHOUT_COST for status in statuses):
            return Answer()

        def fetch() -> Cost | None:
            return _cost_of(self._journal, client.service(), dict(zip(job_ids, statuses, strict=True)))

        known = self._background.known(("cost", *job_ids, *statuses)).value
        is_charged = isinstance(known, Cost) and not known.is_estimate
        key = ("cost", *job_ids, *statuses)
        if is_charged:
            return self._background.look(key, fetch)
        return self._background.look(key, fetch, max_age_s=_COST_AGE_S)


_GONE = (
    "The service does not know this job. It was deleted by another program, or the service has lost its "
    "jobs, or the token belongs to another account."
)
_WITHOUT_COST = frozenset(status.value for status in ListedStatus if status is not ListedStatus.SUBMITTED)


def _cost_of(journal: Journal, service: QoroService, statuses: dict[str, str]) -> Cost | None:
    try:
        expected = [submission.cost for submission in read_submissions(journal, list(statuses))]
    except QoroError:
        expected = None
    return cost_of_jobs(service, {job_id: JobStatus(status) for job_id, status in statuses.items()}, expected)


def _sent_settings(contents: Sequence[Answer[JobContents]]) -> Sequence[tuple[str, str]]:
    """Return the configuration that was sent with a job, as far as the journal has it."""
    configs = [answer.value.config for answer in contents if answer.value and answer.value.config]
    return settings_of(configs[0]) if configs else ()


def _provider_of(service: str) -> str:
    """Return the Python expression of a provider of a service, which has the name in the journal."""
    database = service.removeprefix(LOCAL_PREFIX)
    if service.startswith(LOCAL_PREFIX):
        return f"QoroProvider.local(database={database!r})" if database else "QoroProvider.local()"
    return "QoroProvider()" if service == CLOUD_URL else f"QoroProvider(base_url={service!r})"


def _total(numbers: Iterator[int | None]) -> int | None:
    """Add numbers. One unknown number makes the sum unknown."""
    found = list(numbers)
    return None if None in found or not found else sum(number or 0 for number in found)


def _events(job: RecordedJob) -> list[Event]:
    """Return the life of a job. The journal knows when it was submitted."""
    status, time = status_of(job), job.entries[0].time
    if status in tuple(ListedStatus):
        first = "PENDING" if status in ("GONE", "DELETED") else "SUBMITTING"
        return [Event(status, time)] if is_unfinished(status) else [Event(first, time), Event(status, None)]
    events = [Event(JobStatus.PENDING.value, time)]
    if status != JobStatus.PENDING:
        if status not in _WITHOUT_RUN:
            events.append(Event(JobStatus.RUNNING.value, None))
        if status != JobStatus.RUNNING:
            events.append(Event(status, None))
    return events


_WITHOUT_RUN = frozenset(
    {JobStatus.SCHEDULED.value, JobStatus.CANCELLED.value, JobStatus.INSUFFICIENT_CREDITS.value}
)


def _code(job: RecordedJob, provider: str) -> str:
    return "" if job.job_id is None else fetching_code(job.entries[0].kind, job.job_id, provider)
