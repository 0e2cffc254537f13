"""A parsed circuit -> the text that the engine gets.

The engine never sees a stranger's text. Qiskit has parsed it, and this module writes the circuit
again in the words that the engine understands correctly, which

- leaves no recursion, no nesting, no redefined gate and no expression to trip over;
- writes out the gates that a program defines, and on a device those that it lacks, in gates that are
  there;
- numbers only the qubits that something happens to, so that a wide, mostly idle program costs what
  its busy part costs;
- turns a conditional reset, which the engine does not parse, into a measurement of a scratch bit and
  a conditional flip, and drops a reset of a qubit that is still in its first state.

Classical registers keep their order and their sizes, because conditions compare whole registers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qiskit import QuantumCircuit
from qiskit.circuit import (
    Barrier,
    CircuitInstruction,
    ClassicalRegister,
    Clbit,
    IfElseOp,
    Instruction,
    Measure,
    Qubit,
    Reset,
)

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.gates import CLIFFORD_GATES, GATES

__all__ = ["EngineProgram", "ProgramWriter", "spell", "write_engine_program"]

# Rotations by a multiple of a quarter turn, which the stabilizer simulators know by other names only.
_QUARTER_TURNS: Mapping[str, tuple[str, ...]] = {
    "rz": ("id", "s", "z", "sdg"),
    "p": ("id", "s", "z", "sdg"),
    "u1": ("id", "s", "z", "sdg"),
    "rx": ("id", "sx", "x", "sxdg"),
}

_MOST_TURNS = 1024  # beyond, the spacing of floating-point angles makes everything look like a quarter turn
_WIDEST_CONDITION = 64  # bits of a register that the engine compares


@dataclass(frozen=True)
class EngineProgram:
    """What the engine is given, and how its answer relates to the program asked for.

    Attributes:
        text: OpenQASM 2, flat, over ``qubits`` only.
        qubits: For each qubit of the text, in order, which qubit of the program it is.
        num_qubits: How many qubits the program declares.
        num_clbits: How many classical bits the program declares.
        non_clifford: The first gate that the stabilizer simulators do not take, ``None`` if they
            take them all.
        has_measurement: Whether any classical bit is written.
        trajectory: Why its state depends on chance before the end (``a reset``, ...), ``None`` if it
            does not.
    """

    text: str
    qubits: tuple[int, ...]
    num_qubits: int
    num_clbits: int
    non_clifford: str | None
    has_measurement: bool
    trajectory: str | None


def write_engine_program(
    circuit: QuantumCircuit, *, measure: bool = True, words: frozenset[str] | None = None
) -> EngineProgram:
    """Write a circuit for the engine.

    Args:
        circuit: A circuit that Qiskit's OpenQASM 2 parser made.
        measure: Whether measurements are written; without them the text prepares the state that the
            program's last measurements find.
        words: The gates that may be used, others are written out in them; ``None`` allows every gate
            that the engine knows.

    Returns:
        The text, with what the caller has to know of it.

    Raises:
        QoroInputError: The circuit contains what OpenQASM 2 cannot say, or a condition on a register
            of more than 64 bits.
    """
    return ProgramWriter(circuit, measure=measure, words=words).write()


class ProgramWriter:
    """Writes one circuit; :func:`write_engine_program` documents the arguments."""

    def __init__(self, circuit: QuantumCircuit, *, measure: bool, words: frozenset[str] | None) -> None:
        self._circuit = circuit
        self._measure = measure
        self._words = frozenset(GATES) if words is None else words
        self._body: list[str] = []
        # The program's order is kept: matrix product states are fast between neighbours.
        used = _busy_qubits(circuit, measure=measure)
        busy = [bit for bit in circuit.qubits if bit in used]
        self._qubits = {bit: f"q[{number}]" for number, bit in enumerate(busy)}
        self._changed: set[Qubit] = set()  # no longer in |0>
        self._measured: set[Qubit] = set()
        self._scratch = 0
        self._non_clifford: str | None = None
        self._has_measurement = False
        self._trajectory: str | None = None
        self._clbits: dict[Clbit, str] = {}
        for number, register in enumerate(circuit.cregs):
            self._clbits |= {bit: f"c{number}[{index}]" for index, bit in enumerate(register)}

    def write(self) -> EngineProgram:
        """Write it."""
        for instruction in self._circuit.data:
            self._instruction(instruction, "")
        index = {bit: number for number, bit in enumerate(self._circuit.qubits)}
        return EngineProgram(
            text="".join(self._lines()),
            qubits=tuple(index[bit] for bit in self._qubits),
            num_qubits=self._circuit.num_qubits,
            num_clbits=self._circuit.num_clbits,
            non_clifford=self._non_clifford,
            has_measurement=self._has_measurement,
            trajectory=self._trajectory,
        )

    def _lines(self) -> Iterator[str]:
        yield 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
        yield f"qreg q[{max(1, len(self._qubits))}];\n"
        yield from (f"creg c{number}[{len(reg)}];\n" for number, reg in enumerate(self._circuit.cregs))
        yield from (f"creg s{number}[1];\n" for number in range(self._scratch))
        yield from self._body

    def _instruction(self, instruction: CircuitInstruction, condition: str) -> None:
        name = instruction.name
        # First, because it is nearly always so. A name alone proves nothing: a program may define an "h".
        if name in self._words and instruction.is_standard_gate():
            self._write_gate(name, instruction.params, instruction.qubits, condition)
            return
        operation, qubits = instruction.operation, instruction.qubits
        if isinstance(operation, Measure):
            self._write_measure(qubits[0], self._clbits[instruction.clbits[0]], condition)
        elif isinstance(operation, Reset):
            self._write_reset(qubits[0], condition)
        elif isinstance(operation, IfElseOp):
            self._write_conditional(instruction, operation)
        elif not isinstance(operation, Barrier):
            self._write_definition(operation, qubits, condition)

    def _write_gate(
        self, word: str, params: Sequence[float], qubits: Sequence[Qubit], condition: str
    ) -> None:
        if not self._measured.isdisjoint(qubits):
            self._trajectory = "a measurement before the end"
        self._changed.update(qubits)
        self._emit_gate(condition, word, params, qubits)

    def _emit_gate(self, condition: str, word: str, params: Sequence[float], qubits: Sequence[Qubit]) -> None:
        self._emit(condition, spell(word, params) if params else word, *qubits)

    def _write_definition(self, gate: Instruction, qubits: Sequence[Qubit], condition: str) -> None:
        if gate.definition is None:
            raise QoroInputError(
                f"gate {gate.name!r} has no definition, expected a gate of qelib1.inc or one that the "
                "program defines"
            )
        place = dict(zip(gate.definition.qubits, qubits, strict=True))
        for inner in gate.definition.data:
            mapped = inner.replace(qubits=[place[qubit] for qubit in inner.qubits])
            self._instruction(mapped, condition)

    def _write_measure(self, qubit: Qubit, clbit: str, condition: str) -> None:
        self._has_measurement = True
        if qubit in self._changed:
            self._measured.add(qubit)
        if self._measure:
            self._body.append(f"{condition}measure {self._qubits[qubit]} -> {clbit};\n")

    def _write_reset(self, qubit: Qubit, condition: str) -> None:
        if qubit not in self._changed:
            return
        self._trajectory = "a reset"
        if condition:
            bit = f"s{self._scratch}"
            self._scratch += 1
            self._body.append(f"{condition}measure {self._qubits[qubit]} -> {bit}[0];\n")
            self._emit(f"if ({bit} == 1) ", "x", qubit)
        else:
            self._emit("", "reset", qubit)

    def _write_conditional(self, instruction: CircuitInstruction, operation: IfElseOp) -> None:
        self._trajectory = "a condition"
        register, value = operation.condition
        if not isinstance(register, ClassicalRegister) or len(operation.blocks) != 1:
            raise QoroInputError("a condition has to compare a whole register and has no else branch")
        if len(register) > _WIDEST_CONDITION:
            raise QoroInputError(
                f"a condition on the {len(register)} bits of register {register.name!r}, expected at most "
                f"{_WIDEST_CONDITION}: compare a smaller register"
            )
        if int(value) >> len(register):
            return  # never true
        number = self._circuit.cregs.index(register)
        block = operation.blocks[0]
        qubits = dict(zip(block.qubits, instruction.qubits, strict=True))
        clbits = dict(zip(block.clbits, instruction.clbits, strict=True))
        for inner in block.data:
            mapped = inner.replace(
                qubits=[qubits[bit] for bit in inner.qubits], clbits=[clbits[bit] for bit in inner.clbits]
            )
            self._instruction(mapped, f"if (c{number} == {int(value)}) ")

    def _emit(self, condition: str, word: str, *qubits: Qubit) -> None:
        if word not in CLIFFORD_GATES and word != "reset":
            self._non_clifford = self._non_clifford or word
        self._body.append(f"{condition}{word} {self._operands(qubits)};\n")

    def _operands(self, qubits: Sequence[Qubit]) -> str:
        return ",".join([self._qubits[qubit] for qubit in qubits])


def _busy_qubits(circuit: QuantumCircuit, *, measure: bool) -> set[Qubit]:
    idle = {"barrier", "reset"} if measure else {"barrier", "reset", "measure"}
    return {qubit for item in circuit.data if item.name not in idle for qubit in item.qubits}


def spell(word: str, params: Sequence[float]) -> str:
    """A gate with its angles, exact to the last bit; quarter turns under their own names.

    Raises:
        QoroInputError: An angle is not finite.
    """
    if not all(math.isfinite(angle) for angle in params):
        raise QoroInputError(f"gate {word!r} has the angles {params}, expected finite numbers")
    turns = float(params[0]) / (math.pi / 2)
    if word in _QUARTER_TURNS and turns.is_integer() and abs(turns) <= _MOST_TURNS:
        return _QUARTER_TURNS[word][int(turns) % 4]
    return f"{word}({','.join(repr(float(angle)) for angle in params)})"
