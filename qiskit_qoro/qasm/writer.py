"""Writing circuits as flat OpenQASM 2 that the engine and Qiskit's parser read alike.

The text has one quantum register ``q``, one classical register ``c`` and one operation a line. Bits
are numbered by their place in the circuit, so that registers of any kind (overlapping, permuted, loose
bits, odd names) cannot matter; the register layout stays with whoever has the circuit. Gates of the
table :data:`qiskit_qoro.qasm.gates.GATES` are written by name, every other one is replaced by its
``definition`` (or by what Qiskit synthesizes for it), in place and down to the table, so that the text
defines nothing.

Left out, because neither counts nor expectation values can depend on it: the global phase of the circuit and
of each definition (a gate that controls a phase has it in its own definition), and delays, which
are timing only. Barriers stay. Angles are written with Python's ``repr``, which reads back as the same float.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.circuit import (
    CONTROL_FLOW_OP_NAMES,
    Barrier,
    Delay,
    Measure,
    ParameterExpression,
    Reset,
    Store,
)
from qiskit.transpiler.exceptions import TranspilerError
from qiskit.transpiler.passes import HighLevelSynthesis

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.gates import GATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit.circuit import CircuitInstruction

__all__ = ["Program", "SpellSymbol", "write_program"]

_MAX_DEPTH = 200

SpellSymbol = Callable[[ParameterExpression], str]
"""Writes an angle that has free parameters."""


@dataclass(frozen=True)
class Program:
    """A circuit as text.

    Attributes:
        text: The OpenQASM 2 program.
        num_qubits: The size of its register ``q``, at least 1.
        num_clbits: The size of its register ``c``; there is no such register when it is 0.
        qubits: The circuit's index of each qubit of ``q``, in order. It is empty for a circuit
            without qubits, whose text has one idle qubit.
    """

    text: str
    num_qubits: int
    num_clbits: int
    qubits: tuple[int, ...]


def write_program(
    circuit: QuantumCircuit, *, drop_idle_qubits: bool = False, spell_symbol: SpellSymbol | None = None
) -> Program:
    """Write a circuit as OpenQASM 2.

    The same circuit always gives the same text.

    Args:
        circuit: The circuit, all parameters bound and without control flow.
        drop_idle_qubits: Whether to leave out qubits that nothing but barriers and delays touches.
            The remaining ones keep their order, see :attr:`Program.qubits`. Classical bits all stay.
        spell_symbol: Writes each angle that has free parameters; without it they are refused. It may be
            called for angles that are not written.

    Returns:
        The program.

    Raises:
        QoroInputError: An instruction cannot be written: it has an unbound parameter or an angle
            that is no finite real number, it is control flow or acts on real-time variables, or it is
            neither a known gate nor has a definition. The message names the instruction and its
            index in the circuit.
    """
    kept = _used_qubits(circuit) if drop_idle_qubits else tuple(range(circuit.num_qubits))
    num_qubits = max(len(kept), 1)
    bits: dict[Any, str] = {bit: f"c[{index}]" for index, bit in enumerate(circuit.clbits)}
    bits.update((circuit.qubits[index], f"q[{position}]") for position, index in enumerate(kept))
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{num_qubits}];"]
    if circuit.num_clbits:
        lines.append(f"creg c[{circuit.num_clbits}];")
    body = _Body(lines, spell_symbol)
    for index, instruction in enumerate(circuit.data):
        try:
            body.write(instruction, bits, 0)
        except _UnwritableError as error:
            raise QoroInputError(f"instruction {index} ({instruction.name}): {error}") from error.__cause__
    lines.append("")
    return Program("\n".join(lines), num_qubits, circuit.num_clbits, kept)


def _used_qubits(circuit: QuantumCircuit) -> tuple[int, ...]:
    used: set[Any] = set()
    for instruction in circuit.data:
        if instruction.name not in ("barrier", "delay"):
            used.update(instruction.qubits)
    kept = tuple(index for index, bit in enumerate(circuit.qubits) if bit in used)
    return kept or tuple(range(min(circuit.num_qubits, 1)))


class _UnwritableError(Exception):
    """Why an instruction cannot be written; the caller knows which one it was."""


class _Body:
    """Appends the lines of instructions; definitions of standard gates are looked up once.

    Args:
        lines: What is appended to.
        spell_symbol: Writes an angle that has free parameters, ``None`` refuses it.
    """

    def __init__(self, lines: list[str], spell_symbol: SpellSymbol | None = None) -> None:
        self._lines = lines
        self._spell_symbol = spell_symbol
        self._definitions: dict[tuple[object, ...], QuantumCircuit] = {}

    def write(self, instruction: CircuitInstruction, bits: Mapping[Any, str], depth: int) -> None:
        """Append ``instruction``, its bits spelled as ``bits`` says."""
        name = instruction.name
        # A name alone proves nothing: anybody may call a gate of theirs "h".
        if not instruction.is_standard_gate():
            self._write_other(instruction, bits, depth)
        elif name not in GATES:
            self._write_definition(instruction, self._standard_definition(instruction), bits, depth)
        elif params := instruction.params:
            angles = ",".join([self._angle(value) for value in params])
            self._lines.append(f"{name}({angles}) {','.join([bits[bit] for bit in instruction.qubits])};")
        else:
            self._lines.append(f"{name} {','.join([bits[bit] for bit in instruction.qubits])};")

    def _write_other(self, instruction: CircuitInstruction, bits: Mapping[Any, str], depth: int) -> None:
        operation = instruction.operation
        if isinstance(operation, Measure):
            self._lines.append(f"measure {bits[instruction.qubits[0]]} -> {bits[instruction.clbits[0]]};")
        elif isinstance(operation, Reset):
            self._lines.append(f"reset {bits[instruction.qubits[0]]};")
        elif isinstance(operation, Barrier):
            names = [bits[bit] for bit in instruction.qubits if bit in bits]
            if names:
                self._lines.append(f"barrier {','.join(names)};")
        elif isinstance(operation, Delay):
            pass
        elif operation.name in CONTROL_FLOW_OP_NAMES or isinstance(operation, Store):
            raise _UnwritableError(
                "control flow and real-time variables cannot be run yet; write the circuit without them, "
                "for example with the deferred-measurement form of the condition"
            )
        elif type(operation) is _constructor(operation.name):
            # A copy of a gate of the table that has been made mutable.
            angles = ",".join(self._angle(value) for value in operation.params)
            operands = ",".join(bits[bit] for bit in instruction.qubits)
            self._lines.append(f"{operation.name}{f'({angles})' if angles else ''} {operands};")
        else:
            self._write_definition(instruction, _definition(operation), bits, depth)

    def _write_definition(
        self, instruction: CircuitInstruction, definition: QuantumCircuit, bits: Mapping[Any, str], depth: int
    ) -> None:
        if depth >= _MAX_DEPTH:
            raise _UnwritableError(f"its definition is nested more than {_MAX_DEPTH} levels deep")
        inner = dict(zip(definition.qubits, (bits[bit] for bit in instruction.qubits), strict=True))
        inner.update(zip(definition.clbits, (bits[bit] for bit in instruction.clbits), strict=True))
        for part in definition.data:
            self.write(part, inner, depth + 1)

    def _standard_definition(self, instruction: CircuitInstruction) -> QuantumCircuit:
        key = (instruction.name, *instruction.params)
        if key not in self._definitions:
            # Checked here, as a definition may fold an angle that is no number into something else.
            for value in instruction.params:
                self._angle(value)
            self._definitions[key] = _definition(instruction.operation)
        return self._definitions[key]

    def _angle(self, value: Any) -> str:
        if type(value) is float or self._spell_symbol is None:
            return _angle(value)
        if isinstance(value, ParameterExpression) and value.parameters:
            return self._spell_symbol(value)
        return _angle(value)


def _constructor(name: str) -> object:
    return GATES[name].constructor if name in GATES else None


def _definition(operation: Any) -> QuantumCircuit:
    try:
        definition = getattr(operation, "definition", None)
        if definition is None:
            definition = _synthesize(operation)
    except Exception as error:
        raise _UnwritableError(f"its definition fails: {error}") from error
    if definition is None:
        raise _UnwritableError("it is no gate of the engine and has no definition; give it one")
    return definition


def _synthesize(operation: Any) -> QuantumCircuit | None:
    """The circuit of an operation that Qiskit knows how to build but not as a definition.

    Permutations, Clifford operators and annotated operations are such.
    """
    circuit = QuantumCircuit(operation.num_qubits, operation.num_clbits)
    circuit.append(operation, circuit.qubits, circuit.clbits)
    try:
        built = HighLevelSynthesis(basis_gates=list(GATES))(circuit)
    except TranspilerError:
        return None
    unchanged = any(item.name == operation.name and not item.is_standard_gate() for item in built.data)
    return None if unchanged else built


def _angle(value: Any) -> str:
    """The text of an angle that reads back as the same float."""
    number = value if type(value) is float else _real(value)
    if not isfinite(number):
        raise _UnwritableError(f"its angle is {number}, expected a finite number")
    return repr(number)


def _real(value: Any) -> float:
    if isinstance(value, ParameterExpression):
        if value.parameters:
            names = ", ".join(sorted(parameter.name for parameter in value.parameters))
            raise _UnwritableError(
                f"the parameter {names} has no value; bind it with circuit.assign_parameters({{...}})"
            )
        value = value.numeric()
    try:
        if isinstance(value, complex):
            if value.imag:
                raise _UnwritableError(f"its angle is {value}, expected a real number")
            value = value.real
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise _UnwritableError(f"its angle is {value!r}, expected a finite number") from error
