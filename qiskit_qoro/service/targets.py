"""What a client can ask about what runs its jobs: clusters, QPU systems, and what their vendors let it set.

Constructors send nothing, so that a QPU system may be given by its name alone. Whether it computes
expectation values is asked when somebody wants to know, once.
"""

from __future__ import annotations

from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.models.vendors import VendorBlueprint
from qiskit_qoro.service.session import ServiceSession
from qiskit_qoro.service.transport import read_answer
from qiskit_qoro.wire.endpoints import QPU_SYSTEMS, SIMULATOR_CLUSTERS, VENDOR_BLUEPRINT
from qiskit_qoro.wire.listings import qpu_systems_from_json, simulator_clusters_from_json
from qiskit_qoro.wire.vendors import vendor_blueprints_from_json

__all__ = ["TargetCalls"]


class TargetCalls(ServiceSession):
    """The calls about what runs jobs."""

    def fetch_qpu_systems(self) -> list[QPUSystem]:
        """The QPU systems that the service offers.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        systems = read_answer(self._transport.send(QPU_SYSTEMS), qpu_systems_from_json)
        self._takes_expectations = {system.name: system.supports_expval for system in systems}
        return systems

    def fetch_simulator_clusters(self) -> list[SimulatorCluster]:
        """The simulator clusters that the service offers.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        return read_answer(self._transport.send(SIMULATOR_CLUSTERS), simulator_clusters_from_json)

    def fetch_vendor_config_blueprint(self) -> dict[str, VendorBlueprint]:
        """What each vendor of QPUs lets a job set, and which credentials it wants.

        Returns:
            Vendor to blueprint. The options under ``device`` are those of a :class:`DeviceConfig`.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        return read_answer(self._transport.send(VENDOR_BLUEPRINT), vendor_blueprints_from_json)

    @property
    def supports_expval(self) -> bool:
        """Whether the target computes expectation values, and is not told to sample instead.

        Simulator clusters do. A QPU system that :meth:`fetch_qpu_systems` returned knows it itself; for one
        that is given by its name, the service is asked the first time. One that the service does not list
        computes none.

        Raises:
            QoroAPIError: The service was asked, and answered with an error.
            QoroConnectionError: The service was asked, and there was no answer.
            WireError: The service was asked, and the answer makes no sense.
        """
        target = self._job_config.target
        if target is None or self._job_config.force_sampling:
            return False
        if not isinstance(target, QPUSystem) or target.qpus or target.supports_expval:
            return target.supports_expval
        if target.name not in self._takes_expectations:
            self.fetch_qpu_systems()
        return self._takes_expectations.get(target.name, False)
