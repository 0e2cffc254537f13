"""Write circuits whose states are computed.

Two things differ from the programs of :meth:`QoroBackend.run`. The circuits have no measurements and no
classical bits. And the program has the global phase of the circuit: OpenQASM 2 has no statement for it, but
``p(2φ)`` followed by ``rz(-2φ)`` multiplies the state by the phase factor of φ.
"""

from __future__ import annotations

import math

from qiskit import QuantumCircuit
from qiskit.circuit import (
    CONTROL_FLOW_OP_NAMES,
    Barrier,
    CircuitInstruction,
    ControlFlowOp,
    Delay,
    Measure,
    Reset,
)

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.printable import quoted_name
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.write.definitions import definition_of
from qiskit_qoro.qasm.write.unwritable import UnwritableError
from qiskit_qoro.qasm.write.writer import Program, write_program

__all__ = ["write_state_program"]

# Without these operations and without classical bits, a circuit has only gates, barriers and delays.
_SPECIAL = frozenset({"reset", *CONTROL_FLOW_OP_NAMES})


def write_state_program(circuit: object, name: str) -> Program:
    """Write a circuit whose state is computed.

    Args:
        circuit: The circuit. Its final measurements are left out.
        name: The name of the argument, for error messages.

    Raises:
        QoroInputError: ``circuit`` is not a circuit, has no qubits or has free parameters, its state depends
            on chance, or an instruction cannot be written.
    """
    if not isinstance(circuit, QuantumCircuit):
        raise QoroInputError(f"{name} is {type(circuit).__name__}, expected a QuantumCircuit")
    try:
        unitary = _without_final_measurements(circuit)
        program = write_program(unitary)
        phase = _global_phase(unitary)
    except (QoroInputError, UnwritableError) as error:
        raise QoroInputError(f"{name} ({quoted_name(circuit.name)}): {error}") from error
    if not math.remainder(phase, 2 * math.pi):
        return program
    doubled = 2 * math.remainder(phase, 2 * math.pi)
    gates = f"p({doubled!r}) q[0];\nrz({-doubled!r}) q[0];\n"
    return Program(f"{program.text}\n{gates}", program.num_qubits, program.num_clbits, program.qubits)


def _without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit without its final measurements and its classical bits."""
    if not circuit.num_qubits:
        raise QoroInputError("it has no qubits, expected at least one")
    if circuit.parameters:
        names = ", ".join(parameter.name for parameter in list(circuit.parameters)[:3])
        raise QoroInputError(f"it has free parameters ({names}): bind them with assign_parameters")
    if not circuit.num_clbits and _SPECIAL.isdisjoint(circuit.count_ops()):
        return circuit
    unitary = QuantumCircuit(circuit.num_qubits, global_phase=circuit.global_phase)
    index = {bit: number for number, bit in enumerate(circuit.qubits)}
    changed: set[int] = set()
    measured: set[int] = set()
    for instruction in circuit.data:
        qubits = [index[bit] for bit in instruction.qubits]
        if isinstance(instruction.operation, Measure):
            measured.update(qubits)
            continue
        if isinstance(instruction.operation, Barrier | Delay):
            continue
        if isinstance(instruction.operation, Reset):
            # A qubit on which nothing has acted is in state 0 already.
            if not changed.isdisjoint(qubits):
                raise _random("a reset")
            continue
        _check_deterministic(instruction)
        changed.update(qubits)
        if not measured.isdisjoint(qubits):
            raise _random("a mid-circuit measurement")
        unitary.append(instruction.operation, qubits, copy=False)
    return unitary


def _check_deterministic(instruction: CircuitInstruction) -> None:
    operation = instruction.operation
    if isinstance(operation, ControlFlowOp):
        raise _random(f"control flow ({operation.name})")
    if instruction.clbits:
        raise _random(f"classical bits in {operation.name!r}")


def _random(instruction: str) -> QoroInputError:
    return QoroInputError(
        f"it contains {instruction}, so it has no single state vector: remove it. Final measurements are "
        "ignored"
    )


def _global_phase(circuit: QuantumCircuit) -> float:
    """Return the global phase that the writer leaves out: that of the circuit and of each definition."""
    phase = float(circuit.global_phase)
    for instruction in circuit.data:
        # The writer writes these gates by name.
        is_written = instruction.name in GATES and instruction.is_standard_gate()
        if not is_written and not isinstance(instruction.operation, Barrier | Delay | Reset):
            phase += _global_phase(definition_of(instruction.operation))
    return phase
