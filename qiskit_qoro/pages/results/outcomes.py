"""Results of circuits as the pages show them: the names and the bit order are those of ``job.result()``.

A result may have a million entries. Only those that are shown are formatted; the others are counted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from qiskit.result import Counts as QiskitCounts

from qiskit_qoro.display.reprs import counted, short_list, short_text
from qiskit_qoro.display.scales import format_number, format_with_error
from qiskit_qoro.errors import JobFailedError, WireError
from qiskit_qoro.jobs.experiment_results import Experiment, check_counts, infer_experiments
from qiskit_qoro.jobs.registers import RegisterLayout
from qiskit_qoro.models.gradients import GradientValues, WeightedStrings
from qiskit_qoro.models.jobs import CircuitResult, ResultDetails
from qiskit_qoro.models.states import StateRequest
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.results.state_outcomes import largest_entries, outcome_of_state
from qiskit_qoro.pages.views import Counts, Failure, Gradients, Outcome, StateValues, Values
from qiskit_qoro.wire.results import failed_page_from_json
from qiskit_qoro.wire.states.arrays import StateArray, array_from_json, is_array

__all__ = [
    "MAX_SHOWN",
    "CircuitContext",
    "method_of",
    "outcome_of",
    "outcome_of_item",
    "summary_of",
]

MAX_SHOWN = 200
"""An outcome has at most this many entries: outcomes, Pauli strings, observables or basis states."""

_MAX_PARAMETERS, _MAX_DERIVATIVES = 50, 500
_Key = TypeVar("_Key", int, str)
_IN_SUMMARY, _LONGEST_NAME, _LONGEST_STRING = 4, 24, 16


@dataclass(frozen=True)
class CircuitContext:
    """What the result of a circuit does not contain. Everything may be unknown.

    Attributes:
        experiment: The circuit as ``backend.run()`` or a sampler submitted it, with its classical registers.
        kind: What submitted the job. The primitives send Pauli strings in reverse order, so those of an
            estimator are shown as Qiskit's labels. Those of other jobs are shown as they were submitted.
        parameter_names: The names of the template's parameters, in order.
        observables: The observables of a gradient job, in order.
        state: What a ``STATE`` job computes.
    """

    experiment: Experiment | None = None
    kind: str = JobKind.OTHER
    parameter_names: Sequence[str] = ()
    observables: Sequence[WeightedStrings] = ()
    state: StateRequest | None = None

    @property
    def has_labels(self) -> bool:
        """Whether Pauli strings are shown as Qiskit's labels, with qubit 0 rightmost."""
        return self.kind in (JobKind.ESTIMATOR, JobKind.GRADIENT)

    @property
    def note(self) -> str:
        """Says which letter of a Pauli string acts on qubit 0."""
        if self.has_labels:
            return "The rightmost letter of a Pauli string acts on qubit 0, as in Qiskit."
        return "The leftmost letter of a Pauli string acts on qubit 0, as in ham_ops."

    def shown_string(self, pauli_string: str) -> str:
        """Return a Pauli string of the service as it is shown."""
        return pauli_string[::-1] if self.has_labels else pauli_string


_UNKNOWN = CircuitContext()


def outcome_of(
    result: CircuitResult | StateArray | None,
    details: ResultDetails | None = None,
    context: CircuitContext = _UNKNOWN,
) -> Outcome:
    """Convert the result of a circuit.

    Args:
        result: Counts, expectation values, gradients, or an array of a ``STATE`` job. ``None`` is the result
            of a circuit of such a job that has no value of its own.
        details: What the service says beside the result.
        context: What is known of the circuit.

    Returns:
        The outcome. It is a failure if the result contradicts the submission, as in ``job.result()``.
    """
    if result is None or isinstance(result, np.ndarray):
        return outcome_of_state(result, context.state, longest=MAX_SHOWN)
    if isinstance(result, GradientValues):
        return _gradients(result, context)
    if any(isinstance(value, float) for value in islice(result.values(), 1)):
        return _values(result, details or ResultDetails(), context)
    try:
        return _counts(result, context.experiment)
    except (JobFailedError, WireError) as error:
        return Failure(error.message)


