"""Writing circuits as flat OpenQASM 2 that the engine and Qiskit's parser read alike.

The text has one quantum register ``q`` and one operation a line. Bits are numbered by their place in the
circuit, so that registers of any kind (overlapping, permuted, loose bits, odd names) cannot matter; the
register layout stays with whoever has the circuit. There is one classical register ``c``, unless the circuit
has conditions: those look at whole registers, so that the bits are put into several, see
:attr:`Program.clbits`. Gates of the table :data:`qiskit_qoro.qasm.gates.GATES` are written by name, every
other one is replaced by its ``definition`` (or by what Qiskit synthesizes for it), in place and down to the
table, so that the text defines nothing. Control flow is lowered to ``if``
(:mod:`qiskit_qoro.qasm.write.control_flow`).

Left out, because neither counts nor expectation values can depend on it: the global phase of the circuit and
of each definition (a gate that controls a phase has it in its own definition), and delays, which
are timing only. Barriers stay. Angles are written with Python's ``repr``, which reads back as the same float.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Delay, Measure, ParameterExpression, Reset

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.limits import DEFAULT_LIMITS
from qiskit_qoro.qasm.write.angles import key_of_angle, spell_angle
from qiskit_qoro.qasm.write.control_flow import ControlFlow
from qiskit_qoro.qasm.write.definitions import definition_of
from qiskit_qoro.qasm.write.lines import Lines
from qiskit_qoro.qasm.write.unwritable import UnwritableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qiskit.circuit import CircuitInstruction

__all__ = ["Program", "SpellSymbol", "is_timing", "write_program"]

SpellSymbol = Callable[[ParameterExpression], str]
"""Writes an angle that has free parameters."""


@dataclass(frozen=True)
class Program:
    """A circuit as text.

    Attributes:
        text: The OpenQASM 2 program.
        num_qubits: The size of its register ``q``, at least 1.
        num_clbits: The size of all its classical registers together, which is the length of an outcome.
            There are no such registers when it is 0. Conditions may need scratch bits beside those of the
            circuit; they are 0 at the end, up to noise.
        qubits: The circuit's index of each qubit of ``q``, in order. It is empty for a circuit
            without qubits, whose text has one idle qubit; and conditions may need one more qubit, behind
            these.
        clbits: For each classical bit of the circuit, in the order of ``circuit.clbits``, where it stands in
            an outcome of the program: 0 is the rightmost character. ``(0, 1, 2, ...)`` unless the circuit has
            conditions that look at bits which are not neighbours. It is that too if it is not given.
    """

    text: str
    num_qubits: int
    num_clbits: int
    qubits: tuple[int, ...]
    clbits: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.clbits:
            object.__setattr__(self, "clbits", tuple(range(self.num_clbits)))


def write_program(
    circuit: QuantumCircuit,
    *,
    drop_idle_qubits: bool = False,
    keep_clbit_order: bool = False,
    spell_symbol: SpellSymbol | None = None,
) -> Program:
    """Write a circuit as OpenQASM 2.

    The same circuit always gives the same text.

    Args:
        circuit: The circuit, all parameters bound.
        drop_idle_qubits: Whether to leave out qubits that nothing but barriers and delays touches.
            The remaining ones keep their order, see :attr:`Program.qubits`. Classical bits all stay.
        keep_clbit_order: Whether the classical bits have to stand in an outcome as they stand in the circuit,
            with scratch bits to their left. Conditions on bits that are not neighbours are then longer.
        spell_symbol: Writes each angle that has free parameters; without it they are refused. It may be
            called for angles that are not written.

    Returns:
        The program.

    Raises:
        QoroInputError: An instruction cannot be written: it has an unbound parameter or an angle
            that is no finite real number, it is control flow that cannot be lowered or acts on real-time
            variables, or it is neither a known gate nor has a definition, or the program would be too
            long. The message names the instruction and its index in the circuit.
    """
    kept = _used_qubits(circuit) if drop_idle_qubits else tuple(range(circuit.num_qubits))
    lines = _lines_of(circuit, kept, spell_symbol)
    try:
        text, num_qubits, arrangement = lines.finish(keep_order=keep_clbit_order)
    except UnwritableError:
        # There are no registers for its conditions.
        lines = _lines_of(circuit, kept, spell_symbol, bit_by_bit=True)
        try:
            text, num_qubits, arrangement = lines.finish(keep_order=keep_clbit_order)
        except UnwritableError as error:
            raise _named(error, circuit, error.place) from None
    program = "\n".join(text)
    if len(program) > DEFAULT_LIMITS.text_bytes:
        raise QoroInputError(
            f"its program is {len(program)} characters long, at most {DEFAULT_LIMITS.text_bytes} can be run; "
            "split the circuit, or shorten its loops"
        )
    position_of = {bit: position for position, bit in enumerate(arrangement.order)}
    places = tuple(position_of[bit] for bit in range(circuit.num_clbits))
    return Program(program, num_qubits, len(position_of), kept, places)


def is_timing(instruction: CircuitInstruction) -> bool:
    """Whether an instruction is a barrier or a delay, and not a gate that somebody has called so."""
    return instruction.name in ("barrier", "delay") and isinstance(instruction.operation, Barrier | Delay)


def _used_qubits(circuit: QuantumCircuit) -> tuple[int, ...]:
    used: set[Any] = set()
    for instruction in circuit.data:
        if not is_timing(instruction):
            used.update(instruction.qubits)
    kept = tuple(index for index, bit in enumerate(circuit.qubits) if bit in used)
    return kept or tuple(range(min(circuit.num_qubits, 1)))


def _lines_of(
    circuit: QuantumCircuit,
    kept: Sequence[int],
    spell_symbol: SpellSymbol | None,
    *,
    bit_by_bit: bool = False,
) -> Lines:
    qubits: dict[Any, str] = {circuit.qubits[index]: f"q[{position}]" for position, index in enumerate(kept)}
    clbits: dict[Any, int] = {bit: index for index, bit in enumerate(circuit.clbits)}
    lines = Lines(max(len(kept), 1), circuit.num_clbits, bit_by_bit=bit_by_bit)
    body = _Body(lines, spell_symbol)
    for index, instruction in enumerate(circuit.data):
        lines.place = index
        try:
            body.write(instruction, qubits, clbits)
        except UnwritableError as error:
            raise _named(error, circuit, index) from error.__cause__
        except RecursionError as error:
            raise _named(
                "its blocks or definitions are nested too deep; use fewer levels", circuit, index
            ) from error
    return lines


def _named(reason: object, circuit: QuantumCircuit, index: int) -> QoroInputError:
    return QoroInputError(f"instruction {index} ({circuit.data[index].name}): {reason}")


class _Body:
    """Appends the lines of instructions; definitions of standard gates are looked up once.

    Args:
        lines: What is appended to.
        spell_symbol: Writes an angle that has free parameters, ``None`` refuses it.
    """

    def __init__(self, lines: Lines, spell_symbol: SpellSymbol | None = None) -> None:
        self._lines = lines
        self._append = lines.text.append
        self._control_flow = ControlFlow(lines, self.write_block)
        self._spell_symbol = spell_symbol
        self._definitions: dict[tuple[object, ...], QuantumCircuit] = {}

    def write(
        self, instruction: CircuitInstruction, qubits: Mapping[Any, str], clbits: Mapping[Any, int]
    ) -> None:
        """Append ``instruction``, its qubits spelled by ``qubits`` and its bits numbered by ``clbits``."""
        name = instruction.name
        # A name alone proves nothing: anybody may call a gate of theirs "h".
        if not instruction.is_standard_gate():
            self._write_other(instruction, qubits, clbits)
        elif name not in GATES:
            self._write_definition(instruction, self._standard_definition(instruction), qubits, clbits)
        elif params := instruction.params:
            angles = ",".join([self._angle(value) for value in params])
            self._append(f"{name}({angles}) {','.join([qubits[bit] for bit in instruction.qubits])};")
        else:
            self._append(f"{name} {','.join([qubits[bit] for bit in instruction.qubits])};")

    def write_block(
        self, block: QuantumCircuit, qubits: Mapping[Any, str], clbits: Mapping[Any, int]
    ) -> None:
        """Append the instructions of a block until one of them jumps out of it."""
        for part in block.data:
            self.write(part, qubits, clbits)
            if self._control_flow.jumped:
                return

    def _write_other(
        self, instruction: CircuitInstruction, qubits: Mapping[Any, str], clbits: Mapping[Any, int]
    ) -> None:
        operation = instruction.operation
        if isinstance(operation, Measure):
            self._lines.measure(qubits[instruction.qubits[0]], clbits[instruction.clbits[0]])
        elif isinstance(operation, Reset):
            self._lines.reset(qubits[instruction.qubits[0]])
        elif isinstance(operation, Barrier):
            names = [qubits[bit] for bit in instruction.qubits if bit in qubits]
            if names:
                self._lines.append_always(f"barrier {','.join(names)};")
        elif isinstance(operation, Delay) or self._control_flow.write(instruction, qubits, clbits):
            pass
        elif type(operation) is _constructor(operation.name):
            # A copy of a gate of the table that has been made mutable.
            angles = ",".join(self._angle(value) for value in operation.params)
            operands = ",".join(qubits[bit] for bit in instruction.qubits)
            self._append(f"{operation.name}{f'({angles})' if angles else ''} {operands};")
        else:
            self._write_definition(instruction, definition_of(operation), qubits, clbits)

    def _write_definition(
        self,
        instruction: CircuitInstruction,
        definition: QuantumCircuit,
        qubits: Mapping[Any, str],
        clbits: Mapping[Any, int],
    ) -> None:
        inner_qubits = dict(zip(definition.qubits, (qubits[bit] for bit in instruction.qubits), strict=True))
        inner_clbits = dict(zip(definition.clbits, (clbits[bit] for bit in instruction.clbits), strict=True))
        self.write_block(definition, inner_qubits, inner_clbits)

    def _standard_definition(self, instruction: CircuitInstruction) -> QuantumCircuit:
        key = (instruction.name, *map(key_of_angle, instruction.params))
        if key not in self._definitions:
            # Checked here, as a definition may fold an angle that is no number into something else.
            for value in instruction.params:
                self._angle(value)
            self._definitions[key] = definition_of(instruction.operation)
        return self._definitions[key]

    def _angle(self, value: Any) -> str:
        if type(value) is float or self._spell_symbol is None:
            return spell_angle(value)
        if isinstance(value, ParameterExpression) and value.parameters:
            return self._spell_symbol(value)
        return spell_angle(value)


def _constructor(name: str) -> object:
    return GATES[name].constructor if name in GATES else None
