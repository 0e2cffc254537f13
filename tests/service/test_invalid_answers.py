"""Invalid answers to each request about a job: the error names the job."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.service import QoroService

JOB = ExecutionResult(job_id="j1")

CALLS: dict[str, Callable[[QoroService], Any]] = {
    "get_job_state": lambda service: service.get_job_state(JOB),
    "wait_for_job": lambda service: service.wait_for_job(JOB),
    "poll_job_status": lambda service: service.poll_job_status(JOB, loop_until_complete=True),
    "cancel_job": lambda service: service.cancel_job(JOB),
    "delete_job": lambda service: service.delete_job(JOB),
    "get_job_results": lambda service: service.get_job_results(JOB),
    "get_job_outcome": lambda service: service.get_job_outcome(JOB),
    "get_first_label": lambda service: service.get_first_label(JOB),
    "set_execution_config": lambda service: service.set_execution_config(JOB, ExecutionConfig()),
    "get_execution_config": lambda service: service.get_execution_config(JOB),
    "get_device_config": lambda service: service.get_device_config(JOB),
    "characterize_and_validate": lambda service: service.characterize_and_validate(job_id="j1"),
}
# These return any answer but a page.
UNREAD = {"cancel_job", "delete_job"}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "body", ["<html>", "{", "[]", "3", '{"execution_configuration": 3}', '{"results": 3}']
)
def test_the_error_of_an_invalid_answer_names_the_job(
    cloud: Any, service: QoroService, call: str, body: str
) -> None:
    for method in ("GET", "POST", "DELETE"):
        cloud.add(method, re.compile("https://qoro.test/api/job/j1.*"), body=body)
    if call in UNREAD and not body.startswith("<"):
        assert CALLS[call](service).ok
        return
    if call in {"set_execution_config", "characterize_and_validate"} and body.startswith("{") and body != "{":
        # The answer is returned as it is.
        assert CALLS[call](service)
        return
    with pytest.raises(WireError, match="j1") as caught:
        CALLS[call](service)
    assert caught.value.job_id == "j1"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_configuration_is_set_if_the_service_answers_with_success_and_no_body(
    cloud: Any, service: QoroService, url: str, status: int
) -> None:
    cloud.add("POST", f"{url}/job/j1/execution_config/", status=status, body="")
    assert service.set_execution_config(JOB, ExecutionConfig(bond_dimension=4)) == {
        "status": "ok",
        "job_id": "j1",
        "execution_configuration": {"bond_dimension": 4},
    }


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_submission_succeeds_with_any_success_and_without_bodies_that_nobody_reads(
    cloud: Any, service: QoroService, url: str, status: int
) -> None:
    cloud.add("POST", f"{url}/job/init/", status=202, body='\ufeff{"job_id": "j1"}'.encode())
    cloud.add("POST", f"{url}/job/j1/add_circuits/", status=status, body="")
    program = 'include "qelib1.inc"; qreg q[1]; creg c[1]; measure q -> c;'
    assert service.submit_circuits({"a": program}).job_id == "j1"
