"""What the store says of a job, and what it says when there is none or it is not ready."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from qiskit_qoro.models.jobs import JobStatus, JobType

__all__ = [
    "AccessDenied",
    "CreditsShort",
    "JobConflict",
    "JobUnknown",
    "PageUnknown",
    "StoredCircuit",
    "StoredJob",
    "StoredTemplate",
    "pack_values",
]

_FLOAT_BYTES = 8


def pack_values(values: Sequence[float]) -> bytes:
    """Values as they are stored: eight bytes each, the lowest first."""
    return struct.pack(f"<{len(values)}d", *values)


class JobUnknown(Exception):  # noqa: N818 - it says what the job is, and is answered 404
    """There is no such job, or it belongs to somebody else."""


class AccessDenied(Exception):  # noqa: N818 - answered 403
    """The account may not do this."""


class CreditsShort(Exception):  # noqa: N818 - answered 402
    """The account cannot pay for this."""


class PageUnknown(Exception):  # noqa: N818 - answered 404
    """There is no such page of a list."""


class JobConflict(Exception):  # noqa: N818 - answered 409
    """The job is not in a state that allows this."""


@dataclass(frozen=True)
class StoredCircuit:
    """One circuit of a job.

    Attributes:
        position: Its place in the job, from 0.
        label: The caller's name for it.
        content: Its compressed text; or, for a circuit of a template, its values packed.
        shots: How often it runs, ``None`` where it is not sampled.
        template: Its template, by number; ``None`` where it has a text of its own.
    """

    position: int
    label: str
    content: str | bytes
    shots: int | None
    template: int | None = None

    @property
    def values(self) -> tuple[float, ...]:
        """The values of a circuit of a template, in the order of the template's names."""
        if isinstance(self.content, str):  # as the first releases kept them
            return tuple(json.loads(self.content))
        return struct.unpack(f"<{len(self.content) // _FLOAT_BYTES}d", self.content)


@dataclass(frozen=True)
class StoredTemplate:
    """A template of a job: its compressed text, and the names that stand for numbers in it."""

    blob: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class StoredJob:
    """What is known of a job besides its circuits.

    Attributes:
        number: Its key in the store.
        job_id: Its public identifier.
        job_type: What is asked of it.
        simulator_cluster: The simulator cluster it runs on, if that is its target.
        qpu_system: The QPU system it runs on, if that is its target.
        status: Where it stands.
        is_finalized: Whether its last circuits have arrived.
        observables: Groups of Pauli words and the circuits each one is measured on, as JSON.
        run_time_s: Seconds it ran, once it is done.
        reason: Why it failed.
    """

    number: int
    job_id: str
    job_type: JobType
    simulator_cluster: str | None
    qpu_system: str | None
    status: JobStatus
    is_finalized: bool
    observables: str | None
    run_time_s: float | None
    reason: str | None
