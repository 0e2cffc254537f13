"""The noise model of the engine that equals one of Qiskit Aer.

Aer attaches an error to a gate's name and qubits. The engine attaches noise to qubits and pairs of qubits,
for all gates of one width. After a one-qubit gate it applies ``set_thermal_relaxation``, Pauli errors and
Kraus operators. After a two-qubit gate it applies, in this order:

1. ``set_thermal_relaxation_2q`` of both qubits,
2. what is set for all gates on a qubit, which includes Kraus operators of one qubit,
3. what is set for the pair.

For each qubit, :func:`noise_of_aer` finds setters that give its one-qubit error, preferring those that act
after one-qubit gates only. For each pair it computes the channel that is left for the setters of the pair:
the error times the inverse of what the engine has applied by then. If that is not a channel, the model has no
counterpart.

The quantum errors of Aer's model are read from its attributes, because it has no method for that. Neither Aer
nor Qiskit is imported.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import integer_of
from qiskit_qoro.models.noise.channels import (
    Matrix,
    Relaxation,
    depolarizing,
    depolarizing_probability,
    from_kraus_operators,
    from_superoperator,
    is_close,
    kraus_operators,
    pauli_channel,
    pauli_probabilities,
    product,
    reduced,
    relaxation_and_depolarizing,
    swapped,
)
from qiskit_qoro.models.noise.model import NoiseModel
from qiskit_qoro.models.noise.parameters import MAX_QUBITS

__all__ = ["noise_of_aer"]

_IDENTITY_1Q: Matrix = np.eye(4, dtype=complex)
_NOT_GATES = frozenset({"delay", "initialize", "measure", "reset"})

# Instructions in the circuits of errors.
_PAULI_GATES = {"id": "I", "x": "X", "y": "Y", "z": "Z"}
_RESET = ([[1, 0], [0, 0]], [[0, 1], [0, 0]])

# Relaxation times are given in units of this duration.
_DURATION_S = 1.0
_NO_RELAXATION = Relaxation(1.0, 1.0)


@dataclass
class _OneQubitNoise:
    """How the one-qubit error of a qubit is set.

    Attributes:
        relaxation: Relaxation after one-qubit gates only.
        depolarizing: Depolarizing noise after one-qubit gates only.
        channel: What is set for all gates instead, and therefore acts after two-qubit gates too.
    """

    relaxation: Relaxation = _NO_RELAXATION
    depolarizing: float = 0.0
    channel: Matrix = field(default_factory=_IDENTITY_1Q.copy)


_Pair = tuple[int, int]


def noise_of_aer(aer_model: Any, num_qubits: int | None, ignore: Collection[str]) -> NoiseModel:
    """Return the noise model that equals one of Aer. The arguments are those of ``NoiseModel.from_aer``."""
    errors = _Errors(aer_model, num_qubits, ignore)
    one_qubit = {qubit: _one_qubit_noise(channel) for qubit, channel in errors.one_qubit().items()}
    pairs = errors.pairs()
    relaxations = _two_qubit_relaxations(pairs)
    model = NoiseModel()
    for qubit, noise in one_qubit.items():
        _set_one_qubit_noise(model, qubit, noise)
    for qubit in sorted(one_qubit.keys() | relaxations.keys()):
        _set_relaxation(
            model, qubit, one_qubit.get(qubit, _OneQubitNoise()).relaxation, relaxations.get(qubit)
        )
    applied = {
        qubit: one_qubit.get(qubit, _OneQubitNoise()).channel @ relaxations.get(qubit, _NO_RELAXATION).channel
        for qubit in errors.qubits
    }
    if not pairs:
        _check_two_qubit_gates_are_free_of_noise(one_qubit, errors.qubits)
    for (first, second), channel in pairs.items():
        _set_pair_noise(model, (first, second), channel, product(applied[first], applied[second]))
    for qubit, (p_meas1_prep0, p_meas0_prep1) in errors.readout().items():
        model.set_readout_error(qubit, p_meas1_prep0, p_meas0_prep1)
    return model


class _Errors:
    """The errors of an Aer model by qubits, checked to be the same for all gates of a width."""

    def __init__(self, aer_model: Any, num_qubits: int | None, ignore: Collection[str]) -> None:
        attributes = getattr(aer_model, "__dict__", {})
        names = (
            "_default_quantum_errors",
            "_local_quantum_errors",
            "_default_readout_error",
            "_local_readout_errors",
            "_custom_noise_passes",
        )
        missing = [name for name in names if name not in attributes]
        if missing:
            raise QoroInputError(
                f"{type(aer_model).__name__} has no {missing[0]}, expected a NoiseModel of qiskit_aer.noise"
            )
        if isinstance(ignore, str):
            ignore = (ignore,)
        default, local, self._default_readout, self._local_readout, passes = map(attributes.get, names)
        if passes and "delay" not in ignore:
            raise QoroInputError(
                "the model has noise during delays, which cannot be read: pass ignore=['delay'] and call "
                "set_idle_noise, or use NoiseModel.from_backend"
            )
        self._default = {name: error for name, error in default.items() if name not in ignore}
        self._local = {name: dict(errors) for name, errors in local.items() if name not in ignore}
        if "measure" in ignore:
            self._default_readout, self._local_readout = None, {}
        self.qubits = range(self._count(num_qubits))
        # The channel of each error object. Errors of all qubits are needed for each pair.
        self._channels: dict[int, Matrix] = {}

    def _count(self, num_qubits: int | None) -> int:
        for name in [*self._default, *self._local]:
            if name in _NOT_GATES:
                raise QoroInputError(
                    f"the model has an error of {name!r}, expected errors of gates and readout errors: "
                    f"leave it out with ignore=[{name!r}]"
                )
        found = [qubit for errors in self._local.values() for qubits in errors for qubit in qubits]
        found += [qubit for qubits in self._local_readout for qubit in qubits]
        count = max(found, default=-1) + 1
        if num_qubits is not None:
            given = integer_of(num_qubits, least=max(count, 1), most=MAX_QUBITS)
            if given is None:
                raise QoroInputError(
                    f"num_qubits is {num_qubits!r}, expected an integer from {max(count, 1)} to {MAX_QUBITS}"
                )
            return given
        if self._default or self._default_readout is not None:
            raise QoroInputError("the model has errors of all qubits, expected their number as num_qubits")
        return count

    def one_qubit(self) -> dict[int, Matrix]:
        """Return the error after one-qubit gates of each qubit that has one."""
        names = self._names(1)
        found = {}
        for qubit in self.qubits:
            errors = {name: self._error(name, (qubit,)) for name in names}
            channel = next((error for error in errors.values() if error is not None), None)
            if channel is not None:
                _check_equal(errors, channel, f"qubit {qubit}")
                found[qubit] = channel
        return found

    def pairs(self) -> dict[_Pair, Matrix]:
        """Return the error after two-qubit gates of each pair that has one, lower qubit first."""
        names = self._names(2)
        if any(name in self._default for name in names):
            candidates = list(combinations(self.qubits, 2))
        else:
            mentioned = {tuple(sorted(qubits)) for name in names for qubits in self._local.get(name, {})}
            candidates = [(first, second) for first, second in sorted(mentioned)]
        found = {}
        for first, second in candidates:
            # A gate that is not mentioned for a pair does not exist there.
            errors = {}
            for name in names:
                forward, backward = self._error(name, (first, second)), self._error(name, (second, first))
                if forward is not None:
                    errors[name] = forward
                if backward is not None:
                    errors[f"{name} in the other direction"] = swapped(backward)
            if errors:
                channel = next(iter(errors.values()))
                _check_equal(errors, channel, f"qubits {first} and {second}")
                found[first, second] = channel
        return found

    def readout(self) -> dict[int, tuple[float, float]]:
        """Return the probabilities of wrong bits, after 0 and after 1, of each qubit."""
        found = {}
        if self._default_readout is not None:
            found = {qubit: _readout_error(self._default_readout, "all qubits") for qubit in self.qubits}
        for qubits, error in self._local_readout.items():
            found[qubits[0]] = _readout_error(error, f"qubits {', '.join(map(str, qubits))}")
        return dict(sorted(found.items()))

    def _names(self, width: int) -> list[str]:
        """Return the gates with errors of a width, and refuse errors of more than two qubits."""
        names = []
        for name in sorted(self._default.keys() | self._local.keys()):
            widths = {len(qubits) for qubits in self._local.get(name, ())}
            if name in self._default:
                widths.add(self._default[name].num_qubits)
            if max(widths) > 2:
                raise QoroInputError(
                    f"the model has an error of {name!r} on {max(widths)} qubits, expected errors of one "
                    "and two qubits: the engine applies no noise after wider gates"
                )
            if width in widths:
                names.append(name)
        return names

    def _error(self, name: str, qubits: tuple[int, ...]) -> Matrix | None:
        error = self._local.get(name, {}).get(qubits, self._default.get(name))
        if error is None:
            return None
        if id(error) not in self._channels:
            self._channels[id(error)] = _channel_of(error)
        return self._channels[id(error)]


def _channel_of(error: Any) -> Matrix:
    """Return the channel of an error of Aer, which is a mixture of circuits."""
    mixture: Matrix = np.zeros((4**error.num_qubits,) * 2, dtype=complex)
    for circuit, probability in zip(error.circuits, error.probabilities, strict=True):
        channel = _channel_of_circuit(circuit)
        if channel is None:
            return from_superoperator(error.to_quantumchannel().data)
        mixture += probability * channel
    return mixture


def _channel_of_circuit(circuit: Any) -> Matrix | None:
    """Return the channel of a circuit in an error, or ``None`` if it has other instructions than usual.

    This is about ten times faster than Aer's method, which counts for the errors of a large device.
    """
    channel: Matrix = np.eye(4**circuit.num_qubits, dtype=complex)
    for instruction in circuit.data:
        own = _channel_of_operation(instruction.operation)
        if own is None:
            return None
        places = [circuit.find_bit(qubit).index for qubit in instruction.qubits]
        if len(places) == 1 and circuit.num_qubits == 2:
            own = product(own, _IDENTITY_1Q) if places == [0] else product(_IDENTITY_1Q, own)
        elif places == [1, 0]:
            own = swapped(own)
        channel = own @ channel
    return channel


def _channel_of_operation(operation: Any) -> Matrix | None:
    if operation.name == "pauli":
        return pauli_channel(operation.params[0])
    if operation.name in _PAULI_GATES:
        return pauli_channel(_PAULI_GATES[operation.name])
    if operation.name == "reset":
        return from_kraus_operators(_RESET)
    if operation.name in ("kraus", "unitary"):
        return from_kraus_operators(operation.params)
    return None


def _check_equal(errors: Mapping[str, Matrix | None], channel: Matrix, place: str) -> None:
    for name, error in errors.items():
        if error is None or not is_close(error, channel):
            first = next(other for other, item in errors.items() if item is channel)
            raise QoroInputError(
                f"{first} and {name} have different errors on {place}, expected the same: the engine has one "
                "error for all gates of a width; leave out a gate that is not used with ignore, or use "
                "NoiseModel.from_backend for a device"
            )


def _readout_error(error: Any, place: str) -> tuple[float, float]:
    probabilities = np.asarray(error.probabilities)
    if probabilities.shape != (2, 2):
        raise QoroInputError(
            f"the model has a joint readout error on {place}, expected errors of single qubits"
        )
    return float(probabilities[0, 1]), float(probabilities[1, 0])


def _one_qubit_noise(channel: Matrix) -> _OneQubitNoise:
    found = relaxation_and_depolarizing(channel)
    return _OneQubitNoise(channel=channel) if found is None else _OneQubitNoise(*found)


def _set_one_qubit_noise(model: NoiseModel, qubit: int, noise: _OneQubitNoise) -> None:
    if noise.depolarizing:
        model.set_1q_gate_depolarizing(qubit, noise.depolarizing)
    if is_close(noise.channel, _IDENTITY_1Q):
        return
    probabilities = pauli_probabilities(noise.channel)
    if probabilities is not None:
        model.set_qubit_noise(qubit, *probabilities)
    else:
        model.set_kraus_channel([qubit], kraus_operators(noise.channel) or [])


def _set_relaxation(
    model: NoiseModel, qubit: int, one_qubit: Relaxation, two_qubit: Relaxation | None
) -> None:
    if not one_qubit.is_trivial:
        model.set_thermal_relaxation(qubit, _DURATION_S, *one_qubit.times, one_qubit.excited)
    if two_qubit is not None and not two_qubit.is_trivial:
        model.set_thermal_relaxation_2q(qubit, _DURATION_S, *two_qubit.times, two_qubit.excited)
    elif not one_qubit.is_trivial:
        # Without this, relaxation acts after two-qubit gates too.
        model.set_thermal_relaxation_2q(qubit, 0.0, *one_qubit.times, one_qubit.excited)


def _two_qubit_relaxations(pairs: Mapping[_Pair, Matrix]) -> dict[int, Relaxation]:
    """Return the relaxation after two-qubit gates, if it is the same for all pairs of each qubit.

    Otherwise Kraus operators of each pair contain it, and there is none here.
    """
    found: dict[int, Relaxation] = {}
    for (first, second), channel in pairs.items():
        parts = [relaxation_and_depolarizing(reduced(channel, index)) for index in (0, 1)]
        if parts[0] is None or parts[1] is None:
            return {}
        (low, p), (high, _) = parts[0], parts[1]
        # Depolarizing noise of a pair, seen by one of its qubits, is depolarizing too.
        noise = depolarizing(2, p / 0.75 * (15 / 16)) @ product(low.channel, high.channel)
        if not is_close(noise, channel):
            return {}
        for qubit, relaxation in ((first, low), (second, high)):
            if not found.setdefault(qubit, relaxation).is_close(relaxation):
                return {}
    return found


def _check_two_qubit_gates_are_free_of_noise(
    one_qubit: Mapping[int, _OneQubitNoise], qubits: Collection[int]
) -> None:
    for qubit, noise in one_qubit.items():
        if len(qubits) > 1 and not is_close(noise.channel, _IDENTITY_1Q):
            raise QoroInputError(
                f"the model has a one-qubit error on qubit {qubit} that is neither depolarizing nor "
                "relaxation, and no two-qubit errors: the engine would apply it after two-qubit gates too"
            )


def _set_pair_noise(model: NoiseModel, pair: _Pair, channel: Matrix, applied: Matrix) -> None:
    """Set what is left of the error of a pair after the noise that the engine applies before it."""
    try:
        rest = channel @ np.linalg.inv(applied)
    except np.linalg.LinAlgError:
        rest = -channel  # not a channel either
    p = depolarizing_probability(rest)
    if p is not None:
        if p:
            model.set_2q_depolarizing(*pair, p)
        return
    operators = kraus_operators(rest)
    if operators is None or not is_close(rest @ applied, channel):
        raise QoroInputError(
            f"the two-qubit error on qubits {pair[0]} and {pair[1]} has no counterpart: the engine also "
            "applies the one-qubit errors of these qubits after two-qubit gates, and this error is smaller"
        )
    model.set_kraus_channel(pair, operators)
