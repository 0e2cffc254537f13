"""Write a parsed circuit as OpenQASM 2 text for the engine.

The engine never gets text that a user wrote. Qiskit parses that text, and this module writes the circuit
again, in the subset of OpenQASM 2 that the engine handles correctly. The text that it writes

- has no recursion, no nested definitions, no redefined gates and no expressions;
- contains only gates that the engine knows, or, for a noisy device, only its basis gates. Other gates are
  replaced by their definitions;
- numbers only the busy qubits, so that a wide program with few busy qubits is cheap to simulate;
- replaces a conditional reset, which the engine cannot parse, by a measurement into a scratch bit and a
  conditional X gate, and drops a reset of a qubit that is still in state 0;
- drops operations whose condition is never true, which the engine refuses;
- has the engine's ``delay`` in place of the gate of :mod:`qiskit_qoro.qasm.delays` if there is noise.

Classical registers keep their order and sizes, because conditions compare whole registers. If a register is
compared with a number that is too large for the engine, the client's writer writes the program first. It
divides such registers and adds a qubit and classical bits, which the results do not contain.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

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
from qiskit_qoro.local.engine.engine_program import CX_GATES, NATIVE_GATES, EngineProgram, gate_text
from qiskit_qoro.local.engine.native_gates import to_native_gates
from qiskit_qoro.qasm.delays import is_delay
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.limits import MAX_CONDITION_VALUE
from qiskit_qoro.qasm.read.parser import gate_definition, parse_program
from qiskit_qoro.qasm.write.writer import write_program

__all__ = ["ProgramWriter", "write_engine_program"]


def write_engine_program(
    circuit: QuantumCircuit, *, measure: bool = True, basis_gates: frozenset[str] | None = None
) -> EngineProgram:
    """Write a circuit for the engine.

    Args:
        circuit: A circuit from Qiskit's OpenQASM 2 parser.
        measure: Whether to write measurements. Without them, the text prepares the state before the program's
            final measurements.
        basis_gates: The gates to use. Other gates are replaced by their definitions. ``None`` allows every
            gate that the engine knows. :data:`NATIVE_GATES` and :data:`CX_GATES` also allow ``u``, for a
            pulse with its phases.

    Raises:
        QoroInputError: The circuit contains something that OpenQASM 2 cannot express, or its conditions take
            too many operations.
    """
    return ProgramWriter(circuit, measure=measure, basis_gates=basis_gates).write()


class ProgramWriter:
    """Writes one circuit. :func:`write_engine_program` documents the arguments."""

    def __init__(self, circuit: QuantumCircuit, *, measure: bool, basis_gates: frozenset[str] | None) -> None:
        self._num_qubits = circuit.num_qubits
        self._num_clbits = circuit.num_clbits
        # Only noise with its basis gates gives delays a meaning. Without noise they would confuse the engine.
        self._keeps_delays = basis_gates is not None
        if basis_gates in (NATIVE_GATES, CX_GATES):
            circuit = to_native_gates(circuit, basis_gates)
            basis_gates = basis_gates | {"u"}
        circuit = _with_small_constants(circuit)
        self._circuit = circuit
        self._measure = measure
        self._basis_gates = frozenset(GATES) if basis_gates is None else basis_gates
        self._body: list[str] = []
        # Busy qubits keep the program's order, because matrix product states are fast between neighbours.
        used = _busy_qubits(circuit, measure=measure)
        busy = [bit for bit in circuit.qubits if bit in used]
        self._qubits = {bit: f"q[{index}]" for index, bit in enumerate(busy)}
        # Qubits that a gate has acted on. All others are still in state 0, so a reset or measurement of them
        # is not random.
        self._changed: set[Qubit] = set()
        # Qubits that were measured after a gate acted on them. A later gate makes that a mid-circuit
        # measurement.
        self._measured: set[Qubit] = set()
        self._num_scratch_bits = 0
        self._has_measurement = False
        self._randomness: str | None = None
        self._clbits: dict[Clbit, str] = {}
        for number, register in enumerate(circuit.cregs):
            self._clbits |= {bit: f"c{number}[{index}]" for index, bit in enumerate(register)}

    def write(self) -> EngineProgram:
        """Write the circuit. Call this once."""
        for instruction in self._circuit.data:
            self._write_instruction(instruction, "")
        index = {bit: number for number, bit in enumerate(self._circuit.qubits)}
        return EngineProgram(
            text="".join(self._lines()),
            qubits=tuple(index[bit] for bit in self._qubits),
            num_qubits=self._num_qubits,
            num_clbits=self._num_clbits,
            has_measurement=self._has_measurement,
            randomness=self._randomness,
        )

    def _lines(self) -> Iterator[str]:
        yield 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
        yield f"qreg q[{max(1, len(self._qubits))}];\n"
        yield from (f"creg c{number}[{len(reg)}];\n" for number, reg in enumerate(self._circuit.cregs))
        yield from (f"creg s{number}[1];\n" for number in range(self._num_scratch_bits))
        yield from self._body

    def _write_instruction(self, instruction: CircuitInstruction, condition: str) -> None:
        """Write an instruction, with ``condition`` in front of each line; it is empty or ``if (...) ``."""
        name = instruction.name
        # This is the common case, so it comes first. The name is not enough: a program may define its own
        # "h".
        if name in self._basis_gates and instruction.is_standard_gate():
            self._write_gate(name, instruction.params, instruction.qubits, condition)
            return
        operation, qubits = instruction.operation, instruction.qubits
        if isinstance(operation, Measure):
            self._write_measure(qubits[0], self._clbits[instruction.clbits[0]], condition)
        elif isinstance(operation, Reset):
            self._write_reset(qubits[0], condition)
        elif isinstance(operation, IfElseOp):
            self._write_conditional(instruction, operation)
        elif is_delay(instruction):
            self._write_delay(instruction.params[0], qubits[0], is_conditional=bool(condition))
        elif not isinstance(operation, Barrier):
            self._write_definition(operation, qubits, condition)

    def _write_gate(
        self, name: str, params: Sequence[float], qubits: Sequence[Qubit], condition: str
    ) -> None:
        if not self._measured.isdisjoint(qubits):
            self._randomness = "a mid-circuit measurement"
        self._changed.update(qubits)
        self._emit(condition, gate_text(name, params) if params else name, *qubits)

    def _write_definition(self, gate: Instruction, qubits: Sequence[Qubit], condition: str) -> None:
        definition = gate_definition(gate)
        qubit_map = dict(zip(definition.qubits, qubits, strict=True))
        for inner in definition.data:
            mapped = inner.replace(qubits=[qubit_map[qubit] for qubit in inner.qubits])
            self._write_instruction(mapped, condition)

    def _write_measure(self, qubit: Qubit, clbit: str, condition: str) -> None:
        self._has_measurement = True
        if qubit in self._changed:
            self._measured.add(qubit)
        if self._measure:
            self._body.append(f"{condition}measure {self._qubits[qubit]} -> {clbit};\n")

    def _write_reset(self, qubit: Qubit, condition: str) -> None:
        if qubit not in self._changed:
            return
        self._randomness = "a reset"
        if condition:
            bit = f"s{self._num_scratch_bits}"
            self._num_scratch_bits += 1
            # The measurement has the condition, so the scratch bit stays 0 and X does nothing if it is false.
            self._body.append(f"{condition}measure {self._qubits[qubit]} -> {bit}[0];\n")
            self._emit(f"if ({bit} == 1) ", "x", qubit)
        else:
            self._emit("", "reset", qubit)

    def _write_delay(self, seconds: float, qubit: Qubit, *, is_conditional: bool) -> None:
        if not 0 <= seconds < math.inf:
            raise QoroInputError(f"a delay takes {seconds} seconds, expected a finite number of 0 or more")
        # A qubit that has only delays stays in state 0. The engine ignores a delay that has a condition.
        if self._keeps_delays and qubit in self._qubits and not is_conditional:
            self._body.append(f"delay[{float(seconds)!r}s] {self._qubits[qubit]};\n")

    def _write_conditional(self, instruction: CircuitInstruction, operation: IfElseOp) -> None:
        register, value = operation.condition
        if not isinstance(register, ClassicalRegister) or len(operation.blocks) != 1:
            raise QoroInputError("expected a condition on a whole register and no else branch")
        if int(value) >> len(register):
            return  # The value does not fit the register, so the condition is never true.
        self._randomness = "a condition"
        number = self._circuit.cregs.index(register)
        block = operation.blocks[0]
        qubits = dict(zip(block.qubits, instruction.qubits, strict=True))
        clbits = dict(zip(block.clbits, instruction.clbits, strict=True))
        for inner in block.data:
            mapped = inner.replace(
                qubits=[qubits[bit] for bit in inner.qubits], clbits=[clbits[bit] for bit in inner.clbits]
            )
            self._write_instruction(mapped, f"if (c{number} == {int(value)}) ")

    def _emit(self, condition: str, operation: str, *qubits: Qubit) -> None:
        self._body.append(f"{condition}{operation} {self._operands(qubits)};\n")

    def _operands(self, qubits: Sequence[Qubit]) -> str:
        return ",".join([self._qubits[qubit] for qubit in qubits])


def _with_small_constants(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit whose conditions the engine can compare. Further bits follow those of ``circuit``."""
    if not any(_has_large_constant(item.operation) for item in circuit.data if item.name == "if_else"):
        return circuit
    return parse_program(write_program(circuit, keep_clbit_order=True).text)


def _has_large_constant(operation: IfElseOp) -> bool:
    register, value = operation.condition
    # A value that does not fit the register is never equal to it, so the operation is dropped.
    return int(value) > MAX_CONDITION_VALUE and not int(value) >> len(register)


def _busy_qubits(circuit: QuantumCircuit, *, measure: bool) -> set[Qubit]:
    """Return the qubits that the text needs. Barriers, delays and resets alone leave a qubit in state 0."""
    ignored = {"barrier", "reset"} if measure else {"barrier", "reset", "measure"}
    return {
        qubit
        for item in circuit.data
        if item.name not in ignored and not is_delay(item)
        for qubit in item.qubits
    }
