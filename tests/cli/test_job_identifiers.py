"""The identifiers of jobs in arguments: their first characters, ``last``, and several joined by ``+``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import responses
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qiskit_qoro import QoroEstimator, QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.cli.program import run_command

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)  # the present of recorded jobs

FIRST = "4f38be34-e1a8-47f1-b230-c8fb89f4150c"
SECOND = "9ab01c22-77f0-4dd1-8a7e-0a5a7f9f7f10"


@pytest.fixture
def jobs(scripted: responses.RequestsMock, record: Callable[..., str], url: str) -> responses.RequestsMock:
    """Two jobs in the journal and on the service."""
    record(SECOND, ago=timedelta(hours=1))
    record(FIRST, ago=timedelta(minutes=1))
    for job_id, outcome in ((FIRST, "00"), (SECOND, "11")):
        page = {"count": 1, "next": None, "results": [{"label": "c", "results": {outcome: 10}}]}
        scripted.get(f"{url}/job/{job_id}/status/", json={"status": "COMPLETED", "run_time": 1})
        scripted.get(f"{url}/job/{job_id}/resultsV2/", json=page)
        scripted.post(f"{url}/job/{job_id}/cancel/", json={})
        scripted.delete(f"{url}/job/{job_id}", status=204)
    return scripted


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("command", ["status", "result", "cancel", "delete"])
@pytest.mark.parametrize(
    ("argument", "job_id"),
    [("9ab01c22", SECOND), ("9ab0", SECOND), (SECOND, SECOND), ("last", FIRST)],
)
def test_commands_accept_the_first_characters_of_an_identifier(
    command: str, argument: str, job_id: str, answer: Callable[..., Any]
) -> None:
    # JSON always has the complete identifier.
    assert answer(command, argument)["job_id"] == job_id


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("argument", ["4f38+9ab0", f"last+{SECOND}"])
def test_each_of_several_joined_identifiers_may_be_incomplete(
    argument: str, answer: Callable[..., Any]
) -> None:
    found = answer("status", argument)
    assert found["job_id"] == f"{FIRST}+{SECOND}"
    assert found["jobs"] == {FIRST: "COMPLETED", SECOND: "COMPLETED"}


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize("command", ["status", "result", "cancel", "delete"])
def test_an_ambiguous_prefix_is_refused_before_anything_is_sent(
    command: str, record: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    record(FIRST, ago=timedelta(hours=3), tag="nightly")
    record("4f38be34-0000-47f1-b230-c8fb89f4150c", ago=timedelta(hours=2))
    assert run_command([command, "4f38be34"], now=lambda: NOW) == 2
    assert capsys.readouterr().err == (
        "qiskit-qoro: error: 2 jobs begin with '4f38be34', type more characters: "
        f"4f38be34-0000-47f1-b230-c8fb89f4150c (2 h ago), {FIRST} (3 h ago, tag 'nightly')\n"
    )


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize("command", ["status", "result", "cancel", "delete"])
def test_an_unknown_prefix_is_refused_before_anything_is_sent(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "0badc0de"]) == 2
    assert "no job in the journal of this machine begins with it" in capsys.readouterr().err


def test_an_identifier_that_the_journal_does_not_know_is_asked_of_the_service(
    scripted: responses.RequestsMock, url: str, answer: Callable[..., Any]
) -> None:
    scripted.get(f"{url}/job/{FIRST}/status/", json={"status": "RUNNING"})
    assert answer("status", FIRST)["status"] == "RUNNING"


@pytest.mark.usefixtures("jobs")
def test_an_option_that_names_a_service_restricts_the_search_to_its_jobs(
    record: Callable[..., str], answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    record("4f38be34-0000-47f1-b230-c8fb89f4150c", ago=timedelta(0), service="https://other.invalid/api")
    assert answer("status", "4f38be34", "--cloud")["job_id"] == FIRST
    assert answer("status", "last", "--cloud")["job_id"] == FIRST
    assert main(["status", "4f38be34"]) == 2
    assert "2 jobs begin with" in capsys.readouterr().err


def test_the_newest_job_of_a_database_is_found_by_its_path(
    bell: str, tmp_path: Path, answer: Callable[..., Any]
) -> None:
    database = str(tmp_path / "jobs.db")
    with QoroProvider.local(database=database) as provider:
        assert provider.service.base_url
        job_id = answer("run", bell, "--database", database)["job_id"]
        assert answer("result", "last")["job_id"] == job_id
        assert answer("result", job_id[:8], "--database", database)["job_id"] == job_id


def test_there_is_no_newest_job_without_a_journal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QISKIT_QORO_JOURNAL", "off")
    assert main(["status", "last"]) == 2
    assert "there is no last job" in capsys.readouterr().err


def test_one_service_job_stands_for_the_whole_job_of_a_primitive(
    provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("t"), 0)
    pubs = [(circuit, "Z", [0, 1]), (circuit, "X", [2])]
    job = QoroEstimator(provider.get_backend()).gradient(pubs)
    expected = job.result()
    first, second = job.job_ids
    for argument in (first[:8], second[:12], "last"):
        assert answer("status", argument)["jobs"] == dict.fromkeys((first, second), "COMPLETED")
    for argument in (second[:8], second, f"{first}+{second}"):
        found = answer("result", argument)
        assert found["job_id"] == job.job_id()
        assert [pub["evs"] for pub in found["pubs"]] == [pub.data.evs.tolist() for pub in expected]
    assert provider.retrieve_job(first[:8]).job_id() == job.job_id()
    # A complete identifier is that of the service job alone.
    assert answer("status", second)["job_id"] == second
    assert answer("delete", second)["job_id"] == second
