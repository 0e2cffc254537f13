"""What a job of the type ``STATE`` computes about the states that its circuits prepare."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from qiskit_qoro.errors import QoroInputError

__all__ = ["MAX_STATE_QUBITS", "MAX_VALUES", "STATES_EXTENSION", "StateQuantity", "StateRequest"]

STATES_EXTENSION = "states"
"""The name of the extension of a service that runs jobs of the type ``STATE``."""

MAX_STATE_QUBITS = 21
"""The largest number of qubits of a state vector or of a list of probabilities that a job returns.

The 2^21 amplitudes take 45 MB in an answer of the service. The client accepts answers up to 64 MiB.
"""

MAX_VALUES = 2**22
"""The largest number of fidelities or expectation values that a job returns."""

_BITSTRING = re.compile(r"[01]+")


class StateQuantity(StrEnum):
    """What is computed. The value is the text in wire format."""

    STATEVECTOR = "statevector"
    PROBABILITIES = "probabilities"
    AMPLITUDES = "amplitudes"
    FIDELITIES = "fidelities"
    MIRROR_FIDELITY = "mirror_fidelity"
    EVOLUTION = "evolution"

    @property
    def is_joint(self) -> bool:
        """Whether the circuits of the job are evaluated together. Otherwise each has a value of its own."""
        return self in (StateQuantity.FIDELITIES, StateQuantity.EVOLUTION)


# The fields of a request, for each quantity: those that must be set, and those that may be set.
_FIELDS: Mapping[StateQuantity, tuple[frozenset[str], frozenset[str]]] = {
    StateQuantity.STATEVECTOR: (frozenset(), frozenset()),
    StateQuantity.PROBABILITIES: (frozenset(), frozenset({"qubits"})),
    StateQuantity.AMPLITUDES: (frozenset({"bitstrings"}), frozenset()),
    StateQuantity.FIDELITIES: (frozenset(), frozenset({"split"})),
    StateQuantity.MIRROR_FIDELITY: (frozenset(), frozenset()),
    StateQuantity.EVOLUTION: (frozenset({"repetitions", "observables"}), frozenset()),
}


@dataclass(frozen=True)
class StateRequest:
    """What a job computes about the states of its circuits.

    Qubits and bitstrings are in Qiskit's order: qubit 0 is the least significant bit of an index and the
    rightmost character of a bitstring.

    Attributes:
        quantity: What is computed.
        qubits: For probabilities, the qubits whose probabilities are returned, the first one as the least
            significant bit of the index. ``None`` means all qubits.
        bitstrings: For amplitudes, the basis states.
        split: For fidelities, the circuits from this position on form the second list, and each circuit
            before it is compared with each of them. ``None`` compares all circuits with all circuits.
        repetitions: For evolution, how often the second circuit is applied to the state of the first.
        observables: For evolution, the Pauli strings that are evaluated after each repetition, the leftmost
            letter on qubit 0.
    """

    quantity: StateQuantity
    qubits: tuple[int, ...] | None = None
    bitstrings: tuple[str, ...] | None = None
    split: int | None = None
    repetitions: int | None = None
    observables: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        needed, allowed = _FIELDS[self.quantity]
        for name in ("qubits", "bitstrings", "split", "repetitions", "observables"):
            is_set = getattr(self, name) is not None
            if name in needed and not is_set:
                raise QoroInputError(f"{name}: expected a value for {self.quantity}, got nothing")
            if is_set and name not in needed | allowed:
                raise QoroInputError(f"{name}: expected no value for {self.quantity}")
        self._check_qubits()
        self._check_bitstrings()
        self._check_counts()

    def _check_qubits(self) -> None:
        if self.qubits is None:
            return
        if not 1 <= len(self.qubits) <= MAX_STATE_QUBITS:
            raise QoroInputError(
                f"qubits: expected 1 to {MAX_STATE_QUBITS} qubits, got {len(self.qubits)}: their "
                "probabilities would not fit into an answer"
            )
        if len(set(self.qubits)) < len(self.qubits) or min(self.qubits) < 0:
            raise QoroInputError(f"qubits: expected different indices of 0 or more, got {list(self.qubits)}")

    def _check_bitstrings(self) -> None:
        if self.bitstrings is None:
            return
        if not self.bitstrings:
            raise QoroInputError("bitstrings: expected at least one bitstring")
        for bitstring in self.bitstrings:
            if not _BITSTRING.fullmatch(bitstring):
                raise QoroInputError(f"bitstrings: expected the characters 0 and 1, got {bitstring[:80]!r}")

    def _check_counts(self) -> None:
        if self.split is not None and self.split < 1:
            raise QoroInputError(f"split: expected 1 or more, got {self.split}")
        if self.repetitions is None or self.observables is None:
            return
        if self.repetitions < 0 or not self.observables:
            raise QoroInputError(
                f"expected 0 or more repetitions and at least one observable, got {self.repetitions} "
                f"repetitions and {len(self.observables)} observables"
            )
        num_values = (self.repetitions + 1) * len(self.observables)
        if num_values > MAX_VALUES:
            raise QoroInputError(
                f"{self.repetitions} repetitions with {len(self.observables)} Pauli strings give "
                f"{num_values} values, expected at most {MAX_VALUES}: use several jobs"
            )
