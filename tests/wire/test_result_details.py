"""Details of results are encoded beside the results, and read in any form without failing."""

import json

import pytest

from qiskit_qoro.models.batches import Batches
from qiskit_qoro.models.jobs import ResultDetails, ResultsPage
from qiskit_qoro.wire.results import (
    failed_page_from_json,
    render_value_items,
    result_item_to_json,
    results_page_from_json,
    results_page_to_json,
)

FULL = ResultDetails("Statevector", "100 % sure", {"ZZ": 0.125})


def page_with(details):
    return {"count": 1, "results": [{"label": "a", "results": {"ZZ": 0.5}, "details": details}]}


def test_details_survive_the_round_trip():
    page = ResultsPage(2, {"a": {"ZZ": 0.5}, "b": {"ZZ": 1.0}}, details={"a": FULL})
    body = json.loads(json.dumps(results_page_to_json(page)))
    assert body["results"] == [
        {
            "label": "a",
            "results": {"ZZ": 0.5},
            "details": {"method": "Statevector", "reason": "100 % sure", "standard_errors": {"ZZ": 0.125}},
        },
        {"label": "b", "results": {"ZZ": 1.0}},
    ]
    assert results_page_from_json(body) == page


def test_rendered_items_have_the_same_details():
    items = render_value_items(["a", "b"], ["ZZ"], [[0.5], [1.0]], FULL)
    assert [json.loads(item) for item in items] == [
        result_item_to_json("a", {"ZZ": 0.5}, FULL),
        result_item_to_json("b", {"ZZ": 1.0}, FULL),
    ]


def test_empty_details_are_not_sent():
    assert "details" not in result_item_to_json("a", {}, ResultDetails())
    assert "details" not in json.loads(render_value_items(["a"], [], [[]], ResultDetails())[0])


@pytest.mark.parametrize("details", [None, 5, "Statevector", [], {}, {"method": None}])
def test_details_that_cannot_be_read_are_left_out(details):
    page = results_page_from_json(page_with(details))
    assert (page.results, page.details) == ({"a": {"ZZ": 0.5}}, {})


def test_readable_parts_of_details_are_kept():
    errors = {"ZZ": "0.25", "xx": 0, "YY": -1, "IZ": "much", "ZI": None}
    page = results_page_from_json(page_with({"method": "MPS", "reason": None, "standard_errors": errors}))
    assert page.details == {"a": ResultDetails("MPS", None, {"ZZ": 0.25, "XX": 0.0})}


def test_a_failed_job_has_the_details_of_its_results():
    body = page_with({"method": "Stabilizer"}) | {"error": "job failed", "failures": []}
    page = failed_page_from_json(body)
    assert page is not None
    assert page.details == {"a": ResultDetails("Stabilizer")}


def test_results_that_are_listed_by_label_have_no_details():
    page = results_page_from_json({"count": 1, "results": {"a": {"ZZ": 0.5}}})
    assert (page.results, page.details) == ({"a": {"ZZ": 0.5}}, {})


@pytest.mark.parametrize(
    ("result", "batches"),
    [
        ({"ZZ": 0.5, "II": 1.0}, Batches(4, values={"ZZ": (0.25, 0.75, 0.0, 1.0)})),
        ({"01": 3, "11": 2}, Batches(2, counts=({"01": 2}, {"01": 1, "11": 2}))),
        ({"01": 3}, Batches(3)),
    ],
)
def test_the_batches_of_realizations_survive_the_round_trip(result, batches):
    page = ResultsPage(1, {"a": result}, details={"a": ResultDetails("Statevector", batches=batches)})
    assert results_page_from_json(json.loads(json.dumps(results_page_to_json(page)))) == page


def test_values_of_batches_are_sent_with_nine_decimals():
    details = ResultDetails(batches=Batches(2, values={"ZZ": (1 / 3, 0.5)}))
    item = result_item_to_json("a", {"ZZ": 5 / 12}, details)
    assert item["details"]["batches"] == {"realizations": 2, "values": {"ZZ": [0.333333333, 0.5]}}


@pytest.mark.parametrize(
    "batches",
    [
        5,
        {},
        {"realizations": 0},
        {"realizations": 2, "values": []},
        {"realizations": 2, "values": {"ZZ": 0.5}},
        {"realizations": 2, "values": {"ZZ": [0.5, None]}},
        {"realizations": 2, "values": {"ZZ": [0.5, 0.25], "XX": [0.5]}},
        {"realizations": 2, "counts": {}},
        {"realizations": 2, "counts": [5]},
    ],
)
def test_batches_that_cannot_be_read_are_left_out(batches):
    page = results_page_from_json(page_with({"method": "MPS", "batches": batches}))
    assert page.details == {"a": ResultDetails("MPS")}
