"""Programs for the engine with slots for the gates whose angles differ from row to row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qiskit_qoro.local.engine.engine_program import EngineProgram, gate_text

__all__ = ["SlottedProgram", "find_slots"]

# A gate with angles, in a text for the engine. The bracket of a condition follows a space.
_GATE = re.compile(r"([a-z]\w*+)\(([^()]*+)\)", re.ASCII)


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


def find_slots(program: EngineProgram, markers: Sequence[float]) -> SlottedProgram:
    """Make a slot of each gate that has a marker as an angle.

    Args:
        program: The program.
        markers: The marker of each expression. They do not occur in the program for any other reason.
    """
    index_of = {repr(marker): index for index, marker in enumerate(markers)}
    pieces, slots, position = [], [], 0
    for match in _GATE.finditer(program.text):
        angles = match[2].split(",")
        if index_of.keys().isdisjoint(angles):
            continue
        values = [index_of[angle] if angle in index_of else float(angle) for angle in angles]
        slots.append(_Slot(match[1], tuple(values)))
        pieces.append(program.text[position : match.start()])
        position = match.end()
    pieces.append(program.text[position:])
    return SlottedProgram(replace(program, text=""), tuple(pieces), tuple(slots))
