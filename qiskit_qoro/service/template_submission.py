"""Build the submission of templates from the arguments of ``submit_circuit_templates``.

Templates are parsed to find errors before anything is sent. An upload body holds one template and as many of
its parameter sets as fit. If there are more, the next body repeats the template.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.jobs import JobRequest
from qiskit_qoro.models.templates import TemplateEntry
from qiskit_qoro.qasm.read.parser import parse_program
from qiskit_qoro.qasm.read.qelib1_completion import complete_template
from qiskit_qoro.qasm.read.source import BYTE_ORDER_MARK
from qiskit_qoro.qasm.read.template_parser import TemplateText, check_placement, parse_template
from qiskit_qoro.qasm.user_templates import sendable_template
from qiskit_qoro.service.recorder import facts_of
from qiskit_qoro.service.settings import SubmissionOptions
from qiskit_qoro.service.submission import Measurement, Submission, check_job_type, render_job_request
from qiskit_qoro.wire.chunks import MAX_BODY_BYTES, ItemTooLargeError, pack, render
from qiskit_qoro.wire.observables import parse_ham_ops
from qiskit_qoro.wire.substitution import resolve_template
from qiskit_qoro.wire.text import encode_text
from qiskit_qoro.wire.uploads import render_parameter_sets, template_to_json

__all__ = [
    "CheckedTemplate",
    "RepeatedRows",
    "build_template_submission",
    "check_templates",
    "measure_templates",
]


@dataclass(frozen=True)
class CheckedTemplate:
    """A template that is known to be valid: parsed by :func:`check_templates`, or written by our own writer.

    Attributes:
        text: OpenQASM 2 in which parameter names stand for angles. The service can run it as it is.
        num_qubits: The number of qubits that it declares.
        parameter_names: The names.
        labels: The label of each circuit.
        values: For each circuit one finite number for each name, shape (circuits, names).
        depth: The depth of its circuits, or ``None`` if the template was not parsed.
    """

    text: str
    num_qubits: int
    parameter_names: Sequence[str]
    labels: Sequence[str]
    values: npt.NDArray[np.float64]
    depth: int | None = None


# --- templates ----------------------------------------------------------------------------------------


def check_templates(templates: Sequence[TemplateEntry]) -> list[CheckedTemplate]:
    """Parse every template and check the labels.

    Returns:
        The templates, with definitions of the gates that the service's ``qelib1.inc`` lacks.

    Raises:
        QoroInputError: There is no template, a template has no parameter sets, a label is empty or occurs
            twice, or the text of a template is not a program. The message gives the index of the template,
            line and column.
    """
    if isinstance(templates, TemplateEntry | str) or not isinstance(templates, Sequence) or not templates:
        raise QoroInputError("templates: expected a list of TemplateEntry with at least one entry")
    template_of_label: dict[str, int] = {}
    checked = []
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
            # A TemplateEntry has already checked that its own labels differ.
            if template_of_label.setdefault(label, index) != index:
                raise QoroInputError(
                    f"templates[{index}]: label {label!r} is already used in "
                    f"templates[{template_of_label[label]}]; each circuit needs a label of its own"
                )
        try:
            checked.append(_check(template))
        except QoroInputError as error:
            raise QoroInputError(f"templates[{index}]: {error}") from error
    return checked


def _check(entry: TemplateEntry) -> CheckedTemplate:
    template = TemplateText.of(entry.template_qasm.removeprefix(BYTE_ORDER_MARK), entry.parameter_names)
    check_placement(template)
    template = complete_template(template)
    try:
        circuit = parse_template(template)
    except QoroInputError as error:
        # parse_template replaces the names by arbitrary numbers. An angle such as ln(theta - 5) may be
        # undefined for these, and yet be defined for the actual values.
        first_circuit = _parse_first_circuit(template, entry)
        if first_circuit is None:
            raise error from error.__cause__
        circuit = first_circuit
    template = sendable_template(template, circuit)
    return CheckedTemplate(
        template.text,
        circuit.num_qubits,
        template.names,
        [label for label, _ in entry.parameter_sets],
        np.array([values for _, values in entry.parameter_sets]),
        int(circuit.depth()),
    )


def _parse_first_circuit(template: TemplateText, entry: TemplateEntry) -> QuantumCircuit | None:
    """Parse the template with its first parameter set; return ``None`` if that fails too."""
    _, values = entry.parameter_sets[0]
    try:
        return parse_program(resolve_template(template.text, template.names, values))
    except QoroInputError:
        return None


# --- measurement --------------------------------------------------------------------------------------


def measure_templates(
    templates: Sequence[CheckedTemplate], options: SubmissionOptions, shots: int
) -> Measurement:
    """Check the options, and return what is measured on the circuits of templates.

    Args:
        templates: The templates, in order.
        options: The options of the submission.
        shots: The shots of every circuit.

    Raises:
        QoroInputError: ``circuit_ham_map`` or ``shot_groups`` is given, ``ham_ops`` is malformed or has
            several groups, or a Pauli string is longer than a template has qubits.
    """
    check_job_type(options.job_type, has_observables=options.ham_ops is not None)
    for name, value in (("circuit_ham_map", options.circuit_ham_map), ("shot_groups", options.shot_groups)):
        if value is not None:
            raise QoroInputError(f"{name} is for submit_circuits only, expected None for templates")
    if options.ham_ops is None:
        return Measurement(shots=shots)
    observables = parse_ham_ops(options.ham_ops)
    if len(observables) > 1:
        raise QoroInputError(
            f"ham_ops has {len(observables)} groups, expected one for templates: use submit_circuits, or one "
            "submission for each group"
        )
    string = observables[0][0]
    for index, template in enumerate(templates):
        if len(string) > template.num_qubits:
            raise QoroInputError(
                f"ham_ops: Pauli string {string!r} has {len(string)} letters, but templates[{index}] has "
                f"{template.num_qubits} qubits: use one letter per qubit"
            )
    return Measurement(observables=observables)


# --- uploads ------------------------------------------------------------------------------------------


def build_template_submission(
    request: JobRequest, templates: Sequence[CheckedTemplate], measurement: Measurement
) -> Submission:
    """Render all bodies of a job, each below the service's size limit.

    Args:
        request: Opens the job.
        templates: The templates, in order.
        measurement: What is measured on every circuit: shots, or one group of observables.

    Raises:
        QoroInputError: A template is too large for one body, even with a single parameter set.
    """
    observables = measurement.encoded_observables()
    uploads = [
        upload
        for index, template in enumerate(templates)
        for upload in _uploads(
            template,
            f"templates[{index}]",
            is_last=index == len(templates) - 1,
            shots=measurement.shots,
            observables=observables,
            weights=measurement.weights,
        )
    ]
    labels = [label for template in templates for label in template.labels]
    facts = facts_of(request, labels, num_shots=measurement.num_shots(len(labels)))
    return Submission(render_job_request(request), tuple(uploads), facts)


@dataclass(frozen=True)
class RepeatedRows:
    """A submission of one template in one upload, whose values can be replaced.

    Attributes:
        submission: The submission.
        head: The upload before the parameter sets.
        labels: The label of each parameter set.
    """

    submission: Submission
    head: bytes
    labels: tuple[str, ...]

    @classmethod
    def of(cls, submission: Submission, values: npt.NDArray[np.float64]) -> RepeatedRows | None:
        """Return a submission with replaceable values, or ``None`` if it is anything else.

        Args:
            submission: A submission.
            values: The values that its parameter sets are expected to have, shape (circuits, names).
        """
        if len(submission.uploads) != 1:
            return None
        (upload,) = submission.uploads
        labels = tuple(item["label"] for item in json.loads(upload).get("parameter_sets", ()))
        if len(labels) != len(values):
            return None
        head = upload.removesuffix(_closing(labels, values))
        return None if head == upload else cls(submission, head, labels)

    def fill(self, values: npt.NDArray[np.float64]) -> Submission | None:
        """Return the submission with other values, or ``None`` if it would be too large for one upload.

        Args:
            values: The values, finite, shape (circuits, names).
        """
        upload = self.head + _closing(self.labels, values)
        if len(upload) > MAX_BODY_BYTES:
            return None
        return replace(self.submission, uploads=(upload,))


def _closing(labels: Sequence[str], values: npt.NDArray[np.float64]) -> bytes:
    """Return the end of an upload from its first parameter set on."""
    return b",".join(render_parameter_sets(labels, values)) + b"]}"


def _uploads(
    template: CheckedTemplate,
    name: str,
    *,
    is_last: bool,
    shots: int | None,
    observables: str | None,
    weights: Sequence[Sequence[float]] | None,
) -> Iterator[bytes]:
    blob = encode_text(template.text)
    sets = render_parameter_sets(template.labels, template.values)

    def render_empty(finalized: bool) -> bytes:
        body = template_to_json(
            blob,
            template.parameter_names,
            finalized=finalized,
            shots=shots,
            observables=observables,
            weights=weights,
        )
        return render({**body, "parameter_sets": []})

    try:
        chunks = pack([len(item) + len(",") for item in sets], overhead=len(render_empty(False)))
    except ItemTooLargeError as error:
        raise QoroInputError(
            f"{name} is too large to be sent: besides the template ({len(blob)} bytes compressed), its names "
            f"and ham_ops, a request has room for {max(0, error.available)} bytes, but the parameters of "
            f"{template.labels[error.index]!r} take {error.size}. Split the template"
        ) from error
    for chunk in chunks:
        # The parameter sets were rendered to find out their sizes. They are inserted into the empty list at
        # the end of the body instead of being rendered again.
        body = render_empty(is_last and chunk.stop == len(sets)).removesuffix(b"]}")
        yield body + b",".join(sets[chunk.start : chunk.stop]) + b"]}"
