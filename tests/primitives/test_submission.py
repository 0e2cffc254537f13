"""Primitives on a scripted service: what they send, failures during a submission, and missing values."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
import requests
import responses
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.providers import JobStatus as QiskitStatus

from qiskit_qoro import QoroBackend, QoroService
from qiskit_qoro.errors import (
    AuthenticationError,
    ConflictError,
    InsufficientCreditsError,
    JobFailedError,
    QoroConnectionError,
)
from qiskit_qoro.models.systems import SimulatorCluster
from qiskit_qoro.primitives import QoroEstimator, QoroPrimitiveJob, QoroSampler

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


# --- cancelling -----------------------------------------------------------------------------------------


def run_two_jobs(backend: QoroBackend, service: responses.RequestsMock) -> QoroPrimitiveJob:
    accept(service, "one")
    accept(service, "two")
    return QoroEstimator(backend).run(pubs())


def answer_cancel(service: responses.RequestsMock, job_id: str, status: int) -> responses.BaseResponse:
    body = {"error": f"no {job_id}"} if status >= 400 else {"status": "cancelled", "job_id": job_id}
    return service.post(f"{URL}/job/{job_id}/cancel/", json=body, status=status)


@pytest.mark.parametrize(
    ("first", "second", "is_cancelled"),
    [(200, 200, True), (200, 409, True), (404, 200, True), (409, 409, False), (409, 404, False)],
)
def test_a_job_that_has_ended_does_not_keep_the_others_from_being_cancelled(
    backend: QoroBackend, service: responses.RequestsMock, first: int, second: int, is_cancelled: bool
) -> None:
    job = run_two_jobs(backend, service)
    answers = [answer_cancel(service, "one", first), answer_cancel(service, "two", second)]
    assert job.cancel() is is_cancelled
    assert [answer.call_count for answer in answers] == [1, 1]


@pytest.mark.parametrize(
    ("first", "second", "named"), [(403, 200, "one"), (200, 403, "two"), (403, 403, "one"), (403, 409, "one")]
)
def test_the_first_job_that_cannot_be_cancelled_is_named_after_all_others_were_cancelled(
    backend: QoroBackend, service: responses.RequestsMock, first: int, second: int, named: str
) -> None:
    job = run_two_jobs(backend, service)
    answers = [answer_cancel(service, "one", first), answer_cancel(service, "two", second)]
    with pytest.raises(AuthenticationError, match=f"no {named}") as caught:
        job.cancel()
    assert caught.value.job_id == named
    assert [answer.call_count for answer in answers] == [1, 1]


def test_a_lost_connection_does_not_keep_the_other_job_from_being_cancelled(
    backend: QoroBackend, service: responses.RequestsMock
) -> None:
    job = run_two_jobs(backend, service)
    service.post(f"{URL}/job/one/cancel/", body=requests.exceptions.ConnectionError("reset"))
    second = answer_cancel(service, "two", 200)
    with pytest.raises(QoroConnectionError, match="job/one/cancel") as caught:
        job.cancel()
    assert caught.value.job_id == "one"
    assert second.call_count == 1


def test_only_the_jobs_that_have_not_ended_are_cancelled(
    backend: QoroBackend, service: responses.RequestsMock
) -> None:
    job = run_two_jobs(backend, service)
    service.get(f"{URL}/job/one/status/", json={"status": "COMPLETED"})
    service.get(f"{URL}/job/two/status/", json={"status": "RUNNING"})
    assert job.status() is QiskitStatus.RUNNING
    second = answer_cancel(service, "two", 200)
    assert job.cancel() is True
    assert second.call_count == 1
