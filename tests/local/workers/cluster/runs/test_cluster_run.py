"""A run on a cluster answers every task exactly once, whatever happens to workers, replies and templates."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.workers.cluster.batch_codec import MissingTemplates, TemplateStore
from qiskit_qoro.local.workers.cluster.messages import BatchReply
from qiskit_qoro.local.workers.cluster.pool import DistributedPool
from qiskit_qoro.local.workers.cluster.worker_link import BatchFailed, BatchLost
from qiskit_qoro.local.workers.pool_interface import PoolUnavailableError
from qiskit_qoro.local.workers.receiver import TaskFailure
from qiskit_qoro.local.workers.tasks import CircuitTask, Reply
from tests.local.workers.cluster.scripted_link import (
    LONG_TEXT,
    ScriptedLink,
    Sent,
    circuits,
    replies_to,
    result_of,
    rows,
)

Behaviour = Callable[[Sent], None]


class Cluster:
    """A pool with a scripted link, and what one run has passed to its caller.

    Args:
        tasks: The tasks of the run.
        on_submit: What workers do with a batch; by default they answer it at once.
    """

    def __init__(
        self,
        tasks: Sequence[CircuitTask],
        on_submit: Behaviour = Sent.answer,
        *,
        workers: Sequence[str] = ("a", "b"),
        processes: int = 1,
    ) -> None:
        self.tasks = tasks
        self.link = ScriptedLink(on_submit=on_submit)
        self.pool = DistributedPool(self.link, clock=self.link.clock)
        self.pool.start()
        self.link.events.scheduler_connected()
        for name in workers:
            self.link.join(name, processes=processes)
        self.results: dict[int, Any] = {}
        self.reasons: dict[int, str] = {}
        self.stop = threading.Event()

    def run(self, *, with_failures: bool = True) -> bool:
        """Run the tasks."""
        return self.pool.run(
            self.tasks,
            stop=self.stop,
            on_result=self.add_result,
            on_failure=self.add_failure if with_failures else None,
            job_id="job",
        )

    def add_result(self, index: int, result: Any) -> None:
        """Note a result. No task may have two."""
        assert index not in self.results
        assert index not in self.reasons
        assert result == result_of(self.tasks[index])
        self.results[index] = result

    def add_failure(self, index: int, reason: str) -> None:
        """Note a failure."""
        assert index not in self.results
        assert index not in self.reasons
        self.reasons[index] = reason

    @property
    def batches(self) -> list[list[str]]:
        """The labels of each batch that was sent."""
        return [sent.labels for sent in self.link.sent]

    def has_all_results_except(self, *missing: int) -> bool:
        """Whether all other tasks have results."""
        return self.results.keys() == set(range(len(self.tasks))) - set(missing)


def test_all_workers_get_batches_that_grow_with_the_speed_of_the_tasks() -> None:
    cluster = Cluster(circuits(3000))
    assert cluster.run()
    assert cluster.has_all_results_except()
    sizes = [len(batch) for batch in cluster.batches]
    assert sizes[0] == 4
    assert 700 < max(sizes) <= 750
    assert {sent.address for sent in cluster.link.sent} == {"tls://a", "tls://b"}


def test_rows_of_a_template_go_in_large_batches_and_each_batch_has_one_template() -> None:
    cluster = Cluster(rows(5000) + rows(3000, LONG_TEXT + "another") + circuits(10))
    assert cluster.run()
    assert cluster.has_all_results_except()
    for sent in cluster.link.sent:
        assert len({task.sweep for task in sent.tasks}) == 1  # type: ignore[union-attr]
    assert len(cluster.batches) < 80


def test_a_template_is_sent_to_a_worker_once_and_again_if_the_worker_has_lost_it() -> None:
    def forget_once(sent: Sent) -> None:
        if len(cluster.link.sent) == 5:
            cluster.link.stores[sent.address] = TemplateStore(2**20)
        sent.answer()

    cluster = Cluster(rows(20_000), forget_once, workers=["a"])
    assert cluster.run()
    assert cluster.has_all_results_except()
    with_templates = [index for index, sent in enumerate(cluster.link.sent) if sent.batch.templates]
    missing = [
        index for index, sent in enumerate(cluster.link.sent) if isinstance(sent.tasks, MissingTemplates)
    ]
    assert len(missing) == 1
    # The next batch may leave before the answer that shows that the template has arrived.
    assert with_templates in ([0, missing[0] + 1], [0, missing[0] + 1, missing[0] + 2])


def lose_first(number: int, *, holding: str = "") -> tuple[Behaviour, list[Cluster]]:
    """Workers that are lost with each of the first batches that contain a circuit, and replaced."""
    lost: list[Sent] = []
    cell: list[Cluster] = []

    def behave(sent: Sent) -> None:
        if len(lost) < number and (not holding or holding in sent.labels):
            lost.append(sent)
            cell[0].link.join(f"new-{len(lost)}")
            cell[0].link.lose(sent.address)
        else:
            sent.answer()

    return behave, cell


@pytest.mark.parametrize("number", [1, 2])
def test_the_batch_of_a_lost_worker_goes_to_another_one_and_no_circuit_fails(number: int) -> None:
    behave, cell = lose_first(number, holding="circuit-7")
    cluster = Cluster(circuits(40), behave)
    cell.append(cluster)
    assert cluster.run()
    assert cluster.has_all_results_except()
    addresses = [sent.address for sent in cluster.link.sent if "circuit-7" in sent.labels]
    assert len(addresses) == len(set(addresses)) == number + 1


def test_no_circuit_is_blamed_for_workers_that_are_stopped() -> None:
    names = iter("cdefgh")

    def stop_worker(sent: Sent) -> None:
        name = next(names, None)
        if name is None:
            sent.answer()
        else:
            cluster.link.join(name)
            cluster.link.lose(sent.address, is_stopped=True)

    cluster = Cluster(circuits(1), stop_worker)
    assert cluster.run()
    assert cluster.has_all_results_except()
    assert len(cluster.batches) == 7


def test_a_circuit_that_ends_every_worker_is_blamed_and_no_other() -> None:
    behave, cell = lose_first(1000, holding="circuit-7")
    cluster = Cluster(circuits(40), behave)
    cell.append(cluster)
    assert cluster.run()
    assert cluster.has_all_results_except(7)
    assert cluster.reasons == {7: "the worker that ran it was lost 3 times: it left the cluster"}
    with_it = [batch for batch in cluster.batches if "circuit-7" in batch]
    assert len(with_it) == 3
    assert len(with_it[0]) > 1
    assert with_it[0] == with_it[1]
    assert with_it[2] == ["circuit-7"]


def test_among_very_many_rows_the_one_to_blame_is_found_with_few_lost_workers() -> None:
    behave, cell = lose_first(1000, holding="row-17000")
    cluster = Cluster(rows(40_000), behave)
    cell.append(cluster)
    assert cluster.run()
    assert cluster.has_all_results_except(17_000)
    assert 3 <= sum("row-17000" in batch for batch in cluster.batches) <= 5


def test_a_circuit_that_was_never_alone_in_a_batch_is_not_blamed() -> None:
    with_it: list[int] = []

    def behave(sent: Sent) -> None:
        if "row-17000" not in sent.labels:
            sent.answer()
            return
        with_it.append(len(sent.labels))
        if len(with_it) <= 2:
            cluster.link.join(f"new-{len(with_it)}")
            cluster.link.lose(sent.address)
        else:
            # All but the last circuit. This one was lost twice before, together with others.
            sent.done(BatchReply(replies_to(sent.tasks[:-1] or sent.tasks)))

    cluster = Cluster(rows(40_000), behave)
    assert cluster.run()
    assert with_it[2] > 1
    assert cluster.has_all_results_except()
    assert not cluster.reasons


@pytest.mark.parametrize("has_other_losses", [False, True])
def test_a_circuit_of_a_large_group_is_blamed_when_it_loses_a_worker_alone(has_other_losses: bool) -> None:
    bad = "row-17000"
    batches: list[int] = []

    def behave(sent: Sent) -> None:
        if bad in sent.labels and (len(sent.labels) > 1 or not has_other_losses):
            batches.append(len(sent.labels))
            cluster.link.join(f"new-{len(batches)}")
            cluster.link.lose(sent.address)
        else:
            sent.answer()

    cluster = Cluster(rows(40_000), behave)
    assert cluster.run()
    if has_other_losses:  # something else has ended the workers, and has not come again
        assert len(batches) >= 3
        assert not cluster.reasons
    else:
        assert batches[-2] > 1
        assert batches[-1] == 1
        assert list(cluster.reasons) == [17_000]


def test_a_circuit_that_leaves_no_worker_is_blamed_when_its_job_has_run_again() -> None:
    cluster = Cluster(circuits(40), Sent.answer)

    def behave(sent: Sent) -> None:
        if "circuit-7" in sent.labels:
            cluster.link.lose(sent.address)
            cluster.link.tick_s = 1.0
        else:
            sent.answer()

    cluster.link.on_submit = behave
    with pytest.raises(PoolUnavailableError, match="no worker is connected"):
        cluster.run()
    assert not cluster.reasons
    # The job runs again with the circuits that have no result.
    remaining = [task for index, task in enumerate(cluster.tasks) if index not in cluster.results]
    assert len(remaining) < 40
    again = Cluster(remaining, behave)
    again.pool, again.link = cluster.pool, cluster.link
    cluster.link.join("c")
    cluster.link.join("d")
    assert again.run()
    bad = remaining.index(cluster.tasks[7])
    assert again.reasons == {bad: "the worker that ran it was lost 3 times: it left the cluster"}
    assert again.has_all_results_except(bad)


def test_a_run_gives_up_when_circuits_have_ended_too_many_workers() -> None:
    cell: list[Cluster] = []

    def behave(sent: Sent) -> None:
        cell[0].link.join(f"new-{len(cell[0].link.sent)}")
        cell[0].link.lose(sent.address)

    cluster = Cluster(circuits(40), behave)
    cell.append(cluster)
    with pytest.raises(TaskFailure, match=r"was lost 3 times.*9 workers were lost .* the rest was not run"):
        cluster.run()
    assert len(cluster.reasons) == 3
    assert not cluster.results


def test_a_run_gives_up_when_circuits_have_cost_too_many_processes() -> None:
    def crash(sent: Sent) -> None:
        reply = Reply(reason="the engine crashed (SIGSEGV)")
        sent.done(BatchReply(((0, reply),), num_lost_here=1))

    cluster = Cluster(circuits(40), crash)
    with pytest.raises(TaskFailure, match=r"the engine crashed.*8 workers were lost .* the rest was not run"):
        cluster.run()
    assert len(cluster.reasons) == 8


def test_crashes_and_time_outs_of_single_circuits_are_failures_of_these_circuits() -> None:
    def fail_7(sent: Sent) -> None:
        replies = replies_to(sent.tasks)  # type: ignore[arg-type]
        failed = [index for index, label in enumerate(sent.labels) if label == "circuit-7"]
        for index in failed:
            replies = (*replies[:index], (index, Reply(reason="it took too long")), *replies[index + 1 :])
        sent.done(BatchReply(replies, num_lost_here=len(failed)))

    cluster = Cluster(circuits(40), fail_7)
    assert cluster.run()
    assert cluster.reasons == {7: "it took too long"}
    assert cluster.has_all_results_except(7)


def test_without_a_function_for_failures_the_first_one_ends_the_run() -> None:
    cluster = Cluster(circuits(4), lambda sent: sent.done(BatchReply(((0, Reply(reason="it is bad")),))))
    with pytest.raises(TaskFailure, match="circuit 'circuit-0': it is bad"):
        cluster.run(with_failures=False)
    assert not cluster.link.open


def test_a_batch_that_workers_cannot_run_fails_with_their_error() -> None:
    cluster = Cluster(circuits(1), lambda sent: sent.done(BatchFailed("ValueError: strange")), workers="abc")
    assert cluster.run()
    assert cluster.reasons == {0: "3 workers could not run it: ValueError: strange"}
    assert [sent.address for sent in cluster.link.sent] == ["tls://a", "tls://b", "tls://c"]


def test_a_worker_that_cannot_run_anything_gets_few_batches() -> None:
    def behave(sent: Sent) -> None:
        if sent.address == "tls://a":
            sent.done(BatchFailed("OSError: no space left on device"))
        else:
            sent.answer(seconds=0.1)

    cluster = Cluster(circuits(500), behave, workers="ab")
    assert cluster.run()
    assert cluster.has_all_results_except()
    assert sum(sent.address == "tls://a" for sent in cluster.link.sent) <= 2


@pytest.mark.parametrize(
    "replies",
    [((1, Reply({"0": 0})),), ((0, Reply({"0": 0})), (1, Reply({"0": 0}))), ()],
    ids=["gap", "too many", "none"],
)
def test_an_answer_to_other_circuits_than_those_of_the_batch_counts_as_a_loss(
    replies: tuple[tuple[int, Reply], ...],
) -> None:
    cluster = Cluster(circuits(1), lambda sent: sent.done(BatchReply(replies)))
    assert cluster.run()
    assert not cluster.results
    assert "3 workers could not run it: it " in cluster.reasons[0]


def test_a_worker_that_asks_for_the_same_templates_forever_counts_as_lost() -> None:
    cluster = Cluster(rows(1), lambda sent: sent.done(BatchReply(missing=("name",))))
    assert cluster.run()
    assert "for the same templates" in cluster.reasons[0]


def test_what_a_stopped_worker_has_finished_counts_and_the_rest_goes_to_another_one() -> None:
    def behave(sent: Sent) -> None:
        if sent.address == "tls://a" and len(sent.labels) > 5:
            replies = replies_to(sent.tasks[:3])  # type: ignore[arg-type, index]
            sent.done(BatchReply(replies, is_stopped=True))
        else:
            sent.answer()

    cluster = Cluster(circuits(200), behave)
    assert cluster.run()
    assert cluster.has_all_results_except()
    assert not cluster.reasons


def test_stopping_cancels_all_batches_at_once_and_passes_nothing_on() -> None:
    def stop_at_six(sent: Sent) -> None:
        if len(cluster.link.open) == 6:
            cluster.stop.set()

    cluster = Cluster(circuits(100), stop_at_six, processes=2)
    keys = cluster.link.open.keys()
    assert not cluster.run()
    assert sorted(cluster.link.cancelled) == sorted(sent.key for sent in cluster.link.sent)
    assert len(cluster.link.cancelled) == 6
    assert not keys
    assert not cluster.results
    assert all(machine.num_busy == 0 for machine in cluster.pool.snapshot().machines)


def test_a_run_that_is_stopped_while_it_passes_the_last_results_on_is_not_complete() -> None:
    cluster = Cluster(circuits(40))
    add_result = cluster.add_result

    def stop_at_38(index: int, result: object) -> None:
        add_result(index, result)
        if len(cluster.results) == 38:
            cluster.stop.set()

    cluster.add_result = stop_at_38  # type: ignore[method-assign]
    assert not cluster.run()
    assert len(cluster.results) == 38


def test_a_late_reply_of_a_batch_that_was_given_up_is_ignored() -> None:
    late: list[Sent] = []

    def behave(sent: Sent) -> None:
        if not late:
            late.append(sent)
            done = sent.done
            cluster.link.lose(sent.address)
            cluster.link.open[sent.key] = sent  # the reply is on its way
            done(BatchReply(replies_to(sent.tasks)))  # type: ignore[arg-type]
        else:
            sent.answer()

    cluster = Cluster(circuits(30), behave)
    assert cluster.run()
    assert cluster.has_all_results_except()


def test_if_the_scheduler_is_lost_the_run_ends_and_says_what_happens_next() -> None:
    cluster = Cluster(circuits(10), lambda sent: cluster.link.events.scheduler_lost("connection refused"))
    message = (
        "the cluster at tls://scheduler:8786 cannot be used: the scheduler cannot be reached: connection "
        "refused. The job goes on when it can be used again"
    )
    with pytest.raises(PoolUnavailableError, match=re.escape(message)):
        cluster.run()
    assert not cluster.pool.is_usable()


def test_if_no_worker_comes_within_ten_seconds_the_run_ends() -> None:
    cluster = Cluster(circuits(10), workers=[])
    cluster.link.tick_s = 2.0
    with pytest.raises(PoolUnavailableError, match="no worker is connected"):
        cluster.run()
    assert 10.0 < cluster.link.now < 20.0


def test_a_run_waits_a_while_for_another_worker() -> None:
    def replace() -> None:
        if cluster.link.now > 6.0 and not cluster.pool.snapshot().machines:
            cluster.link.join("new")

    cluster = Cluster(circuits(10), workers=[])
    cluster.link.tick_s, cluster.link.on_time = 2.0, replace
    assert cluster.run()
    assert cluster.has_all_results_except()


def test_closing_the_pool_ends_the_run() -> None:
    cluster = Cluster(circuits(10), lambda sent: cluster.pool.close())
    with pytest.raises(QoroError, match="the worker pool is closed") as caught:
        cluster.run()
    assert not isinstance(caught.value, PoolUnavailableError)
    with pytest.raises(QoroError, match="the worker pool is closed"):
        cluster.run()


class Chaos:
    """Workers that answer in any order, forget templates, are stopped, and are lost.

    Args:
        cluster: The cluster.
        random: Decides what happens.
        max_losses: How many workers may be lost.
    """

    def __init__(self, cluster: Cluster, random: Random, max_losses: int) -> None:
        self.cluster = cluster
        self.random = random
        self.losses_left = max_losses
        self.num_joined = 0
        self.late: list[Sent] = []
        cluster.link.on_submit = lambda sent: None
        cluster.link.on_time = self.act

    def act(self) -> None:
        link, random = self.cluster.link, self.random
        if not self.cluster.pool.is_usable() or (self.num_joined < 4 and random.random() < 0.05):
            self.num_joined += 1
            link.join(f"new-{self.num_joined}", processes=random.randint(1, 3))
            return
        if not link.open:
            return
        sent = random.choice(list(link.open.values()))
        choice = random.random()
        if choice < 0.1 and self.losses_left:
            self.losses_left -= 1
            self.lose(sent)
        elif choice < 0.2:
            link.stores[sent.address] = TemplateStore(2**20)
        elif choice < 0.3 and not isinstance(sent.tasks, MissingTemplates):
            part = sent.tasks[: random.randrange(len(sent.tasks) + 1)]
            sent.done(BatchReply(replies_to(part) if part else (), is_stopped=True))
        else:
            sent.answer(seconds=random.choice([1e-6, 1e-3, 0.02]))

    def lose(self, sent: Sent) -> None:
        """Lose a batch, or a worker with a batch whose reply comes late."""
        link = self.cluster.link
        if self.random.random() < 0.3:
            sent.done(BatchLost("its connection was lost"))
            return
        link.lose(sent.address)
        if not isinstance(sent.tasks, MissingTemplates):
            link.open[sent.key] = sent
            sent.answer()


SECTIONS = st.lists(
    st.one_of(
        st.integers(1, 60).map(circuits),
        st.integers(1, 1500).map(rows),
        st.integers(1, 90).map(lambda number: rows(number, LONG_TEXT + "another")),
    ),
    min_size=1,
    max_size=5,
)


SEEDS = st.integers(0, 2**32 - 1)


@given(sections=SECTIONS, seed=SEEDS, processes=st.integers(1, 3))
def test_whatever_happens_every_task_has_its_own_result_exactly_once(
    sections: list[list[CircuitTask]], seed: int, processes: int
) -> None:
    tasks = [task for section in sections for task in section]
    cluster = Cluster(tasks, processes=processes)
    Chaos(cluster, Random(seed), max_losses=2)  # none fails before its third loss
    assert cluster.run()
    assert cluster.has_all_results_except()
    assert not cluster.link.open.keys() - {sent.key for sent in cluster.link.sent}
    assert all(machine.num_busy == 0 for machine in cluster.pool.snapshot().machines)


@given(number=st.integers(1, 200), bad=st.integers(0, 199), seed=SEEDS)
def test_whatever_the_order_only_the_circuit_that_ends_workers_fails(
    number: int, bad: int, seed: int
) -> None:
    random = Random(seed)
    bad %= number
    cluster = Cluster(circuits(number), workers=["a", "b", "c"], processes=2)

    def act() -> None:
        link = cluster.link
        if not link.open:
            return
        sent = random.choice(list(link.open.values()))
        if f"circuit-{bad}" in sent.labels:
            link.join(f"new-{len(link.sent)}", processes=2)
            link.lose(sent.address)
        else:
            sent.answer()

    cluster.link.on_submit = lambda sent: None
    cluster.link.on_time = act
    assert cluster.run()
    assert list(cluster.reasons) == [bad]
    assert cluster.has_all_results_except(bad)
