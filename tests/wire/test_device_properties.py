"""The properties of QPUs in the list of QPU systems."""

from __future__ import annotations

import json

import pytest

from qiskit_qoro.local.engine.devices import QPU_SYSTEMS
from qiskit_qoro.models.devices import DeviceProperties, OperationProperties, QubitProperties
from qiskit_qoro.wire.device_properties import device_properties_from_json, device_properties_to_json
from qiskit_qoro.wire.listings import qpu_systems_from_json, qpu_systems_to_json

PROPERTIES = DeviceProperties(
    operations=(
        OperationProperties("sx", (0,), 2e-4, 4e-8),
        OperationProperties("cz", (0, 1), None, 1e-7),
        OperationProperties("measure", (1,), 0.0),
    ),
    qubits=(QubitProperties(1e-4, 8e-5), QubitProperties()),
    dt_s=1e-9,
)
BODY = {
    "dt_s": 1e-9,
    "qubits": [{"t1_s": 1e-4, "t2_s": 8e-5}, {}],
    "operations": [
        {"name": "sx", "qubits": [0], "error": 2e-4, "duration_s": 4e-8},
        {"name": "cz", "qubits": [0, 1], "duration_s": 1e-7},
        {"name": "measure", "qubits": [1], "error": 0.0},
    ],
}


def test_properties_are_encoded_and_decoded_and_unknown_values_are_left_out() -> None:
    assert device_properties_to_json(PROPERTIES) == BODY
    assert device_properties_from_json(BODY, "qpu") == PROPERTIES
    assert device_properties_from_json({}, "qpu") == DeviceProperties()
    assert device_properties_from_json(None, "qpu") is None


def test_the_systems_of_the_local_service_keep_their_properties_on_the_wire() -> None:
    body = json.loads(json.dumps(qpu_systems_to_json(QPU_SYSTEMS)))
    assert qpu_systems_from_json(body) == list(QPU_SYSTEMS)
    assert set(body[0]["device_properties"]) == {"local_qpu_5", "local_qpu_7"}


def test_properties_belong_to_the_qpu_of_their_nickname() -> None:
    qpus = [{"nickname": "a", "q_bits": 2}, {"nickname": "b", "q_bits": 2}]
    body = [{"name": "s", "qpus": qpus, "device_properties": {"b": BODY, "c": BODY}}]
    (system,) = qpu_systems_from_json(body)
    assert [qpu.properties for qpu in system.qpus] == [None, PROPERTIES]


@pytest.mark.parametrize("odd", [5, "x", [], [BODY], True])
def test_properties_that_are_not_objects_count_as_unknown(
    odd: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert device_properties_from_json(odd, "QPU 'a'") is None
    assert "QPU 'a': its properties are" in caplog.text
    qpus = [{"nickname": "a", "q_bits": 2}]
    (system,) = qpu_systems_from_json([{"name": "s", "qpus": qpus, "device_properties": odd}])
    assert [qpu.properties for qpu in system.qpus] == [None]


@pytest.mark.parametrize("odd", [-1, 1.5, float("nan"), "much", [1], True])
def test_a_value_that_cannot_be_read_counts_as_unknown(odd: object) -> None:
    body = {
        "dt_s": odd if odd != 1.5 else 0,
        "qubits": [{"t1_s": odd if odd != 1.5 else 0, "t2_s": 8e-5}],
        "operations": [{"name": "sx", "qubits": [0], "error": odd, "duration_s": -1e-9}],
    }
    assert device_properties_from_json(body, "qpu") == DeviceProperties(
        (OperationProperties("sx", (0,)),), (QubitProperties(None, 8e-5),)
    )


@pytest.mark.parametrize(
    "odd",
    [
        5,
        {},
        {"name": "", "qubits": [0]},
        {"name": "sx"},
        {"name": "sx", "qubits": 0},
        {"name": "sx", "qubits": [-1]},
        {"name": "sx", "qubits": ["0"]},
    ],
)
def test_an_operation_that_cannot_be_read_is_left_out(odd: object, caplog: pytest.LogCaptureFixture) -> None:
    body = BODY | {"operations": [odd, *BODY["operations"]]}  # type: ignore[misc]
    assert device_properties_from_json(body, "QPU 'a'") == PROPERTIES
    assert "QPU 'a': operations[0] is left out" in caplog.text


def test_a_qubit_that_cannot_be_read_keeps_its_place() -> None:
    body = {"qubits": [7, {"t1_s": 1e-4}]}
    properties = device_properties_from_json(body, "qpu")
    assert properties == DeviceProperties(qubits=(QubitProperties(), QubitProperties(1e-4)))


def test_the_coupled_pairs_are_those_with_a_gate_on_two_different_qubits() -> None:
    operations = [
        ("cz", (2, 1)),
        ("cx", (1, 2)),
        ("swap", (0, 1)),
        ("ccx", (0, 1, 2)),
        ("cz", (1, 1)),
        ("x", (0,)),
    ]
    properties = DeviceProperties(tuple(OperationProperties(*each) for each in operations))
    assert properties.pairs == ((0, 1), (1, 2))
    assert PROPERTIES.error("sx", 0) == 2e-4
    assert PROPERTIES.error("sx", 1) is PROPERTIES.error("cz", 0, 1) is None
