"""The systems that run jobs: simulator clusters, and QPU systems with their QPUs."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from qiskit_qoro.display.cards import Badge, Card, CardTable
from qiskit_qoro.display.reprs import counted, fields_repr
from qiskit_qoro.models.devices import DeviceProperties
from qiskit_qoro.printable import quoted_name

__all__ = [
    "MAX_WIDTH",
    "QPU",
    "SIMULATOR_WIDTH",
    "BackendConfiguration",
    "BackendStatus",
    "QPUSystem",
    "SimulatorCluster",
]

SIMULATOR_WIDTH = 1024
"""The number of qubits of a simulator's target.

The service does not report a limit. Matrix product states and stabilizers can simulate this many qubits.
The width is no larger, because wide targets make transpiling slower, even for small circuits.
"""

MAX_WIDTH = 2**32 - 1
"""The number of qubits of the widest QPU that Qiskit can represent."""


@dataclass(frozen=True)
class QPU:
    """One quantum processing unit.

    Attributes:
        nickname: The name within the system.
        q_bits: The number of qubits.
        status: The status that the service reports, for example ``online``.
        system_kind: The technology, for example ``superconducting``.
        vendor_type: The vendor, or ``None`` if unknown.
        properties: Its coupling, error rates, durations and decay times, or ``None`` if the service does not
            report them.
    """

    nickname: str
    q_bits: int
    status: str
    system_kind: str
    vendor_type: str | None = None
    properties: DeviceProperties | None = None

    def __repr__(self) -> str:
        return f"<QPU {quoted_name(self.nickname)}: {counted(self.q_bits, 'qubit')}, {self.status!r}>"

    def _repr_html_(self) -> str:
        known = [("technology", self.system_kind), ("vendor", self.vendor_type or "")]
        rows = [("qubits", str(self.q_bits)), *((name, text) for name, text in known if text)]
        if self.properties is not None:
            rows.append(("device", self.properties.summary))
        return Card("QPU", self.nickname, badge=self._badge, rows=rows).to_html()

    @property
    def _badge(self) -> Badge:
        return Badge(self.status or "unknown", "good" if self.is_operational else "bad")

    @property
    def is_operational(self) -> bool:
        """Whether the QPU is in service. An unknown status counts as in service."""
        return self.status.strip().lower() not in _OUT_OF_SERVICE


# Services choose their own words for the status of a QPU. Only these mean that it accepts no jobs.
_OUT_OF_SERVICE = frozenset({"offline", "maintenance", "unavailable", "down", "retired", "disabled"})


@dataclass(frozen=True)
class QPUSystem:
    """A group of QPUs that jobs address by one name.

    Attributes:
        name: The name that a job uses as its target.
        qpus: The QPUs.
        access_level: Who may use the system.
        supports_expval: Whether the system accepts expectation jobs.
    """

    name: str
    qpus: tuple[QPU, ...] = ()
    access_level: str = "PUBLIC"
    supports_expval: bool = False

    def __repr__(self) -> str:
        widest = f", up to {counted(self.widest_qpu.q_bits, 'qubit')}" if self.widest_qpu else ""
        return f"<QPUSystem {quoted_name(self.name)}: {counted(len(self.qpus), 'QPU')}{widest}>"

    def _repr_html_(self) -> str:
        values = "computed exactly" if self.supports_expval else "sampled"
        table = CardTable(
            ["QPU", "qubits", "status", "technology"],
            [[qpu.nickname, str(qpu.q_bits), qpu.status, qpu.system_kind] for qpu in self.qpus],
            numbers=[1],
        )
        return Card(
            "QPU system",
            self.name,
            badge=Badge("operational", "good") if self.is_operational else Badge("not operational", "bad"),
            rows=[("expectation values", values), ("access", self.access_level)],
            tables=[table] if self.qpus else [],
            note="" if self.qpus else "The system has no QPU.",
        ).to_html()

    @property
    def is_operational(self) -> bool:
        """Whether at least one QPU is operational."""
        return any(qpu.is_operational for qpu in self.qpus)

    @property
    def widest_qpu(self) -> QPU | None:
        """The widest operational QPU, or the widest QPU if none is operational.

        ``None`` if there is no QPU with a known number of qubits, 1 or more.
        """
        # A width of 0 means that the service reports none, or none that can be read.
        usable = [qpu for qpu in self.qpus if 1 <= qpu.q_bits <= MAX_WIDTH]
        operational = [qpu for qpu in usable if qpu.is_operational]
        return max(operational or usable, key=lambda qpu: qpu.q_bits, default=None)

    @property
    def status_message(self) -> str:
        """The status of each QPU, in one line."""
        return ", ".join(f"{qpu.nickname}: {qpu.status}" for qpu in self.qpus) or "no QPU"


@dataclass(frozen=True)
class SimulatorCluster:
    """A group of simulators that jobs address by one name.

    Attributes:
        name: The name that a job uses as its target.
        access_level: Who may use the cluster.
        minimum_tier: The lowest account tier that may use the cluster.
        supports_expval: Whether the cluster accepts expectation jobs.
    """

    name: str
    access_level: str = "PUBLIC"
    minimum_tier: str = "FREE"
    supports_expval: bool = True

    __repr__ = fields_repr

    def _repr_html_(self) -> str:
        values = "computed exactly" if self.supports_expval else "sampled"
        rows = [("expectation values", values), ("access", self.access_level), ("tier", self.minimum_tier)]
        return Card("Simulator cluster", self.name, rows=[row for row in rows if row[1]]).to_html()

    @property
    def is_operational(self) -> bool:
        """Always ``True``: a simulator always accepts jobs."""
        return True

    @property
    def status_message(self) -> str:
        """A fixed text, because the service reports no status of simulators."""
        return "listed by the service"


@dataclass(frozen=True)
class BackendStatus:
    """The status of a backend. The attributes are those of Qiskit 1.

    Attributes:
        backend_name: The name of the backend.
        backend_version: The version of this package.
        operational: Whether the backend accepts jobs.
        pending_jobs: The number of queued jobs, or ``None`` if unknown.
        status_msg: The status of each QPU.
    """

    backend_name: str
    backend_version: str
    operational: bool
    pending_jobs: int | None
    status_msg: str

    def __repr__(self) -> str:
        state = "operational" if self.operational else "not operational"
        return f"<BackendStatus {quoted_name(self.backend_name)}: {state}, {quoted_name(self.status_msg)}>"

    def _repr_html_(self) -> str:
        rows = [("status", self.status_msg)]
        if self.pending_jobs is not None:
            rows.append(("pending jobs", str(self.pending_jobs)))
        badge = Badge("operational", "good") if self.operational else Badge("not operational", "bad")
        return Card("Backend", self.backend_name, badge=badge, rows=rows).to_html()


@dataclass(frozen=True)
class BackendConfiguration:
    """The properties of a backend for packages that were written for Qiskit 0 and 1. The names are Qiskit's.

    Attributes:
        backend_name: The name of the backend.
        backend_version: The version of this package.
        num_qubits: The number of qubits.
        basis_gates: The names of the supported instructions.
        simulator: Whether the backend is a simulator cluster.
        max_experiments: The largest number of circuits per job. There is no limit, but packages divide by
            this value, so it is the largest valid size.
        max_shots: Always ``None``, because the service reports no limit for the shots of a circuit.
        coupling_map: The pairs of qubits that have a two-qubit gate, or ``None`` if all have.
    """

    backend_name: str
    backend_version: str
    num_qubits: int
    basis_gates: tuple[str, ...]
    simulator: bool
    max_experiments: int = sys.maxsize
    max_shots: None = None
    coupling_map: list[list[int]] | None = None

    @property
    def n_qubits(self) -> int:
        """The same as :attr:`num_qubits`."""
        return self.num_qubits
