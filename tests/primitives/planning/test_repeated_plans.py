"""A primitive that plans the same row again and again returns the same plans as a new one."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter, ParameterVector
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import Pauli, SparseObservable, SparsePauliOp

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.noise.model import NoiseModel
from qiskit_qoro.primitives import QoroEstimator, QoroSampler
from qiskit_qoro.primitives.planning.plan import Plan
from qiskit_qoro.primitives.planning.repeated_plans import key_of_observables

REPETITIONS = 4  # the first plan is remembered, the second one prepared, the others are filled in
H2 = SparsePauliOp(["II", "IZ", "ZI", "ZZ", "XX"], [-1.05, 0.4, -0.4, -0.01, 0.18])


def contents(plan: Plan) -> list[Any]:
    return [
        str(plan),
        plan.num_pubs,
        plan.jobs,
        plan.submissions,
        plan.tag,
        plan.use_circuit_packing,
        plan.execution_config,
        plan.postprocessor.kind,
        plan.postprocessor.to_document(),
    ]


def ansatz(rng: np.random.Generator, *, num_qubits: int, measured: bool) -> QuantumCircuit:
    """Make a random circuit of parameters, expressions of them, and numbers."""
    theta = ParameterVector("θ", 4)
    phi = Parameter("a0")
    circuit = QuantumCircuit(num_qubits, num_qubits if measured else 0)
    if rng.random() < 0.3:
        circuit.global_phase = Parameter("A") / 3
    for _ in range(12):
        first, second = map(int, rng.permutation(num_qubits)[:2])
        angle = [theta[int(rng.integers(4))], phi, 2 * phi, theta[0] * theta[1] - 0.3, -0.0, 0.25][
            rng.integers(6)
        ]
        match int(rng.integers(6)):
            case 0:
                circuit.cx(first, second)
            case 1:
                circuit.rzz(angle, first, second)
            case 2:
                circuit.u(angle, 0.5, phi, first)
            case 3:
                circuit.h(first)
            case 4:
                circuit.barrier()
            case _:
                circuit.ry(angle, first)
    circuit.rx(phi, 0)
    if measured:
        circuit.measure(range(num_qubits), range(num_qubits))
    return circuit


def is_filled_in(plan: Plan, earlier: Plan) -> bool:
    return plan.postprocessor is earlier.postprocessor


@pytest.mark.parametrize("seed", range(12))
def test_repeated_plans_of_an_estimator_are_those_of_a_new_one(backend: QoroBackend, seed: int) -> None:
    rng = np.random.default_rng(seed)
    num_qubits = int(rng.integers(2, 5))
    circuit = ansatz(rng, num_qubits=num_qubits, measured=seed % 3 == 0)
    strings = ["".join(rng.choice(list("IXYZ"), num_qubits)) for _ in range(5)] + ["Z" * num_qubits]
    operator = SparsePauliOp(strings, rng.normal(size=6))
    observables: Any = [
        operator,
        [operator, "Z" * num_qubits],
        [[operator], [2 * operator]],
        [[Pauli("X" * num_qubits)], ["0" * num_qubits]],
    ][seed % 4]
    estimator = QoroEstimator(backend)
    plans = []
    for _ in range(REPETITIONS):
        values = rng.normal(size=circuit.num_parameters)
        # A copy of the circuit is as good as the circuit itself.
        pub = (circuit.copy(), observables, values.tolist() if seed % 2 else values[np.newaxis], None)
        plans.append(estimator.plan([pub]))
        assert contents(plans[-1]) == contents(QoroEstimator(backend).plan([pub]))
    assert is_filled_in(plans[3], plans[2])


@pytest.mark.parametrize("seed", range(6))
def test_repeated_plans_of_a_sampler_are_those_of_a_new_one(backend: QoroBackend, seed: int) -> None:
    rng = np.random.default_rng(seed)
    circuit = ansatz(rng, num_qubits=3, measured=True)
    sampler = QoroSampler(backend, options={"seed_simulator": seed})
    plans = []
    for _ in range(REPETITIONS):
        pub = (circuit, rng.normal(size=circuit.num_parameters), 10 + seed)
        plans.append(sampler.plan([pub]))
        expected = QoroSampler(backend, options={"seed_simulator": seed}).plan([pub])
        assert contents(plans[-1]) == contents(expected)
    assert is_filled_in(plans[3], plans[2])


@pytest.mark.parametrize("shape", [(2,), (3, 1), (2, 3)])
def test_repeated_plans_of_several_rows_are_those_of_a_new_estimator(
    backend: QoroBackend, shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(len(shape))
    circuit = efficient_su2(2, reps=1)
    circuit.rx(circuit.parameters[0] * circuit.parameters[1], 0)
    estimator, sampler = QoroEstimator(backend), QoroSampler(backend)
    measured = circuit.measure_all(inplace=False)
    plans = []
    for number in range(8):
        values = rng.normal(size=(*shape, circuit.num_parameters))
        rows = values.reshape(-1, circuit.num_parameters)
        if number == 5:
            rows[1] = rows[0]
        elif number == 6:
            rows[:, 3] = 0.5  # written into the text
        pub = (circuit, H2, values)
        plans.append(estimator.plan([pub]))
        assert contents(plans[-1]) == contents(QoroEstimator(backend).plan([pub]))
        expected = QoroSampler(backend).plan([(measured, values, 7)])
        assert contents(sampler.plan([(measured, values, 7)])) == contents(expected)
    assert [is_filled_in(plan, plans[2]) for plan in plans[3:]] == [True, True, False, False, True]


def _change_an_angle(circuit: QuantumCircuit) -> None:
    circuit.data[0] = circuit.data[0].replace(params=[0.1 * circuit.parameters[1]])


def _change_a_number(circuit: QuantumCircuit) -> None:
    circuit.data[-1] = circuit.data[-1].replace(params=[math.nextafter(0.5, 1)])


CIRCUIT_CHANGES: dict[str, Callable[[QuantumCircuit], object]] = {
    "gate": lambda circuit: circuit.h(0),
    "angle": _change_an_angle,
    "number": _change_a_number,
    "rename a parameter": lambda circuit: circuit.assign_parameters(
        {circuit.parameters[0]: Parameter("zz")}, inplace=True
    ),
    "metadata": lambda circuit: setattr(circuit, "metadata", {"step": 1}),
    "global phase": lambda circuit: setattr(circuit, "global_phase", 2 * circuit.parameters[0]),
    "other order": lambda circuit: circuit.data.reverse(),
}


@pytest.mark.parametrize("change", CIRCUIT_CHANGES.values(), ids=CIRCUIT_CHANGES)
def test_a_circuit_that_was_changed_in_place_has_a_new_plan(
    backend: QoroBackend, change: Callable[[QuantumCircuit], object]
) -> None:
    circuit = efficient_su2(2, reps=1)
    circuit.rz(0.5, 0)
    values = np.linspace(0.1, 0.9, circuit.num_parameters)
    estimator = QoroEstimator(backend)
    for _ in range(REPETITIONS):
        estimator.plan([(circuit, H2, values)])
    change(circuit)
    for _ in range(REPETITIONS):
        pub = (circuit, H2, values[: circuit.num_parameters])
        assert contents(estimator.plan([pub])) == contents(QoroEstimator(backend).plan([pub]))


def test_an_operator_that_was_changed_in_place_has_a_new_plan(backend: QoroBackend) -> None:
    circuit, operator = efficient_su2(2, reps=1), H2.copy()
    pub = (circuit, operator, np.ones(circuit.num_parameters))
    estimator = QoroEstimator(backend)
    before = [estimator.plan([pub]) for _ in range(REPETITIONS)][-1]
    operator.coeffs[1] += 1e-15
    changed = estimator.plan([pub])
    assert contents(changed) == contents(QoroEstimator(backend).plan([pub]))
    assert contents(changed) != contents(before)
    operator.paulis[4] = Pauli("YY")
    assert contents(estimator.plan([pub])) == contents(QoroEstimator(backend).plan([pub]))


NOISE = NoiseModel()
NOISE.set_all_depolarizing(2, 0.1)


def test_sparse_observables_are_compared_by_all_of_their_contents() -> None:
    # Qiskit 2.0 does not accept them in PUBs.
    first = SparseObservable.from_sparse_pauli_op(H2)
    others = (
        2 * H2,
        SparsePauliOp(["XI"]),
        SparsePauliOp(["IX"]),
        SparsePauliOp(["IIX"]),
        SparsePauliOp(["IY"]),
    )
    keys = [key_of_observables(SparseObservable.from_sparse_pauli_op(item)) for item in (H2, *others)]
    assert keys[0] == key_of_observables(first)
    assert len(set(keys)) == len(keys)


OPTIONS: list[dict[str, Any]] = [
    {"tag": "other"},
    {"default_precision": 0.1},
    {"force_sampling": True, "default_shots": 10},
    {"seed_simulator": 1},
    {"execution_config": ExecutionConfig(bond_dimension=4)},
    {"execution_config": MaestroConfig(noise_model=NOISE)},
    {"max_parameter_rows_per_job": 1},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_changed_options_change_the_plan(backend: QoroBackend, options: dict[str, Any]) -> None:
    circuit = efficient_su2(2, reps=1)
    estimator = QoroEstimator(backend)
    for number in range(2 * REPETITIONS):
        if number == REPETITIONS:
            for name, value in options.items():
                setattr(estimator.options, name, value)
        pub = (circuit, H2, np.full(circuit.num_parameters, 0.1 * number))
        expected = QoroEstimator(backend, options=estimator.options).plan([pub])
        assert contents(estimator.plan([pub])) == contents(expected)


def test_changed_options_of_the_backend_and_of_its_client_change_the_plan(backend: QoroBackend) -> None:
    circuit = efficient_su2(2, reps=1)
    pub = (circuit, H2, np.ones(circuit.num_parameters))
    estimator = QoroEstimator(backend)
    changes: list[Callable[[], object]] = [
        lambda: None,
        lambda: backend.set_options(tag="backend"),
        lambda: setattr(backend.service, "execution_config", ExecutionConfig(bond_dimension=8)),
        lambda: setattr(
            backend.service, "execution_config", ExecutionConfig(api_meta={"resilience_level": 1})
        ),
    ]
    default = backend.service.execution_config
    try:
        for change in changes:
            change()
            for _ in range(REPETITIONS):
                assert contents(estimator.plan([pub])) == contents(QoroEstimator(backend).plan([pub]))
    finally:
        backend.service.execution_config = default


def test_the_sign_and_the_type_of_a_precision_matter(backend: QoroBackend) -> None:
    circuit = efficient_su2(2, reps=1)
    estimator = QoroEstimator(backend)
    for precision in (0.0, -0.0, 0, np.float64(0.25), 0.25):
        for _ in range(REPETITIONS):
            pub = (circuit, H2, np.ones(circuit.num_parameters), precision)
            assert contents(estimator.plan([pub])) == contents(QoroEstimator(backend).plan([pub]))
    with pytest.raises(ValueError, match="precision must be non-negative"):
        estimator.plan([(circuit, H2, np.ones(circuit.num_parameters), -1)])


@pytest.mark.parametrize("value", [math.nan, math.inf, 710.0])
def test_values_without_a_plan_have_the_error_of_a_first_plan(backend: QoroBackend, value: float) -> None:
    theta = Parameter("θ")
    circuit = QuantumCircuit(1)
    circuit.rx(theta.exp(), 0)
    estimator = QoroEstimator(backend)
    for number in range(REPETITIONS):
        estimator.plan([(circuit, "Z", [0.1 * number])])
    with pytest.raises(QoroInputError, match="finite real") as repeated:
        estimator.plan([(circuit, "Z", [value])])
    with pytest.raises(QoroInputError, match="finite real") as first:
        QoroEstimator(backend).plan([(circuit, "Z", [value])])
    assert str(repeated.value) == str(first.value)


def test_a_gate_of_a_user_and_equal_rows_are_planned_anew(backend: QoroBackend) -> None:
    theta = Parameter("θ")
    gate = Gate("mine", 1, [theta])
    gate.definition = QuantumCircuit(1)
    gate.definition.rx(theta, 0)
    circuit = QuantumCircuit(1)
    circuit.append(gate, [0])
    plain = QuantumCircuit(1)
    plain.rx(theta, 0)
    for pub in ((circuit, "Z", [0.5]), (plain, "Z", [[0.5], [0.5]]), (plain, "Z", {theta: 0.5})):
        estimator = QoroEstimator(backend)
        plans = [estimator.plan([pub]) for _ in range(REPETITIONS)]
        assert not is_filled_in(plans[3], plans[2])
        assert contents(plans[3]) == contents(plans[2])


def test_a_circuit_that_measures_nothing_has_its_warning_each_time(backend: QoroBackend) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("θ"), 0)
    sampler = QoroSampler(backend)
    for number in range(REPETITIONS):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            sampler.plan([(circuit, [0.1 * number])])
        assert len(caught) == 1


def test_a_copy_of_an_estimator_has_its_own_plans(backend: QoroBackend) -> None:
    circuit = efficient_su2(2, reps=1)
    pub = (circuit, H2, np.ones(circuit.num_parameters))
    estimator = QoroEstimator(backend)
    plan = [estimator.plan([pub]) for _ in range(REPETITIONS)][-1]
    copied = copy.copy(estimator)
    assert contents(copied.plan([pub])) == contents(plan)


def test_values_of_a_loop_are_those_of_single_runs(backend: QoroBackend) -> None:
    circuit = efficient_su2(3, reps=1)
    operator = SparsePauliOp(["XYZ", "ZZI", "IXX"], [0.3, -0.2, 0.7])
    rng = np.random.default_rng(5)
    estimator = QoroEstimator(backend)
    for _ in range(6):
        values = rng.normal(size=circuit.num_parameters)
        ours = estimator.run([(circuit, operator, values)]).result()[0].data.evs
        bound = (
            QoroEstimator(backend).run([(circuit.assign_parameters(values), operator)]).result()[0].data.evs
        )
        assert float(ours) == pytest.approx(float(bound), abs=1e-14)


def test_counts_of_a_loop_are_those_of_single_runs(backend: QoroBackend) -> None:
    circuit = efficient_su2(3, reps=1)
    circuit.measure_all()
    rng = np.random.default_rng(5)
    sampler = QoroSampler(backend, options={"seed_simulator": 3})
    for _ in range(5):
        values = rng.normal(size=circuit.num_parameters)
        ours = sampler.run([(circuit, values)], shots=200).result()[0].data.meas.get_counts()
        bound = QoroSampler(backend, options={"seed_simulator": 3}).run(
            [circuit.assign_parameters(values)], shots=200
        )
        assert ours == bound.result()[0].data.meas.get_counts()
