"""Rewrite circuits in the gates of a device: pulses ``sx`` and ``x``, phases ``rz``, and ``cz`` or ``cx``.

On such a device ``rz`` is virtual: it makes no errors. The engine, however, applies errors after every gate.
So each ``rz`` becomes a part of a pulse on the same qubit, if possible
(:mod:`qiskit_qoro.qasm.virtual_gates`). In conditional operations, which the engine runs without errors, it
remains a gate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, CircuitInstruction, Gate, IfElseOp, Measure, Qubit, Reset
from qiskit.circuit.library import CXGate, CZGate, RZGate, SXGate, XGate
from qiskit.synthesis import OneQubitEulerDecomposer

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.engine_program import NATIVE_GATES
from qiskit_qoro.qasm.delays import is_delay
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.read.parser import gate_definition
from qiskit_qoro.qasm.virtual_gates import merge_virtual_gates

__all__ = ["to_native_gates"]

_DECOMPOSER = OneQubitEulerDecomposer("ZSXX")
_PULSES = ("sx", "x")
_GATES: dict[str, Gate] = {"sx": SXGate(), "x": XGate(), "cz": CZGate(), "cx": CXGate()}

_Step = tuple[str, float, Sequence[Qubit]]  # name, angle (0.0 unless it is "rz"), and qubits


def to_native_gates(circuit: QuantumCircuit, basis_gates: frozenset[str] = NATIVE_GATES) -> QuantumCircuit:
    """Return the circuit in native gates, up to a global phase.

    Args:
        circuit: A circuit from Qiskit's OpenQASM 2 parser.
        basis_gates: :data:`NATIVE_GATES <qiskit_qoro.local.engine.engine_program.NATIVE_GATES>` or
            :data:`CX_GATES <qiskit_qoro.local.engine.engine_program.CX_GATES>`.

    Returns:
        A circuit on the same bits. ``u`` stands for a pulse with phases.

    Raises:
        QoroInputError: A gate has no definition, or an angle is not finite.
    """
    return merge_virtual_gates(_expanded(circuit, "cz" if "cz" in basis_gates else "cx"))


def _expanded(circuit: QuantumCircuit, entangler: str) -> QuantumCircuit:
    """Return a circuit or a block in pulses, phases and the two-qubit gate."""
    native = circuit.copy_empty_like()
    for item in circuit.data:
        operation = item.operation
        if isinstance(operation, IfElseOp):
            (block,) = operation.blocks
            operation = IfElseOp(operation.condition, _expanded(block, entangler))
            native.append(item.replace(operation=operation))
        elif isinstance(operation, Measure | Barrier | Reset) or is_delay(item):
            native.append(item)
        else:
            for name, angle, qubits in _steps(operation, item.qubits, entangler):
                native.append(CircuitInstruction(RZGate(angle) if name == "rz" else _GATES[name], qubits))
    return native


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
        definition = gate_definition(gate)
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
