"""A writer that writes circuits of the same structure once, and fills in the numbers of the others.

The second circuit of a structure is written with a parameter in place of each number. If the text contains
these parameters only as they are, a number belongs in the place of each of them, because both ways of writing
follow the same steps. If it contains an expression of them, all circuits of this structure are written
singly.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from qiskit.circuit import Parameter, ParameterExpression

from qiskit_qoro.bounded_cache import BoundedCache
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.limits import DEFAULT_LIMITS
from qiskit_qoro.qasm.write.structure import bits_of, structure_of
from qiskit_qoro.qasm.write.style import WHOLE_CIRCUIT, ProgramStyle
from qiskit_qoro.qasm.write.template_writer import NAMES, ParametricProgram, write_template
from qiskit_qoro.qasm.write.writer import Program, write_program

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["ProgramCache"]

# The maximum number of instructions of all circuits in the cache. An instruction takes about 250 bytes.
_MAX_INSTRUCTIONS = 20_000


@dataclass(frozen=True)
class _Skeleton:
    """The program of all circuits of one structure.

    Attributes:
        program: The program without its text.
        pieces: The text around the numbers, one piece more than there are numbers in the text.
        numbers: For each number in the text, its index in the numbers of a circuit.
    """

    program: Program
    pieces: tuple[str, ...]
    numbers: tuple[int, ...]

    def fill(self, numbers: Sequence[float]) -> Program:
        """Return the program of a circuit with these numbers."""
        spelled = list(map(repr, numbers))
        text = [""] * (2 * len(self.numbers) + 1)
        text[::2] = self.pieces
        text[1::2] = [spelled[index] for index in self.numbers]
        return replace(self.program, text="".join(text))


class _Seen(Enum):
    """What is known about a structure without a skeleton.

    Attributes:
        ONCE: One circuit of the structure was written. Most structures occur only once.
        UNFIT: All circuits of the structure have to be written singly.
    """

    ONCE = auto()
    UNFIT = auto()


class ProgramCache:
    """Writes circuits, and caches what circuits of the same structure have in common.

    Threads and forked processes may use it. A copy is empty.
    """

    def __init__(self) -> None:
        self._skeletons = BoundedCache[_Skeleton | _Seen](_MAX_INSTRUCTIONS)
        self._templates = BoundedCache[ParametricProgram](_MAX_INSTRUCTIONS)

    def write_program(self, circuit: QuantumCircuit, *, style: ProgramStyle = WHOLE_CIRCUIT) -> Program:
        """Write a circuit, with the same result as :func:`~qiskit_qoro.qasm.write.writer.write_program`.

        Args:
            circuit: The circuit.
            style: As for that function.

        Raises:
            QoroInputError: As for that function.
        """
        found = _structure_of(circuit)
        # The sum of finite numbers may overflow. The circuit is then written singly.
        if found is None or not math.isfinite(sum(found[1])):
            return write_program(circuit, style=style)
        structure, numbers = found
        key = structure, style
        skeleton = self._skeletons.get(key)
        if skeleton is _Seen.ONCE:
            skeleton = _write_skeleton(circuit, style) or _Seen.UNFIT
            self._skeletons.add(key, skeleton, size=len(circuit.data))
        if isinstance(skeleton, _Skeleton):
            program = skeleton.fill(numbers)
            if len(program.text) <= DEFAULT_LIMITS.text_bytes:
                return program
        program = write_program(circuit, style=style)
        if skeleton is None:
            self._skeletons.add(key, _Seen.ONCE, size=len(circuit.data))
        return program

    def write_template(
        self, circuit: QuantumCircuit, *, style: ProgramStyle = WHOLE_CIRCUIT
    ) -> ParametricProgram:
        """Write a template, as :func:`~qiskit_qoro.qasm.write.template_writer.write_template` does.

        Args:
            circuit: The circuit.
            style: As for that function.

        Raises:
            QoroInputError: As for that function.
        """
        found = _structure_of(circuit)
        if found is None:
            return write_template(circuit, style=style)
        structure, numbers = found
        key = structure, bits_of(numbers), style
        template = self._templates.get(key)
        if template is None:
            template = write_template(circuit, style=style)
            self._templates.add(key, template, size=len(circuit.data))
        return template


def _structure_of(circuit: QuantumCircuit) -> tuple[Hashable, list[float]] | None:
    # Circuits that are too large for the cache are not examined.
    return structure_of(circuit) if len(circuit.data) <= _MAX_INSTRUCTIONS else None


def _write_skeleton(circuit: QuantumCircuit, style: ProgramStyle) -> _Skeleton | None:
    """Write a circuit without its numbers; return ``None`` if they cannot be filled in."""
    symbolic = circuit.copy_empty_like()
    symbolic.global_phase = 0  # its parameters could have the same names as those below
    index_of: dict[ParameterExpression, int] = {}
    for item in circuit.data:
        params = list(item.params)
        for position, value in enumerate(params):
            if type(value) is float:
                params[position] = Parameter(f"number{len(index_of)}")
                index_of[params[position]] = len(index_of)
        if not params:
            symbolic.append(item)
            continue
        # Replacing the parameters of the item instead keeps the numbers of an operation that was accessed
        # before, or that Qiskit's parser made.
        operation = item.operation.copy()
        operation.params = params
        symbolic.append(item.replace(operation=operation))
    try:
        template = write_template(symbolic, style=style)
    except QoroInputError:  # a gate can only be written if its angles are known
        return None
    if any(expression not in index_of for expression in template.expressions):
        return None
    pieces = NAMES.split(template.program.text)
    numbers = dict(zip(template.names, map(index_of.__getitem__, template.expressions), strict=True))
    if len(numbers) < len(index_of):  # the definition of a gate leaves out one of its angles
        return None
    return _Skeleton(
        replace(template.program, text=""),
        tuple(pieces[::2]),
        tuple(numbers[name] for name in pieces[1::2]),
    )
