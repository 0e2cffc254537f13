"""Submit a job: open it, send its uploads, and cancel it if that fails midway.

A :class:`Submission` holds every request body of a job, rendered and checked, so that nothing is sent unless
all of it can be sent. :mod:`~qiskit_qoro.service.circuit_submission` and
:mod:`~qiskit_qoro.service.template_submission` build it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qiskit_qoro.errors import QoroError, QoroInputError, WireError
from qiskit_qoro.models.costs import Cost
from qiskit_qoro.models.jobs import JobRequest, JobType
from qiskit_qoro.models.shots import CircuitRange, ShotGroup, group_shots
from qiskit_qoro.models.states import StateRequest
from qiskit_qoro.models.submissions import SubmissionFacts
from qiskit_qoro.printable import printable_line
from qiskit_qoro.service.budgets.spending import Reservation
from qiskit_qoro.service.recorder import UNRECORDED, SubmissionRecorder, recorded
from qiskit_qoro.service.recovery import cancel_unfinished, find_started, may_have_arrived
from qiskit_qoro.service.settings import JobSettings
from qiskit_qoro.service.transport import Transport, read_answer
from qiskit_qoro.wire.chunks import MAX_BODY_BYTES, render
from qiskit_qoro.wire.endpoints import ADD_CIRCUITS, INIT_JOB
from qiskit_qoro.wire.observables import encode_observables
from qiskit_qoro.wire.payloads import job_id_from_json, job_request_to_json

__all__ = [
    "Measurement",
    "Submission",
    "check_job_type",
    "job_request",
    "open_job",
    "render_job_request",
    "send_submission",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measurement:
    """What is measured on the circuits of a job.

    Exactly one of ``shots``, ``shot_groups``, ``observables`` and ``state`` is set. The other attributes may
    be set together with ``observables``.

    Attributes:
        shots: The shots of every circuit.
        shot_groups: The shots of ranges of circuits, which cover all circuits in order.
        observables: Groups of Pauli strings, the leftmost letter on qubit 0. The strings of a group have the
            same length.
        circuit_ham_map: For each group of observables the range of circuits that it is measured on. ``None``
            measures every group on every circuit.
        state: What is computed about the states of the circuits.
        weights: The weight of each Pauli string in its group, for a gradient job, where each group is one
            observable. ``None`` for all other jobs.
    """

    shots: int | None = None
    shot_groups: tuple[ShotGroup, ...] | None = None
    observables: tuple[tuple[str, ...], ...] | None = None
    circuit_ham_map: tuple[CircuitRange, ...] | None = None
    state: StateRequest | None = None
    weights: tuple[tuple[float, ...], ...] | None = None

    @classmethod
    def of_shots(cls, shots: Sequence[int]) -> Measurement:
        """Return the measurement that samples each circuit with its number of shots.

        Args:
            shots: The shots of each circuit, in order. There is at least one circuit.
        """
        if len(set(shots)) == 1:
            return cls(shots=shots[0])
        return cls(shot_groups=group_shots(shots))

    @property
    def job_type(self) -> JobType:
        """The type of job that measures this."""
        if self.state is not None:
            return JobType.STATE
        if self.weights is not None:
            return JobType.GRADIENT
        return JobType.EXECUTE if self.observables is None else JobType.EXPECTATION

    def num_shots(self, num_circuits: int) -> int:
        """The shots of all circuits together, 0 if no shots are taken."""
        if self.shot_groups is not None:
            return sum((group.end - group.start) * group.shots for group in self.shot_groups)
        return (self.shots or 0) * num_circuits

    def encoded_observables(self) -> str | None:
        """The observables in wire format, or ``None`` if there are none."""
        return None if self.observables is None else encode_observables(self.observables)


@dataclass(frozen=True)
class Submission:
    """A job that is ready to be sent.

    Attributes:
        request: The body of the request that opens the job.
        uploads: The bodies of the requests that add its circuits, in order. The last one finalizes the job.
        facts: What is recorded about the submission.
    """

    request: bytes
    uploads: tuple[bytes, ...]
    facts: SubmissionFacts

    @property
    def num_bytes(self) -> int:
        """The total size of all bodies, in bytes."""
        return len(self.request) + sum(map(len, self.uploads))

    @property
    def cost(self) -> Cost:
        """What the job costs, without credits, because only the client knows the prices."""
        facts = self.facts
        shots = sum(map(_shots_in, self.uploads)) if facts.num_shots is None else facts.num_shots
        return Cost(circuits=facts.num_circuits, shots=shots)


def _shots_in(upload: bytes) -> int:
    """Count the shots of an upload that this package has rendered before."""
    body = json.loads(upload)
    groups = body.get("shot_groups")
    if groups:
        return sum((end - start) * shots for start, end, shots in groups)
    circuits = body.get("circuits") or body.get("parameter_sets") or ()
    return int(body.get("shots") or 0) * len(circuits)


def check_job_type(job_type: JobType | None, *, has_observables: bool) -> None:
    """Check that the job type that the caller passed agrees with the observables.

    Args:
        job_type: The type, or ``None`` to let the observables decide.
        has_observables: Whether the submission has observables.

    Raises:
        QoroInputError: The type is unknown, or contradicts the observables.
    """
    if job_type is None:
        return
    try:
        job_type = JobType(job_type)
    except ValueError as error:
        raise QoroInputError(f"job_type is {job_type!r}, expected EXECUTE or EXPECTATION") from error
    if job_type not in (JobType.EXECUTE, JobType.EXPECTATION):
        raise QoroInputError(f"job_type is {job_type}, expected EXECUTE or EXPECTATION to submit circuits")
    if job_type is not (JobType.EXPECTATION if has_observables else JobType.EXECUTE):
        given = "ham_ops" if has_observables else "no ham_ops"
        raise QoroInputError(
            f"job_type is {job_type.value} with {given}: EXPECTATION jobs need ham_ops, and EXECUTE jobs "
            "take none"
        )


def job_request(settings: JobSettings, measurement: Measurement) -> JobRequest:
    """The request that opens a job with these settings."""
    config = settings.job_config
    return JobRequest(
        tag=config.tag,
        job_type=measurement.job_type,
        state=measurement.state,
        simulator_cluster=config.simulator_cluster.name if config.simulator_cluster else None,
        qpu_system=config.qpu_system.name if config.qpu_system else None,
        use_packing=bool(config.use_circuit_packing),
        execution_config=settings.execution_config,
    )


def render_job_request(request: JobRequest) -> bytes:
    """Render the body that opens a job.

    Raises:
        QoroInputError: It is larger than the service accepts.
    """
    body = render(job_request_to_json(request))
    if len(body) > MAX_BODY_BYTES:
        raise QoroInputError(
            f"the configuration of the job has {len(body)} bytes as JSON, expected at most {MAX_BODY_BYTES}: "
            "leave out qubits of the noise model that the circuits do not use, with NoiseModel.restricted_to"
        )
    return body


def open_job(transport: Transport, request: bytes, reservation: Reservation) -> str:
    """Open a job.

    Args:
        transport: Sends the request.
        request: The body.
        reservation: The cost of the job. It is released if the job is not known to be open: without an
            identifier it gets no circuits, so it never runs.

    Returns:
        The job's identifier.

    Raises:
        WireError: The answer contains no identifier. The service may have opened a job nevertheless.
        QoroError: The service refused the request or did not answer.
    """
    try:
        return read_answer(transport.send(INIT_JOB, body=request), job_id_from_json)
    except BaseException as error:  # Ctrl-C too
        reservation.release()
        if isinstance(error, WireError):
            error.extend("The service may have opened a job whose identifier is unknown")
        raise


def send_submission(
    transport: Transport,
    submission: Submission,
    reservation: Reservation,
    recorder: SubmissionRecorder = UNRECORDED,
) -> str:
    """Open a job and send its uploads, each of them once.

    Args:
        transport: Sends the requests.
        submission: The job.
        reservation: Its cost, reserved in the budgets that apply. It is released if the service has certainly
            not received the whole job.
        recorder: Is notified of the submission.

    Returns:
        The job's identifier.

    Raises:
        QoroError: A request was refused or not answered. If the job was opened, it has been cancelled if
            possible, and the error names it and says how far the submission got. A lost answer to the last
            upload is no error if the status of the job shows that the upload has arrived.
        KeyboardInterrupt: Ctrl-C was pressed. The job has been cancelled if possible.
    """
    facts = replace(submission.facts, bodies=(submission.request, *submission.uploads))
    with recorded(recorder, facts) as opened, reservation.used():
        job_id = open_job(transport, submission.request, reservation)
        # Recorded before the first upload: if the process is killed now, the journal still has the job.
        opened(job_id)
        _send_uploads(transport, job_id, submission.uploads, reservation)
    return job_id


def _send_uploads(
    transport: Transport, job_id: str, uploads: Sequence[bytes], reservation: Reservation
) -> None:
    num_confirmed = 0
    try:
        for upload in uploads:
            # An upload appends circuits. After a lost answer it must not be repeated: the circuits might be
            # appended twice.
            transport.send(ADD_CIRCUITS, job_id=job_id, body=upload)
            num_confirmed += 1
    except BaseException as error:  # Ctrl-C too: without its last upload the job would stay open
        # The last upload finalizes the job. If it has arrived, the job runs and has to be paid for.
        if num_confirmed < len(uploads) - 1:
            reservation.release()  # without its last upload the job never runs
        may_be_complete = num_confirmed == len(uploads) - 1 and may_have_arrived(error)
        is_complete = may_be_complete and find_started(transport, job_id) is not None
        outcome = ""
        if not is_complete:
            is_complete, outcome = cancel_unfinished(transport, job_id, may_be_complete=may_be_complete)
        if is_complete:
            job = printable_line(job_id)
            _log.warning("%s. The service has received all uploads of job %s nevertheless", error, job)
            return
        # An error of ours names the job in the path of the request.
        name = "The job" if isinstance(error, QoroError) else f"Job {job_id}"
        confirmed = f"the service confirmed {num_confirmed} of its {len(uploads)} uploads"
        note = f"{name} was opened, and {confirmed}; it {outcome}"
        if isinstance(error, QoroError):
            error.job_id = job_id
            error.extend(note)
        else:
            error.add_note(printable_line(note))
        raise
    _log.info("submitted job %s in %d uploads", printable_line(job_id), num_confirmed)
