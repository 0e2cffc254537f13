"""Items of expectation values and of counts that are rendered many at a time."""

import json
import math

from qiskit_qoro.models.jobs import ResultDetails, ResultsPage
from qiskit_qoro.wire.histograms.encoding import encode_histogram
from qiskit_qoro.wire.results import render_histogram_items, render_value_items, results_page_to_json

PAULI_STRINGS = ("ZZ", "IX", "YY")
ROWS = [[1.0, -0.0, 0.1 + 0.2], [5e-324, -1e300, math.pi]]
LABELS = ["0.1e", 'a "quoted" %s with ü and \n']


def test_rendered_items_equal_those_of_a_page_to_the_last_bit():
    items = [json.loads(item) for item in render_value_items(LABELS, PAULI_STRINGS, ROWS)]
    results = {
        label: dict(zip(PAULI_STRINGS, row, strict=True)) for label, row in zip(LABELS, ROWS, strict=True)
    }
    assert items == results_page_to_json(ResultsPage(2, results))["results"]
    assert math.copysign(1, items[0]["results"]["IX"]) == -1
    assert list(items[1]["results"]) == list(PAULI_STRINGS)


def test_circuits_without_pauli_strings_have_empty_results():
    assert json.loads(render_value_items(["a"], (), [[]])[0]) == {"label": "a", "results": {}}


def test_rendered_items_of_counts_equal_those_of_a_page():
    results = {LABELS[0]: {"010": 7}, LABELS[1]: {"000": 1, "111": 300}}
    details = ResultDetails("Statevector", "100 % of it fits")
    payloads = [encode_histogram(counts, n_bits=3)["payload"] for counts in results.values()]
    items = [json.loads(item) for item in render_histogram_items(LABELS, payloads, 3, details)]
    page = ResultsPage(2, results, details=dict.fromkeys(LABELS, details))
    assert items == results_page_to_json(page)["results"]
