"""The local QPU makes errors at the rates that it declares, and no others."""

import numpy as np
import pytest
from rustworkx import PyGraph, cycle_basis, is_connected

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.devices import (
    LOCAL_HEAVY_HEX,
    LOCAL_QPU,
    QPU_SYSTEMS,
    SIMULATOR_CLUSTERS,
    device_errors,
)
from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.simulator import sample
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.wire.listings import qpu_systems_to_json

HEADER = 'OPENQASM 2.0; include "qelib1.inc";'
RATES = device_errors("local_qpu")
SHOTS = 200_000


def noisy(body, shots=SHOTS):
    return sample(HEADER + body, shots, engine_settings(DeviceConfig({"SEED": 11}), "local_qpu"))


def within_statistics(count, probability):
    return abs(count - SHOTS * probability) < 5 * np.sqrt(SHOTS * probability * (1 - probability))


def either(*probabilities):
    """The probability that an odd number of independent events happens."""
    return (1 - np.prod([1 - 2 * probability for probability in probabilities])) / 2


def test_a_bell_pair_has_odd_parity_as_often_as_the_rates_predict():
    counts = noisy("qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;")
    # CX is H, CZ, H. 8 of the 15 two-qubit Paulis after CZ change the parity, and so do 2 of the 3 Paulis
    # after each H on the target. An error after the H on the other qubit does not. Each readout may be wrong.
    pulse = RATES.one_qubit[1] * 2 / 3
    expected = either(pulse, RATES.two_qubit[0][1] * 8 / 15, pulse, *RATES.readout[:2])
    assert within_statistics(counts["01"] + counts["10"], expected)
    assert expected == pytest.approx(0.033, abs=1e-3)


def test_one_qubit_gates_and_readouts_are_wrong_as_often_as_the_rates_predict():
    counts = noisy("qreg q[1]; creg c[1];" + "x q[0];" * 101 + "measure q -> c;")
    assert within_statistics(counts["0"], either(*[RATES.one_qubit[0] * 2 / 3] * 101, RATES.readout[0]))


def test_phases_have_no_errors():
    phases = "rz(0.3) q[0]; t q[0]; p(1) q[0]; z q[0];"
    counts = noisy(f"qreg q[1]; creg c[1]; {phases * 50} x q[0]; {phases * 50} measure q -> c;")
    assert within_statistics(counts["0"], either(RATES.one_qubit[0] * 2 / 3, RATES.readout[0]))


def test_a_gate_between_qubits_that_are_not_coupled_has_the_errors_of_its_swaps():
    counts = noisy(
        "qreg q[7]; creg c[2];" + "cz q[0],q[6];" * 9 + "measure q[0] -> c[0]; measure q[6] -> c[1];"
    )
    # The path is 0, 1, 3, 4, 6: three swaps of three gates each, and the gate itself.
    path = [(0, 1), (1, 3), (3, 4)] * 3 + [(4, 6)]
    rate = 1 - np.prod([1 - RATES.two_qubit[a][b] for a, b in path])
    assert rate == pytest.approx(0.06, abs=1e-2)
    assert RATES.two_qubit[0][6] == RATES.two_qubit[6][0] == pytest.approx(rate)
    wrong = either(*[rate * 8 / 15] * 9)
    assert within_statistics(counts["01"] + counts["10"], either(wrong, RATES.readout[0], RATES.readout[6]))


def test_a_qubit_has_the_rates_of_its_place_on_the_device():
    counts = noisy("qreg q[7]; creg c[1]; measure q[5] -> c[0];")
    assert within_statistics(counts["1"], RATES.readout[5])
    # A program may declare more qubits than the device has. Those that do not fit get a free place.
    counts = noisy("qreg q[50]; creg c[2]; measure q[0] -> c[0]; measure q[40] -> c[1];")
    assert within_statistics(counts["01"] + counts["11"], RATES.readout[0])
    assert within_statistics(counts["10"] + counts["11"], RATES.readout[1])