def outcome_of_item(
    item: Mapping[str, Any] | str, context: CircuitContext = _UNKNOWN
) -> tuple[Outcome, ResultDetails]:
    """Convert an item of a page of results, as the service stores and sends it.

    Args:
        item: The JSON, perhaps as text: a label with either ``results`` or ``error``.
        context: What is known of the circuit.

    Returns:
        The outcome, which is a failure if the result cannot be read, and the details of the result.
    """
    fields: Mapping[str, Any] = json.loads(item) if isinstance(item, str) else item
    content = fields.get("results")
    try:
        if is_array(content) or (content == {} and context.state is not None):
            array = array_from_json(content)
            page = failed_page_from_json({"results": [{**fields, "results": {}}], "failures": []})
        else:
            listed = {"results": [], "failures": [fields]} if "error" in fields else {"results": [fields]}
            page = failed_page_from_json({"failures": [], **listed})
            array = None
    except WireError as error:
        return Failure(f"its result cannot be read: {error.message}"), ResultDetails()
    assert page is not None  # noqa: S101 - a dictionary with both lists is always a page
    details = next(iter(page.details.values()), ResultDetails())
    for reason in page.failures.values():
        return Failure(reason), details
    result = next(iter(page.results.values()))
    is_state = context.state is not None or is_array(content)
    return outcome_of(array if is_state else result, details, context), details


def summary_of(outcome: Outcome | None) -> str:
    """Describe an outcome in a few words, such as ``00: 503, 11: 497`` or ``ZZ = 0.98 ± 0.02``.

    Args:
        outcome: The outcome, or ``None`` if there is nothing yet.
    """
    if outcome is None:
        return ""
    if isinstance(outcome, Failure):
        return outcome.reason
    if isinstance(outcome, Counts):
        listed = [f"{short_text(name, _LONGEST_NAME)}: {count:,}" for name, count in _first(outcome.counts)]
        return _joined(listed, len(outcome.counts) + outcome.num_left_out)
    if isinstance(outcome, StateValues):
        return outcome.description
    errors = outcome.errors if isinstance(outcome, Values) else {}
    short_names = outcome.short_names if isinstance(outcome, Values) else {}
    listed = [
        f"{short_text(short_names.get(name, name), _LONGEST_NAME)}"
        f" = {format_with_error(value, errors.get(name))}"
        for name, value in _first(outcome.values)
    ]
    return _joined(listed, len(outcome.values) + outcome.num_left_out)


def method_of(details: ResultDetails | None) -> str:
    """Say which simulation method was used and why; empty if unknown.

    Args:
        details: What the service says beside the result.
    """
    if details is None or details.method is None:
        return ""
    realizations = "" if details.batches is None else counted(details.batches.realizations, "realization")
    reasons = [details.reason or "", f"{realizations} of the noise" if realizations else ""]
    because = "; ".join(filter(None, reasons))
    return f"{details.method}: {because}" if because else details.method


def _counts(result: CircuitResult, experiment: Experiment | None) -> Counts:
    known = experiment or infer_experiments({"": result})[""]
    layout = known.layout
    counts = check_counts(result, where="the result", width=layout.num_clbits, shots=known.shots)
    if len(set(layout.sources)) < layout.num_clbits:
        # Outcomes that differ only in scratch bits are one outcome, so all of them have to be added up.
        by_outcome = layout.counts_by_outcome(counts)
        total, shown = len(by_outcome), _most_frequent(by_outcome)
    else:
        total, shown = len(counts), layout.counts_by_outcome(_most_frequent(counts))
    if not layout.memory_slots:
        return Counts({}, known.shots)
    sizes = [list(piece) for piece in layout.creg_sizes]
    formatted = QiskitCounts(shown, creg_sizes=sizes, memory_slots=layout.memory_slots)
    ranked_texts = sorted(formatted.items(), key=lambda item: (-item[1], item[0]))
    return Counts(dict(ranked_texts), sum(counts.values()), total - len(shown), _registers_note(layout))


