"""Reduce the Pauli strings of a program to the qubits that the engine simulates, and map the values back.

The engine only gets the busy qubits of a program. An idle qubit stays in state 0, where Z has the value 1,
and X and Y have the value 0. So each Pauli string is shortened to its letters on the busy qubits. If it has X
or Y on an idle qubit, its value is 0. If only identities are left, its value is 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.engine_program import EngineProgram

__all__ = ["ReducedPauliStrings", "reduce_pauli_strings"]

_PAULI_STRING = re.compile(r"[IXYZ]+")

# ReducedPauliStrings.positions index the engine's values followed by a 0 and a 1.
_ZERO, _ONE = -2, -1


@dataclass(frozen=True)
class ReducedPauliStrings:
    """The Pauli strings to send to the engine, and how its values map to the requested strings.

    Attributes:
        pauli_strings: Distinct Pauli strings. Each has one letter for each qubit of the engine's program.
        positions: For each requested Pauli string, the position of its value in the list that consists of the
            values of ``pauli_strings``, a 0 and a 1.
    """

    pauli_strings: tuple[str, ...]
    positions: tuple[int, ...]

    def expand(self, values: Sequence[float]) -> list[float]:
        """Return the value of each requested Pauli string, given the values of ``pauli_strings``."""
        known = [*values, 0.0, 1.0]
        return [known[position] for position in self.positions]

    def requested(self, pauli_strings: Sequence[str]) -> dict[str, int]:
        """Return those requested Pauli strings whose value is one of the engine's, with its position.

        Args:
            pauli_strings: The requested Pauli strings, which :func:`reduce_pauli_strings` has reduced.
        """
        found = zip(pauli_strings, self.positions, strict=True)
        return {string: position for string, position in found if position >= 0}


def reduce_pauli_strings(pauli_strings: Sequence[str], program: EngineProgram) -> ReducedPauliStrings:
    """Reduce Pauli strings to the busy qubits of a program.

    Args:
        pauli_strings: Strings over ``IXYZ``, the leftmost letter on qubit 0. Shorter strings act on the first
            qubits.
        program: The program that prepares the state.

    Raises:
        QoroInputError: A string has other letters, or more letters than the program has qubits.
    """
    for pauli_string in pauli_strings:
        _check(pauli_string, program)
    idle = frozenset(range(program.num_qubits)).difference(program.qubits)
    reduced = [_reduce(pauli_string, program, idle) for pauli_string in pauli_strings]
    to_estimate = sorted({item for item in reduced if item is not None and item.strip("I")})
    positions: dict[str | None, int] = {item: position for position, item in enumerate(to_estimate)}
    positions[None] = _ZERO
    return ReducedPauliStrings(tuple(to_estimate), tuple(positions.get(item, _ONE) for item in reduced))


def _reduce(pauli_string: str, program: EngineProgram, idle: frozenset[int]) -> str | None:
    """Return the letters on the busy qubits, or ``None`` if an idle qubit makes the value zero."""
    padded = pauli_string.ljust(program.num_qubits, "I")
    if not idle:
        return padded
    if any(padded[qubit] in "XY" for qubit in idle):
        return None
    return "".join([padded[qubit] for qubit in program.qubits])


def _check(pauli_string: str, program: EngineProgram) -> None:
    if not _PAULI_STRING.fullmatch(pauli_string):
        raise QoroInputError(
            f"{pauli_string[:80]!r} is not a Pauli string, expected only the letters I, X, Y and Z"
        )
    if len(pauli_string) > program.num_qubits:
        raise QoroInputError(
            f"the Pauli string {pauli_string[:80]!r} has {len(pauli_string)} letters and the program "
            f"{program.num_qubits} qubits, expected at most one letter for each qubit"
        )
