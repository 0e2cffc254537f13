"""The noise of a device, from its properties in a Qiskit ``Target``.

Each reported gate error is one minus the average gate fidelity. It is explained by thermal relaxation during
the gate as far as T1, T2 and the duration allow, and by depolarizing noise for the rest, as in Qiskit Aer's
models of devices.

The engine has one set of rates for all one-qubit gates on a qubit, and does not know the direction of a pair.
Therefore the rates are averages over the gates that differ from each other, such as the two directions of a
pair. Gates without error and duration are virtual and do not count.

Only attributes of the target are read. Qiskit is not imported.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import number_of
from qiskit_qoro.models.noise.model import NoiseModel

__all__ = ["noise_of_target"]

# The target of a simulator has gate errors of this size, so that the transpiler prefers some gates. They are
# not errors.
_MARKER_ERROR = 1e-10

# Instructions of a target that are not gates, and the identity, after which the engine applies no noise.
_NOT_GATES = frozenset({"barrier", "delay", "id", "measure", "reset"})


# Gates that are written as a two-qubit gate of the engine and one real one-qubit gate on each qubit.
_WITH_LOCAL_GATES = frozenset({"ecr"})


@dataclass(frozen=True)
class _Gate:
    """The error (one minus the average fidelity) and the duration of a gate, 0 if unknown."""

    error: float
    duration_s: float
    name: str = ""


_NO_GATE = _Gate(0.0, 0.0)


@dataclass(frozen=True)
class _Decay:
    """T1 and T2 of a qubit in seconds, infinite if unknown."""

    t1_s: float
    t2_s: float

    @property
    def is_known(self) -> bool:
        return min(self.t1_s, self.t2_s) < math.inf

    def traces(self, duration_s: float) -> tuple[float, float]:
        """Return how much of the populations and of the coherences is left after a time."""
        return math.exp(-duration_s / self.t1_s), math.exp(-duration_s / self.t2_s)


_NO_DECAY = _Decay(math.inf, math.inf)


def noise_of_target(
    target: Any, *, gate_error: bool, thermal_relaxation: bool, readout_error: bool, random_realizations: bool
) -> NoiseModel:
    """Return the noise model of a target. The arguments are those of ``NoiseModel.from_target``."""
    num_qubits = getattr(target, "num_qubits", None)
    if not num_qubits:
        raise QoroInputError("the target has no qubits, expected the target of a device")
    longest_t2 = 1 if random_realizations else 2
    decays = [
        _decay(target, qubit, longest_t2) if thermal_relaxation else _NO_DECAY for qubit in range(num_qubits)
    ]
    one_qubit = {qubits[0]: _average(found) for qubits, found in _gates(target, 1).items()}
    pairs = {
        (first, second): _average([_without_local_gates(gate, (first, second), one_qubit) for gate in found])
        for (first, second), found in _gates(target, 2).items()
    }
    model = NoiseModel()
    # The durations of two-qubit gates as the engine knows them: one for each qubit.
    by_qubit: dict[int, list[_Gate]] = {}
    for qubits, gate in pairs.items():
        for qubit in qubits:
            by_qubit.setdefault(qubit, []).append(gate)
    durations_2q_s = {qubit: _average(found).duration_s for qubit, found in by_qubit.items()}
    for qubit, decay in enumerate(decays):
        if decay.is_known:
            duration_s = one_qubit.get(qubit, _NO_GATE).duration_s
            model.set_thermal_relaxation(qubit, duration_s, decay.t1_s, decay.t2_s)
            if qubit in durations_2q_s:
                model.set_thermal_relaxation_2q(qubit, durations_2q_s[qubit], decay.t1_s, decay.t2_s)
            model.set_idle_noise(qubit, decay.t1_s, decay.t2_s)
    if gate_error:
        for qubit, gate in one_qubit.items():
            p = _depolarizing(gate.error, [decays[qubit].traces(gate.duration_s)])
            if p:
                model.set_1q_gate_depolarizing(qubit, p)
        for (first, second), gate in pairs.items():
            traces = [decays[qubit].traces(durations_2q_s[qubit]) for qubit in (first, second)]
            p = _depolarizing(gate.error, traces)
            if p:
                model.set_2q_depolarizing(first, second, p)
    if readout_error:
        for qubit, (p_meas1_prep0, p_meas0_prep1) in _readout_errors(target, num_qubits):
            model.set_readout_error(qubit, p_meas1_prep0, p_meas0_prep1)
    return model


def _gates(target: Any, width: int) -> dict[tuple[int, ...], list[_Gate]]:
    """Return the gates of a width that are not virtual, by qubits in ascending order."""
    found: dict[tuple[int, ...], list[_Gate]] = {}
    for name in sorted(target.operation_names):
        if name in _NOT_GATES:
            continue
        for qubits, properties in (target[name] or {}).items():
            if qubits is None or properties is None or len(qubits) != width:
                continue
            gate = _Gate(_number(properties.error), _number(properties.duration), name)
            if gate.error > _MARKER_ERROR or gate.duration_s:
                found.setdefault(tuple(sorted(qubits)), []).append(gate)
    return found


def _without_local_gates(gate: _Gate, qubits: tuple[int, ...], one_qubit: Mapping[int, _Gate]) -> _Gate:
    """Return the part of a gate that is left for the engine's two-qubit gate.

    The noise of the one-qubit gates beside it is applied after those.
    """
    if gate.name not in _WITH_LOCAL_GATES:
        return gate
    local = [one_qubit.get(qubit, _NO_GATE) for qubit in qubits]
    error = gate.error - sum(item.error for item in local)
    duration_s = gate.duration_s - sum(item.duration_s for item in local) / len(local)
    return _Gate(max(error, 0.0), max(duration_s, 0.0))


def _average(gates: Sequence[_Gate]) -> _Gate:
    return _Gate(
        sum(gate.error for gate in gates) / len(gates), sum(gate.duration_s for gate in gates) / len(gates)
    )


def _decay(target: Any, qubit: int, longest_t2: int) -> _Decay:
    """Return the decay of a qubit, with a T2 of at most ``longest_t2`` times T1."""
    properties = (target.qubit_properties or [None] * target.num_qubits)[qubit]
    if properties is None:
        return _NO_DECAY
    t1_s = _number(getattr(properties, "t1", None)) or math.inf
    t2_s = _number(getattr(properties, "t2", None)) or 2 * t1_s
    # Calibrations may report T2 > 2 T1, which is not physical.
    return _Decay(t1_s, min(t2_s, longest_t2 * t1_s))


def _depolarizing(error: float, traces: Sequence[tuple[float, float]]) -> float:
    """Return the total probability of Pauli errors that, with relaxation, gives a gate error.

    Args:
        error: One minus the average gate fidelity.
        traces: What is left of populations and coherences of each qubit after relaxation.
    """
    dimension: float = 2.0 ** len(traces)
    # The entanglement fidelity of relaxation is the product of (1 + population + 2 coherence) / 4.
    entanglement: float = math.prod((1 + population + 2 * coherence) / 4 for population, coherence in traces)
    relaxed = (dimension * entanglement + 1) / (dimension + 1)
    excess = min(error, dimension / (dimension + 1)) - (1 - relaxed)
    if excess <= 0:
        return 0.0
    mixed: float = dimension * excess / (dimension * relaxed - 1)
    return min(mixed * (1 - 1 / dimension**2), 1.0)


def _readout_errors(target: Any, num_qubits: int) -> Iterator[tuple[int, tuple[float, float]]]:
    measurements = (target["measure"] if "measure" in target.operation_names else None) or {}
    for qubit in range(num_qubits):
        properties = measurements.get((qubit,))
        if properties is None:
            continue
        error = _number(properties.error)
        # Some packages report both directions.
        errors = tuple(
            _number(getattr(properties, name, error)) for name in ("prob_meas1_prep0", "prob_meas0_prep1")
        )
        if any(errors):
            yield qubit, (min(errors[0], 1.0), min(errors[1], 1.0))


def _number(value: object) -> float:
    """Return a number of 0 or more; 0 if it is missing or not a number."""
    number = number_of(value)
    return 0.0 if number is None else max(number, 0.0)
