"""Writing a circuit with free parameters as a template: OpenQASM 2 in which angles are names.

Each different expression of parameters becomes one name, wherever it stands, so that the values of a row are
those of the expressions and not of the parameters: the service then only has to put numbers in place of
names, and never computes. Angles of gates that are written by their definition are expressions of the same
parameters, and are found in the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qiskit.circuit import ParameterExpression

from qiskit_qoro.qasm.write.angles import key_of_angle
from qiskit_qoro.qasm.write.writer import Program, write_program

if TYPE_CHECKING:
    from collections.abc import Hashable

    from qiskit import QuantumCircuit

__all__ = ["ParametricProgram", "write_template"]

_NAME = re.compile(r"\ba[0-9]+\b")


@dataclass(frozen=True)
class ParametricProgram:
    """A circuit as a template.

    Attributes:
        program: The template; its text uses the names as angles.
        names: The names, in order of first appearance; none where the circuit has no free parameters.
        expressions: What each name stands for.
    """

    program: Program
    names: tuple[str, ...]
    expressions: tuple[ParameterExpression, ...]


def write_template(circuit: QuantumCircuit, *, drop_idle_qubits: bool = False) -> ParametricProgram:
    """Write a circuit as a template.

    The same circuit always gives the same text.

    Args:
        circuit: The circuit, with any number of free parameters.
        drop_idle_qubits: As for :func:`~qiskit_qoro.qasm.write.writer.write_program`.

    Returns:
        The template with its names and what they stand for.

    Raises:
        QoroInputError: An instruction cannot be written; the message names it and its index. A gate whose
            definition has to know the values of its parameters is such.
    """
    names: dict[Hashable, tuple[ParameterExpression, str]] = {}
    spelled = dict[int, tuple[ParameterExpression, str]]()

    def spell(expression: ParameterExpression) -> str:
        # The same object comes often, and to look an expression up by value is slow.
        known = spelled.get(id(expression))
        if known is None:
            known = names.setdefault(key_of_angle(expression), (expression, f"a{len(names)}"))
            spelled[id(expression)] = (expression, known[1])
        return known[1]

    program = write_program(circuit, drop_idle_qubits=drop_idle_qubits, spell_symbol=spell)
    # A gate written by its definition need not use its own angles.
    used = set(_NAME.findall(program.text)) if names else set()
    pairs = [(name, expression) for expression, name in names.values() if name in used]
    return ParametricProgram(program, tuple(name for name, _ in pairs), tuple(item for _, item in pairs))
