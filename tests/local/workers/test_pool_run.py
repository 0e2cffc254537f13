"""A run fails the task that is to blame for a lost worker, and runs all others.

Workers are scripted: a function says how a worker replies to a batch, and whether it dies or hangs. With real
processes, these situations would depend on timing.
"""

import threading
from collections import deque

import numpy as np
import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.workers.pool_run import Ended, Granted, PoolRun, Replied, Unavailable
from qiskit_qoro.local.workers.receiver import NotStarted, Receiver, TaskFailure
from qiskit_qoro.local.workers.tasks import CircuitTask, Progress, Reply, SweepValues
from qiskit_qoro.models.jobs import ResultDetails

TIME_LIMIT_S = 100.0
STARTED = Reply()
DIES = "the process dies"
HANGS = "the process does not reply any more"


class ScriptedWorker:
    """Replies to batches as a function says.

    Args:
        behaviour: Takes the tasks of a batch, and returns replies, ``DIES`` and ``HANGS``.
    """

    def __init__(self, pool, behaviour):
        self.pool = pool
        self.behaviour = behaviour

    def send(self, batch):
        self.pool.batches.append([task.label for task in batch])
        for action in self.behaviour(batch):
            if action is DIES:
                self.pool.replace()
                self.pool.events.put(Ended(self))
            elif action is HANGS:
                self.pool.is_hanging = True
            else:
                self.pool.events.put(Replied(self, action))

    def describe_end(self):
        return "SIGSEGV"


class ScriptedPool:
    """Grants scripted workers to one run, and provides its clock.

    Time passes when the run reads the clock, and passes fast if a worker hangs and its replies are handled.
    """

    def __init__(self, behaviour, *, size=1):
        self.behaviour = behaviour
        self.size = size
        self.idle = deque(ScriptedWorker(self, behaviour) for _ in range(size))
        self.batches = []
        self.discarded = []
        self.now = 0.0
        self.is_hanging = False
        self.is_waiting = False
        self.events = None

    def clock(self):
        self.now += 2 * TIME_LIMIT_S if self.is_hanging and self.events.empty() else 0.2
        return self.now

    def request(self, run):
        self.events = run.events
        self.is_waiting = True
        self.grant()

    def withdraw(self, run):
        self.is_waiting = False

    def release(self, worker):
        self.idle.append(worker)
        self.grant()

    def discard(self, worker, reason=""):
        self.discarded.append(worker)
        self.is_hanging = False
        self.replace()

    def replace(self):
        self.idle.append(ScriptedWorker(self, self.behaviour))
        self.grant()

    def grant(self):
        if self.is_waiting and self.idle:
            self.is_waiting = False
            self.events.put(Granted(self.idle.popleft()))


class Outcome:
    """What a run passed to its caller."""

    def __init__(self, pool, tasks, *, stop=None, with_failures=True, seconds_per_result=0.0):
        self.pool = pool
        self.seconds_per_result = seconds_per_result
        self.results, self.reasons = {}, {}
        self.run = PoolRun(
            pool,
            Receiver(tasks, self.add_result, self.reasons.__setitem__ if with_failures else None),
            stop or threading.Event(),
            time_limit_s=TIME_LIMIT_S,
            clock=pool.clock,
        )

    def add_result(self, index, result):
        assert index not in self.results
        self.results[index] = result
        self.pool.now += self.seconds_per_result


def run(pool, tasks, **options):
    outcome = Outcome(pool, tasks, **options)
    assert outcome.run.execute()
    assert len(pool.idle) == pool.size
    return outcome


def rows(count):
    """Rows of one template, which can run together."""
    return [
        CircuitTask(str(index), "text", pauli_strings=("Z",), names=("a",), values=(0.1 * index,))
        for index in range(count)
    ]


def circuits(count):
    return [CircuitTask(str(index), "text", shots=1) for index in range(count)]


def values_of(batch):
    """The reply for rows that ran together. Their value is their index."""
    return Reply(result=SweepValues(("Z",), np.array([[float(task.label)] for task in batch])), seconds=0.001)


def replies_of(batch):
    """The replies for circuits that ran one after another. Their counts are their index."""
    return [Reply(result={"0": int(task.label)}, seconds=0.001) for task in batch]


def row_results(indices):
    return {index: {"Z": float(index)} for index in indices}


def circuit_results(indices):
    return {index: {"0": index} for index in indices}


