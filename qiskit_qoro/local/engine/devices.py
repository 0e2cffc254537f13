"""The targets of the local service: a simulator cluster, simulated QPU systems, noisy devices.

The QPU systems are for trying code that is written for hardware. They compute no expectation values, and have
error rates like those of superconducting devices in the middle of the 2020s. The properties of each qubit and
pair of qubits come from :mod:`qiskit_qoro.local.engine.calibration`.
"""

from __future__ import annotations

from dataclasses import dataclass

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.calibration import Calibration
from qiskit_qoro.local.engine.error_rates import ErrorRates
from qiskit_qoro.local.engine.fake_backends import (
    FAKE_BACKEND_PREFIX,
    FakeDeviceNoise,
    fake_backend_names,
    load_fake_backend,
)
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster

__all__ = [
    "LOCAL_HEAVY_HEX",
    "LOCAL_QPU",
    "NOISY_DEVICES",
    "QPU_SYSTEMS",
    "SIMULATOR_CLUSTERS",
    "NoisyDevice",
    "device_errors",
    "device_width",
    "noisy_device",
    "noisy_device_names",
]


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
    errors: ErrorRates | FakeDeviceNoise


_SMALL = Calibration(
    # The first five qubits are connected too.
    pairs=((0, 1), (1, 2), (1, 3), (3, 4), (4, 5), (4, 6)),
    one_qubit=3e-4,
    two_qubit=6e-3,
    readout=1.5e-2,
    t1_s=150e-6,
    spread=0.3,
)
_HEAVY_HEX = Calibration(
    # Twelve qubits around each of two hexagons, which share an edge, and three qubits outside.
    pairs=(
        *((0, 1), (1, 2), (1, 4), (2, 3), (3, 5), (4, 7), (5, 8), (6, 7), (7, 10), (8, 9), (8, 11), (10, 12)),
        *((11, 14), (12, 13), (12, 15), (13, 14), (14, 16), (15, 18), (16, 19), (17, 18), (18, 21), (19, 20)),
        *((19, 22), (21, 23), (22, 25), (23, 24), (24, 25), (25, 26)),
    ),
    one_qubit=2.5e-4,
    two_qubit=5e-3,
    readout=1.2e-2,
    t1_s=200e-6,
    spread=0.8,
)


def _qpu(nickname: str, calibration: Calibration, num_qubits: int) -> QPU:
    # There is no vendor_type, because clients of release 0.12 reject one.
    return QPU(nickname, num_qubits, "online", "simulated", properties=calibration.properties(num_qubits))


LOCAL_QPU = QPUSystem(
    name="local_qpu",
    qpus=(_qpu("local_qpu_5", _SMALL, 5), _qpu("local_qpu_7", _SMALL, 7)),
    supports_expval=False,
)
"""Two simulated QPUs of 5 and 7 qubits. The smaller one is a part of the larger one."""

LOCAL_HEAVY_HEX = QPUSystem(
    name="local_heavy_hex", qpus=(_qpu("local_heavy_hex_27", _HEAVY_HEX, 27),), supports_expval=False
)
"""A simulated QPU of 27 qubits in two hexagons."""

QPU_SYSTEMS: tuple[QPUSystem, ...] = (LOCAL_QPU, LOCAL_HEAVY_HEX)
"""The QPU systems of the local service."""


def _simulated_qpu(system: QPUSystem) -> NoisyDevice:
    """Return the noise of the widest QPU of a system, on which all of its jobs run."""
    qpu = max(system.qpus, key=lambda qpu: qpu.q_bits)
    assert qpu.properties is not None  # noqa: S101  every simulated QPU has properties
    return NoisyDevice(system.name, qpu.q_bits, ErrorRates.from_properties(qpu.properties, qpu.q_bits))


_QPUS = {system.name: _simulated_qpu(system) for system in QPU_SYSTEMS}

NOISY_DEVICES = (
    *_QPUS.values(),
    NoisyDevice("local_quiet", 20, ErrorRates.uniform(20, one_qubit=1e-4, two_qubit=1e-3, readout=5e-3)),
    NoisyDevice("local_loud", 20, ErrorRates.uniform(20, one_qubit=1e-3, two_qubit=2e-2, readout=5e-2)),
)
"""The possible values of ``noisy_device``: the QPU systems, and two invented devices with the same rates on
all qubits, one better and one worse, so that expected results can be computed by hand."""

SIMULATOR_CLUSTERS: tuple[SimulatorCluster, ...] = (SimulatorCluster(DEFAULT_SIMULATOR_CLUSTER),)
"""The simulator clusters of the local service."""


def noisy_device(name: str) -> NoisyDevice:
    """Return the device of a value of ``noisy_device``.

    Raises:
        QoroInputError: There is no such device, or its package is not installed.
    """
    for device in NOISY_DEVICES:
        if device.name == name:
            return device
    if name.startswith(FAKE_BACKEND_PREFIX):
        noise = load_fake_backend(name)
        return NoisyDevice(name, noise.num_qubits, noise)
    known = ", ".join(device.name for device in NOISY_DEVICES)
    raise QoroInputError(
        f"noisy_device: there is no device {name[:80]!r}, expected one of {known}, or a fake backend of IBM "
        f"such as {FAKE_BACKEND_PREFIX}fez"
    )


def noisy_device_names() -> tuple[str, ...]:
    """Return all values that ``noisy_device`` may have on a local service in this environment.

    They are the devices of the local service, and the fake backends of ``qiskit-ibm-runtime`` if it is
    installed.
    """
    try:
        fake_backends = fake_backend_names()
    except QoroInputError:  # not installed
        fake_backends = ()
    return (*(device.name for device in NOISY_DEVICES), *fake_backends)


def device_errors(name: str) -> ErrorRates | FakeDeviceNoise:
    """Return the error rates of a QPU system.

    Raises:
        QoroInputError: The local service has no system of this name.
    """
    return _device(name).errors


def device_width(name: str) -> int:
    """Return the number of qubits of the widest QPU of a system.

    Raises:
        QoroInputError: The local service has no system of this name.
    """
    return _device(name).num_qubits


def _device(name: str) -> NoisyDevice:
    if name not in _QPUS:
        raise QoroInputError(f"there is no QPU system {name!r}, expected one of {', '.join(_QPUS)}")
    return _QPUS[name]
