"""The errors of a device by qubit and by pair."""

from __future__ import annotations

from qiskit_qoro.models.devices import DeviceProperties, OperationProperties

DEVICE = DeviceProperties(
    (
        OperationProperties("measure", (0,), 0.02),
        OperationProperties("measure", (2,), None),
        OperationProperties("sx", (0,), 1e-4),
        OperationProperties("x", (0,), 3e-4),
        OperationProperties("rz", (1,), 0.0),
        OperationProperties("reset", (2,), 0.5),
        OperationProperties("cx", (1, 0), 0.01),
        OperationProperties("cx", (0, 1), 0.03),
        OperationProperties("cz", (1, 2), None),
        OperationProperties("cz", (2, 3), 0.1),
    )
)


def test_the_readout_errors_of_the_first_qubits() -> None:
    assert DEVICE.readout_errors(3) == [0.02, None, None]
    assert DEVICE.readout_errors(1) == [0.02]


def test_the_worst_gate_of_a_qubit_counts_and_a_reset_is_no_gate() -> None:
    assert DEVICE.gate_errors(3) == [3e-4, 0.0, None]


def test_the_worst_gate_or_direction_of_a_pair_counts() -> None:
    assert DEVICE.pair_errors(3) == {(0, 1): 0.03, (1, 2): None}
    assert DEVICE.pair_errors(4)[2, 3] == 0.1