@pytest.mark.parametrize(
    ("loss", "reason"),
    [(DIES, "the engine crashed (SIGSEGV)"), (HANGS, "it took longer than the 100 s allowed")],
)
def test_if_rows_lose_their_worker_together_each_runs_singly_and_only_the_one_to_blame_fails(loss, reason):
    def behaviour(batch):
        bad = any(task.label == "7" for task in batch)
        return [STARTED, loss] if bad else [STARTED, values_of(batch)]

    pool = ScriptedPool(behaviour)
    outcome = run(pool, rows(20))

    assert pool.batches[0] == ["0"]
    assert pool.batches[1] == [str(index) for index in range(1, 20)]
    assert sorted(pool.batches[2:], key=lambda labels: int(labels[0])) == [[str(k)] for k in range(1, 20)]
    assert outcome.reasons == {7: reason}
    assert outcome.results == row_results(set(range(20)) - {7})


def test_the_reason_of_a_time_out_names_the_method_and_what_helps():
    details = ResultDetails("MatrixProductState", "the bond dimension is estimated as 100")

    def behaviour(batch):
        if batch[0].label == "0":
            return [STARTED, Progress(details), *replies_of(batch)]
        return [STARTED, Progress(details), *replies_of(batch[:1]), Progress(details), HANGS]

    outcome = run(ScriptedPool(behaviour), circuits(3))
    assert outcome.results == circuit_results({0, 1})
    assert outcome.reasons[2].startswith(
        "it took longer than the 100 s allowed, with the method MatrixProductState (the bond dimension is "
        "estimated as 100): set a smaller max_bond_dimension"
    )


def test_progress_of_an_earlier_task_is_not_that_of_the_next():
    def behaviour(batch):
        return [STARTED, Progress(ResultDetails("Statevector")), *replies_of(batch[:1]), HANGS]

    outcome = run(ScriptedPool(behaviour), circuits(3))
    assert outcome.reasons[2] == "it took longer than the 100 s allowed"


def test_if_no_row_loses_its_worker_singly_none_fails():
    def behaviour(batch):
        return [STARTED, DIES] if len(batch) > 1 else [STARTED, values_of(batch)]

    pool = ScriptedPool(behaviour)
    outcome = run(pool, rows(20), with_failures=False)
    assert max(map(len, pool.batches)) == 19
    assert outcome.results == row_results(range(20))


def test_rows_that_were_answered_before_the_worker_died_do_not_run_again():
    def behaviour(batch):
        if len(batch) == 1:
            return [STARTED, values_of(batch)]
        return [STARTED, values_of(batch[:5]), DIES]

    pool = ScriptedPool(behaviour)
    outcome = run(pool, rows(20))
    assert pool.batches[1] == [str(index) for index in range(1, 20)]
    assert sorted(int(labels[0]) for labels in pool.batches[2:]) == list(range(6, 20))
    assert outcome.results == row_results(range(20))


@pytest.mark.parametrize(
    ("loss", "reason"),
    [(DIES, "the engine crashed (SIGSEGV)"), (HANGS, "it took longer than the 100 s allowed")],
)
def test_if_circuits_run_one_after_another_the_running_one_fails_and_the_others_run_again(loss, reason):
    def behaviour(batch):
        labels = [task.label for task in batch]
        if "7" not in labels:
            return [STARTED, *replies_of(batch)]
        return [STARTED, *replies_of(batch[: labels.index("7")]), loss]

    pool = ScriptedPool(behaviour)
    outcome = run(pool, circuits(20))
    assert pool.batches == [["0"], [str(k) for k in range(1, 20)], [str(k) for k in range(8, 20)]]
    assert outcome.reasons == {7: reason}
    assert outcome.results == circuit_results(set(range(20)) - {7})


def test_a_batch_whose_worker_died_before_it_started_goes_to_another_worker_and_no_task_fails():
    deaths = iter([DIES, DIES, DIES])

    def behaviour(batch):
        if len(batch) > 1 and (death := next(deaths, None)):
            return [death]
        return [STARTED, *replies_of(batch)]

    pool = ScriptedPool(behaviour)
    outcome = run(pool, circuits(20), with_failures=False)
    assert pool.batches == [["0"], *[[str(k) for k in range(1, 20)]] * 4]
    assert outcome.results == circuit_results(range(20))


def test_if_workers_die_again_and_again_before_they_start_the_run_fails():
    outcome = Outcome(ScriptedPool(lambda batch: [DIES]), circuits(20))
    with pytest.raises(NotStarted, match=r"circuit '0': the engine crashed \(SIGSEGV\)"):
        outcome.run.execute()
    assert (outcome.results, outcome.reasons) == ({}, {})


