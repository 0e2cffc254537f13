"""Each job that ends is logged, many of them together, and the service never waits for the log."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.text import Text

from qiskit_qoro.local.job_log.job_log import LINES_PER_SECOND, JobLog
from qiskit_qoro.local.job_log.log_lines import TextLines
from qiskit_qoro.local.store.database import Database, UnstoredFailure, open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.wire.text import encode_text

NOON = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def database() -> Iterator[Database]:
    with closing(open_database()) as database:
        JobStore(database).open_account("local", Decimal(1_000_000))
        JobStore(database).open_account("ann", Decimal(1_000_000))
        yield database


def submit(database: Database, owner: str = "local", tag: str = "t") -> str:
    store = JobStore(database)
    job_id = store.create_job(owner, JobRequest(tag, JobType.EXECUTE, simulator_cluster="qoro_maestro"))
    batch = CircuitBatch({"a": "OPENQASM 2.0;"}, finalized=True, shots=7)
    store.append_circuits(owner, job_id, batch, {"a": encode_text("OPENQASM 2.0;")})
    return job_id


def run_all(
    database: Database,
    status: JobStatus = JobStatus.COMPLETED,
    reason: str | None = None,
    number: int | None = None,
) -> None:
    queue = JobQueue(database)
    while number != 0 and (job := queue.claim()) is not None:
        queue.finish(job.number, status, run_time_s=0.5, reason=reason)
        number = None if number is None else number - 1


class Lines(list[str]):
    """The lines of a log. Several threads may use it."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def write(self, lines: Sequence[Text]) -> None:
        with self._changed:
            self.extend(line.plain for line in lines)
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, 30)


def frozen_log(database: Database, write: Callable[[Sequence[Text]], None]) -> JobLog[Text]:
    """A log whose first second never ends."""
    return JobLog(
        database,
        write,
        TextLines("local"),
        clock=lambda: 0.0,
        now=lambda: NOON,
        wait=lambda stopping, _: stopping.wait(),
    )


def test_each_job_has_a_line(database: Database) -> None:
    lines = Lines()
    with frozen_log(database, lines.write):
        first = submit(database)
        run_all(database)
        second = submit(database, "ann")
        run_all(database, JobStatus.FAILED, "it crashed")
        third = submit(database)
        JobStore(database).cancel("local", third)
    assert lines == [
        f'12:00:00 {first[:8]} other 1 circuit, 7 shots "t" COMPLETED 0.5 s',
        f'12:00:00 {second[:8]} other 1 circuit, 7 shots "t" FAILED 0.5 s account ann: it crashed',
        f'12:00:00 {third[:8]} other 1 circuit, 7 shots "t" CANCELLED',
    ]


def test_a_job_is_logged_at_once(database: Database) -> None:
    lines = Lines()
    with JobLog(database, lines.write, TextLines("local")):
        submit(database)
        run_all(database)
        lines.wait_for(lambda: len(lines) == 1)  # although the log goes on


def test_a_failure_that_cannot_be_stored_is_logged_once(database: Database) -> None:
    lines = Lines()
    with frozen_log(database, lines.write):
        submit(database)
        job = JobQueue(database).claim()
        assert job is not None
        database.keep_failure(job.number, UnstoredFailure("disk full", 2.0))
        lines.wait_for(lambda: len(lines) == 1)
        submit(database)  # stores the failure
        run_all(database)
    assert [line.partition('"t" ')[2] for line in lines] == ["FAILED 2 s: disk full", "COMPLETED 0.5 s"]


def test_a_deleted_job_is_not_logged(database: Database) -> None:
    lines = Lines()
    with frozen_log(database, lines.write):
        JobStore(database).delete("local", submit(database))
    assert lines == []


@pytest.mark.parametrize(
    ("number", "lines_of_jobs", "others"),
    [
        (LINES_PER_SECOND, LINES_PER_SECOND, []),
        (LINES_PER_SECOND + 1, LINES_PER_SECOND + 1, []),  # a line for one job takes no more room
        (
            LINES_PER_SECOND + 2,
            LINES_PER_SECOND,
            ["12:00:00 and 2 more jobs COMPLETED in this second"],
        ),
    ],
)
def test_the_jobs_of_a_second_beyond_a_limit_share_a_line(
    number: int, lines_of_jobs: int, others: list[str], database: Database
) -> None:
    lines = Lines()
    with frozen_log(database, lines.write):
        for _ in range(number):
            submit(database)
        run_all(database)
    assert [line for line in lines if "more" in line] == others
    assert len(lines) == lines_of_jobs + len(others)


