"""The JSON pages of a job's results.

A page of a completed job contains results. If a job has failed, the service answers a request for its results
with an error. The body of that error may contain a page too: the results of the circuits that completed, and
the failures of the others. Clients that expect only an error ignore the page.

Pages are read in every form that has one meaning only: counts in a histogram or as they are, numbers as text,
names in any case. A form with two meanings, or one that could give wrong counts, is refused. A result is
never left out, because the caller could not distinguish its circuit from one that was not run.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.batches import Batches
from qiskit_qoro.models.gradients import GradientValues
from qiskit_qoro.models.jobs import CircuitResult, ResultDetails, ResultsPage
from qiskit_qoro.models.loose import read_integer, read_number, read_text
from qiskit_qoro.models.templates import are_finite_floats
from qiskit_qoro.wire.fields import as_list, as_object, shown
from qiskit_qoro.wire.gradients.gradient_values import GRADIENT_ENCODING, decode_gradients, encode_gradients
from qiskit_qoro.wire.histograms.decoding import decode_histogram
from qiskit_qoro.wire.histograms.encoding import encode_histogram, histogram_to_json
from qiskit_qoro.wire.histograms.small import decode_small_histograms
from qiskit_qoro.wire.payloads import error_detail, error_to_json
from qiskit_qoro.wire.states.arrays import StateArray, array_to_json, is_array

__all__ = [
    "FAILED_JOB_PREFIX",
    "array_item_to_json",
    "failed_page_from_json",
    "failed_page_to_json",
    "failure_item_to_json",
    "render_histogram_items",
    "render_value_items",
    "result_item_to_json",
    "results_page_from_json",
    "results_page_to_json",
]

FAILED_JOB_PREFIX = "job failed: "
"""The reason of a failed job begins with this. Messages that say so themselves leave it out."""

_T = TypeVar("_T")

_NO_DETAILS = ResultDetails()
_BATCH_DIGITS = 9

_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]+")


def results_page_to_json(page: ResultsPage) -> dict[str, Any]:
    """Encode a page of results."""
    return {
        "count": page.count,
        "next": page.next,
        "previous": page.previous,
        "results": [
            result_item_to_json(label, result, page.details.get(label))
            for label, result in page.results.items()
        ],
    }


def result_item_to_json(
    label: str, result: CircuitResult, details: ResultDetails | None = None
) -> dict[str, Any]:
    """Encode the result of one circuit as an item of a page, with its details if there are any."""
    return _item_with_details(label, _circuit_result_to_json(result), details)


def array_item_to_json(
    label: str, array: StateArray | None, details: ResultDetails | None = None
) -> dict[str, Any]:
    """Encode the result of one circuit of a ``STATE`` job as an item of a page, with its details if any."""
    return _item_with_details(label, array_to_json(array), details)


def _item_with_details(
    label: str, encoded_result: dict[str, Any], details: ResultDetails | None
) -> dict[str, Any]:
    item = {"label": label, "results": encoded_result}
    encoded_details = {} if details is None else _details_to_json(details)
    return item | {"details": encoded_details} if encoded_details else item


def _details_to_json(details: ResultDetails) -> dict[str, Any]:
    fields = {
        "method": details.method,
        "reason": details.reason,
        "standard_errors": dict(details.standard_errors) or None,
        "batches": None if details.batches is None else _batches_to_json(details.batches),
    }
    return {key: value for key, value in fields.items() if value is not None}


def _batches_to_json(batches: Batches) -> dict[str, Any]:
    # Only the spread of the values matters, so a few digits are enough.
    values = {
        string: [round(value, _BATCH_DIGITS) for value in of_string]
        for string, of_string in batches.values.items()
    }
    counts = [_circuit_result_to_json(dict(counts)) for counts in batches.counts]
    fields = {"realizations": batches.realizations, "values": values, "counts": counts}
    return {key: value for key, value in fields.items() if value}


def failure_item_to_json(label: str, reason: str) -> dict[str, Any]:
    """Encode the failure of one circuit as an item of a failed job's page."""
    return {"label": label, "error": reason}


