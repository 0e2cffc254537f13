"""What a job is: its kind, its status, what opens it, what is added to it and what comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.shots import CircuitRange, ShotGroup
from qiskit_qoro.models.vendors import DeviceConfig

__all__ = [
    "AnyConfig",
    "CircuitBatch",
    "CircuitResult",
    "ExecutionResult",
    "JobOutcome",
    "JobRequest",
    "JobState",
    "JobStatus",
    "JobType",
    "ResultsPage",
    "joint_state",
    "summarize_failures",
]

_FAILURES_SHOWN = 3

CircuitResult = dict[str, int] | dict[str, float]
"""Counts (bitstring to count, classical bit 0 rightmost) or expectation values (Pauli word to value)."""


AnyConfig = ExecutionConfig | MaestroConfig | DeviceConfig
"""How a job is to run, in the words of the service, of the engine, or of a vendor of QPUs."""


class JobType(StrEnum):
    """What is asked of a job; the value is the wire's word."""

    EXECUTE = "EXECUTE"
    EXPECTATION = "EXPECTATION"
    VALIDATE = "VALIDATE"


class JobStatus(StrEnum):
    """Where a job stands; the value is the wire's word.

    A word that this list does not know becomes a status of that name which is not final, so that a
    service newer than this client does not break it.
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
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown

    @property
    def is_final(self) -> bool:
        """Whether the job will not change any more."""
        return self in _FINAL


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
    """A job, and its results once they have been fetched.

    Attributes:
        results: For each label, in the order of submission, the counts or the expectation values;
            ``None`` until ``QoroService.get_job_results`` has fetched them.
        job_id: The job's identifier on the service.
    """

    results: dict[str, CircuitResult] | None = None
    job_id: str | None = None

    def is_async(self) -> bool:
        """Whether the results are still to be fetched."""
        return self.job_id is not None and self.results is None

    def with_results(self, results: dict[str, CircuitResult]) -> ExecutionResult:
        """A copy of this value that holds ``results``."""
        return replace(self, results=results)


@dataclass(frozen=True)
class JobRequest:
    """What opens a job: its target, by name, and the settings that hold for all of it."""

    tag: str
    job_type: JobType
    simulator_cluster: str | None = None
    qpu_system: str | None = None
    use_packing: bool = False
    execution_config: AnyConfig | None = None

    def __post_init__(self) -> None:
        targets = [name for name in (self.simulator_cluster, self.qpu_system) if name is not None]
        # A characterization is no matter of a target; whoever opens one may leave it to the service.
        least = 0 if self.job_type is JobType.VALIDATE else 1
        if not least <= len(targets) <= 1:
            raise QoroInputError(
                "expected exactly one target, simulator_cluster or qpu_system, "
                f"got {' and '.join(map(repr, targets)) or 'none'}"
            )


@dataclass(frozen=True)
class CircuitBatch:
    """One upload of bound circuits, and what is to be done with them.

    Exactly one of ``shots``, ``shot_groups`` and ``observables`` is set.

    Attributes:
        circuits: Label to OpenQASM 2 text, in order.
        finalized: Whether this is the job's last upload.
        shots: Shots for each circuit.
        shot_groups: Shots for ranges of the circuits of this batch, which they tile.
        observables: Groups of dense Pauli words, the leftmost letter on qubit 0.
        circuit_ham_map: For each group of observables, the circuits of the whole job it is measured
            on; ``None`` measures every group on every circuit.
    """

    circuits: Mapping[str, str]
    finalized: bool
    shots: int | None = None
    shot_groups: tuple[ShotGroup, ...] | None = None
    observables: tuple[tuple[str, ...], ...] | None = None
    circuit_ham_map: tuple[CircuitRange, ...] | None = None


@dataclass(frozen=True)
class JobState:
    """What the service says of a job.

    Attributes:
        status: Where it stands.
        run_time_s: Seconds the service worked on it, ``None`` while it does not say.
    """

    status: JobStatus
    run_time_s: float | None = None


def joint_state(states: Sequence[JobState]) -> JobState:
    """Where jobs that belong together stand.

    They have failed, or are cancelled, as soon as one is; otherwise they are where all are, or else running.

    Args:
        states: The state of each, at least one.
    """
    statuses = list(dict.fromkeys(state.status for state in states))
    ends = [status for status in statuses if status.is_final and status is not JobStatus.COMPLETED]
    ends.sort(key=lambda status: status is JobStatus.CANCELLED)
    joint = ends[0] if ends else statuses[0] if len(statuses) == 1 else JobStatus.RUNNING
    times = [state.run_time_s for state in states]
    known = [seconds for seconds in times if seconds is not None]
    return JobState(joint, sum(known) if known and len(known) == len(times) else None)


@dataclass(frozen=True)
class ResultsPage:
    """What came of some of a job's circuits.

    Attributes:
        count: How many circuits of the job have a result or, in a failed job, a reason why they have none.
        results: Label to result, in the order of submission.
        next: Where the next page is, ``None`` on the last one.
        previous: Where the page before is, ``None`` on the first one.
        failures: Label to the reason why this circuit has no result; only in failed jobs.
    """

    count: int
    results: Mapping[str, CircuitResult] = field(default_factory=dict)
    next: str | None = None
    previous: str | None = None
    failures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class JobOutcome:
    """What came of a job, whether it completed or failed.

    Attributes:
        results: Label to result, for the circuits that have one.
        failures: Label to reason, for circuits of which the service says why they have none.
        reason: Why the job as a whole has no results, ``None`` for a completed one.
    """

    results: Mapping[str, CircuitResult] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None


def summarize_failures(failures: Iterable[str], count: int) -> str:
    """Join the first failures of a job to one message and count the others.

    Args:
        failures: What failed and why, in order. Only the first few are read, so this may be a generator.
        count: The number of all failures.
    """
    shown = list(islice(failures, _FAILURES_SHOWN))
    if count > len(shown):
        shown.append(f"and {count - len(shown)} more circuits failed")
    return "; ".join(shown)
