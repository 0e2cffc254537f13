"""What can run a job: simulator clusters, and QPU systems with their QPUs."""

from __future__ import annotations

import sys
from dataclasses import dataclass

__all__ = ["QPU", "BackendConfiguration", "BackendStatus", "QPUSystem", "SimulatorCluster"]


@dataclass(frozen=True)
class QPU:
    """One quantum processing unit.

    Attributes:
        nickname: Its name within the system.
        q_bits: How many qubits it has.
        status: What the service says of it, for example ``online``.
        system_kind: Its technology, for example ``superconducting``.
        vendor_type: Who built it, ``None`` where the service does not say.
    """

    nickname: str
    q_bits: int
    status: str
    system_kind: str
    vendor_type: str | None = None

    @property
    def is_operational(self) -> bool:
        """Whether the status is not one of the words for being out of service."""
        return self.status.strip().lower() not in _OUT_OF_SERVICE


_OUT_OF_SERVICE = frozenset({"offline", "maintenance", "unavailable", "down", "retired", "disabled"})


@dataclass(frozen=True)
class QPUSystem:
    """QPUs that take jobs under one name.

    Attributes:
        name: What a job names as its target.
        qpus: Its QPUs.
        access_level: Who may use it.
        supports_expval: Whether it takes expectation jobs.
    """

    name: str
    qpus: tuple[QPU, ...] = ()
    access_level: str = "PUBLIC"
    supports_expval: bool = False

    @property
    def is_operational(self) -> bool:
        """Whether it takes jobs, as it does where one of its QPUs is operational."""
        return any(qpu.is_operational for qpu in self.qpus)

    @property
    def status_message(self) -> str:
        """What the service says of each QPU, in one line."""
        return ", ".join(f"{qpu.nickname}: {qpu.status}" for qpu in self.qpus) or "no QPU"


@dataclass(frozen=True)
class SimulatorCluster:
    """Simulators that take jobs under one name.

    Attributes:
        name: What a job names as its target.
        access_level: Who may use it.
        minimum_tier: The lowest tier of account that may use it.
        supports_expval: Whether it takes expectation jobs.
    """

    name: str
    access_level: str = "PUBLIC"
    minimum_tier: str = "FREE"
    supports_expval: bool = True

    @property
    def is_operational(self) -> bool:
        """Whether it takes jobs, as a simulator always does."""
        return True

    @property
    def status_message(self) -> str:
        """What the service says of it; of a simulator it says nothing more than that it is there."""
        return "listed by the service"


@dataclass(frozen=True)
class BackendStatus:
    """How a backend is, with the names that Qiskit used for this.

    Attributes:
        backend_name: Which backend.
        backend_version: The version of this package.
        operational: Whether it takes jobs.
        pending_jobs: How many jobs wait for it, ``None`` where the service does not tell.
        status_msg: What the service says of it, QPU by QPU.
    """

    backend_name: str
    backend_version: str
    operational: bool
    pending_jobs: int | None
    status_msg: str


@dataclass(frozen=True)
class BackendConfiguration:
    """What packages ask a backend that were written for Qiskit 0 and 1, with the names that it had there.

    Attributes:
        backend_name: Which backend.
        backend_version: The version of this package.
        num_qubits: Its width.
        basis_gates: The names of what circuits may hold.
        simulator: Whether it is a simulator cluster.
        max_experiments: How many circuits a job may hold. There is no limit; packages divide by this, so that
            it is the largest number that counts as a size.
        max_shots: How many shots a circuit may have, ``None``: the service tells no limit.
        coupling_map: Which qubits are connected, ``None``: all are.
    """

    backend_name: str
    backend_version: str
    num_qubits: int
    basis_gates: tuple[str, ...]
    simulator: bool
    max_experiments: int = sys.maxsize
    max_shots: None = None
    coupling_map: None = None

    @property
    def n_qubits(self) -> int:
        """The same as :attr:`num_qubits`."""
        return self.num_qubits
