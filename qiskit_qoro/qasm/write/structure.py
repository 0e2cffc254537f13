"""The structure of a circuit: everything that its program depends on, except its numbers.

Circuits with the same structure have programs that differ only in the numbers of their angles. To collect the
structure takes a fraction of the time that writing takes. It is collected from the contents of the circuit,
so a circuit that is changed in place has another structure.

Only circuits of standard gates, measurements, resets and barriers have a structure here. Other operations,
such as a user's gate, can change in place without a trace.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, cast

from qiskit.circuit import Barrier, Measure, Parameter, ParameterExpression, Reset

from qiskit_qoro.qasm.write.angles import key_of_angle

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["bits_of", "key_of_expression", "structure_of"]

_OTHERS = frozenset({Barrier, Measure, Reset})


def structure_of(circuit: QuantumCircuit) -> tuple[Hashable, list[float]] | None:
    """Return a key for the structure of a circuit, and the numbers that the key does not contain.

    Args:
        circuit: The circuit.

    Returns:
        The key and the numbers. Circuits with equal keys and equal numbers have the same program. ``None`` if
        the circuit has no such key.
    """
    numbers: list[float] = []
    items: list[Hashable] = []
    for item in circuit.data:
        name = item.name
        if not item.is_standard_gate():
            kind = getattr(item.operation, "base_class", None)
            if kind not in _OTHERS:
                return None
            items.append((kind, item.qubits, item.clbits))
        elif params := item.params:
            angles: list[Hashable] = []
            for value in params:
                if type(value) is float:
                    numbers.append(value)
                    angles.append(None)
                elif isinstance(value, ParameterExpression):
                    angles.append(key_of_expression(value))
                else:  # some releases keep integers as they are
                    return None
            items.append((name, item.qubits, *angles))
        else:
            items.append((name, item.qubits))
    return (tuple(circuit.qubits), tuple(circuit.clbits), tuple(items)), numbers


def bits_of(numbers: Iterable[float]) -> bytes:
    """Return the bits of numbers, to compare them: 0.0 and -0.0 are equal but are written differently."""
    return array("d", numbers).tobytes()


def key_of_expression(expression: ParameterExpression) -> Hashable:
    """Return a key for an expression. Equal keys mean the same computation with the same constants."""
    # Some releases of Qiskit take constants for equal that differ in their last bits, but print all digits.
    if isinstance(expression, Parameter):
        return cast("Hashable", expression)
    return key_of_angle(expression), str(expression)
