"""Simulator clusters, QPU systems and QPUs."""

import pytest

from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster


@pytest.mark.parametrize(
    ("status", "operational"),
    [
        ("online", True),
        ("Available", True),
        ("unknown", True),
        ("OFFLINE", False),
        (" maintenance ", False),
    ],
)
def test_a_qpu_is_operational_unless_its_status_says_otherwise(status, operational):
    assert QPU("a", 5, status, "ion trap").is_operational is operational


def test_missing_fields_have_the_defaults_of_the_wire_format():
    cluster, system = SimulatorCluster("c"), QPUSystem("q")
    assert (cluster.access_level, cluster.minimum_tier, cluster.supports_expval) == ("PUBLIC", "FREE", True)
    assert (system.qpus, system.supports_expval) == ((), False)
