"""What the local service can run on: a simulator cluster, a QPU system with simulated noise, noisy devices.

The QPU system is there so that code written for hardware can be tried: two small QPUs, no expectation
values, and errors of the size that superconducting devices had in the middle of the 2020s. The errors
are the same on every qubit and every pair, so that what to expect can be worked out on paper.
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
    """Probabilities of errors, the same everywhere on a device.

    Attributes:
        one_qubit: After each one-qubit gate except ``id``: one of X, Y, Z, each a third of the time.
        two_qubit: After each two-qubit gate: one of the 15 two-qubit Pauli errors, all alike.
        readout: That a measurement reports the wrong value, 0 or 1 alike.
        gates: The gates that the device has; every other one is made of these, with their errors.
    """

    one_qubit: float
    two_qubit: float
    readout: float
    gates: frozenset[str]

    def scaled(self, factor: float) -> ErrorRates:
        """The same with every probability multiplied by ``factor``, 0 to 1."""
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
        name: What ``noisy_device`` calls it.
        num_qubits: The widest circuit that it takes, in qubits that something happens to.
        errors: Its errors.
    """

    name: str
    num_qubits: int
    errors: ErrorRates


_GATES = frozenset(name for name, gate in GATES.items() if gate.num_qubits == 1) | {"cx", "cz"}

LOCAL_QPU = QPUSystem(
    name="local_qpu",
    qpus=(
        # Without a vendor_type: clients of release 0.12 do not take one.
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
    gates=_GATES,
)
"""The errors of ``local_qpu``. A Bell pair is read as 01 or 10 with a probability of about 0.033."""

NOISY_DEVICES = (
    NoisyDevice(LOCAL_QPU.name, max(qpu.q_bits for qpu in LOCAL_QPU.qpus), LOCAL_QPU_ERRORS),
    NoisyDevice("local_quiet", 20, ErrorRates(one_qubit=1e-4, two_qubit=1e-3, readout=5e-3, gates=_GATES)),
    NoisyDevice("local_loud", 20, ErrorRates(one_qubit=1e-3, two_qubit=2e-2, readout=5e-2, gates=_GATES)),
)
"""What ``noisy_device`` may be: the local QPU, and two made-up devices, one better and one worse than it."""

QPU_SYSTEMS: tuple[QPUSystem, ...] = (LOCAL_QPU,)
"""The QPU systems of the local service."""

SIMULATOR_CLUSTERS: tuple[SimulatorCluster, ...] = (SimulatorCluster(DEFAULT_SIMULATOR_CLUSTER),)
"""The simulator clusters of the local service."""

_ERRORS = {LOCAL_QPU.name: LOCAL_QPU_ERRORS}


def device_errors(name: str) -> ErrorRates:
    """The error rates of a QPU system.

    Raises:
        QoroInputError: The local service has no such system.
    """
    return _ERRORS[_system(name).name]


def device_width(name: str) -> int:
    """How many qubits the widest QPU of a system has.

    Raises:
        QoroInputError: The local service has no such system.
    """
    return max(qpu.q_bits for qpu in _system(name).qpus)


def _system(name: str) -> QPUSystem:
    for system in QPU_SYSTEMS:
        if system.name == name:
            return system
    known = ", ".join(system.name for system in QPU_SYSTEMS)
    raise QoroInputError(f"there is no QPU system {name!r} here, expected one of {known}")