def render_value_items(
    labels: Sequence[str],
    pauli_strings: Sequence[str],
    rows: Iterable[Sequence[float]],
    details: ResultDetails | None = None,
) -> list[str]:
    """Render items of a page with expectation values of the same Pauli strings, as JSON text.

    The text has the values of :func:`result_item_to_json`. The details are rendered once for all items, and
    orjson renders numbers many times faster than Python.

    Args:
        labels: The label of each circuit.
        pauli_strings: The Pauli strings, which consist of letters only.
        rows: For each circuit the value of each Pauli string, a finite number.
        details: The details that all of these results have in common.
    """
    results = [orjson.dumps(dict(zip(pauli_strings, row, strict=True))).decode() for row in rows]
    item = _item_format("%s", details)
    return [item % pair for pair in zip(map(json.dumps, labels), results, strict=True)]


def render_histogram_items(
    labels: Sequence[str], payloads: Sequence[str], n_bits: int, details: ResultDetails | None = None
) -> list[str]:
    """Render items of a page with counts of the same classical bits, as :func:`render_value_items` does.

    Args:
        labels: The label of each circuit.
        payloads: The encoded histogram of each circuit.
        n_bits: The width of the bitstrings.
        details: The details that all of these results have in common.
    """
    fields = histogram_to_json("%s", n_bits=n_bits)
    item = _item_format(json.dumps(fields, separators=(",", ":")), details)
    return [item % pair for pair in zip(map(json.dumps, labels), payloads, strict=True)]


def _item_format(results: str, details: ResultDetails | None) -> str:
    """Return the format string of items with details in common, given that of ``results``."""
    encoded = {} if details is None else _details_to_json(details)
    tail = f',"details":{json.dumps(encoded, separators=(",", ":"))}' if encoded else ""
    return '{"label":%s,"results":' + results + tail.replace("%", "%%") + "}"


def results_page_from_json(body: object, *, read: Callable[[object], Any] | None = None) -> ResultsPage:
    """Decode a page of results.

    Args:
        body: The parsed JSON.
        read: Decodes the result of a circuit; by default a histogram, counts or expectation values.

    Raises:
        WireError: There is no list of results, a result cannot be read without guessing, or a label occurs
            twice.
    """
    fields = as_object(body, "body")
    # A job without circuits may have no list at all.
    listed = fields.get("results")
    if listed is None and read_integer(fields.get("count")) == 0:
        listed = []
    results = _items(listed, "results", "results", read or _circuit_result_reader(listed))
    return _page(fields, results, {}, _details_by_label(listed))


def failed_page_to_json(message: str, page: ResultsPage) -> dict[str, Any]:
    """Encode the error that answers a request for the results of a failed job, with a page of its circuits.

    Each circuit of the page is in ``results`` or in ``failures``.
    """
    failures = [failure_item_to_json(label, reason) for label, reason in page.failures.items()]
    return error_to_json(message) | results_page_to_json(page) | {"failures": failures}


def failed_page_from_json(body: object) -> ResultsPage | None:
    """Decode the page in the body of an error; return ``None`` if there is none.

    A result that cannot be read counts as a failure of its circuit.

    Raises:
        WireError: A list is malformed, or a label occurs twice.
    """
    # Error bodies of other services may have any form. Only one with both keys is a page.
    if not isinstance(body, dict) or not {"results", "failures"} <= body.keys():
        return None
    read = _items(body["results"], "results", "results", _result_or_reason)
    results = {label: result for label, result in read.items() if not isinstance(result, str)}
    unreadable = {label: reason for label, reason in read.items() if isinstance(reason, str)}
    failures = _items(body["failures"], "failures", "error", _reason_from_json)
    both = read.keys() & failures.keys()
    if both:
        raise WireError(f"failures: {min(both)!r} has a result too")
    return _page(body, results, failures | unreadable, _details_by_label(body["results"]))


def _page(
    fields: Mapping[str, Any],
    results: Mapping[str, CircuitResult],
    failures: Mapping[str, str],
    details: Mapping[str, ResultDetails],
) -> ResultsPage:
    count = read_integer(fields.get("count"))
    following = fields.get("next")
    # Anything but an empty value announces another page. The client requests it by its offset, not by `next`.
    return ResultsPage(
        count=count if count is not None and count >= 0 else None,
        results=results,
        next=(read_text(following) or "").strip() or None if following else None,
        previous=read_text(fields.get("previous") or None),
        failures=failures,
        details=details,
    )


