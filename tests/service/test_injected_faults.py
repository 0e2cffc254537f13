"""The client against a local service with injected faults: no job is lost, and nothing is done twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qiskit_qoro.errors import QoroAPIError, QoroConnectionError, QoroError, RateLimitError
from qiskit_qoro.local import Fault, FaultInjection, FaultKind, LocalService, serve
from qiskit_qoro.models.config import DEFAULT_SHOTS, JobConfig
from qiskit_qoro.models.jobs import ExecutionResult, JobStatus
from qiskit_qoro.models.templates import TemplateEntry
from qiskit_qoro.service import QoroService
from qiskit_qoro.wire.endpoints import GET_RESULTS, GET_STATUS

NUM_JOBS = 100
EVERY_KIND = tuple(Fault(kind, 0.04, ("repeatable",)) for kind in FaultKind)
LOSES_THE_ANSWER = {FaultKind.RESET, FaultKind.TRUNCATED}
REFUSES = {FaultKind.BAD_GATEWAY, FaultKind.HTML, FaultKind.TOO_MANY}


def program(number: int) -> str:
    """A program that measures ``number`` in eight bits."""
    flips = "".join(f"x q[{qubit}];\n" for qubit in range(8) if number >> qubit & 1)
    return f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[8];\ncreg c[8];\n{flips}measure q -> c;\n'


@dataclass(frozen=True)
class FaultyService:
    """A service with injected faults, a client of it, and the file of its jobs."""

    local: LocalService
    client: QoroService
    database: Path


StartFaulty = Callable[..., AbstractContextManager[FaultyService]]


@pytest.fixture
def faulty_service(link_to: Callable[[LocalService], Any]) -> StartFaulty:
    """Start a service with faults. Its client uses a socket only if all tests do."""

    @contextmanager
    def start(path: Path, clock: Any, *faults: Fault, **times: float) -> Iterator[FaultyService]:
        fault_injection = FaultInjection(faults=faults, slow_s=0, retry_after_s=1, **times)  # type: ignore[arg-type]
        with (
            serve(workers=1, fault_injection=fault_injection, database=path) as local,
            closing(QoroService(local.token, base_url=local.url, clock=clock, link=link_to(local))) as client,
        ):
            yield FaultyService(local, client, path)

    return start


def stored(path: Path, query: str) -> list[Any]:
    """Query the database file of a service that has stopped."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_the_requests_of_a_hundred_jobs_meet_every_kind_of_fault() -> None:
    fault_injection = FaultInjection(faults=EVERY_KIND)
    for endpoint in (GET_STATUS, GET_RESULTS):
        injected = {fault_injection.fault_for(endpoint, index) for index in range(NUM_JOBS)}
        assert injected == {None, *FaultKind}


def test_no_job_of_a_hundred_is_lost_or_duplicated(
    faulty_service: StartFaulty, tmp_path: Path, clock: Any
) -> None:
    path = tmp_path / "jobs.db"
    with faulty_service(path, clock, *EVERY_KIND) as faulty:
        submitted = [faulty.client.submit_circuits({f"c{n}": program(n)}) for n in range(NUM_JOBS)]
        assert faulty.local.wait_idle(120)
        for number, job in enumerate(submitted):
            status = faulty.client.poll_job_status(job, loop_until_complete=True, verbose=False)
            assert status is JobStatus.COMPLETED
            results = faulty.client.get_job_results(job).results
            assert results == {f"c{number}": {format(number, "08b"): DEFAULT_SHOTS}}
    assert stored(path, "SELECT status, count(*) FROM jobs GROUP BY status") == [("COMPLETED", NUM_JOBS)]
    assert stored(path, "SELECT count(*) FROM circuits") == [(NUM_JOBS,)]
    assert len(clock.waits) > NUM_JOBS * 0.2  # the number of retries


# --- 400 submissions under mixed faults -----------------------------------------------------------------

