"""Rewrite circuits in the gates of a device: pulses ``sx`` and ``x``, phases ``rz``, and ``cz`` or ``cx``.

On such a device ``rz`` is a change of the phase of later pulses, so it makes no errors. The engine, however,
applies errors after every gate. So each ``rz`` becomes a part of a pulse on the same qubit: of the last one
before it, or else of the next one after it. This is exact: ``rz`` commutes with everything that can be in
between, which is ``cz``, the control of ``cx``, depolarizing errors, decay and measurements. Before the first
pulse, the qubit is in state 0 or a mixture of 0 and 1, which ``rz`` does not change.

``rz`` does not commute with the target of ``cx`` and with conditional gates. Between two of them without a
pulse, it remains a gate with errors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, CircuitInstruction, Gate, IfElseOp, Measure, Qubit, Reset
from qiskit.circuit.library import CXGate, CZGate, RZGate, SXGate, UGate, XGate
from qiskit.synthesis import OneQubitEulerDecomposer

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.delays import is_delay
from qiskit_qoro.qasm.gates import GATES

__all__ = ["CX_GATES", "NATIVE_GATES", "to_native_gates"]

NATIVE_GATES = frozenset({"id", "rz", "sx", "x", "cz"})
"""The gates of the simulated QPUs."""

CX_GATES = frozenset({"id", "rz", "sx", "x", "cx"})
"""The gates of devices with ``cx`` in place of ``cz``."""

_DECOMPOSER = OneQubitEulerDecomposer("ZSXX")
_HALF_PI = math.pi / 2
# Each pulse as the angles of ``u(theta, phi, lambda)``. A phase after it adds to phi, one before to lambda.
_PULSES = {"sx": (_HALF_PI, -_HALF_PI, _HALF_PI), "x": (math.pi, 0.0, math.pi)}
_GATES: dict[str, Gate] = {"sx": SXGate(), "x": XGate(), "cz": CZGate(), "cx": CXGate()}

_Step = tuple[str, float, Sequence[Qubit]]  # name, angle (0.0 unless it is "rz"), and qubits


def to_native_gates(circuit: QuantumCircuit, basis_gates: frozenset[str] = NATIVE_GATES) -> QuantumCircuit:
    """Return the circuit in native gates, up to a global phase.

    Args:
        circuit: A circuit from Qiskit's OpenQASM 2 parser.
        basis_gates: :data:`NATIVE_GATES` or :data:`CX_GATES`.

    Returns:
        A circuit on the same bits. ``u`` stands for a pulse with phases.

    Raises:
        QoroInputError: A gate has no definition, or an angle is not finite.
    """
    return _Rewriter(circuit, "cz" if "cz" in basis_gates else "cx").rewrite()


class _Pulse:
    """A pulse on a qubit, and the phases before and after it."""

    def __init__(self, name: str, qubit: Qubit, before: float) -> None:
        self._name = name
        self._qubit = qubit
        self._before = before
        self.after = 0.0

    def instruction(self) -> CircuitInstruction:
        """Return the pulse with its phases as one gate."""
        if not self._before and not self.after:
            return CircuitInstruction(_GATES[self._name], (self._qubit,))
        theta, phi, lam = _PULSES[self._name]
        return CircuitInstruction(UGate(theta, phi + self.after, lam + self._before), (self._qubit,))


class _Rewriter:
    """Rewrites one circuit.

    Attributes:
        _items: The new instructions.
        _last_pulse: The pulse that can take the phases of each qubit. ``None`` if something that does not
            commute with phases followed it. Missing if the qubit is in state 0 or a mixture of 0 and 1.
        _pending: The phase of each qubit that the next pulse has to take.
    """

    def __init__(self, circuit: QuantumCircuit, entangler: str) -> None:
        self._circuit = circuit
        self._entangler = entangler
        self._items: list[CircuitInstruction | _Pulse] = []
        self._last_pulse: dict[Qubit, _Pulse | None] = {}
        self._pending: dict[Qubit, float] = {}

    def rewrite(self) -> QuantumCircuit:
        for item in self._circuit.data:
            self._add(item)
        self._block_phases(list(self._pending))
        new = self._circuit.copy_empty_like()
        for item in self._items:
            new.append(item.instruction() if isinstance(item, _Pulse) else item)
        return new

    def _add(self, item: CircuitInstruction) -> None:
        operation = item.operation
        if isinstance(operation, IfElseOp):
            self._block_phases(item.qubits)
            self._items.append(_conditional(item, operation, self._entangler))
        elif isinstance(operation, Measure | Barrier) or is_delay(item):
            self._items.append(item)
        elif isinstance(operation, Reset):
            self._items.append(item)
            self._pending.pop(item.qubits[0], None)
            self._last_pulse.pop(item.qubits[0], None)
        else:
            for step in _steps(operation, item.qubits, self._entangler):
                self._add_step(*step)

    def _add_step(self, name: str, angle: float, qubits: Sequence[Qubit]) -> None:
        qubit = qubits[0]
        if len(qubits) == 2:
            if name == "cx":
                self._block_phases(qubits[1:])
            self._items.append(CircuitInstruction(_GATES[name], qubits))
        elif name != "rz":
            pulse = self._last_pulse[qubit] = _Pulse(name, qubit, self._pending.pop(qubit, 0.0))
            self._items.append(pulse)
        elif qubit in self._last_pulse:
            last = self._last_pulse[qubit]
            if last is None:
                self._pending[qubit] = self._pending.get(qubit, 0.0) + angle
            else:
                last.after += angle

    def _block_phases(self, qubits: Sequence[Qubit]) -> None:
        """Write the pending phases of qubits. Later phases cannot be moved before this place."""
        for qubit in qubits:
            angle = self._pending.pop(qubit, 0.0)
            if angle:
                self._items.append(CircuitInstruction(RZGate(angle), (qubit,)))
            self._last_pulse[qubit] = None


def _conditional(item: CircuitInstruction, operation: IfElseOp, entangler: str) -> CircuitInstruction:
    """Rewrite the block of a conditional operation, gate by gate."""
    block = operation.blocks[0]
    new = block.copy_empty_like()
    for inner in block.data:
        if isinstance(inner.operation, Measure | Barrier | Reset) or is_delay(inner):
            new.append(inner)
            continue
        for name, angle, qubits in _steps(inner.operation, inner.qubits, entangler):
            new.append(CircuitInstruction(RZGate(angle) if name == "rz" else _GATES[name], qubits))
    return item.replace(operation=IfElseOp(operation.condition, new))


def _steps(gate: Gate, qubits: Sequence[Qubit], entangler: str) -> Iterator[_Step]:
    """Yield the native gates of a gate."""
    is_known = gate.name in GATES and gate.base_class is GATES[gate.name].constructor
    if is_known and len(qubits) == 1:
        for name, angle in _one_qubit_steps(gate.name, tuple(map(float, gate.params))):
            yield name, angle, qubits
    elif is_known and gate.name == entangler:
        yield entangler, 0.0, qubits
    elif is_known and gate.name in ("cx", "cz"):
        basis_change: list[_Step] = [(*step, qubits[1:]) for step in _one_qubit_steps("h", ())]
        yield from basis_change
        yield entangler, 0.0, qubits
        yield from basis_change
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
                yield from _steps(inner.operation, [places[bit] for bit in inner.qubits], entangler)


@lru_cache(maxsize=4096)
def _one_qubit_steps(name: str, angles: tuple[float, ...]) -> tuple[tuple[str, float], ...]:
    """Return pulses and phases that equal a one-qubit gate up to a global phase."""
    if name == "id":
        return ()
    if name in _PULSES:
        return ((name, 0.0),)
    for angle in angles:
        if not math.isfinite(angle):
            raise QoroInputError(f"gate {name!r} has the angles {list(angles)}, expected finite numbers")
    if name == "rz":
        return (("rz", angles[0]),)
    circuit = _DECOMPOSER(GATES[name].constructor(*angles).to_matrix())
    return tuple((item.name, float(item.params[0]) if item.params else 0.0) for item in circuit.data)
