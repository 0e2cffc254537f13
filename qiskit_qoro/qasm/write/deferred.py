"""Lines whose text depends on the classical registers, and places where scratch bits change.

:class:`~qiskit_qoro.qasm.write.lines.Lines` collects them while a circuit is visited, and
:mod:`~qiskit_qoro.qasm.write.rendering` turns them into text. Scratch bits are numbered after the classical
bits of the circuit, and each use of a scratch bit has a number of its own. Rendering lets uses that do not
overlap share a bit.
"""

from __future__ import annotations

from dataclasses import dataclass

from qiskit_qoro.qasm.write.bit_conditions import Condition

__all__ = ["Clear", "ConditionalLine", "Deferred", "Latch"]


@dataclass(frozen=True, slots=True)
class ConditionalLine:
    """An operation with a condition, or a measurement.

    Attributes:
        text: The line without its condition and, for a measurement, without its classical bit.
        clbit: The classical bit that a measurement writes, or ``None`` for other operations.
        condition: When the line runs.
        instruction: The index of the circuit's instruction, for error messages.
    """

    text: str
    clbit: int | None
    condition: Condition
    instruction: int


@dataclass(frozen=True, slots=True)
class Latch:
    """Makes a scratch bit 1 if a condition is true. Otherwise the bit keeps its value.

    Attributes:
        bit: The scratch bit. If it was not used before, it is 0.
        condition: The condition.
        instruction: The index of the circuit's instruction, for error messages.
    """

    bit: int
    condition: Condition
    instruction: int


@dataclass(frozen=True, slots=True)
class Clear:
    """Makes a scratch bit 0 and ends its use.

    Attributes:
        bit: The scratch bit.
        instruction: The index of the circuit's instruction, for error messages.
    """

    bit: int
    instruction: int


Deferred = ConditionalLine | Latch | Clear
"""What :class:`~qiskit_qoro.qasm.write.lines.Lines` collects."""