def test_a_gate_outside_the_basis_has_the_errors_of_the_basis_gates():
    body = "qreg q[2]; creg c[2]; {} measure q[0] -> c[0];"
    swapped = noisy(body.format("swap q[0],q[1];" * 9))
    decomposed = noisy(body.format("cx q[0],q[1]; cx q[1],q[0]; cx q[0],q[1];" * 9))
    assert swapped == decomposed


def test_conditions_use_the_measured_value_with_its_readout_error():
    shots = 20_000
    counts = noisy(
        "qreg q[2]; creg a[1]; creg b[1]; x q[0]; measure q[0] -> a[0];"
        "if (a == 0) x q[1]; measure q[1] -> b[0];",
        shots,
    )
    # If a is misread as 0, the condition flips q[1]. Otherwise 10 would need two readout errors.
    expected = shots * RATES.readout[0] * (1 - RATES.readout[1])
    assert abs(counts["10"] - expected) < 5 * np.sqrt(expected)
    assert counts["00"] < expected / 10


def test_a_circuit_wider_than_the_widest_qpu_is_refused():
    noisy("qreg q[7]; creg c[7]; h q; measure q -> c;", 10)
    with pytest.raises(QoroInputError, match="uses 8 qubits, the widest QPU of local_qpu has 7"):
        noisy("qreg q[8]; creg c[8]; h q; measure q -> c;", 10)


def test_an_unknown_device_is_refused():
    with pytest.raises(QoroInputError, match="no QPU system 'fez', expected one of local_qpu"):
        engine_settings(None, "fez")


def test_there_is_one_cluster_and_a_small_and_a_large_system():
    assert [cluster.name for cluster in SIMULATOR_CLUSTERS] == ["qoro_maestro"]
    assert QPU_SYSTEMS == (LOCAL_QPU, LOCAL_HEAVY_HEX)
    assert [qpu.q_bits for system in QPU_SYSTEMS for qpu in system.qpus] == [5, 7, 27]
    for system in QPU_SYSTEMS:
        assert not system.supports_expval
        assert all(qpu.is_operational for qpu in system.qpus)


def test_the_heavy_hex_device_is_two_hexagons_with_a_qubit_on_each_edge():
    (qpu,) = LOCAL_HEAVY_HEX.qpus
    graph = PyGraph()
    graph.add_nodes_from(range(27))
    graph.extend_from_edge_list(qpu.properties.pairs)
    # A cycle basis has two cycles: two hexagons, or one of them and the way around both.
    assert min(map(len, cycle_basis(graph))) == 12
    assert len(cycle_basis(graph)) == 2
    assert max(graph.degree(qubit) for qubit in range(27)) == 3


@pytest.mark.parametrize(
    "qpu", [qpu for system in QPU_SYSTEMS for qpu in system.qpus], ids=lambda q: q.nickname
)
def test_the_properties_of_each_qubit_are_physical_and_differ(qpu):
    properties = qpu.properties
    assert len(properties.qubits) == qpu.q_bits
    assert all(0 < qubit.t2_s < qubit.t1_s for qubit in properties.qubits)
    graph = PyGraph()
    graph.add_nodes_from(range(qpu.q_bits))
    graph.extend_from_edge_list(properties.pairs)
    assert is_connected(graph)
    places = [(qubit,) for qubit in range(qpu.q_bits)]
    for name, where in {"sx": places, "measure": places, "cz": properties.pairs}.items():
        errors = [properties.error(name, *qubits) for qubits in where]
        assert len(set(errors)) == len(where)
        assert all(0 < error < 0.03 for error in errors)


def test_the_smaller_qpu_is_a_part_of_the_larger_one():
    small, large = (qpu.properties for qpu in LOCAL_QPU.qpus)
    assert small.qubits == large.qubits[:5]
    assert set(small.operations) < set(large.operations)


def test_qpus_have_only_the_fields_that_clients_of_release_0_12_accept() -> None:
    for system in qpu_systems_to_json(QPU_SYSTEMS):
        assert all(set(qpu) == {"nickname", "q_bits", "status", "system_kind"} for qpu in system["qpus"])
