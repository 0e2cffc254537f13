"""The error rates of a device, for each qubit and each pair, and the engine's calls that set them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qiskit_qoro.local.engine.calibration import pauli_error_probability
from qiskit_qoro.local.engine.engine_program import NATIVE_GATES
from qiskit_qoro.models.devices import DeviceProperties, QubitProperties
from qiskit_qoro.qasm.gates import GATES

__all__ = ["ErrorRates", "places_of", "routed_rates"]

_ALL_GATES = frozenset(name for name, gate in GATES.items() if gate.num_qubits == 1) | {"cx", "cz"}

_GATES_OF_A_SWAP = 3


@dataclass(frozen=True)
class ErrorRates:
    """Error probabilities of a device.

    Attributes:
        one_qubit: For each qubit, the probability of an error after a one-qubit gate: X, Y or Z, equally
            likely. Gates that only change the phase have none on a device with :data:`NATIVE_GATES`.
        two_qubit: A symmetric matrix. For each pair, the probability of an error after a two-qubit gate: one
            of the 15 two-qubit Pauli errors, equally likely.
        readout: For each qubit, the probability that a measurement reports the wrong value, the same for 0
            and 1.
        basis_gates: The gates of the device. Other gates are decomposed into these, and get their errors.
        decay: T1 and T2 of each qubit in delays. Empty if qubits do not decay.
        decay_factor: How much faster they decay.
    """

    one_qubit: tuple[float, ...]
    two_qubit: tuple[tuple[float, ...], ...]
    readout: tuple[float, ...]
    basis_gates: frozenset[str]
    decay: tuple[QubitProperties, ...] = ()
    decay_factor: float = 1.0

    @classmethod
    def uniform(cls, num_qubits: int, *, one_qubit: float, two_qubit: float, readout: float) -> ErrorRates:
        """Return the same rates for all qubits and all pairs. There are no decay times."""
        row = (two_qubit,) * num_qubits
        return cls((one_qubit,) * num_qubits, (row,) * num_qubits, (readout,) * num_qubits, _ALL_GATES)

    @classmethod
    def from_properties(cls, properties: DeviceProperties, num_qubits: int) -> ErrorRates:
        """Return the rates of a simulated QPU, which has the gates :data:`NATIVE_GATES`.

        The service routes a gate between qubits that are not coupled: it swaps the first qubit along a
        shortest path until it is next to the second one. Its rate is that of all gates that this takes.
        """
        pairs = {
            (item.qubits[0], item.qubits[1]): pauli_error_probability(item.error or 0.0, 2)
            for item in properties.operations
            if item.name == "cz"
        }
        one_qubit = (
            pauli_error_probability(properties.error("sx", qubit) or 0.0, 1) for qubit in range(num_qubits)
        )
        readout = (properties.error("measure", qubit) or 0.0 for qubit in range(num_qubits))
        return cls(
            tuple(one_qubit),
            routed_rates(pairs, num_qubits),
            tuple(readout),
            NATIVE_GATES,
            properties.qubits,
        )

    def scaled(self, factor: float) -> ErrorRates:
        """Return these rates with every probability multiplied by ``factor``, 0 to 1.

        The rates of decay, 1 divided by T1 and by T2, are multiplied too.
        """
        return replace(
            self,
            one_qubit=tuple(rate * factor for rate in self.one_qubit),
            two_qubit=tuple(tuple(rate * factor for rate in row) for row in self.two_qubit),
            readout=tuple(rate * factor for rate in self.readout),
            decay_factor=self.decay_factor * factor,
        )

    def engine_calls(self, qubits: Sequence[int]) -> Iterator[tuple[str, tuple[float, ...]]]:
        """Yield the method and the arguments of each call on the engine's noise model.

        Args:
            qubits: For each qubit of the engine's program, its index in the user's program. This is its place
                on the device. A qubit with a larger index gets the first free place.
        """
        places = places_of(qubits, len(self.one_qubit))
        for number, place in enumerate(places):
            yield "set_1q_gate_depolarizing", (number, self.one_qubit[place])
            yield "set_readout_error_symmetric", (number, self.readout[place])
            for other in range(number):
                yield "set_2q_depolarizing", (other, number, self.two_qubit[places[other]][place])
            if self.decay and self.decay_factor:
                t1_s, t2_s = self.decay[place].t1_s, self.decay[place].t2_s
                if t1_s is not None and t2_s is not None:
                    yield "set_idle_noise", (number, t1_s / self.decay_factor, t2_s / self.decay_factor)


def places_of(qubits: Iterable[int], num_qubits: int) -> list[int]:
    """Return a place on the device for each qubit: its index, or a free place if it is too large."""
    taken = {qubit for qubit in qubits if qubit < num_qubits}
    free = (place for place in range(num_qubits) if place not in taken)
    return [qubit if qubit < num_qubits else next(free) for qubit in qubits]


def routed_rates(pairs: Mapping[tuple[int, int], float], num_qubits: int) -> tuple[tuple[float, ...], ...]:
    """Return the matrix of the probabilities of an error in a gate between any two qubits."""
    neighbours: dict[int, dict[int, float]] = {qubit: {} for qubit in range(num_qubits)}
    for (first, second), rate in pairs.items():
        neighbours[first][second] = neighbours[second][first] = rate
    rates = [[0.0] * num_qubits for _ in range(num_qubits)]
    for start in range(num_qubits):
        # Breadth-first search. The value is the probability that all swaps on the way succeed.
        swapped = {start: 1.0}
        for qubit in (queue := [start]):
            for other, rate in sorted(neighbours[qubit].items()):
                if other not in swapped:
                    rates[start][other] = 1 - swapped[qubit] * (1 - rate)
                    swapped[other] = swapped[qubit] * (1 - rate) ** _GATES_OF_A_SWAP
                    queue.append(other)
    # The path in the other direction may be another one of the same length.
    return tuple(
        tuple(rates[min(first, second)][max(first, second)] for second in range(num_qubits))
        for first in range(num_qubits)
    )