def _registers_note(layout: RegisterLayout) -> str:
    # The first register is in the lowest bits, which are at the right.
    names = [short_text(name, _LONGEST_NAME) for name, _ in reversed(layout.creg_sizes)]
    return f"Registers from left to right: {short_list(names, 200)}." if len(names) > 1 else ""


def _most_frequent(counts: Mapping[_Key, int]) -> dict[_Key, int]:
    if len(counts) <= MAX_SHOWN:
        return dict(counts)
    # NumPy finds the largest of a million numbers many times faster than Python sorts them.
    largest = largest_entries(np.fromiter(counts.values(), np.int64, len(counts)), MAX_SHOWN)
    outcomes = list(counts)
    return {outcomes[index]: counts[outcomes[index]] for index in largest.tolist()}


def _values(result: Mapping[str, float], details: ResultDetails, context: CircuitContext) -> Values:
    shown = {context.shown_string(name): (name, value) for name, value in islice(result.items(), MAX_SHOWN)}
    errors = details.standard_errors
    return Values(
        {text: value for text, (_, value) in shown.items()},
        {text: errors[name] for text, (name, _) in shown.items() if name in errors},
        len(result) - len(shown),
        context.note,
        {text: _short_name(name) for text, (name, _) in shown.items() if len(name) > _LONGEST_STRING},
    )


def _short_name(pauli_string: str) -> str:
    """Return the letters of a Pauli string of the service except I, with the numbers of their qubits."""
    return " ".join(f"{letter}{qubit}" for qubit, letter in enumerate(pauli_string) if letter != "I") or "I"


def _gradients(result: GradientValues, context: CircuitContext) -> Gradients:
    num_columns = result.gradients.shape[1]
    num_rows = max(1, _MAX_DERIVATIVES // max(1, min(num_columns, _MAX_PARAMETERS)))
    names = _observable_names(result, context)[:num_rows]
    parameters = [*context.parameter_names, *(f"parameter {n}" for n in range(num_columns))][:num_columns]
    if len(context.parameter_names) != num_columns:
        parameters = [f"parameter {index}" for index in range(num_columns)]
    columns = parameters[:_MAX_PARAMETERS]
    rows = result.gradients[: len(names), : len(columns)].tolist()
    return Gradients(
        dict(zip(names, result.values(), strict=False)),
        {name: dict(zip(columns, row, strict=True)) for name, row in zip(names, rows, strict=True)},
        len(result) - len(names),
        num_columns - len(columns),
        context.note if context.observables else "",
    )


def _observable_names(result: GradientValues, context: CircuitContext) -> list[str]:
    """Name the observables that are shown. Names are different, because they are keys."""
    if len(context.observables) != len(result):
        return list(islice(result, MAX_SHOWN))
    names: list[str] = []
    for index, observable in enumerate(context.observables[:MAX_SHOWN]):
        name = _sum_of_strings(observable, context)
        names.append(f"{index}: {name}" if name in names else name)
    return names


def _sum_of_strings(observable: WeightedStrings, context: CircuitContext) -> str:
    terms = islice(zip(observable.pauli_strings, observable.weights, strict=True), _IN_SUMMARY)
    listed = [
        (f"{format_number(weight)} " if weight != 1 else "") + context.shown_string(string)
        for string, weight in terms
    ]
    left = len(observable.pauli_strings) - len(listed)
    return " + ".join([*listed, counted(left, "more term")] if left else listed)


def _first(entries: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(islice(entries.items(), _IN_SUMMARY))


def _joined(listed: Sequence[str], total: int) -> str:
    return ", ".join([*listed, "…"] if total > len(listed) else listed)
