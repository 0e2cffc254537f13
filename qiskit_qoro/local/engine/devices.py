"""The targets of the local service: a simulator cluster, a simulated QPU system, noisy devices.

The QPU system is for trying code that is written for hardware. It has two small QPUs, no expectation values,
and error rates like those of superconducting devices in the middle of the 2020s. The rates are the same on
every qubit and every pair of qubits, so that expected results can be computed by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster
from qiskit_qoro.qasm.gates import GATES

__all__ = [
    "LOCAL_QPU",
    "LOCAL_QPU_ERRORS",
    "NOISY_DEVICES",
    "QPU_SYSTEMS",
    "SIMULATOR_CLUSTERS",
    "ErrorRates",
    "NoisyDevice",
    "device_errors",
    "device_width",
]


@dataclass(frozen=True)
class ErrorRates:
    """Error probabilities, the same on all qubits of a device.

    Attributes:
        one_qubit: Probability of an error after a one-qubit gate other than ``id``: X, Y or Z, equally
            likely.
        two_qubit: Probability of an error after a two-qubit gate: one of the 15 two-qubit Pauli errors,
            equally likely.
        readout: Probability that a measurement reports the wrong value, the same for 0 and 1.
        basis_gates: The gates of the device. Other gates are decomposed into these, and get their errors.
    """

    one_qubit: float
    two_qubit: float
    readout: float
    basis_gates: frozenset[str]

    def scaled(self, factor: float) -> ErrorRates:
        """Return these rates with every probability multiplied by ``factor``, 0 to 1."""
        return replace(
            self,
            one_qubit=self.one_qubit * factor,
            two_qubit=self.two_qubit * factor,
            readout=self.readout * factor,
        )


@dataclass(frozen=True)
class NoisyDevice:
    """A device whose noise can be simulated.

    Attributes:
        name: Its name in the field ``noisy_device``.
        num_qubits: The number of qubits. A circuit may not have more busy qubits.
        errors: Its error rates.
    """

    name: str
    num_qubits: int
    errors: ErrorRates


_BASIS_GATES = frozenset(name for name, gate in GATES.items() if gate.num_qubits == 1) | {"cx", "cz"}

LOCAL_QPU = QPUSystem(
    name="local_qpu",
    qpus=(
        # There is no vendor_type, because clients of release 0.12 reject one.
        QPU("local_qpu_5", 5, "online", "simulated"),
        QPU("local_qpu_7", 7, "online", "simulated"),
    ),
    supports_expval=False,
)
"""Two simulated QPUs of 5 and 7 qubits, every qubit connected to every other."""

LOCAL_QPU_ERRORS = ErrorRates(
    one_qubit=3e-4,
    two_qubit=6e-3,
    readout=1.5e-2,
    basis_gates=_BASIS_GATES,
)
"""The error rates of ``local_qpu``. A Bell pair is read as 01 or 10 with a probability of about 0.033."""

NOISY_DEVICES = (
    NoisyDevice(LOCAL_QPU.name, max(qpu.q_bits for qpu in LOCAL_QPU.qpus), LOCAL_QPU_ERRORS),
    NoisyDevice(
        "local_quiet", 20, ErrorRates(one_qubit=1e-4, two_qubit=1e-3, readout=5e-3, basis_gates=_BASIS_GATES)
    ),
    NoisyDevice(
        "local_loud", 20, ErrorRates(one_qubit=1e-3, two_qubit=2e-2, readout=5e-2, basis_gates=_BASIS_GATES)
    ),
)
"""The possible values of ``noisy_device``: the local QPU, and two invented devices, one better and one
worse."""

QPU_SYSTEMS: tuple[QPUSystem, ...] = (LOCAL_QPU,)
"""The QPU systems of the local service."""

SIMULATOR_CLUSTERS: tuple[SimulatorCluster, ...] = (SimulatorCluster(DEFAULT_SIMULATOR_CLUSTER),)
"""The simulator clusters of the local service."""

_ERRORS = {LOCAL_QPU.name: LOCAL_QPU_ERRORS}


def device_errors(name: str) -> ErrorRates:
    """Return the error rates of a QPU system.

    Raises:
        QoroInputError: The local service has no system of this name.
    """
    return _ERRORS[_system(name).name]


def device_width(name: str) -> int:
    """Return the number of qubits of the widest QPU of a system.

    Raises:
        QoroInputError: The local service has no system of this name.
    """
    return max(qpu.q_bits for qpu in _system(name).qpus)


def _system(name: str) -> QPUSystem:
    for system in QPU_SYSTEMS:
        if system.name == name:
            return system
    known = ", ".join(system.name for system in QPU_SYSTEMS)
    raise QoroInputError(f"there is no QPU system {name!r}, expected one of {known}")
