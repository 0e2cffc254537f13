"""The properties of the simulated QPUs, computed from their mean values.

No two qubits and no two pairs are equal, so that a layout that avoids the worst ones pays. The values are
invented and always the same. They vary around the mean like the values of real devices do: each of them is
the mean times a factor from a fixed sequence, and the factors of a device average to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from qiskit_qoro.models.devices import DeviceProperties, OperationProperties, QubitProperties

__all__ = ["Calibration", "gate_error", "pauli_error_probability"]

_DT_S = 1e-9
_ONE_QUBIT_S, _TWO_QUBIT_S, _READOUT_S, _RESET_S = 40e-9, 100e-9, 1e-6, 1.2e-6

# The squares of 1, 2, 3, ... times one of these numbers, modulo 1, are spread evenly from 0 to 1 and look
# random.
_GOLDEN, _PLASTIC, _SILVER = 0.6180339887498949, 0.7548776662466927, 0.41421356237309515


@dataclass(frozen=True)
class Calibration:
    """The mean values of a simulated QPU.

    Attributes:
        pairs: The coupled pairs of qubits.
        one_qubit: The mean probability of an error after a pulse: X, Y or Z, equally likely.
        two_qubit: The mean probability of an error after a ``cz``: one of the 15 two-qubit Pauli errors,
            equally likely.
        readout: The mean probability of a wrong result of a measurement.
        t1_s: The mean T1 in seconds.
        spread: How much the values vary: the factors are between about ``exp(-spread)`` and ``exp(spread)``.
    """

    pairs: Sequence[tuple[int, int]]
    one_qubit: float
    two_qubit: float
    readout: float
    t1_s: float
    spread: float

    def properties(self, num_qubits: int) -> DeviceProperties:
        """Return the properties of the first ``num_qubits`` qubits."""
        width = 1 + max(max(pair) for pair in self.pairs)
        one_qubit = self._around(gate_error(self.one_qubit, 1), width, _GOLDEN)
        two_qubit = self._around(gate_error(self.two_qubit, 2), len(self.pairs), _PLASTIC)
        readout = self._around(self.readout, width, _SILVER)
        t1_s = self._around(self.t1_s, width, _PLASTIC, self.spread / 2)
        # T2 is shorter than T1, because random realizations of the noise are exact only then.
        t2_s = self._around(0.6, width, _SILVER, 0.3)
        operations = []
        for qubit in range(num_qubits):
            place, error = (qubit,), one_qubit[qubit]
            operations += [
                OperationProperties("id", place, 0.0, _ONE_QUBIT_S),
                OperationProperties("rz", place, 0.0, 0.0),
                OperationProperties("sx", place, error, _ONE_QUBIT_S),
                OperationProperties("x", place, error, _ONE_QUBIT_S),
                OperationProperties("measure", place, readout[qubit], _READOUT_S),
                OperationProperties("reset", place, None, _RESET_S),
            ]
        operations += [
            OperationProperties("cz", pair, error, _TWO_QUBIT_S)
            for pair, error in zip(self.pairs, two_qubit, strict=True)
            if max(pair) < num_qubits
        ]
        qubits = [
            QubitProperties(round(t1, 9), round(t1 * ratio, 9)) for t1, ratio in zip(t1_s, t2_s, strict=True)
        ]
        return DeviceProperties(tuple(operations), tuple(qubits[:num_qubits]), _DT_S)

    def _around(self, mean: float, count: int, step: float, spread: float | None = None) -> list[float]:
        """Return values that vary around a mean."""
        scale = self.spread if spread is None else spread
        factors = [exp(scale * (2 * (number**2 * step % 1) - 1)) for number in range(1, count + 1)]
        # Four digits, as calibrations have them.
        return [float(f"{mean * factor * count / sum(factors):.4g}") for factor in factors]


def gate_error(probability: float, num_qubits: int) -> float:
    """Return the average gate error of a gate that is followed by a random Pauli error.

    Args:
        probability: The probability of an error other than the identity, all equally likely.
        num_qubits: The number of qubits of the gate.
    """
    dimension: int = 2**num_qubits
    return probability * dimension / (dimension + 1)


def pauli_error_probability(error: float, num_qubits: int) -> float:
    """Return the probability of a random Pauli error for an average gate error, see :func:`gate_error`."""
    dimension: int = 2**num_qubits
    return error * (dimension + 1) / dimension
