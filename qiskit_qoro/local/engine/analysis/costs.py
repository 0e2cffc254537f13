"""Estimate what it costs to simulate a large program with each method: time, memory and bond dimension.

The estimates are rough. They separate what takes seconds from what takes years. The constants were measured
on one core of a server of the year 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qiskit_qoro.local.engine.analysis.entanglement import estimate_bond_bits
from qiskit_qoro.local.engine.analysis.gate_list import ListedGate, cone_of, supports_of
from qiskit_qoro.qasm.gates import CLIFFORD_GATES, GATES

__all__ = [
    "MAX_STATEVECTOR_QUBITS",
    "Cone",
    "ConeCost",
    "MpsCost",
    "PauliCost",
    "cone_cost",
    "density_matrix_bytes",
    "find_cones",
    "gradient_bytes",
    "mps_cost",
    "pauli_cost",
    "statevector_bytes",
    "statevector_seconds",
]

MAX_STATEVECTOR_QUBITS = 30
"""The widest state vector. The engine raises MemoryError from 31 qubits on, and crashes from 64 on."""

_BYTES_PER_AMPLITUDE = 16

# Sampling needs the state, its probabilities and the alias table.
_SAMPLING_FACTOR = 3.5

# Two states, each with temporary arrays that take three times as much.
_GRADIENT_STATES = 6

# Seconds of a gate for each amplitude of a state vector.
_STATEVECTOR_S = 1e-9

# Seconds of a two-qubit gate on a matrix product state: these factors times the cube and the square of the
# bond dimension. A gate on distant qubits moves one of them past those between them.
_MPS_CUBE_S = 3e-9
_MPS_SQUARE_S = 6e-7

# Seconds of a gate for each Pauli string that it is applied to.
_PAULI_S = 2e-7

# How many bits a gate adds to the number of Pauli strings, if it is not as many as it has qubits. A rotation
# doubles the number at most. The engine does not merge equal strings by itself, so there is no upper limit.
_PAULI_BITS = {"u": 3.0, "u2": 2.0, "u3": 3.0, "cu": 4.0, "cu3": 4.0, "ccx": 4.0, "cswap": 4.0}

# Larger powers of 2 do not fit in a floating-point number.
_MAX_BITS = 1000.0


Cone = tuple[int, list[ListedGate]]
"""The qubits of a causal cone as the bits of an integer, and its gates."""


@dataclass(frozen=True)
class ConeCost:
    """The cost of expectation values from the state vectors of causal cones.

    Attributes:
        num_qubits: The number of qubits of the largest cone.
        seconds: The time for all cones.
    """

    num_qubits: int
    seconds: float


@dataclass(frozen=True)
class MpsCost:
    """The cost of a matrix product state.

    Attributes:
        bond_bits: The logarithm to base 2 of the bond dimension.
        seconds: The time.
        num_bytes: The memory.
    """

    bond_bits: float
    seconds: float
    num_bytes: float


@dataclass(frozen=True)
class PauliCost:
    """The cost of Pauli propagation without truncation.

    Attributes:
        term_bits: The logarithm to base 2 of the number of Pauli strings.
        seconds: The time.
    """

    term_bits: float
    seconds: float


def statevector_bytes(num_qubits: int, *, sampling: bool) -> int:
    """Return the memory that the engine needs for a state vector, in bytes."""
    return int(_BYTES_PER_AMPLITUDE * 2**num_qubits * (_SAMPLING_FACTOR if sampling else 1))


def density_matrix_bytes(num_qubits: int) -> int:
    """Return the memory that the engine needs for a density matrix, in bytes.

    It was measured with up to 12 qubits, for samples and for expectation values.
    """
    return _BYTES_PER_AMPLITUDE << 2 * num_qubits


def gradient_bytes(num_qubits: int) -> int:
    """Return the memory for two states of the gradient of a circuit and their temporary copies, in bytes."""
    return _GRADIENT_STATES * _BYTES_PER_AMPLITUDE << num_qubits


def statevector_seconds(num_gates: int, num_qubits: int) -> float:
    """Estimate the time for the gates on a state vector."""
    return float(num_gates * _STATEVECTOR_S * 2.0 ** min(num_qubits, _MAX_BITS))


def find_cones(gates: Sequence[ListedGate], pauli_strings: Iterable[str]) -> list[Cone]:
    """Find the causal cone of each Pauli string. Strings on the same qubits share one.

    Args:
        gates: The gates of the program.
        pauli_strings: The Pauli strings, the leftmost letter on qubit 0.
    """
    return [cone_of(gates, support) for support in supports_of(pauli_strings)]


def cone_cost(cones: Iterable[Cone]) -> ConeCost:
    """Estimate the cost of state vectors of causal cones."""
    widths, seconds = [0], 0.0
    for qubits, inside in cones:
        width = qubits.bit_count()
        widths.append(width)
        seconds += statevector_seconds(len(inside), width)
    return ConeCost(max(widths), seconds)


def pauli_cost(cones: Iterable[Cone]) -> PauliCost:
    """Estimate the cost of propagating Pauli strings backwards through their causal cones."""
    largest, seconds = 0.0, 0.0
    for _, inside in cones:
        names = [gate.operation.partition("(")[0] for gate in inside]
        bits = sum(
            _PAULI_BITS.get(name, GATES[name].num_qubits) for name in names if name not in CLIFFORD_GATES
        )
        bits = min(bits, _MAX_BITS)
        largest = max(largest, bits)
        seconds += len(inside) * _PAULI_S * 2.0**bits
    return PauliCost(largest, seconds)


def mps_cost(gates: Sequence[ListedGate], num_qubits: int) -> MpsCost:
    """Estimate the cost of a matrix product state.

    Args:
        gates: The gates of the program.
        num_qubits: The number of its qubits.
    """
    bits = [min(found, _MAX_BITS / 4) for found in estimate_bond_bits(gates, num_qubits)]
    per_cut = [_MPS_CUBE_S * 8.0**found + _MPS_SQUARE_S * 4.0**found for found in bits]
    # The sums of all cuts before each qubit.
    sums = [0.0]
    for seconds in per_cut:
        sums.append(sums[-1] + seconds)
    total = sum(sums[max(gate.qubits)] - sums[min(gate.qubits)] for gate in gates if len(gate.qubits) > 1)
    num_bytes = sum(2 * _BYTES_PER_AMPLITUDE * 4.0**found for found in bits)
    return MpsCost(max(bits, default=0.0), total, num_bytes)
