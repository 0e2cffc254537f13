"""The values that the store returns: jobs, circuits and templates, read from rows of the database."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Self, cast

from qiskit_qoro.models.gradients import WeightedStrings
from qiskit_qoro.models.jobs import JobStatus, JobType

__all__ = [
    "EarlierOutcomes",
    "StoredCircuit",
    "StoredJob",
    "StoredTemplate",
    "pack_values",
    "time_to_text",
]

_FLOAT_BYTES = 8


def time_to_text(time: datetime) -> str:
    """Format a time so that the order of the texts is the order of the times."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def pack_values(values: Sequence[float]) -> bytes:
    """Pack parameter values for the database: eight bytes each, little-endian."""
    return struct.pack(f"<{len(values)}d", *values)


@dataclass(frozen=True)
class StoredCircuit:
    """One circuit of a job.

    Attributes:
        position: Its position in the job, from 0.
        label: The caller's name for it.
        content: Its compressed text; for a row of a template, the packed parameter values.
        shots: How often to sample it, or ``None`` if expectation values are computed instead.
        template: The number of its template, or ``None`` if the circuit has a text of its own.
    """

    position: int
    label: str
    content: str | bytes
    shots: int | None
    template: int | None = None

    @property
    def values(self) -> tuple[float, ...]:
        """The parameter values of a row of a template, in the order of the template's names."""
        packed = cast("bytes", self.content)
        return struct.unpack(f"<{len(packed) // _FLOAT_BYTES}d", packed)


@dataclass(frozen=True)
class StoredTemplate:
    """A template of a job: its compressed text and its parameter names."""

    blob: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class EarlierOutcomes:
    """What the earlier runs of a job have stored, if it was interrupted.

    Attributes:
        positions: The positions of the circuits that have a result or have failed.
        failures: The position of each circuit that has failed, and its item as JSON.
    """

    positions: frozenset[int] = frozenset()
    failures: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredJob:
    """A job without its circuits and results.

    Attributes:
        number: Its key in the database.
        job_id: Its public identifier.
        job_type: What to compute: counts, expectation values, a characterization or states.
        simulator_cluster: The simulator cluster that it runs on, or ``None``.
        qpu_system: The QPU system that it runs on, or ``None``.
        status: Its status.
        is_finalized: Whether its last circuits have arrived.
        observables: Groups of Pauli strings and the circuits that each group is measured on, as JSON.
        state: What a job of the type ``STATE`` computes, as JSON; ``None`` for other jobs.
        run_time_s: How long it ran, in seconds, or ``None`` until it has ended. If it was interrupted, the
            sum of its runs, except for those that ended together with the process of the service.
        reason: Why it failed or was not run; ``None`` otherwise.
    """

    COLUMNS: ClassVar[str] = (
        "number, job_id, job_type, simulator_cluster, qpu_system, status, turn IS NOT NULL, "
        "observables, state, run_time_s, reason"
    )
    """The columns to select for :meth:`from_row`."""

    number: int
    job_id: str
    job_type: JobType
    simulator_cluster: str | None
    qpu_system: str | None
    status: JobStatus
    is_finalized: bool
    observables: str | None
    state: str | None
    run_time_s: float | None
    reason: str | None

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Build a job from a row of :attr:`COLUMNS`."""
        number, job_id, job_type, cluster, system, status, is_finalized, *rest = row
        observables, state, run_time_s, reason = rest
        status = JobStatus(status)
        return cls(
            number,
            job_id,
            JobType(job_type),
            cluster,
            system,
            status,
            bool(is_finalized),
            observables,
            state,
            run_time_s if status.is_final else None,
            reason,
        )

    @property
    def weighted_observables(self) -> tuple[WeightedStrings, ...] | None:
        """The observables of a gradient job, or ``None``. Without weights, each weight is 1."""
        if self.job_type is not JobType.GRADIENT or self.observables is None:
            return None
        groups, _, weights = json.loads(self.observables)
        return tuple(
            WeightedStrings(tuple(group), tuple(weights[index]) if weights else (1.0,) * len(group))
            for index, group in enumerate(groups)
        )
