"""Sample the final measurements of compiled programs.

The engine compiles a program without measurements, and computes the probabilities of all outcomes of some
qubits for many rows of angles at once. For small programs that takes a few hundredths of the time that the
engine takes to run a program with its shots. The counts are then drawn from these probabilities, which is
the same as running the shots one by one: their distribution is multinomial.

The engine's own counts for a seed are different ones, so this is only for programs without a seed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.engine_calls import load_engine
from qiskit_qoro.local.engine.engine_program import EngineProgram

__all__ = ["FinalMeasurements", "split_measurements"]

# A bitstring is handled as a signed 64-bit integer.
_MAX_CLBITS = 63

# Probabilities to have in memory at once, for all rows together.
_MAX_PROBABILITIES = 2**20

# Rounding errors are far below this.
_TOLERANCE = 1e-9

_REGISTER = re.compile(r"creg c\d+\[(\d+)\];\n")
_MEASURE = re.compile(r"measure q\[(\d+)\] -> c(\d+)\[(\d+)\];\n")
_QUBIT = re.compile(r"q\[(\d+)\]")

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Evaluate = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class FinalMeasurements:
    """The measurements at the end of a program.

    Attributes:
        qubits: The measured qubits of the text. Each is one bit of the index of an outcome, the lowest first.
        bitstrings: For each outcome, all classical bits as an integer, classical bit 0 lowest. Ascending.
        num_clbits: The number of classical bits.
    """

    qubits: tuple[int, ...]
    bitstrings: Integers
    num_clbits: int

    def sample(
        self, evaluate: Evaluate, shots: Integers, parameters: Floats | None, rng: np.random.Generator
    ) -> Integers:
        """Sample rows of parameters.

        Args:
            evaluate: The method ``expectation_values`` of the engine's ``AdjointProgram``.
            shots: The number of shots of each row.
            parameters: The parameters of each row, or ``None`` for one row with those of the program.
            rng: Draws the counts.

        Returns:
            The counts, shape (rows, outcomes). The outcomes are those of ``bitstrings``.

        Raises:
            QoroError: The engine's probabilities are not a distribution.
        """
        readout = [load_engine().Probabilities(self.qubits)]
        step = max(1, _MAX_PROBABILITIES // len(self.bitstrings))
        blocks = []
        for start in range(0, len(shots), step):
            some = slice(start, start + step)
            answer = evaluate(readout, None if parameters is None else parameters[some])
            blocks.append(_draw(np.array(answer["expectation_values"]), shots[some], rng))
        return np.concatenate(blocks)

    def as_dict(self, counts: Integers) -> dict[str, int]:
        """Return the counts of one row by bitstring, classical bit 0 rightmost."""
        found = np.flatnonzero(counts)
        pairs = zip(self.bitstrings[found].tolist(), counts[found].tolist(), strict=True)
        return {format(bitstring, f"0{self.num_clbits}b"): count for bitstring, count in pairs}


def split_measurements(program: EngineProgram) -> tuple[str, FinalMeasurements] | None:
    """Split a program into its gates and its final measurements.

    Args:
        program: A program with measurements.

    Returns:
        The text without the measurements, and the measurements. ``None`` if a measurement is not final, or if
        the program has too many classical bits.
    """
    if program.randomness or program.num_clbits > _MAX_CLBITS:
        return None
    start = program.text.find("measure ")
    if start < 0:
        return None
    head, tail = program.text[:start], program.text[start:]
    offsets = np.cumsum([0, *map(int, _REGISTER.findall(head))]).tolist()
    # A later measurement replaces the value of a classical bit.
    qubit_of: dict[int, int] = {}
    measured: set[int] = set()
    gates = [head]
    for line in tail.splitlines(keepends=True):
        match = _MEASURE.fullmatch(line)
        if match is None:
            gates.append(line)
            # A qubit may be measured in state 0 before its first gate.
            if not measured.isdisjoint(map(int, _QUBIT.findall(line))):
                return None
        else:
            qubit, register, bit = map(int, match.groups())
            qubit_of[offsets[register] + bit] = qubit
            measured.add(qubit)
    return "".join(gates), _final_measurements(qubit_of, program.num_clbits)


def _final_measurements(qubit_of: dict[int, int], num_clbits: int) -> FinalMeasurements:
    """Enumerate the outcomes of measurements, given the qubit of each classical bit that is written."""
    # The highest classical bit of a qubit decides the order, so that the bitstrings ascend.
    qubits = tuple(dict.fromkeys(qubit for _, qubit in sorted(qubit_of.items(), reverse=True)))[::-1]
    outcomes = np.arange(1 << len(qubits))
    bitstrings = np.zeros(len(outcomes), np.int64)
    for clbit, qubit in qubit_of.items():
        bitstrings |= (outcomes >> qubits.index(qubit) & 1) << clbit
    return FinalMeasurements(qubits, bitstrings, num_clbits)


def _draw(probabilities: Floats, shots: Integers, rng: np.random.Generator) -> Integers:
    """Draw counts for each row of probabilities, which is changed.

    Raises:
        QoroError: A row is not a distribution.
    """
    totals = probabilities.sum(axis=1, keepdims=True)
    if not (np.abs(totals - 1) < _TOLERANCE).all() or probabilities.min() < 0:
        raise QoroError("the engine returned probabilities that are not a distribution")
    probabilities /= totals
    # NumPy draws one outcome after the other, and gives the last one the shots that are left. A rounding
    # error must not give shots to an impossible outcome, so the likeliest one is last.
    rows, likeliest = np.arange(len(probabilities)), probabilities.argmax(axis=1)
    _swap_with_last(probabilities, rows, likeliest)
    counts = rng.multinomial(shots, probabilities)
    _swap_with_last(counts, rows, likeliest)
    return counts


def _swap_with_last(values: npt.NDArray[Any], rows: Integers, columns: Integers) -> None:
    """Swap a value of each row with the last one of the row."""
    swapped = values[rows, columns]
    values[rows, columns] = values[:, -1]
    values[:, -1] = swapped
