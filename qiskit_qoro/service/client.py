"""The client of the Qoro service: one method for each request that the service answers.

:class:`QoroService` holds a transport, the settings of its jobs and a poller. Its methods check their
arguments and call the functions of the other modules of this package, which take the transport as an
argument: ``job_requests``, ``job_results``, ``waiting``, and so on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from qiskit import QuantumCircuit

from qiskit_qoro.display.cards import Card
from qiskit_qoro.display.progress import NO_PROGRESS, ProgressOptions, progress
from qiskit_qoro.display.reprs import short_text
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.models.arguments import timeout_of
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER, ExecutionConfig, JobConfig
from qiskit_qoro.models.costs import Prices
from qiskit_qoro.models.jobs import AnyConfig, ExecutionResult, JobOutcome, JobState, JobStatus, JobType
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.secret import Secret, hide
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.models.templates import TemplateEntry
from qiskit_qoro.models.vendors import DeviceConfig, VendorBlueprint
from qiskit_qoro.qasm.measurements import describe_unmeasured, warn_unmeasured
from qiskit_qoro.qasm.write.writer import Program
from qiskit_qoro.service import account, job_requests, job_results, qubo_submission, targets, waiting
from qiskit_qoro.service.budgets.spending import Reservation, Spending
from qiskit_qoro.service.circuit_submission import (
    build_circuit_submission,
    depth_of,
    measure_circuits,
    write_circuits,
)
from qiskit_qoro.service.clock import NO_DEADLINE, SYSTEM_CLOCK, Clock, Deadline
from qiskit_qoro.service.credentials import CLOUD_URL, find_credentials
from qiskit_qoro.service.interfaces import CircuitRunner
from qiskit_qoro.service.job_requests import StatusAnswer, job_id_of
from qiskit_qoro.service.polling import LOCAL_FIRST_POLL_S, LOCAL_GROWTH, Poller
from qiskit_qoro.service.recorder import UNRECORDED, SubmissionRecorder
from qiskit_qoro.service.settings import (
    JobSettings,
    ServiceOrigin,
    SubmissionOptions,
    check_execution_config,
    check_max_retries,
    check_max_retry_after,
    check_polling_interval,
    check_progress,
    check_type,
    with_default_target,
)
from qiskit_qoro.service.submission import Measurement, Submission, job_request, send_submission
from qiskit_qoro.service.template_submission import (
    CheckedTemplate,
    build_template_submission,
    check_templates,
    measure_templates,
)
from qiskit_qoro.service.transport import MAX_RETRY_AFTER_S, Link, Response, Transport
from qiskit_qoro.wire.endpoints import PING
from qiskit_qoro.wire.states.arrays import StateArray

__all__ = ["QoroService"]


class QoroService(CircuitRunner):
    """A client of the REST API of the Qoro service, in the cloud or on this machine.

    It submits programs in OpenQASM 2 and returns results by label::

        >>> from qiskit_qoro import JobConfig, QoroProvider
        >>> service = QoroProvider.local().service
        >>> program = '''OPENQASM 2.0; include "qelib1.inc";
        ... qreg q[2]; creg c[2]; x q[0]; measure q -> c;'''
        >>> job = service.submit_circuits({"first": program}, override_job_config=JobConfig(shots=100))
        >>> service.poll_job_status(job, loop_until_complete=True).name
        'COMPLETED'
        >>> service.get_job_results(job).results
        {'first': {'01': 100}}

    The constructor sends nothing. Several threads may use one client. Copies and pickles of a client open
    their own connections. A pickle of a client contains the token, and so does a pickle of a provider, a
    backend or a job: protect it like the token.

    Some errors are the same for all methods, and only listed here. Every method that sends a request raises
    :class:`AuthenticationError` if the token is unknown or deactivated, :class:`QoroAPIError` if the service
    answers with another error, :class:`QoroConnectionError` if it does not answer, and :class:`WireError` if
    its answer breaks the protocol. Every method that takes an ``execution_result`` raises
    :class:`QoroInputError` if that has no job id, and :class:`NotFoundError` if the service does not know the
    job.

    Args:
        auth_token: The token. By default it is ``QORO_API_KEY`` from a ``.env`` file, or else from the
            environment, or else that of the default among the saved accounts.
        job_config: The default settings of jobs. If it names no target, jobs go to the ``qoro_maestro``
            simulator cluster, and a warning says so.
        execution_config: How jobs are executed by default: an :class:`ExecutionConfig`, a
            :class:`MaestroConfig` with options of the simulator, or a :class:`DeviceConfig` with options of a
            QPU.
        polling_interval: The longest time between two polls of a job, in seconds.
        max_retries: How often a job is polled before a wait gives up.
        track_depth: Whether to record the depth of each submitted circuit in ``depth_history``.
        base_url: The address of the service. By default it is that of the saved account if its token is used,
            or else ``QORO_API_URL``, or else the Qoro cloud.
        clock: Measures time and waits.
        recorder: Is notified of submissions and of jobs that have ended. By default nothing is recorded.
        max_retry_after_s: The longest time that the service may ask to wait before a request is sent again,
            in seconds. If it asks for more, the error is raised at once.
        link: A way to the service if it is in this process, from :attr:`LocalService.link`. Then no request
            goes over the network.
        origin: How a user gets a provider of this service, for displays. By default it is derived from the
            address.
        progress: Whether long waits show a progress line in a terminal or in a notebook.
        spending: The budget and the prices, ``Spending(budget, prices)``. By default nothing is limited.

    Raises:
        QoroInputError: There is no token, or an argument has the wrong type or is out of range.
    """

    def __init__(
        self,
        auth_token: str | Secret | None = None,
        job_config: JobConfig | None = None,
        execution_config: AnyConfig | None = None,
        polling_interval: float = 3.0,
        max_retries: int = 5000,
        track_depth: bool = False,
        *,
        base_url: str | None = None,
        clock: Clock = SYSTEM_CLOCK,
        recorder: SubmissionRecorder = UNRECORDED,
        max_retry_after_s: float = MAX_RETRY_AFTER_S,
        link: Link | None = None,
        origin: ServiceOrigin | None = None,
        progress: bool | ProgressOptions = True,
        spending: Spending | None = None,
    ) -> None:
        # First, so that no error leaves the token in the variables of this frame.
        auth_token = hide(auth_token)
        super().__init__(track_depth)
        poller = Poller(check_polling_interval(polling_interval), check_max_retries(max_retries), clock)
        credentials = find_credentials(auth_token, base_url)
        self._transport = Transport(
            credentials.url,
            credentials.token,
            clock=clock,
            max_retry_after_s=check_max_retry_after(max_retry_after_s),
            link=link,
        )
        if self._transport.is_local:
            poller = replace(poller, first_s=LOCAL_FIRST_POLL_S, growth=LOCAL_GROWTH)
        self._poller = poller
        self._recorder = recorder
        self._origin = origin
        self._progress = check_progress(progress)
        self._spending = Spending() if spending is None else spending
        if job_config is None:
            job_config = JobConfig(simulator_cluster=DEFAULT_SIMULATOR_CLUSTER)
        # Settings and poller are frozen and only replaced as a whole. So a thread that submits or waits sees
        # either the old or the new settings, never a mixture.
        self._settings = JobSettings(with_default_target(job_config), None)
        self.execution_config = execution_config
        # QPU system -> whether it computes expectation values, as fetch_qpu_systems reported it.
        self._expval_support: dict[str, bool] = {}
        # None until extensions() has fetched them.
        self._extensions: frozenset[str] | None = None

    def __repr__(self) -> str:
        target = self.job_config.target
        return f"<QoroService {self.description!r}, target {target.name if target else None!r}>"

    def _repr_html_(self) -> str:
        target = self.job_config.target
        rows = [("target", target.name if target else "none")]
        if self.execution_config is not None:
            rows.append(("execution", short_text(repr(self.execution_config), 200)))
        note = "The service runs on this machine." if self._transport.is_local else ""
        return Card("Service", self.description, rows=rows, note=note).to_html()

    # --- settings -------------------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        """The address of the service. A local service opens its port when its address is read."""
        self._transport.open_address()
        return self._transport.base_url

    @property
    def description(self) -> str:
        """The name of the service in messages, which is its address unless its port is closed."""
        return self._transport.base_url if self._transport.is_addressable else "the local service"

    @property
    def origin(self) -> ServiceOrigin:
        """How a user gets a provider of this service. Reading this opens no port."""
        if self._origin is not None:
            return self._origin
        if not self._transport.is_addressable:
            return ServiceOrigin("provider", "Only this process can reach the service.")
        url = self._transport.base_url
        return ServiceOrigin("QoroProvider()" if url == CLOUD_URL else f"QoroProvider(base_url={url!r})")

    @property
    def job_config(self) -> JobConfig:
        """The default settings of jobs."""
        return self._settings.job_config

    @job_config.setter
    def job_config(self, config: JobConfig) -> None:
        self._settings = replace(self._settings, job_config=with_default_target(config))

    @property
    def execution_config(self) -> AnyConfig | None:
        """How jobs are executed by default, or ``None`` to leave that to the service."""
        return self._settings.execution_config

    @execution_config.setter
    def execution_config(self, config: AnyConfig | None) -> None:
        if config is not None:
            check_execution_config("execution_config", config)
        self._settings = replace(self._settings, execution_config=config)

    @property
    def polling_interval(self) -> float:
        """The longest time between two polls of a job, in seconds."""
        return self._poller.longest_s

    @polling_interval.setter
    def polling_interval(self, seconds: float) -> None:
        self._poller = replace(self._poller, longest_s=check_polling_interval(seconds))

    @property
    def max_retries(self) -> int:
        """How often a job is polled before a wait gives up."""
        return self._poller.max_retries

    @max_retries.setter
    def max_retries(self, number: int) -> None:
        self._poller = replace(self._poller, max_retries=check_max_retries(number))

    @property
    def max_retry_after_s(self) -> float:
        """The longest time that the service may ask to wait before a retry, in seconds."""
        return self._transport.max_retry_after_s

    @max_retry_after_s.setter
    def max_retry_after_s(self, seconds: float) -> None:
        self._transport.max_retry_after_s = check_max_retry_after(seconds)

    @property
    def progress(self) -> ProgressOptions:
        """Whether and where waits show a progress line. It can be set to ``True`` or ``False`` too."""
        return self._progress

    @progress.setter
    def progress(self, value: bool | ProgressOptions) -> None:
        self._progress = check_progress(value)

    @property
    def is_local(self) -> bool:
        """Whether the service is on this machine."""
        return self._transport.is_local

    @property
    def spending(self) -> Spending:
        """The budgets and the prices of this client, and what its jobs cost."""
        return self._spending

    @property
    def poller(self) -> Poller:
        """Decides when this client polls its jobs."""
        return self._poller

    @property
    def shots(self) -> int:
        """The default number of shots per circuit."""
        return self._settings.shots

    @property
    def is_async(self) -> bool:
        """Always ``True``: a submission returns before its circuits have run."""
        return True

    @property
    def supports_expval(self) -> bool:
        """Whether the target computes expectation values, and ``force_sampling`` is off.

        Simulator clusters compute them. For a QPU system that is given by name only, the first use of this
        property fetches the QPU systems. A system that is not listed computes none.
        """
        target = self.job_config.target
        if target is None or self.job_config.force_sampling:
            return False
        is_bare_name = isinstance(target, QPUSystem) and not target.qpus and not target.supports_expval
        if not is_bare_name:
            return target.supports_expval
        # Several threads may fetch the list at the same time. That costs a request and changes nothing.
        if target.name not in self._expval_support:
            self.fetch_qpu_systems()
        return self._expval_support.get(target.name, False)

    def close(self) -> None:
        """Close the pooled connections. The client remains usable: the next request opens a new one."""
        self._transport.close()

    # --- submitting -----------------------------------------------------------------------------------

    def submit_circuits(
        self,
        circuits: Mapping[str, str | QuantumCircuit | Program],
        *,
        ham_ops: str | None = None,
        circuit_ham_map: Sequence[Sequence[int]] | None = None,
        shot_groups: Sequence[Sequence[int]] | None = None,
        job_type: JobType | None = None,
        override_execution_config: AnyConfig | None = None,
        override_job_config: JobConfig | None = None,
        cancellation_event: threading.Event | None = None,  # noqa: ARG002 - the documented interface
        **kwargs: Any,  # noqa: ARG002 - the documented interface
    ) -> ExecutionResult:
        """Submit circuits as one job.

        All arguments are checked before anything is sent. The circuits are divided into as many uploads as
        their size requires, and each upload is sent once. If an upload fails, the incomplete job is cancelled
        if possible, and the error names the job.

        Args:
            circuits: Label to OpenQASM 2 text or circuit. The results come back under the same labels.
            ham_ops: Pauli strings to measure, separated by ``;``, for example ``"XYZ;ZIZ"``. The leftmost
                letter acts on qubit 0. Several groups are separated by ``|`` and need ``circuit_ham_map``.
            circuit_ham_map: For each group of ``ham_ops``, the circuits that it is measured on, as
                ``[start, end)``. A circuit in no range is measured for every group.
            shot_groups: Shots for ranges of circuits, as ``[start, end, shots]``, covering all circuits in
                order. They replace the shots of the job configuration.
            job_type: ``EXECUTE`` or ``EXPECTATION``. By default ``ham_ops`` decides.
            override_execution_config: Overrides fields of the client's :attr:`execution_config`. A
                configuration of another kind replaces it.
            override_job_config: Overrides fields of the client's :attr:`job_config`.
            cancellation_event: Accepted for compatibility. Pass it to :meth:`poll_job_status`.
            **kwargs: Ignored.

        Returns:
            A value with the job's identifier.

        Raises:
            QoroInputError: An argument is invalid; nothing was sent. For a circuit the message gives label,
                line and column.
        """
        options = SubmissionOptions(
            ham_ops, circuit_ham_map, shot_groups, job_type, override_execution_config, override_job_config
        )
        submitted = self.submit(self._prepare_circuits(circuits, options))
        # A submission that fails does not get here and leaves no depths.
        if self.track_depth:
            self._depth_history.append([depth_of(circuit) for circuit in circuits.values()])
        return submitted

    def submit_circuit_templates(
        self,
        templates: Sequence[TemplateEntry],
        *,
        ham_ops: str | None = None,
        circuit_ham_map: Sequence[Sequence[int]] | None = None,
        shot_groups: Sequence[Sequence[int]] | None = None,
        job_type: JobType | None = None,
        override_execution_config: AnyConfig | None = None,
        override_job_config: JobConfig | None = None,
        cancellation_event: threading.Event | None = None,  # noqa: ARG002 - the documented interface
        **kwargs: Any,  # noqa: ARG002 - the documented interface
    ) -> ExecutionResult:
        """Submit templates and their parameter sets as one job.

        The service replaces each parameter name by the shortest decimal text of its value and runs one
        circuit for each parameter set. An upload holds one template and as many of its parameter sets as
        fit. Otherwise submission works as for :meth:`submit_circuits`.

        Args:
            templates: The templates with their parameter sets. Every parameter set needs a label of its own;
                the results come back under these labels.
            ham_ops: Pauli strings to measure on every circuit, separated by ``;``. The leftmost letter acts
                on qubit 0. Several groups (``|``) are refused.
            circuit_ham_map: Must be ``None``.
            shot_groups: Must be ``None``.
            job_type: ``EXECUTE`` or ``EXPECTATION``. By default ``ham_ops`` decides.
            override_execution_config: As for :meth:`submit_circuits`.
            override_job_config: As for :meth:`submit_circuits`.
            cancellation_event: Accepted for compatibility. Pass it to :meth:`poll_job_status`.
            **kwargs: Ignored.

        Returns:
            A value with the job's identifier. With ``track_depth``, the depth of a template is recorded once
            per parameter set.

        Raises:
            QoroInputError: An argument is invalid; nothing was sent. For a template the message gives its
                index, line and column.
        """
        options = SubmissionOptions(
            ham_ops, circuit_ham_map, shot_groups, job_type, override_execution_config, override_job_config
        )
        checked = check_templates(templates)
        submitted = self.submit(self._prepare_templates(checked, options))
        if self.track_depth:
            depths = [template.depth or 0 for template in checked for _ in template.labels]
            self._depth_history.append(depths)
        return submitted

    def prepare_circuits(
        self,
        circuits: Mapping[str, str | QuantumCircuit | Program],
        *,
        ham_ops: str | None = None,
        circuit_ham_map: Sequence[Sequence[int]] | None = None,
        shot_groups: Sequence[Sequence[int]] | None = None,
        job_type: JobType | None = None,
        override_execution_config: AnyConfig | None = None,
        override_job_config: JobConfig | None = None,
    ) -> Submission:
        """Check and render what :meth:`submit_circuits` with the same arguments would send; send nothing.

        Returns:
            A value to pass to :meth:`submit`. Its ``num_bytes`` is the number of bytes that will be sent.

        Raises:
            QoroInputError: An argument is invalid.
        """
        options = SubmissionOptions(
            ham_ops, circuit_ham_map, shot_groups, job_type, override_execution_config, override_job_config
        )
        return self._prepare_circuits(circuits, options)

    def prepare_circuit_templates(
        self,
        templates: Sequence[TemplateEntry],
        *,
        ham_ops: str | None = None,
        job_type: JobType | None = None,
        override_execution_config: AnyConfig | None = None,
        override_job_config: JobConfig | None = None,
    ) -> Submission:
        """Check and render what :meth:`submit_circuit_templates` would send; send nothing.

        Returns:
            A value to pass to :meth:`submit`. Its ``num_bytes`` is the number of bytes that will be sent.

        Raises:
            QoroInputError: An argument is invalid.
        """
        options = SubmissionOptions(
            ham_ops=ham_ops,
            job_type=job_type,
            override_execution_config=override_execution_config,
            override_job_config=override_job_config,
        )
        return self._prepare_templates(check_templates(templates), options)

    def prepare_checked(
        self,
        circuits: Mapping[str, Program] | Sequence[CheckedTemplate],
        measurement: Measurement,
        *,
        override_execution_config: AnyConfig | None = None,
        override_job_config: JobConfig | None = None,
    ) -> Submission:
        """Render a submission from values that are known to be valid, such as those of our own writer.

        The circuits and the measurement are not checked again. :meth:`submit_circuits` and
        :meth:`submit_circuit_templates` build the same values from their arguments.

        Args:
            circuits: Label to program, or templates with their parameter sets.
            measurement: What is measured on them. Templates take shots or one group of observables.
            override_execution_config: As for :meth:`submit_circuits`.
            override_job_config: As for :meth:`submit_circuits`; its shots are not used.

        Returns:
            A value to pass to :meth:`submit`.

        Raises:
            QoroInputError: An override has the wrong type, or a circuit is too large to be sent.
        """
        settings = self._settings.override(override_job_config, override_execution_config)
        return _build_submission(settings, circuits, measurement)

    def submit_programs(
        self,
        programs: Mapping[str, Program],
        measurement: Measurement,
        *,
        override_execution_config: AnyConfig | None = None,
        override_job_config: JobConfig | None = None,
    ) -> ExecutionResult:
        """Submit programs of our own writer as one job. Neither they nor the measurement are checked again.

        Args:
            programs: Label to program. The results come back under the same labels.
            measurement: What is measured on the programs.
            override_execution_config: As for :meth:`submit_circuits`.
            override_job_config: As for :meth:`submit_circuits`; its shots are not used.

        Returns:
            A value with the job's identifier.

        Raises:
            QoroInputError: An override has the wrong type, or a program is too large to be sent.
        """
        submitted = self.submit(
            self.prepare_checked(
                programs,
                measurement,
                override_execution_config=override_execution_config,
                override_job_config=override_job_config,
            )
        )
        self.record_depths(programs)
        return submitted

    def record_depths(self, programs: Mapping[str, Program]) -> None:
        """Add the depths of a batch that has been submitted to :attr:`depth_history`, if they are tracked."""
        if self.track_depth:
            self._depth_history.append([depth_of(program) for program in programs.values()])

    def submit(self, submission: Submission, *, reservation: Reservation | None = None) -> ExecutionResult:
        """Submit a prepared submission as one job.

        Args:
            submission: From :meth:`prepare_circuits` or :meth:`prepare_circuit_templates`. Each call opens a
                new job.
            reservation: The cost of the submission, from :meth:`reserve`. By default it is reserved now.

        Returns:
            A value with the job's identifier.

        Raises:
            BudgetExceededError: A budget has no room for the job. Nothing was sent.
            QoroInputError: A budget is in credits, and no price is known. Nothing was sent.
        """
        if reservation is None:
            (reservation,) = self._spending.reserve([submission.cost], self._fetch_prices)
        with self._remembered(reservation) as submitted:
            job_id = send_submission(self._transport, submission, reservation, self._recorder)
            submitted(job_id)
        return ExecutionResult(job_id=job_id)

    def record_joint_jobs(self, job_ids: Sequence[str]) -> None:
        """Record in the journal that several submitted jobs belong together.

        Args:
            job_ids: The identifiers of the jobs, in order.
        """
        # A recorder that was written for an earlier release does not have this method.
        joined = getattr(self._recorder, "joined", None)
        if joined is not None:
            joined(job_ids)

    @contextmanager
    def reserve(self, submissions: Sequence[Submission]) -> Iterator[list[Reservation]]:
        """Reserve the costs of several submissions before the first of them is sent.

        What has not been submitted at the end of the context is released.

        Args:
            submissions: The submissions that will be passed to :meth:`submit`, each with its reservation.

        Raises:
            BudgetExceededError: A budget has no room for all of them.
            QoroInputError: A budget is in credits, and no price is known.
        """
        costs = [submission.cost for submission in submissions]
        reservations = self._spending.reserve(costs, self._fetch_prices)
        try:
            yield reservations
        finally:
            for reservation in reservations:
                reservation.release_unused()

    @contextmanager
    def _remembered(self, reservation: Reservation) -> Iterator[Callable[[str], None]]:
        """Remember the cost of a job that is submitted, also if an error names the job."""
        try:
            yield partial(self._spending.submitted, reservation=reservation)
        except QoroError as error:
            if error.job_id is not None:
                self._spending.submitted(error.job_id, reservation)
            raise

    def _prepare_circuits(
        self, circuits: Mapping[str, str | QuantumCircuit | Program], options: SubmissionOptions
    ) -> Submission:
        settings = self._settings.override(options.override_job_config, options.override_execution_config)
        programs = write_circuits(circuits)
        measurement = measure_circuits(programs, options, settings.shots)
        if measurement.observables is None:
            # Level 3 is the line that called submit_circuits() or prepare_circuits().
            warn_unmeasured(_unmeasured_circuits(programs), stacklevel=3)
        return _build_submission(settings, programs, measurement)

    def _prepare_templates(
        self, templates: Sequence[CheckedTemplate], options: SubmissionOptions
    ) -> Submission:
        settings = self._settings.override(options.override_job_config, options.override_execution_config)
        measurement = measure_templates(templates, options, settings.shots)
        if measurement.observables is None:
            warn_unmeasured(_unmeasured_templates(templates), stacklevel=3)
        return _build_submission(settings, templates, measurement)

    # --- waiting --------------------------------------------------------------------------------------

    def deadline(self, timeout_s: float | None) -> Deadline:
        """Return the deadline that is ``timeout_s`` seconds from now, for several calls of this client.

        Args:
            timeout_s: The seconds, or ``None`` for no time limit.
        """
        return Deadline.after(timeout_s, self._poller.clock)

    def get_job_state(
        self, execution_result: ExecutionResult, *, deadline: Deadline = NO_DEADLINE, hold_s: int = 0
    ) -> JobState:
        """Poll a job once.

        Args:
            execution_result: The job.
            deadline: When the answer has to be there.
            hold_s: Whole seconds for which the service may wait for the end of the job. A service that cannot
                wait answers at once.

        Returns:
            Its status, and the seconds that it ran if the service reports them.

        Raises:
            QoroTimeoutError: There was no answer before the deadline.
        """
        return self._fetch_status(job_id_of(execution_result), hold_s=hold_s, deadline=deadline).state

    def wait_for_job(
        self,
        execution_result: ExecutionResult,
        *,
        timeout_s: float | None = None,
        on_look: Callable[[int, JobState], None] | None = None,
    ) -> JobState:
        """Wait until the status of a job is final. Interrupting the wait leaves the job running.

        Args:
            execution_result: The job.
            timeout_s: Seconds to wait at most, or ``None`` for no limit.
            on_look: Called after each poll with the number of polls so far and the state.

        Returns:
            The final state.

        Raises:
            JobTimeoutError: The job was not final in time. It keeps running.
            MaxRetriesReachedError: The job was not final after ``max_retries`` polls. It keeps running.
        """
        job_id = job_id_of(execution_result)

        def polled(count: int, states: Mapping[str, JobState]) -> None:
            if on_look is not None:
                on_look(count, states[job_id])

        return self.wait_for_jobs([execution_result], timeout_s=timeout_s, on_look=polled)[job_id]

    def wait_for_jobs(
        self,
        jobs: Sequence[ExecutionResult],
        *,
        timeout_s: float | None = None,
        on_look: Callable[[int, Mapping[str, JobState]], None] | None = None,
        deadline: Deadline | None = None,
        show_progress: bool = True,
    ) -> dict[str, JobState]:
        """Wait until the status of each of several jobs is final. Interrupting leaves the jobs running.

        One request polls one job. Each job is polled at growing intervals, and the requests for all jobs
        together are never more frequent than for a single new job.

        Args:
            jobs: The jobs.
            timeout_s: Seconds to wait at most for all of them, or ``None`` for no limit. A request that
                begins shortly before the end of this time may take one second.
            on_look: Called after each poll with the number of polls so far, of any job, and the last known
                state of each polled job by identifier.
            deadline: When to give up, instead of ``timeout_s``.
            show_progress: Whether a long wait shows a progress line, unless :attr:`progress` is off.

        Returns:
            The final state of each job by identifier, in the order of ``jobs``.

        Raises:
            JobTimeoutError: A job was not final in time. The unfinished jobs keep running.
            MaxRetriesReachedError: A job was not final after ``max_retries`` polls. It keeps running.
        """
        job_ids = [job_id_of(job) for job in jobs]
        if deadline is None:
            deadline = self.deadline(timeout_of("timeout_s", timeout_s))
        return waiting.wait_for_jobs(
            self._poller,
            self._fetch_status,
            job_ids,
            holds=self.holds_polls,
            deadline=deadline,
            on_poll=on_look,
            options=self._progress if show_progress else NO_PROGRESS,
        )

    def holds_polls(self) -> bool | None:
        """Whether the service can wait for the end of a job before it answers a poll.

        Returns:
            ``None`` if that is unknown. A service on this machine is expected to.
        """
        known = self._transport.applies_wait
        return True if known is None and self._transport.is_local else known

    def poll_job_status(
        self,
        execution_result: ExecutionResult,
        loop_until_complete: bool = False,
        on_complete: Callable[[Response], None] | None = None,
        verbose: bool = True,
        progress_callback: Callable[[int, str], None] | None = None,
        cancellation_event: threading.Event | None = None,
    ) -> JobStatus:
        """Poll a job once, or until its status is final.

        A loop polls first after 50 ms (2 ms if the service is on this machine), then at growing intervals up
        to ``polling_interval``. In a loop without ``cancellation_event``, the first Ctrl-C cancels the job
        and raises :class:`ExecutionCancelledError`; the second one raises :class:`KeyboardInterrupt`.

        Args:
            execution_result: The job.
            loop_until_complete: Whether to poll until the status is final.
            on_complete: Called with the last response if the status is final.
            verbose: Whether a loop logs each change of the status, and shows a progress line if it takes
                long.
            progress_callback: Called after each poll of a loop with ``(retry_count, status)``.
            cancellation_event: Ends the loop when it is set. The job is not cancelled. A request in flight is
                not interrupted.

        Returns:
            The status of the job.

        Raises:
            ExecutionCancelledError: The loop was ended by Ctrl-C or by the event.
            MaxRetriesReachedError: The job was not final after ``max_retries`` polls.
        """
        job_id = job_id_of(execution_result)
        options = self._progress if verbose else NO_PROGRESS
        if not loop_until_complete:
            answer = self._fetch_status(job_id)
        elif cancellation_event is not None:
            answer = waiting.poll_until_final(
                self._poller,
                self._fetch_status,
                job_id,
                event=cancellation_event,
                verbose=verbose,
                progress_callback=progress_callback,
                options=options,
            )
        else:
            answer = waiting.poll_until_interrupted(
                self._poller,
                self._fetch_status,
                job_id,
                cancel=partial(self.cancel_job, execution_result),
                verbose=verbose,
                progress_callback=progress_callback,
                options=options,
            )
        if answer.state.status.is_final and on_complete is not None:
            on_complete(answer.response)
        return answer.state.status

    def _fetch_status(
        self,
        job_id: str,
        *,
        hold_s: int = 0,
        wait: Callable[[float], None] | None = None,
        deadline: Deadline = NO_DEADLINE,
    ) -> StatusAnswer:
        answer = job_requests.fetch_status(
            self._transport, job_id, hold_s=hold_s, wait=wait, deadline=deadline
        )
        # Every poll of this client uses this method, so the journal records the end of each polled job.
        if answer.state.status.is_final:
            self._recorder.ended(job_id, answer.state.status)
            self._ended(job_id, answer.state.status)
        return answer

    def _ended(self, job_id: str, status: JobStatus) -> None:
        self._spending.ended(job_id, status, is_local=self._transport.is_local)

    # --- jobs -----------------------------------------------------------------------------------------

    def cancel_job(self, execution_result: ExecutionResult) -> Response:
        """Cancel a job.

        Returns:
            The response; its JSON has ``status``, ``job_id`` and ``circuits_cancelled``.

        Raises:
            AuthenticationError: The job belongs to another account.
            ConflictError: The job is neither pending nor running.
        """
        job_id = job_id_of(execution_result)
        response = job_requests.cancel_job(self._transport, job_id)
        self._ended(job_id, JobStatus.CANCELLED)
        return response

    def delete_job(self, execution_result: ExecutionResult) -> Response:
        """Delete a job and its results.

        Returns:
            The response, which has no content.
        """
        job_id = job_id_of(execution_result)
        response = job_requests.delete_job(self._transport, job_id)
        self._recorder.deleted(job_id)
        return response

    def get_job_results(self, execution_result: ExecutionResult) -> ExecutionResult:
        """Fetch all results of a completed job.

        Returns:
            A copy of ``execution_result`` with ``results``: for each label, in the order of submission, the
            counts (bitstring to count, classical bit 0 rightmost) or the expectation values (Pauli string to
            value).

        Raises:
            QoroAPIError: With status code 400: the job is still running, or it failed for the given reason.
        """
        outcome = job_results.read_results(self._transport, job_id_of(execution_result))
        return execution_result.with_results(dict(outcome.results))

    def fetch_results(
        self,
        job_id: str,
        *,
        deadline: Deadline = NO_DEADLINE,
        fetched: job_results.FetchedPages | None = None,
    ) -> JobOutcome:
        """Fetch all results of a completed job, by its identifier.

        This is :meth:`get_job_results` for callers that need no :class:`ExecutionResult`.

        Args:
            job_id: The job.
            deadline: When all results have to be there.
            fetched: Pages that an earlier call has fetched before its deadline. They are not fetched again,
                and new ones are added.

        Returns:
            An outcome that holds results only.

        Raises:
            QoroTimeoutError: Not all results were there before the deadline.
            QoroAPIError: With status code 400: the job is still running, or it failed for the given reason.
        """
        return job_results.read_results(self._transport, job_id, deadline=deadline, fetched=fetched)

    def fetch_results_page(
        self,
        job_id: str,
        *,
        limit: int,
        offset: int,
        are_arrays: bool = False,
        deadline: Deadline = NO_DEADLINE,
    ) -> job_results.PageOfJob:
        """Fetch one page of the results of a job that has ended.

        Args:
            job_id: The job.
            limit: The largest number of circuits. The service may choose a smaller one.
            offset: The number of circuits before the page.
            are_arrays: Whether the job computed states, so that its results are arrays.
            deadline: When the page has to be there.

        Returns:
            The page, with the number of all circuits that have a result or a failure; and the reason why the
            job failed. The page of a failed job has failures too, if the service reports them.

        Raises:
            QoroTimeoutError: It was not there before the deadline.
        """
        return job_results.read_page(
            self._transport, job_id, limit=limit, offset=offset, are_arrays=are_arrays, deadline=deadline
        )

    def get_first_label(self, execution_result: ExecutionResult) -> str | None:
        """Fetch the label of a completed job's first circuit, or ``None`` if the job has no circuit.

        Raises:
            QoroAPIError: With status code 400: the job has no results.
        """
        return job_results.read_first_label(self._transport, job_id_of(execution_result))

    def get_job_outcome(
        self, execution_result: ExecutionResult, *, deadline: Deadline = NO_DEADLINE
    ) -> JobOutcome:
        """Fetch the outcome of each circuit of a completed or failed job.

        Args:
            execution_result: The job.
            deadline: When the whole outcome has to be there.

        Returns:
            For a completed job, the results as :meth:`get_job_results` returns them. For a failed job, the
            reason, and the result or failure of each circuit if the service reports them.

        Raises:
            QoroTimeoutError: It was not there before the deadline.
        """
        return job_results.read_outcome(self._transport, job_id_of(execution_result), deadline=deadline)

    def get_state_arrays(self, execution_result: ExecutionResult) -> dict[str, StateArray | None]:
        """Fetch the results of a completed job of the type ``STATE``, as arrays.

        Returns:
            For each label, in the order of submission, an array. ``None`` for a circuit without a value of
            its own.

        Raises:
            QoroAPIError: With status code 400: the job is still running, or it failed for the given reason.
            WireError: The job computed something else.
        """
        return job_results.read_state_arrays(self._transport, job_id_of(execution_result))

    def set_execution_config(
        self, execution_result: ExecutionResult, config: ExecutionConfig
    ) -> dict[str, Any]:
        """Set or overwrite the execution configuration of a pending job.

        Returns:
            The JSON of the response, with ``status``, ``job_id`` and ``execution_configuration``.

        Raises:
            QoroInputError: ``config`` is not an :class:`ExecutionConfig`.
            QoroAPIError: With status code 400: an ``api_meta`` key is unknown, a value has the wrong type, or
                the configuration is too large.
            AuthenticationError: With status code 403: the bond dimension exceeds the account's limit.
            ConflictError: The job is no longer pending.
        """
        job_id = job_id_of(execution_result)
        check_type("config", config, ExecutionConfig)
        return job_requests.set_execution_config(self._transport, job_id, config)

    def fetch_config(self, job_id: str) -> AnyConfig:
        """Fetch the configuration of a job, of any kind.

        Raises:
            NotFoundError: The job has no configuration.
        """
        return job_requests.fetch_config(self._transport, job_id)

    def get_execution_config(self, execution_result: ExecutionResult) -> ExecutionConfig:
        """Fetch the execution configuration of a job.

        A value that cannot be read is left out and logged. An unknown simulator or method is kept. If the job
        was opened with a :class:`MaestroConfig`, the result has only the options that both classes have:
        :meth:`get_maestro_config` returns all of them.

        Raises:
            NotFoundError: The job has no configuration.
            WireError: The job has QPU options instead: use :meth:`get_device_config`.
        """
        return job_requests.fetch_execution_config(self._transport, job_id_of(execution_result))

    def get_maestro_config(self, execution_result: ExecutionResult) -> MaestroConfig:
        """Fetch the options of the engine of a job on a simulator.

        A value that cannot be read is left out and logged. An unknown simulator or method is kept.

        Raises:
            NotFoundError: The job has no configuration.
            WireError: The job has another configuration: use :meth:`get_execution_config` or
                :meth:`get_device_config`.
        """
        return job_requests.fetch_maestro_config(self._transport, job_id_of(execution_result))

    def get_device_config(self, execution_result: ExecutionResult) -> DeviceConfig:
        """Fetch the QPU options that a job was submitted with.

        Raises:
            NotFoundError: The job has no configuration.
            WireError: The job has an :class:`ExecutionConfig` instead: use :meth:`get_execution_config`.
        """
        return job_requests.fetch_device_config(self._transport, job_id_of(execution_result))

    # --- characterization -----------------------------------------------------------------------------

    def characterize_and_validate(
        self,
        qubo: Mapping[str, Any] | None = None,
        *,
        target_states: Sequence[str] | None = None,
        options: Mapping[str, Any] | None = None,
        job_id: str | None = None,
        tag: str = "divi-characterize",
    ) -> dict[str, Any]:
        """Characterize a QUBO on the service, or fetch an earlier result.

        With ``qubo``, this opens a job, submits the problem, waits for the analysis, which may take minutes,
        and fetches the result. It makes no difference whether the service analyses the problem at once or
        only queues it. The cost in credits grows with the size of the problem. With ``job_id``, it fetches a
        stored result, at no cost, and ignores the other arguments. If the analysis is running, it waits for
        the result.

        :func:`~qiskit_qoro.qubo.characterization.characterize` is more convenient: it takes matrices too, and
        returns a typed result.

        Args:
            qubo: The objective to minimise in wire format: comma keys (``{"0": -1.0, "0,1": 2.0}``, three or
                more indices for higher orders) or the envelope ``factored_v1``.
            target_states: Bitstrings to evaluate; the character at position i is variable i.
            options: Passed on to the service: ``preset``, ``analysis``, ``ansatz``, ``subspace``,
                ``constraints``, ``cost_qubo``, ``penalty_qubo``, ``n_qubits``.
            job_id: The job of an earlier characterization.
            tag: The tag of the new job.

        Returns:
            The JSON of the response, with ``job_id``, ``status``, ``hardness``, ``report``,
            ``recommendations``, ``created_at`` and ``completed_at``.

        Raises:
            QoroInputError: Both ``qubo`` and ``job_id`` are missing, or an argument is invalid.
            BudgetExceededError: A budget has no room for the characterization. Nothing was sent.
            InsufficientCreditsError: The account does not have enough credits.
            NotFoundError: The service does not know the characterization.
            ConflictError: The analysis of the job ``job_id`` has not started.
            QoroAPIError: The service refused the problem, or could not analyse it. A refused job is
                cancelled.
            JobFailedError: The service queued the problem, and could not analyse it.
            JobCancelledError: The job was cancelled during the analysis.
            MaxRetriesReachedError: The analysis had not ended after ``max_retries`` polls. It continues.
            QoroConnectionError: The service did not answer. If the problem may have arrived, the error names
                the job, whose result may appear later.
        """
        is_submitted = job_id is None
        if job_id is None:
            problem = qubo_submission.render_qubo(qubo, target_states, options)
        elif not isinstance(job_id, str) or not job_id:
            raise QoroInputError(f"job_id is {job_id!r}, expected text")
        with progress(self._progress, title="characterization", now=self._poller.clock.now) as line:
            # The service may answer only when the analysis is done.
            line(JobStatus.RUNNING.value)
            if job_id is None:
                job_id = self._submit_problem(problem, tag)
            return qubo_submission.fetch_awaited(
                self._transport,
                self._poller,
                self._fetch_status,
                job_id,
                holds=self.holds_polls,
                is_submitted=is_submitted,
            )

    def _submit_problem(self, problem: qubo_submission.RenderedProblem, tag: str) -> str:
        (reservation,) = self._spending.reserve([problem.cost], self._fetch_prices)
        with self._remembered(reservation) as submitted:
            job_id = qubo_submission.submit_qubo(self._transport, self._recorder, problem, tag, reservation)
            submitted(job_id)
        return job_id

    def fetch_characterization_report(self, job_id: str) -> str:
        """Fetch the report of a characterization as a fragment of HTML, at no cost.

        Args:
            job_id: The job of the characterization.

        Raises:
            NotFoundError: The service does not know the characterization.
        """
        return qubo_submission.fetch_characterization_report(self._transport, job_id)

    # --- account and systems --------------------------------------------------------------------------

    def test_connection(self) -> Response:
        """Check that the service can be reached and accepts the token, and return its response."""
        return self._transport.send(PING)

    def get_credit_balance(self) -> dict[str, Any]:
        """Fetch the credits of the account.

        Returns:
            The JSON of the response as the service sends it, with ``balance`` and ``total_used`` as decimal
            text, ``created_at`` and ``updated_at`` in ISO 8601 and UTC. The client does not check it.
        """
        return account.fetch_credit_balance(self._transport)

    def prices(self) -> Prices | None:
        """Return the prices that costs are computed with, or ``None`` if no price is known.

        These are the prices that were given to the client, or else those that the service announces with the
        balance, or else those of the environment variable ``QORO_PRICES``. The first call fetches the
        balance, and the client remembers the prices. The local service announces its prices. The cloud does
        not.

        Raises:
            QoroInputError: The environment variable is malformed.
        """
        return self._spending.prices(self._fetch_prices)

    def fetch_charges(self, job_ids: Collection[str]) -> dict[str, Decimal]:
        """Find what the service has charged for jobs, in up to 1,000 of the latest transactions.

        Args:
            job_ids: The jobs.

        Returns:
            The credits that each job has cost. A job without a transaction is left out. It was not charged,
            or the service does not name jobs in its transactions.
        """
        if not job_ids:
            return {}
        charges = account.fetch_charges(self._transport, job_ids)
        for job_id, amount in charges.items():
            self._spending.charged(job_id, amount)
        return charges

    def _fetch_prices(self) -> Prices | None:
        return account.fetch_prices(self._transport)

    def get_credit_transactions(self, page: int = 1, page_size: int = 20) -> dict[str, Any]:
        """Fetch a page of the account's transactions, newest first.

        Args:
            page: The number of the page, from 1.
            page_size: Transactions per page, 1 to 100.

        Returns:
            The JSON of the response as the service sends it, with ``count``, ``total_pages``, ``next``,
            ``previous`` and ``results``. Each result has ``id``, ``amount`` and ``balance_after`` as decimal
            text, ``transaction_type``, ``description``, ``job_id`` and ``created_at``. The client does not
            check it.

        Raises:
            QoroInputError: ``page`` or ``page_size`` is not an integer or is out of range.
            NotFoundError: The page does not exist.
        """
        return account.fetch_credit_transactions(self._transport, page, page_size)

    def fetch_qpu_systems(self) -> list[QPUSystem]:
        """Fetch the QPU systems of the service. One that cannot be read is left out and logged."""
        systems = targets.fetch_qpu_systems(self._transport)
        self._expval_support = {system.name: system.supports_expval for system in systems}
        return systems

    def fetch_simulator_clusters(self) -> list[SimulatorCluster]:
        """Fetch the simulator clusters of the service. One that cannot be read is left out and logged."""
        return targets.fetch_simulator_clusters(self._transport)

    def extensions(self) -> frozenset[str]:
        """Fetch the names of the extensions that the service offers beyond the API of the cloud.

        The local service announces its extensions in its OpenAPI document. The first call fetches this
        document, and the client remembers the answer. A service without the document, or with one that cannot
        be read, has no extensions. This is not an error, and the request is not repeated. A service that does
        not answer now, or is not available (429, 5xx), has none either, but the next call asks again.

        Returns:
            The names, for example ``"gradients"``.
        """
        # Several threads may fetch the document at the same time. That costs a request and changes nothing.
        if self._extensions is None:
            self._extensions = targets.fetch_extensions(self._transport)
        return self._extensions or frozenset()

    def fetch_vendor_config_blueprint(self) -> dict[str, VendorBlueprint]:
        """Fetch which options each QPU vendor accepts and which credentials it needs.

        Returns:
            Vendor to blueprint. The options under ``device`` are those of a :class:`DeviceConfig`.
        """
        return targets.fetch_vendor_blueprints(self._transport)


def _unmeasured_circuits(programs: Mapping[str, Program]) -> dict[str, str]:
    return {
        f"circuit {label!r}": problem
        for label, program in programs.items()
        if (problem := describe_unmeasured(program.text)) is not None
    }


def _unmeasured_templates(templates: Sequence[CheckedTemplate]) -> dict[str, str]:
    return {
        f"templates[{index}]": problem
        for index, template in enumerate(templates)
        if (problem := describe_unmeasured(template.text)) is not None
    }


def _build_submission(
    settings: JobSettings,
    circuits: Mapping[str, Program] | Sequence[CheckedTemplate],
    measurement: Measurement,
) -> Submission:
    request = job_request(settings, measurement)
    if isinstance(circuits, Mapping):
        return build_circuit_submission(request, circuits, measurement)
    return build_template_submission(request, circuits, measurement)
