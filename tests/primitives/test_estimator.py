"""The estimator on the local service, compared with Qiskit's ``StatevectorEstimator``."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import efficient_su2, real_amplitudes
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from qiskit.transpiler import CouplingMap

from qiskit_qoro import QoroBackend, QoroProvider
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.primitives import QoroEstimator

OPERATOR = SparsePauliOp(["ZZI", "IXX", "YIY", "III", "IZI"], [0.5, -1.25, 0.75, 2.0, 1.0])


@pytest.fixture
def estimator(backend: QoroBackend) -> QoroEstimator:
    return QoroEstimator(backend)


def ansatz() -> QuantumCircuit:
    return efficient_su2(3, reps=1)


def angles(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(*shape, 12))


def check(estimator: QoroEstimator, pubs: list[tuple[object, ...]]) -> None:
    for ours, reference in zip(
        estimator.run(pubs).result(), StatevectorEstimator().run(pubs).result(), strict=True
    ):
        assert ours.data.shape == reference.data.shape
        assert ours.data.evs.shape == reference.data.evs.shape
        np.testing.assert_allclose(ours.data.evs, reference.data.evs, rtol=0, atol=1e-9)
        np.testing.assert_array_equal(ours.data.stds, np.zeros(reference.data.evs.shape))


@pytest.mark.parametrize(
    ("parameters", "observables"),
    [
        ((), ()),
        ((4,), ()),
        ((), (3,)),
        ((4,), (4,)),
        ((4, 1), (3,)),
        ((2, 3), (3,)),
        ((1,), (5,)),
        ((0,), ()),
        ((3, 1), (0,)),
        ((2, 1, 2), (3, 1)),
    ],
)
def test_shapes_broadcast_as_in_qiskits_estimator(
    estimator: QoroEstimator, parameters: tuple[int, ...], observables: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(3)
    pauli_strings = ["ZZI", "IXX", "YIY", "III", "IZI"]
    array = np.empty(observables, dtype=object)
    for index in np.ndindex(observables):
        array[index] = SparsePauliOp(list(rng.choice(pauli_strings, 3)), rng.normal(size=3))
    given = array.item() if observables == () else array
    check(estimator, [(ansatz(), given, angles(*parameters))])


def test_projectors_are_expanded(estimator: QoroEstimator) -> None:
    observables = [{"01+": 0.5, "Zrl": 2.0}, {"-1I": 1.0}, {"000": 1.0}]
    state = Statevector(ansatz().assign_parameters(angles()))
    expected = [
        sum(weight * state.expectation_value(Operator.from_label(label)) for label, weight in item.items())
        for item in observables
    ]
    (result,) = estimator.run([(ansatz(), observables, angles())]).result()
    np.testing.assert_allclose(result.data.evs, expected, rtol=0, atol=1e-9)


def test_projectors_on_idle_qubits_are_evaluated_locally(estimator: QoroEstimator) -> None:
    circuit = QuantumCircuit(40)
    circuit.ry(0.4, 3)
    zeros = "0" * 40
    observables = [zeros, "1" + zeros[1:], "+" + zeros[1:], "0" * 36 + "1" + "r0l", "Z" + zeros[1:]]
    (result,) = estimator.run([(circuit, observables)]).result()
    zero, one = np.cos(0.2) ** 2, np.sin(0.2) ** 2
    np.testing.assert_allclose(result.data.evs, [zero, 0, zero / 2, one / 4, zero], rtol=0, atol=1e-9)


def test_several_pubs_without_parameters_share_one_job(estimator: QoroEstimator) -> None:
    first, second = (ansatz().assign_parameters(angles(seed=seed)) for seed in (1, 2))
    pubs = [(first, OPERATOR), (second, "ZZZ"), (first, ["XXX", OPERATOR])]
    plan = estimator.plan(pubs)
    assert [(job.num_circuits, job.num_templates) for job in plan.jobs] == [(2, 0)]
    assert plan.jobs[0].num_values == 5 + 1  # each string of the first circuit once, and never III
    check(estimator, pubs)


def test_a_sweep_is_one_template_and_no_pair_is_requested_twice(estimator: QoroEstimator) -> None:
    values = np.concatenate([angles(5), angles(5)])
    pubs = [(ansatz(), OPERATOR, values), (ansatz(), OPERATOR, values[:3])]
    plan = estimator.plan(pubs)
    assert [(job.num_templates, job.num_circuits, job.num_values) for job in plan.jobs] == [(1, 5, 20)]
    check(estimator, pubs)


def test_only_the_observables_paired_with_a_row_are_requested(estimator: QoroEstimator) -> None:
    observables = ["ZII", "IZI", "IIZ", "XXX"] * 6
    plan = estimator.plan([(ansatz(), observables, angles(24))])
    assert sum(job.num_values for job in plan.jobs) == 24
    check(estimator, [(ansatz(), observables, angles(24))])


def test_a_sweep_with_another_request_for_every_row_is_one_job(estimator: QoroEstimator) -> None:
    rng = np.random.default_rng(5)
    pauli_strings = ["".join(rng.choice(list("XYZ"), 3)) for _ in range(40)]
    observables = [{string: 1.0, pauli_strings[0]: 0.5} for string in pauli_strings]
    plan = estimator.plan([(ansatz(), observables, angles(40))])
    assert len(plan.jobs) == 1
    check(estimator, [(ansatz(), observables, angles(40))])


def test_values_that_need_no_circuit_are_not_sent(estimator: QoroEstimator) -> None:
    circuit = QuantumCircuit(4)
    circuit.h(1)
    operator = SparsePauliOp(["IIII", "ZIII", "ZIIZ", "XIII", "YIZI"], [1, 2, 4, 8, 16])
    job = estimator.run([(circuit, operator)])
    assert job.job_ids == ()
    assert job.result()[0].data.evs == 7
    check(estimator, [(circuit, operator), (circuit, SparsePauliOp(["ZIXZ", "IIXI"], [1, 2]))])


def test_a_wide_transpiled_circuit_is_reduced_to_the_qubits_in_use(estimator: QoroEstimator) -> None:
    circuit = ansatz().assign_parameters(angles())
    wide = transpile(
        circuit,
        coupling_map=CouplingMap.from_line(60),
        basis_gates=["rz", "sx", "x", "cx"],
        initial_layout=[40, 41, 12],
        optimization_level=1,
        seed_transpiler=1,
    )
    operator = OPERATOR.apply_layout(wide.layout)
    (result,) = estimator.run([(wide, operator)]).result()
    expected = StatevectorEstimator().run([(circuit, OPERATOR)]).result()[0].data.evs
    assert result.data.evs == pytest.approx(expected, abs=1e-9)


def test_parameter_expressions_are_evaluated_for_all_rows(estimator: QoroEstimator) -> None:
    a, b = Parameter("a"), Parameter("pi")
    circuit = QuantumCircuit(3)
    circuit.h([0, 1, 2])
    circuit.rx(2 * a + b, 0)
    circuit.rzz(a * b, 0, 1)
    circuit.ry((a + 1).sin() / 3, 2)
    circuit.crz(a**2, 1, 2)
    circuit.r(a, -b, 1)
    check(estimator, [(circuit, [OPERATOR, "XYZ"], angles(6, 1)[..., :2])])


class NeedsValue(Gate):
    """A gate whose definition fails halfway if its parameter has no value."""

    def _define(self) -> None:
        self.definition = QuantumCircuit(1)
        self.definition.rx(float(self.params[0]), 0)


def test_a_gate_that_needs_its_parameter_values_is_bound_row_by_row(estimator: QoroEstimator) -> None:
    circuit = QuantumCircuit(1)
    circuit.append(NeedsValue("needs_value", 1, [Parameter("theta")]), [0])
    circuit.h(0)
    values = np.array([0.3, 0.4, 0.0])
    pubs = [(circuit, ["Y", "X"], values[:, None, None])]
    (result,) = estimator.run(pubs).result()
    np.testing.assert_allclose(result.data.evs, np.transpose([np.sin(values), np.cos(values)]), atol=1e-9)
    check(estimator, pubs)


def test_a_sweep_without_rows_accepts_a_gate_that_needs_its_parameter_values(
    estimator: QoroEstimator,
) -> None:
    circuit = QuantumCircuit(1)
    circuit.append(NeedsValue("needs_value", 1, [Parameter("theta")]), [0])
    check(estimator, [(circuit, ["Y", "X"], np.empty((0, 1, 1)))])


def test_a_parameter_may_occur_in_the_global_phase_only(estimator: QoroEstimator) -> None:
    circuit = QuantumCircuit(1, global_phase=Parameter("phase"))
    circuit.h(0)
    assert sum(job.num_circuits for job in estimator.plan([(circuit, "X", [[0.1], [0.2]])]).jobs) == 1
    check(estimator, [(circuit, ["X", "Z"], [[[0.1]], [[0.2]]])])


def test_final_measurements_are_ignored_and_earlier_ones_refused(estimator: QoroEstimator) -> None:
    circuit = ansatz().assign_parameters(angles())
    measured = circuit.copy()
    measured.measure_all()
    assert estimator.run([(measured, OPERATOR)]).result()[0].data.evs == pytest.approx(
        StatevectorEstimator().run([(circuit, OPERATOR)]).result()[0].data.evs, abs=1e-9
    )
    early = QuantumCircuit(3, 1)
    early.h(0)
    early.measure(0, 0)
    early.x(0)
    with pytest.raises(QoroInputError, match=r"PUB 1: instruction 1 \(measure\) measures.*QoroSampler"):
        estimator.run([(circuit, OPERATOR), (early, OPERATOR)])


def test_a_reset_after_gates_is_refused_if_values_are_exact(estimator: QoroEstimator) -> None:
    circuit = QuantumCircuit(2)
    circuit.initialize([0.6, 0.8], 1)
    circuit.cx(1, 0)
    check(estimator, [(circuit, ["ZZ", "XX"])])
    circuit.reset(0)
    with pytest.raises(QoroInputError, match=r"PUB 0: qubit 0 is reset.*force_sampling"):
        estimator.run([(circuit, "ZZ")])


def test_precision_is_recorded(estimator: QoroEstimator) -> None:
    circuit = QuantumCircuit(1, metadata={"name": "zero"})
    pubs = [(circuit, "X"), (circuit, "Z", None, 0.25)]
    results = estimator.run(pubs, precision=0.5).result()
    assert [result.metadata["target_precision"] for result in results] == [0.5, 0.25]
    assert results[0].metadata["circuit_metadata"] == {"name": "zero"}
    assert estimator.run([pubs[0]]).result()[0].metadata["target_precision"] == 0
    estimator.options.default_precision = 0.125
    assert estimator.run([pubs[0]]).result()[0].metadata["target_precision"] == 0.125


# --- sampling -----------------------------------------------------------------------------------------


def test_sampled_values_are_within_their_standard_errors(backend: QoroBackend) -> None:
    estimator = QoroEstimator(backend, options={"force_sampling": True, "default_precision": 0.02})
    pubs = [(ansatz(), [OPERATOR, "XYZ", "YII"], angles(4, 1))]
    (result,) = estimator.run(pubs).result()
    exact = StatevectorEstimator().run(pubs).result()[0].data.evs
    assert result.data.evs.shape == (4, 3)
    assert result.metadata["shots"] == 2500
    assert (abs(result.data.evs - exact) < 5 * result.data.stds + 1e-12).all()
    assert (abs(result.data.evs - exact) > 0).any()


def test_standard_errors_include_correlations_between_pauli_strings(backend: QoroBackend) -> None:
    # In a Bell state ZI and IZ are always equal: their difference has no variance, their sum has.
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    estimator = QoroEstimator(backend, options={"force_sampling": True})
    observables = [SparsePauliOp(["ZI", "IZ"], [1, -1]), SparsePauliOp(["ZI", "IZ"], [1, 1])]
    (result,) = estimator.run([(circuit, observables)], precision=0.1).result()
    assert result.data.evs[0] == 0
    assert result.data.stds[0] == 0
    assert result.data.stds[1] == pytest.approx(2 * 0.1, rel=0.1)


def test_pauli_strings_that_commute_qubit_by_qubit_are_measured_together(backend: QoroBackend) -> None:
    estimator = QoroEstimator(backend, options={"force_sampling": True})
    operator = SparsePauliOp(["ZZI", "IZZ", "ZIZ", "XXI", "IIX"])
    plan = estimator.plan([(ansatz(), operator, angles(10))])
    assert [(job.num_templates, job.num_circuits) for job in plan.jobs] == [(2, 20)]


def test_a_sampled_sweep_of_many_bases_is_one_job_of_templates(backend: QoroBackend) -> None:
    rng = np.random.default_rng(4)
    pauli_strings = sorted({"".join(rng.choice(list("XYZ"), 3)) for _ in range(200)})
    estimator = QoroEstimator(backend, options={"force_sampling": True, "default_shots": 5})
    plan = estimator.plan([(ansatz(), SparsePauliOp(pauli_strings), angles(10))])
    assert [(job.num_templates, job.num_circuits) for job in plan.jobs] == [(27, 270)]


def test_a_sweep_becomes_at_most_16_template_jobs_and_one_more(estimator: QoroEstimator) -> None:
    rng = np.random.default_rng(6)
    pauli_strings = sorted({"".join(rng.choice(list("XYZ"), 3)) for _ in range(200)})[:20]
    values = np.repeat(angles(1), 200, axis=0)
    values[:, 0] = np.arange(200)
    plan = estimator.plan([(ansatz(), pauli_strings * 10, values)])
    assert [job.num_templates for job in plan.jobs] == [1] * 16 + [0]
    assert sum(job.num_circuits for job in plan.jobs) == 200


def test_pubs_of_different_precision_share_one_job(backend: QoroBackend) -> None:
    circuit = ansatz().assign_parameters(angles())
    estimator = QoroEstimator(backend, options={"force_sampling": True})
    job = estimator.run([(circuit, "ZZZ", None, 0.1), (circuit, "ZZZ", None, 0.05), (circuit, "ZZZ")])
    assert len(job.job_ids) == 1
    assert [result.metadata["shots"] for result in job.result()] == [100, 400, 4096]


def test_precision_0_is_refused_if_values_are_sampled(provider: QoroProvider, backend: QoroBackend) -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    forced = QoroEstimator(backend, options={"force_sampling": True})
    with pytest.raises(QoroInputError, match=r"PUB 0: precision is 0.*force_sampling is set"):
        forced.run([(circuit, "Z")], precision=0)
    qpu = QoroEstimator(provider.get_backend("local_qpu"))
    with pytest.raises(QoroInputError, match=r"PUB 0: precision is 0.*it does not compute them exactly"):
        qpu.run([(circuit, "Z")], precision=0)


@pytest.mark.parametrize("precision", [float("nan"), float("inf")])
@pytest.mark.parametrize("force_sampling", [False, True])
def test_a_precision_that_is_not_finite_is_refused(
    backend: QoroBackend, precision: float, force_sampling: bool
) -> None:
    estimator = QoroEstimator(backend, options={"force_sampling": force_sampling})
    with pytest.raises(
        QoroInputError, match=r"PUB 0: precision is (nan|inf), expected a number of 0 or more"
    ):
        estimator.run([(QuantumCircuit(1), "X")], precision=precision)


@pytest.mark.parametrize(
    ("precision", "shots"),
    [(1e300, 1), (2, 1), (np.float32(0.25), 16), (0.1, 100), (1e-6, 10**12)],
)
def test_the_shots_follow_from_the_precision(backend: QoroBackend, precision: float, shots: int) -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    estimator = QoroEstimator(backend, options={"force_sampling": True})
    (job,) = estimator.plan([(circuit, "X", None, precision)]).jobs
    assert job.num_shots == shots


@pytest.mark.parametrize("precision", [1e-7, 1e-200])
def test_a_precision_that_takes_too_many_shots_is_refused(backend: QoroBackend, precision: float) -> None:
    estimator = QoroEstimator(backend, options={"force_sampling": True})
    with pytest.raises(QoroInputError, match=r"PUB 0: precision is 1e-.*too many shots.* 1e-06 or more"):
        estimator.run([(QuantumCircuit(1), "X")], precision=precision)


def test_a_qpu_samples(provider: QoroProvider) -> None:
    estimator = QoroEstimator(provider.get_backend("local_qpu"), options={"default_shots": 4000})
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    (result,) = estimator.run([(circuit, ["ZZ", "XX", "YY"])]).result()
    np.testing.assert_allclose(result.data.evs, [1, 1, -1], atol=0.15)
    assert result.metadata["shots"] == 4000
    assert (result.data.stds > 0).all()


def test_thousands_of_pauli_strings_are_one_circuit(estimator: QoroEstimator) -> None:
    rng = np.random.default_rng(9)
    pauli_strings = {"".join(rng.choice(list("IXYZ"), 8)) for _ in range(3000)}
    operator = SparsePauliOp(sorted(pauli_strings), rng.normal(size=len(pauli_strings)))
    circuit = real_amplitudes(8, reps=2)
    check(estimator, [(circuit, operator, rng.normal(size=circuit.num_parameters))])


def test_the_printed_plan_lists_the_jobs(estimator: QoroEstimator) -> None:
    fixed = ansatz().assign_parameters(angles())
    text = str(estimator.plan([(ansatz(), OPERATOR, angles(50)), (fixed, "ZZZ")]))
    first, second, third = text.splitlines()
    assert first == "2 PUBs on qoro_maestro: 2 jobs"
    assert second.startswith("  job 0: 1 template with 50 rows, 4 Pauli strings, 200 expectation values, ")
    assert third.startswith("  job 1: 1 circuit, 1 Pauli string, 1 expectation value, ")
    assert third.endswith(" bytes in 2 requests")
