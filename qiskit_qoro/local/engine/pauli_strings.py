"""Pauli words of a program -> those that the engine is asked for, and back.

The engine knows only the qubits of a program that something happens to. An idle qubit is in the state 0,
where Z is 1 and X and Y are 0: so a word is asked for by its letters on the busy qubits, is 0 where an idle
qubit makes it so, and is 1 where nothing is left to ask.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.program import EngineProgram

__all__ = ["AskedWords", "ask_words"]

_WORD = re.compile(r"[IXYZ]+")
_ZERO, _ONE = -2, -1  # where they stand in the list of all values


@dataclass(frozen=True)
class AskedWords:
    """What the engine is asked for.

    Attributes:
        words: Different words, each as long as the engine's program has qubits.
        places: For each word that was wanted its place in a list of the values of ``words``, followed by a 0
            and a 1.
    """

    words: tuple[str, ...]
    places: tuple[int, ...]

    def arrange(self, values: Sequence[float]) -> list[float]:
        """The value of each word that was wanted, from those of ``words``."""
        known = [*values, 0.0, 1.0]
        return [known[place] for place in self.places]


def ask_words(words: Sequence[str], program: EngineProgram) -> AskedWords:
    """What to ask the engine for words.

    Args:
        words: Pauli words over ``IXYZ``, the leftmost letter on qubit 0; shorter words act on the first
            qubits.
        program: The program in whose state they are wanted.

    Raises:
        QoroInputError: One is no word, or is longer than the program has qubits.
    """
    for word in words:
        _check(word, program)
    idle = frozenset(range(program.num_qubits)).difference(program.qubits)
    parts = [_part(word, program, idle) for word in words]
    asked = sorted({part for part in parts if part is not None and part.strip("I")})
    places: dict[str | None, int] = {part: place for place, part in enumerate(asked)}
    places[None] = _ZERO
    return AskedWords(tuple(asked), tuple(places.get(part, _ONE) for part in parts))


def _part(word: str, program: EngineProgram, idle: frozenset[int]) -> str | None:
    """The word on the qubits that the engine knows, ``None`` where an idle qubit makes it zero."""
    padded = word.ljust(program.num_qubits, "I")
    if not idle:
        return padded
    if any(padded[place] in "XY" for place in idle):
        return None
    return "".join([padded[place] for place in program.qubits])


def _check(word: str, program: EngineProgram) -> None:
    if not _WORD.fullmatch(word):
        raise QoroInputError(
            f"{word[:80]!r} is not a Pauli word, expected letters I, X, Y and Z without spaces or signs"
        )
    if len(word) > program.num_qubits:
        raise QoroInputError(
            f"the Pauli word {word[:80]!r} has {len(word)} letters and the program {program.num_qubits} "
            "qubits, expected at most one letter for each qubit"
        )
