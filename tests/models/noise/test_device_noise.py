"""Noise models of devices: the reported errors are reproduced, and missing properties cause no noise."""

from __future__ import annotations

import math

import pytest
from qiskit.circuit import Delay, IfElseOp, Measure, Parameter, Reset
from qiskit.circuit.library import CXGate, ECRGate, IGate, RZGate, SXGate, U2Gate, U3Gate, XGate
from qiskit.providers import QubitProperties
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import SuperOp, average_gate_fidelity
from qiskit.transpiler import InstructionProperties, Target
from qiskit_aer.noise import depolarizing_error, thermal_relaxation_error

from qiskit_qoro import NoiseModel, QoroBackend, QoroInputError

T1, T2 = (100e-6, 50e-6), (120e-6, 100e-6)  # T2 = T1 and T2 < T1


def device(**operations: object) -> Target:
    """A target of two qubits. An operation is given by its name, with its properties by qubits."""
    properties = [QubitProperties(t1=t1, t2=t2) for t1, t2 in zip(T1, T2, strict=True)]
    target = Target(num_qubits=2, qubit_properties=properties)
    gates = [CXGate(), ECRGate(), IGate(), RZGate(Parameter("a")), SXGate(), XGate(), Measure(), Reset()]
    by_name = {gate.name: gate for gate in gates}
    for name, values in operations.items():
        target.add_instruction(
            by_name[name],
            {qubits: InstructionProperties(*figures) for qubits, figures in values.items()},
        )
    return target


def arguments(model: NoiseModel, method: str) -> dict[tuple[int, ...], list[float]]:
    """The figures of the calls of a setter, by qubits."""
    width = 2 if method == "set_2q_depolarizing" else 1
    calls = [call["args"] for call in model.calls if call["method"] == method]
    return {tuple(args[:width]): args[width:] for args in calls}


def channel(model: NoiseModel, qubits: tuple[int, ...]) -> SuperOp:
    """The noise after a gate on one or two qubits, built with Aer."""
    width = len(qubits)
    suffix = "" if width == 1 else "_2q"
    method = "set_1q_gate_depolarizing" if width == 1 else "set_2q_depolarizing"
    p = arguments(model, method).get(qubits, [0.0])[0]
    noise = SuperOp(depolarizing_error(p / (1 - 4.0**-width), width))
    relaxations = arguments(model, f"set_thermal_relaxation{suffix}")
    relaxed = None
    for qubit in qubits:
        duration, t1, t2 = relaxations.get((qubit,), [0.0, 1.0, 1.0])
        one = SuperOp(thermal_relaxation_error(t1, t2, duration))
        relaxed = one if relaxed is None else relaxed.expand(one)
    return noise.compose(relaxed)


def test_the_average_fidelity_of_each_gate_is_the_reported_one() -> None:
    target = device(
        sx={(0,): (35e-9, 4e-4), (1,): (35e-9, 9e-4)}, cx={(0, 1): (300e-9, 8e-3)}, rz={(0,): (0.0, 0.0)}
    )
    model = NoiseModel.from_target(target)
    for qubits, error in (((0,), 4e-4), ((1,), 9e-4), ((0, 1), 8e-3)):
        assert average_gate_fidelity(channel(model, qubits)) == pytest.approx(1 - error, abs=1e-12)
    without_relaxation = NoiseModel.from_target(target, thermal_relaxation=False)
    assert arguments(without_relaxation, "set_1q_gate_depolarizing")[0,] == [pytest.approx(4e-4 * 1.5)]
    assert arguments(without_relaxation, "set_2q_depolarizing")[0, 1] == [pytest.approx(8e-3 * 1.25)]
    assert {call["method"] for call in without_relaxation.calls} == {
        "set_1q_gate_depolarizing",
        "set_2q_depolarizing",
    }


def test_a_gate_that_is_no_worse_than_relaxation_has_no_depolarizing_noise() -> None:
    model = NoiseModel.from_target(device(sx={(0,): (10e-6, 1e-4)}, cx={(0, 1): (10e-6, 1e-4)}))
    assert arguments(model, "set_1q_gate_depolarizing") == arguments(model, "set_2q_depolarizing") == {}
    assert arguments(model, "set_thermal_relaxation")[0,] == [10e-6, T1[0], T2[0]]


def test_a_broken_gate_is_as_bad_as_a_gate_can_be() -> None:
    target = device(sx={(0,): (0.0, 1.0)}, cx={(0, 1): (0.0, 1.0)})
    model = NoiseModel.from_target(target, thermal_relaxation=False)
    assert arguments(model, "set_1q_gate_depolarizing")[0,] == [1.0]
    assert arguments(model, "set_2q_depolarizing")[0, 1] == [1.0]


def test_the_rates_are_averages_over_gates_and_directions_without_virtual_and_identity_gates() -> None:
    target = device(
        sx={(0,): (20e-9, 1e-3)},
        x={(0,): (40e-9, 3e-3)},
        rz={(0,): (0.0, 0.0)},
        id={(0,): (500e-9, 0.5)},
        reset={(0,): (1e-6, 0.5)},
        cx={(0, 1): (200e-9, 1e-2), (1, 0): (400e-9, 3e-2)},
    )
    model = NoiseModel.from_target(target)
    assert average_gate_fidelity(channel(model, (0,))) == pytest.approx(1 - 2e-3, abs=1e-12)
    assert average_gate_fidelity(channel(model, (0, 1))) == pytest.approx(1 - 2e-2, abs=1e-12)
    assert arguments(model, "set_thermal_relaxation")[0,][0] == pytest.approx(30e-9)
    assert arguments(model, "set_thermal_relaxation_2q")[1,][0] == pytest.approx(300e-9)


