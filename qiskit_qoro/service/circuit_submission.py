"""Build the submission of bound circuits from the arguments of ``submit_circuits``.

Circuits become programs, the options become a :class:`~qiskit_qoro.service.submission.Measurement`, and both
are divided into upload bodies, each below the service's size limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from qiskit import QuantumCircuit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import text_of
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest
from qiskit_qoro.models.shots import (
    CircuitRange,
    ShotGroup,
    parse_circuit_ham_map,
    parse_shot_groups,
    slice_shot_groups,
)
from qiskit_qoro.qasm.user_programs import TextReader, parse_user_program
from qiskit_qoro.qasm.write.writer import Program, write_program
from qiskit_qoro.service.recorder import facts_of
from qiskit_qoro.service.settings import SubmissionOptions
from qiskit_qoro.service.submission import Measurement, Submission, check_job_type, render_job_request
from qiskit_qoro.wire.chunks import ItemTooLargeError, pack, render
from qiskit_qoro.wire.observables import parse_ham_ops
from qiskit_qoro.wire.text import encode_text
from qiskit_qoro.wire.uploads import circuit_batch_to_json

__all__ = ["build_circuit_submission", "depth_of", "measure_circuits", "render_uploads", "write_circuits"]


# --- circuits -----------------------------------------------------------------------------------------


def write_circuits(circuits: Mapping[str, str | QuantumCircuit | Program]) -> dict[str, Program]:
    """Convert every circuit to the program that will be sent.

    Args:
        circuits: Label to OpenQASM 2 text, circuit, or program. Text is parsed, to find errors before
            anything is sent. A program comes from our own writer and is trusted.

    Returns:
        Label to program, in the same order.

    Raises:
        QoroInputError: There is no circuit, a label is not text, or a circuit cannot be run. For a circuit
            the message gives label, line and column.
    """
    if not isinstance(circuits, Mapping) or not circuits:
        raise QoroInputError("circuits: expected a mapping from labels to circuits with at least one entry")
    programs, reader = {}, TextReader()
    for label, circuit in circuits.items():
        text = text_of(label)
        if not text:
            raise QoroInputError(
                f"circuits: label {label!r} is not text that UTF-8 can encode; labels are non-empty strings"
            )
        try:
            programs[text] = _write(circuit, reader)
        except QoroInputError as error:
            raise QoroInputError(f"circuit {text!r}: {error}") from error
    return programs


def _write(circuit: object, reader: TextReader) -> Program:
    if isinstance(circuit, Program):
        return circuit
    if isinstance(circuit, QuantumCircuit):
        # The caller reads the counts as the service returns them, so classical bit 0 must stay rightmost.
        return write_program(circuit, keep_clbit_order=True)
    if isinstance(circuit, str):
        return reader.program_of_text(circuit)
    raise QoroInputError(f"expected OpenQASM 2 text or a QuantumCircuit, got {type(circuit).__name__}")


def depth_of(circuit: str | QuantumCircuit | Program) -> int:
    """The depth of a circuit."""
    if isinstance(circuit, QuantumCircuit):
        return int(circuit.depth())
    _, parsed = parse_user_program(circuit.text if isinstance(circuit, Program) else circuit)
    return int(parsed.depth())


# --- measurement --------------------------------------------------------------------------------------


def measure_circuits(programs: Mapping[str, Program], options: SubmissionOptions, shots: int) -> Measurement:
    """Check the options, and return what is measured on the circuits.

    Args:
        programs: The circuits, in order.
        options: The options of the submission.
        shots: The shots of every circuit, if the options do not set shot groups.

    Raises:
        QoroInputError: The options are malformed or contradict each other, or a Pauli string is longer than
            a circuit that it is measured on.
    """
    check_job_type(options.job_type, has_observables=options.ham_ops is not None)
    if options.shot_groups is not None and options.override_job_config and options.override_job_config.shots:
        raise QoroInputError("shot_groups and override_job_config.shots exclude each other: pass one of them")
    if options.ham_ops is not None:
        return _measure_observables(programs, options.ham_ops, options)
    if options.circuit_ham_map is not None:
        raise QoroInputError("circuit_ham_map assigns groups of ham_ops to circuits: pass ham_ops too")
    if options.shot_groups is not None:
        return Measurement(shot_groups=parse_shot_groups(options.shot_groups, len(programs)))
    return Measurement(shots=shots)


def _measure_observables(
    programs: Mapping[str, Program], ham_ops: str, options: SubmissionOptions
) -> Measurement:
    if options.shot_groups is not None:
        raise QoroInputError("shot_groups and ham_ops exclude each other: expectation values take no shots")
    observables = parse_ham_ops(ham_ops)
    ranges = None
    if options.circuit_ham_map is not None:
        ranges = parse_circuit_ham_map(
            options.circuit_ham_map, num_groups=len(observables), num_circuits=len(programs)
        )
    elif len(observables) > 1:
        raise QoroInputError(
            f"ham_ops has {len(observables)} groups: pass circuit_ham_map with one [start, end] for each"
        )
    _check_string_lengths(programs, observables, ranges)
    return Measurement(observables=observables, circuit_ham_map=ranges)


def _check_string_lengths(
    programs: Mapping[str, Program],
    observables: Sequence[Sequence[str]],
    ranges: Sequence[CircuitRange] | None,
) -> None:
    """Check that no Pauli string is longer than a circuit that it is measured on."""
    labels = list(programs)
    in_a_range = {label for item in ranges or () for label in labels[item.start : item.end]}
    # A circuit in no range is measured for every group.
    in_no_range = [label for label in labels if label not in in_a_range] if ranges else []
    for index, strings in enumerate(observables):
        of_group = labels[ranges[index].start : ranges[index].end] if ranges else labels
        for label in (*of_group, *in_no_range):
            # All strings of a group have the same length, so only the first one is checked.
            if len(strings[0]) > programs[label].num_qubits:
                raise QoroInputError(
                    f"ham_ops: Pauli string {strings[0]!r} has {len(strings[0])} letters, but circuit "
                    f"{label!r} has {programs[label].num_qubits} qubits: use one letter per qubit"
                )


# --- uploads ------------------------------------------------------------------------------------------


def build_circuit_submission(
    request: JobRequest, programs: Mapping[str, Program], measurement: Measurement
) -> Submission:
    """Render all bodies of a job, each below the service's size limit.

    Args:
        request: Opens the job.
        programs: Label to program, in order.
        measurement: What is measured; it must fit the programs.

    Raises:
        QoroInputError: A circuit is too large for one body.
    """
    return Submission(
        request=render_job_request(request),
        uploads=render_uploads({label: program.text for label, program in programs.items()}, measurement),
        facts=facts_of(request, list(programs), num_shots=measurement.num_shots(len(programs))),
    )


def render_uploads(texts: Mapping[str, str], measurement: Measurement) -> tuple[bytes, ...]:
    """Render the bodies that add circuits to a job, each below the service's size limit.

    Args:
        texts: Label to OpenQASM 2 text, in order. The service can run each text as it is.
        measurement: What is measured; it must fit the circuits.

    Raises:
        QoroInputError: A circuit is too large for one body.
    """
    return tuple(_uploads(texts, measurement))


def _uploads(texts: Mapping[str, str], measurement: Measurement) -> Iterator[bytes]:
    labels = list(texts)
    blobs = {label: encode_text(text) for label, text in texts.items()}
    observables = measurement.encoded_observables()
    empty = _batch(texts, [], measurement, shot_groups=(), finalized=False)
    # Each upload counts shot groups from its own first circuit, so the size of the groups in an upload is
    # known only after packing. This is an upper bound: every group costs as much as the longest one plus a
    # comma. The first circuit of an upload always begins a group (counted as overhead), and indices that are
    # counted from there have no more digits than before.
    longest_group = max((len(render(group)) + 1 for group in measurement.shot_groups or ()), default=0)
    group_starts = {group.start for group in measurement.shot_groups or ()}
    sizes = [
        len(render(label)) + len(':"",') + len(blobs[label]) + (longest_group if index in group_starts else 0)
        for index, label in enumerate(labels)
    ]
    overhead = len(render(circuit_batch_to_json(empty, observables=observables))) + longest_group
    try:
        chunks = pack(sizes, overhead=overhead)
    except ItemTooLargeError as error:
        raise QoroInputError(
            f"circuit {labels[error.index]!r} is too large to be sent: it takes {error.size} bytes "
            f"compressed, but besides shots or ham_ops a request has room for {max(0, error.available)}. "
            "Split the circuit, or ham_ops"
        ) from error
    for chunk in chunks:
        groups = measurement.shot_groups and slice_shot_groups(
            measurement.shot_groups, chunk.start, chunk.stop
        )
        batch = _batch(
            texts,
            labels[chunk.start : chunk.stop],
            measurement,
            shot_groups=groups,
            finalized=chunk.stop == len(labels),
        )
        yield render(circuit_batch_to_json(batch, blobs=blobs, observables=observables))


def _batch(
    texts: Mapping[str, str],
    labels: Sequence[str],
    measurement: Measurement,
    *,
    shot_groups: tuple[ShotGroup, ...] | None,
    finalized: bool,
) -> CircuitBatch:
    return CircuitBatch(
        circuits={label: texts[label] for label in labels},
        finalized=finalized,
        shots=measurement.shots,
        shot_groups=shot_groups if measurement.shot_groups is not None else None,
        observables=measurement.observables,
        circuit_ham_map=measurement.circuit_ham_map,
    )
