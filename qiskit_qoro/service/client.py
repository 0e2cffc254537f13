"""The client of the Qoro service: one method for each question that can be asked of it.

:class:`QoroService` is put together from what it is set to (:mod:`~qiskit_qoro.service.session`), what it can
do with a job (:mod:`~qiskit_qoro.service.job_calls`), the characterization of QUBOs
(:mod:`~qiskit_qoro.service.characterization`), what it can ask about the account
(:mod:`~qiskit_qoro.service.account`) and about what runs jobs (:mod:`~qiskit_qoro.service.targets`), and,
here, the submission of circuits.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from qiskit import QuantumCircuit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import DEFAULT_SHOTS, ExecutionConfig, JobConfig
from qiskit_qoro.models.jobs import AnyConfig, ExecutionResult, JobType
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.templates import TemplateEntry
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.qasm.read.qelib1_completion import read_program
from qiskit_qoro.qasm.write.writer import Program
from qiskit_qoro.service.account import AccountCalls
from qiskit_qoro.service.characterization import CharacterizationCalls
from qiskit_qoro.service.job_calls import JobCalls
from qiskit_qoro.service.session import check_type
from qiskit_qoro.service.submission import (
    Submission,
    build_submission,
    choose_job_type,
    job_request,
    prepare_circuits,
    prepare_measurement,
    send_submission,
)
from qiskit_qoro.service.targets import TargetCalls
from qiskit_qoro.service.template_submission import (
    TemplateShape,
    build_template_submission,
    check_templates,
    prepare_template_measurement,
)
from qiskit_qoro.service.transport import Response
from qiskit_qoro.wire.endpoints import PING

__all__ = ["QoroService"]


class QoroService(JobCalls, CharacterizationCalls, AccountCalls, TargetCalls):
    """A client of the Qoro service, in the cloud or on this machine.

    The constructor sends nothing. One client may be used from many threads; copies and pickles of it work on
    their own connections.

    Args:
        auth_token: The token; without it ``QORO_API_KEY`` in a ``.env`` file, else in the environment.
        job_config: Settings for the jobs of this client. Without a target in it, jobs go to the
            ``qoro_maestro`` simulator cluster, and a warning says so.
        execution_config: How the jobs of this client are to run: an :class:`ExecutionConfig`; or, in the
            words of the engine, a :class:`MaestroConfig`; or, of a QPU vendor, a :class:`DeviceConfig`.
        polling_interval: The longest time between two looks at a job, in seconds.
        max_retries: How often a job is looked at before the wait for it is given up.
        track_depth: Whether to record the depth of each submitted circuit.
        base_url: Where the service is; without it ``QORO_API_URL``, else the Qoro cloud.
        clock: What the client waits with.
        recorder: What hears of the submissions; by default nobody does.

    Raises:
        QoroInputError: There is no token, or an argument has the wrong type or is out of its range.
    """

    def test_connection(self) -> Response:
        """Test the connection to the service.

        Returns:
            The service's answer.

        Raises:
            AuthenticationError: The token is unknown or deactivated.
            QoroAPIError: The service answered with another error.
            QoroConnectionError: There was no answer.
        """
        return self._transport.send(PING)

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
            override_execution_config: Its fields win over the client's :attr:`execution_config`. One of
                another kind is sent in its place: a :class:`MaestroConfig`, which may hold a seed, or a
                :class:`DeviceConfig`.
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
        submission = self.prepare_circuits(
            circuits,
            ham_ops=ham_ops,
            circuit_ham_map=circuit_ham_map,
            shot_groups=shot_groups,
            job_type=job_type,
            override_execution_config=override_execution_config,
            override_job_config=override_job_config,
        )
        submitted = self.submit(submission)
        if self.track_depth:
            self._depth_history.append([_depth(circuit) for circuit in circuits.values()])
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
        cancellation_event: threading.Event | None = None,  # noqa: ARG002 - the page's interface
        **kwargs: Any,  # noqa: ARG002 - the page's interface
    ) -> ExecutionResult:
        """Submit templates with the values of their parameters as one job.

        The service puts the values in place of the names, as shortest decimal text, and runs one circuit
        for each parameter set. A template travels once for as many of its parameter sets as fit into one
        upload. As for :meth:`submit_circuits`, everything is checked before anything is sent.

        Args:
            templates: The templates, each with the parameter sets that it is to be run with. No two
                parameter sets may have the same label; the labels come back with the results.
            ham_ops: Pauli words to measure on every circuit, ``;`` between words. The leftmost letter acts
                on qubit 0. A single group: ``|`` is refused.
            circuit_ham_map: Must be ``None``.
            shot_groups: Must be ``None``.
            job_type: ``EXECUTE`` or ``EXPECTATION``; follows from ``ham_ops`` where not given.
            override_execution_config: As for :meth:`submit_circuits`.
            override_job_config: Its fields win over the client's :attr:`job_config`.
            cancellation_event: Accepted for the interface; give it to :meth:`poll_job_status`.
            **kwargs: Ignored.

        Returns:
            A value that carries the job's identifier. With ``track_depth`` the depth of a template is
            recorded once for each of its parameter sets, as if they had been circuits of their own.

        Raises:
            QoroInputError: An argument cannot be used; nothing was sent. For a template the message names
                its place in ``templates``, the line and the column.
            QoroAPIError: The service refused the job or an upload.
            QoroConnectionError: The service did not answer.
        """
        shapes = check_templates(templates)
        submission = self._prepare_templates(
            templates,
            shapes,
            ham_ops=ham_ops,
            circuit_ham_map=circuit_ham_map,
            shot_groups=shot_groups,
            job_type=job_type,
            override_execution_config=override_execution_config,
            override_job_config=override_job_config,
        )
        submitted = self.submit(submission)
        if self.track_depth:
            pairs = zip(templates, shapes, strict=True)
            depths = [shape.depth for template, shape in pairs for _ in template.parameter_sets]
            self._depth_history.append(depths)
        return submitted

    # --- submitting in two steps ----------------------------------------------------------------------

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
        """Check and render all that :meth:`submit_circuits` would send, and send nothing.

        Args:
            circuits: As for :meth:`submit_circuits`, like all others.
            ham_ops: As there.
            circuit_ham_map: As there.
            shot_groups: As there.
            job_type: As there.
            override_execution_config: As there.
            override_job_config: As there.

        Returns:
            What :meth:`submit` takes; its ``num_bytes`` tell what it would send.

        Raises:
            QoroInputError: An argument cannot be used.
        """
        job_config, execution_config = self._overridden(override_job_config, override_execution_config)
        if shot_groups is not None and override_job_config is not None and override_job_config.shots:
            raise QoroInputError("shot_groups and override_job_config.shots exclude each other")
        kind = choose_job_type(job_type, has_observables=ham_ops is not None)
        programs = prepare_circuits(circuits)
        measurement = prepare_measurement(
            programs,
            shots=job_config.shots or DEFAULT_SHOTS,
            ham_ops=ham_ops,
            circuit_ham_map=circuit_ham_map,
            shot_groups=shot_groups,
        )
        return build_submission(job_request(job_config, kind, execution_config), programs, measurement)

    def prepare_circuit_templates(
        self,
        templates: Sequence[TemplateEntry],
        *,
        ham_ops: str | None = None,
        job_type: JobType | None = None,
        override_execution_config: AnyConfig | None = None,
        override_job_config: JobConfig | None = None,
    ) -> Submission:
        """Check and render all that :meth:`submit_circuit_templates` would send, and send nothing.

        Args:
            templates: As for :meth:`submit_circuit_templates`, like all others.
            ham_ops: As there.
            job_type: As there.
            override_execution_config: As there.
            override_job_config: As there.

        Returns:
            What :meth:`submit` takes; its ``num_bytes`` tell what it would send.

        Raises:
            QoroInputError: An argument cannot be used.
        """
        return self._prepare_templates(
            templates,
            check_templates(templates),
            ham_ops=ham_ops,
            circuit_ham_map=None,
            shot_groups=None,
            job_type=job_type,
            override_execution_config=override_execution_config,
            override_job_config=override_job_config,
        )

    def submit(self, submission: Submission) -> ExecutionResult:
        """Submit as one job what was prepared before.

        Args:
            submission: From :meth:`prepare_circuits` or :meth:`prepare_circuit_templates`. Submitting it
                twice opens two jobs.

        Returns:
            A value that carries the job's identifier.

        Raises:
            QoroAPIError: The service refused the job or an upload.
            QoroConnectionError: The service did not answer.
        """
        return ExecutionResult(job_id=send_submission(self._transport, submission, self._recorder))

    def _prepare_templates(
        self,
        templates: Sequence[TemplateEntry],
        shapes: Sequence[TemplateShape],
        *,
        ham_ops: str | None,
        circuit_ham_map: object,
        shot_groups: object,
        job_type: JobType | None,
        override_execution_config: AnyConfig | None,
        override_job_config: JobConfig | None,
    ) -> Submission:
        job_config, execution_config = self._overridden(override_job_config, override_execution_config)
        kind = choose_job_type(job_type, has_observables=ham_ops is not None)
        measurement = prepare_template_measurement(
            shapes,
            shots=job_config.shots or DEFAULT_SHOTS,
            ham_ops=ham_ops,
            circuit_ham_map=circuit_ham_map,
            shot_groups=shot_groups,
        )
        return build_template_submission(
            job_request(job_config, kind, execution_config), templates, measurement
        )

    def _overridden(
        self, job_config: JobConfig | None, execution_config: AnyConfig | None
    ) -> tuple[JobConfig, AnyConfig | None]:
        """The client's settings with those of a submission over them."""
        if execution_config is not None:
            kinds = (ExecutionConfig, MaestroConfig, DeviceConfig)
            check_type("override_execution_config", execution_config, *kinds)
        if job_config is None:
            return self._job_config, self._merged(execution_config)
        check_type("override_job_config", job_config, JobConfig)
        return self._job_config.override(job_config), self._merged(execution_config)

    def _merged(self, override: AnyConfig | None) -> AnyConfig | None:
        default = self._execution_config
        if isinstance(default, ExecutionConfig) and isinstance(override, ExecutionConfig):
            return default.override(override)
        return default if override is None else override


def _depth(circuit: str | QuantumCircuit | Program) -> int:
    if isinstance(circuit, QuantumCircuit):
        return int(circuit.depth())
    _, parsed = read_program(circuit.text if isinstance(circuit, Program) else circuit)
    return int(parsed.depth())
