"""How the decay of each qubit has been set, to refuse what the engine would refuse.

The engine has two ways to set the decay after gates: a decay probability (``set_t1`` and its relatives), and
thermal relaxation with T1 and T2. It does not accept both for one qubit, because T1 would count twice. A
probability of 0 does not count.
"""

from __future__ import annotations

import math
from collections import defaultdict

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.noise.setters import NoiseCall

__all__ = ["DecayRecord"]

# The setter that decides whether there is a decay probability: a later call of it replaces an earlier one.
_PROBABILITIES = {
    "set_t1": "set_t1",
    "set_t1_from_time": "set_t1",
    "set_t1_2q": "set_t1_2q",
    "set_t1_2q_from_time": "set_t1_2q",
}
_THERMAL = ("set_thermal_relaxation", "set_thermal_relaxation_2q")


class DecayRecord:
    """Which setters have set the decay of each qubit."""

    def __init__(self) -> None:
        self._probabilities: defaultdict[int, set[str]] = defaultdict(set)
        self._thermal: defaultdict[int, set[str]] = defaultdict(set)

    @property
    def has_probabilities(self) -> bool:
        """Whether a qubit has a decay probability above 0."""
        return any(self._probabilities.values())

    def note(self, call: NoiseCall) -> None:
        """Note a call. Calls of other setters have no effect.

        Raises:
            QoroInputError: The decay of a qubit has been set in the other way.
        """
        name = call.setter.each or call.setter.name
        if name in _THERMAL:
            self._check(call, self._probabilities)
            for qubit in call.qubits:
                self._thermal[qubit].add(name)
        elif name in _PROBABILITIES and _decay_probability(call) > 0:
            self._check(call, self._thermal)
            for qubit in call.qubits:
                self._probabilities[qubit].add(_PROBABILITIES[name])
        elif name in _PROBABILITIES:
            for qubit in call.qubits:
                self._probabilities[qubit].discard(_PROBABILITIES[name])

    def _check(self, call: NoiseCall, others: dict[int, set[str]]) -> None:
        for qubit in call.qubits:
            if others.get(qubit):
                raise QoroInputError(
                    f"{call.setter.name}: {min(others[qubit])} has already set the decay of qubit {qubit}, "
                    "expected only one of the two: set_thermal_relaxation can set T1 and T2"
                )


def _decay_probability(call: NoiseCall) -> float:
    values = call.arguments
    if "gamma" in values:
        return float(values["gamma"])
    return -math.expm1(-values["gate_time_s"] / values["t1_time_s"])
