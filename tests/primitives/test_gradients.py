"""``QoroEstimator.gradient``: its methods, its shapes, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import responses
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter, ParameterVector
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import (
    ExecutionConfig,
    MaestroConfig,
    QoroBackend,
    QoroProvider,
    SimulationMethod,
    Simulator,
    WireError,
)
from qiskit_qoro.errors import JobFailedError, QoroInputError
from qiskit_qoro.models.gradients import MAX_NUMBERS
from qiskit_qoro.models.jobs import JobType
from qiskit_qoro.primitives import QoroEstimator
from qiskit_qoro.primitives.planning.gradient_pubs import MAX_ADJOINT_QUBITS
from qiskit_qoro.primitives.postprocess.gradients import GradientPostprocessor

METHODS = ("adjoint", "parameter_shift")
X, Y = Parameter("x"), Parameter("y")


@pytest.fixture
def estimator(backend: QoroBackend) -> QoroEstimator:
    return QoroEstimator(backend)


def rotations() -> QuantumCircuit:
    """A circuit in which Z of qubit 0 is cos(x) and Z of qubit 1 is cos(2 x + y)."""
    circuit = QuantumCircuit(2)
    circuit.rx(X, 0)
    circuit.ry(2 * X + Y, 1)
    return circuit


def gradient(estimator: QoroEstimator, *pub: Any, **options: Any) -> Any:
    return estimator.gradient([pub], **options).result()[0].data


@pytest.mark.parametrize("method", METHODS)
def test_a_gradient_is_in_the_order_of_the_parameters(estimator: QoroEstimator, method: str) -> None:
    x, y = 0.3, -1.1
    data = gradient(estimator, rotations(), ["IZ", "ZI"], [[x, y]], method=method)
    assert data.evs == pytest.approx(np.array([np.cos(x), np.cos(2 * x + y)]), abs=1e-12)
    slope = -np.sin(2 * x + y)
    assert data.gradients == pytest.approx(np.array([[-np.sin(x), 0.0], [2 * slope, slope]]), abs=1e-12)
    assert not data.stds.any()
    assert not data.gradient_stds.any()


@pytest.mark.parametrize(
    ("parameters", "observables"),
    [
        ((), ()),
        ((4,), ()),
        ((), (3,)),
        ((4,), (4,)),
        ((4, 1), (3,)),
        ((2, 1, 2), (3, 1)),
        ((0,), ()),
        ((3, 1), (0,)),
    ],
)
def test_shapes_broadcast_as_those_of_values(
    estimator: QoroEstimator, parameters: tuple[int, ...], observables: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(3)
    array = np.empty(observables, dtype=object)
    for index in np.ndindex(observables):
        array[index] = SparsePauliOp(list(rng.choice(["ZZ", "IX", "YI", "II"], 2)), rng.normal(size=2))
    given = array.item() if observables == () else array
    pub = (rotations(), given, rng.normal(size=(*parameters, 2)))
    adjoint, shifted = (gradient(estimator, *pub, method=method) for method in METHODS)
    (values,) = estimator.run([pub]).result()
    for data in (adjoint, shifted):
        assert data.shape == values.data.shape
        assert data.gradients.shape == data.gradient_stds.shape == (*values.data.shape, 2)
        np.testing.assert_allclose(data.evs, values.data.evs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(adjoint.gradients, shifted.gradients, rtol=0, atol=1e-12)


def test_several_pubs_have_their_own_gradients(estimator: QoroEstimator) -> None:
    constant = QuantumCircuit(1)
    constant.h(0)
    pubs = [(rotations(), "ZZ", [0.1, 0.2]), (constant, "X"), (rotations(), "IZ", [[0.3, 0.4]])]
    first, second, third = estimator.gradient(pubs).result()
    assert [first.data.gradients.shape, second.data.gradients.shape, third.data.gradients.shape] == [
        (2,),
        (0,),
        (1, 2),
    ]
    assert second.data.evs == pytest.approx(1.0)
    assert third.data.gradients[0] == pytest.approx([-np.sin(0.3), 0.0])
    assert first.metadata["gradient_method"] == third.metadata["gradient_method"] == "adjoint"


def test_a_pub_without_circuits_to_run_has_the_gradient_zero(estimator: QoroEstimator) -> None:
    assert not estimator.plan_gradient([(rotations(), "II", [0.1, 0.2])]).jobs
    data = gradient(estimator, rotations(), "II", [0.1, 0.2])
    assert (data.evs, data.gradients.tolist()) == (1.0, [0.0, 0.0])


@pytest.mark.parametrize("method", METHODS)
def test_a_parameter_without_effect_has_the_derivative_zero(estimator: QoroEstimator, method: str) -> None:
    phase, cancelled, delayed = Parameter("phase"), Parameter("cancelled"), Parameter("delayed")
    circuit = QuantumCircuit(2, global_phase=phase)
    circuit.rx(X + cancelled - cancelled, 0)
    circuit.rz(0 * cancelled, 0)
    circuit.delay(delayed, 1)
    names = [parameter.name for parameter in circuit.parameters]
    data = gradient(estimator, circuit, "IZ", [0.4] * len(names), method=method)
    expected = [-np.sin(0.4) if name == "x" else 0.0 for name in names]
    assert data.gradients == pytest.approx(np.array(expected), abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_final_measurements_are_ignored(estimator: QoroEstimator, method: str) -> None:
    circuit = rotations()
    circuit.measure_all()
    assert gradient(estimator, circuit, "IZ", [0.3, 0.0], method=method).gradients == pytest.approx(
        [-np.sin(0.3), 0.0]
    )


def test_the_service_computes_gradients_in_one_job_with_one_circuit_for_each_row(
    estimator: QoroEstimator,
) -> None:
    plan = estimator.plan_gradient([(rotations(), ["ZZ", "IZ"], np.zeros((3, 1, 2)))])
    (job,) = plan.jobs
    assert (job.num_circuits, job.num_templates, job.num_values) == (3, 1, 6)
    assert "6 expectation values with gradients" in str(plan)


@pytest.mark.parametrize("method", METHODS)
def test_rows_are_divided_over_jobs_as_the_options_say(backend: QoroBackend, method: str) -> None:
    rows = np.random.default_rng(6).normal(size=(5, 2))
    pub = (rotations(), [["ZZ"], ["IX"]], rows)
    divided = QoroEstimator(backend, options={"max_parameter_rows_per_job": 2})
    plan = divided.plan_gradient([pub], method=method)
    # The unshifted rows, and two shifts of each of two angles.
    num_rows = 5 if method == "adjoint" else 5 * 5
    assert [job.num_circuits for job in plan.jobs] == [2] * (num_rows // 2) + [1]
    found, expected = (
        gradient(estimator, *pub, method=method).gradients for estimator in (divided, QoroEstimator(backend))
    )
    assert np.array_equal(found, expected)


def test_equal_rows_of_several_pubs_run_once(estimator: QoroEstimator) -> None:
    pubs = [(rotations(), "ZZ", [0.1, 0.2]), (rotations(), "ZZ", [0.1, 0.2])]
    (job,) = estimator.plan_gradient(pubs, method="parameter_shift").jobs
    assert job.num_circuits == 5
    first, second = estimator.gradient(pubs, method="parameter_shift").result()
    assert np.array_equal(first.data.gradients, second.data.gradients)


def test_a_single_row_is_sent_as_a_template_with_all_names(estimator: QoroEstimator) -> None:
    (submission,) = estimator.plan_gradient([(rotations(), "ZZ", [0.5, 0.25])]).submissions
    (upload,) = submission.uploads
    body = json.loads(upload)
    assert len(body["parameter_names"]) == 2
    assert json.loads(submission.request)["job_type"] == JobType.GRADIENT


def test_shifted_angles_are_one_template_in_one_job(estimator: QoroEstimator) -> None:
    circuit = rotations()
    circuit.crx(X, 0, 1)
    plan = estimator.plan_gradient([(circuit, "ZZ", [0.1, 0.2])], method="parameter_shift")
    (job,) = plan.jobs
    # The unshifted angles, two shifts for each of two rotations, and four for the controlled one.
    assert (job.num_circuits, job.num_templates) == (1 + 2 * 2 + 4, 1)


# --- the choice of the method ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "method"),
    [
        (None, "adjoint"),
        (ExecutionConfig(simulation_method=SimulationMethod.Statevector), "adjoint"),
        (MaestroConfig(seed=3, simulator_type=Simulator.QCSim), "adjoint"),
        (ExecutionConfig(simulation_method=SimulationMethod.MatrixProductState), "parameter_shift"),
        (ExecutionConfig(simulator=Simulator.QiskitAer), "parameter_shift"),
        (ExecutionConfig(bond_dimension=8), "parameter_shift"),
        (MaestroConfig(max_bond_dimension=8), "parameter_shift"),
    ],
)
def test_gradients_are_requested_if_the_options_permit_it(
    backend: QoroBackend, config: Any, method: str
) -> None:
    estimator = QoroEstimator(backend, options={"execution_config": config})
    (result,) = estimator.gradient([(rotations(), "ZZ", [0.1, 0.2])]).result()
    assert result.metadata["gradient_method"] == method
    assert result.data.gradients == pytest.approx(
        gradient(QoroEstimator(backend), rotations(), "ZZ", [0.1, 0.2]).gradients, abs=1e-9
    )
    backend.service.execution_config = config
    (submission,) = QoroEstimator(backend).plan_gradient([(rotations(), "ZZ", [0.1, 0.2])]).submissions
    backend.service.execution_config = None
    assert (b'"GRADIENT"' in submission.request) is (method == "adjoint")


def test_a_service_that_announces_no_gradients_gets_shifted_angles(local_service: Any) -> None:
    # Everything but the document reaches the local service.
    with responses.RequestsMock() as network:
        network.add_passthru(local_service.url)
        network.get(f"{local_service.url}/openapi.json", status=404)
        with QoroProvider(local_service.token, base_url=local_service.url) as provider:
            estimator = QoroEstimator(provider.get_backend("qoro_maestro"))
            pub = (rotations(), "IZ", [0.3, 0.7])
            (result,) = estimator.gradient([pub]).result()
            with pytest.raises(QoroInputError, match="but the service does not announce gradients"):
                estimator.gradient([pub], method="adjoint")
    assert result.metadata["gradient_method"] == "parameter_shift"
    assert result.data.gradients == pytest.approx([-np.sin(0.3), 0.0])


def test_a_wide_circuit_is_shifted(estimator: QoroEstimator) -> None:
    for width, method in ((MAX_ADJOINT_QUBITS, "adjoint"), (MAX_ADJOINT_QUBITS + 1, "parameter_shift")):
        circuit = QuantumCircuit(width)
        circuit.rx(X, 0)
        circuit.h(range(1, width))
        job_type = json.loads(
            estimator.plan_gradient([(circuit, "I" * (width - 1) + "Z", [0.1])]).submissions[0].request
        )["job_type"]
        assert job_type == ("GRADIENT" if method == "adjoint" else "EXPECTATION")
    with pytest.raises(QoroInputError, match=f"PUB 0: .*more than {MAX_ADJOINT_QUBITS} qubits"):
        estimator.plan_gradient([(circuit, "Z" * width, [0.1])], method="adjoint")


def test_the_gradient_of_a_circuit_beyond_any_state_vector_is_computed(estimator: QoroEstimator) -> None:
    circuit = QuantumCircuit(60)
    circuit.ry(Y, 0)
    circuit.ry(X, 40)
    circuit.ry(0.3, range(41, 60))
    circuit.cx(range(59), range(1, 60))
    (result,) = estimator.gradient([(circuit, "I" * 59 + "Z", [0.4, 0.7])]).result()
    assert result.data.evs == pytest.approx(np.cos(0.7), abs=1e-9)
    assert result.data.gradients == pytest.approx([0.0, -np.sin(0.7)], abs=1e-9)
    assert result.metadata["gradient_method"] == "parameter_shift"


def test_sampled_gradients_agree_within_their_standard_errors(backend: QoroBackend) -> None:
    options = {"force_sampling": True, "seed_simulator": 5, "default_precision": 0.02}
    estimator = QoroEstimator(backend, options=options)
    observables = [SparsePauliOp(["ZZ", "XI"], [1.0, 0.5]), "IZ"]
    (result,) = estimator.gradient([(rotations(), observables, [0.3, 0.7])]).result()
    exact = gradient(QoroEstimator(backend), rotations(), observables, [0.3, 0.7])
    assert result.metadata["gradient_method"] == "parameter_shift"
    assert result.metadata["shots"] == 2500
    assert (result.data.gradient_stds > 0).all()
    assert (np.abs(result.data.gradients - exact.gradients) < 5 * result.data.gradient_stds).all()
    # The derivative of IZ by x has two values of the first rotation, each with the weight 1/2, and two of the
    # second one, each with the weight 1. Each value has a standard error of at most 1/50.
    assert result.data.gradient_stds[1, 0] < np.sqrt(2 * 0.25 + 2) / 50


def test_a_gradient_with_exact_noise_is_that_of_the_noisy_values(backend: QoroBackend) -> None:
    config = ExecutionConfig(noisy_device="local_loud")
    estimator = QoroEstimator(backend, options={"execution_config": config})
    circuit = rotations()
    circuit.crx(Y, 0, 1)
    point, step = np.array([0.3, 0.7]), 1e-4
    (result,) = estimator.gradient([(circuit, ["ZZ", "XI"], point)]).result()
    assert result.metadata["gradient_method"] == "parameter_shift"
    assert not result.data.gradient_stds.any()
    shifted = np.array([point + sign * step * axis for axis in np.eye(2) for sign in (1, -1)])
    (values,) = estimator.run([(circuit, [["ZZ"], ["XI"]], shifted)]).result()
    above, below = values.data.evs[:, ::2], values.data.evs[:, 1::2]
    assert result.data.gradients == pytest.approx((above - below) / (2 * step), abs=1e-7)
    ideal = gradient(QoroEstimator(backend), circuit, ["ZZ", "XI"], point).gradients
    assert np.abs(result.data.gradients - ideal).max() > 1e-3


def test_a_qpu_is_sampled(provider: QoroProvider) -> None:
    estimator = QoroEstimator(provider.get_backend("local_qpu"))
    (result,) = estimator.gradient([(rotations(), "IZ", [0.3, 0.7])]).result()
    assert result.metadata["gradient_method"] == "parameter_shift"
    assert result.data.gradients[0] == pytest.approx(-np.sin(0.3), abs=0.25)


# --- errors ---------------------------------------------------------------------------------------------


def test_an_impossible_method_is_refused(backend: QoroBackend) -> None:
    pub = (rotations(), "ZZ", [0.1, 0.2])
    sampling = QoroEstimator(backend, options={"force_sampling": True})
    with pytest.raises(QoroInputError, match="method is 'adjoint', but values are estimated from counts"):
        sampling.gradient([pub], method="adjoint")
    config = ExecutionConfig(bond_dimension=4)
    bounded = QoroEstimator(backend, options={"execution_config": config})
    with pytest.raises(QoroInputError, match="method is 'adjoint', but the options set more"):
        bounded.gradient([pub], method="adjoint")
    with pytest.raises(QoroInputError, match="method is 'exact', expected 'adjoint' or 'parameter_shift'"):
        QoroEstimator(backend).gradient([pub], method="exact")


@pytest.mark.parametrize(("excess", "is_refused"), [(0, False), (1, True)])
def test_the_derivatives_of_a_circuit_are_limited(
    estimator: QoroEstimator, excess: int, is_refused: bool
) -> None:
    circuit = QuantumCircuit(3)
    # Each observable has a value and 1023 derivatives.
    for parameter in ParameterVector("p", 1023):
        circuit.ry(parameter, 0)
    observables = [SparsePauliOp("IIZ", index + 1.0) for index in range(MAX_NUMBERS // 1024 + excess)]
    pub = (circuit, observables, np.zeros(1023))
    if is_refused:
        with pytest.raises(QoroInputError, match=f"a circuit may have {MAX_NUMBERS}: use several PUBs"):
            estimator.plan_gradient([pub])
    else:
        assert estimator.plan_gradient([pub]).jobs[0].num_values == len(observables)


class NeedsItsAngle(Gate):
    """A gate whose definition needs the value of its angle."""

    def __init__(self, angle: Any) -> None:
        super().__init__("needs_its_angle", 1, [angle])

    def _define(self) -> None:
        self.definition = QuantumCircuit(1)
        self.definition.rx(float(self.params[0]), 0)


@pytest.mark.parametrize("method", METHODS)
def test_a_circuit_that_needs_the_values_of_its_parameters_has_no_gradient(
    estimator: QoroEstimator, method: str
) -> None:
    circuit = QuantumCircuit(1)
    circuit.append(NeedsItsAngle(X), [0])
    with pytest.raises(QoroInputError, match=r"needs_its_angle.*A gradient needs a circuit"):
        estimator.gradient([(circuit, "Z", [0.1])], method=method)


@pytest.mark.parametrize("method", METHODS)
def test_an_expression_without_a_derivative_is_refused(estimator: QoroEstimator, method: str) -> None:
    circuit = QuantumCircuit(1)
    circuit.rx((X**0.5), 0)
    with pytest.raises(QoroInputError, match="no finite real value in row 0"):
        estimator.gradient([(circuit, "Z", [0.0])], method=method)


def test_a_random_state_has_no_gradient(estimator: QoroEstimator) -> None:
    circuit = rotations()
    circuit.reset(0)
    with pytest.raises(QoroInputError, match="reset after other operations"):
        estimator.gradient([(circuit, "ZZ", [0.1, 0.2])])


# --- results that are read later --------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_the_metadata_have_the_precision_that_was_requested(estimator: QoroEstimator, method: str) -> None:
    job = estimator.gradient([(rotations(), "ZZ", [0.1, 0.2])], precision=0.25, method=method)
    assert job.result()[0].metadata["target_precision"] == 0.25


@pytest.mark.parametrize("method", METHODS)
def test_a_retrieved_job_has_the_same_result(
    provider: QoroProvider, estimator: QoroEstimator, method: str
) -> None:
    circuit = efficient_su2(2, reps=1)
    circuit.rx(X * Y, 0)
    circuit.metadata = {"name": "a"}
    rows = np.random.default_rng(2).normal(size=(3, circuit.num_parameters))
    job = estimator.gradient([(circuit, [["ZZ"], ["XI"]], rows)], method=method)
    (expected,) = job.result()
    (result,) = provider.retrieve_job(job.job_id()).result()
    for name in ("evs", "stds", "gradients", "gradient_stds"):
        assert np.array_equal(result.data[name], expected.data[name])
    assert result.metadata == expected.metadata
    assert result.metadata["circuit_metadata"] == {"name": "a"}


@pytest.mark.parametrize("method", METHODS)
def test_a_damaged_document_is_refused(estimator: QoroEstimator, method: str) -> None:
    plan = estimator.plan_gradient([(rotations(), "ZZ", [0.1, 0.2])], method=method)
    document = plan.postprocessor.to_document()
    assert GradientPostprocessor.from_document(document).to_document() == document
    text = json.dumps(document)
    damages = {
        "adjoint": (
            ('"a": 2', '"a": 1'),
            ('"c": [0]', '"c": [0, 1]'),
            ('"k": [0.0]', '"k": []'),
            ('"n": 2', '"n": 1'),
        ),
        "parameter_shift": (
            ('"a": 2', '"a": 1'),
            ('"w": [0.5, ', '"w": ['),
            ('"n": 2', '"n": 1'),
            ('"d": [', '"d": [1, '),
        ),
    }
    for old, new in damages[method]:
        assert old in text
        with pytest.raises(WireError, match=r"expected|damaged"):
            GradientPostprocessor.from_document(json.loads(text.replace(old, new)))


def test_a_result_without_gradients_names_the_circuit(estimator: QoroEstimator) -> None:
    plan = estimator.plan_gradient([(rotations(), "ZZ", [0.1, 0.2])])
    with pytest.raises(JobFailedError, match="PUB 0: the service returned no gradients"):
        plan.postprocessor.build({0: {"ZZ": 0.5}})
