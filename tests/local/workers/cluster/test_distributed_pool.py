"""The pool of a cluster says what it has, whether jobs can run, and why not."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.service_events import EventKind, ServiceEvent
from qiskit_qoro.local.workers.cluster.messages import BatchReply
from qiskit_qoro.local.workers.cluster.pool import DistributedPool
from qiskit_qoro.local.workers.cluster.worker_link import LinkEvents
from qiskit_qoro.local.workers.pool_interface import Pool
from qiskit_qoro.local.workers.pool_snapshot import Loss
from qiskit_qoro.local.workers.tasks import CircuitTask
from qiskit_qoro.models.config import Simulator
from tests.local.workers.cluster.scripted_link import (
    GIB,
    SINCE,
    ScriptedLink,
    Sent,
    circuits,
    described,
    replies_to,
    rows,
)

LOSS = Loss("SIGSEGV while it worked on a job", datetime(2026, 11, 30, 13, tzinfo=UTC))


def started(link: ScriptedLink, events: list[ServiceEvent] | None = None) -> DistributedPool:
    """A pool that is connected to its scheduler."""
    report = [].append if events is None else events.append
    pool = DistributedPool(link, report=report, clock=link.clock)
    pool.start()
    link.events.scheduler_connected()
    return pool


def run(pool: Pool, number: int = 3) -> bool:
    """Run some circuits."""
    return pool.run(
        circuits(number), stop=threading.Event(), on_result=lambda index, result: None, job_id="job"
    )


def test_jobs_can_run_while_the_scheduler_and_a_worker_are_there() -> None:
    link = ScriptedLink()
    pool = DistributedPool(link)
    heard: list[bool] = []
    pool.on_change(lambda: heard.append(pool.is_usable()))
    pool.start()
    assert pool.snapshot().problem == (
        "the cluster at tls://scheduler:8786 cannot be used: the scheduler has not answered yet"
    )
    link.events.scheduler_lost("connection refused")
    assert "the scheduler cannot be reached: connection refused" in str(pool.snapshot().problem)
    link.events.scheduler_connected()
    assert "no worker is connected" in str(pool.snapshot().problem)
    address = link.join("a")
    assert pool.snapshot().problem is None
    link.lose(address)
    link.join("b")
    link.events.scheduler_lost("it was killed")
    assert heard == [False, False, True, False, True, False]
    assert pool.snapshot().machines == ()


def test_a_service_that_was_started_again_sends_no_batch_under_an_earlier_name() -> None:
    keys: list[str] = []
    for _ in range(2):
        link = ScriptedLink(on_submit=Sent.answer)
        pool = started(link)
        link.join("a")
        assert run(pool, 20)
        keys += [sent.key for sent in link.sent]
    assert len(set(keys)) == len(keys) > 2


def test_a_snapshot_describes_the_workers_and_what_they_do() -> None:
    link = ScriptedLink()
    pool = started(link)
    link.join("b", processes=2, memory=4 * GIB, accelerators={Simulator.GpuSim})
    link.events.worker_refused("tls://c", described("c"), SINCE, "it has another version")
    link.join("a", processes=1)
    found = []

    def look(sent: Sent) -> None:
        found.append(pool.snapshot())
        sent.done(BatchReply(replies_to(sent.tasks), num_lost=2, last_loss=LOSS))  # type: ignore[arg-type]

    link.on_submit = look
    assert run(pool, 1)
    (busy,) = found
    assert busy.cluster == "tls://scheduler:8786"
    assert (busy.size, busy.workers, busy.memory_limit_bytes) == (3, (), 4 * GIB)
    assert busy.accelerators == pool.accelerators() == {Simulator.GpuSim}
    assert [(machine.name, machine.num_busy, machine.job_ids) for machine in busy.machines] == [
        ("a", 0, ()),
        ("b", 1, ("job",)),
        ("c", 0, ()),
    ]
    assert [machine.refusal for machine in busy.machines] == [None, None, "it has another version"]
    after = pool.snapshot()
    assert (after.num_lost, after.last_loss) == (2, LOSS)
    assert [machine.num_lost for machine in after.machines] == [0, 2, 0]
    assert sum(machine.num_busy for machine in after.machines) == 0
    assert (pool.parallel, pool.pids) == (32, ())


def test_lost_processes_of_workers_that_left_are_still_counted() -> None:
    link = ScriptedLink()
    pool = started(link)
    address = link.join("a")
    link.on_submit = lambda sent: sent.done(
        BatchReply(replies_to(sent.tasks), num_lost=2, last_loss=LOSS)  # type: ignore[arg-type]
    )
    assert run(pool)
    link.lose(address)
    assert pool.snapshot().num_lost == 2


def test_the_operator_hears_of_lost_processes_once_and_of_the_last_worker() -> None:
    link, events = ScriptedLink(), list[ServiceEvent]()
    pool = started(link, events)
    address = link.join("a")
    link.on_submit = lambda sent: sent.done(
        BatchReply(replies_to(sent.tasks), num_lost=2, last_loss=LOSS)  # type: ignore[arg-type]
    )
    assert run(pool)
    link.lose(address)
    assert [(event.kind, event.reason) for event in events] == [
        (EventKind.PROCESS_LOST, LOSS.reason),
        (EventKind.CLUSTER_LOST, "no worker is connected"),
    ]


def test_a_refused_worker_is_shown_until_it_leaves() -> None:
    link = ScriptedLink()
    pool = started(link)
    link.events.worker_refused("tls://c", described("c"), SINCE, "it has another version")
    assert not pool.is_usable()
    assert [machine.name for machine in pool.snapshot().machines] == ["c"]
    link.events.worker_left("tls://c")
    assert pool.snapshot().machines == ()


DENSE = CircuitTask("dense", "qreg q[24];", shots=1)


def run_dense(link: ScriptedLink, pool: DistributedPool) -> tuple[str, float]:
    """Run a circuit that needs 0.88 GiB, and stop. Returns the worker that got it, and when."""
    stop = threading.Event()
    sent_at: list[float] = []

    def submit(sent: Sent) -> None:
        sent_at.append(link.now)
        stop.set()

    link.on_submit = submit
    assert not pool.run([DENSE], stop=stop, on_result=lambda index, result: None, job_id="job")
    (sent,) = link.sent
    return sent.address, sent_at[0]


@pytest.mark.parametrize(("is_back", "expected"), [(True, "tls://large"), (False, "tls://small")])
def test_a_circuit_waits_ten_minutes_for_the_only_workers_that_have_room(
    is_back: bool, expected: str
) -> None:
    link = ScriptedLink(tick_s=50.0)
    pool = started(link)
    link.join("small", memory=GIB // 16)
    for name in ("large", "larger"):
        link.lose(link.join(name, memory=2 * GIB))
    lost_at = link.now

    def return_late() -> None:
        if is_back and link.now - lost_at >= 400.0 and pool.snapshot().size == 1:
            link.join("large", memory=2 * GIB)

    link.on_time = return_late
    address, sent_at = run_dense(link, pool)
    assert address == expected
    earliest = 400.0 if is_back else 600.0
    # The clock goes on each time when it is read.
    assert earliest <= sent_at - lost_at <= earliest + 3 * link.tick_s


@pytest.mark.parametrize("joins", [True, False])
def test_after_the_start_a_circuit_waits_ten_seconds_for_workers_that_have_room(joins: bool) -> None:
    link = ScriptedLink()
    pool = started(link)
    link.tick_s = 1.0
    link.join("small", memory=GIB // 16)

    def join_late() -> None:
        if joins and link.now >= 5.0 and pool.snapshot().size == 1:
            link.join("large", memory=2 * GIB)

    link.on_time = join_late
    address, sent_at = run_dense(link, pool)
    assert address == ("tls://large" if joins else "tls://small")
    assert sent_at < 10.0 if joins else 10.0 <= sent_at <= 13.0


def test_after_the_start_circuits_that_fit_run_at_once() -> None:
    link = ScriptedLink(on_submit=Sent.answer)
    pool = started(link)
    link.join("small", memory=GIB // 16)
    assert run(pool, 20)
    assert link.now < 1.0


def test_closing_closes_the_link_and_may_be_repeated() -> None:
    link = ScriptedLink()
    with started(link) as pool:
        pass
    assert link.is_closed
    pool.close()
    assert pool.accelerators() == frozenset()
    with pytest.raises(QoroError, match="the worker pool is closed"):
        pool.start()


class SlowLink(ScriptedLink):
    """A link whose start takes until the test goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.is_starting, self.may_go_on = threading.Event(), threading.Event()

    def start(self, events: LinkEvents) -> None:
        self.is_starting.set()
        assert self.may_go_on.wait(30)
        self.calls.append("start")

    def close(self) -> None:
        self.calls.append("close")


