"""Build Qiskit's ``ExperimentResult`` from the service's counts: names, registers, hexadecimal, every shot.

Results that do not match the submission (a circuit without a result, too few shots, a wrong number of bits)
raise an error; they never become a result.
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
from qiskit_qoro.models.jobs import CircuitResult, JobStatus, ResultDetails
from qiskit_qoro.printable import quoted_name
from qiskit_qoro.wire.labels import index_of_label

__all__ = [
    "Experiment",
    "build_experiment_results",
    "check_counts",
    "infer_experiments",
    "name_from_label",
    "with_submitted_labels",
]

_T = TypeVar("_T")

_SHOWN_CIRCUITS = 5


@dataclass(frozen=True)
class Experiment:
    """The properties of a submitted circuit that the service does not store.

    Attributes:
        name: The circuit's name.
        layout: Its classical registers.
        shots: The number of shots that were submitted.
        metadata: The circuit's metadata.
    """

    name: str
    layout: RegisterLayout
    shots: int
    metadata: Mapping[str, Any] = field(default_factory=dict)


def infer_experiments(
    results: Mapping[str, CircuitResult], failures: Iterable[str] = ()
) -> dict[str, Experiment]:
    """Infer the circuits of another client's job from its outcome.

    Args:
        results: Label to counts.
        failures: The labels of circuits without counts.

    Returns:
        Label to experiment. The name comes from the label, the number of bits and the shots from the counts.
    """
    experiments = {
        label: Experiment(
            name=name_from_label(label),
            layout=layout_of_width(len(next(iter(counts), ""))),
            shots=int(sum(counts.values())),
        )
        for label, counts in results.items()
    }
    failed = {label: Experiment(name_from_label(label), layout_of_width(0), 0) for label in failures}
    return experiments | failed


def name_from_label(label: str) -> str:
    """Return the index in one of our labels, or else the whole label."""
    index = index_of_label(label)
    return label if index is None else str(index)


def with_submitted_labels(experiments: Mapping[str, Experiment], outcomes: Mapping[str, _T]) -> dict[str, _T]:
    """Put results or failures under the labels that the circuits were submitted with.

    A service may truncate labels. The index at the beginning of our labels still identifies the circuit.

    Args:
        experiments: The submitted circuits, by label.
        outcomes: The results or the failures, by returned label.
    """
    submitted = {index_of_label(label): label for label in experiments}
    submitted.pop(None, None)
    return {
        label if label in experiments else submitted.get(index_of_label(label), label): outcome
        for label, outcome in outcomes.items()
    }


def build_experiment_results(
    experiments: Mapping[str, Experiment],
    results: Mapping[str, CircuitResult],
    *,
    memory: bool,
    reasons: Mapping[str, str] | None = None,
    default_reason: str = "",
    details: Mapping[str, ResultDetails] | None = None,
) -> list[ExperimentResult]:
    """Build the Qiskit results of a job's circuits, in the order of submission.

    Args:
        experiments: The submitted circuits, by label.
        results: The counts, by label.
        memory: Whether to list every shot. The service does not keep the order of the shots. They are listed
            in a random order that is always the same for the same counts.
        reasons: Label to the reason why a circuit has no result. A circuit without a valid result then
            becomes an ``ExperimentResult`` with ``success=False`` and the reason in ``status``. If it is
            ``None``, every circuit must have a valid result.
        default_reason: The reason for circuits that are not in ``reasons``.
        details: Label to details of a result. The ``metadata`` of an ``ExperimentResult`` contains the method
            and the reason for it, if the service reports them.

    Raises:
        JobFailedError: A circuit has no result, or its counts do not add up to its shots.
        WireError: A result holds no counts, or bitstrings of the wrong length.
    """
    if reasons is None:
        _check_complete(experiments, results)
    built = []
    for index, (label, experiment) in enumerate(experiments.items()):
        where = f"circuit {index} ({quoted_name(experiment.name)})"
        reason = (reasons or {}).get(label) or default_reason or "the service gave no result and no reason"
        if label in results:
            try:
                about = (details or {}).get(label, ResultDetails())
                built.append(
                    _experiment_result(label, experiment, results[label], where, memory=memory, details=about)
                )
                continue
            except (JobFailedError, WireError) as error:
                if reasons is None:
                    raise
                reason = error.message.removeprefix(f"{where}: ")
        built.append(_failed_experiment(experiment, reason))
    return built


def _check_complete(experiments: Mapping[str, Experiment], results: Mapping[str, CircuitResult]) -> None:
    if results.keys() == experiments.keys():
        return
    missing = [
        f"{index} ({quoted_name(experiment.name)})"
        for index, (label, experiment) in enumerate(experiments.items())
        if label not in results
    ]
    raise JobFailedError(
        f"there are {len(results)} results for {len(experiments)} circuits; "
        f"no result for circuit {', '.join(missing[:_SHOWN_CIRCUITS]) or 'none'}",
        status=JobStatus.COMPLETED,
    )


def _experiment_result(
    label: str,
    experiment: Experiment,
    counts: CircuitResult,
    where: str,
    *,
    memory: bool,
    details: ResultDetails,
) -> ExperimentResult:
    layout = experiment.layout
    checked = check_counts(counts, where=where, width=layout.num_clbits, shots=experiment.shots)
    by_outcome = layout.counts_by_outcome(checked)
    # Qiskit reads keys and memory as hexadecimal. Binary text would be misread without an error.
    data: dict[str, Any] = {"counts": dict(zip(map(hex, by_outcome), by_outcome.values(), strict=True))}
    if memory:
        data["memory"] = _memory(by_outcome, seed=name_from_label(label))
    return ExperimentResult(
        shots=experiment.shots,
        success=True,
        data=ExperimentResultData(**data),
        status="DONE",
        header=_header(experiment),
        # As in Aer's results, these are the metadata of the simulation, not those of the circuit.
        metadata=details.metadata,
    )


def _failed_experiment(experiment: Experiment, reason: str) -> ExperimentResult:
    # Qiskit raises a TypeError instead of the reason if a status is not a string.
    return ExperimentResult(
        shots=experiment.shots,
        success=False,
        data=ExperimentResultData(),
        status=reason,
        header=_header(experiment),
    )


def _header(experiment: Experiment) -> dict[str, Any]:
    layout = experiment.layout
    # Qiskit needs all four fields. Without creg_sizes, BackendEstimatorV2 computes wrong signs for circuits
    # that have a classical register of their own.
    return {
        "name": experiment.name,
        "memory_slots": layout.memory_slots,
        "creg_sizes": [list(piece) for piece in layout.creg_sizes],
        "metadata": dict(experiment.metadata),
    }


def check_counts(counts: CircuitResult, *, where: str, width: int, shots: int) -> Mapping[str, int]:
    """Check that the result of a circuit matches the submission.

    Args:
        counts: Flat bitstring to count.
        where: The name of the circuit in error messages.
        width: The number of its classical bits.
        shots: The number of its shots. The counts of a circuit without classical bits need not add up to it.

    Returns:
        The same counts.

    Raises:
        JobFailedError: The counts do not add up to the shots.
        WireError: The result holds no counts, or bitstrings of the wrong length.
    """
    # Sets of types and lengths, because looking at each of a million counts takes long.
    if not all(issubclass(kind, int) for kind in set(map(type, counts.values()))):
        raise WireError(f"{where}: expected counts, got expectation values")
    if not {width}.issuperset(map(len, counts)):
        raise WireError(f"{where}: expected {width} bits in each outcome")
    total = sum(counts.values())
    if width and total != shots:
        raise JobFailedError(
            f"{where}: the counts add up to {total}, expected {shots} shots", status=JobStatus.COMPLETED
        )
    return counts  # type: ignore[return-value]  # checked to be integers


def _memory(counts: Mapping[int, int], *, seed: str) -> list[str]:
    """List every shot in hexadecimal, in a random order that depends on ``seed`` and the counts only."""
    outcomes = np.array([hex(outcome) for outcome in counts], dtype=object)
    shots = np.repeat(outcomes, list(counts.values()))
    # Not hash(seed): that differs from process to process.
    digest = hashlib.sha256(seed.encode()).digest()
    np.random.default_rng(list(digest)).shuffle(shots)
    return list(shots)
