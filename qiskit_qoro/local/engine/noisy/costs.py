"""Estimate how long a noisy program takes with each method, to choose one.

The estimates are deterministic, so that the choice, and with it the result of a job with a seed, does not
depend on how busy the machine is. The constants were fitted to qoro-maestro 0.3.8 on one core, and are right
within a factor of about three.

For expectation values, the engine simulates only the causal cones of the Pauli strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from qiskit_qoro.local.engine.analysis.costs import mps_cost
from qiskit_qoro.local.engine.analysis.gate_list import ListedGate, cone_of, read_gates, supports_of

__all__ = ["NoisyCost", "Part", "parts_of"]

# The engine sets up a simulator for each realization.
_REALIZATION_S = 6e-4
_GATE_S = 1e-6
_STATEVECTOR_S = 4e-10
_DENSITY_MATRIX_S = 6e-9
_OPERATOR_S = 1.2e-8
_OPERATOR_GATE_S = 5e-5
_OPERATOR_SHOT_S = 4e-9

# An operator in place of a controlled gate has two terms, so its channel has four. A swap has four terms.
_CHANNEL_TERMS = {"swap": 16}
_DEFAULT_TERMS = 4

# Larger bonds and states are far out of reach, and their squares would not fit in a floating-point number.
_MAX_BOND = 2**40
_MAX_QUBITS = 200

# With more Pauli strings, the whole program is estimated, because it takes too long to find all cones.
_MAX_CONES = 64


@dataclass(frozen=True)
class Part:
    """A part of a program that is simulated by itself.

    Attributes:
        num_qubits: Its number of qubits.
        gates: Its gates.
        mask: Its qubits as the bits of an integer, or ``None`` for all qubits of the program.
    """

    num_qubits: int
    gates: Sequence[ListedGate]
    mask: int | None = None


def parts_of(text: str, num_qubits: int, pauli_strings: Sequence[str] = ()) -> tuple[Part, ...]:
    """Return the causal cones of Pauli strings, or the whole program if there are none or too many.

    Args:
        text: The engine program.
        num_qubits: Its number of qubits.
        pauli_strings: The Pauli strings, the leftmost letter on qubit 0.
    """
    gates = read_gates(text)
    supports = supports_of(pauli_strings)
    if not 0 < len(supports) <= _MAX_CONES:
        return (Part(num_qubits, gates),)
    cones = (cone_of(gates, support) for support in supports)
    return tuple(Part(mask.bit_count(), inside, mask) for mask, inside in cones)


@dataclass(frozen=True)
class NoisyCost:
    """The estimated cost of one program.

    Attributes:
        parts: The parts that are simulated.
        repeats: Whether every shot needs a run of its own, because of a mid-circuit measurement, a reset or a
            condition.
        shots: The number of shots, or 0 for expectation values.
    """

    parts: Sequence[Part]
    repeats: bool = False
    shots: int = 0

    @property
    def num_qubits(self) -> int:
        """The number of qubits of the largest part."""
        return max(part.num_qubits for part in self.parts)

    @property
    def realization_s(self) -> float:
        """The seconds of one random realization with a state vector."""
        return _REALIZATION_S + self._dense_s(2.0, _STATEVECTOR_S)

    @cached_property
    def product_state_s(self) -> float:
        """The seconds of one random realization with a matrix product state without truncation."""
        states = (mps_cost(part.gates, _last_qubit(part.gates) + 1) for part in self.parts)
        return _REALIZATION_S + sum(state.seconds for state in states)

    @property
    def density_matrix_s(self) -> float:
        """The seconds with a density matrix."""
        return self._dense_s(4.0, _DENSITY_MATRIX_S) * (self.shots if self.repeats else 1)

    def _dense_s(self, base: float, entry_s: float) -> float:
        return sum(
            len(part.gates) * (_GATE_S + entry_s * base ** min(part.num_qubits, _MAX_QUBITS))
            for part in self.parts
        )

    @property
    def operator_s(self) -> float:
        """The seconds with a matrix product operator without truncation."""
        one_run = sum(
            _OPERATOR_S * steps + _OPERATOR_GATE_S * len(part.gates)
            for part, (_, steps) in zip(self.parts, self._bonds, strict=True)
        )
        if self.repeats:
            return one_run * self.shots
        squares = sum(bond**2 for bonds, _ in self._bonds for bond in bonds)
        return one_run + _OPERATOR_SHOT_S * self.shots * squares

    @property
    def operator_bytes(self) -> float:
        """The bytes of the largest matrix product operator without truncation."""
        return max(
            sum(64.0 * left * right for left, right in pairwise([1.0, *bonds, 1.0]))
            for bonds, _ in self._bonds
        )

    @cached_property
    def _bonds(self) -> list[tuple[list[float], float]]:
        return [_bonds_of(part) for part in self.parts]


def _last_qubit(gates: Sequence[ListedGate]) -> int:
    return max((max(gate.qubits) for gate in gates), default=0)


def _bonds_of(part: Part) -> tuple[list[float], float]:
    """Return a bound for the dimension of each bond, and the number of multiplications.

    Bond *k* is between qubits *k* and *k* + 1 of the part.
    """
    last = part.num_qubits - 1
    limits = [float(min(4 ** min(bond + 1, last - bond, 20), _MAX_BOND)) for bond in range(last)]
    bonds = [1.0] * last
    steps = 0.0
    for gate in part.gates:
        if len(gate.qubits) < 2:
            continue
        low, high = min(gate.qubits), max(gate.qubits)
        if part.mask is not None:
            # The engine numbers the qubits of a cone anew.
            low, high = ((part.mask & ((1 << qubit) - 1)).bit_count() for qubit in (low, high))
        terms = _CHANNEL_TERMS.get(gate.operation, _DEFAULT_TERMS)
        # Qubits that are not neighbours are swapped until they are, and back.
        passes = 1 if high - low == 1 else 2
        for bond in range(low, high):
            left = 4 * bonds[bond - 1] if bond else 4.0
            right = 4 * bonds[bond + 1] if bond + 1 < last else 4.0
            bonds[bond] = min(bonds[bond] * terms, limits[bond], left, right)
            steps += passes * left * right * min(left, right)
    return bonds, steps