def test_some_failed_jobs_beyond_the_limit_have_lines_with_the_reason(database: Database) -> None:
    lines = Lines()
    with frozen_log(database, lines.write):
        for _ in range(LINES_PER_SECOND + 20):
            submit(database)
        run_all(database, number=LINES_PER_SECOND + 10)
        run_all(database, JobStatus.FAILED, "it crashed")
    *failed, others = lines[LINES_PER_SECOND:]
    assert [line.partition('"t" ')[2] for line in failed] == ["FAILED 0.5 s: it crashed"] * 3
    assert others == "12:00:00 and 10 more jobs COMPLETED, 7 FAILED in this second"


def test_if_all_jobs_beyond_the_limit_have_lines_nothing_is_counted(database: Database) -> None:
    lines = Lines()
    with frozen_log(database, lines.write):
        for _ in range(LINES_PER_SECOND + 2):
            submit(database)
        run_all(database, JobStatus.FAILED, "it crashed")
    assert [line.partition('"t" ')[2] for line in lines] == ["FAILED 0.5 s: it crashed"] * 12


def test_no_job_is_lost_among_many(database: Database) -> None:
    lines = Lines()
    with JobLog(database, lines.write, TextLines("local")):
        for _ in range(500):
            submit(database)
        run_all(database)
        for _ in range(100):
            submit(database)
        run_all(database, JobStatus.FAILED, "it crashed")
    counts = dict.fromkeys(("COMPLETED", "FAILED"), 0)
    for line in lines:
        for number, status in re.findall(r"(?:(\d+) (?:more jobs? )?)?(COMPLETED|FAILED)", line):
            counts[status] += int(number or 1)
    assert counts == {"COMPLETED": 500, "FAILED": 100}


def test_if_many_jobs_end_each_second_one_of_them_has_a_line(database: Database) -> None:
    time, lines, is_second_over = [0.0], Lines(), threading.Semaphore(0)
    log = JobLog(
        database,
        lines.write,
        TextLines("local"),
        clock=lambda: time[0],
        now=lambda: NOON,
        wait=lambda stopping, _: is_second_over.acquire(),
    )
    for _ in range(LINES_PER_SECOND + 40):
        submit(database)
    with log:
        run_all(database, number=LINES_PER_SECOND + 20)
        lines.wait_for(lambda: len(lines) == LINES_PER_SECOND)
        time[0] = 1.0
        is_second_over.release()
        lines.wait_for(lambda: len(lines) == LINES_PER_SECOND + 1)
        time[0] = 1.5
        run_all(database, number=20)
        lines.wait_for(lambda: len(lines) == LINES_PER_SECOND + 2)
        is_second_over.release()
        lines.wait_for(lambda: len(lines) == LINES_PER_SECOND + 3)
    assert lines[LINES_PER_SECOND].endswith("and 20 more jobs COMPLETED in this second")
    assert "more" not in lines[LINES_PER_SECOND + 1]
    assert lines[LINES_PER_SECOND + 2].endswith("and 19 more jobs COMPLETED in this second")


def test_jobs_end_while_nobody_reads_the_lines(database: Database) -> None:
    is_blocked, is_read = threading.Event(), threading.Event()

    def write(lines: Sequence[Text]) -> None:
        is_blocked.set()
        is_read.wait()

    try:
        with frozen_log(database, write):
            submit(database)
            run_all(database)
            assert is_blocked.wait(30)
            submit(database)
            run_all(database)
            assert JobQueue(database).is_idle()
    finally:
        is_read.set()


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("I/O operation on closed file")])
def test_a_stream_that_is_closed_does_not_end_the_log(database: Database, error: Exception) -> None:
    is_failed, lines = threading.Event(), Lines()

    def write(given: Sequence[Text]) -> None:
        if not is_failed.is_set():
            is_failed.set()
            raise error
        lines.write(given)

    with frozen_log(database, write):
        submit(database)
        run_all(database)
        assert is_failed.wait(30)
        second = submit(database)
        run_all(database)
    assert [second[:8] in line for line in lines] == [True]
