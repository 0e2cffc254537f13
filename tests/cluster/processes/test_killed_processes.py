"""Processes of a cluster are killed in the middle of a job: it completes, and nothing is missing or twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

import pytest

from qiskit_qoro.models.jobs import JobStatus

COUNT = 300
SHOTS = 100  # 14 ms for a circuit
SOME = 20


def check(service: Any, job: Any, cases: Any) -> None:
    """Fail unless the job completes with the counts of all circuits."""
    outcome = service.outcome(job)
    assert outcome.reason is None
    cases.check_numbered(outcome.results, COUNT, SHOTS)


def check_kept(service: Any, job: Any, before: Mapping[int, Any]) -> None:
    """Fail unless the results that were there before are there still.

    Two bits of each circuit are random: if it had run again, it would have other counts.
    """
    after = service.result_items(job)
    assert {position: after[position] for position in before} == before


@pytest.fixture
def job(service: Any, cases: Any) -> Any:
    """A job of some seconds, of which some results are there."""
    submitted = service.submit(cases.numbered(COUNT), shots=SHOTS)
    service.wait_for_results(submitted, SOME)
    return submitted


def test_a_worker_is_killed(cluster: Any, service: Any, job: Any, cases: Any) -> None:
    cluster.workers["small"].kill()
    check(service, job, cases)


def test_both_workers_are_killed_and_return(cluster: Any, service: Any, job: Any, cases: Any) -> None:
    for worker in cluster.workers.values():
        worker.kill()
    cluster.start_workers()
    check(service, job, cases)


def test_the_service_is_killed_and_continues_where_it_was(
    cluster: Any, service: Any, job: Any, cases: Any
) -> None:
    service.kill()
    before = service.stored(job)
    assert SOME <= len(before) < COUNT
    restarted = cluster.restart_service()
    check(restarted, job, cases)
    check_kept(restarted, job, before)


def test_the_scheduler_is_killed_and_the_job_waits_for_its_return(
    cluster: Any, service: Any, job: Any, cases: Any
) -> None:
    seen = len(service.lines)
    cluster.scheduler.kill()
    service.wait_for(rf"the cluster at tls://127\.0\.0\.1:{cluster.port} cannot be used", after=seen)
    service.wait_for_status(job, JobStatus.PENDING)
    cluster.start_scheduler()
    check(service, job, cases)


def test_everything_is_killed_at_once(cluster: Any, service: Any, job: Any, cases: Any) -> None:
    programs = (service, cluster.scheduler, *cluster.workers.values())
    for program in programs:
        os.kill(program.pid, signal.SIGKILL)
    for program in programs:
        program.kill()
    before = service.stored(job)
    cluster.start_scheduler()
    cluster.start_workers()
    restarted = cluster.restart_service()
    check(restarted, job, cases)
    check_kept(restarted, job, before)


def test_the_crash_of_an_engine_fails_one_circuit(cluster: Any, service: Any, cases: Any) -> None:
    circuits = cases.numbered(30)
    circuits["circuit-7"] = cases.endless
    job = service.submit(circuits, shots=SHOTS)
    # The other circuits end soon. So whoever is busy for long runs the endless one.
    os.kill(cluster.wait_for_busy_engine(), signal.SIGSEGV)
    outcome = service.outcome(job)
    assert outcome.reason.endswith("circuit 'circuit-7': the engine crashed (SIGSEGV)")
    assert list(outcome.failures) == ["circuit-7"]
    expected = {label: index for index, label in enumerate(circuits) if label != "circuit-7"}
    assert {
        label: {int(outcome[-10:], 2) for outcome in counts} for label, counts in outcome.results.items()
    } == {label: {index} for label, index in expected.items()}
