"""Text of a service or of the journal has no effect on the terminal: no escape sequence, no markup."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
import responses

from qiskit_qoro.cli import main
from qiskit_qoro.history import Journal
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

HOSTILE = "a\x1b[31mb\x1b]0;title\x07\x9b2J\r\u202e[/red][bold]x"
SHOWN = r"a\x1b[31mb\x1b]0;title\x07\x9b2J\r\u202e[/red][bold]x"


def record(journal: Path, service: str, *, job_id: str = "j1", kind: JobKind = JobKind.RUN) -> None:
    """Record a job with hostile texts in the journal."""
    book = Journal(journal)
    number = book.begin(service, SubmissionFacts(kind, HOSTILE, HOSTILE, 1))
    book.set_job_id(number, job_id)
    book.set_stage(number, Stage.SUBMITTED)


def assert_harmless(captured: Any, *, shown: int) -> None:
    """Check that an output has no control character, and that it shows the hostile text."""
    out, err = captured
    text = out + err
    assert [character for character in text if unicodedata.category(character) in ("Cc", "Cf")] == [
        "\n"
    ] * text.count("\n")
    assert "".join(text.split()).count("".join(SHOWN.split())) == shown


@pytest.mark.parametrize("arguments", [["jobs", "--no-refresh"], ["jobs", "--cloud", "--no-refresh"]])
def test_the_list_of_jobs_is_harmless(
    scripted: responses.RequestsMock,
    journal: Path,
    url: str,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    record(journal, url, job_id=HOSTILE)
    assert main(arguments) == 0
    assert_harmless(capsys.readouterr(), shown=3)


def test_a_log_record_is_harmless(
    scripted: responses.RequestsMock, journal: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record(journal, url)
    scripted.get(f"{url}/job/j1/status/", status=400, json={"error": HOSTILE})
    assert main(["jobs"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("qiskit-qoro: warning: ")
    assert_harmless(captured, shown=3)


def test_the_status_of_a_job_is_harmless(
    scripted: responses.RequestsMock, journal: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record(journal, url)
    scripted.get(f"{url}/job/j1/status/", json={"status": HOSTILE})
    assert main(["status", "j1"]) == 0
    assert_harmless(capsys.readouterr(), shown=3)


def test_the_identifiers_of_a_joined_job_are_harmless(
    scripted: responses.RequestsMock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{url}/job/%5B%2Fred%5D/status/", json={"status": "RUNNING"})
    scripted.get(f"{url}/job/j1/status/", json={"status": "RUNNING"})
    assert main(["status", "j1+[/red]"]) == 0
    assert "[/red]" in capsys.readouterr().out


def test_an_error_of_the_service_is_harmless(
    scripted: responses.RequestsMock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{url}/simulatorcluster/", status=400, json={"error": HOSTILE})
    assert main(["backends"]) == 1
    assert_harmless(capsys.readouterr(), shown=1)


@pytest.mark.parametrize("command", ["backends", "systems"])
def test_the_names_of_systems_are_harmless(
    scripted: responses.RequestsMock, url: str, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    cluster = {"name": HOSTILE, "max_qubits": 5, "access_level": HOSTILE}
    qpu = {
        "nickname": HOSTILE,
        "q_bits": 5,
        "status": HOSTILE,
        "system_kind": HOSTILE,
        "vendor_type": HOSTILE,
    }
    system = {"name": HOSTILE, "qpus": [qpu], "access_level": HOSTILE, "supports_expval": False}
    scripted.get(f"{url}/simulatorcluster/", json=[cluster])
    scripted.get(f"{url}/qpusystem/", json=[system])
    assert main([command]) == 0
    captured = capsys.readouterr()
    assert_harmless(captured, shown=captured.out.count("[/red]"))
    assert captured.out.count("[/red]") >= 4


def test_an_unknown_backend_is_harmless(
    scripted: responses.RequestsMock, url: str, bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = {"name": HOSTILE, "max_qubits": 5, "access_level": "PUBLIC"}
    scripted.get(f"{url}/simulatorcluster/", json=[cluster])
    scripted.get(f"{url}/qpusystem/", json=[])
    assert main(["run", bell, "--backend", "nothing"]) == 2
    assert_harmless(capsys.readouterr(), shown=1)


def test_credits_are_harmless(
    scripted: responses.RequestsMock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    time = "2026-01-01T00:00:00Z"
    balance = {"balance": "1", "total_used": "2", "created_at": time, "updated_at": time}
    transaction = {
        "id": 1,
        "created_at": time,
        "transaction_type": HOSTILE,
        "amount": "1.00",
        "balance_after": "1.00",
        "job_id": HOSTILE,
        "description": HOSTILE,
    }
    page = {
        "count": 1,
        "total_pages": 1,
        "next": None,
        "previous": None,
        "results": [transaction],
    }
    scripted.get(f"{url}/credits/", json=balance)
    scripted.get(f"{url}/credits/transactions/", json=page)
    assert main(["credits", "--transactions", "1"]) == 0
    assert_harmless(capsys.readouterr(), shown=3)


def test_results_by_label_are_harmless(
    scripted: responses.RequestsMock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [
        {"label": f"{index}{HOSTILE}", "results": {"[/red]XZ": 0.5, "\x1b[0mZ": 1.0}} for index in range(2)
    ]
    scripted.get(f"{url}/job/j1/status/", json={"status": "COMPLETED"})
    scripted.get(f"{url}/job/j1/resultsV2/", json={"count": 2, "next": None, "results": items})
    assert main(["result", "j1"]) == 0
    assert_harmless(capsys.readouterr(), shown=2)


def test_the_reason_of_a_failed_job_is_harmless(
    scripted: responses.RequestsMock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{url}/job/j1/status/", json={"status": "FAILED"})
    scripted.get(f"{url}/job/j1/resultsV2/", status=400, json={"error": f"job failed: {HOSTILE}"})
    assert main(["result", "j1"]) == 1
    assert_harmless(capsys.readouterr(), shown=1)


def test_an_identifier_that_a_shell_would_execute_is_not_offered_for_completion(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for job_id in ("plain-1.a_b", "$(touch pwned)", "`touch pwned`", "a b", "x\x1b[0m", "a;b"):
        record(journal, "https://qoro.invalid/api", job_id=job_id)
    assert main(["completion", "ids"]) == 0
    assert capsys.readouterr().out == "plain-1.a_b\n"


def test_the_identifiers_of_the_last_50_jobs_are_offered(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index in range(51):
        record(journal, "https://qoro.invalid/api", job_id=f"job-{index}")
    assert main(["completion", "ids"]) == 0
    assert capsys.readouterr().out.split() == [f"job-{index}" for index in range(50, 0, -1)]


def test_the_names_of_files_and_circuits_are_harmless(
    bell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = HOSTILE.replace("/", "|")
    shown = SHOWN.replace("/", "|")
    path = Path(bell).rename(tmp_path / name)
    for arguments in (["run"], ["plan"], ["estimate", "--observable", "ZZ"], ["run", "--out", f"{name}.svg"]):
        assert main([*arguments, str(path), str(path), "--local"]) == 0
        out, err = capsys.readouterr()
        assert not [each for each in out + err if unicodedata.category(each) in ("Cc", "Cf") and each != "\n"]
        assert shown in out + err
    assert shown in (tmp_path / f"{name}.svg").read_text("utf-8")
    path.write_text("wrong")
    assert main(["run", str(path)]) == 2
    err = capsys.readouterr().err
    assert shown in err
    assert err.count("\n") == 1