MIXED_FAULTS = tuple(Fault(kind, 0.06) for kind in FaultKind)  # at every third call, whatever it does
SUBMISSIONS_PER_CASE, MOST_SUBMISSIONS = 40, 400


def submit_with_uploads(client: QoroService, number: int, num_uploads: int) -> ExecutionResult:
    """Submit circuits that measure ``number``, in one job with one upload for each."""
    config = JobConfig(tag=str(number), shots=10)
    if num_uploads == 1:
        return client.submit_circuits({"0": program(number % 256)}, override_job_config=config)
    turned = program(number % 256).replace("measure", "rz(a) q[0];\nmeasure")
    templates = [TemplateEntry(turned, ["a"], [(str(k), [0.5])]) for k in range(num_uploads)]
    return client.submit_circuit_templates(templates, override_job_config=config)


@dataclass
class Trial:
    """What came of many submissions: the identifiers of the jobs, and the errors."""

    submitted: dict[int, str]
    errors: dict[int, QoroError]


def num_uploads_of(number: int) -> int:
    return 1 + number % 3


def try_to_submit(client: QoroService, numbers: range) -> Trial:
    trial = Trial({}, {})
    for number in numbers:
        try:
            job = submit_with_uploads(client, number, num_uploads_of(number))
        except QoroError as error:
            trial.errors[number] = error
        else:
            assert job.job_id is not None
            trial.submitted[number] = job.job_id
    return trial


def test_no_submission_is_lost_doubled_or_given_up_that_the_service_has_received(
    faulty_service: StartFaulty,
    tmp_path: Path,
    clock: Any,
    caplog: pytest.LogCaptureFixture,
    pytestconfig: pytest.Config,
) -> None:
    path = tmp_path / "jobs.db"
    num_cases = int(pytestconfig.getoption("--cases"))
    numbers = range(min(SUBMISSIONS_PER_CASE * num_cases, MOST_SUBMISSIONS))
    with faulty_service(path, clock, *MIXED_FAULTS) as faulty:
        # While the client waits, the service does what it has to do.
        clock.during_wait = lambda: faulty.local.wait_idle(60)
        trial = try_to_submit(faulty.client, numbers)
        assert faulty.local.wait_idle(120)

    jobs: dict[int, list[tuple[str, str, bool, int]]] = {number: [] for number in numbers}
    query = (
        "SELECT tag, job_id, status, turn IS NOT NULL, (SELECT count(*) FROM circuits WHERE job = number) "
        "FROM jobs"
    )
    for tag, *job in stored(path, query):
        jobs[int(tag)].append(tuple(job))
    charged = stored(path, "SELECT job_id FROM transactions WHERE amount < 0")
    # No job is lost: a submission without error is one job that has run with all its circuits.
    for number, job_id in trial.submitted.items():
        assert jobs[number] == [(job_id, "COMPLETED", True, num_uploads_of(number))], number
    # No job is given up that the service has received completely, and no job runs after an error.
    for number, error in trial.errors.items():
        for job_id, status, is_finalized, _ in jobs[number]:
            assert not is_finalized, (number, error)
            # Without its identifier a job cannot be cancelled. It stays open, and never runs.
            assert status == "CANCELLED" or (status, error.job_id) == ("PENDING", None), (number, error)
            assert error.job_id in {job_id, None}
        assert len(jobs[number]) <= 1
    # No job is doubled, and each is charged once.
    assert sorted(charged) == sorted((job_id,) for job_id in trial.submitted.values())
    recovered = sum("has received all uploads" in record.getMessage() for record in caplog.records)
    print(  # noqa: T201 - shown with `pytest -s`
        f"{len(numbers)} submissions: {len(trial.submitted)} submitted ({recovered} of them recovered), "
        f"{len(trial.errors)} errors"
    )
    assert trial.submitted
    assert trial.errors
    assert recovered


# --- single faults --------------------------------------------------------------------------------------


