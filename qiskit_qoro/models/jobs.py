"""Values of a job: its type, its status, the requests that open it and add circuits, and its results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from qiskit_qoro.display.cards import Badge, Card, CardTable
from qiskit_qoro.display.reprs import counted, short_text
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.batches import Batches
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.shots import CircuitRange, ShotGroup
from qiskit_qoro.models.states import StateRequest
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.printable import quoted_name

__all__ = [
    "ID_SEPARATOR",
    "AnyConfig",
    "CircuitBatch",
    "CircuitResult",
    "ExecutionResult",
    "JobOutcome",
    "JobRequest",
    "JobState",
    "JobStatus",
    "JobType",
    "ResultDetails",
    "ResultsPage",
    "joint_state",
    "summarize_failures",
]

ID_SEPARATOR = "+"
"""Joins the identifiers of several service jobs to that of their job."""

_FAILURES_SHOWN = 3
_CIRCUITS_SHOWN = 10
_VALUES_SHOWN = 4
_LONGEST_LABEL = 24

_Number = TypeVar("_Number", int, float)

CircuitResult = dict[str, int] | dict[str, float]
"""Counts (bitstring to count, classical bit 0 rightmost) or expectation values (Pauli string to value).

The result of a gradient job is a :class:`~qiskit_qoro.models.gradients.GradientValues`, which maps
observables to values and holds the gradients too."""


AnyConfig = ExecutionConfig | MaestroConfig | DeviceConfig
"""An execution configuration, with the fields of the service, of the engine, or of a QPU vendor."""


class JobType(StrEnum):
    """The type of a job. The value is the text in wire format.

    ``GRADIENT`` and ``STATE`` are extensions of the local service.
    """

    EXECUTE = "EXECUTE"
    EXPECTATION = "EXPECTATION"
    VALIDATE = "VALIDATE"
    STATE = "STATE"
    GRADIENT = "GRADIENT"


class JobStatus(StrEnum):
    """The status of a job. The value is the text in wire format.

    Case, spaces and the characters between words do not matter: ``"timed out"`` is :attr:`TIMED_OUT`. Any
    other text becomes a new status with this text as its name. It counts as not final. So a newer service
    does not break this client.
    """

    PENDING = "PENDING"
    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    INSUFFICIENT_CREDITS = "INSUFFICIENT_CREDITS"
    TIMED_OUT = "TIMED_OUT"

    @classmethod
    def _missing_(cls, value: object) -> JobStatus | None:
        if not isinstance(value, str):
            return None
        known = _STATUS_OF_LETTERS.get(_letters(value))
        if known is not None:
            return known
        # A member that is not registered with the enumeration. It compares equal to other members with its
        # text.
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown

    @property
    def is_final(self) -> bool:
        """Whether the status cannot change any more."""
        return self in _FINAL


def _letters(text: str) -> str:
    """The letters and digits of a text, in capitals."""
    return "".join(filter(str.isalnum, text)).upper()


_STATUS_OF_LETTERS = {_letters(status): status for status in JobStatus} | {"CANCELED": JobStatus.CANCELLED}
"""The statuses by their letters. Only one of them has two spellings."""

_FINAL = frozenset(
    {
        JobStatus.COMPLETED,
        JobStatus.FAILED,
        JobStatus.CANCELLED,
        JobStatus.INSUFFICIENT_CREDITS,
        JobStatus.TIMED_OUT,
    }
)


@dataclass(frozen=True)
class ExecutionResult:
    """A submitted job, with its results once they have been fetched.

    Attributes:
        results: Label to counts or expectation values, in the order of submission, or ``None`` until
            ``QoroService.get_job_results`` has fetched them.
        job_id: The identifier of the job on the service.
    """

    results: dict[str, CircuitResult] | None = None
    job_id: str | None = None

    def __repr__(self) -> str:
        state = "not fetched" if self.results is None else counted(len(self.results), "result")
        job = "" if self.job_id is None else f" of job {quoted_name(str(self.job_id))}"  # it is not checked
        return f"<ExecutionResult{job}: {state}>"

    def _repr_html_(self) -> str:
        if self.results is None:
            note = "The results have not been fetched. Fetch them with get_job_results()."
            return Card("Results", self.job_id or "", note=note).to_html()
        return Card("Results", self.job_id or "", tables=[_table_of(self.results)]).to_html()

    def is_async(self) -> bool:
        """Whether the results have not been fetched yet."""
        return self.job_id is not None and self.results is None

    def with_results(self, results: dict[str, CircuitResult]) -> ExecutionResult:
        """Return a copy of this value with ``results``."""
        return replace(self, results=results)


@dataclass(frozen=True)
class JobRequest:
    """The request that opens a job: the name of its target, and the settings of all its circuits.

    ``state`` says what a job of the type ``STATE`` computes. Other jobs have none.
    """

    tag: str
    job_type: JobType
    simulator_cluster: str | None = None
    qpu_system: str | None = None
    use_packing: bool = False
    execution_config: AnyConfig | None = None
    state: StateRequest | None = None

    def __post_init__(self) -> None:
        if (self.job_type is JobType.STATE) != (self.state is not None):
            expected = "state" if self.state is None else "no state"
            raise QoroInputError(f"state: expected {expected} in the request for a {self.job_type} job")
        targets = [name for name in (self.simulator_cluster, self.qpu_system) if name is not None]
        # A characterization may leave the target to the service.
        least = 0 if self.job_type is JobType.VALIDATE else 1
        if not least <= len(targets) <= 1:
            raise QoroInputError(
                "expected exactly one target, simulator_cluster or qpu_system, "
                f"got {' and '.join(map(repr, targets)) or 'none'}"
            )


@dataclass(frozen=True)
class CircuitBatch:
    """One upload of bound circuits, and what is measured on them.

    Exactly one of ``shots``, ``shot_groups`` and ``observables`` is set. In a job of the type ``STATE`` none
    of them is.

    Attributes:
        circuits: Label to OpenQASM 2 text, in order.
        finalized: Whether this is the last upload of the job.
        shots: Shots per circuit.
        shot_groups: Shots for ranges of the circuits in this upload. The ranges cover all of them.
        observables: Groups of Pauli strings, the leftmost letter on qubit 0.
        circuit_ham_map: For each group of observables the range of circuits that it is measured on, counted
            over the whole job; ``None`` measures every group on every circuit.
    """

    circuits: Mapping[str, str]
    finalized: bool
    shots: int | None = None
    shot_groups: tuple[ShotGroup, ...] | None = None
    observables: tuple[tuple[str, ...], ...] | None = None
    circuit_ham_map: tuple[CircuitRange, ...] | None = None


@dataclass(frozen=True)
class JobState:
    """The state of a job, as the service reports it.

    Attributes:
        status: The status.
        run_time_s: The seconds that the service worked on the job, or ``None`` if it does not report them.
        num_finished: The circuits that have a result or have failed, or ``None`` if that is unknown.
        num_circuits: All circuits of the job, or ``None`` if that is unknown.
    """

    status: JobStatus
    run_time_s: float | None = None
    num_finished: int | None = None
    num_circuits: int | None = None


def joint_state(states: Sequence[JobState]) -> JobState:
    """Combine the states of jobs that belong together.

    If a job has failed or is cancelled, its status is the joint status; a failure takes precedence over a
    cancellation. Otherwise the joint status is the common status, or ``RUNNING`` if the statuses differ.

    Args:
        states: The state of each job; at least one.

    Returns:
        The joint state. Its run time is the sum, or ``None`` if a run time is unknown. The same holds for its
        numbers of circuits.
    """
    if len(states) == 1:
        return states[0]
    statuses = list(dict.fromkeys(state.status for state in states))
    failures = [status for status in statuses if status.is_final and status is not JobStatus.COMPLETED]
    failures.sort(key=lambda status: status is JobStatus.CANCELLED)
    joint = failures[0] if failures else statuses[0] if len(statuses) == 1 else JobStatus.RUNNING
    return JobState(
        joint,
        _sum_of_known([state.run_time_s for state in states]),
        _sum_of_known([state.num_finished for state in states]),
        _sum_of_known([state.num_circuits for state in states]),
    )


def _sum_of_known(numbers: Sequence[_Number | None]) -> _Number | None:
    """Add numbers. One unknown number makes the sum unknown."""
    known = [number for number in numbers if number is not None]
    return sum(known[1:], start=known[0]) if known and len(known) == len(numbers) else None


@dataclass(frozen=True)
class ResultDetails:
    """What a service says about the result of a circuit, beside the result itself.

    Attributes:
        method: The simulation method, such as ``"Statevector"``, or ``None`` if unknown.
        reason: Why this method was used, or ``None`` if unknown.
        standard_errors: Pauli string to the standard error of its value. Only values that come from random
            realizations of noise have one.
        batches: The results of independent batches of the realizations, from which the standard error of any
            quantity follows. ``None`` if nothing is random.
    """

    method: str | None = None
    reason: str | None = None
    standard_errors: Mapping[str, float] = field(default_factory=dict)
    batches: Batches | None = None

    @property
    def metadata(self) -> dict[str, str | int]:
        """The known values, under the keys ``method``, ``method_reason`` and ``noise_realizations``."""
        realizations = None if self.batches is None else self.batches.realizations
        values = {
            "method": self.method,
            "method_reason": self.reason,
            "noise_realizations": realizations,
        }
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True)
class ResultsPage:
    """A page of the results of a job.

    Attributes:
        count: The number of circuits in the job that have a result or a failure, or ``None`` if
            unknown.
        results: Label to result, in the order of submission.
        next: The URL of the next page, or another text that announces it; ``None`` on the last page.
        previous: The URL of the previous page, or ``None`` on the first page.
        failures: Label to the reason why the circuit has no result; only in failed jobs.
        details: Label to details of the result, for the results that have any.
    """

    count: int | None
    results: Mapping[str, CircuitResult] = field(default_factory=dict)
    next: str | None = None
    previous: str | None = None
    failures: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, ResultDetails] = field(default_factory=dict)


@dataclass(frozen=True)
class JobOutcome:
    """The outcome of a job that completed or failed.

    Attributes:
        results: Label to result, for the circuits that have a result.
        failures: Label to the reason why the circuit has no result, as far as the service reports it.
        reason: The reason why the job failed, or ``None`` if it completed.
        details: Label to details of the result, for the results that have any.
    """

    results: Mapping[str, CircuitResult] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    details: Mapping[str, ResultDetails] = field(default_factory=dict)

    def __repr__(self) -> str:
        failed = f", {counted(len(self.failures), 'failure')}" if self.failures else ""
        reason = "" if self.reason is None else f": {quoted_name(self.reason)}"
        return f"<JobOutcome: {counted(len(self.results), 'result')}{failed}{reason}>"

    def _repr_html_(self) -> str:
        failed = _table("reason", self.failures)
        return Card(
            "Results",
            badge=Badge("COMPLETED", "good") if self.reason is None else Badge("FAILED", "bad"),
            tables=[table for table in (_table_of(self.results), failed) if table.rows],
            note=self.reason or "",
        ).to_html()


def summarize_failures(failures: Iterable[str], count: int) -> str:
    """Join the first failures of a job to one message and count the others.

    Args:
        failures: Descriptions of the failures, in order. Only the first few are read, so this may be a
            generator.
        count: The number of all failures.
    """
    shown = list(islice(failures, _FAILURES_SHOWN))
    if count > len(shown):
        shown.append(f"and {count - len(shown)} more circuits failed")
    return "; ".join(shown)


def _table_of(results: Mapping[str, CircuitResult]) -> CardTable:
    """Return a table with the most frequent outcomes, or the first expectation values, of each circuit."""
    shown = dict(islice(results.items(), _CIRCUITS_SHOWN))
    table = _table("result", {label: _summary(result) for label, result in shown.items()})
    return replace(table, more=_more(len(results)))


def _table(heading: str, texts: Mapping[str, str]) -> CardTable:
    shown = islice(texts.items(), _CIRCUITS_SHOWN)
    rows = [[short_text(label, _LONGEST_LABEL), text] for label, text in shown]
    return CardTable(["circuit", heading], rows, more=_more(len(texts)))


def _more(number: int) -> str:
    return f"and {counted(number - _CIRCUITS_SHOWN, 'more circuit')}" if number > _CIRCUITS_SHOWN else ""


def _summary(result: Mapping[str, float]) -> str:
    items = sorted(result.items(), key=lambda item: -item[1]) if _is_counts(result) else result.items()
    shown = [f"{name}: {value:.6g}" for name, value in islice(items, _VALUES_SHOWN)]
    return ", ".join([*shown, "…"] if len(result) > len(shown) else shown)


def _is_counts(result: Mapping[str, float]) -> bool:
    return all(isinstance(value, int) for value in result.values())
