"""Primitives on a scripted service: what they send, failures during a submission, and missing values."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
import responses
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qiskit_qoro import QoroBackend, QoroService
from qiskit_qoro.errors import ConflictError, InsufficientCreditsError, JobFailedError
from qiskit_qoro.models.systems import SimulatorCluster
from qiskit_qoro.primitives import QoroEstimator, QoroSampler

URL = "http://service.test/api"


@pytest.fixture
def backend() -> QoroBackend:
    return QoroBackend(SimulatorCluster("qoro_maestro"), QoroService("token", base_url=URL))


@pytest.fixture
def service() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def pubs() -> list[tuple[object, ...]]:
    """A parameter sweep and a circuit without parameters. They become two jobs."""
    theta = Parameter("t")
    circuit = QuantumCircuit(1)
    circuit.rx(theta, 0)
    fixed = QuantumCircuit(1)
    fixed.h(0)
    return [(circuit, "Z", np.array([[0.1], [0.2]])), (fixed, "Y")]


def accept(service: responses.RequestsMock, job_id: str) -> None:
    service.post(f"{URL}/job/init/", json={"job_id": job_id}, status=201)
    service.post(f"{URL}/job/{job_id}/add_circuits/", json={})


def test_the_plan_predicts_the_requests_and_their_sizes(
    backend: QoroBackend, service: responses.RequestsMock
) -> None:
    accept(service, "one")
    accept(service, "two")
    estimator = QoroEstimator(backend)
    plan = estimator.plan(pubs())
    assert len(service.calls) == 0
    job = estimator.run(pubs())
    assert job.job_id() == "one+two"
    sent = [len(call.request.body) for call in service.calls]
    assert [job.num_bytes for job in plan.jobs] == [sum(sent[:2]), sum(sent[2:])]
    assert [job.num_requests for job in plan.jobs] == [2, 2]


def test_jobs_submitted_before_a_refused_one_are_cancelled_and_named(
    backend: QoroBackend, service: responses.RequestsMock
) -> None:
    accept(service, "one")
    service.post(f"{URL}/job/init/", json={"error": "no credits"}, status=402)
    cancelled = service.post(
        f"{URL}/job/one/cancel/", json={"status": "cancelled", "job_id": "one", "circuits_cancelled": 2}
    )
    with pytest.raises(InsufficientCreditsError, match=r"submitted one; all have been cancelled"):
        QoroEstimator(backend).run(pubs())
    assert cancelled.call_count == 1


def test_the_error_names_a_job_that_could_not_be_cancelled(
    backend: QoroBackend, service: responses.RequestsMock
) -> None:
    accept(service, "one")
    service.post(f"{URL}/job/init/", json={"error": "busy"}, status=409)
    service.post(f"{URL}/job/one/cancel/", json={"error": "it is done"}, status=409)
    with pytest.raises(ConflictError, match=r"could not be cancelled and may run: one"):
        QoroEstimator(backend).run(pubs())


@pytest.mark.parametrize(
    ("items", "match"),
    [
        ([{"results": {"Z": 1.0}}], r"PUB 0: .*no value of Y for row 0"),
        ([], r"PUB 0: .*no result for circuit 0"),
    ],
)
def test_a_missing_value_is_an_error(
    backend: QoroBackend, service: responses.RequestsMock, items: list[dict[str, object]], match: str
) -> None:
    accept(service, "one")
    job = QoroEstimator(backend).run([pubs()[1]])
    (label,) = json.loads(service.calls[1].request.body)["circuits"]
    answer = [{**item, "label": label} for item in items]
    service.get(f"{URL}/job/one/status/", json={"status": "COMPLETED"})
    service.get(
        f"{URL}/job/one/resultsV2/",
        json={"count": len(answer), "next": None, "previous": None, "results": answer},
    )
    with pytest.raises(JobFailedError, match=match) as caught:
        job.result()
    assert caught.value.job_id == "one"


def test_cancelling_a_primitives_job_that_does_not_exist_any_more_returns_false(
    backend: QoroBackend, service: responses.RequestsMock
) -> None:
    accept(service, "one")
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    job = QoroSampler(backend).run([circuit])
    service.post(f"{URL}/job/one/cancel/", json={"error": "there is no such job"}, status=404)
    assert job.cancel() is False