def raised_by(kind: FaultKind) -> type[QoroError]:
    if kind in LOSES_THE_ANSWER:
        return QoroConnectionError
    return RateLimitError if kind is FaultKind.TOO_MANY else QoroAPIError


@pytest.mark.parametrize("kind", sorted(LOSES_THE_ANSWER | REFUSES))
def test_opening_a_job_is_retried_only_if_the_service_did_nothing(
    faulty_service: StartFaulty, kind: FaultKind, tmp_path: Path, clock: Any
) -> None:
    path = tmp_path / "jobs.db"
    with faulty_service(path, clock, Fault(kind, 1, ("init_job",))) as faulty:
        with pytest.raises(raised_by(kind), match=r"POST /job/init/") as caught:
            faulty.client.submit_circuits({"a": program(1)})
        assert caught.value.job_id is None
        assert "/job/init/" in str(caught.value)
        if kind is not FaultKind.TOO_MANY:
            assert "not known whether the service acted on it" in str(caught.value)
    assert len(clock.waits) == (4 if kind is FaultKind.TOO_MANY else 0)
    assert stored(path, "SELECT count(*) FROM jobs") == [(1 if kind in LOSES_THE_ANSWER else 0,)]


@pytest.mark.parametrize("kind", sorted(LOSES_THE_ANSWER | REFUSES))
def test_a_failed_upload_is_not_retried_and_its_job_is_cancelled_and_named(
    faulty_service: StartFaulty, kind: FaultKind, tmp_path: Path, clock: Any
) -> None:
    path = tmp_path / "jobs.db"
    with faulty_service(path, clock, Fault(kind, 1, ("add_circuits",)), pending_time_s=3600) as faulty:
        with pytest.raises(raised_by(kind), match=r"POST /job/.*/add_circuits/") as caught:
            faulty.client.submit_circuits({"a": program(1)})
        message = str(caught.value)
    ((job_id, status),) = stored(path, "SELECT job_id, status FROM jobs")
    assert (caught.value.job_id, status) == (job_id, "CANCELLED")
    assert job_id in message
    assert "confirmed 0 of its 1 uploads; it has been cancelled" in message
    assert stored(path, "SELECT count(*) FROM circuits") == [(1 if kind in LOSES_THE_ANSWER else 0,)]


def test_the_error_says_if_the_job_of_a_failed_upload_could_not_be_cancelled(
    faulty_service: StartFaulty, tmp_path: Path, clock: Any
) -> None:
    path = tmp_path / "jobs.db"
    faults = [Fault(FaultKind.RESET, 1, ("add_circuits", "cancel_job", "get_status"))]
    refused = pytest.raises(QoroConnectionError, match="could not be cancelled and may still run")
    with faulty_service(path, clock, *faults, pending_time_s=3600) as faulty, refused as caught:
        faulty.client.submit_circuits({"a": program(1)})
    assert stored(path, "SELECT job_id FROM jobs") == [(caught.value.job_id,)]


def test_a_slow_answer_is_accepted(faulty_service: StartFaulty, tmp_path: Path, clock: Any) -> None:
    path = tmp_path / "jobs.db"
    with faulty_service(path, clock, Fault(FaultKind.SLOW, 1)) as faulty:
        job = faulty.client.submit_circuits({"a": program(5)})
        assert faulty.local.wait_idle(60)
        assert faulty.client.get_job_results(job).results == {"a": {"00000101": DEFAULT_SHOTS}}
    assert clock.waits == []


def test_retries_end_if_the_service_keeps_failing(
    faulty_service: StartFaulty, tmp_path: Path, clock: Any
) -> None:
    with faulty_service(tmp_path / "jobs.db", clock, Fault(FaultKind.HTML, 1)) as faulty:
        with pytest.raises(QoroAPIError, match=r"GET /qpusystem/: 502 Bad Gateway") as caught:
            faulty.client.fetch_qpu_systems()
        assert caught.value.status_code == 502
        assert "<html>" not in str(caught.value)
    assert len(clock.waits) == 4
