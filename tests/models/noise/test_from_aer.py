"""Converting noise models of Qiskit Aer: which setters are used, and what is refused.

``tests/reference/test_noise_models.py`` compares the effect of converted models with Aer's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import PauliGate
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Kraus, SuperOp
from qiskit_aer.noise import NoiseModel as AerModel
from qiskit_aer.noise import (
    QuantumError,
    ReadoutError,
    amplitude_damping_error,
    coherent_unitary_error,
    depolarizing_error,
    pauli_error,
    thermal_relaxation_error,
)

from qiskit_qoro import NoiseModel, QoroInputError

FLIP = pauli_error([("X", 0.1), ("I", 0.9)])
FLIPS = FLIP.expand(FLIP)


def aer_model(
    everywhere: dict[str, QuantumError] | None = None,
    local: dict[tuple[str, tuple[int, ...]], QuantumError] | None = None,
) -> AerModel:
    """A model with errors of all qubits, by gate, and with local errors, by gate and qubits."""
    model = AerModel()
    for gate, error in (everywhere or {}).items():
        model.add_all_qubit_quantum_error(error, [gate])
    for (gate, qubits), error in (local or {}).items():
        model.add_quantum_error(error, [gate], list(qubits), warnings=False)
    return model


def close(model: NoiseModel) -> list[tuple[object, ...]]:
    """The calls with rounded numbers."""
    return [
        (call["method"], *(round(item, 9) if isinstance(item, float) else item for item in call["args"]))
        for call in model.calls
    ]


def test_depolarizing_noise_of_all_qubits() -> None:
    model = aer_model({"sx": depolarizing_error(0.04, 1), "cx": depolarizing_error(0.16, 2)})
    assert close(NoiseModel.from_aer(model, num_qubits=3)) == [
        ("set_1q_gate_depolarizing", 0, 0.03),
        ("set_1q_gate_depolarizing", 1, 0.03),
        ("set_1q_gate_depolarizing", 2, 0.03),
        ("set_2q_depolarizing", 0, 1, 0.15),
        ("set_2q_depolarizing", 0, 2, 0.15),
        ("set_2q_depolarizing", 1, 2, 0.15),
    ]


def test_a_local_error_takes_the_place_of_an_error_of_all_qubits() -> None:
    model = aer_model({"sx": depolarizing_error(0.04, 1)}, {("sx", (1,)): depolarizing_error(0.4, 1)})
    assert close(NoiseModel.from_aer(model, np.int64(2))) == [
        ("set_1q_gate_depolarizing", 0, 0.03),
        ("set_1q_gate_depolarizing", 1, 0.3),
    ]


def test_relaxation_acts_after_the_gates_that_it_was_set_for() -> None:
    one = thermal_relaxation_error(50, 40, 1)
    two = thermal_relaxation_error(50, 40, 5)
    pair = {("cx", (0, 1)): two.expand(two)}
    assert close(NoiseModel.from_aer(aer_model(None, {("sx", (0,)): one}))) == [
        ("set_thermal_relaxation", 0, 1.0, 50.0, 40.0),
        ("set_thermal_relaxation_2q", 0, 0.0, 50.0, 40.0),
    ]
    assert close(NoiseModel.from_aer(aer_model(None, pair))) == [
        ("set_thermal_relaxation_2q", 0, 1.0, 10.0, 8.0),
        ("set_thermal_relaxation_2q", 1, 1.0, 10.0, 8.0),
    ]
    assert close(NoiseModel.from_aer(aer_model(None, {("sx", (0,)): one, **pair}))) == [
        ("set_thermal_relaxation", 0, 1.0, 50.0, 40.0),
        ("set_thermal_relaxation_2q", 0, 1.0, 10.0, 8.0),
        ("set_thermal_relaxation_2q", 1, 1.0, 10.0, 8.0),
    ]


def test_relaxation_towards_a_mixture_keeps_its_equilibrium() -> None:
    error = thermal_relaxation_error(50, 100, 1, 0.2)
    [first, second] = NoiseModel.from_aer(aer_model({"x": error}), 1).calls
    assert first["kwargs"]["excited_population"] == pytest.approx(0.2)
    assert second["args"][1] == 0


def test_relaxation_that_differs_between_pairs_becomes_kraus_operators() -> None:
    errors = {pair: thermal_relaxation_error(50, 40, 1 + sum(pair)) for pair in ((0, 1), (1, 2))}
    model = NoiseModel.from_aer(
        aer_model(None, {("cx", pair): error.expand(error) for pair, error in errors.items()})
    )
    assert [(call["method"], call["args"][0]) for call in model.calls] == [
        ("set_kraus_channel", [0, 1]),
        ("set_kraus_channel", [1, 2]),
    ]


def test_pauli_errors_that_also_follow_two_qubit_gates_need_no_kraus_operators() -> None:
    model = aer_model({"sx": FLIP, "cx": FLIPS})
    assert close(NoiseModel.from_aer(model, 2)) == [
        ("set_qubit_noise", 0, 0.1, 0.0, 0.0),
        ("set_qubit_noise", 1, 0.1, 0.0, 0.0),
    ]
    assert not NoiseModel.from_aer(model, 2).needs_exact_channels


def test_a_dephasing_error_is_relaxation_without_t1() -> None:
    dephasing = pauli_error([("Z", 0.1), ("I", 0.9)])
    [first, _] = NoiseModel.from_aer(aer_model({"sx": dephasing}), 2).relabelled([5, 6]).calls[:2]
    assert first["args"] == [5, 1.0, 1e300, pytest.approx(-1 / math.log(0.8))]


def test_another_channel_becomes_kraus_operators() -> None:
    error = coherent_unitary_error(np.array([[1, -1j], [-1j, 1]]) / math.sqrt(2))
    [call] = NoiseModel.from_aer(aer_model(None, {("sx", (0,)): error})).calls
    assert (call["method"], call["args"][0]) == ("set_kraus_channel", [0])
    assert len(call["args"][1]) == 1
    full_damping = amplitude_damping_error(1)
    [call] = NoiseModel.from_aer(aer_model({"x": full_damping}), 1).calls
    assert call["method"] == "set_kraus_channel"


def test_the_qubits_of_a_two_qubit_channel_keep_their_order() -> None:
    error = amplitude_damping_error(0.1).expand(FLIP)  # damping on the first qubit, flips on the second
    for qubits, first in (((0, 1), amplitude_damping_error(0.1)), ((1, 0), FLIP)):
        [call] = NoiseModel.from_aer(aer_model(None, {("cx", qubits): error})).calls
        assert (call["method"], call["args"][0]) == ("set_kraus_channel", [0, 1])
        operators = [np.array(operator).reshape(2, 2, 2, 2) for operator in complex_matrices(call["args"][1])]
        # Trace out the second qubit, with its state maximally mixed.
        reduced = sum(
            np.einsum("ab,cd->acbd", operator[i, :, j, :], operator[i, :, j, :].conj()).reshape(4, 4) / 2
            for operator in operators
            for i in range(2)
            for j in range(2)
        )
        expected = SuperOp(first).data.reshape((2,) * 4).transpose(1, 0, 3, 2).reshape(4, 4)
        assert np.allclose(reduced, expected)


def complex_matrices(value: object) -> np.ndarray:
    """The matrices in a call."""
    if isinstance(value, dict):
        return complex(*value["__complex__"])
    return np.array([complex_matrices(item) for item in value]) if isinstance(value, list) else value


def test_pauli_errors_may_be_written_as_any_gates() -> None:
    circuits = [QuantumCircuit(2) for _ in range(4)]
    circuits[1].x(1)
    circuits[2].append(PauliGate("YZ"), [1, 0])  # Z on qubit 1, Y on qubit 0
    circuits[3].z(0)
    circuits[3].x(0)
    circuits[3].id(1)
    error = QuantumError(zip(circuits, [0.4, 0.3, 0.2, 0.1], strict=True))
    named = pauli_error([("II", 0.4), ("XI", 0.3), ("ZY", 0.2), ("IY", 0.1)])
    models = [NoiseModel.from_aer(aer_model(None, {("cx", (0, 1)): item})) for item in (error, named)]
    operators = [
        {np.abs(np.round(matrix, 9)).tobytes() for matrix in complex_matrices(model.calls[0]["args"][1])}
        for model in models
    ]
    assert operators[0] == operators[1]


def test_an_error_may_consist_of_any_circuits() -> None:
    circuits = [QuantumCircuit(2) for _ in range(4)]
    circuits[0].h(1)
    circuits[1].reset(1)
    circuits[1].unitary(np.diag([1, 1, 1, 1j]), [1, 0])
    circuits[2].cx(0, 1)
    circuits[3].unitary(np.array([[0, 1], [1j, 0]]), [1])
    circuits[3].z(0)
    for chosen in (circuits[:2], circuits[1:3], [circuits[3], circuits[1]]):
        error = QuantumError(zip(chosen, [0.4, 0.6], strict=True))
        [call] = NoiseModel.from_aer(aer_model(None, {("cx", (0, 1)): error})).calls
        assert SuperOp(Kraus(list(complex_matrices(call["args"][1])))) == SuperOp(error)


def test_both_directions_of_a_pair_may_have_their_error() -> None:
    error = amplitude_damping_error(0.1).expand(FLIP)
    exchanged = FLIP.expand(amplitude_damping_error(0.1))
    both = {("cx", (0, 1)): error, ("cz", (1, 0)): exchanged}
    assert NoiseModel.from_aer(aer_model(None, both)) == NoiseModel.from_aer(
        aer_model(None, {("cx", (0, 1)): error})
    )


def test_readout_errors_of_all_and_of_single_qubits() -> None:
    model = AerModel()
    model.add_all_qubit_readout_error(ReadoutError([[0.98, 0.02], [0.04, 0.96]]))
    model.add_readout_error(ReadoutError([[0.9, 0.1], [0.2, 0.8]]), [1])
    assert NoiseModel.from_aer(model, 2) == (
        NoiseModel().set_readout_error(0, 0.02, 0.04).set_readout_error(1, 0.1, 0.2)
    )
    assert NoiseModel.from_aer(model, ignore="measure") == NoiseModel()


def test_an_empty_model_has_no_noise() -> None:
    assert NoiseModel.from_aer(AerModel()) == NoiseModel()
    assert NoiseModel.from_aer(aer_model({"sx": pauli_error([("I", 1)])}), 5) == NoiseModel()


def test_errors_can_be_ignored() -> None:
    reset = aer_model({"reset": FLIP, "id": FLIP, "sx": depolarizing_error(0.04, 1)})
    assert close(NoiseModel.from_aer(reset, 1, ignore=["reset", "id"])) == [
        ("set_1q_gate_depolarizing", 0, 0.03)
    ]
    device = AerModel.from_backend(GenericBackendV2(2, basis_gates=["sx", "cx"], seed=1))
    model = NoiseModel.from_aer(device, ignore=["reset", "delay", "id", "cx"])
    assert model.qubits == (0, 1)


def two_flips_on(*pairs: tuple[str, tuple[int, ...]]) -> AerModel:
    return aer_model(None, dict.fromkeys(pairs, FLIPS))


REFUSED: list[tuple[Callable[[], AerModel], int | None, str]] = [
    (
        lambda: aer_model({"sx": FLIP, "x": depolarizing_error(0.1, 1)}),
        1,
        "sx and x have different errors on qubit 0, expected the same",
    ),
    (
        lambda: aer_model(None, {("sx", (0,)): depolarizing_error(0.1, 1), ("x", (1,)): FLIP}),
        None,
        "sx and x have different errors on qubit 0",
    ),
    (
        lambda: aer_model({"cx": FLIPS, "cz": depolarizing_error(0.1, 2)}),
        2,
        "cx and cz have different errors on qubits 0 and 1",
    ),
    (
        lambda: aer_model({"cx": FLIP.expand(amplitude_damping_error(0.1))}),
        2,
        "cx and cx in the other direction have different errors on qubits 0 and 1",
    ),
    (lambda: aer_model({"sx": FLIP}), None, "expected their number as num_qubits"),
    (lambda: aer_model({"sx": FLIP}), 0, "num_qubits is 0, expected an integer from 1 to 65536"),
    (lambda: two_flips_on(("cx", (0, 4))), 4, "num_qubits is 4, expected an integer from 5"),
    (lambda: aer_model({"reset": FLIP}), 1, "an error of 'reset', expected errors of gates"),
    (lambda: aer_model({"measure": FLIP}), 1, "leave it out with ignore=['measure']"),
    (lambda: aer_model({"ccx": FLIP.expand(FLIPS)}), 3, "an error of 'ccx' on 3 qubits"),
    (lambda: aer_model({"sx": FLIP}), 2, "neither depolarizing nor relaxation, and no two-qubit errors"),
    (
        lambda: aer_model({"sx": FLIP, "cx": depolarizing_error(0.001, 2)}),
        2,
        "the two-qubit error on qubits 0 and 1 has no counterpart",
    ),
    (
        lambda: aer_model({"sx": QuantumError(Kraus([[[1, 0], [0, 0]], [[0, 1], [0, 0]]])), "cx": FLIPS}),
        2,
        "the two-qubit error on qubits 0 and 1 has no counterpart",
    ),
    (lambda: AerModel.from_backend(GenericBackendV2(2, seed=1)), None, "noise during delays"),
]


@pytest.mark.parametrize(("make", "num_qubits", "message"), REFUSED)
def test_what_has_no_counterpart_is_refused(
    make: Callable[[], AerModel], num_qubits: int | None, message: str
) -> None:
    with pytest.raises(QoroInputError, match=re.escape(message)):
        NoiseModel.from_aer(make(), num_qubits)


def test_a_joint_readout_error_is_refused() -> None:
    model = AerModel()
    model.add_readout_error(ReadoutError(np.eye(4)[::-1]), [0, 1])
    with pytest.raises(QoroInputError, match="a joint readout error on qubits 0, 1"):
        NoiseModel.from_aer(model)


def test_an_object_of_another_class_is_refused() -> None:
    with pytest.raises(
        QoroInputError, match="NoiseModel has no _default_quantum_errors, expected a NoiseMod"
    ):
        NoiseModel.from_aer(NoiseModel())
    with pytest.raises(QoroInputError, match="int has no _default_quantum_errors"):
        NoiseModel.from_aer(5)
