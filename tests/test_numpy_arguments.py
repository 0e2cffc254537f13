"""NumPy scalars and arrays as arguments of public functions: they count as the values that they hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import responses
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qiskit_qoro import (
    DeviceConfig,
    EstimatorOptions,
    ExecutionConfig,
    JobConfig,
    MaestroConfig,
    QoroBackend,
    QoroEstimator,
    QoroInputError,
    QoroProvider,
    QoroSampler,
    QoroService,
    SamplerOptions,
    SimulatorCluster,
    TemplateEntry,
    as_completed,
    characterize,
)
from qiskit_qoro.backends.run_options import check_options
from qiskit_qoro.history import Selection
from qiskit_qoro.local import Account, Fault, FaultInjection, FaultKind, serve

URL = "https://qoro.test/api"
TEXT = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\nx q[0];\nmeasure q -> c;\n'
TEMPLATE = TEXT.replace("x q", "rx(t) q")


def both(value: Any) -> list[Any]:
    """A scalar of NumPy, and an array without dimensions."""
    return [np.asarray(value)[()], np.array(value)]


# --- values -------------------------------------------------------------------------------------------

VALUES: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (ExecutionConfig, {"bond_dimension": 8}),
    (ExecutionConfig, {"truncation_threshold": 0.5}),
    (ExecutionConfig, {"simulator": 1}),
    (ExecutionConfig, {"simulation_method": 2}),
    (ExecutionConfig, {"noisy_device": "ibm_fake_fez"}),
    (ExecutionConfig, {"noise_realizations": 4}),
    (ExecutionConfig, {"noise_scaling_factor": 0.25}),
    (MaestroConfig, {"simulator_type": 1}),
    (MaestroConfig, {"simulation_type": 2}),
    (MaestroConfig, {"max_bond_dimension": 8}),
    (MaestroConfig, {"singular_value_threshold": 0.5}),
    (MaestroConfig, {"seed": 2**64 - 1}),
    (JobConfig, {"shots": 5}),
    (JobConfig, {"simulator_cluster": "qoro_maestro"}),
    (JobConfig, {"qpu_system": "machine"}),
    (JobConfig, {"use_circuit_packing": True}),
    (JobConfig, {"tag": "mine"}),
    (JobConfig, {"force_sampling": True}),
    (EstimatorOptions, {"default_precision": 0.5}),
    (EstimatorOptions, {"default_shots": 5}),
    (EstimatorOptions, {"force_sampling": True}),
    (EstimatorOptions, {"max_parameter_rows_per_job": 5}),
    (EstimatorOptions, {"seed_simulator": 5}),
    (SamplerOptions, {"default_shots": 5}),
    (SamplerOptions, {"show_progress": False}),
    (SamplerOptions, {"tag": "mine"}),
    (SamplerOptions, {"use_circuit_packing": True}),
    (lambda **options: check_options(options), {"shots": 5}),
    (lambda **options: check_options(options), {"memory": True}),
    (lambda **options: check_options(options), {"seed_simulator": 5}),
    (lambda **options: check_options(options), {"use_circuit_packing": False}),
    (Selection, {"limit": 5}),
    (Selection, {"tag": "mine"}),
    (Selection, {"backend": "qoro_maestro"}),
    (lambda rate: Fault(FaultKind.RESET, rate), {"rate": 0.5}),
    (FaultInjection, {"pending_time_s": 0.5}),
    (FaultInjection, {"retry_after_s": 3}),
    (FaultInjection, {"seed": 3}),
    (lambda **options: Account("a", **options), {"credits": 5}),
]


@pytest.mark.parametrize(
    ("build", "arguments"), VALUES, ids=lambda item: item.__name__ if callable(item) else str(item)
)
def test_a_value_is_stored_as_the_python_value(build: Callable[..., Any], arguments: dict[str, Any]) -> None:
    expected = build(**arguments)
    [(name, value)] = arguments.items()
    for given in both(value):
        found = build(**{name: given})
        assert found == expected
        assert repr(found) == repr(expected)


@pytest.mark.parametrize(
    ("build", "arguments"),
    [
        (ExecutionConfig, {"bond_dimension": np.True_}),
        (ExecutionConfig, {"bond_dimension": np.float64(8)}),
        (ExecutionConfig, {"bond_dimension": np.array([8])}),
        (ExecutionConfig, {"truncation_threshold": np.float64("nan")}),
        (MaestroConfig, {"seed": np.True_}),
        (MaestroConfig, {"seed": np.int64(-1)}),
        (JobConfig, {"shots": np.int64(0)}),
        (JobConfig, {"force_sampling": np.int64(1)}),
        (JobConfig, {"use_circuit_packing": np.int64(1)}),
        (EstimatorOptions, {"default_shots": np.True_}),
        (EstimatorOptions, {"force_sampling": 1}),
        (EstimatorOptions, {"default_precision": np.float64(-1)}),
        (Selection, {"limit": True}),
        (Selection, {"limit": np.int64(0)}),
        (DeviceConfig, {"options": {"A": np.float64("inf")}}),
        (FaultInjection, {"pending_time_s": np.float64("inf")}),
        (FaultInjection, {"slow_s": True}),
        (FaultInjection, {"seed": 0.5}),
    ],
)
def test_a_value_of_another_kind_is_refused(build: Callable[..., Any], arguments: dict[str, Any]) -> None:
    [name] = arguments
    with pytest.raises(QoroInputError, match=f"{'A' if name == 'options' else name}.*(is|=).*expected"):
        build(**arguments)


def test_the_values_of_nested_settings_are_plain() -> None:
    meta = {np.str_("optimization_level"): np.int64(1), "approximation_degree": np.array(0.5)}
    config = ExecutionConfig(api_meta={**meta, "new": np.arange(2)})
    plain = {"optimization_level": 1, "approximation_degree": 0.5, "new": [0, 1]}
    assert repr(config.api_meta) == repr(plain)
    assert json.dumps(config.to_payload()) == json.dumps({"api_meta": plain})
    options = {"A": np.int64(1), "B": np.float32(0.5), "C": np.True_, "D": np.str_("x"), "E": np.array(2)}
    assert repr(DeviceConfig(options).options) == repr({"A": 1, "B": 0.5, "C": True, "D": "x", "E": 2})


def test_a_template_takes_arrays_of_names_labels_and_values() -> None:
    found = TemplateEntry(
        np.str_(TEMPLATE), np.array(["t"]), list(zip(np.array(["a", "b"]), np.eye(2)[:, :1], strict=True))
    )
    expected = TemplateEntry(TEMPLATE, ["t"], [("a", [1.0]), ("b", [0.0])])
    assert repr((found.parameter_names, found.parameter_sets)) == repr(
        (expected.parameter_names, expected.parameter_sets)
    )


# --- the client ---------------------------------------------------------------------------------------


@pytest.fixture
def scripted() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{URL}/job/init/", json={"job_id": "one"}, status=201)
        mock.post(f"{URL}/job/one/add_circuits/", json={})
        mock.post(f"{URL}/job/one/submit_qubo/", json={})
        mock.get(f"{URL}/job/one/validation_result/", json={"job_id": "one", "status": "COMPLETED"})
        mock.get(f"{URL}/job/one/validation_result/html/", body="<div></div>")
        mock.get(f"{URL}/job/one/status/", json={"status": "COMPLETED"})
        yield mock


@pytest.fixture
def service() -> QoroService:
    return QoroService("token", JobConfig(simulator_cluster="qoro_maestro"), base_url=URL)


def sent(scripted: responses.RequestsMock, part: str) -> list[dict[str, Any]]:
    return [json.loads(call.request.body) for call in scripted.calls if f"/{part}/" in call.request.url]


@pytest.mark.parametrize("index", [0, 1])
def test_the_settings_of_a_client_are_plain_numbers(index: int) -> None:
    config = JobConfig(simulator_cluster="qoro_maestro")
    service = QoroService(
        "token", config, polling_interval=both(2)[index], max_retries=both(7)[index], track_depth=np.True_
    )
    assert (service.polling_interval, service.max_retries, service.track_depth) == (2.0, 7, True)
    service.polling_interval, service.max_retries = both(0.5)[index], both(8)[index]
    assert repr((service.polling_interval, service.max_retries)) == "(0.5, 8)"
    with pytest.raises(QoroInputError, match=r"max_retries is .*True.*, expected an integer of 1 or more"):
        service.max_retries = both(True)[index]


def test_ranges_of_circuits_may_be_arrays(service: QoroService, scripted: responses.RequestsMock) -> None:
    circuits = {"a": TEXT, "b": TEXT}
    service.submit_circuits(circuits, shot_groups=np.array([[0, 1, 5], [1, 2, 6]]))
    service.submit_circuits(circuits, shot_groups=[np.array([0, 2, 7])])
    service.submit_circuits(circuits, shot_groups=[(np.int64(0), np.uint8(2), np.array(8))])
    service.submit_circuits(circuits, ham_ops="Z|X", circuit_ham_map=np.array([[0, 1], [1, 2]]))
    bodies = sent(scripted, "add_circuits")
    assert [body.get("shot_groups") for body in bodies] == [
        [[0, 1, 5], [1, 2, 6]],
        [[0, 2, 7]],
        [[0, 2, 8]],
        None,
    ]
    assert bodies[3]["circuit_ham_map"] == [[0, 1], [1, 2]]


@pytest.mark.parametrize("groups", [np.array([[0.0, 2, 5]]), np.array([0, 2, 5]), np.array([[0, True, 5.0]])])
def test_other_arrays_are_no_ranges(service: QoroService, groups: Any) -> None:
    with pytest.raises(QoroInputError, match=r"shot_groups\[0\] is .*, expected integers"):
        service.submit_circuits({"a": TEXT, "b": TEXT}, shot_groups=groups)


def test_labels_are_plain_text(service: QoroService, scripted: responses.RequestsMock) -> None:
    service.submit_circuits(dict.fromkeys(np.array(["a", "b"]), TEXT))
    assert [list(body["circuits"]) for body in sent(scripted, "add_circuits")] == [["a", "b"]]


def test_pages_of_credits_take_numpy_integers(service: QoroService, scripted: responses.RequestsMock) -> None:
    scripted.get(
        f"{URL}/credits/transactions/",
        json={"count": 0, "total_pages": 1, "next": None, "previous": None, "results": []},
    )
    for page, size in zip(both(2), both(100), strict=True):
        service.get_credit_transactions(page, size)
        assert scripted.calls[-1].request.params == {"page": "2", "page_size": "100"}
    with pytest.raises(QoroInputError, match=r"page_size is .*101.*, expected an integer from 1 to 100"):
        service.get_credit_transactions(1, np.int64(101))
    with pytest.raises(QoroInputError, match=r"page is .*True.*, expected an integer of 1 or more"):
        service.get_credit_transactions(np.True_)


@pytest.mark.parametrize("index", [0, 1])
def test_a_problem_and_its_options_may_contain_numpy_values(
    service: QoroService, scripted: responses.RequestsMock, index: int
) -> None:
    qubo = {"0": both(-1)[index], np.str_("0,1"): both(0.5)[index]}
    options = {"n_qubits": both(3)[index], "analysis": {"gamma": np.linspace(0, 1, 2), "layers": np.int8(2)}}
    service.characterize_and_validate(qubo, target_states=np.array(["010"]), options=options)
    characterize({(0, 1): both(0.5)[index]}, service=service, options=options)
    first, second = sent(scripted, "submit_qubo")
    assert first == {
        "qubo": {"0": -1, "0,1": 0.5},
        "reference_states": ["010"],
        "options": {"n_qubits": 3, "analysis": {"gamma": [0.0, 1.0], "layers": 2}},
    }
    assert (second["qubo"], second["options"]) == ({"0,1": 0.5}, first["options"])


def test_a_factored_problem_may_contain_arrays(
    service: QoroService, scripted: responses.RequestsMock
) -> None:
    vector = np.ones(2, "<f8").tobytes().hex()
    envelope = {
        "_format": "factored_v1",
        "n": np.int64(2),
        "k": np.int64(1),
        "F": vector,
        "signs": np.array([1]),
        "diag": vector,
    }
    characterize(envelope, service=service)
    [body] = sent(scripted, "submit_qubo")
    assert body["qubo"] == {**envelope, "n": 2, "k": 1, "signs": [1]}


# --- jobs, backends and primitives --------------------------------------------------------------------


def circuit() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.measure_all()
    return circuit


def swept() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("t"), 0)
    circuit.measure_all()
    return circuit


def test_the_options_of_a_run_may_be_numpy_values(backend: QoroBackend) -> None:
    for shots, memory, seed in zip(both(5), both(True), both(3), strict=True):
        result = backend.run(circuit(), shots=shots, memory=memory, seed_simulator=seed).result()
        assert (result.get_counts(), result.get_memory()) == ({"1": 5}, ["1"] * 5)
    counts = backend.run([circuit(), circuit()], shots=np.array([5, 6])).result().get_counts()
    assert counts == [{"1": 5}, {"1": 6}]


def test_arguments_of_the_primitives_may_be_numpy_values(backend: QoroBackend) -> None:
    sampler, estimator = QoroSampler(backend), QoroEstimator(backend, options={"force_sampling": np.True_})
    for shots, precision in zip(both(5), both(0.5), strict=True):
        plan = sampler.plan([circuit()], shots=shots)
        assert repr(plan.jobs[0].num_shots) == "5"
        result = sampler.run([circuit()], shots=shots).result()
        assert repr(result[0].metadata["shots"]) == "5"
        result = estimator.run([(circuit(), "Z")], precision=precision).result()
        assert repr(result[0].metadata["target_precision"]) == "0.5"
    with pytest.raises(QoroInputError, match=r"shots is .*True.*, expected an integer of 1 or more"):
        sampler.plan([circuit()], shots=np.True_)
    rows = np.array([[0.0], [np.pi]], np.float32)
    result = sampler.run([(swept(), rows)], shots=np.int16(4)).result()
    assert [row.get_counts() for row in result[0].data.meas] == [{"0": 4}, {"1": 4}]


@pytest.mark.parametrize("timeout", [*both(60), *both(60.0), np.float32(60), np.inf], ids=repr)
def test_time_limits_may_be_numpy_values(provider: QoroProvider, backend: QoroBackend, timeout: Any) -> None:
    job, primitive_job = backend.run(circuit(), shots=5), QoroSampler(backend).run([circuit()], shots=5)
    assert {done.job_id() for done in as_completed([job, primitive_job], timeout)} == {
        job.job_id(),
        primitive_job.job_id(),
    }
    retrieved = provider.retrieve_job(job.job_id())
    retrieved.wait_for_final_state(timeout)
    assert retrieved.result(timeout).get_counts() == {"1": 5}
    assert primitive_job.result(timeout)[0].data.meas.get_counts() == {"1": 5}
    assert job.outcome(timeout).failures == {}


@pytest.mark.parametrize("timeout", ["60", np.nan, True, [60]], ids=repr)
def test_an_invalid_time_limit_is_refused_in_every_wait(
    service: QoroService, scripted: responses.RequestsMock, timeout: Any
) -> None:
    backend = QoroBackend(SimulatorCluster("qoro_maestro"), service)
    job, primitive_job = backend.run(circuit()), QoroSampler(backend).run([circuit()])
    for wait in (
        job.result,
        job.outcome,
        job.wait_for_final_state,
        primitive_job.result,
        primitive_job.wait_for_final_state,
        lambda limit: list(as_completed([job], limit)),
        lambda limit: service.wait_for_jobs([], timeout_s=limit),
    ):
        with pytest.raises(QoroInputError, match=r"timeout(_s)? is .*, expected a number of seconds"):
            wait(timeout)
    assert not [call for call in scripted.calls if "/status/" in call.request.url]


def test_the_list_of_jobs_takes_numpy_values(tmp_path: Path) -> None:
    with QoroProvider("token", base_url=URL, journal=tmp_path / "journal") as provider:
        for limit in both(5):
            jobs = provider.jobs(limit=limit, refresh=np.False_, since=timedelta(hours=1))  # type: ignore[arg-type]
            assert list(jobs) == []


@pytest.mark.parametrize("index", [0, 1])
def test_the_journal_is_turned_off_by_a_numpy_boolean(index: int) -> None:
    assert QoroProvider("token", base_url=URL, journal=both(False)[index]).journal is None
    with QoroProvider.local(journal=both(False)[index]) as provider:
        assert provider.journal is None


def test_the_conditions_of_backends_take_numpy_values(provider: QoroProvider) -> None:
    names = [
        backend.name
        for backend in provider.backends(
            simulator=np.True_,  # type: ignore[arg-type]
            operational=np.array(True),  # type: ignore[arg-type]
            min_num_qubits=np.int64(5),  # type: ignore[arg-type]
        )
    ]
    assert names == ["qoro_maestro"]


def test_the_limits_of_the_local_service_take_numpy_values() -> None:
    options: dict[str, Any] = {"workers": np.int64(1), "time_limit_s": np.float32(60)}
    with serve(**options, memory_limit_bytes=np.array(2**31), port=np.int64(0)) as service:  # type: ignore[arg-type]
        assert len(service.worker_pids) == 1
    accounts = {"other": Account("other", credits=np.int64(7))}  # type: ignore[arg-type]
    with serve(workers=1, accounts=accounts) as service:
        client = QoroService("other", JobConfig(simulator_cluster="qoro_maestro"), base_url=service.url)
        assert Decimal(client.get_credit_balance()["balance"]) == 7


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"workers": np.int64(0)}, "workers is .*0.*, expected 1 or more"),
        ({"workers": True}, "workers is True, expected 1 or more"),
        ({"memory_limit_bytes": np.float64(1)}, "memory_limit_bytes is .*, expected 1 or more"),
        ({"time_limit_s": np.float64("nan")}, "time_limit_s is .*nan.*, expected more than 0 seconds"),
        ({"time_limit_s": 0}, "time_limit_s is 0, expected more than 0 seconds"),
    ],
)
def test_invalid_limits_of_the_local_service_are_refused(options: dict[str, Any], match: str) -> None:
    with pytest.raises(QoroInputError, match=match):
        serve(**options)
