"""Blocks of circuits: fetch their results, and convert them for the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qiskit_qoro.history import JournalEntry, RecordedJob
from qiskit_qoro.history.journal_entry import ListedStatus
from qiskit_qoro.jobs.job_document import name_circuits
from qiskit_qoro.models.jobs import ID_SEPARATOR, CircuitResult, ExecutionResult, JobStatus, ResultDetails
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.journal_source.contents import JobContents
from qiskit_qoro.pages.results.outcomes import method_of, outcome_of, summary_of
from qiskit_qoro.pages.views import CircuitRow, CircuitView, Failure, Outcome
from qiskit_qoro.service import QoroService
from qiskit_qoro.wire.results import FAILED_JOB_PREFIX

__all__ = ["BLOCK", "Block", "Part", "fetch_all", "fetch_block", "parts_of", "view_of"]

BLOCK = 50
"""So many circuits are fetched at a time."""

_BLOCK_OF_STATES = 4  # an array may have a million numbers

_CANCELLED = frozenset({JobStatus.CANCELLED.value, JobStatus.INSUFFICIENT_CREDITS.value})
_RUNNING = frozenset({JobStatus.RUNNING.value, JobStatus.PAUSED.value})
_WAITING = frozenset({ListedStatus.SUBMITTING.value, ListedStatus.SUBMITTED.value})


@dataclass(frozen=True)
class Part:
    """A service job of a job.

    Attributes:
        entry: Its entry in the journal.
        first: The position of its first circuit in the whole job, which is also the index in its label.
    """

    entry: JournalEntry
    first: int

    @property
    def num_circuits(self) -> int:
        """The number of its circuits."""
        return self.entry.num_circuits

    @property
    def block_size(self) -> int:
        """The number of circuits of a block."""
        return _BLOCK_OF_STATES if self.entry.kind is JobKind.STATE else BLOCK

    @property
    def has_failed(self) -> bool:
        """Whether it has failed. Then some of its circuits may have a result."""
        return self.status == JobStatus.FAILED.value

    @property
    def has_outcome(self) -> bool:
        """Whether the service may have results of its circuits, or the reasons why there are none."""
        return self.entry.job_id is not None and self._is_final

    @property
    def status(self) -> str:
        """The status of each circuit, unless the service job has failed."""
        status = self.entry.listed_status
        if status in _CANCELLED:
            return JobStatus.CANCELLED.value
        if status in _RUNNING:
            return JobStatus.RUNNING.value
        if status == JobStatus.COMPLETED:
            return status
        if status in tuple(ListedStatus) and status not in _WAITING:
            return status  # there is nothing about the circuits: the job is gone, or was not submitted
        return JobStatus.FAILED.value if self._is_final else JobStatus.PENDING.value

    @property
    def _is_final(self) -> bool:
        status = self.entry.listed_status
        return status not in tuple(ListedStatus) and JobStatus(status).is_final


@dataclass(frozen=True)
class Block:
    """Some circuits of a service job with their outcomes.

    Attributes:
        views: The circuits.
        reason: Why the service job failed, or ``None``.
    """

    views: Sequence[CircuitView]
    reason: str | None


@dataclass
class _Found:
    """What the service has told about circuits, by label."""

    results: dict[str, CircuitResult] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    details: dict[str, ResultDetails] = field(default_factory=dict)
    reason: str | None = None


def parts_of(job: RecordedJob) -> list[Part]:
    """Return the service jobs of a job, in order."""
    # The first entry stands for the job, and the identifiers have the order of the circuits.
    order = {job_id: index for index, job_id in enumerate((job.job_id or "").split(ID_SEPARATOR))}
    entries = sorted(job.entries, key=lambda entry: order.get(entry.job_id or "", 0))
    parts: list[Part] = []
    first = 0
    for entry in entries:
        parts.append(Part(entry, first))
        first += entry.num_circuits
    return parts


def fetch_block(part: Part, contents: JobContents, service: QoroService, number: int) -> Block:
    """Fetch the results of some circuits.

    Args:
        part: The service job.
        contents: What is known of its circuits.
        service: The client.
        number: The number of the block, from 0.

    Raises:
        QoroError: The service did not answer as expected.
    """
    begin = number * part.block_size
    end = min(begin + part.block_size, part.num_circuits)
    found = _Found()
    at = begin
    while at < end:
        page, reason = service.fetch_results_page(
            str(part.entry.job_id), limit=end - at, offset=at, are_arrays=part.entry.kind is JobKind.STATE
        )
        found.results |= page.results
        found.failures |= page.failures
        found.details |= page.details
        found.reason = found.reason or reason
        length = len(page.results) + len(page.failures)
        if not length:
            break
        # The service may send fewer results than requested.
        at += length
    return Block(_views(part, contents, found, range(begin, end)), _reason_of(found, contents))


def fetch_all(part: Part, contents: JobContents, service: QoroService) -> list[CircuitRow]:
    """Fetch the results and failures of all circuits of a failed service job, and keep only their rows.

    Args:
        part: The service job.
        contents: What is known of its circuits.
        service: The client.

    Raises:
        QoroError: The service did not answer as expected.
    """
    outcome = service.get_job_outcome(ExecutionResult(job_id=part.entry.job_id))
    found = _Found(dict(outcome.results), dict(outcome.failures), dict(outcome.details), outcome.reason)
    return [view.row for view in _views(part, contents, found, range(part.num_circuits))]


def view_of(
    part: Part,
    contents: JobContents,
    local: int,
    *,
    outcome: Outcome | None = None,
    details: ResultDetails | None = None,
    summary: str = "",
) -> CircuitView:
    """Return a circuit as the pages show it.

    Args:
        part: The service job.
        contents: What is known of its circuits.
        local: The position of the circuit in the service job.
        outcome: What came of it, or ``None`` if that is not known.
        details: What the service says beside the result.
        summary: The summary if there is no outcome.
    """
    program = contents.programs[local] if local < len(contents.programs) else None
    status = part.status
    if outcome is not None and status != JobStatus.CANCELLED:
        is_failure = isinstance(outcome, Failure)
        status = JobStatus.FAILED.value if is_failure else JobStatus.COMPLETED.value
    row = CircuitRow(
        part.first + local,
        contents.name_of(local, part.first),
        status,
        contents.shots_of(local),
        summary_of(outcome) or summary,
    )
    metadata = {} if details is None else details.metadata
    return CircuitView(
        row,
        outcome,
        None if program is None else program.template or program.text,
        {} if program is None else program.parameters,
        method_of(details),
        [(name, str(value)) for name, value in metadata.items() if name not in ("method", "method_reason")],
    )


def _views(part: Part, contents: JobContents, found: _Found, positions: range) -> list[CircuitView]:
    placed = _placed(part, contents, [*found.results, *found.failures], positions)
    reason = _reason_of(found, contents)
    views = []
    for local in positions:
        label = placed.get(local, "")
        details = found.details.get(label)
        outcome: Outcome | None = None
        if label in found.results:
            outcome = outcome_of(found.results[label], details, contents.context_of(local))
        elif label in found.failures:
            # It quotes no other circuit. Looking for all labels in all failures would take long.
            outcome = Failure(_named(found.failures[label], contents, range(local, local + 1)))
        elif reason is not None:
            outcome = Failure(reason)
        views.append(view_of(part, contents, local, outcome=outcome, details=details))
    return views


def _placed(part: Part, contents: JobContents, labels: Sequence[str], positions: range) -> Mapping[int, str]:
    """Return the label of each circuit. Labels that do not tell a place keep their order."""
    placed: dict[int, str] = {}
    others = []
    for label in labels:
        position = contents.position_of(label, part.first)
        if position is None or position not in positions or position in placed:
            others.append(label)
        else:
            placed[position] = label
    free = (position for position in positions if position not in placed)
    return placed | dict(zip(free, others, strict=False))


def _reason_of(found: _Found, contents: JobContents) -> str | None:
    if found.reason is None:
        return None
    everywhere = range(len(contents.programs))
    return _named(found.reason.removeprefix(FAILED_JOB_PREFIX), contents, everywhere)


def _named(text: str, contents: JobContents, positions: range) -> str:
    """Replace the labels of circuits in a message of the service by their names."""
    chosen = slice(positions.start, positions.stop)
    known = zip(contents.programs[chosen], contents.experiments[chosen], strict=False)
    return name_circuits(text, {program.label: experiment for program, experiment in known})
