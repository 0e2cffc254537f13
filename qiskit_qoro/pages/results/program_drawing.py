"""From the text of a program to the drawing of its circuit and a description in words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qiskit_qoro.display.circuits.drawing import draw_circuit
from qiskit_qoro.display.circuits.layout import (
    Condition,
    Family,
    Layout,
    Operation,
    Shape,
    Wires,
    arrange,
)
from qiskit_qoro.display.reprs import counted, short_text
from qiskit_qoro.pages.results.gate_looks import LOOKS, GateLook
from qiskit_qoro.qasm.read.outline import OutlinedOperation, ProgramOutline, Register, outline_program

__all__ = ["draw_program"]

_LONGEST_NAME, _LONGEST_DETAIL, _LONGEST_TOOLTIP, _KINDS_NAMED = 14, 24, 300, 8
_MOST_WITH_IDLE_QUBITS = 12
_DENOMINATORS = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64)
_MAX_NUMERATOR = 16
_PI = re.compile(r"\bpi\b")


def draw_program(program: str, parameters: Mapping[str, float]) -> tuple[str, str]:
    """Draw the circuit of a program.

    Args:
        program: OpenQASM 2, or a template.
        parameters: The parameters of a template with their values.

    Returns:
        The SVG element, and the circuit in words. Both are empty if the text cannot be drawn.
    """
    outline = outline_program(program, list(parameters))
    if outline is None or not outline.qregs:
        return "", ""
    names, operations, num_idle = _without_idle_qubits(outline)
    bits = [(position, index) for position, (_, size) in enumerate(outline.cregs) for index in range(size)]
    positions = {register.name: position for position, register in enumerate(outline.cregs)}
    reader = _OperationReader(names, outline.cregs, bits, positions, parameters)
    registers = [(short_text(name, _LONGEST_NAME), size) for name, size in outline.cregs]
    layout = arrange(Wires(names, registers), map(reader.convert, operations))
    words = _describe(outline, layout, num_idle, len(operations) - len(layout.placed))
    return draw_circuit("Circuit", words, layout), words


def _without_idle_qubits(
    outline: ProgramOutline,
) -> tuple[list[tuple[str, str]], Sequence[OutlinedOperation], int]:
    """Leave out idle qubits: a circuit for a device has all qubits of the device, and uses few of them.

    Returns:
        The names of the qubits that are drawn, the operations on these qubits, and the number of qubits that
        are left out.
    """
    names = _names_of_bits(outline.qregs)
    used = {
        qubit for operation in outline.operations if operation.name != "barrier" for qubit in operation.qubits
    }
    # Of a long program the last operations are unknown, so any qubit may have one.
    if len(names) <= _MOST_WITH_IDLE_QUBITS or not used or not outline.is_complete:
        return names, outline.operations, 0
    drawn = sorted(used)
    new = {qubit: index for index, qubit in enumerate(drawn)}
    moved = [
        operation._replace(qubits=tuple(new[qubit] for qubit in operation.qubits if qubit in used))
        for operation in outline.operations
    ]
    operations = [operation for operation in moved if operation.qubits]  # a barrier may have idle qubits only
    return [names[qubit] for qubit in drawn], operations, len(names) - len(drawn)


def _names_of_bits(registers: Sequence[Register]) -> list[tuple[str, str]]:
    """Name each bit as Qiskit does: without an index if its register has a single bit."""
    return [
        (short_text(name, _LONGEST_NAME), str(index) if size > 1 else "")
        for name, size in registers
        for index in range(size)
    ]


@dataclass(frozen=True)
class _OperationReader:
    """Converts operations to what is drawn."""

    names: Sequence[tuple[str, str]]
    cregs: Sequence[Register]
    bits: Sequence[tuple[int, int]]
    positions: Mapping[str, int]
    parameters: Mapping[str, float]

    def convert(self, operation: OutlinedOperation) -> Operation:
        """Convert an operation."""
        if operation.name == "barrier":
            return Operation(
                "barrier", operation.qubits, shape=Shape.BARRIER, condition=self._condition(operation)
            )
        look = LOOKS.get(operation.name)
        if look is None or look.num_qubits != len(operation.qubits):
            look = GateLook(short_text(operation.name, _LONGEST_NAME), Family.OTHER, len(operation.qubits))
        angles = _split(operation.angles)
        detail = short_text(", ".join(map(_angle_text, angles)), _LONGEST_DETAIL)
        bit = self.bits[operation.clbits[0]] if operation.clbits else None
        if bit is not None:
            name, size = self.cregs[bit[0]]
            detail = short_text(f"{name}{bit[1]}" if size > 1 else name, 6)
        return Operation(
            look.name,
            operation.qubits[look.num_controls :],
            operation.qubits[: look.num_controls],
            detail,
            look.shape,
            look.family,
            bit,
            self._condition(operation),
            self._tooltip(operation, angles),
        )

    def _condition(self, operation: OutlinedOperation) -> Condition | None:
        if operation.condition is None:
            return None
        register, value = operation.condition
        return Condition(self.positions[register], f"= {value}")

    def _tooltip(self, operation: OutlinedOperation, angles: Sequence[str]) -> str:
        condition = "" if operation.condition is None else "if {} = {}: ".format(*operation.condition)
        given = f"({', '.join(angles)})" if angles else ""
        qubits = ", ".join(
            f"{name}{index and f'[{index}]'}" for name, index in map(self.names.__getitem__, operation.qubits)
        )
        target = ""
        if operation.clbits:
            register, index = self.bits[operation.clbits[0]]
            target = f" → {self.cregs[register].name}[{index}]"
        values = [f"{angle} = {self.parameters[angle]:.6g}" for angle in angles if angle in self.parameters]
        known = f"; {', '.join(values)}" if values else ""
        return short_text(f"{condition}{operation.name}{given} {qubits}{target}{known}", _LONGEST_TOOLTIP)


def _split(angles: str) -> list[str]:
    """Split a list of angles at the commas outside of brackets."""
    if not angles.strip():
        return []
    found, depth, start = [], 0, 0
    for place, character in enumerate(angles):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            found.append(angles[start:place].strip())
            start = place + 1
    return [*found, angles[start:].strip()]


def _angle_text(angle: str) -> str:
    """Return an angle as it is drawn: a fraction of π if it is one, or else with few digits."""
    try:
        value = float(angle)
    except ValueError:
        return _PI.sub("π", angle).replace("*π", "π").replace("-", "−")
    for denominator in _DENOMINATORS:
        numerator = round(value / math.pi * denominator)
        if 0 < abs(numerator) <= _MAX_NUMERATOR and math.isclose(
            value, numerator * math.pi / denominator, rel_tol=1e-9
        ):
            sign, factor = "−" if numerator < 0 else "", abs(numerator)
            over = f"/{denominator}" if denominator > 1 else ""
            return f"{sign}{factor if factor > 1 else ''}π{over}"
    return f"{value + 0.0:.3g}".replace("-", "−")  # no minus sign at a zero


def _describe(outline: ProgramOutline, layout: Layout, num_idle: int, left_out: int) -> str:
    """Describe a circuit in words: its size, its gates, and what is not drawn.

    Args:
        outline: The circuit.
        layout: What is drawn of it.
        num_idle: The number of idle qubits that are not drawn.
        left_out: The number of operations that are not drawn.
    """
    num_qubits = sum(size for _, size in outline.qregs)
    num_clbits = sum(size for _, size in outline.cregs)
    size = [counted(num_qubits, "qubit")]
    if num_clbits:
        size.append(counted(num_clbits, "classical bit"))
    if outline.is_complete:
        size.append(f"depth {_depth(outline):,}")
    numbers = Counter(operation.name for operation in outline.operations)
    named = [f"{number:,} {short_text(name, 24)}" for name, number in numbers.most_common(_KINDS_NAMED)]
    others = sum(numbers.values()) - sum(number for _, number in numbers.most_common(_KINDS_NAMED))
    named += [f"{others:,} others"] if others else []
    sentences = [", ".join(size) + "."]
    if named:
        start = (
            "Operations" if outline.is_complete else f"Among the first {len(outline.operations):,} operations"
        )
        sentences.append(f"{start}: {', '.join(named)}.")
    if num_idle:
        sentences.append(f"The drawing leaves out {counted(num_idle, 'qubit')} without operations.")
    if layout.num_qubits_left_out:
        sentences.append(f"The drawing leaves out the last {counted(layout.num_qubits_left_out, 'qubit')}.")
    if layout.num_registers_left_out:
        registers = counted(layout.num_registers_left_out, "classical register")
        sentences.append(f"The drawing leaves out the last {registers}.")
    if left_out or not outline.is_complete:
        more = "" if outline.is_complete else "more than "
        sentences.append(f"The drawing leaves out {more}{counted(left_out, 'operation')}.")
    return " ".join(sentences)


def _depth(outline: ProgramOutline) -> int:
    """Return the depth as Qiskit counts it: barriers keep operations apart, but do not count."""
    num_qubits = sum(size for _, size in outline.qregs)
    starts: dict[str, range] = {}
    start = num_qubits
    for name, size in outline.cregs:
        starts[name] = range(start, start + size)
        start += size
    levels = [0] * start
    for operation in outline.operations:
        wires = [*operation.qubits, *(num_qubits + bit for bit in operation.clbits)]
        if operation.condition is not None:
            wires += starts[operation.condition[0]]
        level = max([levels[wire] for wire in wires]) + (operation.name != "barrier")
        for wire in wires:
            levels[wire] = level
    return max(levels, default=0)