def _details_by_label(listed: object) -> dict[str, ResultDetails]:
    """Read the details of all results that have any. Details that cannot be read are left out."""
    found: dict[str, ResultDetails] = {}
    # Thousands of rows of a sweep have the same method and reason, and share one value.
    shared: dict[tuple[str | None, str | None], ResultDetails] = {}
    for item in listed if isinstance(listed, list) else ():
        fields = item.get("details")
        if not isinstance(fields, dict):
            continue
        method, reason = read_text(fields.get("method")), read_text(fields.get("reason"))
        errors, batches = fields.get("standard_errors"), fields.get("batches")
        if isinstance(errors, dict) or isinstance(batches, dict):
            details = ResultDetails(
                method,
                reason,
                _standard_errors(errors) if isinstance(errors, dict) else {},
                _batches_from_json(batches) if isinstance(batches, dict) else None,
            )
        else:
            details = shared.get((method, reason)) or ResultDetails(method, reason)
            shared[method, reason] = details
        if details != _NO_DETAILS:
            # The label was checked when the results were read.
            found[str(item["label"])] = details
    return found


def _standard_errors(fields: Mapping[str, Any]) -> dict[str, float]:
    numbers = {str(pauli_string).upper(): read_number(value) for pauli_string, value in fields.items()}
    return {key: number for key, number in numbers.items() if number is not None and number >= 0}


def _batches_from_json(fields: Mapping[str, Any]) -> Batches | None:
    """Read the results of batches of realizations; return ``None`` if they cannot be read."""
    realizations = read_integer(fields.get("realizations"))
    if realizations is None or realizations < 1:
        return None
    try:
        values = {
            str(string).upper(): tuple(map(read_number, as_list(listed, "values")))
            for string, listed in as_object(fields.get("values", {}), "values").items()
        }
        read = [_circuit_result_from_json(item) for item in as_list(fields.get("counts", []), "counts")]
    except WireError:
        return None
    # A quantity is a weighted sum over Pauli strings, batch by batch, so all of them need the same batches.
    is_usable = len(set(map(len, values.values()))) <= 1 and not any(None in row for row in values.values())
    counts = tuple({str(key): int(count) for key, count in batch.items()} for batch in read)
    return Batches(realizations, values, counts) if is_usable else None  # type: ignore[arg-type]


def _items(value: object, where: str, key: str, read: Callable[[object], _T]) -> dict[str, _T]:
    """Convert a list of ``{"label": …, key: …}`` to a mapping from label to value.

    The list may also be an object ``{label: …}``.
    """
    items: dict[str, _T] = {}
    for place, label, content in _labelled(value, where, key):
        if label in items:
            raise WireError(f"{place}.label: {label!r} occurs twice")
        try:
            items[label] = read(content)
        except WireError as error:
            raise WireError(f"{place} (circuit {label!r}): {error}") from error
    return items


def _labelled(value: object, where: str, key: str) -> Iterator[tuple[str, str, object]]:
    """Iterate over the items of a page: for each its place, its label and its content."""
    if isinstance(value, dict):
        for label, content in value.items():
            yield where, label, content
        return
    for index, item in enumerate(as_list(value, where)):
        place = f"{where}[{index}]"
        entry = as_object(item, place)
        label = entry.get("label")
        if not isinstance(label, str):
            # The place of a result depends on its label, so a result without one cannot be left out.
            if isinstance(label, bool) or not isinstance(label, int):
                raise WireError(
                    f"{place}.label: expected text, got {'nothing' if label is None else shown(label)}"
                )
            label = str(label)
        if key not in entry:
            raise WireError(f"{place} (circuit {label!r}): {key}: expected a value, got nothing")
        yield place, label, entry[key]


def _result_or_reason(value: object) -> CircuitResult | str:
    """Decode a result; if it cannot be read, return the reason."""
    try:
        return _circuit_result_from_json(value)
    except WireError as error:
        return f"its result cannot be read: {error}"


def _reason_from_json(value: object) -> str:
    return error_detail(value) or "the service gave no reason"


