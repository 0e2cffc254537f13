"""Merge virtual gates into real ones, so that only real gates are followed by noise.

On many devices a rotation about Z is virtual: it changes the frame of the pulses after it, takes no time and
has no error. The engine applies the noise of one-qubit gates after every gate. A rotation about Z commutes
with depolarizing noise and with thermal relaxation, with controls, and with diagonal gates. It can therefore
be moved past them to a real one-qubit gate on the same qubit, and become part of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Gate
from qiskit.circuit.library import CXGate, RZGate, UGate, standard_gates
from qiskit.synthesis import OneQubitEulerDecomposer

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.delays import DELAY_GATE

__all__ = ["merge_virtual_gates"]

# The angle of each gate that is a rotation about Z up to a phase; None if it is the gate's parameter.
_VIRTUAL: Mapping[str, float | None] = {
    "rz": None,
    "p": None,
    "u1": None,
    "z": math.pi,
    "s": math.pi / 2,
    "sdg": -math.pi / 2,
    "t": math.pi / 4,
    "tdg": -math.pi / 4,
}

# Rotations about Z commute with these operations, on all their qubits or on the first one only.
_DIAGONAL = frozenset({DELAY_GATE, "barrier", "ccz", "cp", "crz", "cs", "csdg", "cu1", "cz", "delay", "rzz"})
_CONTROLLED = frozenset({"ch", "crx", "cry", "csx", "cu", "cu3", "cx", "cy"})

# They end the influence of a rotation about Z.
_ENDS = frozenset({"measure", "reset"})

_HALF_TURN = math.pi / 2
_EULER = OneQubitEulerDecomposer("U")

# ECR is a CX after local gates. Noise that follows the CX then acts after all of it.
_X = standard_gates.XGate().to_matrix()
_ECR_LOCAL_GATES = (
    _X @ standard_gates.SGate().to_matrix(),
    _X @ standard_gates.SXGate().to_matrix(),
)


@dataclass
class _Item:
    """An operation of the new circuit.

    Attributes:
        operation: The operation.
        qubits: Its qubits.
        clbits: Its classical bits.
        before: The angle of a rotation about Z that is merged into it from before, or ``None``.
        after: The same from after it.
    """

    operation: Any
    qubits: Any
    clbits: Any
    before: Any = None
    after: Any = None

    def merged(self) -> Any:
        """Return the operation with the rotations that were merged into it."""
        if self.before is None and self.after is None:
            return self.operation
        theta, phi, lam = _angles(self.operation) or (0, 0, 0)  # only gates with angles are merged
        return UGate(theta, _sum(phi, self.after), _sum(lam, self.before))


def merge_virtual_gates(circuit: QuantumCircuit) -> QuantumCircuit:
    """Merge the rotations about Z of a circuit into other one-qubit gates, for simulations with noise.

    Use it after transpiling a circuit for a device whose rotations about Z are virtual, such as the devices
    of IBM, together with the noise model that
    :meth:`NoiseModel.from_backend <qiskit_qoro.models.noise.model.NoiseModel.from_backend>` returns::

        circuit = merge_virtual_gates(transpile(circuit, device))

    Rotations between two gates that they do not commute with, such as the target of two CX gates, remain.
    ``id`` becomes a rotation by 0, because the engine applies no noise after ``id``. ``ecr`` becomes a CX
    after local gates. Blocks of control flow are left as they are.

    Args:
        circuit: The circuit, in the gates of the device. It may have parameters. It is not changed.

    Returns:
        A circuit with the same effect, up to a global phase.

    Raises:
        QoroInputError: The argument is not a circuit.
    """
    if not isinstance(circuit, QuantumCircuit):
        raise QoroInputError(f"circuit is {type(circuit).__name__}, expected one QuantumCircuit")
    items: list[_Item] = []
    # The angle of the rotation that has not been merged yet, and the gate it could still be merged into, of
    # each qubit.
    pending: dict[Any, Any] = {}
    earlier: dict[Any, _Item] = {}

    def settle(qubit: Any) -> None:
        angle = pending.pop(qubit, None)
        if angle is None:
            return
        if qubit in earlier:
            earlier[qubit].after = _sum(angle, earlier[qubit].after)
        else:
            items.append(_Item(RZGate(angle), [qubit], []))

    def add_gate(gate: Gate, qubit: Any) -> None:
        earlier[qubit] = _Item(gate, [qubit], [], before=pending.pop(qubit, None))
        items.append(earlier[qubit])

    for instruction in circuit.data:
        operation, qubits = instruction.operation, instruction.qubits
        name = operation.name
        if name in _VIRTUAL:
            angle = operation.params[0] if _VIRTUAL[name] is None else _VIRTUAL[name]
            pending[qubits[0]] = _sum(angle, pending.get(qubits[0]))
            continue
        if name == "ecr":
            for qubit, matrix in zip(qubits, _ECR_LOCAL_GATES, strict=True):
                add_gate(UGate(*_EULER.angles(matrix)), qubit)
            operation, name = CXGate(), "cx"
        elif len(qubits) == 1 and name not in _DIAGONAL and _angles(operation) is not None:
            add_gate(UGate(0, 0, 0) if name == "id" else operation, qubits[0])
            continue
        passed = qubits if name in _DIAGONAL else qubits[:1] if name in _CONTROLLED else ()
        for qubit in qubits:
            if name in _ENDS:
                pending.pop(qubit, None)
            elif qubit not in passed or qubit in earlier:
                settle(qubit)
            if qubit not in passed:
                earlier.pop(qubit, None)
        items.append(_Item(operation, qubits, instruction.clbits))
    for qubit in list(pending):
        settle(qubit)
    merged = circuit.copy_empty_like()
    for item in items:
        merged.append(item.merged(), item.qubits, item.clbits)
    return merged


def _angles(operation: Any) -> tuple[Any, Any, Any] | None:
    """Return the angles of a one-qubit gate as ``u`` gate up to a phase, or ``None`` if there are none."""
    name, params = operation.name, operation.params
    if name in ("u", "u3"):
        return params[0], params[1], params[2]
    if name == "u2":
        return _HALF_TURN, params[0], params[1]
    if name == "rx":
        return params[0], -_HALF_TURN, _HALF_TURN
    if name == "ry":
        return params[0], 0.0, 0.0
    if not isinstance(operation, Gate) or operation.num_qubits != 1 or operation.is_parameterized():
        return None
    theta, phi, lam = _EULER.angles(np.asarray(operation))
    return theta, phi, lam


def _sum(angle: Any, other: Any) -> Any:
    return angle if other is None else angle + other
