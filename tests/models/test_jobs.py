"""Values of a job: status, type, request and results."""

import copy
import dataclasses
import pickle

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.jobs import ExecutionResult, JobRequest, JobStatus, JobType

FINAL = {"COMPLETED", "FAILED", "CANCELLED", "INSUFFICIENT_CREDITS", "TIMED_OUT"}


@pytest.mark.parametrize("status", list(JobStatus))
def test_each_status_is_final_or_not(status):
    assert status.is_final == (status.value in FINAL)
    assert JobStatus(status.value) is status


@pytest.mark.parametrize("text", ["DREAMING", "", "done", "ψ", "COMPLETED?!X"])
def test_an_unknown_text_is_a_status_that_is_not_final(text):
    status = JobStatus(text)
    assert (status, status.value, status.name, str(status)) == (text, text, text, text)
    assert not status.is_final
    assert status == JobStatus(text)
    assert status not in list(JobStatus)
    assert {status: 1}[JobStatus(text)] == 1
    assert pickle.loads(pickle.dumps(status)) == copy.deepcopy(status) == status
    assert text in repr(status)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("completed", JobStatus.COMPLETED),
        (" Completed\n", JobStatus.COMPLETED),
        ("timed out", JobStatus.TIMED_OUT),
        ("Timed-Out", JobStatus.TIMED_OUT),
        ("InsufficientCredits", JobStatus.INSUFFICIENT_CREDITS),
        ("canceled", JobStatus.CANCELLED),
        ("running...", JobStatus.RUNNING),
    ],
)
def test_a_status_is_known_in_any_spelling(text, status):
    assert JobStatus(text) is status


@pytest.mark.parametrize("value", [5, None, ["RUNNING"]])
def test_a_status_must_be_text(value):
    with pytest.raises(ValueError, match="is not a valid JobStatus"):
        JobStatus(value)


def test_job_types_and_statuses_have_the_texts_of_the_wire_format():
    assert list(JobType) == ["EXECUTE", "EXPECTATION", "VALIDATE", "STATE", "GRADIENT"]
    assert len(JobStatus) == 9


def test_is_async_is_true_until_the_results_are_fetched():
    job = ExecutionResult(job_id="j1")
    assert job.is_async()
    done = job.with_results({"a": {"00": 1}})
    assert (done.is_async(), done.job_id, done.results) == (False, "j1", {"a": {"00": 1}})
    assert job.results is None
    assert not ExecutionResult().is_async()


def test_results_are_frozen_and_can_be_pickled():
    job = ExecutionResult({"a": {"00": 1}}, "j1")
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"cannot assign to field 'job_id'"):
        job.job_id = "j2"
    assert pickle.loads(pickle.dumps(job)) == copy.deepcopy(job) == job


@pytest.mark.parametrize("targets", [{}, {"simulator_cluster": "c", "qpu_system": "q"}])
def test_a_job_has_exactly_one_target(targets):
    with pytest.raises(QoroInputError, match="exactly one target"):
        JobRequest(tag="t", job_type=JobType.EXECUTE, **targets)
