"""Read the gates of an engine program back from its text, for the analysis of large programs.

Only programs whose state vector is too large are analysed, so small programs do not pay for the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from qiskit_qoro.qasm.gates import GATES

__all__ = ["ListedGate", "cone_of", "gate_matrix", "read_gates", "supports_of"]

_GATE = re.compile(r"^(?:if \([^)]*\) )?([a-z0-9]+(?:\([^)]*\))?) (q\[[^;]*);$", re.MULTILINE)
_INDEX = re.compile(r"q\[([0-9]+)\]")
_NOT_GATES = frozenset({"qreg", "measure", "reset"})

_CACHE_SIZE = 4096

Matrix = npt.NDArray[np.complex128]


@dataclass(frozen=True)
class ListedGate:
    """A gate of a program.

    Attributes:
        operation: Its name and its angles.
        qubits: Its qubits, as indices in the text.
        mask: The same qubits as the bits of an integer.
    """

    operation: str
    qubits: tuple[int, ...]
    mask: int


def read_gates(text: str) -> tuple[ListedGate, ...]:
    """Read the gates of an engine program, in order. Conditional gates are included."""
    gates = []
    for operation, operands in _GATE.findall(text):
        if operation not in _NOT_GATES:
            qubits = tuple(int(index) for index in _INDEX.findall(operands))
            gates.append(ListedGate(operation, qubits, sum(1 << qubit for qubit in qubits)))
    return tuple(gates)


def cone_of(gates: Sequence[ListedGate], support: int) -> tuple[int, list[ListedGate]]:
    """Find the causal cone of some qubits: the gates that can change the reduced state of these qubits.

    Args:
        gates: The gates of the program.
        support: The qubits, as the bits of an integer.

    Returns:
        The qubits of the cone as the bits of an integer, and its gates in order.
    """
    inside = []
    for gate in reversed(gates):
        if gate.mask & support:
            support |= gate.mask
            inside.append(gate)
    return support, inside[::-1]


def supports_of(pauli_strings: Iterable[str]) -> list[int]:
    """Return the different sets of qubits that Pauli strings act on, each as the bits of an integer.

    Args:
        pauli_strings: The Pauli strings, the leftmost letter on qubit 0.
    """
    supports = dict.fromkeys(
        sum(1 << qubit for qubit, letter in enumerate(pauli_string) if letter != "I")
        for pauli_string in pauli_strings
    )
    return list(supports)


@lru_cache(_CACHE_SIZE)
def gate_matrix(operation: str) -> Matrix:
    """Return the matrix of a gate with its angles. The first qubit is the lowest bit, as in Qiskit."""
    name, _, angles = operation.partition("(")
    params: Iterable[float] = [float(angle) for angle in angles[:-1].split(",")] if angles else []
    matrix = np.asarray(GATES[name].constructor(*params).to_matrix(), dtype=np.complex128)
    matrix.setflags(write=False)  # it is cached
    return matrix
