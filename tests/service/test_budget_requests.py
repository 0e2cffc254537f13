"""Budgets on a scripted service: answers that get lost, services without prices, charges in transactions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests
import responses
from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError

from qiskit_qoro import Budget, QoroJob, QoroPrimitiveJob, QoroService
from qiskit_qoro.errors import (
    AuthenticationError,
    BudgetExceededError,
    InsufficientCreditsError,
    QoroAPIError,
    QoroConnectionError,
    QoroInputError,
)
from qiskit_qoro.models.config import JobConfig
from qiskit_qoro.models.costs import Cost, Prices
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.service.budgets.spending import Spending

URL = "https://qoro.test/api"
LOST = requests.exceptions.ConnectionError("reset")
POOL = HTTPSConnectionPool("qoro.test")
REFUSED = requests.exceptions.ConnectionError(
    MaxRetryError(POOL, "/api", NewConnectionError(POOL, "refused"))
)
PROGRAM = "OPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;"
QUBO = {"0": -1.0, "0,1": 2.0}


@pytest.fixture
def connect(clock: Any) -> Callable[..., QoroService]:
    """Make a client. The arguments are those of the spending."""

    def connect(budget: object = None, prices: object = None) -> QoroService:
        config = JobConfig(simulator_cluster="qoro_maestro")
        return QoroService("tok", config, base_url=URL, clock=clock, spending=Spending(budget, prices))

    return connect


def accept(cloud: responses.RequestsMock, job_id: str = "j") -> None:
    cloud.post(f"{URL}/job/init/", json={"job_id": job_id}, status=201)
    cloud.post(f"{URL}/job/{job_id}/add_circuits/", json={})


def num_spent(service: QoroService) -> int | None:
    return service.spending.budgets[0].spent.circuits


def test_what_was_certainly_not_sent_is_given_back(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect({"circuits": 1})
    cloud.post(f"{URL}/job/init/", body=REFUSED)
    with pytest.raises(QoroConnectionError, match=r"qoro\.test"):
        service.submit_circuits({"a": PROGRAM})
    assert service.spending.budgets[0].spent.jobs == 0
    cloud.reset()
    cloud.post(f"{URL}/job/init/", status=402, json={"error": "no credits"})
    with pytest.raises(InsufficientCreditsError, match="no credits"):
        service.submit_circuits({"a": PROGRAM})
    assert num_spent(service) == 0
    cloud.reset()
    accept(cloud)
    service.submit_circuits({"a": PROGRAM})
    assert num_spent(service) == 1


@pytest.mark.parametrize("lost", [LOST, KeyboardInterrupt()], ids=["lost answer", "Ctrl-C"])
def test_a_job_whose_opening_was_not_answered_is_given_back_because_it_has_no_circuits(
    lost: BaseException, cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect({"circuits": 1})

    def fail(_request: object) -> Any:
        raise lost

    cloud.add_callback("POST", f"{URL}/job/init/", callback=fail)
    with pytest.raises((QoroConnectionError, KeyboardInterrupt)):
        service.submit_circuits({"a": PROGRAM})
    assert num_spent(service) == 0
    with pytest.raises((QoroConnectionError, KeyboardInterrupt)):
        service.characterize_and_validate({"0": 1.0})
    assert service.spending.budgets[0].spent.variables == 0


def test_a_job_whose_last_upload_may_have_arrived_is_counted_until_it_is_known_to_have_failed(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect({"circuits": 1})
    cloud.post(f"{URL}/job/init/", json={"job_id": "j"}, status=201)
    cloud.post(f"{URL}/job/j/add_circuits/", body=LOST)
    with pytest.raises(QoroConnectionError, match="job") as lost:
        service.submit_circuits({"a": PROGRAM})
    assert lost.value.job_id == "j"
    assert num_spent(service) == 1
    cloud.get(f"{URL}/job/j/status/", json={"status": "FAILED"})
    service.poll_job_status(ExecutionResult(job_id="j"))
    assert num_spent(service) == 0


def test_a_lost_answer_after_which_the_job_runs_is_no_error_and_is_counted(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect({"circuits": 1})
    cloud.post(f"{URL}/job/init/", json={"job_id": "j"}, status=201)
    cloud.post(f"{URL}/job/j/add_circuits/", body=LOST)
    cloud.get(f"{URL}/job/j/status/", json={"status": "RUNNING"})
    assert service.submit_circuits({"a": PROGRAM}).job_id == "j"
    assert num_spent(service) == 1


def test_a_refused_upload_is_given_back(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect({"circuits": 1})
    cloud.post(f"{URL}/job/init/", json={"job_id": "j"}, status=201)
    cloud.post(f"{URL}/job/j/add_circuits/", status=400, json={"error": "no"})
    cloud.post(f"{URL}/job/j/cancel/", json={})
    with pytest.raises(QoroAPIError, match="400"):
        service.submit_circuits({"a": PROGRAM})
    assert num_spent(service) == 0


def test_a_job_without_its_last_upload_is_given_back_even_if_an_earlier_answer_was_lost(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect({"circuits": 5})
    with_comment = {str(number): f"// {number * 7919 % 10007}\n{PROGRAM}" for number in range(2)}
    submission = service.prepare_circuits(with_comment)
    (upload,) = submission.uploads
    two_uploads = type(submission)(submission.request, (upload, upload), submission.facts)
    cloud.post(f"{URL}/job/init/", json={"job_id": "j"}, status=201)
    cloud.post(f"{URL}/job/j/add_circuits/", body=LOST)
    with pytest.raises(QoroConnectionError, match=r"qoro\.test"):
        service.submit(two_uploads)
    assert num_spent(service) == 0


def test_ctrl_c_during_the_last_upload_is_counted(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect({"circuits": 1})

    def interrupt(_request: object) -> Any:
        raise KeyboardInterrupt

    cloud.post(f"{URL}/job/init/", json={"job_id": "j"}, status=201)
    cloud.add_callback("POST", f"{URL}/job/j/add_circuits/", interrupt)
    cloud.post(f"{URL}/job/j/cancel/", json={})
    with pytest.raises(KeyboardInterrupt):
        service.submit_circuits({"a": PROGRAM})
    assert num_spent(service) == 1


@pytest.mark.parametrize(
    ("answer", "status", "spent"),
    [
        ({"status": 400, "json": {"error": "no"}}, None, 0),
        ({"status": 502, "json": {"error": "singular"}}, "FAILED", 0),
        ({"body": LOST}, "CANCELLED", 2),
        ({"body": LOST}, None, 2),
        ({"body": LOST}, "RUNNING", 2),
    ],
)
def test_a_characterization_is_given_back_only_if_it_cannot_be_charged(
    answer: dict[str, Any],
    status: str | None,
    spent: int,
    cloud: responses.RequestsMock,
    connect: Callable[..., QoroService],
) -> None:
    service = connect({"circuits": 2})
    cloud.post(f"{URL}/job/init/", json={"job_id": "j"}, status=201)
    cloud.post(f"{URL}/job/j/submit_qubo/", **answer)
    cloud.post(f"{URL}/job/j/cancel/", json={})
    if status is not None:
        cloud.get(f"{URL}/job/j/status/", json={"status": status})
        if status == "RUNNING":
            cloud.get(f"{URL}/job/j/status/", json={"status": "COMPLETED"})
            cloud.get(f"{URL}/job/j/validation_result/", json={"job_id": "j"})
    if status == "RUNNING":
        service.characterize_and_validate(QUBO)
    else:
        with pytest.raises((QoroAPIError, QoroConnectionError)):
            service.characterize_and_validate(QUBO)
    assert service.spending.budgets[0].spent.variables == spent


def test_a_cancelled_job_of_the_cloud_stays_counted_because_it_may_be_charged(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect({"circuits": 1})
    accept(cloud)
    job = service.submit_circuits({"a": PROGRAM})
    cloud.post(f"{URL}/job/j/cancel/", json={"status": "CANCELLED"})
    cloud.get(f"{URL}/job/j/status/", json={"status": "CANCELLED"})
    service.cancel_job(job)
    service.poll_job_status(job)
    assert num_spent(service) == 1


# --- prices -------------------------------------------------------------------------------------------


def test_a_budget_in_credits_needs_prices(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    cloud.get(f"{URL}/credits/", json={"balance": "1.00"})
    service = connect(5)
    for _ in range(2):
        with pytest.raises(
            QoroInputError, match=r"does not announce its prices.*QORO_PRICES.*circuits or shots"
        ):
            service.submit_circuits({"a": PROGRAM})
    assert [call.request.method for call in cloud.calls] == ["GET"]
    assert service.spending.budgets[0].spent.jobs == 0


def test_the_prices_of_the_environment_are_used_if_the_service_announces_none(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QORO_PRICES", "per_circuit=0.5, per_job=1")
    cloud.get(f"{URL}/credits/", json={"balance": "1.00"})
    accept(cloud)
    service = connect(2)
    service.submit_circuits({"a": PROGRAM})
    assert str(service.spending.budgets[0].spent) == "1.50 credits (1 circuit, 1,024 shots)"
    with pytest.raises(BudgetExceededError, match="Nothing was sent"):
        service.submit_circuits({"a": PROGRAM})


def test_announced_prices_come_before_those_of_the_environment_and_after_the_argument(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QORO_PRICES", "per_circuit=3")
    cloud.get(f"{URL}/credits/", json={"prices": {"per_circuit": "2", "per_shot": "0"}})
    assert connect().prices() == Prices(per_circuit=Decimal(2))
    assert connect(prices={"per_circuit": 1}).prices() == Prices(per_circuit=Decimal(1))
    assert len(cloud.calls) == 1


@pytest.mark.parametrize("setting", ["per_second=1", "0.01", "per_shot=x", "per_shot=1 per_shot=2"])
def test_a_malformed_setting_of_prices_is_named(
    setting: str,
    cloud: responses.RequestsMock,
    connect: Callable[..., QoroService],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QORO_PRICES", setting)
    cloud.get(f"{URL}/credits/", json={})
    with pytest.raises(QoroInputError, match=r"environment variable QORO_PRICES: per.*|.*prices is"):
        connect().prices()


@pytest.mark.parametrize("prices", [5, {}, {"per_hour": 1}, {"per_shot": -1}, [], "x=1"], ids=repr)
def test_prices_that_are_none_are_refused(prices: object) -> None:
    with pytest.raises(QoroInputError, match="expected"):
        Spending(prices=prices)


def test_a_service_that_does_not_show_the_balance_announces_no_prices(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cloud.get(f"{URL}/credits/", status=403, json={"error": "no"})
    assert connect().prices() is None
    assert "/credits/ could not be read" in caplog.text


def test_prices_that_could_not_be_fetched_are_asked_for_again(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect(5)
    cloud.get(f"{URL}/credits/", body=REFUSED)
    with pytest.raises(QoroConnectionError, match=r"qoro\.test"):
        service.submit_circuits({"a": PROGRAM})
    for status in (401, 503):
        cloud.reset()
        cloud.get(f"{URL}/credits/", status=status, json={"error": "no"})
        with pytest.raises(QoroAPIError, match=str(status)):
            service.submit_circuits({"a": PROGRAM})
    cloud.reset()
    cloud.get(f"{URL}/credits/", json={"prices": {"per_circuit": "2"}})
    accept(cloud)
    service.submit_circuits({"a": PROGRAM})
    assert service.spending.budgets[0].spent.credits == 2


# --- charges ------------------------------------------------------------------------------------------


def test_the_charges_of_jobs_are_found_in_the_transactions(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect(10, {"per_circuit": 1})
    accept(cloud, "j")
    service.submit_circuits({"a": PROGRAM})
    pages = [
        {"next": "more", "results": [{"job_id": "other", "amount": "-9"}, {"job_id": None}, "odd", {}]},
        {"next": None, "results": [{"job_id": "j", "amount": 0.25}, {"job_id": "j", "amount": "-1.50"}]},
    ]
    for page in pages:
        cloud.get(f"{URL}/credits/transactions/", json=page)
    assert service.fetch_charges(["j"]) == {"j": Decimal("1.25")}
    assert service.spending.budgets[0].spent.credits == Decimal("1.25")
    assert service.fetch_charges([]) == {}


def test_a_refund_alone_is_not_what_a_job_has_cost(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect(10, {"per_circuit": 1})
    accept(cloud, "j")
    service.submit_circuits({"a": PROGRAM})
    refund = {"results": [{"job_id": "j", "amount": "0.25"}]}
    charge = {"results": [{"job_id": "j", "amount": "-1.00"}], "next": "more"}
    cloud.get(f"{URL}/credits/transactions/", json=refund)
    assert service.fetch_charges(["j"]) == {}
    assert service.spending.budgets[0].spent.credits == 1
    cloud.replace("GET", f"{URL}/credits/transactions/", json={**refund, "next": "more"})
    cloud.get(f"{URL}/credits/transactions/", json=charge)
    assert service.fetch_charges(["j", "j"]) == {"j": Decimal("0.75")}
    assert service.spending.budgets[0].spent.credits == Decimal("0.75")


def test_transactions_that_cannot_be_read_have_no_charges(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for answer in ({"json": {"results": 3}}, {"status": 403, "json": {}}, {"body": "x"}):
        cloud.reset()
        cloud.get(f"{URL}/credits/transactions/", **answer)
        assert connect().fetch_charges(["j"]) == {}
    assert caplog.text.count("/credits/transactions/ could not be read") == 3


@pytest.mark.parametrize(
    ("status", "cost"),
    [
        ("FAILED", Cost(Decimal(0), None, None)),
        ("CANCELLED", None),
        ("COMPLETED", None),
        ("RUNNING", None),
    ],
)
def test_the_cost_of_a_job_of_which_nothing_is_known(
    status: str, cost: Cost | None, cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    cloud.get(f"{URL}/job/j/status/", json={"status": status})
    cloud.get(f"{URL}/credits/transactions/", json={"results": []})
    cloud.get(f"{URL}/credits/", json={})
    assert QoroJob(None, "j", connect()).cost == cost


def test_the_cost_of_several_service_jobs_is_known_if_that_of_each_is(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    transactions = [{"job_id": "a", "amount": "-1"}, {"job_id": "b", "amount": "-0.5"}]
    cloud.get(f"{URL}/job/a/status/", json={"status": "COMPLETED"})
    cloud.get(f"{URL}/job/b/status/", json={"status": "COMPLETED"})
    cloud.get(f"{URL}/credits/transactions/", json={"results": transactions[:1]})
    cloud.get(f"{URL}/credits/", json={})
    job = QoroPrimitiveJob(connect(), ["a", "b"])
    assert job.cost is None
    cloud.replace("GET", f"{URL}/credits/transactions/", json={"results": transactions})
    assert str(job.cost) == "1.50 credits (2 jobs)"


def test_a_limited_number_of_pages_is_searched(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    cloud.get(f"{URL}/credits/transactions/", json={"next": "more", "results": []})
    assert connect().fetch_charges(["j"]) == {}
    assert len(cloud.calls) == 10


def test_an_unknown_token_is_an_error_of_the_submission_and_not_of_the_budget(
    cloud: responses.RequestsMock, connect: Callable[..., QoroService]
) -> None:
    service = connect({"circuits": 1})
    cloud.post(f"{URL}/job/init/", status=401, json={"error": "no"})
    with pytest.raises(AuthenticationError, match="401"):
        service.submit_circuits({"a": PROGRAM})
    assert num_spent(service) == 0


def test_only_the_latest_reservations_are_kept() -> None:
    spending = Spending(Budget(circuits=10**6))
    for number in range(10_002):
        (reservation,) = spending.reserve([Cost(circuits=1)], lambda: None)
        spending.submitted(str(number), reservation)
    assert len(spending._reservations) == 10_000
    assert spending.budgets[0].spent.circuits == 10_002
