"""The lists of QPU systems and simulator clusters."""

import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster
from qiskit_qoro.wire.listings import (
    next_page_query,
    qpu_systems_from_json,
    qpu_systems_to_json,
    simulator_clusters_from_json,
    simulator_clusters_to_json,
)

SYSTEMS = [
    QPUSystem(
        "a",
        (QPU("one", 5, "online", "ion trap", "maker"), QPU("two", 20, "offline", "photons")),
        "PRIVATE",
        True,
    ),
    QPUSystem("b"),
]
CLUSTERS = [SimulatorCluster("a", "PRIVATE", "PRO"), SimulatorCluster("b")]


def test_lists_are_encoded_and_decoded():
    assert qpu_systems_from_json(qpu_systems_to_json(SYSTEMS)) == SYSTEMS
    assert simulator_clusters_from_json(simulator_clusters_to_json(CLUSTERS)) == CLUSTERS
    assert qpu_systems_from_json([]) == simulator_clusters_from_json([]) == []


def test_missing_fields_have_their_defaults():
    assert simulator_clusters_from_json([{"name": "c"}]) == [SimulatorCluster("c", "PUBLIC", "FREE")]
    assert qpu_systems_from_json([{"name": "q"}]) == [QPUSystem("q", (), "PUBLIC", supports_expval=False)]
    assert qpu_systems_from_json([{"name": "q", "supports_expval": None, "surprise": 1}]) == [QPUSystem("q")]


# tests/service/test_answer_deviations.py has the odd fields and elements of lists.


@pytest.mark.parametrize("body", [None, {}, "a", 5, {"results": {}}, {"results": None}])
def test_a_body_without_a_list_is_refused(body):
    for read in (qpu_systems_from_json, simulator_clusters_from_json):
        with pytest.raises(WireError, match="expected a list"):
            read(body)


@pytest.mark.parametrize(
    ("following", "query"),
    [
        (None, None),
        ("", None),
        (False, None),
        ("http://elsewhere/list/?page=2&size=5", {"page": "2", "size": "5"}),
        ("?cursor=a%20b", {"cursor": "a b"}),
    ],
)
def test_the_query_of_the_next_page_is_read(following, query):
    assert next_page_query({"results": [], "next": following}) == query
    assert next_page_query([]) is None


@pytest.mark.parametrize("following", [2, True, "page2", "http://[", ["?page=2"]])
def test_a_next_page_that_cannot_be_requested_is_logged(following, caplog):
    assert next_page_query({"results": [], "next": following}) is None
    assert "the other pages are left out" in caplog.text
