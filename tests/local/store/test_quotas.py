"""The quotas of accounts: both sides of each limit, and requests that arrive together."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.store.claims import ClaimScope
from qiskit_qoro.local.store.database import Database, open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.quotas import Quota, QuotaUse
from qiskit_qoro.local.store.resubmission import resubmit_job
from qiskit_qoro.local.store.store_errors import QuotaExceededError
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.models.templates import TemplateBatch, TemplateEntry

QUOTAS = {
    "ann": Quota(unfinished_jobs=3),
    "bob": Quota(circuits_per_day=10),
    "cat": Quota(running_jobs=2),
}
EXECUTE = JobRequest("t", JobType.EXECUTE, "qoro_maestro")


class Day:
    """A time of day that tests set."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 30, 20, 29, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def day() -> Day:
    return Day()


@pytest.fixture
def database(day: Day) -> Iterator[Database]:
    with closing(open_database(now=day)) as database:
        yield database


@pytest.fixture
def store(database: Database) -> JobStore:
    return JobStore(database, QUOTAS)


@pytest.fixture
def queue(database: Database) -> JobQueue:
    return JobQueue(database, QUOTAS)


def append(store: JobStore, owner: str, job_id: str, *labels: str, finalized: bool = True) -> None:
    circuits = dict.fromkeys(labels, "text")
    store.append_circuits(owner, job_id, CircuitBatch(circuits, finalized, shots=1), circuits)


def submit(store: JobStore, owner: str, num_circuits: int = 1) -> str:
    job_id = store.create_job(owner, EXECUTE)
    append(store, owner, job_id, *(f"c{index}" for index in range(num_circuits)))
    return job_id


# --- unfinished jobs ------------------------------------------------------------------------------------


def test_an_account_opens_jobs_up_to_its_quota_and_more_when_one_has_ended(
    store: JobStore, queue: JobQueue
) -> None:
    opened = [store.create_job("ann", EXECUTE), submit(store, "ann"), submit(store, "ann")]
    assert queue.claim() is not None  # a running job is unfinished too
    expected = (
        "account 'ann' has 3 unfinished jobs and its quota is 3: wait until one of them ends, or cancel one"
    )
    with pytest.raises(QuotaExceededError, match=re.escape(expected)) as refused:
        store.create_job("ann", EXECUTE)
    assert refused.value.retry_after_s == 10
    assert store.quota_use("ann") == QuotaUse(3, 1, 2)
    for _ in range(5):
        store.create_job("dan", EXECUTE)  # an account without a quota
    store.cancel("ann", opened[0])
    store.create_job("ann", EXECUTE)


def test_a_job_that_would_exceed_the_quota_cannot_be_submitted_again(
    database: Database, store: JobStore
) -> None:
    ended = submit(store, "ann")
    store.cancel("ann", ended)
    for _ in range(2):
        submit(store, "ann")
    resubmit_job(database, "ann", ended, store.quota("ann"))
    with pytest.raises(QuotaExceededError, match="has 3 unfinished jobs"):
        resubmit_job(database, "ann", ended, store.quota("ann"))
    assert store.quota_use("ann").unfinished_jobs == 3


def opens(store: JobStore) -> bool:
    try:
        store.create_job("ann", EXECUTE)
    except QuotaExceededError:
        return False
    return True


def test_jobs_that_are_opened_at_the_same_moment_do_not_exceed_the_quota(store: JobStore) -> None:
    start = threading.Barrier(8)

    def open_one(_: int) -> bool:
        start.wait(30)
        return opens(store)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(open_one, range(8))) == 3
    assert store.quota_use("ann").unfinished_jobs == 3


# --- circuits per day -----------------------------------------------------------------------------------


def test_circuits_up_to_the_quota_are_accepted_and_one_more_is_not_stored(
    store: JobStore, queue: JobQueue
) -> None:
    submit(store, "bob", 7)
    refused = store.create_job("bob", EXECUTE)
    expected = (
        "account 'bob' has sent 7 circuits today and its quota is 10 a day, so 4 more are too many: the "
        "quota is free again at 00:00 UTC, in 3 h 30 min"
    )
    with pytest.raises(QuotaExceededError, match=re.escape(expected)) as error:
        append(store, "bob", refused, "a", "b", "c", "d")
    assert error.value.retry_after_s == 3 * 3600 + 30 * 60 + 30
    number = store.job("bob", refused).number
    assert queue.circuits(number) == []
    append(store, "bob", refused, "a", "b", "c")
    assert store.quota_use("bob") == QuotaUse(2, 0, 10)
    with pytest.raises(QuotaExceededError, match="has sent 10 circuits today"):
        submit(store, "bob")
    submit(store, "ann", 20)  # without such a quota


