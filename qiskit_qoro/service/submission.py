"""From the arguments of ``submit_circuits`` to uploads, and the sending of them.

:func:`build_submission` checks everything and renders every body, so that nothing is sent unless all of
it can be. :func:`send_submission` opens the job and sends the bodies, each once; when it cannot finish, the
incomplete job is cancelled and the error tells which job that was and how far it got.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qiskit import QuantumCircuit

from qiskit_qoro.errors import QoroError, QoroInputError, WireError
from qiskit_qoro.models.config import JobConfig
from qiskit_qoro.models.jobs import AnyConfig, CircuitBatch, JobRequest, JobType
from qiskit_qoro.models.shots import (
    CircuitRange,
    ShotGroup,
    parse_circuit_ham_map,
    parse_shot_groups,
    slice_shot_groups,
)
from qiskit_qoro.models.submissions import SubmissionFacts
from qiskit_qoro.qasm.read.qelib1_completion import read_program
from qiskit_qoro.qasm.write.writer import Program, write_program
from qiskit_qoro.service.recorder import UNRECORDED, SubmissionRecorder, facts_of, recorded
from qiskit_qoro.service.transport import Transport, read_answer
from qiskit_qoro.wire.chunks import ItemTooLargeError, pack, render
from qiskit_qoro.wire.endpoints import ADD_CIRCUITS, CANCEL_JOB, INIT_JOB
from qiskit_qoro.wire.observables import encode_observables, parse_ham_ops
from qiskit_qoro.wire.payloads import job_id_from_json, job_request_to_json
from qiskit_qoro.wire.text import encode_text
from qiskit_qoro.wire.uploads import circuit_batch_to_json

__all__ = [
    "Measurement",
    "Submission",
    "build_submission",
    "choose_job_type",
    "job_request",
    "open_job",
    "prepare_circuits",
    "prepare_measurement",
    "send_submission",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measurement:
    """What is asked of the circuits: exactly one of shots, shots by range, and observables."""

    shots: int | None = None
    shot_groups: tuple[ShotGroup, ...] | None = None
    observables: tuple[tuple[str, ...], ...] | None = None
    circuit_ham_map: tuple[CircuitRange, ...] | None = None

    def encoded_observables(self) -> str | None:
        """The observables as they travel."""
        return None if self.observables is None else encode_observables(self.observables)


@dataclass(frozen=True)
class Submission:
    """A job ready to be sent.

    Attributes:
        request: The body that opens it.
        uploads: The bodies that add its circuits, in order; the last one finalizes it.
        facts: What is remembered of it.
    """

    request: bytes
    uploads: tuple[bytes, ...]
    facts: SubmissionFacts

    @property
    def num_bytes(self) -> int:
        """The size of all bodies together, in bytes."""
        return len(self.request) + sum(map(len, self.uploads))


def choose_job_type(job_type: JobType | None, *, has_observables: bool) -> JobType:
    """The kind of job, from what the caller named and what the arguments ask for.

    Raises:
        QoroInputError: They contradict each other.
    """
    fitting = JobType.EXPECTATION if has_observables else JobType.EXECUTE
    if job_type is None:
        return fitting
    try:
        job_type = JobType(job_type)
    except ValueError as error:
        raise QoroInputError(f"job_type is {job_type!r}, expected EXECUTE or EXPECTATION") from error
    if job_type is JobType.VALIDATE:
        raise QoroInputError(
            "job_type is VALIDATE, expected EXECUTE or EXPECTATION: it is not about circuits"
        )
    if job_type is not fitting:
        without = "ham_ops" if has_observables else "no ham_ops"
        raise QoroInputError(
            f"job_type is {job_type.value} with {without}: ham_ops belong to EXPECTATION jobs, and every "
            "EXPECTATION job needs them"
        )
    return job_type


def job_request(
    config: JobConfig, job_type: JobType, execution_config: AnyConfig | None = None
) -> JobRequest:
    """What opens a job with these settings."""
    return JobRequest(
        tag=config.tag,
        job_type=job_type,
        simulator_cluster=config.simulator_cluster.name if config.simulator_cluster else None,
        qpu_system=config.qpu_system.name if config.qpu_system else None,
        use_packing=bool(config.use_circuit_packing),
        execution_config=execution_config,
    )


def prepare_circuits(circuits: Mapping[str, str | QuantumCircuit | Program]) -> dict[str, Program]:
    """Turn every circuit into the text that will travel.

    Args:
        circuits: Label to OpenQASM 2 text, circuit, or program written before.

    Returns:
        Label to program, in the same order.

    Raises:
        QoroInputError: There is no circuit, a label is not text, or a circuit cannot be run; the
            message names label, line and column.
    """
    if not isinstance(circuits, Mapping) or not circuits:
        raise QoroInputError("circuits: expected a mapping from labels to circuits with at least one entry")
    programs = {}
    for label, circuit in circuits.items():
        if not isinstance(label, str) or not label:
            raise QoroInputError(f"circuits: label {label!r} is not text; labels are non-empty strings")
        try:
            programs[label] = _program(circuit)
        except QoroInputError as error:
            raise QoroInputError(f"circuit {label!r}: {error}") from error
    return programs


def _program(circuit: object) -> Program:
    if isinstance(circuit, Program):
        return circuit
    if isinstance(circuit, QuantumCircuit):
        # The caller reads the outcomes as they are, bit 0 rightmost.
        return write_program(circuit, keep_clbit_order=True)
    if isinstance(circuit, str):
        text, parsed = read_program(circuit)
        return Program(
            text=text,
            num_qubits=parsed.num_qubits,
            num_clbits=parsed.num_clbits,
            qubits=tuple(range(parsed.num_qubits)),
        )
    raise QoroInputError(f"expected OpenQASM 2 text or a QuantumCircuit, got {type(circuit).__name__}")


def prepare_measurement(
    programs: Mapping[str, Program],
    *,
    shots: int,
    ham_ops: str | None,
    circuit_ham_map: Sequence[Sequence[int]] | None,
    shot_groups: Sequence[Sequence[int]] | None,
) -> Measurement:
    """Check what is asked of the circuits.

    Args:
        programs: The circuits, in order.
        shots: Shots for each circuit where nothing else is said.
        ham_ops: Dense Pauli words, ``;`` between words and ``|`` between groups.
        circuit_ham_map: The circuits of each group, as ``[start, end)``.
        shot_groups: Shots by range, as ``[start, end, shots]``.

    Raises:
        QoroInputError: The arguments are malformed or contradict each other, or a word is longer than
            a circuit that it is measured on.
    """
    if ham_ops is None:
        if circuit_ham_map is not None:
            raise QoroInputError("circuit_ham_map assigns groups of ham_ops to circuits: it needs ham_ops")
        if shot_groups is None:
            return Measurement(shots=shots)
        return Measurement(shot_groups=parse_shot_groups(shot_groups, len(programs)))
    if shot_groups is not None:
        raise QoroInputError("shot_groups and ham_ops exclude each other: expectation values take no shots")
    observables = parse_ham_ops(ham_ops)
    ranges = None
    if circuit_ham_map is not None:
        ranges = parse_circuit_ham_map(
            circuit_ham_map, num_groups=len(observables), num_circuits=len(programs)
        )
    elif len(observables) > 1:
        raise QoroInputError(
            f"ham_ops has {len(observables)} groups: pass circuit_ham_map with one [start, end] for each"
        )
    _check_word_lengths(programs, observables, ranges)
    return Measurement(observables=observables, circuit_ham_map=ranges)


def _check_word_lengths(
    programs: Mapping[str, Program],
    observables: Sequence[Sequence[str]],
    ranges: Sequence[CircuitRange] | None,
) -> None:
    labels = list(programs)
    assigned = {label for item in ranges or () for label in labels[item.start : item.end]}
    # A circuit that no range names is measured for every group.
    everywhere = [label for label in labels if label not in assigned] if ranges else []
    for index, words in enumerate(observables):
        own = labels[ranges[index].start : ranges[index].end] if ranges else labels
        for label in (*own, *everywhere):
            if len(words[0]) > programs[label].num_qubits:
                raise QoroInputError(
                    f"ham_ops: word {words[0]!r} has {len(words[0])} letters, circuit {label!r} has "
                    f"{programs[label].num_qubits} qubits: one letter for each qubit"
                )


def build_submission(
    request: JobRequest, programs: Mapping[str, Program], measurement: Measurement
) -> Submission:
    """Render all bodies of a job, each below the service's limit.

    Raises:
        QoroInputError: A circuit is too large to travel in one body.
    """
    return Submission(
        request=render(job_request_to_json(request)),
        uploads=tuple(_uploads(programs, measurement)),
        facts=facts_of(request, list(programs)),
    )


def _uploads(programs: Mapping[str, Program], measurement: Measurement) -> Iterator[bytes]:
    labels = list(programs)
    blobs = {label: encode_text(program.text) for label, program in programs.items()}
    observables = measurement.encoded_observables()
    empty = _batch(programs, [], measurement, shot_groups=(), finalized=False)
    # A group costs what the longest triple and a comma cost. The first circuit of a body always begins one;
    # counted from there, no bound of a triple has more digits than it had before.
    longest = max((len(render(group)) + 1 for group in measurement.shot_groups or ()), default=0)
    begins = {group.start for group in measurement.shot_groups or ()}
    sizes = [
        len(render(label)) + len(':"",') + len(blobs[label]) + (longest if index in begins else 0)
        for index, label in enumerate(labels)
    ]
    try:
        chunks = pack(
            sizes, overhead=len(render(circuit_batch_to_json(empty, observables=observables))) + longest
        )
    except ItemTooLargeError as error:
        raise QoroInputError(
            f"circuit {labels[error.index]!r} is too large to be sent: {error.size} bytes compressed, and "
            f"beside what is measured a request has room for {max(0, error.available)}. Split it, or ham_ops"
        ) from error
    for chunk in chunks:
        groups = measurement.shot_groups and slice_shot_groups(
            measurement.shot_groups, chunk.start, chunk.stop
        )
        batch = _batch(
            programs,
            labels[chunk.start : chunk.stop],
            measurement,
            shot_groups=groups,
            finalized=chunk.stop == len(labels),
        )
        yield render(circuit_batch_to_json(batch, blobs=blobs, observables=observables))


def _batch(
    programs: Mapping[str, Program],
    labels: Sequence[str],
    measurement: Measurement,
    *,
    shot_groups: tuple[ShotGroup, ...] | None,
    finalized: bool,
) -> CircuitBatch:
    return CircuitBatch(
        circuits={label: programs[label].text for label in labels},
        finalized=finalized,
        shots=measurement.shots,
        shot_groups=shot_groups if measurement.shot_groups is not None else None,
        observables=measurement.observables,
        circuit_ham_map=measurement.circuit_ham_map,
    )


def open_job(transport: Transport, request: bytes) -> str:
    """Open a job.

    Args:
        transport: What sends.
        request: The body that opens it.

    Returns:
        The job's identifier.

    Raises:
        WireError: The answer names no job; one may have been opened all the same.
        QoroError: The service refused it or did not answer.
    """
    answer = transport.send(INIT_JOB, body=request)
    try:
        return read_answer(answer, job_id_from_json)
    except WireError as error:
        error.extend(
            f"So the service answered {INIT_JOB.method} {INIT_JOB.path} with {answer.status_code}: it may "
            "have opened a job, whose identifier is not known"
        )
        raise


def send_submission(
    transport: Transport, submission: Submission, recorder: SubmissionRecorder = UNRECORDED
) -> str:
    """Open a job and send its circuits.

    Args:
        transport: What sends.
        submission: The job.
        recorder: What hears of the submission.

    Returns:
        The job's identifier.

    Raises:
        QoroError: The service refused something or did not answer. The job, where one was opened, has
            been cancelled as far as possible; the error carries its identifier and says what is known.
        KeyboardInterrupt: Ctrl-C was pressed; the job has been cancelled as far as possible.
    """
    with recorded(recorder, submission.facts) as opened:
        job_id = open_job(transport, submission.request)
        opened(job_id)
        _send_uploads(transport, job_id, submission.uploads)
    return job_id


def _send_uploads(transport: Transport, job_id: str, uploads: Sequence[bytes]) -> None:
    sent = 0
    try:
        for upload in uploads:
            transport.send(ADD_CIRCUITS, job_id=job_id, body=upload)
            sent += 1
    except BaseException as error:
        fate = _cancel_incomplete(transport, job_id)
        note = f"Job {job_id} was opened, the service confirmed {sent} of its {len(uploads)} uploads; {fate}"
        if isinstance(error, QoroError):
            error.job_id = job_id
            error.extend(note)
        else:
            error.add_note(note)
        raise
    _log.info("submitted job %s in %d uploads", job_id, sent)


def _cancel_incomplete(transport: Transport, job_id: str) -> str:
    """Cancel a job that was not sent completely; say what became of it."""
    try:
        transport.send(CANCEL_JOB, job_id=job_id)
    except QoroError as error:
        _log.warning("job %s could not be cancelled: %s", job_id, error)
        return "it could not be cancelled and may still run: look at its status"
    return "it has been cancelled"
