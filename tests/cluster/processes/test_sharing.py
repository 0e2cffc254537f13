"""Jobs and services share a cluster, workers join it, and a stop reaches all of it within a second."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import qiskit_qoro
from qiskit_qoro.models.jobs import JobStatus

STOP_LIMIT_S = 1.0


def test_cancelling_a_long_circuit_frees_its_worker_within_a_second(
    cluster: Any, service: Any, cases: Any
) -> None:
    job = service.submit({"wide": cases.wide_endless}, shots=1)
    engine = cluster.wait_for_busy_engine()
    begin = time.monotonic()
    service.client.cancel_job(job)
    cases.wait_until(lambda: not cases.is_busy(engine), "the engine is idle", 10)
    assert time.monotonic() - begin < STOP_LIMIT_S
    assert service.state(job).status is JobStatus.CANCELLED


def test_cancelling_10000_circuits_frees_both_workers_within_a_second(service: Any, cases: Any) -> None:
    circuits = cases.numbered(1000)
    many = {f"{turn}-{label}": text for turn in range(10) for label, text in circuits.items()}
    job = service.submit(many, shots=200)
    service.wait_for_results(job, 10)
    begin = time.monotonic()
    service.client.cancel_job(job)
    counts = service.counts(cases.numbered(2), shots=5)
    taken_s = time.monotonic() - begin
    cases.check_numbered(counts, 2, shots=5)
    assert taken_s < STOP_LIMIT_S


def test_ten_circuits_do_not_wait_behind_100000(service: Any, cases: Any) -> None:
    many = service.submit_rows(100_000)
    service.wait_for_status(many, JobStatus.RUNNING)
    counts = service.counts(cases.numbered(10), shots=10)
    cases.check_numbered(counts, 10, shots=10)
    assert service.state(many).status is JobStatus.RUNNING
    service.client.cancel_job(many)


def test_a_worker_that_joins_a_running_job_is_used(cluster: Any, service: Any, cases: Any) -> None:
    job = service.submit(cases.numbered(1000), shots=200)
    service.wait_for_results(job, 1)
    late = cluster.start_worker("late", "--processes", "1")
    try:
        cases.wait_until(lambda: late.engine_cpu_s() > 1.0, "the new worker runs circuits")
        assert service.state(job).status is JobStatus.RUNNING
        service.client.cancel_job(job)
    finally:
        cluster.retire("late")


def test_a_worker_of_another_version_is_refused_by_name_on_both_sides(
    cluster: Any, service: Any, cases: Any, tmp_path: Path
) -> None:
    package = Path(qiskit_qoro.__file__).parent
    shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / package.name / "_version.py").write_text('__version__ = "0.0.9"\n')
    seen = len(service.lines)
    environment = {"PYTHONPATH": str(tmp_path)}
    other = cluster.start_worker("other", "--processes", "1", environment=environment)
    try:
        both = rf"0\.0\.9.*{qiskit_qoro.__version__}|{qiskit_qoro.__version__}.*0\.0\.9"
        service.wait_for(both, after=seen)
        other.wait_for(both)
        cases.check_numbered(service.counts(cases.numbered(50), shots=10), 50, shots=10)
        assert other.engine_cpu_s() < 3.0  # it has imported the engine, and has run nothing
    finally:
        cluster.retire("other")


def test_two_services_share_a_cluster(cluster: Any, service: Any, cases: Any) -> None:
    other = cluster.start_service("second")
    try:
        other.connect()
        jobs = [(each, each.submit(cases.numbered(100), shots=50)) for each in (service, other)]
        for each, job in jobs:
            outcome = each.outcome(job)
            assert outcome.reason is None
            cases.check_numbered(outcome.results, 100, shots=50)
    finally:
        other.end()