def test_the_one_qubit_gates_that_an_ecr_gate_is_written_with_are_part_of_its_error() -> None:
    sx = {(0,): (30e-9, 1e-3), (1,): (50e-9, 2e-3)}
    model = NoiseModel.from_target(device(sx=sx, ecr={(1, 0): (500e-9, 1e-2)}))
    assert average_gate_fidelity(channel(model, (0, 1))) == pytest.approx(1 - 7e-3, abs=1e-12)
    assert arguments(model, "set_thermal_relaxation_2q")[0,][0] == pytest.approx(460e-9)


def test_readout_errors_are_those_of_measurements() -> None:
    target = device(measure={(0,): (1e-6, 0.02), (1,): (1e-6, 0.0)})
    model = NoiseModel.from_target(target, thermal_relaxation=False)
    assert model == NoiseModel().set_readout_error(0, 0.02, 0.02)
    properties = target["measure"][0,]
    properties.prob_meas1_prep0, properties.prob_meas0_prep1 = 0.01, 0.04
    asymmetric = NoiseModel.from_target(target, thermal_relaxation=False)
    assert asymmetric == NoiseModel().set_readout_error(0, 0.01, 0.04)
    assert NoiseModel.from_target(target, thermal_relaxation=False, readout_error=False) == NoiseModel()


def test_qubits_decay_during_delays() -> None:
    model = NoiseModel.from_target(device(), gate_error=False)
    assert arguments(model, "set_idle_noise") == {(0,): [T1[0], T2[0]], (1,): [T1[1], T2[1]]}


def test_unphysical_times_are_shortened_and_missing_ones_are_infinite() -> None:
    times = [(1e-4, 3e-4), (None, 1e-4), (1e-4, None), (None, None), (math.nan, math.inf)]
    properties = [QubitProperties(t1=t1, t2=t2) for t1, t2 in times]
    target = Target(num_qubits=5, qubit_properties=properties)
    assert arguments(NoiseModel.from_target(target), "set_idle_noise") == {
        (0,): [1e-4, 2e-4],
        (1,): [1e300, 1e-4],
        (2,): [1e-4, 2e-4],
    }


def test_a_model_for_random_realizations_needs_no_exact_channels_and_keeps_the_fidelities() -> None:
    properties = [QubitProperties(t1=50e-6, t2=90e-6)]
    target = Target(num_qubits=1, qubit_properties=properties)
    target.add_instruction(SXGate(), {(0,): InstructionProperties(50e-9, 4e-3)})
    exact, random = (NoiseModel.from_target(target, random_realizations=value) for value in (False, True))
    assert exact.needs_exact_channels
    assert not random.needs_exact_channels
    assert arguments(random, "set_thermal_relaxation")[0,] == [50e-9, 50e-6, 50e-6]
    for model in (exact, random):
        assert average_gate_fidelity(channel(model, (0,))) == pytest.approx(1 - 4e-3, abs=1e-12)


def test_missing_properties_cause_no_noise() -> None:
    target = Target(num_qubits=2)
    target.add_instruction(SXGate(), {(0,): None, (1,): InstructionProperties()})
    target.add_instruction(CXGate(), {(0, 1): None})
    target.add_instruction(Delay(Parameter("t")), {(0,): None})
    target.add_instruction(IfElseOp, name="if_else")
    target.add_instruction(Measure())
    assert NoiseModel.from_target(target) == NoiseModel()


def test_errors_that_only_make_the_transpiler_prefer_gates_are_no_noise() -> None:
    marked, wrong = (device(sx={(0,): (None, error)}) for error in (1e-10, 1.1e-10))
    assert arguments(NoiseModel.from_target(marked), "set_1q_gate_depolarizing") == {}
    assert set(arguments(NoiseModel.from_target(wrong), "set_1q_gate_depolarizing")) == {(0,)}


def test_a_simulator_has_no_noise(backend: QoroBackend) -> None:
    assert NoiseModel.from_backend(backend) == NoiseModel()


def test_a_device_with_other_gates_is_accepted() -> None:
    target = Target(num_qubits=1)
    angles = [Parameter(name) for name in "abc"]
    target.add_instruction(U2Gate(*angles[:2]), {(0,): InstructionProperties(error=1e-3)})
    target.add_instruction(U3Gate(*angles), {(0,): InstructionProperties(error=2e-3)})
    assert arguments(NoiseModel.from_target(target), "set_1q_gate_depolarizing")[0,] == [
        pytest.approx(1.5e-3 * 1.5)
    ]


def test_a_backend_has_the_model_of_its_target() -> None:
    backend = GenericBackendV2(5, seed=3)
    model = NoiseModel.from_backend(backend)
    assert model == NoiseModel.from_target(backend.target)
    assert model.qubits == (0, 1, 2, 3, 4)
    options = {"gate_error": False, "thermal_relaxation": False}
    methods = {call["method"] for call in NoiseModel.from_backend(backend, **options).calls}
    assert methods == {"set_readout_error"}


def test_an_object_that_is_no_device_is_refused() -> None:
    with pytest.raises(QoroInputError, match="int has no target, expected a BackendV2"):
        NoiseModel.from_backend(5)
    with pytest.raises(QoroInputError, match="the target has no qubits"):
        NoiseModel.from_target(Target())
