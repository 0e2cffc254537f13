"""From a circuit and rows of parameter values to programs: one text for all rows wherever that can be.

A circuit is written once, its angles as names, and the expressions of the angles are computed for all rows
together. Only where a gate has to know the value of its parameter to be written at all, each row is bound and
written by itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp, Measure

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.primitives.planning.grouping import measurement_suffix
from qiskit_qoro.primitives.planning.parameter_expressions import evaluate
from qiskit_qoro.qasm.write.template_writer import write_template
from qiskit_qoro.qasm.write.writer import Program, is_timing, write_program

__all__ = ["RowPrograms", "Source", "measuring", "refuse_chance", "without_final_measurements", "write_rows"]

_QUBIT = re.compile(r"q\[(\d+)\]")


@dataclass(frozen=True)
class Source:
    """A text, and the names in it that stand for numbers.

    Attributes:
        text: OpenQASM 2.
        num_qubits: How many qubits it declares.
        num_clbits: How many classical bits it declares.
        names: The names; none where the text is a program already.
    """

    text: str
    num_qubits: int
    num_clbits: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowPrograms:
    """The circuits that a circuit is with each row of parameter values.

    Attributes:
        program: What all of them have in common: qubits and classical bits. Its text is that of the first.
        sources: The text for each row.
        values: The value of each name for each row.
    """

    program: Program
    sources: Sequence[Source]
    values: Sequence[npt.NDArray[np.float64]]


def write_rows(circuit: QuantumCircuit, parameter_values: npt.NDArray[np.float64]) -> RowPrograms:
    """Write a circuit for each row of values of its parameters.

    Qubits that nothing happens to are left out.

    Args:
        circuit: The circuit.
        parameter_values: The values, shape (..., parameters), in the order of ``circuit.parameters``. The
            rows are numbered in C order.

    Raises:
        QoroInputError: An instruction cannot be written, or an angle has no finite real value in some row.
    """
    shape = parameter_values.shape
    rows = parameter_values.reshape(math.prod(shape[:-1]), shape[-1])
    try:
        template = write_template(circuit, drop_idle_qubits=True)
    except QoroInputError:
        if not circuit.num_parameters:
            raise
        return _write_bound(circuit, rows)
    source = _source(template.program, template.names)
    values = evaluate(template.expressions, list(circuit.parameters), rows)
    return RowPrograms(template.program, [source] * len(rows), list(values))


def _write_bound(circuit: QuantumCircuit, rows: npt.NDArray[np.float64]) -> RowPrograms:
    if not len(rows):
        return RowPrograms(write_program(circuit.copy_empty_like()), [], [])
    bound = [_independent_copy(circuit).assign_parameters(row) for row in rows]
    programs = [write_program(item, drop_idle_qubits=True) for item in bound]
    if len({program.qubits for program in programs}) > 1:
        programs = [write_program(item) for item in bound]
    nothing = np.empty(0)
    return RowPrograms(programs[0], [_source(program) for program in programs], [nothing] * len(programs))


def _independent_copy(circuit: QuantumCircuit) -> QuantumCircuit:
    """A copy that shares no operation: Qiskit binds those inside of control flow in place."""
    copied = circuit.copy_empty_like()
    for item in circuit.data:
        operation = item.operation
        if isinstance(operation, ControlFlowOp):
            operation = operation.replace_blocks([_independent_copy(block) for block in operation.blocks])
        else:
            operation = deepcopy(operation)
        copied.append(item.replace(operation=operation))
    return copied


def _source(program: Program, names: tuple[str, ...] = ()) -> Source:
    return Source(program.text, program.num_qubits, program.num_clbits, names)


def measuring(source: Source, basis: str) -> Source:
    """A source without classical bits, followed by measurements in a basis.

    Args:
        source: The source.
        basis: A Pauli word; its letter *i* is measured on qubit *i* of the text, ``I`` is not.
    """
    num_clbits = len(basis) - basis.count("I")
    declaration = f"qreg q[{source.num_qubits}];\n"
    head, body = source.text.split(declaration, 1)
    measurements = "".join(f"{line}\n" for line in measurement_suffix(basis))
    text = f"{head}{declaration}creg c[{num_clbits}];\n{body}{measurements}"
    return replace(source, text=text, num_clbits=num_clbits)


def without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit as an estimator means it: final measurements are ignored.

    Args:
        circuit: The circuit; it is not changed.

    Returns:
        The circuit without classical bits; the same circuit where it has none.

    Raises:
        QoroInputError: It measures before its end, or its operations depend on classical bits.
    """
    if not circuit.num_clbits:
        return circuit
    busy: set[object] = set()
    kept = []
    for index in range(len(circuit.data) - 1, -1, -1):
        item = circuit.data[index]
        if not item.clbits:
            kept.append(item)
            if not is_timing(item):
                busy.update(item.qubits)
        elif not isinstance(item.operation, Measure) or not busy.isdisjoint(item.qubits):
            raise QoroInputError(
                f"instruction {index} ({item.name}) measures, or depends on a measurement, before the end of "
                "the circuit: its state depends on chance there and has no expectation values. Take it out, "
                "or run the circuit with QoroSampler"
            )
    bare = QuantumCircuit(circuit.qubits, global_phase=circuit.global_phase)
    bare.data = kept[::-1]
    return bare


def refuse_chance(program: Program) -> None:
    """Refuse a program that resets a qubit to which something has happened.

    Raises:
        QoroInputError: It does; what is computed exactly must not depend on chance.
    """
    if "\nreset " not in program.text:
        return
    changed: set[str] = set()
    for line in program.text.split("\n"):
        qubits = _QUBIT.findall(line) if line.endswith(";") and not line.startswith("qreg") else []
        if line.startswith("reset ") and not changed.isdisjoint(qubits):
            raise QoroInputError(
                f"qubit {program.qubits[int(qubits[0])]} is reset after other operations: the circuit's "
                "state depends on chance and has no exact expectation values. Take the reset out, or set the "
                "option force_sampling"
            )
        if not line.startswith(("reset ", "barrier ")):
            changed.update(qubits)