def test_a_pool_that_is_closed_while_it_starts_closes_its_link_after_the_start() -> None:
    link = SlowLink()
    pool = DistributedPool(link)
    starting, closing = threading.Thread(target=pool.start), threading.Thread(target=pool.close)
    starting.start()
    assert link.is_starting.wait(30)
    closing.start()
    pool.accelerators()  # returns when the pool is being closed
    link.may_go_on.set()
    starting.join(30)
    closing.join(30)
    assert link.calls == ["start", "close"]
    with pytest.raises(QoroError, match="the worker pool is closed"):
        pool.start()


def test_a_pool_that_has_failed_to_start_fails_again() -> None:
    class BrokenLink(ScriptedLink):
        def start(self, events: LinkEvents) -> None:
            raise QoroError("dask-jobqueue is not installed")

    pool = DistributedPool(BrokenLink())
    for _ in range(2):
        with pytest.raises(QoroError, match="dask-jobqueue is not installed"):
            pool.start()
    with pytest.raises(QoroError, match="dask-jobqueue is not installed"):
        run(pool)


@pytest.mark.parametrize("big", [circuits(20_000), rows(200_000)], ids=["circuits", "rows"])
def test_a_small_job_does_not_wait_behind_a_large_one(big: list[object]) -> None:
    link = ScriptedLink()
    pool = started(link)
    link.join("a", processes=1)
    link.join("b", processes=1)
    stop = threading.Event()
    all_places_taken = threading.Event()

    # The batches of the large job are never answered.
    def submit(sent: Sent) -> None:
        if sent.batch.job_id == "small":
            sent.answer()
        elif len(link.open) == 4:
            all_places_taken.set()

    link.on_submit = submit
    thread = threading.Thread(
        target=lambda: pool.run(
            big,
            stop=stop,
            on_result=lambda index, result: None,
            job_id="big",  # type: ignore[arg-type]
        )
    )
    thread.start()
    try:
        assert all_places_taken.wait(30.0)
        results: dict[int, object] = {}
        assert pool.run(circuits(10), stop=threading.Event(), on_result=results.__setitem__, job_id="small")
        assert sorted(results) == list(range(10))
    finally:
        stop.set()
        thread.join()
    assert len(link.cancelled) == 4