def _circuit_result_to_json(result: CircuitResult) -> dict[str, Any]:
    if isinstance(result, GradientValues):
        return encode_gradients(result)
    # Expectation values are floats, counts are integers.
    first = next(iter(result), None)
    if first is None or isinstance(result[first], float):
        return dict(result)
    return encode_histogram(result, n_bits=len(first))  # type: ignore[arg-type]


def _circuit_result_reader(listed: object) -> Callable[[object], CircuitResult]:
    """Return a function that decodes the results of a page. The small histograms are decoded at once."""
    contents = (
        [item.get("results") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    )
    # By identity, because `contents` leaves out items that are malformed.
    decoded = {
        id(content): histogram
        for content, histogram in zip(contents, decode_small_histograms(contents), strict=True)
        if histogram is not None
    }

    def read(value: object) -> CircuitResult:
        histogram = decoded.get(id(value))
        return _circuit_result_from_json(value) if histogram is None else histogram

    return read


def _circuit_result_from_json(value: object) -> CircuitResult:
    """Decode a histogram, counts, or expectation values. The keys show which of them it is."""
    if value is None or value == [] or value == "":
        return {}
    fields = as_object(value, "results")
    if is_array(fields):
        raise WireError(
            "it is an array, because the job computed states: read it with QoroService.get_state_arrays"
        )
    if fields.get("encoding") == GRADIENT_ENCODING:
        return decode_gradients(fields)
    if "encoding" in fields or "payload" in fields:
        return decode_histogram(fields)
    # Pauli strings are many and long. One search in all of them is faster than a search in each.
    letters = "".join(fields)
    has_digits = "0" in letters or "1" in letters or "" in fields
    if has_digits and any(map(_is_bitstring, fields)):
        return _counts_from_json(fields)
    if has_digits and all(map(_HEXADECIMAL.fullmatch, fields)):
        raise WireError(
            "the bitstrings are hexadecimal, so their width is unknown: expected the characters 0 and 1, or "
            "a histogram with encoding and payload"
        )
    return _expectation_values_from_json(fields, letters)


def _is_bitstring(key: str) -> bool:
    """Whether a key is a bitstring, perhaps with spaces between registers. No Pauli string is one."""
    return not key.strip("01 ")


def _counts_from_json(fields: Mapping[str, Any]) -> dict[str, int]:
    """Decode counts that are sent without a container."""
    counts: dict[str, int] = {}
    is_fractional = False
    for key, value in fields.items():
        bitstring = key.replace(" ", "")
        count = read_integer(value)
        if not _is_bitstring(key) or len(bitstring) != len(next(iter(counts), bitstring)):
            raise WireError(f"expected bitstrings of one width, got {shown(list(fields))}")
        if bitstring in counts:
            raise WireError(f"the bitstring {bitstring[:80]!r} occurs twice")
        if count is None or count < 0:
            raise WireError(f"{bitstring[:80]}: expected a number of shots, got {shown(value)}")
        is_fractional = is_fractional or not isinstance(value, int)
        counts[bitstring] = count
    # {"0": 1.0} may be one shot, or a probability of a quasi-distribution.
    if is_fractional and sum(counts.values()) <= 1:
        raise WireError(f"expected numbers of shots, got what may be probabilities: {shown(fields)}")
    return {bitstring: counts[bitstring] for bitstring in sorted(counts) if counts[bitstring]}


def _expectation_values_from_json(fields: Mapping[str, Any], letters: str) -> dict[str, float]:
    """Decode expectation values. ``letters`` are those of all Pauli strings."""
    values = dict(fields)
    if not are_finite_floats(values.values()):
        for pauli_string, value in fields.items():
            number = value if type(value) is float and math.isfinite(value) else read_number(value)
            if number is None:
                raise WireError(f"{pauli_string[:80]}: expected a finite number, got {shown(value)}")
            values[pauli_string] = number
    if letters.isupper() or set(letters.upper()) - set("IXYZ"):
        return values
    in_capitals = {pauli_string.upper(): value for pauli_string, value in values.items()}
    if len(in_capitals) < len(values):
        raise WireError(f"expected different Pauli strings, got {shown(list(values))}")
    return in_capitals
