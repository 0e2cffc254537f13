"""The client of the Qoro service: one method for each question that can be asked of it."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit

from qiskit_qoro.errors import (
    ConflictError,
    ExecutionCancelledError,
    JobTimeoutError,
    QoroError,
    QoroInputError,
    WireError,
)
from qiskit_qoro.models.config import (
    DEFAULT_SHOTS,
    DEFAULT_SIMULATOR_CLUSTER,
    ExecutionConfig,
    JobConfig,
)
from qiskit_qoro.models.jobs import (
    CircuitResult,
    ExecutionResult,
    JobRequest,
    JobState,
    JobStatus,
    JobType,
)
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.qasm.parser import parse_program
from qiskit_qoro.qasm.writer import Program
from qiskit_qoro.service.cancellation import interrupt_sets
from qiskit_qoro.service.clock import SYSTEM_CLOCK, Clock
from qiskit_qoro.service.credentials import find_base_url, find_token
from qiskit_qoro.service.polling import Poller
from qiskit_qoro.service.progress import status_line
from qiskit_qoro.service.runner import CircuitRunner
from qiskit_qoro.service.submission import (
    build_submission,
    choose_job_type,
    prepare_circuits,
    prepare_measurement,
    send_submission,
)
from qiskit_qoro.service.transport import Transport, json_of
from qiskit_qoro.wire.chunks import render
from qiskit_qoro.wire.endpoints import (
    CANCEL_JOB,
    DELETE_JOB,
    GET_EXECUTION_CONFIG,
    GET_RESULTS,
    GET_STATUS,
    PING,
    QPU_SYSTEMS,
    SET_EXECUTION_CONFIG,
    SIMULATOR_CLUSTERS,
)
from qiskit_qoro.wire.fields import as_object
from qiskit_qoro.wire.listings import qpu_systems_from_json, simulator_clusters_from_json
from qiskit_qoro.wire.payloads import config_answer_from_json, job_state_from_json, results_page_from_json

if TYPE_CHECKING:
    import requests

__all__ = ["RESULTS_PAGE_SIZE", "QoroService"]

RESULTS_PAGE_SIZE = 100
"""How many results are asked for in one request."""


class QoroService(CircuitRunner):
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

    def __init__(
        self,
        auth_token: str | None = None,
        job_config: JobConfig | None = None,
        execution_config: ExecutionConfig | None = None,
        polling_interval: float = 3.0,
        max_retries: int = 5000,
        track_depth: bool = False,
        *,
        base_url: str | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(track_depth)
        if not _is_duration(polling_interval):
            raise QoroInputError(f"polling_interval is {polling_interval!r}, expected seconds above 0")
        if isinstance(max_retries, bool) or not isinstance(max_retries, int) or max_retries < 1:
            raise QoroInputError(f"max_retries is {max_retries!r}, expected an integer of 1 or more")
        self.polling_interval = float(polling_interval)
        self.max_retries = max_retries
        self._clock = clock
        self._transport = Transport(find_base_url(base_url), find_token(auth_token), clock=clock)
        if job_config is None:
            job_config = JobConfig(simulator_cluster=DEFAULT_SIMULATOR_CLUSTER)
        self._job_config = _with_target(job_config)
        self.execution_config = execution_config

    def __repr__(self) -> str:
        target = self._job_config.target
        return f"<QoroService {self.base_url!r}, target {target.name if target else None!r}>"

    # --- what it is set to ----------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._transport.base_url

    @property
    def job_config(self) -> JobConfig:
        """The settings for jobs that bring none of their own."""
        return self._job_config

    @job_config.setter
    def job_config(self, config: JobConfig) -> None:
        self._job_config = _with_target(config)

    @property
    def execution_config(self) -> ExecutionConfig | None:
        """The engine's configuration for jobs that bring none of their own."""
        return self._execution_config

    @execution_config.setter
    def execution_config(self, config: ExecutionConfig | None) -> None:
        if config is not None:
            _check_type("execution_config", config, ExecutionConfig)
        self._execution_config = config

    @property
    def shots(self) -> int:
        """Shots for each circuit where a submission does not say otherwise."""
        return self._job_config.shots or DEFAULT_SHOTS

    @property
    def supports_expval(self) -> bool:
        """Whether the target computes expectation values, and is not told to sample instead."""
        target = self._job_config.target
        return target is not None and target.supports_expval and not self._job_config.force_sampling

    @property
    def is_async(self) -> bool:
        """Always ``True``: a submission returns before its circuits have run."""
        return True

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
            _check_type(
                "override_execution_config", override_execution_config, ExecutionConfig, MaestroConfig
            )
        if override_job_config is not None:
            _check_type("override_job_config", override_job_config, JobConfig)
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

    # --- waiting --------------------------------------------------------------------------------------

    def get_job_state(self, execution_result: ExecutionResult) -> JobState:
        """Look at a job once.

        Returns:
            Its status, and the seconds it ran where the service says so.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            NotFoundError: The service knows no such job.
            QoroAPIError: The service answered with another error.
            QoroConnectionError: There was no answer.
        """
        return job_state_from_json(json_of(self._fetch_status(_job_id(execution_result))))

    def wait_for_job(
        self,
        execution_result: ExecutionResult,
        *,
        timeout_s: float | None = None,
        on_look: Callable[[int, JobState], None] | None = None,
    ) -> JobState:
        """Wait until a job is in a final state, and leave it running whatever interrupts the wait.

        Args:
            execution_result: The job.
            timeout_s: Seconds to wait at most, ``None`` for as long as it takes.
            on_look: Called after each look with the number of looks so far and the state.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            JobTimeoutError: The job was not final in time; it goes on.
            MaxRetriesReachedError: It was not final after ``max_retries`` looks; it goes on.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        job_id = _job_id(execution_result)
        deadline = math.inf if timeout_s is None else self._clock.now() + timeout_s

        def wait_to_retry(seconds: float) -> None:
            if self._clock.now() + seconds > deadline:
                raise JobTimeoutError(
                    f"the service did not tell the status of job {job_id} within {timeout_s:g} s. The job "
                    "goes on: wait again, or get it back later by its id",
                    job_id=job_id,
                )
            self._clock.wait(seconds)

        return self._poller.until_final(
            lambda: job_state_from_json(json_of(self._fetch_status(job_id, wait_to_retry))),
            job_id=job_id,
            timeout_s=timeout_s,
            on_look=on_look,
        )

    def poll_job_status(
        self,
        execution_result: ExecutionResult,
        loop_until_complete: bool = False,
        on_complete: Callable[[requests.Response], None] | None = None,
        verbose: bool = True,
        progress_callback: Callable[[int, str], None] | None = None,
        cancellation_event: threading.Event | None = None,
    ) -> JobStatus:
        """Look at a job, once or until it is done.

        A loop looks after 50 ms first, and then ever more rarely, up to ``polling_interval``. During a
        loop without ``cancellation_event``, the first Ctrl-C cancels the job and raises
        :class:`ExecutionCancelledError`, the second raises :class:`KeyboardInterrupt`.

        Args:
            execution_result: The job.
            loop_until_complete: Whether to go on until the job's status is final.
            on_complete: Called with the last answer when the job is final.
            verbose: Whether to log the status, and show it on a terminal, while looping.
            progress_callback: Called after each look of a loop with ``(retry_count, status)``.
            cancellation_event: Ends the loop when it is set; the job is left to whoever set it. A
                request under way is not interrupted.

        Returns:
            The job's status.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            ExecutionCancelledError: The loop was ended by Ctrl-C or by the event.
            MaxRetriesReachedError: The job was not final after ``max_retries`` looks.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        job_id = _job_id(execution_result)
        last: list[requests.Response] = []

        def read(wait: Callable[[float], None] | None = None) -> JobState:
            last[:] = [self._fetch_status(job_id, wait)]
            return job_state_from_json(json_of(last[0]))

        if loop_until_complete:
            event = cancellation_event or threading.Event()
            try:
                with (
                    nullcontext() if cancellation_event else interrupt_sets(event),
                    status_line(job_id, verbose) as show,
                ):
                    state = self._poll(job_id, read, event, show, progress_callback)
                if cancellation_event is None and event.is_set():
                    raise _cancelled(job_id)  # Ctrl-C during the last look: it must not get lost
            except ExecutionCancelledError as error:
                if cancellation_event is None:
                    error.extend(self._cancel_after_interrupt(execution_result))
                raise
        else:
            state = read()
        if state.status.is_final and on_complete is not None:
            on_complete(last[0])
        return state.status

    def _poll(
        self,
        job_id: str,
        read: Callable[[Callable[[float], None]], JobState],
        event: threading.Event,
        show: Callable[[JobStatus], None],
        progress_callback: Callable[[int, str], None] | None,
    ) -> JobState:
        def wait(seconds: float) -> None:
            if not event.is_set():
                self._clock.wait(seconds, event)
            if event.is_set():
                raise _cancelled(job_id)

        def on_look(retry_count: int, state: JobState) -> None:
            show(state.status)
            if progress_callback is not None:
                progress_callback(retry_count, state.status.value)

        return self._poller.until_final(lambda: read(wait), job_id=job_id, wait=wait, on_look=on_look)

    @property
    def _poller(self) -> Poller:
        return Poller(self.polling_interval, self.max_retries, self._clock)

    def _cancel_after_interrupt(self, execution_result: ExecutionResult) -> str:
        try:
            self.cancel_job(execution_result)
        except ConflictError:
            return "The job had come to an end before"
        except QoroError as error:
            return f"The job could not be cancelled and may still run ({error})"
        return "The job has been cancelled"

    def _fetch_status(self, job_id: str, wait: Callable[[float], None] | None = None) -> requests.Response:
        return self._transport.send(GET_STATUS, job_id=job_id, wait=wait)

    # --- results --------------------------------------------------------------------------------------

    def get_job_results(self, execution_result: ExecutionResult) -> ExecutionResult:
        """Fetch the results of a completed job, page by page.

        Returns:
            A copy of ``execution_result`` whose ``results`` hold, for each label in the order of
            submission, the counts (bitstring to count, classical bit 0 rightmost) or the expectation values
            (Pauli word to value).

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            NotFoundError: The service knows no such job.
            QoroAPIError: The results are not available, with status code 400: the job still runs, or it
                failed and the error says why.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        job_id = _job_id(execution_result)
        results: dict[str, CircuitResult] = {}
        while True:
            params = {"limit": RESULTS_PAGE_SIZE, "offset": len(results)}
            page = results_page_from_json(
                json_of(self._transport.send(GET_RESULTS, job_id=job_id, params=params))
            )
            before = len(results)
            results |= page.results
            if page.next is None:
                break
            if len(results) != before + len(page.results) or not page.results or len(results) > page.count:
                raise WireError(
                    f"results of job {job_id}: the page after {before} results repeats others, holds nothing "
                    f"or goes past the {page.count} results that there are",
                    job_id=job_id,
                )
        if len(results) != page.count:
            raise WireError(
                f"results of job {job_id}: expected {page.count}, got {len(results)}", job_id=job_id
            )
        return execution_result.with_results(results)

    # --- changing a job -------------------------------------------------------------------------------

    def cancel_job(self, execution_result: ExecutionResult) -> requests.Response:
        """Cancel a job.

        Returns:
            The service's answer; its JSON holds ``status``, ``job_id`` and ``circuits_cancelled``.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            AuthenticationError: The job belongs to somebody else.
            NotFoundError: The service knows no such job.
            ConflictError: The job is neither pending nor running.
            QoroConnectionError: There was no answer.
        """
        return self._transport.send(CANCEL_JOB, job_id=_job_id(execution_result))

    def delete_job(self, execution_result: ExecutionResult) -> requests.Response:
        """Delete a job and its results.

        Returns:
            The service's answer, without content.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            NotFoundError: The service knows no such job.
            QoroConnectionError: There was no answer.
        """
        return self._transport.send(DELETE_JOB, job_id=_job_id(execution_result))

    def set_execution_config(
        self, execution_result: ExecutionResult, config: ExecutionConfig
    ) -> dict[str, Any]:
        """Set or overwrite the execution configuration of a pending job.

        Returns:
            The service's answer, with ``status``, ``job_id`` and ``execution_configuration``.

        Raises:
            QoroInputError: ``execution_result`` has no job id, or ``config`` is no configuration.
            QoroAPIError: With status code 400: an unknown ``api_meta`` key, a wrong type, or too much.
            AuthenticationError: With status code 403: the bond dimension exceeds the account's limit.
            ConflictError: The job is not pending any more.
            QoroConnectionError: There was no answer.
        """
        job_id = _job_id(execution_result)
        _check_type("config", config, ExecutionConfig)
        body = render(config.to_payload())
        answer = json_of(self._transport.send(SET_EXECUTION_CONFIG, job_id=job_id, body=body))
        return dict(as_object(answer, "body"))

    def get_execution_config(self, execution_result: ExecutionResult) -> ExecutionConfig:
        """The execution configuration of a job.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            NotFoundError: The service knows no such job, or none has been set for it.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        job_id = _job_id(execution_result)
        return config_answer_from_json(json_of(self._transport.send(GET_EXECUTION_CONFIG, job_id=job_id)))

    def close(self) -> None:
        """Close the pooled connections. The client can still be used; it opens new ones."""
        self._transport.close()


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _check_type(name: str, value: object, *expected: type) -> None:
    if not isinstance(value, expected):
        names = " or ".join(kind.__name__ for kind in expected)
        raise QoroInputError(f"{name} is {value!r}, expected a value of type {names}")


def _with_target(config: JobConfig) -> JobConfig:
    """The configuration, with the default target where it names none."""
    _check_type("job_config", config, JobConfig)
    if config.target is not None:
        return config
    warnings.warn(
        f"job_config names neither simulator_cluster nor qpu_system: jobs go to the "
        f"{DEFAULT_SIMULATOR_CLUSTER!r} simulator cluster",
        stacklevel=3,  # the caller of the constructor or the setter that called this
    )
    return config.override(JobConfig(simulator_cluster=DEFAULT_SIMULATOR_CLUSTER))


def _cancelled(job_id: str) -> ExecutionCancelledError:
    return ExecutionCancelledError(f"the wait for job {job_id} was cancelled", job_id=job_id)


def _job_id(execution_result: ExecutionResult) -> str:
    job_id = getattr(execution_result, "job_id", None)
    if not isinstance(job_id, str) or not job_id:
        raise QoroInputError(
            f"expected an ExecutionResult with a job_id, got {execution_result!r}: submit the circuits first"
        )
    return job_id


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
