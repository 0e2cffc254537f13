"""The JSON pages of a job's results.

A page of a completed job contains results. If a job has failed, the service answers a request for its results
with an error. The body of that error may contain a page too: the results of the circuits that completed, and
the failures of the others. Clients that expect only an error ignore the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.jobs import CircuitResult, ResultsPage
from qiskit_qoro.wire.fields import as_count, as_list, as_number, as_object, shown, text_field
from qiskit_qoro.wire.histogram import decode_histogram, encode_histogram
from qiskit_qoro.wire.payloads import error_to_json

__all__ = [
    "failed_page_from_json",
    "failed_page_to_json",
    "failure_item_to_json",
    "render_value_items",
    "result_item_to_json",
    "results_page_from_json",
    "results_page_to_json",
]

_T = TypeVar("_T")


def results_page_to_json(page: ResultsPage) -> dict[str, Any]:
    """Encode a page of results."""
    return {
        "count": page.count,
        "next": page.next,
        "previous": page.previous,
        "results": [result_item_to_json(label, result) for label, result in page.results.items()],
    }


def result_item_to_json(label: str, result: CircuitResult) -> dict[str, Any]:
    """Encode the result of one circuit as an item of a page."""
    return {"label": label, "results": _circuit_result_to_json(result)}


def failure_item_to_json(label: str, reason: str) -> dict[str, Any]:
    """Encode the failure of one circuit as an item of a failed job's page."""
    return {"label": label, "error": reason}


def render_value_items(
    labels: Sequence[str], pauli_strings: Sequence[str], rows: Iterable[Sequence[float]]
) -> list[str]:
    """Render items of a page with expectation values of the same Pauli strings, as JSON text.

    The text is that of :func:`result_item_to_json`. Rendering many similar items from one format string is
    much faster than encoding each.

    Args:
        labels: The label of each circuit.
        pauli_strings: The Pauli strings, which consist of letters only.
        rows: For each circuit the value of each Pauli string, a finite number.
    """
    values = ",".join(f'"{pauli_string}":%r' for pauli_string in pauli_strings)
    item = '{"label":%s,"results":{' + values + "}}"
    return [item % (json.dumps(label), *row) for label, row in zip(labels, rows, strict=True)]


def results_page_from_json(body: object) -> ResultsPage:
    """Decode a page of results.

    Raises:
        WireError: A field is missing or malformed, a histogram is corrupt, or a label occurs twice.
    """
    fields = as_object(body, "body")
    results = _items(fields.get("results"), "results", "results", _circuit_result_from_json)
    return _page(fields, results, {})


def failed_page_to_json(message: str, page: ResultsPage) -> dict[str, Any]:
    """Encode the error that answers a request for the results of a failed job, with a page of its circuits.

    Each circuit of the page is in ``results`` or in ``failures``.
    """
    failures = [failure_item_to_json(label, reason) for label, reason in page.failures.items()]
    return error_to_json(message) | results_page_to_json(page) | {"failures": failures}


def failed_page_from_json(body: object) -> ResultsPage | None:
    """Decode the page in the body of an error; return ``None`` if there is none.

    Raises:
        WireError: A field is malformed, a histogram is corrupt, or a label occurs twice.
    """
    # Error bodies of other services may have any form. Only one with both keys is a page.
    if not isinstance(body, dict) or not {"results", "failures"} <= body.keys():
        return None
    results = _items(body["results"], "results", "results", _circuit_result_from_json)
    failures = _items(body["failures"], "failures", "error", _reason_from_json)
    both = results.keys() & failures.keys()
    if both:
        raise WireError(f"failures: {min(both)!r} has a result too")
    return _page(body, results, failures)


def _page(
    fields: Mapping[str, Any], results: Mapping[str, CircuitResult], failures: Mapping[str, str]
) -> ResultsPage:
    return ResultsPage(
        count=as_count(fields.get("count", len(results) + len(failures)), "count", least=0),
        results=results,
        next=text_field(fields, "next", default=None),
        previous=text_field(fields, "previous", default=None),
        failures=failures,
    )


def _items(value: object, where: str, key: str, read: Callable[[object], _T]) -> dict[str, _T]:
    """Convert a list of ``{"label": …, key: …}`` to a mapping from label to value."""
    items: dict[str, _T] = {}
    for index, item in enumerate(as_list(value, where)):
        entry = as_object(item, f"{where}[{index}]")
        label = text_field(entry, "label")
        if label in items:
            raise WireError(f"{where}[{index}].label: {label!r} occurs twice")
        try:
            items[label] = read(entry.get(key))
        except WireError as error:
            raise WireError(f"{where}[{index}] (circuit {label!r}): {error}") from error
    return items


def _reason_from_json(value: object) -> str:
    if not isinstance(value, str):
        raise WireError(f"error: expected text, got {shown(value)}")
    return value


def _circuit_result_to_json(result: CircuitResult) -> dict[str, Any]:
    # Expectation values are floats, counts are integers.
    first = next(iter(result), None)
    if first is None or isinstance(result[first], float):
        return dict(result)
    return encode_histogram(result, n_bits=len(first))  # type: ignore[arg-type]


def _circuit_result_from_json(value: object) -> CircuitResult:
    fields = as_object(value, "results")
    if "encoding" in fields:
        return decode_histogram(fields)
    return {pauli_string: as_number(value, pauli_string) for pauli_string, value in fields.items()}
