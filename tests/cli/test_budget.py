"""The option ``--budget``, and the cost in plans."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.cli.program import run_command
from qiskit_qoro.local import LocalService

OBSERVABLE = ("--observable", "ZZ")


@pytest.fixture
def qubo(tmp_path: Path) -> str:
    path = tmp_path / "qubo.json"
    path.write_text(json.dumps({"0": -1.0, "0,1": 2.0}))
    return str(path)


def num_jobs(answer: Callable[..., Any]) -> int:
    return len(answer("credits", "--transactions", "100")["transactions"])


@pytest.mark.parametrize(
    "limit", ["0.009", "credits=0.009", "circuits=0", "shots=1023", "credits=5,circuits=0"]
)
def test_a_program_that_would_cost_more_is_not_sent(
    limit: str, bell: str, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    before = num_jobs(answer)
    assert main(["run", bell, "--budget", limit]) == 2
    assert "Nothing was sent. Submit less, or set a larger budget" in capsys.readouterr().err
    assert num_jobs(answer) == before


def test_a_program_that_costs_just_as_much_is_run(bell: str, answer: Callable[..., Any]) -> None:
    found = answer("run", bell, "--budget", "credits=0.01, circuits=1, shots=1024")
    assert sum(found["counts"].values()) == 1024


def test_estimates_and_characterizations_have_budgets(
    bell: str, qubo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", bell, *OBSERVABLE, "--budget", "circuits=0"]) == 2
    assert "needs 1 circuit, and the budget is 0 circuits" in capsys.readouterr().err
    assert main(["estimate", bell, *OBSERVABLE, "--budget", "circuits=1"]) == 0
    assert main(["characterize", qubo, "--budget", "0.01"]) == 2
    assert "costs 0.02 credits (2 variables), and the budget is 0.01 credits" in capsys.readouterr().err
    assert main(["characterize", qubo, "--budget", "0.02"]) == 0


def test_a_plan_shows_the_cost_and_whether_the_budget_has_room(
    bell: str, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer("plan", bell, bell, "--budget", "0.02")["cost"] == {"credits": "0.02"}
    assert answer("plan", bell, *OBSERVABLE)["cost"] == {"credits": "0.01"}
    assert main(["plan", bell, "--budget", "shots=10"]) == 2
    shown = capsys.readouterr()
    assert "0.01 credits" in shown.out
    assert "costs 0.01 credits (1 circuit, 1,024 shots), and the budget is 10 shots" in shown.err


def test_a_plan_for_a_service_without_prices_says_so(
    bell: str,
    url: str,
    scripted: responses.RequestsMock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted.get(f"{url}/simulatorcluster/", json=[{"name": "qoro_maestro"}])
    scripted.get(f"{url}/qpusystem/", json=[])
    scripted.get(f"{url}/credits/", json={"balance": "1.00"})
    assert main(["plan", bell]) == 0
    assert "QORO_PRICES can set the prices" in " ".join(capsys.readouterr().out.split())
    monkeypatch.setenv("QORO_PRICES", "per_shot=0.001")
    assert main(["plan", bell]) == 0
    assert "1.024 credits" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 401, "json": {"error": "the token is deactivated"}}, "the token is deactivated"),
        ({"body": requests.exceptions.ConnectionError("reset")}, "no answer from"),
    ],
    ids=["refused", "not answered"],
)
@pytest.mark.parametrize("option", [(), ("--json",)], ids=["text", "JSON"])
def test_a_plan_is_shown_even_if_the_prices_cannot_be_read(
    bell: str,
    url: str,
    scripted: responses.RequestsMock,
    no_wait_provider: type[QoroProvider],
    capsys: pytest.CaptureFixture[str],
    answer: dict[str, Any],
    reason: str,
    option: tuple[str, ...],
) -> None:
    scripted.get(f"{url}/simulatorcluster/", json=[{"name": "qoro_maestro"}])
    scripted.get(f"{url}/qpusystem/", json=[])
    scripted.get(f"{url}/credits/", **answer)
    assert run_command(["plan", bell, *option], provider_class=no_wait_provider) == 0
    shown = capsys.readouterr()
    text = " ".join((shown.err if option else shown.out).split())
    assert "unknown, the prices could not be read" in text
    assert reason in text


def test_a_budget_in_credits_is_not_checked_without_prices(
    bell: str, url: str, scripted: responses.RequestsMock, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{url}/simulatorcluster/", json=[{"name": "qoro_maestro"}])
    scripted.get(f"{url}/qpusystem/", json=[])
    scripted.get(f"{url}/credits/", status=401, json={"error": "the token is deactivated"})
    assert main(["plan", bell, "--budget", "5"]) == 1
    assert "the token is deactivated" in capsys.readouterr().err


@pytest.mark.parametrize("limit", ["x", "jobs=3", "-1", "shots=1.5", "5,6", ""])
def test_a_malformed_budget_is_a_usage_error(
    limit: str, bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", bell, f"--budget={limit}"])
    assert ended.value.code == 2
    assert "--budget: " in capsys.readouterr().err


def test_the_screen_of_a_refusal(bell: str, account: LocalService, screen: Any) -> None:
    screen.show("over the budget", "run", Path(bell).name, "--budget", "0.005", code=2)


def test_resubmissions_have_budgets_that_count_the_shots_in_the_journal(
    bell: str, account: LocalService, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = answer("run", bell, "--shots", "30")["job_id"]
    assert main(["resubmit", job_id, "--budget", "shots=29"]) == 2
    assert "needs 1 circuit, 30 shots, and the budget is 29 shots" in capsys.readouterr().err
    assert answer("resubmit", job_id, "--budget", "shots=30")["job_id"] != job_id
