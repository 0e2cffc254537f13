"""The commands ``cancel`` and ``delete``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import responses

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main

PROGRAM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q; measure q -> c;'


def test_a_completed_job_can_be_deleted_but_not_cancelled(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    submitted = provider.service.submit_circuits({"mine": PROGRAM})
    job_id = str(submitted.job_id)
    provider.service.poll_job_status(submitted, loop_until_complete=True, verbose=False)
    assert main(["cancel", job_id]) == 1
    assert "409" in capsys.readouterr().err
    assert answer("delete", job_id) == {"job_id": job_id, "deleted": True}
    assert [entry["status"] for entry in answer("jobs")] == ["DELETED"]


def test_cancel_says_what_it_did(
    scripted: responses.RequestsMock,
    url: str,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    scripted.post(f"{url}/job/j1/cancel/", json={"status": "cancelled", "job_id": "j1"})
    assert answer("cancel", "j1") == {"job_id": "j1", "cancelled": True}
    assert main(["cancel", "j1"]) == 0
    assert capsys.readouterr() == ("", "job j1 has been cancelled\n")


def test_cancel_tries_every_service_job_and_reports_an_unexpected_error(
    scripted: responses.RequestsMock,
    url: str,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    scripted.post(f"{url}/job/a/cancel/", status=409, json={"error": "it is COMPLETED"})
    scripted.post(f"{url}/job/b/cancel/", json={"status": "cancelled"})
    scripted.post(f"{url}/job/c/cancel/", status=403, json={"error": "not yours"})
    assert answer("cancel", "a+b") == {"job_id": "a+b", "cancelled": True}
    assert main(["cancel", "a+c+b"]) == 1
    assert "not yours" in capsys.readouterr().err
    assert scripted.calls[-1].request.url == f"{url}/job/b/cancel/"
