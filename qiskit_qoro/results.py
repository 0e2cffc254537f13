"""From the service's counts to Qiskit's ``ExperimentResult``: names, registers, hexadecimal, every shot.

Counts that are not what was asked for (a circuit without a result, too few shots, another width) are an
error here, never a result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from qiskit.result.models import ExperimentResult, ExperimentResultData

from qiskit_qoro.errors import JobFailedError, WireError
from qiskit_qoro.models.jobs import CircuitResult, JobStatus
from qiskit_qoro.registers import RegisterLayout, layout_of_width

__all__ = ["Experiment", "build_experiment_results", "check_counts", "experiments_of"]


@dataclass(frozen=True)
class Experiment:
    """What the service does not keep about one circuit of a job.

    Attributes:
        name: The circuit's name.
        layout: Its classical registers.
        shots: How often it was to be run.
        metadata: The circuit's metadata.
    """

    name: str
    layout: RegisterLayout
    shots: int
    metadata: Mapping[str, Any] = field(default_factory=dict)


def experiments_of(results: Mapping[str, CircuitResult]) -> dict[str, Experiment]:
    """What can be said of circuits that another process submitted, from their results alone.

    Args:
        results: Label to counts.
    """
    return {
        label: Experiment(
            name=label,
            layout=layout_of_width(len(next(iter(counts), ""))),
            shots=int(sum(counts.values())),
        )
        for label, counts in results.items()
    }


def build_experiment_results(
    experiments: Mapping[str, Experiment], results: Mapping[str, CircuitResult], *, memory: bool
) -> list[ExperimentResult]:
    """The results of a job's circuits as Qiskit has them, in the order of submission.

    Args:
        experiments: What was submitted, by label.
        results: What came back, by label.
        memory: Whether to list every shot. The service keeps no order of the shots; they are listed in a
            random one that is the same whenever the counts are.

    Raises:
        JobFailedError: A circuit has no result, or its counts do not add up to its shots.
        WireError: The results are no counts, or of another width than the circuit's.
    """
    if results.keys() != experiments.keys():
        missing = [f"{label} ({e.name!r})" for label, e in experiments.items() if label not in results]
        raise JobFailedError(
            f"there are {len(results)} results for {len(experiments)} circuits; "
            f"no result for circuit {', '.join(missing[:5]) or 'none'}",
            status=JobStatus.COMPLETED,
        )
    return [
        _experiment_result(label, experiment, results[label], memory=memory)
        for label, experiment in experiments.items()
    ]


def _experiment_result(
    label: str, experiment: Experiment, counts: CircuitResult, *, memory: bool
) -> ExperimentResult:
    layout = experiment.layout
    placed = layout.place(
        check_counts(
            counts, where=f"circuit {experiment.name!r}", width=layout.num_clbits, shots=experiment.shots
        )
    )
    data: dict[str, Any] = {"counts": {hex(outcome): count for outcome, count in placed.items()}}
    if memory:
        data["memory"] = _memory(placed, seed=label)
    return ExperimentResult(
        shots=experiment.shots,
        success=True,
        data=ExperimentResultData(**data),
        status="DONE",
        header={
            "name": experiment.name,
            "memory_slots": layout.memory_slots,
            "creg_sizes": [list(piece) for piece in layout.creg_sizes],
            "metadata": dict(experiment.metadata),
        },
    )


def check_counts(counts: CircuitResult, *, where: str, width: int, shots: int) -> Mapping[str, int]:
    """Make sure that a circuit's result is what was asked for.

    Args:
        counts: Flat bitstring to count.
        where: What to call the circuit in an error.
        width: How many classical bits it has.
        shots: How often it was to be run. A circuit without classical bits may say nothing about it.

    Returns:
        The same counts.

    Raises:
        JobFailedError: The counts do not add up to the shots.
        WireError: They are no counts, or of another width.
    """
    if not all(isinstance(count, int) for count in counts.values()):
        raise WireError(f"{where}: expected counts, got expectation values")
    if any(len(bits) != width for bits in counts):
        raise WireError(f"{where}: expected {width} bits in each outcome")
    total = sum(counts.values())
    if width and total != shots:
        raise JobFailedError(
            f"{where}: the counts add up to {total}, expected {shots} shots", status=JobStatus.COMPLETED
        )
    return counts  # type: ignore[return-value]  # checked to be integers


def _memory(counts: Mapping[int, int], *, seed: str) -> list[str]:
    """Every shot in hexadecimal, in a random order that ``seed`` decides."""
    outcomes = np.array([hex(outcome) for outcome in counts], dtype=object)
    shots = np.repeat(outcomes, list(counts.values()))
    digest = hashlib.sha256(seed.encode()).digest()
    np.random.default_rng(list(digest)).shuffle(shots)
    return list(shots)
