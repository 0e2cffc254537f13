"""The local QPU makes errors at the rates that it declares, and no others."""

import numpy as np
import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.devices import LOCAL_QPU, LOCAL_QPU_ERRORS, QPU_SYSTEMS, SIMULATOR_CLUSTERS
from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.simulator import sample
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.wire.listings import qpu_systems_to_json

HEADER = 'OPENQASM 2.0; include "qelib1.inc";'
RATES = LOCAL_QPU_ERRORS
SHOTS = 200_000


def noisy(body, shots=SHOTS):
    return sample(HEADER + body, shots, engine_settings(DeviceConfig({"SEED": 11}), "local_qpu"))


def within_statistics(count, probability):
    return abs(count - SHOTS * probability) < 5 * np.sqrt(SHOTS * probability * (1 - probability))


def misread(flipped):
    """The probability of a wrong readout of a bit that was flipped with a probability."""
    return flipped * (1 - RATES.readout) + (1 - flipped) * RATES.readout


def test_a_bell_pair_has_odd_parity_as_often_as_the_rates_predict():
    counts = noisy("qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;")
    # 8 of the 15 two-qubit Paulis flip exactly one qubit. An error after H does not change the parity,
    # because CX copies it to both qubits. Then each of the two readouts may be wrong.
    odd = RATES.two_qubit * 8 / 15
    read_odd = 2 * RATES.readout * (1 - RATES.readout)
    expected = odd * (1 - read_odd) + (1 - odd) * read_odd
    assert within_statistics(counts["01"] + counts["10"], expected)
    assert expected == pytest.approx(0.0326, abs=1e-3)


def test_one_qubit_gates_and_readouts_are_wrong_as_often_as_the_rates_predict():
    counts = noisy("qreg q[1]; creg c[1];" + "x q[0];" * 101 + "measure q -> c;")
    flipped = (1 - (1 - 4 / 3 * RATES.one_qubit) ** 101) / 2
    assert within_statistics(counts["0"], misread(flipped))


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
    expected = shots * RATES.readout * (1 - RATES.readout)
    assert abs(counts["10"] - expected) < 5 * np.sqrt(expected)
    assert counts["00"] < expected / 10


def test_a_circuit_wider_than_the_widest_qpu_is_refused():
    noisy("qreg q[7]; creg c[7]; h q; measure q -> c;", 10)
    with pytest.raises(QoroInputError, match="uses 8 qubits, the widest QPU of local_qpu has 7"):
        noisy("qreg q[8]; creg c[8]; h q; measure q -> c;", 10)


def test_an_unknown_device_is_refused():
    with pytest.raises(QoroInputError, match="no QPU system 'fez', expected one of local_qpu"):
        engine_settings(None, "fez")


def test_there_is_one_cluster_and_one_system_of_two_qpus():
    assert [cluster.name for cluster in SIMULATOR_CLUSTERS] == ["qoro_maestro"]
    assert QPU_SYSTEMS == (LOCAL_QPU,)
    assert [qpu.q_bits for qpu in LOCAL_QPU.qpus] == [5, 7]
    assert not LOCAL_QPU.supports_expval
    assert all(qpu.is_operational for qpu in LOCAL_QPU.qpus)


def test_qpus_have_only_the_fields_that_clients_of_release_0_12_accept() -> None:
    (system,) = qpu_systems_to_json(QPU_SYSTEMS)
    assert all(set(qpu) == {"nickname", "q_bits", "status", "system_kind"} for qpu in system["qpus"])