@pytest.mark.parametrize("loss", [DIES, HANGS])
def test_after_eight_lost_workers_the_run_gives_up(loss):
    pool = ScriptedPool(lambda batch: [STARTED, loss], size=2)
    outcome = Outcome(pool, circuits(20))
    with pytest.raises(TaskFailure, match=r"circuit '7': .*\. 8 workers were lost .* the rest was not run"):
        outcome.run.execute()
    assert (outcome.results, sorted(outcome.reasons)) == ({}, list(range(8)))


def test_eight_lost_workers_are_no_reason_to_give_up_if_nothing_is_left():
    outcome = run(ScriptedPool(lambda batch: [STARTED, DIES]), circuits(8))
    assert sorted(outcome.reasons) == list(range(8))


def test_without_a_failure_callback_the_first_failure_ends_the_run_and_gives_workers_back():
    def behaviour(batch):
        return [STARTED, Reply(reason="it is bad")] if batch[0].label == "1" else [STARTED]

    pool = ScriptedPool(behaviour, size=2)
    busy, idle = pool.idle
    outcome = Outcome(pool, circuits(20), with_failures=False)
    with pytest.raises(TaskFailure, match="circuit '1': it is bad"):
        outcome.run.execute()
    assert pool.discarded == [busy]
    assert idle in pool.idle
    assert len(pool.idle) == 2


def test_the_time_limit_is_for_each_task_and_not_for_a_batch():
    pool = ScriptedPool(lambda batch: [STARTED, *replies_of(batch)])
    outcome = run(pool, circuits(20), with_failures=False, seconds_per_result=0.6 * TIME_LIMIT_S)
    assert max(map(len, pool.batches)) == 19
    assert outcome.results == circuit_results(range(20))


def test_late_replies_of_a_discarded_worker_are_ignored():
    late = []

    def behaviour(batch):
        if batch[0].label == "0":
            late.extend([STARTED, *replies_of(batch)])
            return [HANGS]
        return [STARTED, *replies_of(batch)]

    pool = ScriptedPool(behaviour)

    def discard(worker, reason):
        ScriptedPool.discard(pool, worker, reason)
        for reply in late:
            pool.events.put(Replied(worker, reply))
        pool.events.put(Ended(worker))

    pool.discard = discard
    outcome = run(pool, circuits(3))
    assert sorted(outcome.reasons) == [0]
    assert outcome.results == circuit_results([1, 2])


def test_slow_rows_after_fast_rows_stay_within_the_time_limit():
    # 10 µs and 8 s a row. A batch of slow rows that is sized for fast ones would take hours.
    def behaviour(batch):
        seconds = len(batch) * (1e-5 if batch[0].qasm == "fast" else 8.0)
        pool.now += seconds
        rows = np.zeros((len(batch), 1))
        return [STARTED, Reply(result=SweepValues(("Z",), rows), seconds=seconds)]

    pool = ScriptedPool(behaviour)
    tasks = [
        CircuitTask(f"{text}-{index}", text, pauli_strings=("Z",), names=("a",), values=(0.1 * index,))
        for text, count in (("fast", 3000), ("slow", 400))
        for index in range(count)
    ]
    outcome = run(pool, tasks, with_failures=False)
    assert max(map(len, pool.batches)) > 1000
    assert len(outcome.results) == 3400


def test_the_caller_gets_a_tick_about_ten_times_a_second():
    pool = ScriptedPool(lambda batch: [STARTED, *replies_of(batch)])
    begin, ticks = pool.now, []
    run = PoolRun(
        pool,
        Receiver(circuits(40), lambda index, result: None, on_tick=lambda: ticks.append(pool.now)),
        threading.Event(),
        time_limit_s=TIME_LIMIT_S,
        clock=pool.clock,
    )
    assert run.execute()
    # Each event takes 0.2 s or longer here, so there is a tick after nearly every event.
    assert len(ticks) > 20
    assert begin < ticks[0] < ticks[-1] <= pool.now


def test_stopping_discards_busy_workers():
    stop = threading.Event()

    def behaviour(batch):
        stop.set()
        return [STARTED]

    pool = ScriptedPool(behaviour)
    (worker,) = pool.idle
    outcome = Outcome(pool, circuits(3), stop=stop)
    assert not outcome.run.execute()
    assert pool.discarded == [worker]


def test_if_no_worker_is_available_the_run_fails_with_the_reason():
    pool = ScriptedPool(lambda batch: [])
    pool.request = lambda run: run.events.put(Unavailable("the pool is closed"))
    with pytest.raises(QoroError, match="the pool is closed"):
        Outcome(pool, circuits(3)).run.execute()
