"""The command ``jobs``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import responses
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qiskit_qoro import QoroEstimator, QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.display.times import local_now
from qiskit_qoro.history import Journal
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts


def test_jobs_lists_the_submitted_jobs_newest_first(
    provider: QoroProvider,
    two_registers: QuantumCircuit,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    ids = []
    for tag in ("first", "second"):
        job = provider.get_backend().run(two_registers, tag=tag, shots=10)
        job.result()
        ids.insert(0, job.job_id())

    found = answer("jobs")
    assert [entry["job_id"] for entry in found] == ids
    assert found[0] == {
        "job_id": ids[0],
        "service": provider.service.base_url,
        "backend": "qoro_maestro",
        "kind": "run",
        "time": found[0]["time"],
        "tag": "second",
        "circuits": 1,
        "status": "COMPLETED",
        "reason": None,
    }
    assert [entry["tag"] for entry in answer("jobs", "--limit", "1")] == ["second"]
    assert [entry["tag"] for entry in answer("jobs", "--tag", "first")] == ["first"]
    assert answer("jobs", "--status", "failed", "--status", "RUNNING") == []
    assert len(answer("jobs", "--since", "2h", "--backend", "qoro_maestro")) == 2
    assert answer("jobs", "--since", "2999-01-01") == []
    assert [len(answer("jobs", "--since", when)) for when in ("200000w", "0001-01-01")] == [2, 2]

    assert main(["jobs"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["job", "backend", "kind", "time", "tag", "circuits", "status"]
    assert [row.split()[0] for row in rows] == ids


def test_jobs_lists_the_jobs_of_all_services_if_no_service_is_known(
    journal: Path, url: str, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    book = Journal(journal)
    for service in (url, "local:/data/jobs.db"):
        number = book.begin(service, SubmissionFacts(JobKind.RUN, "qoro_maestro", "t", 1))
        book.set_job_id(number, "j")
        book.set_stage(number, Stage.SUBMITTED)
    assert [entry["service"] for entry in answer("jobs")] == ["local:/data/jobs.db", url]
    assert main(["jobs"]) == 0
    assert "service" in capsys.readouterr().out.splitlines()[0].split()


def test_jobs_says_if_there_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs"]) == 0
    assert capsys.readouterr() == ("", "no jobs\n")


def test_jobs_says_that_there_are_more_jobs_than_it_shows(
    journal: Path, url: str, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    book = Journal(journal)
    for job_id in ("first", "second", "third"):
        number = book.begin(url, SubmissionFacts(JobKind.RUN, "qoro_maestro", "t", 1))
        book.set_job_id(number, job_id)
    assert main(["jobs", "--limit", "2"]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["third", "second"]
    assert err == "the newest 2 jobs; --limit lists more\n"
    assert [entry["job_id"] for entry in answer("jobs", "--limit", "2")] == ["third", "second"]
    assert main(["jobs", "--limit", "3"]) == 0
    assert capsys.readouterr().err == ""


def test_jobs_fails_without_a_journal_and_says_why_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QISKIT_QORO_JOURNAL", "off")
    assert main(["jobs"]) == 2
    assert "QISKIT_QORO_JOURNAL is off" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--since", "yesterday"], "expected a date such as 2026-11-20"),
        (["--status", "FINE"], "--status"),
        (["--since", "999999999999w"], "expected a date such as 2026-11-20"),
        (["--until", "soon"], "expected a date such as 2026-11-20"),
        (["--kind", "job"], "--kind"),
        (["--limit", "many"], "--limit"),
        (["--limit", "0"], "expected a whole number of 1 or more, got '0'"),
        (["--local", "--cloud"], "not allowed with"),
        (["--database", "x", "--url", "http://y"], "not allowed with"),
    ],
)
def test_an_invalid_option_is_a_usage_error(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["jobs", *arguments])
    assert expected in capsys.readouterr().err


def test_jobs_selects_by_time_kind_and_text(journal: Path, url: str, answer: Callable[..., Any]) -> None:
    book = Journal(journal)
    for job_id, kind in (("first", JobKind.RUN), ("second", JobKind.SAMPLER), ("third", JobKind.STATE)):
        number = book.begin(url, SubmissionFacts(kind, "qoro_maestro", f"Tag_{job_id}", 1))
        book.set_job_id(number, job_id)
        book.set_stage(number, Stage.SUBMITTED)

    def found(*arguments: str) -> list[str]:
        return [entry["job_id"] for entry in answer("jobs", *arguments)]

    assert found("--kind", "RUN", "--kind", "state") == ["third", "first"]
    assert found("--text", "tag_SEC") == ["second"]
    assert found("--until", "2020-01-01") == found("--until", "7d") == []
    assert len(found("--since", "1h", "--until", "2100-01-01")) == 3


def test_jobs_without_refresh_does_not_contact_the_service(
    scripted: responses.RequestsMock, record: Callable[..., str], answer: Callable[..., Any], url: str
) -> None:
    record("j1", ago=timedelta(hours=1))
    scripted.get(f"{url}/job/j1/status/", json={"status": "RUNNING"})
    assert answer("jobs", "--no-refresh")[0]["status"] == "SUBMITTED"
    assert not scripted.calls
    assert answer("jobs")[0]["status"] == "RUNNING"
    assert answer("jobs", "--no-refresh")[0]["status"] == "RUNNING"
    assert len(scripted.calls) == 1


def test_a_job_with_several_service_jobs_is_one_row(
    provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("t"), 0)
    pubs = [(circuit, "Z", [0, 1]), (circuit, "X", [2])]
    job = QoroEstimator(provider.get_backend()).gradient(pubs)
    job.result()
    assert len(job.job_ids) == 2
    (entry,) = answer("jobs")
    assert (entry["job_id"], entry["status"]) == (job.job_id(), "COMPLETED")
    assert entry["circuits"] == answer("status", job.job_id())["circuits"]
    _, row = provider.jobs().table(local_now()).lines(60)
    short_id = row.plain.split()[0]
    assert short_id == job.job_ids[0][:8]
    assert answer("status", short_id)["job_id"] == job.job_id()
    for command in ("result", "delete"):
        assert answer(command, short_id)["job_id"] == job.job_id()
    assert [entry["status"] for entry in answer("jobs")] == ["DELETED"]
