from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qiskit_qoro.errors import QoroError, WireError
from qiskit_qoro.local.store.records import AccessDenied, JobConflict, JobUnknown
from qiskit_qoro.local.store.store import Store, open_store
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.models.shots import CircuitRange, ShotGroup

EXECUTE = JobRequest("tag", JobType.EXECUTE, simulator_cluster="qoro_maestro")
EXPECT = JobRequest("tag", JobType.EXPECTATION, simulator_cluster="qoro_maestro")


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store()
    yield store
    store.close()


def add(
    store: Store, job_id: str, *labels: str, finalized: bool = True, owner: str = "me", **batch: object
) -> None:
    circuits = dict.fromkeys(labels, "text")
    settings = batch or {"shots": 10}
    store.append(owner, job_id, CircuitBatch(circuits, finalized, **settings), circuits)  # type: ignore[arg-type]


def queued(store: Store, *labels: str) -> str:
    job_id = store.create_job("me", EXECUTE)
    add(store, job_id, *(labels or ("bell",)))
    return job_id


def status(store: Store, job_id: str) -> JobStatus:
    return store.job("me", job_id).status


# --- what belongs to whom -------------------------------------------------------------------------------


def test_a_new_job_is_pending_and_remembers_what_was_asked(store: Store) -> None:
    job = store.job("me", store.create_job("me", EXECUTE))
    assert (job.status, job.job_type, job.simulator_cluster, job.is_finalized) == (
        JobStatus.PENDING,
        JobType.EXECUTE,
        "qoro_maestro",
        False,
    )


def test_a_job_exists_for_its_owner_only(store: Store) -> None:
    job_id = queued(store)
    for ask in (
        lambda: store.job("you", job_id),
        lambda: add(store, job_id, "other", owner="you"),
        lambda: store.delete("you", job_id),
        lambda: store.outcomes("you", job_id, 10, 0),
        lambda: store.config("you", job_id),
        lambda: store.set_config("you", job_id, ExecutionConfig()),
    ):
        with pytest.raises(JobUnknown, match=job_id):
            ask()
    with pytest.raises(AccessDenied, match=job_id):
        store.cancel("you", job_id)
    assert status(store, job_id) is JobStatus.PENDING


# --- adding circuits ------------------------------------------------------------------------------------


def test_circuits_keep_the_order_in_which_they_were_sent(store: Store) -> None:
    job_id = store.create_job("me", EXECUTE)
    add(store, job_id, "z", "y", finalized=False, shots=1)
    add(store, job_id, "x", "a", shot_groups=(ShotGroup(0, 1, 5), ShotGroup(1, 2, 6)))
    circuits = store.circuits(store.job("me", job_id).number)
    assert [(item.position, item.label, item.shots) for item in circuits] == [
        (0, "z", 1),
        (1, "y", 1),
        (2, "x", 5),
        (3, "a", 6),
    ]


def test_nothing_is_added_to_a_finalized_job(store: Store) -> None:
    job_id = queued(store)
    with pytest.raises(JobConflict, match="finalized"):
        add(store, job_id, "late")


@pytest.mark.parametrize("end", [JobStatus.COMPLETED, JobStatus.FAILED])
def test_nothing_is_added_to_a_job_that_is_over(store: Store, end: JobStatus) -> None:
    job_id = queued(store)
    job = store.claim()
    assert job is not None
    store.finish(job.number, end, run_time_s=1)
    with pytest.raises(JobConflict, match=end):
        add(store, job_id, "late")


def test_a_label_that_is_there_already_refuses_the_whole_body(store: Store) -> None:
    job_id = store.create_job("me", EXECUTE)
    add(store, job_id, "a", "b", finalized=False)
    with pytest.raises(WireError, match=r"circuits\['b'\]"):
        add(store, job_id, "c", "b")
    job = store.job("me", job_id)
    assert [item.label for item in store.circuits(job.number)] == ["a", "b"]
    assert not job.is_finalized


def test_every_body_has_to_carry_the_same_observables(store: Store) -> None:
    job_id = store.create_job("me", EXPECT)
    add(store, job_id, "a", finalized=False, observables=(("ZZ", "XX"),))
    with pytest.raises(WireError, match="observables"):
        add(store, job_id, "b", observables=(("ZZ",),))
    add(store, job_id, "b", observables=(("ZZ", "XX"),))
    assert store.job("me", job_id).is_finalized


