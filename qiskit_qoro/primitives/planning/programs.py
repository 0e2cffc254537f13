"""Programs for a circuit and rows of parameter values, with one text for all rows if possible.

A circuit is written once with names as angles, and the expressions behind the names are evaluated for all
rows at once. Some gates can only be written if the values of their parameters are known. A circuit with such
a gate is bound and written for each row.
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
from qiskit_qoro.qasm.delays import DELAY_GATE
from qiskit_qoro.qasm.write.style import IDEAL, ProgramStyle
from qiskit_qoro.qasm.write.template_writer import write_template
from qiskit_qoro.qasm.write.writer import Program, is_timing, write_program

__all__ = [
    "RowPrograms",
    "Source",
    "append_measurements",
    "check_resets",
    "without_final_measurements",
    "write_rows",
]

_QUBIT = re.compile(r"q\[(\d+)\]")


@dataclass(frozen=True)
class Source:
    """OpenQASM 2 text that may contain names as angles.

    Attributes:
        text: The text.
        num_qubits: How many qubits it declares.
        num_clbits: How many classical bits it declares.
        names: The names. Empty if the text is a program without names.
    """

    text: str
    num_qubits: int
    num_clbits: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowPrograms:
    """The programs of a circuit, one for each row of parameter values.

    Attributes:
        program: The qubits and classical bits, which are the same for all rows. Its text is that of the first
            row.
        sources: The source of each row.
        values: The values of the names, one array for each row.
    """

    program: Program
    sources: Sequence[Source]
    values: Sequence[npt.NDArray[np.float64]]


def write_rows(
    circuit: QuantumCircuit, parameter_values: npt.NDArray[np.float64], style: ProgramStyle = IDEAL
) -> RowPrograms:
    """Write a circuit for each row of values of its parameters.

    Args:
        circuit: The circuit.
        parameter_values: The values, shape (..., parameters), in the order of ``circuit.parameters``.
        style: What the programs keep of the circuit.

    Returns:
        The programs, with the rows in C order.

    Raises:
        QoroInputError: An instruction cannot be written, or an angle has no finite real value in some row.
    """
    shape = parameter_values.shape
    rows = parameter_values.reshape(math.prod(shape[:-1]), shape[-1])
    try:
        template = write_template(circuit, style=style)
    except QoroInputError:
        if not circuit.num_parameters:
            raise
        # A gate may need the values of its parameters to be written. If the error has another reason, writing
        # the bound circuits raises it again.
        return _write_bound(circuit, rows, style)
    source = _source(template.program, template.names)
    values = evaluate(template.expressions, list(circuit.parameters), rows)
    return RowPrograms(template.program, [source] * len(rows), list(values))


def _write_bound(circuit: QuantumCircuit, rows: npt.NDArray[np.float64], style: ProgramStyle) -> RowPrograms:
    """Bind and write a circuit for each row."""
    if not len(rows):
        return RowPrograms(write_program(circuit.copy_empty_like()), [], [])
    bound = [_independent_copy(circuit).assign_parameters(row) for row in rows]
    programs = [write_program(item, style=style) for item in bound]
    no_values = np.empty(0)
    return RowPrograms(programs[0], [_source(program) for program in programs], [no_values] * len(programs))


def _independent_copy(circuit: QuantumCircuit) -> QuantumCircuit:
    """Copy a circuit and all of its operations. Qiskit binds operations inside control flow in place."""
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


def append_measurements(source: Source, basis: str) -> Source:
    """Append measurements in a basis to a source.

    Args:
        source: A source without classical bits.
        basis: A Pauli string. Its letter *i* is measured on qubit *i* of the text; qubits with ``I`` are not
            measured.
    """
    # The source has no classical register, so one is declared after the quantum register.
    num_clbits = len(basis) - basis.count("I")
    declaration = f"qreg q[{source.num_qubits}];\n"
    head, body = source.text.split(declaration, 1)
    measurements = "".join(f"{line}\n" for line in measurement_suffix(basis))
    text = f"{head}{declaration}creg c[{num_clbits}];\n{body}{measurements}"
    return replace(source, text=text, num_clbits=num_clbits)


def without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """Remove final measurements, which an estimator ignores.

    Args:
        circuit: The circuit; it is not changed.

    Returns:
        The circuit without classical bits, or ``circuit`` itself if it has none.

    Raises:
        QoroInputError: The circuit measures before its end, or its operations depend on classical bits.
    """
    if not circuit.num_clbits:
        return circuit
    # Walk backwards: a measurement is final if no kept operation acts on its qubit later.
    used_later: set[object] = set()
    kept = []
    data = circuit.data
    for index in range(len(data) - 1, -1, -1):
        item = data[index]
        if not item.clbits:
            kept.append(item)
            if not is_timing(item):
                used_later.update(item.qubits)
        elif isinstance(item.operation, Measure) and used_later.isdisjoint(item.qubits):
            # The state is that at the time of the measurement.
            kept = [later for later in kept if not (later.name == "delay" and later.qubits == item.qubits)]
        else:
            raise QoroInputError(
                f"instruction {index} ({item.name}) measures, or depends on a measurement, before the end of "
                "the circuit, so the final state is random and has no expectation values. Remove the "
                "instruction, or run the circuit with QoroSampler"
            )
    # Unlike the setter of "data", this does not check the qubits of each instruction again.
    return QuantumCircuit.from_instructions(
        reversed(kept), qubits=circuit.qubits, global_phase=circuit.global_phase
    )


def check_resets(program: Program) -> None:
    """Refuse a program that resets a qubit after other operations on it.

    Such a reset makes the final state random. The engine would follow one random trajectory and report its
    expectation values as exact ones.

    Raises:
        QoroInputError: The program has such a reset.
    """
    if "\nreset " not in program.text:
        return
    used: set[str] = set()
    for line in program.text.split("\n"):
        qubits = _QUBIT.findall(line) if line.endswith(";") and not line.startswith("qreg") else []
        if line.startswith("reset ") and not used.isdisjoint(qubits):
            raise QoroInputError(
                f"qubit {program.qubits[int(qubits[0])]} is reset after other operations, so the final state "
                "is random and has no exact expectation values. Remove the reset, or set the option "
                "force_sampling"
            )
        if not line.startswith(("reset ", "barrier ", DELAY_GATE)):
            used.update(qubits)
