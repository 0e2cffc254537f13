"""Read programs whose state is computed, and write them for the engine.

The engine program for sampling may differ from the user's by a global phase, because neither counts nor
expectation values depend on it. A state vector does. So this module writes each gate as it is, and adds up
the global phases of the definitions that it expands. The result is the state of the circuit that Qiskit reads
from the text.

The programs of a job are compared with each other, so they are written with one numbering of the qubits: that
of the qubits that any of them uses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, CircuitInstruction, Instruction, Measure, Qubit, Reset

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.read.parser import gate_definition, parse_program

__all__ = ["Gate", "StateProgram", "engine_program", "mirrored", "read_state_program", "used_qubits"]


Gate = tuple[str, tuple[float, ...], tuple[int, ...]]
"""The name, the angles and the qubits of a gate."""


@dataclass
class StateProgram:
    """The gates of a program without randomness.

    Attributes:
        num_qubits: The number of qubits that the program declares.
        gates: The name, the angles and the qubits of each gate.
        phase: The global phase in radians.
    """

    num_qubits: int
    gates: list[Gate] = field(default_factory=list)
    phase: float = 0.0

    @property
    def qubits(self) -> set[int]:
        """The qubits that a gate acts on."""
        return {qubit for _, _, qubits in self.gates for qubit in qubits}


def read_state_program(text: str) -> StateProgram:
    """Read a program.

    Args:
        text: OpenQASM 2.

    Returns:
        The program without its final measurements.

    Raises:
        QoroInputError: The text is not a program, or its state depends on chance.
    """
    circuit = parse_program(text)
    return _Reader(circuit).read()


def used_qubits(programs: Sequence[StateProgram]) -> list[int]:
    """Return the qubits that any of the programs uses, ascending; at least one qubit."""
    return sorted(set[int]().union(*(program.qubits for program in programs))) or [0]


def engine_program(program: StateProgram, qubits: Sequence[int]) -> EngineProgram:
    """Write a program for the engine.

    Args:
        program: The program.
        qubits: The qubits to write, ascending. They include all that the program uses.
    """
    names = {qubit: f"q[{index}]" for index, qubit in enumerate(qubits)}
    lines = [
        f"{_spelled(gate, angles)} {','.join([names[qubit] for qubit in on])};\n"
        for gate, angles, on in program.gates
    ]
    return EngineProgram(
        text=f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{len(qubits)}];\n{"".join(lines)}',
        qubits=tuple(qubits),
        num_qubits=program.num_qubits,
        num_clbits=0,
        has_measurement=False,
        randomness=None,
    )


def mirrored(program: StateProgram) -> StateProgram:
    """Return a program followed by its inverse."""
    circuit = QuantumCircuit(program.num_qubits)
    for name, angles, qubits in reversed(program.gates):
        circuit.append(GATES[name].constructor(*angles).inverse(), qubits)
    inverse = _Reader(circuit).read()
    return StateProgram(program.num_qubits, program.gates + inverse.gates)


class _Reader:
    """Reads one circuit."""

    def __init__(self, circuit: QuantumCircuit) -> None:
        self._circuit = circuit
        self._index = {bit: index for index, bit in enumerate(circuit.qubits)}
        self._program = StateProgram(circuit.num_qubits, phase=float(circuit.global_phase))
        self._changed: set[Qubit] = set()
        self._measured: set[Qubit] = set()

    def read(self) -> StateProgram:
        """Read the circuit. Call this once."""
        for instruction in self._circuit.data:
            self._read_instruction(instruction)
        return self._program

    def _read_instruction(self, instruction: CircuitInstruction) -> None:
        name, qubits = instruction.name, instruction.qubits
        # The name is not enough: a program may define its own "h".
        if name in GATES and instruction.is_standard_gate():
            self._add_gate(name, instruction.params, qubits)
            return
        operation = instruction.operation
        if isinstance(operation, Measure):
            self._measured.update(self._changed.intersection(qubits))
        elif isinstance(operation, Reset):
            # A qubit on which no gate has acted is in state 0 already.
            if not self._changed.isdisjoint(qubits):
                raise _random("a reset")
        elif isinstance(operation, Barrier):
            pass
        elif instruction.clbits or name == "if_else":
            raise _random("a condition")
        else:
            self._expand(operation, qubits)

    def _add_gate(self, name: str, params: Sequence[float], qubits: Sequence[Qubit]) -> None:
        if not self._measured.isdisjoint(qubits):
            raise _random("a mid-circuit measurement")
        angles = tuple(float(angle) for angle in params)
        if not all(map(math.isfinite, angles)):
            raise QoroInputError(f"gate {name!r} has the angles {angles}, expected finite numbers")
        self._changed.update(qubits)
        if name == "id":
            return  # The engine leaves it out, and counts qubits without it.
        self._program.gates.append((name, angles, tuple(self._index[qubit] for qubit in qubits)))

    def _expand(self, gate: Instruction, qubits: Sequence[Qubit]) -> None:
        definition = gate_definition(gate)
        self._program.phase += float(definition.global_phase)
        mapped = dict(zip(definition.qubits, qubits, strict=True))
        for inner in definition.data:
            self._read_instruction(inner.replace(qubits=[mapped[qubit] for qubit in inner.qubits]))


def _spelled(name: str, angles: Sequence[float]) -> str:
    return f"{name}({','.join(map(repr, angles))})" if angles else name


def _random(instruction: str) -> QoroInputError:
    return QoroInputError(
        f"the program contains {instruction}, so its state depends on chance: remove it. Final measurements "
        "are ignored"
    )
