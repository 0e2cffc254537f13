"""A job that was interrupted keeps its results, and gives the same results as one that was not."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from qiskit_qoro.local.runner import Runner
from qiskit_qoro.local.store.database import open_database
from qiskit_qoro.local.store.job_listing import find_listed_job
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.records import StoredJob
from qiskit_qoro.local.store.store_errors import JobConflictError
from qiskit_qoro.local.workers.pool_interface import PoolUnavailableError
from qiskit_qoro.local.workers.task_runs import Estimators, run_batch
from qiskit_qoro.local.workers.tasks import Reply, SweepResults
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import AnyConfig, CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.shots import CircuitRange
from qiskit_qoro.models.states import StateQuantity, StateRequest
from qiskit_qoro.models.templates import TemplateBatch, TemplateEntry
from qiskit_qoro.wire.text import encode_text

from .pools import UsablePool

WAIT_S = 60
HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n'
TEMPLATE = HEADER + "rx(a) q[0];ry(b) q[1];cx q[0],q[2];measure q -> c;"
SEED = MaestroConfig(seed=7)

Pick = Callable[[int], Sequence[int]]
"""Returns the indices of the tasks to run before an interruption, given the number of tasks."""


class EnginePool(UsablePool):
    """Runs circuits in this process.

    Args:
        picks: What each of the first runs does before the workers cannot be reached any more.
    """

    def __init__(self, *picks: Pick) -> None:
        self._picks = list(picks)
        self.sizes: list[int] = []  # the number of tasks of each run

    def run(self, tasks: Sequence[Any], **hooks: Any) -> bool:
        self.sizes.append(len(tasks))
        estimators = Estimators()
        pick = self._picks.pop(0) if self._picks else None
        for index in range(len(tasks)) if pick is None else pick(len(tasks)):
            (reply,) = run_batch([tasks[index]], estimators)
            _pass_on(index, reply, hooks)
        if pick is not None:
            raise PoolUnavailableError("the workers are gone")
        return True


def _pass_on(index: int, reply: Reply, hooks: dict[str, Any]) -> None:
    if reply.details is not None and "on_details" in hooks:
        hooks["on_details"](index, reply.details)
    if reply.result is None:
        hooks["on_failure"](index, reply.reason)
    elif isinstance(reply.result, SweepResults):
        hooks["on_sweep"](index, reply.result)
    else:
        hooks["on_result"](index, reply.result)


@dataclass(frozen=True)
class Ended:
    """What is known of a job that has ended."""

    status: JobStatus
    reason: str | None
    outcomes: tuple[int, list[str], list[str]]


@dataclass
class Service:
    """A database with a runner, without HTTP."""

    picks: Sequence[Pick] = ()
    pool: EnginePool = field(init=False)

    def __post_init__(self) -> None:
        self.pool = EnginePool(*self.picks)
        self.database = open_database()
        self.store, self.queue = JobStore(self.database), JobQueue(self.database)
        self.store.open_account("me", Decimal(1000))

    def run(self, submit: Callable[[JobStore], str]) -> Ended:
        """Run a job. Each reading of the clock takes a second."""
        with closing(self.database):
            job_id = submit(self.store)
            ticks = count()
            runner = Runner(self.queue, self.pool, parallel=1, clock=lambda: float(next(ticks)))
            runner.start()
            assert self.queue.wait_idle(WAIT_S)
            runner.stop()
            job = self.store.job("me", job_id)
            num_charges = self.store.credit_transactions("me", 9, 0)[0] - 1  # without the grant
            assert num_charges == (1 if job.status is JobStatus.COMPLETED else 0)
            return Ended(job.status, job.reason, self.store.outcomes("me", job_id, 1000, 0))


def circuits(
    job_type: JobType,
    texts: Sequence[str],
    config: AnyConfig | None = None,
    state: StateRequest | None = None,
    **measured: Any,
) -> Callable[[JobStore], str]:
    def submit(store: JobStore) -> str:
        request = JobRequest("t", job_type, "qoro_maestro", execution_config=config, state=state)
        job_id = store.create_job("me", request)
        labelled = {f"c{index}": text for index, text in enumerate(texts)}
        blobs = {label: encode_text(text) for label, text in labelled.items()}
        store.append_circuits("me", job_id, CircuitBatch(labelled, finalized=True, **measured), blobs)
        return job_id

    return submit


def rows(
    job_type: JobType, num_rows: int, config: AnyConfig | None = None, **measured: Any
) -> Callable[[JobStore], str]:
    def submit(store: JobStore) -> str:
        job_id = store.create_job("me", JobRequest("t", job_type, "qoro_maestro", execution_config=config))
        values = [(f"c{index}", (0.1 * index, 1 - 0.2 * index)) for index in range(num_rows)]
        template = TemplateEntry(TEMPLATE, ("a", "b"), values)
        batch = TemplateBatch(template, finalized=True, **measured)
        store.append_template("me", job_id, batch, encode_text(TEMPLATE))
        return job_id

    return submit


def problem(store: JobStore) -> str:
    job_id = store.create_job("me", JobRequest("t", JobType.VALIDATE, "qoro_maestro"))
    request = {"qubo": {"0": -1.0, "1": -1.0, "0,1": 2.0}, "reference_states": ["01"]}
    store.submit_problem("me", job_id, json.dumps(request))
    return job_id


def bound(num_circuits: int) -> list[str]:
    """Circuits of two kinds in turn, so that those of each kind are grouped."""
    rng = random.Random(3)
    gates = ("rx({}) q[0];cx q[0],q[1];", "h q[0];rz({}) q[0];ry({}) q[2];")
    return [
        HEADER + gates[index % 2].format(rng.uniform(-3, 3), rng.uniform(-3, 3)) + "measure q -> c;"
        for index in range(num_circuits)
    ]


STATES = [HEADER + f"h q[0];rx(0.{index}) q[1];cx q[0],q[2];" for index in range(1, 7)]
HAM_MAP = (CircuitRange(0, 4), CircuitRange(3, 9))
JOBS: dict[str, Callable[[JobStore], str]] = {
    "counts with a seed": circuits(JobType.EXECUTE, bound(20), SEED, shots=50),
    "counts of two windows": circuits(JobType.EXECUTE, bound(150), SEED, shots=5),
    "values": circuits(
        JobType.EXPECTATION, bound(12), observables=(("ZZI", "XXI"), ("IZZ",)), circuit_ham_map=HAM_MAP
    ),
    "counts of rows with a seed": rows(JobType.EXECUTE, 20, SEED, shots=50),
    "values of rows": rows(JobType.EXPECTATION, 20, observables=(("ZZI", "XIY"),)),
    "values of one row": rows(JobType.EXPECTATION, 1, observables=(("ZZI", "XIY"),)),
    "gradients": rows(
        JobType.GRADIENT, 10, observables=(("ZZI", "XIY"), ("IZI",)), weights=((0.5, 2.0), (1.0,))
    ),
    "states": circuits(JobType.STATE, STATES, state=StateRequest(StateQuantity.STATEVECTOR)),
    "states compared with each other": circuits(
        JobType.STATE, STATES, state=StateRequest(StateQuantity.FIDELITIES)
    ),
    "one state that fails": circuits(
        JobType.STATE, ["OPENQASM 2.0; no"], state=StateRequest(StateQuantity.STATEVECTOR)
    ),
    "circuits that fail": circuits(
        JobType.EXECUTE, ["OPENQASM 2.0; no", *bound(7), "OPENQASM 2.0; off"], SEED, shots=50
    ),
}


def first_half(num_tasks: int) -> Sequence[int]:
    return range((num_tasks + 1) // 2)


def some(num_tasks: int) -> Sequence[int]:
    """Some tasks, in any order, so that those that are left have gaps."""
    return random.Random(num_tasks).sample(range(num_tasks), num_tasks // 3)


@pytest.mark.parametrize("submit", JOBS.values(), ids=JOBS)
@pytest.mark.parametrize(
    "picks",
    [[first_half], [some, some], [lambda _: (), range], [range]],
    ids=["half", "some twice", "none and then all", "all"],
)
def test_an_interrupted_job_has_the_outcomes_of_one_that_was_not(
    submit: Callable[[JobStore], str], picks: Sequence[Pick]
) -> None:
    expected = Service().run(submit)
    service = Service(picks)
    assert service.run(submit) == expected
    remaining = service.pool.sizes[0]
    for pick, size in zip(picks, service.pool.sizes[1:], strict=False):
        remaining -= len(pick(remaining))
        assert size == remaining


def test_a_job_without_circuits_needs_no_worker() -> None:
    service = Service()
    assert service.run(circuits(JobType.EXECUTE, [], shots=50)).status is JobStatus.COMPLETED
    assert service.pool.sizes == []


def test_a_characterization_that_was_interrupted_starts_again() -> None:
    service = Service([lambda _: ()])
    assert service.run(problem).status is JobStatus.COMPLETED
    assert service.pool.sizes == [1, 1]


def test_a_job_with_a_failure_of_an_earlier_run_fails_with_the_reasons_of_all_runs() -> None:
    ended = Service([first_half]).run(JOBS["circuits that fail"])
    assert ended.status is JobStatus.FAILED
    assert ended.reason is not None
    first, second = ended.reason.split("; ")
    assert first.startswith("circuit 'c0': ")
    assert second.startswith("circuit 'c8': ")


# --- what the owner sees --------------------------------------------------------------------------------


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    with closing(service.database):
        yield service


def claimed(service: Service) -> StoredJob:
    job = service.queue.claim()
    assert job is not None
    return job


def test_a_job_that_waits_again_shows_what_has_finished_and_gives_no_results(service: Service) -> None:
    job_id = JOBS["counts with a seed"](service.store)
    job = claimed(service)
    service.queue.add_outcomes(job.number, [(3, '{"label": "c3"}', False), (5, '{"label": "c5"}', True)])
    service.queue.put_back(job.number, run_time_s=2.0)
    state = service.store.state("me", job_id)
    assert (state.status, state.num_finished, state.num_circuits) == (JobStatus.PENDING, 2, 20)
    assert state.run_time_s is None
    listed = find_listed_job(service.database, "me", job_id)
    assert (listed.num_finished, listed.run_time_s, listed.started_at) == (2, None, None)
    claimed(service)
    service.queue.add_results(job.number, [(0, "{}")])
    assert service.store.state("me", job_id).num_finished == 3
    assert find_listed_job(service.database, "me", job_id).num_finished == 3


def test_the_run_time_is_the_sum_of_all_runs(service: Service) -> None:
    job_id = JOBS["counts with a seed"](service.store)
    for run_time_s in (2.0, 0.5):
        service.queue.put_back(claimed(service).number, run_time_s=run_time_s)
    claimed(service)
    service.queue.requeue_running()  # nobody knows how long it ran
    job = claimed(service)
    service.queue.finish(job.number, JobStatus.FAILED, run_time_s=1.0, reason="it broke")
    assert service.store.job("me", job_id).run_time_s == 3.5


def test_a_job_that_was_interrupted_can_be_cancelled_and_keeps_its_results(service: Service) -> None:
    job_id = JOBS["counts with a seed"](service.store)
    job = claimed(service)
    service.queue.add_results(job.number, [(3, "{}")])
    service.queue.put_back(job.number, run_time_s=2.0)
    _, num_cancelled = service.store.cancel("me", job_id)
    assert num_cancelled == 19
    state = service.store.state("me", job_id)
    assert (state.status, state.num_finished) == (JobStatus.CANCELLED, 1)


def test_a_job_that_is_cancelled_while_it_is_put_back_stays_cancelled(service: Service) -> None:
    job_id = JOBS["counts with a seed"](service.store)
    job = claimed(service)
    service.store.cancel("me", job_id)
    service.queue.put_back(job.number, run_time_s=2.0)
    assert service.store.status(job_id) is JobStatus.CANCELLED


def test_the_configuration_of_a_job_with_results_cannot_be_changed(service: Service) -> None:
    job_id = JOBS["counts with a seed"](service.store)
    job = claimed(service)
    service.queue.put_back(job.number, run_time_s=2.0)
    service.store.set_config("me", job_id, ExecutionConfig(bond_dimension=8))
    claimed(service)
    service.queue.add_results(job.number, [(3, "{}")])
    service.queue.put_back(job.number, run_time_s=2.0)
    with pytest.raises(JobConflictError, match="only a job without results can be configured"):
        service.store.set_config("me", job_id, ExecutionConfig(bond_dimension=16))


# --- stopping and dying ---------------------------------------------------------------------------------


class StoppingPool(EnginePool):
    """Runs half of the circuits of a job, and then waits until it is stopped."""

    def __init__(self) -> None:
        super().__init__(first_half)
        self.has_run = threading.Event()

    def run(self, tasks: Sequence[Any], **hooks: Any) -> bool:
        with pytest.raises(PoolUnavailableError, match="gone"):
            super().run(tasks, **hooks)
        self.has_run.set()
        assert hooks["stop"].wait(WAIT_S)
        return False


def test_a_job_that_is_running_when_the_runner_stops_continues_with_the_next_one(service: Service) -> None:
    job_id = JOBS["counts with a seed"](service.store)
    stopping, ticks = StoppingPool(), count()
    runner = Runner(service.queue, stopping, parallel=1, clock=lambda: float(next(ticks)))
    runner.start()
    assert stopping.has_run.wait(WAIT_S)
    runner.stop()
    state = service.store.state("me", job_id)
    assert (state.status, state.num_finished) == (JobStatus.PENDING, 10)
    pool = EnginePool()
    following = Runner(service.queue, pool, parallel=1, clock=lambda: float(next(ticks)))
    following.start()
    assert service.store.wait_status(job_id, JobStatus.COMPLETED, timeout_s=WAIT_S)
    following.stop()
    assert pool.sizes == [10]
    assert service.store.job("me", job_id).run_time_s == 2.0
    assert service.store.outcomes("me", job_id, 1000, 0) == Service().run(JOBS["counts with a seed"]).outcomes
