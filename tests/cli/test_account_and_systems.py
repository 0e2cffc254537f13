"""The commands ``credits``, ``backends`` and ``systems``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import responses

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.local import LocalService

PROGRAM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; measure q -> c;'


def test_credits_shows_the_balance_and_the_transactions(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    submitted = provider.service.submit_circuits({"mine": PROGRAM})
    provider.service.poll_job_status(submitted, loop_until_complete=True, verbose=False)
    found = answer("credits")
    assert set(found) == {"balance", "total_used", "created_at", "updated_at", "prices"}
    (transaction,) = answer("credits", "--transactions", "1")["transactions"]
    assert {"amount", "balance_after", "transaction_type", "job_id", "created_at"} <= set(transaction)
    assert main(["credits", "--transactions", "1"]) == 0
    out = capsys.readouterr().out
    assert out.split()[:2] == ["service", provider.service.base_url]
    shown = re.search(r"balance\s+(\S+)", out)
    assert shown is not None
    # A job that another test has left running may be charged meanwhile.
    assert float(answer("credits")["balance"]) <= float(shown[1]) <= float(found["balance"])
    assert transaction["transaction_type"] in out
    assert "0.01 credits per circuit, 0.01 per variable" in out


def test_credits_shows_whatever_the_service_answers(
    scripted: responses.RequestsMock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{url}/credits/", json={"balance": 500.5, "total_used": None})
    scripted.get(f"{url}/credits/transactions/", json={"results": [{"amount": -0.0, "id": "x"}, "odd", None]})
    assert main(["credits", "--transactions", "3"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"balance\s+500\.5", out)
    assert "-0.0" in out
    assert "odd" in out


def test_credits_shows_the_quota_of_the_account(
    scripted: responses.RequestsMock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    quota = {"unfinished_jobs": {"limit": 100, "used": 3}, "circuits_per_day": {"limit": 5000, "used": 1200}}
    scripted.get(f"{url}/credits/", json={"balance": "1.00", "total_used": "0", "quota": quota})
    assert main(["credits"]) == 0
    assert "3 of 100 unfinished jobs, 1,200 of 5,000 circuits today" in capsys.readouterr().out


@pytest.mark.parametrize("answer_", [{}, {"results": None}, {"results": {}}])
def test_credits_without_a_list_of_transactions_shows_none(
    scripted: responses.RequestsMock, url: str, answer: Callable[..., Any], answer_: dict[str, Any]
) -> None:
    scripted.get(f"{url}/credits/", json={})
    scripted.get(f"{url}/credits/transactions/", json=answer_)
    assert answer("credits", "--transactions", "1") == {"transactions": []}


@pytest.mark.usefixtures("account")
def test_credits_refuses_more_transactions_than_fit_on_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["credits", "--transactions", "101"]) == 2
    assert "101" in capsys.readouterr().err


@pytest.mark.usefixtures("account")
def test_backends_prints_a_table_of_the_backends(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backends"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["name", "kind", "qubits", "operational", "access"]
    assert lines[1][:2] == ["qoro_maestro", "simulator"]


@pytest.mark.usefixtures("account")
def test_backends_prints_json(answer: Callable[..., Any]) -> None:
    simulator, system, _ = answer("backends")
    assert simulator["name"] == "qoro_maestro"
    assert simulator["supports_expval"] is True
    assert system == {
        "name": "local_qpu",
        "kind": "QPU system",
        "num_qubits": 7,
        "operational": True,
        "access_level": "PUBLIC",
        "supports_expval": False,
    }


def test_systems_shows_each_qpu(
    scripted: responses.RequestsMock,
    url: str,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    qpu = {"nickname": "aria", "q_bits": 25, "status": "offline", "system_kind": "ion", "vendor_type": "IONQ"}
    scripted.get(f"{url}/simulatorcluster/", json=[{"name": "qoro_maestro", "minimum_tier": "PAID"}])
    scripted.get(f"{url}/qpusystem/", json=[{"name": "ions", "qpus": [qpu]}, {"name": "planned", "qpus": []}])
    simulator, ions, planned = answer("systems")
    assert (simulator["kind"], simulator["operational"]) == ("simulator", True)
    assert simulator["minimum_tier"] == "PAID"
    assert (ions["kind"], ions["operational"], ions["qpus"]) == ("QPU system", False, [qpu])
    assert (planned["name"], planned["qpus"]) == ("planned", [])
    assert main(["systems"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["ions", "QPU", "system", "PUBLIC", "aria", "25", "offline", "ion", "IONQ"] in rows


def test_the_option_url_is_used_with_the_token_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, local_service: LocalService, url: str, answer: Callable[..., Any]
) -> None:
    monkeypatch.setenv("QORO_API_KEY", local_service.token)
    monkeypatch.setenv("QORO_API_URL", url)
    names = [system["name"] for system in answer("systems", "--url", local_service.url)]
    assert names == ["qoro_maestro", "local_qpu", "local_heavy_hex"]
