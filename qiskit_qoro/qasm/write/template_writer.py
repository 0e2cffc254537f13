"""Writer for templates: circuits with free parameters as OpenQASM 2 with names as angles.

Each distinct parameter expression becomes one name, wherever it occurs. A row of values contains the values
of the expressions, not those of the parameters, so the service only replaces names by numbers and evaluates
nothing. The angles in definitions of gates are expressions of the same parameters and become names too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qiskit.circuit import ParameterExpression

from qiskit_qoro.qasm.write.angles import key_of_angle
from qiskit_qoro.qasm.write.style import WHOLE_CIRCUIT, ProgramStyle
from qiskit_qoro.qasm.write.writer import Program, write_program

if TYPE_CHECKING:
    from collections.abc import Hashable

    from qiskit import QuantumCircuit

__all__ = ["NAMES", "ParametricProgram", "write_template"]

NAMES = re.compile(r"\b(a[0-9]+)\b")
"""Matches the names in a template. Such words have no other meaning there."""


@dataclass(frozen=True)
class ParametricProgram:
    """A circuit as a template.

    Attributes:
        program: The template. Its text has the names as angles.
        names: The names, in order of first appearance. Empty if the circuit has no free parameters.
        expressions: The expression behind each name.
    """

    program: Program
    names: tuple[str, ...]
    expressions: tuple[ParameterExpression, ...]


def write_template(
    circuit: QuantumCircuit, *, style: ProgramStyle = WHOLE_CIRCUIT, single_use: bool = False
) -> ParametricProgram:
    """Write a circuit as a template.

    The same circuit always gives the same text.

    Args:
        circuit: The circuit, with any number of free parameters.
        style: As for :func:`~qiskit_qoro.qasm.write.writer.write_program`.
        single_use: Whether each occurrence of an expression gets a name of its own, so that the angles of
            single gates can be changed.

    Returns:
        The template, its names and their expressions.

    Raises:
        QoroInputError: An instruction cannot be written, for example because its definition needs the values
            of its parameters. The message names the instruction and its index.
    """
    by_value: dict[Hashable, tuple[ParameterExpression, str]] = {}
    # The same object occurs often, and hashing an expression is slow. Storing the expression keeps it alive,
    # so that its id stays unique.
    by_id: dict[int, tuple[ParameterExpression, str]] = {}

    def spell(expression: ParameterExpression) -> str:
        if single_use:
            name = f"a{len(by_value)}"
            by_value[name] = (expression, name)
            return name
        known = by_id.get(id(expression))
        if known is None:
            known = by_value.setdefault(key_of_angle(expression), (expression, f"a{len(by_value)}"))
            by_id[id(expression)] = (expression, known[1])
        return known[1]

    program = write_program(circuit, style=style, spell_symbol=spell)
    # A definition may leave out some of the gate's angles, so not all names are in the text.
    used = set(NAMES.findall(program.text)) if by_value else set()
    pairs = [(name, expression) for expression, name in by_value.values() if name in used]
    return ParametricProgram(program, tuple(name for name, _ in pairs), tuple(item for _, item in pairs))
