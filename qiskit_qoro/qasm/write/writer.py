"""Writer for circuits: flat OpenQASM 2 that the engine and Qiskit's parser interpret in the same way.

The text has one quantum register ``q`` and one operation on each line. Bits are numbered by their index in
the circuit, so the circuit's registers do not matter: they may overlap, be permuted, leave bits out, and have
any names. Callers keep the registers themselves. There is one classical register ``c``, unless the circuit
has conditions: these compare whole registers, so the bits are distributed over several registers, see
:attr:`Program.clbits`. Gates of the table :data:`qiskit_qoro.qasm.gates.GATES` are written by name. Every
other gate is replaced in place by its ``definition``, or by what Qiskit synthesizes for it, until only gates
of the table are left; the text contains no definitions. Control flow is translated to ``if``
(:mod:`qiskit_qoro.qasm.write.control_flow`).

The global phase of the circuit and of each definition is left out because results do not depend on it. (A
controlled gate has the phase of its base gate in its own definition.) Delays are left out unless the style
keeps them (:mod:`qiskit_qoro.qasm.write.style`). Barriers are kept. Angles are written with Python's
``repr``, so they are read back as the same float.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Delay, Measure, ParameterExpression, Reset

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.delays import DELAY_DEFINITION, DELAY_GATE
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.limits import DEFAULT_LIMITS
from qiskit_qoro.qasm.write.angles import key_of_angle, spell_angle
from qiskit_qoro.qasm.write.clbit_registers import RegisterLayout
from qiskit_qoro.qasm.write.control_flow import ControlFlow
from qiskit_qoro.qasm.write.definitions import definition_of
from qiskit_qoro.qasm.write.lines import Lines
from qiskit_qoro.qasm.write.style import WHOLE_CIRCUIT, ProgramStyle
from qiskit_qoro.qasm.write.unwritable import UnwritableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qiskit.circuit import CircuitInstruction

__all__ = ["Program", "SpellSymbol", "is_timing", "used_qubits", "write_program"]

_INCLUDE = 'include "qelib1.inc";'

SpellSymbol = Callable[[ParameterExpression], str]
"""A function that returns the text of an angle with free parameters."""


@dataclass(frozen=True)
class Program:
    """A circuit as text.

    Attributes:
        text: The OpenQASM 2 program.
        num_qubits: The size of its register ``q``, at least 1.
        num_clbits: The total size of its classical registers, which is the length of a bitstring in the
            results. If it is 0, there are no classical registers. It includes the scratch bits that
            conditions may need in addition to the circuit's bits. These are 0 at the end, apart from noise.
        qubits: The circuit's index of each qubit of ``q``, in order. Empty for a circuit without qubits,
            whose text has one idle qubit. Conditions may need one more qubit, which follows these.
        clbits: For each classical bit of the circuit, in the order of ``circuit.clbits``, its position in a
            bitstring of the results: 0 is the rightmost character. The default is ``(0, 1, 2, ...)``.
            Positions differ from it only if a condition tests bits that are not adjacent.
        num_idle_qubits: How many of the circuit's qubits in the program have no operations other than
            barriers and delays.
    """

    text: str
    num_qubits: int
    num_clbits: int
    qubits: tuple[int, ...]
    clbits: tuple[int, ...] = ()
    num_idle_qubits: int = 0

    def __post_init__(self) -> None:
        if not self.clbits:
            object.__setattr__(self, "clbits", tuple(range(self.num_clbits)))


def write_program(
    circuit: QuantumCircuit,
    *,
    style: ProgramStyle = WHOLE_CIRCUIT,
    keep_clbit_order: bool = False,
    spell_symbol: SpellSymbol | None = None,
) -> Program:
    """Write a circuit as OpenQASM 2.

    The same circuit always gives the same text.

    Args:
        circuit: The circuit. All parameters are bound, unless ``spell_symbol`` is given.
        style: What the program keeps of the circuit. :attr:`Program.qubits` lists the qubits. Classical bits
            are never left out.
        keep_clbit_order: Whether the classical bits have the same order in the results as in the circuit,
            with scratch bits to their left. Conditions on bits that are not adjacent then take more lines.
        spell_symbol: Returns the text of an angle with free parameters. Without it, such angles are refused.
            It may also be called for angles that do not occur in the text.

    Returns:
        The program.

    Raises:
        QoroInputError: An instruction cannot be written, or the program would be too long. An instruction
            cannot be written if it has an unbound parameter, or an angle that is not a finite real number.
            Control flow that cannot be translated, real-time variables, and unknown gates without a
            definition cannot be written either. The message names the instruction and its index in the
            circuit.
    """
    kept = used_qubits(circuit) if style.drop_idle_qubits else tuple(range(circuit.num_qubits))
    new_body = partial(_Body, style=style, spell_symbol=spell_symbol)
    text, num_qubits, layout = _write_lines(circuit, kept, new_body, keep_clbit_order=keep_clbit_order)
    program = "\n".join(text)
    if DELAY_GATE in program:
        program = program.replace(_INCLUDE, f"{_INCLUDE}\n{DELAY_DEFINITION}", 1)
    if len(program) > DEFAULT_LIMITS.text_bytes:
        raise QoroInputError(
            f"the circuit's program has {len(program)} characters, at most {DEFAULT_LIMITS.text_bytes} are "
            "allowed; split the circuit, or shorten its loops"
        )
    # The first declared register is the rightmost part of a bitstring, with its lowest bit rightmost.
    position_of = {bit: position for position, bit in enumerate(layout.order)}
    clbits = tuple(position_of[bit] for bit in range(circuit.num_clbits))
    num_idle = 0 if style.drop_idle_qubits else len(set(kept).difference(used_qubits(circuit)))
    return Program(program, num_qubits, len(position_of), kept, clbits, num_idle)


def is_timing(instruction: CircuitInstruction) -> bool:
    """Whether an instruction is a barrier or a delay, and not only a gate with such a name."""
    return instruction.name in ("barrier", "delay") and isinstance(instruction.operation, Barrier | Delay)


def used_qubits(circuit: QuantumCircuit) -> tuple[int, ...]:
    """Return the indices of the qubits with operations, or one idle qubit if there are none."""
    used: set[Any] = set()
    for instruction in circuit.data:
        if not is_timing(instruction):
            used.update(instruction.qubits)
    # OpenQASM 2 needs at least one qubit, so a circuit of idle qubits keeps its first one.
    kept = tuple(index for index, bit in enumerate(circuit.qubits) if bit in used)
    return kept or tuple(range(min(circuit.num_qubits, 1)))


def _write_lines(
    circuit: QuantumCircuit,
    kept: Sequence[int],
    new_body: Callable[[Lines], _Body],
    *,
    keep_clbit_order: bool,
) -> tuple[list[str], int, RegisterLayout]:
    """Return all lines of the program, the number of its qubits, and its classical registers."""
    failure = UnwritableError("")
    # If a condition needs too many lines or a number that is too large, test all conditions piece by piece.
    for piece_by_piece in (False, True):
        # A latch that is used again needs its bit for longer, which may make other conditions longer.
        for reuse_latches in (True, False):
            lines = _lines_of(
                circuit, kept, new_body, piece_by_piece=piece_by_piece, reuse_latches=reuse_latches
            )
            try:
                return lines.finish(keep_order=keep_clbit_order)
            except UnwritableError as error:
                failure = error
            if not lines.has_reused_latches:
                break
    raise _input_error(failure, circuit, failure.instruction) from None


def _lines_of(
    circuit: QuantumCircuit,
    kept: Sequence[int],
    new_body: Callable[[Lines], _Body],
    *,
    piece_by_piece: bool,
    reuse_latches: bool,
) -> Lines:
    qubits: dict[Any, str] = {circuit.qubits[index]: f"q[{position}]" for position, index in enumerate(kept)}
    clbits: dict[Any, int] = {bit: index for index, bit in enumerate(circuit.clbits)}
    lines = Lines(
        max(len(kept), 1), circuit.num_clbits, piece_by_piece=piece_by_piece, reuse_latches=reuse_latches
    )
    body = new_body(lines)
    for index, instruction in enumerate(circuit.data):
        lines.instruction = index
        try:
            body.write(instruction, qubits, clbits)
        except UnwritableError as error:
            raise _input_error(error, circuit, index) from error.__cause__
        except RecursionError as error:
            raise _input_error(
                "its blocks or definitions are nested too deeply; use fewer levels", circuit, index
            ) from error
    return lines


def _input_error(reason: object, circuit: QuantumCircuit, index: int) -> QoroInputError:
    return QoroInputError(f"instruction {index} ({circuit.data[index].name}): {reason}")


class _Body:
    """Appends the lines of instructions.

    Args:
        lines: The lines to append to.
        style: What the program keeps of the circuit.
        spell_symbol: Returns the text of an angle with free parameters, or ``None`` to refuse such angles.
    """

    def __init__(self, lines: Lines, *, style: ProgramStyle, spell_symbol: SpellSymbol | None) -> None:
        self._style = style
        self._lines = lines
        # Gates are appended to the text directly, because this is the hot path.
        self._append = lines.text.append
        self._control_flow = ControlFlow(lines, self.write_block)
        self._spell_symbol = spell_symbol
        # Definitions of standard gates, by name and angles.
        self._definitions: dict[tuple[object, ...], QuantumCircuit] = {}

    def write(
        self, instruction: CircuitInstruction, qubits: Mapping[Any, str], clbits: Mapping[Any, int]
    ) -> None:
        """Append an instruction.

        Args:
            instruction: The instruction.
            qubits: The name of each qubit.
            clbits: The index of each classical bit.
        """
        name = instruction.name
        # The name alone does not identify a gate: a user's gate may be called "h" too.
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
            # Operations after an unconditional jump are never reached.
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
            # A barrier may include idle qubits, which are not in the program.
            names = [qubits[bit] for bit in instruction.qubits if bit in qubits]
            if names:
                self._lines.append_always(f"barrier {','.join(names)};")
        elif isinstance(operation, Delay):
            # A qubit that has only delays may not be in the program. It stays in state 0.
            seconds = self._style.seconds(operation)
            if seconds is not None and instruction.qubits[0] in qubits:
                self._append(f"{DELAY_GATE}({self._angle(seconds)}) {qubits[instruction.qubits[0]]};")
        elif self._control_flow.write(instruction, qubits, clbits):
            pass
        elif type(operation) is _constructor(operation.name):
            # A mutable copy of a gate of the table, which Qiskit does not count as a standard gate.
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
            # Check the angles first: a definition may hide one that is not a finite number.
            for value in instruction.params:
                self._angle(value)
            # Qiskit ignores what was changed in place in the operation, and so does the key.
            gate = instruction.operation.base_class(*instruction.params)
            self._definitions[key] = definition_of(gate)
        return self._definitions[key]

    def _angle(self, value: Any) -> str:
        if type(value) is float or self._spell_symbol is None:
            return spell_angle(value)
        if isinstance(value, ParameterExpression) and value.parameters:
            return self._spell_symbol(value)
        return spell_angle(value)


def _constructor(name: str) -> object:
    return GATES[name].constructor if name in GATES else None
