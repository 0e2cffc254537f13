"""Every public object has a ``repr`` of one line and a card, which ask the service for nothing."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import pytest
import responses
from IPython.lib.pretty import pretty
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

import qiskit_qoro
from qiskit_qoro import (
    QPU,
    BackendStatus,
    Budget,
    CharacterizationResult,
    Cost,
    DeviceConfig,
    EstimatorOptions,
    ExecutionConfig,
    ExecutionResult,
    JobConfig,
    JobEntry,
    JobList,
    MaestroConfig,
    NoiseModel,
    PagesLink,
    Prices,
    QoroBackend,
    QoroEstimator,
    QoroEstimatorGradient,
    QoroFidelity,
    QoroJob,
    QoroPrimitiveJob,
    QoroProvider,
    QoroSampler,
    QoroService,
    QPUSystem,
    SamplerOptions,
    SavedAccount,
    SentProgram,
    SimulatorCluster,
    TemplateEntry,
)
from qiskit_qoro.history import Journal
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.models.devices import DeviceProperties, OperationProperties
from qiskit_qoro.models.jobs import JobOutcome
from qiskit_qoro.models.secret import Secret
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.primitives.estimator_gradient import EstimatorGradientJob, EstimatorGradientResult
from qiskit_qoro.states.fidelity import QoroFidelityResult

URL = "https://cloud.example/api"
TOKEN = "token-that-nobody-may-see"
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def nothing_is_sent() -> Iterator[None]:
    """Every request is an error."""
    with responses.RequestsMock():
        yield


def service() -> QoroService:
    return QoroService(TOKEN, JobConfig(simulator_cluster="qoro_maestro"), base_url=URL)


def backend(name: str) -> QoroBackend:
    return QoroBackend(SimulatorCluster(name), service(), tag=name)


def qpu_system(name: str) -> QPUSystem:
    pairs = tuple(OperationProperties("cx", (qubit, qubit + 1)) for qubit in range(126))
    qpu = QPU(name, 127, name, name, name, DeviceProperties(pairs))
    return QPUSystem(name, (qpu, QPU("other", 5, "offline", "ion")))


def entry(name: str) -> JobEntry:
    return JobEntry(name, name, JobKind.RUN, NOW, name, name, 3, name, name, _retrieve=lambda _: None)


def circuit(name: str) -> QuantumCircuit:
    circuit = QuantumCircuit(1, name=name)
    circuit.rx(Parameter("a"), 0)
    circuit.measure_all()
    return circuit


def noise() -> NoiseModel:
    return NoiseModel().set_all_depolarizing(3, 0.1).set_readout_error(0, 0.1, 0.2)


# For each class: objects in which every text that may come from somebody else is the argument.
EXAMPLES: dict[str, Callable[[str], object]] = {
    "BackendStatus": lambda name: BackendStatus(name, "0", True, 3, name),
    "CharacterizationResult": lambda name: CharacterizationResult(
        {"job_id": name, "status": name, "hardness": {"difficulty": name}, "recommendations": [name]}
    ),
    "Budget": lambda name: Budget(5, circuits=1_000, shots=100_000),
    "Cost": lambda name: Cost(Decimal("0.4"), circuits=40, shots=4_000),
    "Cost of jobs without prices": lambda name: Cost(circuits=40, jobs=2),
    "DeviceConfig": lambda name: DeviceConfig({name: name}),
    "EstimatorGradientJob": lambda name: EstimatorGradientJob(QoroPrimitiveJob(service(), [name]), [], None),
    "EstimatorGradientResult": lambda name: EstimatorGradientResult(
        [np.zeros(2)], [{"parameters": [], "gradient_method": name}]
    ),
    "EstimatorOptions": lambda name: EstimatorOptions(tag=name),
    "ExecutionConfig": lambda name: ExecutionConfig(noisy_device=name, api_meta={name: name}),
    "ExecutionResult": lambda name: ExecutionResult({name: {name: 3}, **results(3000)}, name),
    "JobConfig": lambda name: JobConfig(simulator_cluster=name, tag=name),
    "JobEntry": entry,
    "JobList": lambda name: JobList([entry(name)] * 300, not_asked=2),
    "JobOutcome": lambda name: JobOutcome({name: {name: 3}}, {name: name}, name),
    "Journal": lambda name: Journal(None),
    "MaestroConfig": lambda name: (
        MaestroConfig(seed=3, custatevec_load_path=name)
        if "custatevec_load_path" in vars(MaestroConfig)
        else MaestroConfig(seed=3)
    ),
    "NoiseModel": lambda name: noise(),
    "PagesLink": lambda name: PagesLink("http://127.0.0.1:8000/pages/sign-in?code=" + 22 * "x", name),
    "Plan": lambda name: QoroSampler(backend(name)).plan([(circuit(name), [[0.1], [0.2]])]),
    "PlannedJob": lambda name: QoroSampler(backend(name)).plan([(circuit(name), [0.1])]).jobs[0],
    "Prices": lambda name: Prices(Decimal(1), Decimal("0.01"), Decimal("0.0001")),
    "QPU": lambda name: qpu_system(name).qpus[0],
    "QPUSystem": qpu_system,
    "QoroBackend": backend,
    "QoroBackend of a QPU": lambda name: QoroBackend(qpu_system(name), service()),
    "QoroEstimator": lambda name: QoroEstimator(backend(name), options={"tag": name}),
    "QoroEstimatorGradient": lambda name: QoroEstimatorGradient(backend(name)),
    "QoroFidelity": lambda name: QoroFidelity(backend(name), tag=name),
    "QoroFidelityResult": lambda name: QoroFidelityResult([0.5] * 3000, [0.5] * 3000),
    "QoroJob": lambda name: QoroJob(backend(name), name, service(), tag=name, submitted=NOW),
    "QoroPrimitiveJob": lambda name: QoroPrimitiveJob(service(), [name, "b", "c"], submitted=NOW),
    "QoroPrimitiveJob without jobs": lambda name: QoroPrimitiveJob(service(), []),
    "QoroProvider": lambda name: QoroProvider(TOKEN, base_url=URL, journal=False),
    "QoroProvider of a local service": lambda name: QoroProvider.local(),
    "QoroSampler": lambda name: QoroSampler(backend(name), options={"tag": name}),
    "QoroService": lambda name: QoroService(TOKEN, JobConfig(simulator_cluster=name), base_url=URL),
    "RunPlan": lambda name: backend(name).plan(circuit(name).assign_parameters([0.1]), tag=name),
    "SamplerOptions": lambda name: SamplerOptions(tag=name),
    "SavedAccount": lambda name: SavedAccount(name, URL, Secret(TOKEN), NOW, is_default=True),
    "SentProgram": lambda name: SentProgram(name, name, 3, (name,), name, {name: 0.5}),
    "SimulatorCluster": lambda name: SimulatorCluster(name, name, name),
    "TemplateEntry": lambda name: TemplateEntry(name, [name], [(name, [0.5])]),
}


def results(number: int) -> dict[str, Any]:
    return {f"circuit {index}": {"0": 1, "1": 2} for index in range(number)}


def test_every_public_class_has_an_example() -> None:
    public = {name: getattr(qiskit_qoro, name) for name in qiskit_qoro.__all__}
    shown = {
        name
        for name, item in public.items()
        if inspect.isclass(item)
        and not issubclass(item, Exception | Enum)
        and not inspect.isabstract(item)
        and not getattr(item, "_is_protocol", False)
    }
    assert shown <= EXAMPLES.keys()


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("name", ["qoro_maestro", HOSTILE])
def test_the_repr_is_one_line_that_says_what_the_object_is(example: str, name: str) -> None:
    item = EXAMPLES[example](name)
    text = repr(item)
    assert text.isprintable()
    assert type(item).__name__ in text
    assert not re.search(r"\bat 0x|object at", text)
    assert TOKEN not in text
    if name != HOSTILE:
        assert len(text) <= 100


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("name", ["qoro_maestro", HOSTILE])
def test_the_card_is_html_in_which_all_texts_are_only_text(
    example: str, name: str, parse_html: Callable[[str], Any]
) -> None:
    markup = EXAMPLES[example](name)._repr_html_()  # type: ignore[attr-defined]
    html = parse_html(markup)
    assert html.text
    assert "script" not in html.tags
    assert not {"\x1b", "\u202e"} & set(markup)
    assert TOKEN not in markup


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_card_is_there_at_once(example: str) -> None:
    item: Any = EXAMPLES[example]("qoro_maestro")
    item._repr_html_()  # loads the templates
    times = []
    for _ in range(3):
        begin = time.thread_time()
        item._repr_html_()
        times.append(time.thread_time() - begin)
    assert min(times) < 0.02


def test_showing_a_local_provider_does_not_start_the_service() -> None:
    provider = QoroProvider.local()
    assert repr(provider) == "<QoroProvider local service: not started>"
    assert "not started" in provider._repr_html_()
    assert repr(provider) == "<QoroProvider local service: not started>"


def test_showing_objects_of_a_service_in_this_process_opens_no_port() -> None:
    with QoroProvider.local(workers=1) as provider:
        backend = provider.get_backend()
        job = backend.run(circuit("c").assign_parameters([0.1]), shots=10)
        job.result()
        for item in (provider, backend, backend.service, job, provider.jobs(), QoroEstimator(backend)):
            assert "127.0.0.1" not in repr(item) + item._repr_html_()
        assert repr(provider) == "<QoroProvider local service: running>"
        assert backend.service.base_url in repr(provider)  # reading the address opens the port


def test_the_local_service_shows_its_state_but_not_its_token(
    local_service: LocalService, parse_html: Callable[[str], Any]
) -> None:
    assert repr(local_service) == f"<LocalService at {local_service.address}>"
    card = local_service._repr_html_()
    assert parse_html(card).text == f"Local service state at {local_service.address}"
    assert local_service.token not in card
    with serve(workers=1) as other:
        pass
    assert repr(other) == "<LocalService stopped>"


@pytest.mark.parametrize(
    "item",
    [JobList([entry("a")]), QoroSampler(backend("qoro_maestro")).plan([(circuit("c"), [0.1])])],
)
def test_ipython_shows_lists_and_plans_in_full(item: Any) -> None:
    assert pretty(item) == str(item)
    assert pretty(item) != repr(item)


def test_the_card_of_a_plan_shows_the_first_of_many_jobs(parse_html: Callable[[str], Any]) -> None:
    sampler = QoroSampler(backend("qoro_maestro"), options={"max_parameter_rows_per_job": 1})
    plan = sampler.plan([(circuit("c"), [[0.1 * row] for row in range(30)])])
    assert len(plan.jobs) == 30
    assert "and 10 more jobs" in parse_html(plan._repr_html_()).text
