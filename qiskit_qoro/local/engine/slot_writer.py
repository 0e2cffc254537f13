"""Write the circuit of a template for the engine, with slots for the gates whose angles differ by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qiskit import QuantumCircuit
from qiskit.circuit import Qubit

from qiskit_qoro.local.engine.engine_program import EngineProgram, gate_text
from qiskit_qoro.local.engine.program import ProgramWriter

__all__ = ["SlotWriter", "SlottedProgram"]


@dataclass(frozen=True)
class _Slot:
    """A gate whose angles differ from row to row.

    Attributes:
        name: The name of the gate.
        angles: Its angles. An ``int`` is the index of an expression, a ``float`` is a constant.
    """

    name: str
    angles: tuple[float | int, ...]


@dataclass(frozen=True)
class SlottedProgram:
    """An engine program with slots. Its text is ``pieces`` with the ``slots`` between them.

    Attributes:
        program: The program without its text.
        pieces: The fixed text, one piece more than there are slots.
        slots: The gates to fill in.
    """

    program: EngineProgram
    pieces: tuple[str, ...]
    slots: tuple[_Slot, ...]

    def fill(self, angles: Sequence[float]) -> EngineProgram:
        """Return the program with the values of the expressions in the slots."""
        gates = [
            gate_text(slot.name, [angles[angle] if type(angle) is int else angle for angle in slot.angles])
            for slot in self.slots
        ]
        text = [self.pieces[0]]
        for gate, piece in zip(gates, self.pieces[1:], strict=True):
            text += (gate, piece)
        return replace(self.program, text="".join(text))


class SlotWriter(ProgramWriter):
    """Writes a circuit, and leaves a slot in place of each gate that has a marker as an angle.

    The text of a slot is split into a condition before the gate and the operands after it, so that a slot's
    index in ``self._body`` is where its gate will be inserted.
    """

    def __init__(
        self,
        circuit: QuantumCircuit,
        markers: Mapping[float, int],
        *,
        measure: bool,
        basis_gates: frozenset[str] | None,
    ) -> None:
        super().__init__(circuit, measure=measure, basis_gates=basis_gates)
        self._markers = markers
        self._slots: list[_Slot] = []
        self._slot_positions: list[int] = []

    def write_slotted(self) -> SlottedProgram:
        """Write the circuit with slots. Call this once."""
        program = self.write()
        ends = [*self._slot_positions, len(self._body)]
        # The declarations come before the body.
        head = program.text[: len(program.text) - sum(map(len, self._body))]
        starts = [0, *self._slot_positions]
        pieces = ["".join(self._body[start:end]) for start, end in zip(starts, ends, strict=True)]
        return SlottedProgram(replace(program, text=""), (head + pieces[0], *pieces[1:]), tuple(self._slots))

    def _emit_gate(self, condition: str, name: str, params: Sequence[float], qubits: Sequence[Qubit]) -> None:
        if self._markers.keys().isdisjoint(params):
            super()._emit_gate(condition, name, params, qubits)
            return
        angles = tuple(self._markers.get(angle, float(angle)) for angle in params)
        self._slots.append(_Slot(name, angles))
        self._body.append(condition)
        self._slot_positions.append(len(self._body))
        self._body.append(f" {self._operands(qubits)};\n")
