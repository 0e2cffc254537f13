"""Estimate how long a noisy program takes with each method, to choose one.

The estimates are deterministic, so that the choice, and with it the result of a job with a seed, does not
depend on how busy the machine is. The constants were fitted to qoro-maestro 0.3.8 on one core, and are right
within a factor of about three.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

__all__ = ["NoisyCost"]

# A line of an engine program with a gate on two or more qubits.
_WIDE_GATE = re.compile(
    r"^(?:if \([^)]*\) )?(?P<name>[a-zA-Z]\w*)[^;q\n]* (?P<qubits>q\[\d+\](?:,q\[\d+\])+);", re.MULTILINE
)
_INDEX = re.compile(r"\d+")

# The engine sets up a simulator for each realization.
_REALIZATION_S = 6e-4
_GATE_S = 1e-6
_STATEVECTOR_S = 4e-10
_DENSITY_MATRIX_S = 6e-9
_OPERATOR_S = 1.2e-8
_OPERATOR_GATE_S = 5e-5
_OPERATOR_SHOT_S = 4e-9

# An operator in place of a controlled gate has two terms, so its channel has four. A swap has four terms.
_CHANNEL_TERMS = {"swap": 16, "csx": 4}
_DEFAULT_TERMS = 4


@dataclass(frozen=True)
class NoisyCost:
    """The estimated cost of one program.

    Attributes:
        text: The engine program.
        num_qubits: Its number of qubits.
        repeats: Whether every shot needs a run of its own, because of a mid-circuit measurement, a reset or a
            condition.
        shots: The number of shots, or 0 for expectation values.
    """

    text: str
    num_qubits: int
    repeats: bool = False
    shots: int = 0

    @cached_property
    def num_gates(self) -> int:
        """The number of lines of the program, nearly all of which are gates."""
        return self.text.count("\n")

    @property
    def realization_s(self) -> float:
        """The seconds of one random realization with a state vector."""
        return _REALIZATION_S + self.num_gates * (_GATE_S + _STATEVECTOR_S * 2.0**self.num_qubits)

    @property
    def density_matrix_s(self) -> float:
        """The seconds with a density matrix."""
        one_run = self.num_gates * (_GATE_S + _DENSITY_MATRIX_S * 4.0**self.num_qubits)
        return one_run * (self.shots if self.repeats else 1)

    @property
    def operator_s(self) -> float:
        """The seconds with a matrix product operator without truncation."""
        bonds, steps = self._bonds
        one_run = _OPERATOR_S * steps + _OPERATOR_GATE_S * self.num_gates
        if self.repeats:
            return one_run * self.shots
        return one_run + _OPERATOR_SHOT_S * self.shots * self.num_qubits * max(bonds, default=1) ** 2

    @property
    def operator_bytes(self) -> float:
        """The bytes of a matrix product operator without truncation."""
        bonds = [1, *self._bonds[0], 1]
        return sum(16.0 * 4 * left * right for left, right in pairwise(bonds))

    @cached_property
    def _bonds(self) -> tuple[list[int], float]:
        """A bound for the dimension of each bond, and the number of multiplications.

        Bond *k* is between qubits *k* and *k* + 1.
        """
        last = self.num_qubits - 1
        limits = [4 ** min(bond + 1, last - bond) for bond in range(last)]
        bonds = [1] * last
        steps = 0.0
        for match in _WIDE_GATE.finditer(self.text):
            qubits = [int(index) for index in _INDEX.findall(match["qubits"])]
            low, high = min(qubits), max(qubits)
            terms = _CHANNEL_TERMS.get(match["name"], _DEFAULT_TERMS)
            # Qubits that are not neighbours are swapped until they are, and back.
            passes = 1 if high - low == 1 else 2
            for bond in range(low, high):
                bonds[bond] = min(bonds[bond] * terms, limits[bond])
                left = 4 * bonds[bond - 1] if bond else 4
                right = 4 * bonds[bond + 1] if bond + 1 < last else 4
                bonds[bond] = min(bonds[bond], left, right)
                steps += passes * left * right * min(left, right)
        return bonds, steps
