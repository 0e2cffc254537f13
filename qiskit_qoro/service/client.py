"""The client of the Qoro service: one method for each question that can be asked of it.

:class:`QoroService` is put together from what it is set to (:mod:`~qiskit_qoro.service.session`), what it can
do with a job (:mod:`~qiskit_qoro.service.jobs`), the characterization of QUBOs
(:mod:`~qiskit_qoro.service.characterization`), and, here, what is asked of the service itself.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import DEFAULT_SHOTS, ExecutionConfig, JobConfig
from qiskit_qoro.models.jobs import ExecutionResult, JobRequest, JobType
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.qasm.parser import parse_program
from qiskit_qoro.qasm.writer import Program
from qiskit_qoro.service.characterization import CharacterizationCalls
from qiskit_qoro.service.jobs import JobCalls
from qiskit_qoro.service.session import check_type
from qiskit_qoro.service.submission import (
    build_submission,
    choose_job_type,
    prepare_circuits,
    prepare_measurement,
    send_submission,
)
from qiskit_qoro.service.transport import json_of
from qiskit_qoro.wire.endpoints import PING, QPU_SYSTEMS, SIMULATOR_CLUSTERS
from qiskit_qoro.wire.listings import qpu_systems_from_json, simulator_clusters_from_json

if TYPE_CHECKING:
    import requests

__all__ = ["QoroService"]


class QoroService(JobCalls, CharacterizationCalls):
    """A client of the Qoro service, in the cloud or on this machine.

    The constructor sends nothing. One client may be used from many threads; copies and pickles of it work on
    their own connections.

    Args:
        auth_token: The token; without it ``QORO_API_KEY`` in a ``.env`` file, else in the environment.
        job_config: Settings for the jobs of this client. Without a target in it, jobs go to the
            ``qoro_maestro`` simulator cluster, and a warning says so.
        execution_config: How the engine is to run the jobs of this client.
        polling_interval: The longest time between two looks at a job, in seconds.
        max_retries: How often a job is looked at before the wait for it is given up.
        track_depth: Whether to record the depth of each submitted circuit.
        base_url: Where the service is; without it ``QORO_API_URL``, else the Qoro cloud.
        clock: What the client waits with.

    Raises:
        QoroInputError: There is no token, or an argument has the wrong type or is out of its range.
    """

    # --- what the service has -------------------------------------------------------------------------

    def test_connection(self) -> requests.Response:
        """Test the connection to the service.

        Returns:
            The service's answer.

        Raises:
            AuthenticationError: The token is unknown or deactivated.
            QoroAPIError: The service answered with another error.
            QoroConnectionError: There was no answer.
        """
        return self._transport.send(PING)

    def fetch_qpu_systems(self) -> list[QPUSystem]:
        """The QPU systems that the service offers.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        return qpu_systems_from_json(json_of(self._transport.send(QPU_SYSTEMS)))

    def fetch_simulator_clusters(self) -> list[SimulatorCluster]:
        """The simulator clusters that the service offers.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        return simulator_clusters_from_json(json_of(self._transport.send(SIMULATOR_CLUSTERS)))

    # --- submitting -----------------------------------------------------------------------------------

    def submit_circuits(
        self,
        circuits: Mapping[str, str | QuantumCircuit | Program],
        *,
        ham_ops: str | None = None,
        circuit_ham_map: Sequence[Sequence[int]] | None = None,
        shot_groups: Sequence[Sequence[int]] | None = None,
        job_type: JobType | None = None,
        override_execution_config: ExecutionConfig | MaestroConfig | None = None,
        override_job_config: JobConfig | None = None,
        cancellation_event: threading.Event | None = None,  # noqa: ARG002 - the page's interface
        **kwargs: Any,  # noqa: ARG002 - the page's interface
    ) -> ExecutionResult:
        """Submit circuits as one job.

        Everything is checked before anything is sent. The circuits travel in as many uploads as their
        size needs, each sent once. If that fails midway, the incomplete job is cancelled as far as
        possible, and the error carries its identifier.

        Args:
            circuits: Label to OpenQASM 2 text or circuit. The labels come back with the results.
            ham_ops: Pauli words to measure, ``;`` between words, for example ``"XYZ;ZIZ"``. The leftmost
                letter acts on qubit 0. Several groups are separated by ``|`` and need
                ``circuit_ham_map``.
            circuit_ham_map: For each group of ``ham_ops`` the circuits it is measured on, as
                ``[start, end)``. Circuits in no range are measured for every group.
            shot_groups: Shots by range of circuits, as ``[start, end, shots]``, covering all of them in
                order; in place of the shots of the job configuration.
            job_type: ``EXECUTE`` or ``EXPECTATION``; follows from ``ham_ops`` where not given.
            override_execution_config: Its fields win over the client's :attr:`execution_config`. A
                :class:`MaestroConfig`, which is in the engine's words and may hold a seed, is sent in
                its place.
            override_job_config: Its fields win over the client's :attr:`job_config`.
            cancellation_event: Accepted for the interface; give it to :meth:`poll_job_status`.
            **kwargs: Ignored.

        Returns:
            A value that carries the job's identifier.

        Raises:
            QoroInputError: An argument cannot be used; nothing was sent. For a circuit the message names
                its label, the line and the column.
            QoroAPIError: The service refused the job or an upload.
            QoroConnectionError: The service did not answer.
        """
        job_config = self._job_config
        if override_execution_config is not None:
            check_type("override_execution_config", override_execution_config, ExecutionConfig, MaestroConfig)
        if override_job_config is not None:
            check_type("override_job_config", override_job_config, JobConfig)
            if shot_groups is not None and override_job_config.shots is not None:
                raise QoroInputError("shot_groups and override_job_config.shots exclude each other")
            job_config = job_config.override(override_job_config)
        kind = choose_job_type(job_type, has_observables=ham_ops is not None)
        programs = prepare_circuits(circuits)
        measurement = prepare_measurement(
            programs,
            shots=job_config.shots or DEFAULT_SHOTS,
            ham_ops=ham_ops,
            circuit_ham_map=circuit_ham_map,
            shot_groups=shot_groups,
        )
        request = _job_request(job_config, kind, self._merged(override_execution_config))
        submission = build_submission(request, programs, measurement)
        job_id = send_submission(self._transport, submission)
        if self.track_depth:
            self._depth_history.append([_depth(circuit) for circuit in circuits.values()])
        return ExecutionResult(job_id=job_id)

    def _merged(
        self, override: ExecutionConfig | MaestroConfig | None
    ) -> ExecutionConfig | MaestroConfig | None:
        if isinstance(override, MaestroConfig):
            return override
        if override is None or self._execution_config is None:
            return override or self._execution_config
        return self._execution_config.override(override)


def _job_request(
    config: JobConfig, job_type: JobType, execution_config: ExecutionConfig | MaestroConfig | None
) -> JobRequest:
    return JobRequest(
        tag=config.tag,
        job_type=job_type,
        simulator_cluster=config.simulator_cluster.name if config.simulator_cluster else None,
        qpu_system=config.qpu_system.name if config.qpu_system else None,
        use_packing=bool(config.use_circuit_packing),
        execution_config=execution_config,
    )


def _depth(circuit: str | QuantumCircuit | Program) -> int:
    if isinstance(circuit, QuantumCircuit):
        return int(circuit.depth())
    return int(parse_program(circuit.text if isinstance(circuit, Program) else circuit).depth())
