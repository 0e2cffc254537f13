"""Processes that are killed during a submission: their entries in the journal."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qiskit_qoro import QoroInputError, QoroProvider

SUBMIT = """
import sys
from qiskit_qoro import QoroProvider
from qiskit_qoro.models.config import JobConfig
url, journal = sys.argv[1:]
provider = QoroProvider("token", base_url=url, journal=journal)
text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; h q; measure q -> c;'
provider.service.submit_circuits({"a": text, "b": text}, override_job_config=JobConfig(tag="unlucky"))
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def provider(stuck_service: Any, journal: Path) -> QoroProvider:
    return QoroProvider("token", base_url=stuck_service.url, journal=journal)


def start_submission(stuck_service: Any, journal: Path) -> subprocess.Popen[bytes]:
    """Start a process, and wait until it is in the middle of a submission."""
    process = subprocess.Popen([sys.executable, "-c", SUBMIT, stuck_service.url, str(journal)])
    stuck_service.arrived.get(timeout=60)
    return process


def kill_during_submission(stuck_service: Any, journal: Path) -> None:
    process = start_submission(stuck_service, journal)
    process.kill()
    assert process.wait(timeout=60) == -signal.SIGKILL


def test_a_submission_killed_during_the_upload_is_listed_with_its_identifier(
    stuck_service: Any, journal: Path, provider: QoroProvider
) -> None:
    kill_during_submission(stuck_service, journal)

    (entry,) = provider.jobs()

    assert entry.is_interrupted
    assert (entry.status, entry.job_id, entry.tag) == ("INTERRUPTED", "job-1", "unlucky")
    assert (entry.backend, entry.num_circuits) == ("qoro_maestro", 2)
    assert "INTERRUPTED" in str(provider.jobs(refresh=False))
    assert [job.job_id for job in provider.jobs(status="interrupted")] == ["job-1"]
    assert list(provider.jobs(status="COMPLETED")) == []


def test_a_submission_killed_before_it_has_an_identifier_is_listed_without_one(
    stuck_service: Any, journal: Path, provider: QoroProvider
) -> None:
    stuck_service.stuck_at = "/init/"
    kill_during_submission(stuck_service, journal)

    (entry,) = provider.jobs()

    assert (entry.status, entry.job_id) == ("INTERRUPTED", None)
    assert stuck_service.asked == []
    with pytest.raises(QoroInputError, match=r"INTERRUPTED.*not known"):
        entry.retrieve()


def test_the_status_of_an_interrupted_job_is_updated_from_the_service(
    stuck_service: Any, journal: Path, tmp_path: Path
) -> None:
    kill_during_submission(stuck_service, journal)

    for status, expected in [
        ("PENDING", "INTERRUPTED"),
        ("COMPLETED", "COMPLETED"),
        ("CANCELLED", "CANCELLED"),
        (None, "GONE"),
    ]:
        stuck_service.status = status
        # A copy, because the journal stores the status that the service answers.
        copied = tmp_path / f"{expected}.sqlite3"
        with closing(sqlite3.connect(journal)) as source, closing(sqlite3.connect(copied)) as target:
            source.backup(target)
        provider = QoroProvider("token", base_url=stuck_service.url, journal=copied)

        assert [entry.status for entry in provider.jobs()] == [expected]
        assert [entry.status for entry in provider.jobs(refresh=False)] == [expected]


def test_a_submission_in_progress_is_not_listed_as_interrupted(
    stuck_service: Any, journal: Path, provider: QoroProvider
) -> None:
    process = start_submission(stuck_service, journal)
    try:
        assert [entry.status for entry in provider.jobs()] == ["SUBMITTING"]
    finally:
        process.kill()
        process.wait(timeout=60)
    assert [entry.status for entry in provider.jobs()] == ["INTERRUPTED"]
