"""QoroService: its settings, and its methods against the local service over HTTP."""

import copy
import pickle
import random
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from qiskit import QuantumCircuit

from qiskit_qoro.errors import AuthenticationError, ConflictError, NotFoundError, QoroAPIError, QoroInputError
from qiskit_qoro.models.config import ExecutionConfig, JobConfig, SimulationMethod, Simulator
from qiskit_qoro.models.jobs import ExecutionResult, JobStatus
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster
from qiskit_qoro.service import CircuitRunner, QoroService
from qiskit_qoro.service.clock import SystemClock

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
BELL = HEADER + "qreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n"
ONE = HEADER + "qreg q[2];\ncreg c[2];\nx q[0];\nmeasure q -> c;\n"
# The gate after the measurement makes the engine run every shot: ten million take most of a minute.
SLOW = HEADER + "qreg q[1];\ncreg c[1];\nh q[0];\nmeasure q -> c;\nh q[0];\nmeasure q -> c;\n"


# --- settings -----------------------------------------------------------------------------------------


def test_the_constructor_takes_the_documented_arguments_in_order_and_sends_nothing(cloud):
    service = QoroService("t", JobConfig(simulator_cluster="c"), ExecutionConfig(), 1.5, 7, True)
    assert service.job_config == JobConfig(simulator_cluster="c")
    assert service.execution_config == ExecutionConfig()
    assert (service.polling_interval, service.max_retries, service.track_depth) == (1.5, 7, True)
    assert isinstance(service, CircuitRunner)
    assert len(cloud.calls) == 0


def test_the_defaults_are_the_documented_ones(cloud):
    service = QoroService("t")
    assert service.job_config == JobConfig(simulator_cluster=SimulatorCluster("qoro_maestro"))
    assert service.execution_config is None
    assert (service.polling_interval, service.max_retries, service.track_depth) == (3.0, 5000, False)
    assert (service.is_async, service.supports_expval, service.shots) == (True, True, 1024)
    assert service.base_url == "https://app.qoroquantum.net/api"


@pytest.mark.parametrize(
    "options",
    [
        {"polling_interval": 0},
        {"polling_interval": -1.0},
        {"polling_interval": float("nan")},
        {"polling_interval": float("inf")},
        {"polling_interval": "3"},
        {"polling_interval": True},
        {"max_retries": 0},
        {"max_retries": 1.5},
        {"max_retries": True},
        {"job_config": {"shots": 5}},
        {"execution_config": {"bond_dimension": 5}},
        {"base_url": "nowhere"},
    ],
    ids=str,
)
def test_an_invalid_argument_is_named(options):
    [name] = options
    with pytest.raises(QoroInputError, match=name):
        QoroService("t", **options)


def test_a_job_config_without_target_gets_the_default_one_and_a_warning_at_the_callers_line():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        service = QoroService("t", JobConfig(shots=5))
        service.job_config = JobConfig(shots=6)
    assert [warning.filename for warning in caught] == [__file__] * 2
    assert all("qoro_maestro" in str(warning.message) for warning in caught)
    assert service.job_config == JobConfig(shots=6, simulator_cluster="qoro_maestro")


def test_only_valid_configurations_can_be_assigned():
    service = QoroService("t")
    service.execution_config = ExecutionConfig(bond_dimension=3)
    assert service.execution_config.bond_dimension == 3
    service.execution_config = None
    with pytest.raises(QoroInputError, match="execution_config"):
        service.execution_config = {}
    with pytest.raises(QoroInputError, match="job_config"):
        service.job_config = None
    assert service.job_config.target.name == "qoro_maestro"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (JobConfig(simulator_cluster="c"), True),
        (JobConfig(simulator_cluster="c", force_sampling=True), False),
        (JobConfig(simulator_cluster=SimulatorCluster("c", supports_expval=False)), False),
        (JobConfig(qpu_system=QPUSystem("q", supports_expval=True)), True),
        (JobConfig(qpu_system=QPUSystem("q", (QPU("a", 5, "online", "ions"),))), False),
        (JobConfig(qpu_system="q", force_sampling=True), False),
    ],
)
def test_supports_expval_depends_on_the_target_and_on_force_sampling(config, expected):
    assert QoroService("t", config).supports_expval is expected


def test_the_repr_shows_the_address_and_the_target():
    service = QoroService("t", JobConfig(qpu_system="garnet"), base_url="http://h/api")
    assert repr(service) == "<QoroService 'http://h/api', target 'garnet'>"


def test_the_system_clock_advances_and_an_event_ends_a_wait():
    clock, event = SystemClock(), threading.Event()
    before = clock.now()
    event.set()
    clock.wait(3600, event)
    clock.wait(0.001)
    assert 0.001 <= clock.now() - before < 60


# --- requests to the local service --------------------------------------------------------------------


def finish(service, result):
    assert service.poll_job_status(result, loop_until_complete=True, verbose=False) is JobStatus.COMPLETED
    return service.get_job_results(result).results


def test_test_connection_checks_the_address_and_the_token(live_service, local_service):
    assert live_service.test_connection().status_code == 200
    stranger = QoroService("wrong", base_url=local_service.url)
    with pytest.raises(AuthenticationError, match="401 Unauthorized") as caught:
        stranger.test_connection()
    assert isinstance(caught.value, requests.exceptions.HTTPError)