def test_the_map_of_observables_is_counted_over_the_whole_job(store: Store) -> None:
    job_id = store.create_job("me", EXPECT)
    groups = (("Z",), ("X",))
    ranges = (CircuitRange(0, 1), CircuitRange(1, 3))
    add(store, job_id, "a", finalized=False, observables=groups, circuit_ham_map=ranges)
    with pytest.raises(WireError, match=r"circuit_ham_map\[1\]"):
        add(store, job_id, "b", observables=groups, circuit_ham_map=ranges)
    add(store, job_id, "b", "c", observables=groups, circuit_ham_map=ranges)


def test_more_shots_than_the_database_can_hold_are_the_sender_s_mistake(store: Store) -> None:
    job_id = store.create_job("me", EXECUTE)
    with pytest.raises(WireError, match="shots"):
        add(store, job_id, "a", shots=2**63)


# --- the queue ------------------------------------------------------------------------------------------


def test_jobs_are_taken_in_the_order_in_which_they_were_finalized(store: Store) -> None:
    first, second = store.create_job("me", EXECUTE), store.create_job("me", EXECUTE)
    add(store, second, "a")
    add(store, first, "a")
    taken = [store.claim(), store.claim(), store.claim()]
    assert [job and job.job_id for job in taken] == [second, first, None]


def test_a_job_that_is_not_finalized_waits(store: Store) -> None:
    job_id = store.create_job("me", EXECUTE)
    add(store, job_id, "a", finalized=False)
    assert store.claim() is None
    assert not store.has_waiting()
    assert store.is_idle()


def test_a_claimed_job_is_running_and_ends_once(store: Store) -> None:
    job_id = queued(store)
    job = store.claim()
    assert job is not None
    assert status(store, job_id) is JobStatus.RUNNING
    assert not store.is_idle()
    assert store.finish(job.number, JobStatus.FAILED, run_time_s=0.5, reason="it broke")
    assert not store.finish(job.number, JobStatus.COMPLETED, run_time_s=0.7)
    ended = store.job("me", job_id)
    assert (ended.status, ended.reason, ended.run_time_s) == (JobStatus.FAILED, "it broke", 0.5)
    assert store.is_idle()


def test_of_cancelling_and_completing_exactly_one_wins(store: Store) -> None:
    for _ in range(50):
        job_id = queued(store)
        job = store.claim()
        assert job is not None
        completed, cancelled = race(
            lambda number=job.number: store.finish(number, JobStatus.COMPLETED, run_time_s=0),
            lambda job_id=job_id: is_cancelled(store, job_id),
        )
        assert completed != cancelled
        assert status(store, job_id) is (JobStatus.COMPLETED if completed else JobStatus.CANCELLED)


def is_cancelled(store: Store, job_id: str) -> bool:
    try:
        store.cancel("me", job_id)
    except JobConflict:
        return False
    return True


def race(*runners: Callable[[], bool]) -> list[bool]:
    start = threading.Barrier(len(runners))
    with ThreadPoolExecutor(len(runners)) as pool:
        return list(pool.map(lambda run: (start.wait(), run())[1], runners))


def test_one_job_is_claimed_by_one_thread(store: Store) -> None:
    for _ in range(40):
        queued(store)
    claimed: list[int] = []

    def work() -> None:
        while (job := store.claim()) is not None:
            claimed.append(job.number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 40


def test_who_waits_is_woken_by_a_change(store: Store) -> None:
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(store.wait_for(store.has_waiting, 10)))
    thread.start()
    queued(store)
    thread.join()
    assert seen == [True]


def test_waiting_gives_up_at_its_timeout(store: Store) -> None:
    assert not store.wait_for(store.has_waiting, 0.01)


# --- results, cancelling, deleting ----------------------------------------------------------------------


def test_results_come_in_pages_in_the_order_of_the_circuits(store: Store) -> None:
    job_id = queued(store, "a", "b", "c")
    job = store.claim()
    assert job is not None
    for position in (2, 0, 1):
        store.add_results(job.number, [(position, f'"{position}"')])
    assert store.outcomes("me", job_id, 2, 0) == (3, ['"0"', '"1"'], [])
    assert store.outcomes("me", job_id, 2, 2) == (3, ['"2"'], [])
    assert store.outcomes("me", job_id, 2, 2**62) == (3, [], [])


def test_cancelling_tells_how_many_circuits_have_no_result(store: Store) -> None:
    job_id = queued(store, "a", "b", "c")
    job = store.claim()
    assert job is not None
    store.add_results(job.number, [(0, "1")])
    assert store.cancel("me", job_id)[1] == 2
    with pytest.raises(JobConflict, match="CANCELLED"):
        store.cancel("me", job_id)


