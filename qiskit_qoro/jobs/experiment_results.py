"""From the service's counts to Qiskit's ``ExperimentResult``: names, registers, hexadecimal, every shot.

Counts that are not what was asked for (a circuit without a result, too few shots, another width) are an
error here, never a result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from qiskit.result.models import ExperimentResult, ExperimentResultData

from qiskit_qoro.errors import JobFailedError, WireError
from qiskit_qoro.jobs.registers import RegisterLayout, layout_of_width
from qiskit_qoro.models.jobs import CircuitResult, JobStatus
from qiskit_qoro.wire.labels import index_of_label

__all__ = ["Experiment", "build_experiment_results", "by_known_label", "check_counts", "experiments_of"]

_T = TypeVar("_T")


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


def experiments_of(
    results: Mapping[str, CircuitResult], failures: Iterable[str] = ()
) -> dict[str, Experiment]:
    """What can be said of circuits that another client submitted, from what came of them alone.

    Args:
        results: Label to counts.
        failures: The labels of circuits without counts.
    """
    experiments = {
        label: Experiment(
            name=_short(label),
            layout=layout_of_width(len(next(iter(counts), ""))),
            shots=int(sum(counts.values())),
        )
        for label, counts in results.items()
    }
    return experiments | {label: Experiment(_short(label), layout_of_width(0), 0) for label in failures}


def _short(label: str) -> str:
    """A label as a name: where it is one of ours, without the piece of a structure that it carries."""
    index = index_of_label(label)
    return label if index is None else str(index)


def by_known_label(experiments: Mapping[str, Experiment], outcomes: Mapping[str, _T]) -> dict[str, _T]:
    """What came of circuits, under the labels that they were submitted with.

    A service may cut a label short. The index that ours begin with says which one it is.

    Args:
        experiments: What was submitted, by label.
        outcomes: What came back, by label.
    """
    ours = {index_of_label(label): label for label in experiments}
    ours.pop(None, None)
    return {
        label if label in experiments else ours.get(index_of_label(label), label): outcome
        for label, outcome in outcomes.items()
    }


def build_experiment_results(
    experiments: Mapping[str, Experiment],
    results: Mapping[str, CircuitResult],
    *,
    memory: bool,
    reasons: Mapping[str, str] | None = None,
    reason: str = "",
) -> list[ExperimentResult]:
    """The results of a job's circuits as Qiskit has them, in the order of submission.

    Args:
        experiments: What was submitted, by label.
        results: What came back, by label.
        memory: Whether to list every shot. The service keeps no order of the shots; they are listed in a
            random one that is the same whenever the counts are.
        reasons: Why circuits have no result, by label. A circuit without a result, or with one that makes no
            sense, is then an ``ExperimentResult`` without success whose ``status`` is the reason. ``None``:
            every circuit must have a result.
        reason: The reason for circuits that have none of their own.

    Raises:
        JobFailedError: A circuit has no result, or its counts do not add up to its shots.
        WireError: The results are no counts, or of another width than the circuit's.
    """
    if reasons is None:
        _check_complete(experiments, results)
    built = []
    for place, (label, experiment) in enumerate(experiments.items()):
        where = f"circuit {place} ({experiment.name!r})"
        why = (reasons or {}).get(label) or reason or "the service gives no result and no reason"
        if label in results:
            try:
                built.append(_experiment_result(label, experiment, results[label], where, memory=memory))
                continue
            except (JobFailedError, WireError) as error:
                if reasons is None:
                    raise
                why = error.message.removeprefix(f"{where}: ")
        built.append(_failed_experiment(experiment, why))
    return built


def _check_complete(experiments: Mapping[str, Experiment], results: Mapping[str, CircuitResult]) -> None:
    if results.keys() == experiments.keys():
        return
    missing = [
        f"{place} ({experiment.name!r})"
        for place, (label, experiment) in enumerate(experiments.items())
        if label not in results
    ]
    raise JobFailedError(
        f"there are {len(results)} results for {len(experiments)} circuits; "
        f"no result for circuit {', '.join(missing[:5]) or 'none'}",
        status=JobStatus.COMPLETED,
    )


def _experiment_result(
    label: str, experiment: Experiment, counts: CircuitResult, where: str, *, memory: bool
) -> ExperimentResult:
    layout = experiment.layout
    placed = layout.place(check_counts(counts, where=where, width=layout.num_clbits, shots=experiment.shots))
    data: dict[str, Any] = {"counts": {hex(outcome): count for outcome, count in placed.items()}}
    if memory:
        data["memory"] = _memory(placed, seed=_short(label))
    return ExperimentResult(
        shots=experiment.shots,
        success=True,
        data=ExperimentResultData(**data),
        status="DONE",
        header=_header(experiment),
    )


def _failed_experiment(experiment: Experiment, reason: str) -> ExperimentResult:
    return ExperimentResult(
        shots=experiment.shots,
        success=False,
        data=ExperimentResultData(),
        status=reason,
        header=_header(experiment),
    )


def _header(experiment: Experiment) -> dict[str, Any]:
    layout = experiment.layout
    return {
        "name": experiment.name,
        "memory_slots": layout.memory_slots,
        "creg_sizes": [list(piece) for piece in layout.creg_sizes],
        "metadata": dict(experiment.metadata),
    }


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