def test_simulator_clusters_and_qpu_systems_are_listed(live_service):
    assert "qoro_maestro" in [cluster.name for cluster in live_service.fetch_simulator_clusters()]
    systems = live_service.fetch_qpu_systems()
    assert [system.name for system in systems] == ["local_qpu", "local_heavy_hex"]
    assert all(qpu.q_bits > 0 for system in systems for qpu in system.qpus)


def test_circuits_run_with_the_shots_of_their_groups(live_service):
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    circuits = {"bell": BELL, "one": ONE, "object": circuit}
    results = finish(
        live_service, live_service.submit_circuits(circuits, shot_groups=[[0, 2, 50], [2, 3, 7]])
    )
    assert list(results) == ["bell", "one", "object"]
    assert sum(results["bell"].values()) == 50
    assert set(results["bell"]) <= {"00", "11"}
    assert (results["one"], results["object"]) == ({"01": 50}, {"1": 7})


def test_each_circuit_is_measured_for_its_group_of_pauli_strings(live_service):
    circuits = {"a": HEADER + "qreg q[2];\nx q[0];", "b": HEADER + "qreg q[2];\nh q[0];"}
    submitted = live_service.submit_circuits(circuits, ham_ops="ZI;IZ|XI", circuit_ham_map=[[0, 1], [1, 2]])
    results = finish(live_service, submitted)
    assert results["a"] == pytest.approx({"ZI": -1, "IZ": 1})
    assert results["b"] == pytest.approx({"XI": 1})


def test_results_on_several_pages_are_complete(live_service):
    circuits = {f"c{k}": ONE for k in range(120)}
    results = finish(
        live_service,
        live_service.submit_circuits(circuits, shot_groups=[[k, k + 1, k + 1] for k in range(120)]),
    )
    assert results == {f"c{k}": {"01": k + 1} for k in range(120)}


def test_several_uploads_become_one_job(live_service):
    circuits = {}
    for k in range(4):
        comment = "".join(random.Random(k).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=500_000))
        circuits[f"c{k}"] = f"// {comment}\n{ONE}"
    results = finish(live_service, live_service.submit_circuits(circuits, shot_groups=[[0, 1, 1], [1, 4, 9]]))
    assert results == {"c0": {"01": 1}, "c1": {"01": 9}, "c2": {"01": 9}, "c3": {"01": 9}}


def test_a_running_job_has_no_results_and_can_be_cancelled_once_and_deleted(live_service):
    job = live_service.submit_circuits({"slow": SLOW}, override_job_config=JobConfig(shots=10**7))
    with pytest.raises(QoroAPIError, match=r"results not available: job .* is (PENDING|RUNNING)") as caught:
        live_service.get_job_results(job)
    assert caught.value.status_code == 400
    assert live_service.cancel_job(job).json()["job_id"] == job.job_id
    assert live_service.poll_job_status(job) is JobStatus.CANCELLED
    with pytest.raises(ConflictError, match=r"is CANCELLED: only a PENDING or RUNNING job can be cancelled"):
        live_service.cancel_job(job)
    assert live_service.delete_job(job).status_code == 204
    with pytest.raises(NotFoundError, match=r"404 Not Found: there is no job"):
        live_service.poll_job_status(job)


def test_a_job_keeps_its_execution_configuration(live_service):
    config = ExecutionConfig(
        bond_dimension=8,
        simulator=Simulator.QCSim,
        simulation_method=SimulationMethod.MatrixProductState,
    )
    job = live_service.submit_circuits({"a": ONE}, override_execution_config=config)
    assert live_service.get_execution_config(job) == config
    finish(live_service, job)
    with pytest.raises(ConflictError, match=r"is COMPLETED: only a PENDING job can be configured"):
        live_service.set_execution_config(job, ExecutionConfig(bond_dimension=4))


def test_setting_a_configuration_sends_its_payload_and_returns_the_answer(cloud, service, url):
    answer = {"status": "ok", "job_id": "j1", "execution_configuration": {"bond_dimension": 4}}
    cloud.add("POST", f"{url}/job/j1/execution_config/", json=answer)
    job = ExecutionResult(job_id="j1")
    assert service.set_execution_config(job, ExecutionConfig(bond_dimension=4)) == answer
    assert cloud.calls[0].request.body == b'{"bond_dimension":4}'
    with pytest.raises(QoroInputError, match="config is"):
        service.set_execution_config(job, {"bond_dimension": 4})


@pytest.mark.parametrize(
    "ask", ["poll_job_status", "cancel_job", "delete_job", "get_execution_config", "get_job_results"]
)
def test_an_unknown_job_is_not_found(live_service, ask):
    with pytest.raises(NotFoundError, match="no-such-job") as caught:
        getattr(live_service, ask)(ExecutionResult(job_id="no-such-job"))
    assert caught.value.job_id == "no-such-job"


def test_copies_and_pickles_of_a_client_work(live_service):
    for twin in (
        copy.copy(live_service),
        copy.deepcopy(live_service),
        pickle.loads(pickle.dumps(live_service)),
    ):
        assert twin.test_connection().ok
        twin.close()


def test_one_client_serves_many_threads(live_service):
    def submit(k):
        job = live_service.submit_circuits({f"job {k}": ONE}, override_job_config=JobConfig(shots=k + 1))
        return finish(live_service, job)

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(submit, range(16)))
    assert results == [{f"job {k}": {"01": k + 1}} for k in range(16)]
