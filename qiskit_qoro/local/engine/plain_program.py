"""Write plain programs for the engine, without a circuit in between.

A plain program (:mod:`qiskit_qoro.qasm.read.plain_program`) is a list of statements, many of which have the
same text. Each distinct text is translated once. The result is the same as that of
:mod:`qiskit_qoro.local.engine.program`, several times faster.
"""

from __future__ import annotations

from collections.abc import Sequence

from qiskit_qoro.local.engine.engine_program import CX_GATES, NATIVE_GATES, EngineProgram, gate_text
from qiskit_qoro.qasm.read.plain_program import PlainProgram

__all__ = ["write_plain_program"]

_NOT_GATES = frozenset({"measure", "barrier", "reset"})


def write_plain_program(
    program: PlainProgram, *, measure: bool = True, basis_gates: frozenset[str] | None = None
) -> EngineProgram | None:
    """Write a plain program for the engine.

    Args:
        program: The program.
        measure: As for :func:`~qiskit_qoro.local.engine.program.write_engine_program`.
        basis_gates: As for that function.

    Returns:
        The same as that function, or ``None`` if a gate is not one of ``basis_gates``, or if these are the
        native gates of a QPU, which have to be rewritten.
    """
    if basis_gates in (NATIVE_GATES, CX_GATES):
        return None
    statements = program.statements
    names: set[str] = set()
    gates: dict[str, str] = {}
    for operation in dict.fromkeys([operation for operation, _ in statements]):
        if operation in _NOT_GATES:
            names.add(operation)
            continue
        name, params = program.gate(operation)
        names.add(name)
        gates[operation] = gate_text(name, params) if params else name
    if basis_gates is not None and not names <= basis_gates | _NOT_GATES:
        return None
    writer = _BodyWriter(program, gates, measure=measure)
    body = writer.write()
    declarations = [
        'OPENQASM 2.0;\ninclude "qelib1.inc";\n',
        f"qreg q[{max(1, len(writer.busy))}];\n",
        *(f"creg c{number}[{size}];\n" for number, size in enumerate(program.cregs.values())),
    ]
    return EngineProgram(
        text="".join(declarations + body),
        qubits=writer.busy,
        num_qubits=program.num_qubits,
        num_clbits=program.num_clbits,
        has_measurement="measure" in names,
        randomness=writer.randomness,
    )


class _BodyWriter:
    """Writes the operations of a plain program.

    Args:
        program: The program.
        gates: The text of each gate, by its text in the program.
        measure: Whether to write measurements.

    Attributes:
        busy: The indices of the qubits that the text needs.
        randomness: What makes the final state random, or ``None``. Known after :meth:`write`.
    """

    def __init__(self, program: PlainProgram, gates: dict[str, str], *, measure: bool) -> None:
        statements = program.statements
        self._statements = statements
        self._gates = gates
        self._measure = measure
        self._operands = {text: program.operands(text) for text in {text for _, text in statements}}
        gate_operands = {text for operation, text in statements if operation in gates}
        needed = {text for text in self._operands if "->" in text and measure} | gate_operands
        qubits = {bit for text in needed for bits in self._operands[text][0] for bit in bits}
        self.busy = tuple(sorted(qubits))
        self.randomness: str | None = None
        self._qubits = {bit: f"q[{index}]" for index, bit in enumerate(self.busy)}
        self._clbits = [
            f"c{number}[{index}]"
            for number, size in enumerate(program.cregs.values())
            for index in range(size)
        ]
        self._targets = {text: self._spell(self._operands[text][0]) for text in gate_operands}

    def write(self) -> list[str]:
        """Return the lines of all operations. Call this once."""
        lines: list[str] = []
        # As in ProgramWriter: the qubits that a gate has acted on, and those that were measured after it.
        changed: set[int] = set()
        measured: set[int] = set()
        for operation, text in self._statements:
            gate = self._gates.get(operation)
            if gate is not None:
                names, bits = self._targets[text]
                if measured and not measured.isdisjoint(bits):
                    self.randomness = "a mid-circuit measurement"
                changed.update(bits)
                for name in names:
                    lines.append(f"{gate} {name};\n")  # noqa: PERF401 - nearly always one
            elif operation == "measure":
                (qubits,), (clbits,) = self._operands[text]
                measured.update(changed.intersection(qubits))
                if self._measure:
                    for qubit, clbit in zip(qubits, clbits, strict=True):
                        lines.append(f"measure {self._qubits[qubit]} -> {self._clbits[clbit]};\n")
            elif operation == "reset":
                for qubit in self._operands[text][0][0]:
                    if qubit in changed:
                        self.randomness = "a reset"
                        lines.append(f"reset {self._qubits[qubit]};\n")
        return lines

    def _spell(self, operands: Sequence[Sequence[int]]) -> tuple[list[str], frozenset[int]]:
        """Return the operands of each line of a gate, and all its qubits."""
        bits = [bit for group in operands for bit in group]
        names = [self._qubits[bit] for bit in bits]
        # A single operand may be a register, on whose qubits the gate acts one by one.
        return names if len(operands) == 1 else [",".join(names)], frozenset(bits)
