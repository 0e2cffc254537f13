"""The circuits that give values for the rows of parameters of an estimator's PUB.

Most rows of a sweep are read in the same way and differ only in their circuits. So the readouts are stored in
columns: the distinct patterns, the pattern of each row, and the circuits of all rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

__all__ = ["COMPUTED", "NOT_RUN", "Pattern", "Readout", "Readouts"]

Pattern = tuple[tuple[str, tuple[int, ...]], ...]
"""For each circuit of a row its basis and its Pauli strings, as in :class:`Readout`."""

COMPUTED: Pattern = (("", ()),)
"""The pattern of a row with one circuit that returns expectation values."""

NOT_RUN: Pattern = ()
"""The pattern of a row without circuits."""


class Readout(NamedTuple):
    """A circuit that gives values for one row of parameters.

    Attributes:
        circuit: The circuit, by its index in the submission.
        basis: The basis that was measured, if the circuit returns counts: a Pauli string whose leftmost
            letter belongs to the first qubit. Each letter except ``I`` belongs to a bit of the results, in
            order. Empty if the circuit returns expectation values.
        pauli_strings: The Pauli strings to evaluate from the counts, as indices in the PUB's list of them.
            Empty if the circuit returns expectation values.
    """

    circuit: int
    basis: str
    pauli_strings: tuple[int, ...]


class Readouts:
    """The readouts of all rows of a PUB.

    Args:
        rows: For each row its pattern and its circuits.

    Attributes:
        patterns: The distinct patterns.
        pattern_of_row: The number of the pattern of each row.
        circuits: The circuits of all rows, one row after the other.
    """

    def __init__(self, rows: Iterable[tuple[Pattern, Sequence[int]]]) -> None:
        numbers: dict[Pattern, int] = {}
        self.pattern_of_row: list[int] = []
        self.circuits: list[int] = []
        for pattern, circuits in rows:
            self.pattern_of_row.append(numbers.setdefault(pattern, len(numbers)))
            self.circuits += circuits
        self.patterns = tuple(numbers)
        sizes = [len(pattern) for pattern in self.patterns]
        self._starts = list(accumulate((sizes[number] for number in self.pattern_of_row), initial=0))

    def __len__(self) -> int:
        return len(self.pattern_of_row)

    def __getitem__(self, row: int) -> list[Readout]:
        """Return the readouts of a row."""
        pattern = self.patterns[self.pattern_of_row[row]]
        return [Readout(circuit, *read) for circuit, read in zip(self.circuits_of(row), pattern, strict=True)]

    def circuits_of(self, row: int) -> list[int]:
        """Return the circuits of a row."""
        return self.circuits[self._starts[row] : self._starts[row + 1]]
