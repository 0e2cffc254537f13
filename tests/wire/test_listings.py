"""The lists of QPU systems and simulator clusters."""

import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster
from qiskit_qoro.wire.listings import (
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


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "body"),
        (["x"], "QPU system"),
        ([{}], "name"),
        ([{"name": "q", "qpus": {}}], "qpus"),
        ([{"name": "q", "qpus": [5]}], "qpus"),
        ([{"name": "q", "qpus": [{"q_bits": 5}]}], "nickname"),
        ([{"name": "q", "qpus": [{"nickname": "n", "q_bits": -1}]}], "q_bits"),
        ([{"name": "q", "qpus": [{"nickname": "n", "q_bits": "5"}]}], "q_bits"),
        ([{"name": "q", "supports_expval": "yes"}], "supports_expval"),
        ([{"name": "q", "access_level": 5}], "access_level"),
    ],
)
def test_an_invalid_field_of_a_qpu_system_is_named(body, named):
    with pytest.raises(WireError, match=named):
        qpu_systems_from_json(body)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (None, "body"),
        ([5], "simulator cluster"),
        ([{}], "name"),
        ([{"name": "c", "minimum_tier": 1}], "minimum_tier"),
    ],
)
def test_an_invalid_field_of_a_simulator_cluster_is_named(body, named):
    with pytest.raises(WireError, match=named):
        simulator_clusters_from_json(body)
