"""The programs of a job as they were sent: decoded from the bodies of its requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qiskit import QuantumCircuit

from qiskit_qoro.display.cards import Card
from qiskit_qoro.display.reprs import counted, short_text
from qiskit_qoro.jobs.experiment_results import name_from_label
from qiskit_qoro.models.jobs import CircuitBatch, JobType
from qiskit_qoro.models.templates import TemplateBatch
from qiskit_qoro.printable import quoted_name
from qiskit_qoro.qasm.user_programs import parse_user_program
from qiskit_qoro.service.submission import Submission
from qiskit_qoro.wire.fields import as_object, parse_json
from qiskit_qoro.wire.substitution import resolve_template
from qiskit_qoro.wire.text import DEFAULT_LIMIT_BYTES
from qiskit_qoro.wire.uploads import circuit_batch_from_json, is_template_body, template_batch_from_json

__all__ = ["SentProgram", "checked_submissions", "decode_programs"]


@dataclass(frozen=True)
class SentProgram:
    """A circuit of a job, as it was sent to the service.

    Attributes:
        name: The name of the circuit. The circuits of primitives have their index in the submission.
        label: The label under which the service returns the result.
        shots: The number of shots, or ``None`` if the circuit is not sampled.
        pauli_strings: The Pauli strings whose expectation values are computed, with one letter for each
            qubit of the program. As in ``ham_ops``, the leftmost letter acts on qubit 0.
        template: OpenQASM 2 in which the names of ``parameters`` stand for numbers, or ``None`` if the
            circuit was not sent as a row of a template.
        parameters: Name to number, in the order of the template. Empty without a template.
    """

    name: str
    label: str = field(repr=False)
    shots: int | None = None
    pauli_strings: tuple[str, ...] = ()
    template: str | None = field(default=None, repr=False)
    parameters: Mapping[str, float] = field(default_factory=dict)
    _texts: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        work = "not measured"
        if self.shots:
            work = counted(self.shots, "shot")
        elif self.pauli_strings:
            work = counted(len(self.pauli_strings), "Pauli string")
        return f"<SentProgram {quoted_name(self.name)}: {work}>"

    def _repr_html_(self) -> str:
        values = ", ".join(f"{name} = {value:.6g}" for name, value in self.parameters.items())
        rows = [
            ("shots", f"{self.shots:,}" if self.shots else ""),
            ("Pauli strings", short_text(", ".join(self.pauli_strings))),
            (
                "parameters",
                short_text(values),
            ),
        ]
        shown = [(name, text) for name, text in rows if text]
        return Card("Program", self.name, rows=shown, code=short_text(self.text, 600)).to_html()

    @property
    def text(self) -> str:
        """The OpenQASM 2 program that the service runs. The parameters of a template are inserted."""
        if self.template is None:
            return self._texts[self.label]
        return resolve_template(self.template, list(self.parameters), list(self.parameters.values()))

    def to_circuit(self) -> QuantumCircuit:
        """Return the program as a circuit.

        Its qubits and classical bits are those of the program. A program may leave out qubits that its
        circuit does not use.
        """
        circuit: QuantumCircuit = parse_user_program(self.text)[1]
        circuit.name = self.name
        return circuit


def decode_programs(submission: Submission) -> list[SentProgram]:
    """Decode the programs of a submission.

    Args:
        submission: What was sent.

    Returns:
        The programs, in the order in which they were sent. The name of each is the index in its label, or
        else the label.

    Raises:
        WireError: A body is damaged.
    """
    request = as_object(parse_json(submission.request), "body")
    is_measured = request.get("job_type") != JobType.STATE.value
    programs: list[SentProgram] = []
    for upload in submission.uploads:
        body = parse_json(upload)
        if is_template_body(body):
            template_batch = template_batch_from_json(body, circuit_limit_bytes=DEFAULT_LIMIT_BYTES)
            programs += _of_template(template_batch)
        else:
            batch = circuit_batch_from_json(
                body, circuit_limit_bytes=DEFAULT_LIMIT_BYTES, is_measured=is_measured
            )
            programs += _of_batch(batch, len(programs))
    return programs


def checked_submissions(submissions: Sequence[Submission]) -> tuple[Submission, ...]:
    """Return submissions from a file, which may come from a stranger, with the number of their circuits.

    Raises:
        WireError: A body is not one that adds circuits to a job.
    """
    return tuple(
        replace(item, facts=replace(item.facts, num_circuits=len(decode_programs(item))))
        for item in submissions
    )


def _of_batch(batch: CircuitBatch, num_earlier: int) -> Iterator[SentProgram]:
    shots = _shots_of(batch)
    for index, label in enumerate(batch.circuits):
        yield SentProgram(
            name_from_label(label),
            label,
            shots[index],
            _strings_of(batch, num_earlier + index),
            _texts=batch.circuits,
        )


def _of_template(batch: TemplateBatch) -> Iterator[SentProgram]:
    template = batch.template
    strings = tuple(string for group in batch.observables or () for string in group)
    for label, values in template.parameter_sets:
        parameters = dict(zip(template.parameter_names, values, strict=True))
        yield SentProgram(
            name_from_label(label), label, batch.shots, strings, template.template_qasm, parameters
        )


def _shots_of(batch: CircuitBatch) -> Sequence[int | None]:
    """The shots of each circuit of a batch."""
    if batch.shot_groups is None:
        return [batch.shots] * len(batch.circuits)
    return [group.shots for group in batch.shot_groups for _ in range(group.start, group.end)]


def _strings_of(batch: CircuitBatch, index: int) -> tuple[str, ...]:
    """The Pauli strings that are measured on the circuit with an index in the job."""
    groups = batch.observables or ()
    ranges = batch.circuit_ham_map
    if ranges is not None:
        own = [group for group, item in zip(groups, ranges, strict=True) if item.start <= index < item.end]
        groups = tuple(own) or groups  # a circuit in no range is measured for every group
    return tuple(string for group in groups for string in group)
