"""Rewrite circuits in the gates of a simulated QPU: pulses ``sx`` and ``x``, phases ``rz``, and ``cz``.

On such a device ``rz`` is a change of the phase of later pulses, so it makes no errors. The engine, however,
applies errors after every gate. So each ``rz`` becomes a part of the last pulse before it on the same qubit.
This is exact: ``rz`` commutes with everything that can be in between, which is ``cz``, depolarizing errors,
decay and measurements. Before the first pulse, the qubit is in state 0 or a mixture of 0 and 1, which ``rz``
does not change.

Only after a conditional gate this is not possible. An ``rz`` there remains a gate with errors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, CircuitInstruction, Gate, IfElseOp, Measure, Qubit, Reset
from qiskit.circuit.library import CZGate, RZGate, SXGate, UGate, XGate
from qiskit.synthesis import OneQubitEulerDecomposer

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.delays import is_delay
from qiskit_qoro.qasm.gates import GATES

__all__ = ["NATIVE_GATES", "to_native_gates"]

NATIVE_GATES = frozenset({"id", "rz", "sx", "x", "cz"})
"""The gates of the simulated QPUs."""

_DECOMPOSER = OneQubitEulerDecomposer("ZSXX")
_HALF_PI = math.pi / 2
# Each pulse as the angles theta and lambda of ``u(theta, phi, lambda)``, and its phi. An rz after it adds its
# angle to phi.
_PULSES = {"sx": (_HALF_PI, -_HALF_PI, _HALF_PI), "x": (math.pi, 0.0, math.pi)}
_PULSE_GATES = {"sx": SXGate(), "x": XGate()}
_CZ = CZGate()

_Step = tuple[str, float]  # a pulse and 0.0, or "rz" and its angle


def to_native_gates(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit in native gates, up to a global phase.

    Args:
        circuit: A circuit from Qiskit's OpenQASM 2 parser.

    Returns:
        A circuit on the same bits. ``u`` stands for a pulse with the phases after it.

    Raises:
        QoroInputError: A gate has no definition.
    """
    return _Rewriter(circuit).rewrite()


class _Rewriter:
    """Rewrites one circuit.

    Attributes:
        _items: The new instructions. A pulse is a list of its name, its phase and its qubit, because its
            phase may still change.
        _last_pulse: The last pulse on each qubit. ``None`` if a conditional gate followed it.
    """

    def __init__(self, circuit: QuantumCircuit) -> None:
        self._circuit = circuit
        self._items: list[CircuitInstruction | _Pulse] = []
        self._last_pulse: dict[Qubit, _Pulse | None] = {}

    def rewrite(self) -> QuantumCircuit:
        for item in self._circuit.data:
            self._add(item)
        new = self._circuit.copy_empty_like()
        for item in self._items:
            new.append(item.instruction() if isinstance(item, _Pulse) else item)
        return new

    def _add(self, item: CircuitInstruction) -> None:
        operation = item.operation
        if isinstance(operation, IfElseOp):
            self._items.append(_conditional(item, operation))
            self._last_pulse.update(dict.fromkeys(item.qubits))
        elif isinstance(operation, Measure | Barrier) or is_delay(item):
            self._items.append(item)
        elif isinstance(operation, Reset):
            self._items.append(item)
            self._last_pulse.pop(item.qubits[0], None)
        else:
            for name, angle, qubits in _steps(operation, item.qubits):
                self._add_step(name, angle, qubits)

    def _add_step(self, name: str, angle: float, qubits: Sequence[Qubit]) -> None:
        if name == "cz":
            self._items.append(CircuitInstruction(_CZ, qubits))
            return
        qubit = qubits[0]
        if name != "rz":
            pulse = self._last_pulse[qubit] = _Pulse(name, qubit)
            self._items.append(pulse)
        elif qubit in self._last_pulse:
            last = self._last_pulse[qubit]
            if last is None:
                self._items.append(CircuitInstruction(RZGate(angle), qubits))
            else:
                last.phase += angle


class _Pulse:
    """A pulse and the sum of the phases that follow it."""

    def __init__(self, name: str, qubit: Qubit) -> None:
        self._name = name
        self._qubit = qubit
        self.phase = 0.0

    def instruction(self) -> CircuitInstruction:
        """Return the pulse with its phase as one gate."""
        if not self.phase:
            return CircuitInstruction(_PULSE_GATES[self._name], (self._qubit,))
        theta, phi, lam = _PULSES[self._name]
        return CircuitInstruction(UGate(theta, phi + self.phase, lam), (self._qubit,))


def _conditional(item: CircuitInstruction, operation: IfElseOp) -> CircuitInstruction:
    """Rewrite the block of a conditional operation, gate by gate."""
    block = operation.blocks[0]
    new = block.copy_empty_like()
    for inner in block.data:
        if isinstance(inner.operation, Measure | Barrier | Reset) or is_delay(inner):
            new.append(inner)
            continue
        for name, angle, qubits in _steps(inner.operation, inner.qubits):
            gate = RZGate(angle) if name == "rz" else _CZ if name == "cz" else _PULSE_GATES[name]
            new.append(CircuitInstruction(gate, qubits))
    return item.replace(operation=IfElseOp(operation.condition, new))


def _steps(gate: Gate, qubits: Sequence[Qubit]) -> Iterator[tuple[str, float, Sequence[Qubit]]]:
    """Yield the native gates of a gate: name, angle and qubits."""
    is_known = gate.name in GATES and gate.base_class is GATES[gate.name].constructor
    if is_known and len(qubits) == 1:
        for name, angle in _one_qubit_steps(gate.name, tuple(map(float, gate.params))):
            yield name, angle, qubits
    elif is_known and gate.name == "cz":
        yield "cz", 0.0, qubits
    elif is_known and gate.name == "cx":
        target = qubits[1:]
        yield from ((name, angle, target) for name, angle in _one_qubit_steps("h", ()))
        yield "cz", 0.0, qubits
        yield from ((name, angle, target) for name, angle in _one_qubit_steps("h", ()))
    else:
        definition = gate.definition
        if definition is None:
            raise QoroInputError(
                f"gate {gate.name!r} has no definition, expected a gate of qelib1.inc or one that the "
                "program defines"
            )
        places = dict(zip(definition.qubits, qubits, strict=True))
        for inner in definition.data:
            if not isinstance(inner.operation, Barrier):
                yield from _steps(inner.operation, [places[bit] for bit in inner.qubits])


@lru_cache(maxsize=4096)
def _one_qubit_steps(name: str, angles: tuple[float, ...]) -> tuple[_Step, ...]:
    """Return pulses and phases that equal a one-qubit gate up to a global phase."""
    if name == "id":
        return ()
    if name in _PULSES:
        return ((name, 0.0),)
    if name == "rz":
        return (("rz", angles[0]),)
    for angle in angles:
        if not math.isfinite(angle):
            raise QoroInputError(f"gate {name!r} has the angles {list(angles)}, expected finite numbers")
    circuit = _DECOMPOSER(GATES[name].constructor(*angles).to_matrix())
    return tuple((item.name, float(item.params[0]) if item.params else 0.0) for item in circuit.data)