def test_circuits_in_several_bodies_are_counted_together_and_only_when_they_are_complete(
    store: JobStore,
) -> None:
    job_id = store.create_job("bob", EXECUTE)
    append(store, "bob", job_id, *"abcdef", finalized=False)
    assert store.quota_use("bob").circuits_today == 0
    with pytest.raises(QuotaExceededError, match="so 11 more are too many"):
        append(store, "bob", job_id, *"ghijk", finalized=False)
    append(store, "bob", job_id, *"ghij", finalized=False)
    store.cancel("bob", job_id)  # its submission is given up, so it does not count
    submit(store, "bob", 10)


def test_rows_of_a_template_and_problems_count(store: JobStore) -> None:
    job_id = store.create_job("bob", EXECUTE)
    rows = TemplateEntry("text", ("t",), [(f"r{index}", [0.5]) for index in range(9)])
    store.append_template("bob", job_id, TemplateBatch(rows, finalized=True, shots=1), "text")
    for _ in range(2):
        problem = store.create_job("bob", JobRequest("t", JobType.VALIDATE, "qoro_maestro"))
        if store.quota_use("bob").circuits_today == 9:
            store.submit_problem("bob", problem, "{}")
    with pytest.raises(QuotaExceededError, match="so 1 more are too many"):
        store.submit_problem("bob", problem, "{}")


def test_the_quota_is_free_again_on_the_next_day_in_utc(store: JobStore, day: Day) -> None:
    submit(store, "bob", 10)
    day.time += timedelta(hours=3, minutes=30, seconds=29)
    with pytest.raises(QuotaExceededError, match="in 0 h 0 min") as refused:
        submit(store, "bob")
    assert refused.value.retry_after_s == 1
    day.time += timedelta(seconds=1)
    assert store.quota_use("bob").circuits_today == 0
    submit(store, "bob", 10)
    assert store.quota_use("bob").circuits_today == 10


def test_deleting_or_cancelling_a_submitted_job_gives_nothing_back(store: JobStore) -> None:
    store.delete("bob", submit(store, "bob", 6))
    store.cancel("bob", submit(store, "bob", 4))
    assert store.quota_use("bob").circuits_today == 10


def test_a_job_that_is_submitted_again_counts_again(database: Database, store: JobStore) -> None:
    job_id = submit(store, "bob", 5)
    store.cancel("bob", job_id)
    resubmit_job(database, "bob", job_id, store.quota("bob"))
    assert store.quota_use("bob").circuits_today == 10
    with pytest.raises(QuotaExceededError, match="so 5 more are too many"):
        resubmit_job(database, "bob", job_id, store.quota("bob"))


def test_circuits_that_are_sent_at_the_same_moment_do_not_exceed_the_quota(store: JobStore) -> None:
    ids = [store.create_job("bob", EXECUTE) for _ in range(8)]
    start = threading.Barrier(8)

    def complete(job_id: str) -> bool:
        start.wait(30)
        try:
            append(store, "bob", job_id, "a", "b", "c")
        except QuotaExceededError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(complete, ids)) == 3
    assert store.quota_use("bob").circuits_today == 9


# --- running jobs ---------------------------------------------------------------------------------------


def test_jobs_beyond_the_quota_of_running_jobs_wait(store: JobStore, queue: JobQueue) -> None:
    waiting = [submit(store, "cat") for _ in range(4)]
    claimed = [queue.claim(), queue.claim(), queue.claim()]
    assert [job and job.job_id for job in claimed] == [waiting[0], waiting[1], None]
    assert queue.delay_s() is None
    assert not queue.is_idle()
    assert queue.claim(ClaimScope.SHORT) is None
    other = submit(store, "dan")
    job = queue.claim()
    assert job is not None
    assert job.job_id == other
    assert claimed[0] is not None
    queue.finish(claimed[0].number, JobStatus.COMPLETED, run_time_s=1)
    assert queue.delay_s() == 0
    following = queue.claim()
    assert following is not None
    assert following.job_id == waiting[2]


# --- values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["unfinished_jobs", "running_jobs", "circuits_per_day"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3"])
def test_a_limit_is_an_integer_of_one_or_more(name: str, value: Any) -> None:
    with pytest.raises(QoroInputError, match=rf"{name} is .*, expected 1 or more"):
        Quota(**{name: value})
    assert getattr(Quota(**{name: 1}), name) == 1


@pytest.mark.parametrize("value", [3, {"jobs": 3}, None])
def test_a_quota_is_one_or_a_mapping_with_its_fields(value: Any) -> None:
    with pytest.raises(
        QoroInputError, match="expected a Quota, or a mapping with unfinished_jobs, running_jobs"
    ):
        Quota.of(value)
    assert Quota.of({"running_jobs": 3}) == Quota.of(Quota(running_jobs=3)) == Quota(running_jobs=3)