def test_a_result_that_comes_too_late_is_dropped(store: Store) -> None:
    job_id = queued(store, "a", "b")
    job = store.claim()
    assert job is not None
    store.cancel("me", job_id)
    store.add_results(job.number, [(0, "1")])
    assert store.outcomes("me", job_id, 10, 0) == (0, [], [])


def test_a_deleted_job_leaves_nothing_behind(tmp_path: Path) -> None:
    store = open_store(tmp_path / "jobs.db")
    job_id = queued(store, "a", "b")
    store.set_config("me", job_id, ExecutionConfig(bond_dimension=8))
    job = store.claim()
    assert job is not None
    store.add_results(job.number, [(0, "1")])
    store.delete("me", job_id)
    store.add_results(job.number, [(1, "1")])
    assert not store.finish(job.number, JobStatus.COMPLETED, run_time_s=0)
    with pytest.raises(JobUnknown):
        store.job("me", job_id)
    store.close()
    database = sqlite3.connect(tmp_path / "jobs.db")
    counts = [
        database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("jobs", "circuits", "results", "configurations")
    ]
    database.close()
    assert counts == [0, 0, 0, 0]


def test_the_number_of_a_deleted_job_is_not_given_again(store: Store) -> None:
    first = store.create_job("me", EXECUTE)
    number = store.delete("me", first).number
    assert store.job("me", store.create_job("me", EXECUTE)).number != number


# --- configurations -------------------------------------------------------------------------------------


def test_a_configuration_is_kept_and_overwritten(store: Store) -> None:
    job_id = store.create_job("me", EXECUTE)
    assert store.config("me", job_id) is None
    store.set_config("me", job_id, ExecutionConfig(bond_dimension=8))
    store.set_config("me", job_id, ExecutionConfig(truncation_threshold=0.1))
    assert store.config("me", job_id) == ExecutionConfig(truncation_threshold=0.1)


def test_a_configuration_can_come_with_the_job(store: Store) -> None:
    config = ExecutionConfig(bond_dimension=8, api_meta={"optimization_level": 1})
    request = JobRequest("t", JobType.EXECUTE, simulator_cluster="c", execution_config=config)
    assert store.config("me", store.create_job("me", request)) == config


def test_the_configuration_of_a_running_job_stands(store: Store) -> None:
    job_id = queued(store)
    store.claim()
    with pytest.raises(JobConflict, match="RUNNING"):
        store.set_config("me", job_id, ExecutionConfig())


# --- the file -------------------------------------------------------------------------------------------


def test_a_file_keeps_everything(tmp_path: Path) -> None:
    store = open_store(tmp_path / "jobs.db")
    job_id = queued(store)
    job = store.claim()
    assert job is not None
    store.add_results(job.number, [(0, "1")])
    store.finish(job.number, JobStatus.COMPLETED, run_time_s=0.25)
    store.close()
    store = open_store(tmp_path / "jobs.db")
    assert store.job("me", job_id).run_time_s == 0.25
    assert store.outcomes("me", job_id, 10, 0) == (1, ["1"], [])
    store.close()


def test_a_job_that_was_running_when_the_service_died_runs_again(tmp_path: Path) -> None:
    store = open_store(tmp_path / "jobs.db")
    job_id = queued(store, "a", "b")
    open_job = store.create_job("me", EXECUTE)
    add(store, open_job, "a", finalized=False)
    job = store.claim()
    assert job is not None
    store.add_results(job.number, [(0, "1")])
    store.close()
    store = open_store(tmp_path / "jobs.db")
    assert status(store, job_id) is JobStatus.PENDING
    assert store.outcomes("me", job_id, 10, 0) == (0, [], [])
    again = store.claim()
    assert again is not None
    assert again.job_id == job_id
    assert store.claim() is None
    assert status(store, open_job) is JobStatus.PENDING
    store.close()


def test_a_closed_store_leaves_one_file(tmp_path: Path) -> None:
    store = open_store(tmp_path / "jobs.db")
    queued(store)
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["jobs.db"]


def test_a_file_belongs_to_one_service_at_a_time(tmp_path: Path) -> None:
    store = open_store(tmp_path / "jobs.db")
    with pytest.raises(QoroError, match="another service is using it"):
        open_store(tmp_path / "jobs.db")
    store.close()
    open_store(tmp_path / "jobs.db").close()


def test_somebody_else_s_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE theirs (x)")
    database.commit()
    database.close()
    with pytest.raises(QoroError, match="expected a database of this service"):
        open_store(path)


@pytest.mark.parametrize("name", ["no/such/directory/jobs.db", "text.txt"])
def test_a_path_that_cannot_be_a_database_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.txt").write_text("not a database " * 100)
    with pytest.raises(QoroError, match="database"):
        open_store(tmp_path / name)
