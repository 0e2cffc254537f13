"""Options of the backend in primitives: ``backend.set_options`` sets what a primitive does not set itself."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import responses
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qiskit_qoro import (
    DeviceConfig,
    ExecutionConfig,
    ExecutionResult,
    MaestroConfig,
    QoroBackend,
    QoroInputError,
    QoroProvider,
    QoroService,
    SimulationMethod,
)
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster
from qiskit_qoro.primitives import QoroEstimator, QoroSampler

URL = "http://service.test/api"
NOISY = ExecutionConfig(noisy_device="ibm_fake_fez")
QPU_SYSTEM = QPUSystem("machine", (QPU("one", 5, "online", "superconducting"),))


@pytest.fixture
def cluster() -> QoroBackend:
    """A simulator of a scripted service."""
    return QoroBackend(SimulatorCluster("qoro_maestro"), QoroService("token", base_url=URL))


@pytest.fixture
def machine() -> QoroBackend:
    """A QPU system of a scripted service."""
    return QoroBackend(QPU_SYSTEM, QoroService("token", base_url=URL))


@pytest.fixture
def scripted() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{URL}/job/init/", json={"job_id": "one"}, status=201)
        mock.post(f"{URL}/job/one/add_circuits/", json={})
        yield mock


def opened(scripted: responses.RequestsMock) -> list[dict[str, Any]]:
    """The bodies of the requests that opened jobs."""
    return [json.loads(call.request.body) for call in scripted.calls if "/init/" in call.request.url]


def circuit(width: int = 1) -> QuantumCircuit:
    circuit = QuantumCircuit(width)
    circuit.h(range(width))
    circuit.measure_all()
    return circuit


def sweep() -> QuantumCircuit:
    """A circuit with a parameter that its outcomes do not depend on."""
    circuit = QuantumCircuit(8)
    circuit.h(range(8))
    circuit.rz(Parameter("t"), 0)
    circuit.measure_all()
    return circuit


def run_sampler(backend: QoroBackend, **options: Any) -> Any:
    return QoroSampler(backend, options=options).run([circuit()])


def run_estimator(backend: QoroBackend, **options: Any) -> Any:
    return QoroEstimator(backend, options=options).run([(circuit(), "Z")])


BOTH = pytest.mark.parametrize("run", [run_sampler, run_estimator], ids=["sampler", "estimator"])

# --- what is sent -------------------------------------------------------------------------------------


@BOTH
def test_a_primitive_uses_the_options_of_its_backend(
    cluster: QoroBackend, scripted: responses.RequestsMock, run: Any
) -> None:
    cluster.set_options(execution_config=NOISY, tag="mine", use_circuit_packing=True)
    run(cluster)
    [request] = opened(scripted)
    assert request["execution_configuration"] == {"noisy_device": "ibm_fake_fez"}
    assert (request["tag"], request["use_packing"]) == ("mine", True)


@BOTH
def test_a_seed_of_the_backend_is_sent_as_an_option_of_the_engine(
    cluster: QoroBackend, scripted: responses.RequestsMock, run: Any
) -> None:
    cluster.set_options(
        seed_simulator=5, execution_config=ExecutionConfig(simulation_method=SimulationMethod.Statevector)
    )
    run(cluster)
    [request] = opened(scripted)
    assert request["maestro_config"] == {"seed": 5, "simulation_type": 0}


@BOTH
def test_the_options_of_a_primitive_replace_those_of_its_backend(
    cluster: QoroBackend, scripted: responses.RequestsMock, run: Any
) -> None:
    cluster.set_options(execution_config=NOISY, tag="mine", use_circuit_packing=True, seed_simulator=5)
    run(
        cluster,
        execution_config=ExecutionConfig(bond_dimension=8),
        tag="default",
        use_circuit_packing=False,
        seed_simulator=6,
    )
    [request] = opened(scripted)
    assert request["maestro_config"] == {"seed": 6, "max_bond_dimension": 8}
    assert (request["tag"], request["use_packing"]) == ("default", False)


@BOTH
def test_the_seed_in_the_configuration_of_a_primitive_replaces_the_seed_of_its_backend(
    cluster: QoroBackend, scripted: responses.RequestsMock, run: Any
) -> None:
    cluster.set_options(seed_simulator=5)
    run(cluster, execution_config=MaestroConfig(seed=0))
    run(cluster, execution_config=MaestroConfig(max_bond_dimension=8))
    run(cluster, execution_config=MaestroConfig(seed=7), seed_simulator=8)
    assert [request["maestro_config"] for request in opened(scripted)] == [
        {"seed": 0},
        {"seed": 5, "max_bond_dimension": 8},
        {"seed": 8},
    ]


@BOTH
def test_options_of_the_backend_override_fields_of_the_client(
    scripted: responses.RequestsMock, run: Any
) -> None:
    config = ExecutionConfig(bond_dimension=4, truncation_threshold=0.5)
    service = QoroService("token", execution_config=config, base_url=URL)
    backend = QoroBackend(
        SimulatorCluster("qoro_maestro"), service, execution_config=ExecutionConfig(bond_dimension=8)
    )
    run(backend)
    [request] = opened(scripted)
    assert request["execution_configuration"] == {"bond_dimension": 8, "truncation_threshold": 0.5}


@BOTH
def test_a_qpu_gets_the_device_config_and_the_packing_of_its_backend(
    machine: QoroBackend, scripted: responses.RequestsMock, run: Any
) -> None:
    machine.set_options(execution_config=DeviceConfig({"SEED": 5}), use_circuit_packing=True)
    run(machine)
    [request] = opened(scripted)
    assert request["device_config"] == {"SEED": 5}
    assert request["use_packing"] is True


@BOTH
def test_options_that_are_set_after_the_primitive_was_created_are_used(
    cluster: QoroBackend, scripted: responses.RequestsMock, run: Any
) -> None:
    del run
    sampler = QoroSampler(cluster)
    cluster.set_options(tag="first")
    sampler.run([circuit()])
    cluster.options.tag = "second"
    sampler.run([circuit()])
    cluster.set_options(tag=None)
    sampler.run([circuit()])
    assert [request["tag"] for request in opened(scripted)] == ["first", "second", "default"]


# --- what cannot be honoured --------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("of_backend", "of_primitive", "match"),
    [
        ({"seed_simulator": 5, "execution_config": NOISY}, {}, r"seed_simulator=5: noisy_device cannot"),
        ({"seed_simulator": 5}, {"execution_config": NOISY}, r"seed_simulator=5: noisy_device cannot"),
        ({"execution_config": NOISY}, {"seed_simulator": 5}, r"seed_simulator=5: noisy_device cannot"),
        ({"execution_config": DeviceConfig({"SEED": 5})}, {}, "a DeviceConfig is for QPU systems"),
    ],
)
def test_options_that_cannot_be_honoured_together_are_refused_before_anything_is_sent(
    cluster: QoroBackend,
    scripted: responses.RequestsMock,
    run: Any,
    of_backend: dict[str, Any],
    of_primitive: dict[str, Any],
    match: str,
) -> None:
    cluster.set_options(**of_backend)
    with pytest.raises(QoroInputError, match=match):
        run(cluster, **of_primitive)
    assert len(scripted.calls) == 0


@BOTH
def test_a_seed_for_a_qpu_system_is_refused(machine: QoroBackend, run: Any) -> None:
    with pytest.raises(QoroInputError, match=r"seed_simulator=5 is not supported: 'machine' is not a sim"):
        run(machine, seed_simulator=5)


@BOTH
def test_an_invalid_option_that_was_set_as_an_attribute_is_refused(cluster: QoroBackend, run: Any) -> None:
    cluster.options.tag = 5
    with pytest.raises(QoroInputError, match="tag is 5, expected text"):
        run(cluster)


# --- shots --------------------------------------------------------------------------------------------


def shots_of(sampler: QoroSampler, **arguments: Any) -> list[int]:
    plan = sampler.plan([circuit(), (circuit(2), None, 7)], **arguments)
    return [pub.shots for pub in plan.postprocessor.pubs]  # type: ignore[attr-defined]


def test_the_shots_are_those_of_the_pub_or_of_run_or_of_the_primitive_or_of_the_backend(
    cluster: QoroBackend,
) -> None:
    sampler = QoroSampler(cluster)
    assert (shots_of(sampler), sampler.default_shots) == ([1024, 7], 1024)
    cluster.set_options(shots=50)
    assert (shots_of(sampler), sampler.default_shots) == ([50, 7], 50)
    sampler.options.default_shots = 60
    assert (shots_of(sampler), sampler.default_shots) == ([60, 7], 60)
    assert shots_of(sampler, shots=70) == [70, 7]


def test_shots_for_each_circuit_of_a_run_are_no_shots_of_a_pub(cluster: QoroBackend) -> None:
    cluster.set_options(shots=[5, 6])
    sampler = QoroSampler(cluster)
    with pytest.raises(QoroInputError, match=r"PUB 0: the option shots of the backend has one number for"):
        shots_of(sampler)
    with pytest.raises(QoroInputError, match=r"expected a single number .*: set default_shots"):
        _ = sampler.default_shots
    assert shots_of(sampler, shots=70) == [70, 7]
    assert sampler.plan([(circuit(), None, 7)]).jobs[0].num_shots == 7


def test_the_precision_of_an_estimator_does_not_depend_on_the_shots_of_its_backend(
    machine: QoroBackend,
) -> None:
    machine.set_options(shots=50)
    estimator = QoroEstimator(machine)
    assert estimator.default_precision == 1 / 64
    assert estimator.plan([(circuit(), "Z")]).jobs[0].num_shots == 4096


# --- the plan -----------------------------------------------------------------------------------------


def test_the_plan_shows_the_options(cluster: QoroBackend) -> None:
    sampler = QoroSampler(cluster)
    assert str(sampler.plan([circuit()])).splitlines()[1].startswith("  job 0: 1 circuit, 1,024 shots")
    cluster.set_options(
        tag="ising",
        use_circuit_packing=True,
        execution_config=ExecutionConfig(
            simulation_method=SimulationMethod.MatrixProductState, noisy_device="ibm_fake_fez"
        ),
    )
    plan = sampler.plan([circuit()])
    assert str(plan).splitlines()[1] == (
        "  options: tag='ising', use_circuit_packing=True, execution_config=ExecutionConfig("
        "simulation_method=SimulationMethod.MatrixProductState, noisy_device='ibm_fake_fez')"
    )
    assert (plan.tag, plan.use_circuit_packing) == ("ising", True)
    assert plan.execution_config == cluster.options.execution_config


def test_the_plan_shows_the_configuration_that_will_be_sent() -> None:
    service = QoroService("token", execution_config=ExecutionConfig(bond_dimension=4), base_url=URL)
    backend = QoroBackend(SimulatorCluster("qoro_maestro"), service, seed_simulator=3)
    plan = QoroEstimator(backend).plan([(circuit(), "Z")])
    assert plan.execution_config == MaestroConfig(max_bond_dimension=4, seed=3)
    assert "execution_config=MaestroConfig(max_bond_dimension=4, seed=3)" in str(plan)


# --- on the local service -----------------------------------------------------------------------------


def test_a_seed_of_the_backend_makes_counts_repeatable(backend: QoroBackend) -> None:
    backend.set_options(seed_simulator=5)
    sampler = QoroSampler(backend)
    first, second = (sampler.run([circuit(6)]).result()[0].data.meas for _ in range(2))
    assert (first.array == second.array).all()
    sampler.options.seed_simulator = 6
    other = sampler.run([circuit(6)]).result()[0].data.meas
    assert other.get_counts() != first.get_counts()


def test_a_noisy_device_of_the_backend_is_simulated(provider: QoroProvider, backend: QoroBackend) -> None:
    backend.set_options(execution_config=ExecutionConfig(noisy_device="local_loud"))
    one = QuantumCircuit(1)
    one.x(0)
    one.measure_all()
    job = QoroSampler(backend).run([one], shots=10_000)
    counts = job.result()[0].data.meas.get_counts()
    assert 0 < counts["0"] < 2_000
    value = QoroEstimator(backend).run([(one, "Z")]).result()[0].data.evs
    assert -1 < value < -0.9
    stored = provider.service.get_execution_config(ExecutionResult(job_id=job.job_ids[0]))
    assert stored == ExecutionConfig(noisy_device="local_loud")


def test_the_jobs_of_one_submission_have_successive_seeds(backend: QoroBackend) -> None:
    options = {"seed_simulator": 2**64 - 2, "max_parameter_rows_per_job": 2}
    sampler = QoroSampler(backend, options=options)
    pub = (sweep(), np.arange(5)[:, None], 200)
    plan = sampler.plan([pub])
    requests = [json.loads(submission.request)["maestro_config"] for submission in plan.submissions]
    assert [request["seed"] for request in requests] == [2**64 - 2, 0, 2]
    assert plan.execution_config == MaestroConfig(seed=2**64 - 2)


def test_rows_have_the_same_counts_however_they_are_distributed_over_jobs(backend: QoroBackend) -> None:
    pub = (sweep(), np.arange(4)[:, None], 200)
    backend.set_options(seed_simulator=5)
    one_job = QoroSampler(backend).run([pub]).result()[0].data.meas
    options = {"max_parameter_rows_per_job": 1}
    four_jobs = QoroSampler(backend, options=options).run([pub]).result()[0].data.meas
    assert [row.get_counts() for row in four_jobs] == [row.get_counts() for row in one_job]
    assert len({math.prod(row.get_counts().values()) for row in one_job}) == 4
