"""From the arguments of ``submit_circuit_templates`` to uploads.

Every template is read before anything is sent, and every body is rendered. A body holds one template and as
many of its parameter sets as fit; a template with more of them travels again in the next body.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qiskit import QuantumCircuit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.jobs import JobRequest
from qiskit_qoro.models.templates import TemplateBatch, TemplateEntry
from qiskit_qoro.qasm.read.parser import parse_program
from qiskit_qoro.qasm.read.qelib1_completion import complete_program
from qiskit_qoro.qasm.read.template_parser import check_names, parse_template
from qiskit_qoro.service.recorder import facts_of
from qiskit_qoro.service.submission import Measurement, Submission
from qiskit_qoro.wire.chunks import ItemTooLargeError, pack, render
from qiskit_qoro.wire.observables import parse_ham_ops
from qiskit_qoro.wire.payloads import job_request_to_json
from qiskit_qoro.wire.template_text import resolve_template
from qiskit_qoro.wire.text import encode_text
from qiskit_qoro.wire.uploads import parameter_set_to_json, template_batch_to_json

__all__ = ["TemplateShape", "build_template_submission", "check_templates", "prepare_template_measurement"]


@dataclass(frozen=True)
class TemplateShape:
    """What all circuits of a template have in common.

    Attributes:
        num_qubits: How many qubits it declares.
        depth: How deep it is.
    """

    num_qubits: int
    depth: int


def check_templates(templates: Sequence[TemplateEntry]) -> list[TemplateShape]:
    """Read every template, so that what is wrong with one is known before anything is sent.

    Returns:
        For each template its shape.

    Raises:
        QoroInputError: There is no template, one has no parameter sets, a label is empty or occurs twice, or
            the text of a template is no program; the message names the template, line and column.
    """
    if isinstance(templates, TemplateEntry | str) or not isinstance(templates, Sequence) or not templates:
        raise QoroInputError("templates: expected a list of TemplateEntry with at least one of them")
    owners: dict[str, int] = {}
    shapes = []
    for index, template in enumerate(templates):
        if not isinstance(template, TemplateEntry):
            raise QoroInputError(
                f"templates[{index}]: expected a TemplateEntry, got {type(template).__name__}"
            )
        if not template.parameter_sets:
            raise QoroInputError(f"templates[{index}] has no parameter sets, expected at least one")
        for label, _ in template.parameter_sets:
            if not label:
                raise QoroInputError(f"templates[{index}]: label '' is empty; labels are non-empty strings")
            if owners.setdefault(label, index) != index:
                raise QoroInputError(
                    f"templates[{index}]: the label {label!r} belongs to a circuit of "
                    f"templates[{owners[label]}] already; each circuit needs a label of its own"
                )
        try:
            shapes.append(_shape(template))
        except QoroInputError as error:
            raise QoroInputError(f"templates[{index}]: {error}") from error
    return shapes


def _shape(template: TemplateEntry) -> TemplateShape:
    try:
        circuit = parse_template(complete_program(template.template_qasm), template.parameter_names)
    except QoroInputError as error:
        # An angle may have no value for the numbers that were tried, such as ln(theta - 5).
        circuit = _first_circuit(template)
        if circuit is None:
            raise error from error.__cause__
    return TemplateShape(circuit.num_qubits, int(circuit.depth()))


def _first_circuit(template: TemplateEntry) -> QuantumCircuit | None:
    """The circuit of the first parameter set, ``None`` where that cannot be read either."""
    _, values = template.parameter_sets[0]
    try:
        check_names(template.parameter_names)
        text = complete_program(template.template_qasm)
        return parse_program(resolve_template(text, template.parameter_names, values))
    except QoroInputError:
        return None


def prepare_template_measurement(
    shapes: Sequence[TemplateShape],
    *,
    shots: int,
    ham_ops: str | None,
    circuit_ham_map: object,
    shot_groups: object,
) -> Measurement:
    """Check what is asked of the circuits.

    Args:
        shapes: The templates, in order.
        shots: Shots for each circuit.
        ham_ops: Dense Pauli words, ``;`` between them.
        circuit_ham_map: Refused: ranges count the circuits of a mapping.
        shot_groups: Refused, for the same reason.

    Raises:
        QoroInputError: ``circuit_ham_map`` or ``shot_groups`` is given, ``ham_ops`` is malformed or has
            several groups, or a word is longer than a template has qubits.
    """
    for name, value in (("circuit_ham_map", circuit_ham_map), ("shot_groups", shot_groups)):
        if value is not None:
            raise QoroInputError(f"{name} is for submit_circuits: templates take none, leave it out")
    if ham_ops is None:
        return Measurement(shots=shots)
    observables = parse_ham_ops(ham_ops)
    if len(observables) > 1:
        raise QoroInputError(
            f"ham_ops has {len(observables)} groups: templates take a single one, measured on all circuits; "
            "use submit_circuits, or a submission for each group"
        )
    word = observables[0][0]
    for index, shape in enumerate(shapes):
        if len(word) > shape.num_qubits:
            raise QoroInputError(
                f"ham_ops: word {word!r} has {len(word)} letters, templates[{index}] has "
                f"{shape.num_qubits} qubits: one letter for each qubit"
            )
    return Measurement(observables=observables)


def build_template_submission(
    request: JobRequest, templates: Sequence[TemplateEntry], measurement: Measurement
) -> Submission:
    """Render all bodies of a job, each below the service's limit.

    Raises:
        QoroInputError: A template is too large to travel in one body with even one of its parameter sets.
    """
    uploads = [
        upload
        for index, template in enumerate(templates)
        for upload in _uploads(template, measurement, f"templates[{index}]", index == len(templates) - 1)
    ]
    labels = [label for template in templates for label, _ in template.parameter_sets]
    return Submission(render(job_request_to_json(request)), tuple(uploads), facts_of(request, labels))


def _uploads(template: TemplateEntry, measurement: Measurement, where: str, is_last: bool) -> Iterator[bytes]:
    blob = encode_text(complete_program(template.template_qasm))
    sets = [render(parameter_set_to_json(item)) for item in template.parameter_sets]
    empty = replace(template, parameter_sets=())
    observables = measurement.encoded_observables()

    def head(finalized: bool) -> bytes:
        batch = TemplateBatch(empty, finalized, measurement.shots, measurement.observables)
        return render(template_batch_to_json(batch, blob=blob, observables=observables))

    try:
        chunks = pack([len(item) + len(",") for item in sets], overhead=len(head(False)))
    except ItemTooLargeError as error:
        raise QoroInputError(
            f"{where} is too large to be sent: beside the template, {len(blob)} bytes compressed, its "
            f"names and what is measured, a request has room for {max(0, error.available)} bytes; the "
            f"parameters of {template.parameter_sets[error.index][0]!r} take {error.size}. Split the template"
        ) from error
    for chunk in chunks:
        # The sets have been rendered for their sizes; they take the place of the empty list, which is last.
        body = head(is_last and chunk.stop == len(sets)).removesuffix(b"]}")
        yield body + b",".join(sets[chunk.start : chunk.stop]) + b"]}"
