"""A worker of a cluster runs batches, stops them, and describes itself."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from distributed import Client, Future, Scheduler, Worker

from qiskit_qoro.errors import QoroError, WireError
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.workers.cluster.agent import (
    Agent,
    AgentPlugin,
    ReplyList,
    describe_worker,
    num_threads,
    run_batch,
    show_refusal,
)
from qiskit_qoro.local.workers.cluster.batch_codec import encode_batch
from qiskit_qoro.local.workers.cluster.messages import Batch, BatchReply
from qiskit_qoro.local.workers.cluster.programs.dask_settings import prepare_dask
from qiskit_qoro.local.workers.cluster.programs.worker_options import WorkerOptions
from qiskit_qoro.local.workers.cluster.versions import installed_versions
from qiskit_qoro.local.workers.receiver import TaskFailure
from qiskit_qoro.local.workers.task_rows import TaskRows
from qiskit_qoro.local.workers.tasks import AnyTask, CircuitTask, Reply, StateTask, SweepValues
from qiskit_qoro.models.config import SimulationMethod
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.states import StateQuantity, StateRequest

DEADLINE_S = 30.0
HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{0}];\ncreg c[{0}];\n'
STATEVECTOR = EngineSettings(MaestroConfig(simulation_type=SimulationMethod.Statevector))


def counts(shots: int) -> CircuitTask:
    return CircuitTask(f"c{shots}", HEADER.format(2) + "x q[0];measure q -> c;", shots)


def slow() -> CircuitTask:
    """A circuit that takes minutes."""
    gates = "".join(
        f"ry(0.{qubit + 1}) q[{qubit}];cx q[{qubit}],q[{(qubit + 7) % 22}];" for qubit in range(22)
    )
    return CircuitTask("slow", HEADER.format(22) + gates * 500 + "measure q -> c;", 10, settings=STATEVECTOR)


def batch_of(tasks: Sequence[AnyTask], *, known: Sequence[str] = (), time_limit_s: float = 60.0) -> Batch:
    data, templates = encode_batch(tasks, known)
    return Batch("job", data, templates, time_limit_s)


@dataclass
class Cluster:
    """A scheduler, a worker and a client in this event loop."""

    worker: Worker
    client: Client
    number: int = 0

    def submit(self, batch: Batch) -> Future:
        self.number += 1
        return self.client.submit(
            run_batch, batch, key=f"job-{self.number}", workers=[self.worker.address], pure=False, retries=0
        )

    async def run(self, batch: Batch) -> BatchReply:
        reply: BatchReply = await asyncio.wait_for(self.submit(batch), DEADLINE_S)
        return reply

    @property
    def plugin(self) -> AgentPlugin:
        plugin = self.worker.plugins["qiskit-qoro"]
        assert isinstance(plugin, AgentPlugin)
        return plugin


@asynccontextmanager
async def cluster_of(plugins: tuple[AgentPlugin, ...], **options: Any) -> AsyncIterator[Cluster]:
    prepare_dask()
    loopback = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    async with (
        Scheduler(port=0, dashboard=False, **loopback) as scheduler,
        Worker(scheduler.address, plugins=plugins, **loopback, **options) as worker,
        Client(scheduler.address, asynchronous=True) as client,
    ):
        yield Cluster(worker, client)


@pytest.fixture(scope="module")
def agent() -> Any:
    agent = Agent(WorkerOptions(2, 2**30, ("gpu", "fast")))
    agent.start()
    yield agent
    agent.close()


@pytest.fixture
def on_cluster(agent: Agent) -> Callable[[Callable[[Cluster], Coroutine[Any, Any, None]]], None]:
    """Runs a test on a cluster."""

    def run(test: Callable[[Cluster], Coroutine[Any, Any, None]]) -> None:
        async def main() -> None:
            options = {"nthreads": num_threads(2), "memory_limit": 0, "name": "our worker"}
            async with cluster_of((AgentPlugin(agent),), **options) as cluster:
                await test(cluster)

        asyncio.run(main())

    return run


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def wait_until(condition: Callable[[], object]) -> None:
    asyncio.run(until(condition))


def busy(agent: Agent) -> bool:
    """Whether a process of the agent has work."""
    return any(worker.job_id for worker in agent._pool.snapshot().workers)


def test_a_worker_describes_itself(on_cluster: Any) -> None:
    async def test(cluster: Cluster) -> None:
        (description,) = (await cluster.client.run(describe_worker)).values()
        assert description.name == "our worker"
        assert (description.processes, description.memory_limit_bytes) == (2, 2**29)
        assert description.tags == ("gpu", "fast")
        assert "Statevector" in description.methods
        assert description.versions == installed_versions()

    on_cluster(test)


def test_a_batch_has_its_replies_in_order_and_nothing_stays_at_the_worker(on_cluster: Any) -> None:
    async def test(cluster: Cluster) -> None:
        tasks = [counts(shots) for shots in range(100, 140)]
        future = cluster.submit(batch_of(tasks))
        reply = await future
        assert [index for index, _ in reply.replies] == list(range(40))
        assert [one.result for _, one in reply.replies] == [{"01": task.shots} for task in tasks]
        assert all(one.details and one.seconds for _, one in reply.replies)
        assert (reply.num_lost_here, reply.is_stopped, reply.missing) == (0, False, ())
        assert len(cluster.worker.data) == 1
        future.release()
        await until(lambda: not cluster.worker.data)
        assert not cluster.plugin._stops

    on_cluster(test)


def test_rows_of_a_template_run_together_and_their_template_is_sent_once(on_cluster: Any) -> None:
    text = HEADER.format(2) + "rx(a) q[0];ry(b) q[1];" + "h q[0];h q[0];" * 20
    first = CircuitTask("r", text, None, ("ZI",), names=("a", "b"), values=(0.0, 0.0))
    angles = np.linspace(0, 1, 600)
    rows = TaskRows(first, 0, angles.astype("<f8").tobytes(), (None,) * 300)

    async def test(cluster: Cluster) -> None:
        batch = batch_of(rows)
        assert len(batch.templates) == 1
        again = batch_of(rows[100:], known=[*batch.templates])
        assert not again.templates
        assert (await cluster.run(again)).missing == tuple(batch.templates)
        for sent, start in ((batch, 0), (again, 100)):
            reply = await cluster.run(sent)
            values = [value for _, one in reply.replies if one.result for value in one.result]
            assert [value["ZI"] for value in values] == pytest.approx(np.cos(angles[::2])[start:])
            assert all(isinstance(one.result, SweepValues) for _, one in reply.replies)

    on_cluster(test)


def test_a_cancelled_batch_ends_in_the_middle_of_a_circuit(on_cluster: Any, agent: Agent) -> None:
    async def test(cluster: Cluster) -> None:
        future = cluster.submit(batch_of([slow()]))
        await until(lambda: busy(agent))
        began = time.monotonic()
        await future.cancel()
        await until(lambda: not cluster.worker.state.tasks and not busy(agent))
        assert time.monotonic() - began < 2.0
        assert not cluster.plugin._stops

    on_cluster(test)


def test_a_batch_that_is_cancelled_before_its_thread_runs_does_not_run(agent: Agent) -> None:
    plugin = AgentPlugin(agent)
    plugin.transition("key", "ready", "executing")
    plugin.transition("key", "executing", "released")
    reply = plugin.run("key", batch_of([slow()]))
    assert reply == BatchReply(num_lost=reply.num_lost, last_loss=reply.last_loss, is_stopped=True)
    assert not plugin._stops


def test_an_end_of_another_task_stops_nothing(agent: Agent) -> None:
    plugin = AgentPlugin(agent)
    plugin.transition("key", "ready", "executing")
    plugin.transition("other", "ready", "executing")
    plugin.transition("other", "executing", "released")
    plugin.transition("other", "cancelled", "released")
    assert not plugin.run("key", batch_of([counts(7)])).is_stopped
    plugin.transition("key", "executing", "memory")
    assert not plugin._stops


def test_a_closing_worker_stops_its_batches_and_keeps_its_agent(agent: Agent) -> None:
    replies: list[BatchReply] = []

    async def main() -> None:
        plugin = AgentPlugin(agent)
        async with cluster_of((plugin,), nthreads=num_threads(2), memory_limit=0) as cluster:
            thread = threading.Thread(target=lambda: replies.append(plugin.run("key", batch_of([slow()]))))
            thread.start()
            await until(lambda: busy(agent))
            await cluster.worker.close()
            await asyncio.to_thread(thread.join, DEADLINE_S)
        replies.append(plugin.run("later", batch_of([counts(5)])))

    asyncio.run(main())
    assert [reply.is_stopped for reply in replies] == [True, True]
    assert not AgentPlugin(agent).run("key", batch_of([counts(5)])).is_stopped


def test_a_circuit_that_takes_too_long_fails_alone(on_cluster: Any) -> None:
    async def test(cluster: Cluster) -> None:
        reply = await cluster.run(batch_of([counts(1), slow(), counts(2)], time_limit_s=0.5))
        reasons = [one.reason for _, one in reply.replies]
        assert reasons[::2] == [None, None]
        assert "it took longer than the 0.5 s allowed" in str(reasons[1])
        assert reply.num_lost_here == 1

    on_cluster(test)


def test_a_worker_whose_processes_start_no_batch_says_so_and_blames_no_circuit() -> None:
    agent = Agent(WorkerOptions(4, 2**30))
    try:
        agent.start()
        wait_until(lambda: all(worker.is_ready for worker in agent._pool.snapshot().workers))
        pids = agent._pool.pids
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)  # so that it does not start what it gets
        with ThreadPoolExecutor() as executor:
            reply = executor.submit(agent.run, batch_of([counts(10)] * 4), threading.Event())
            wait_until(lambda: all(worker.job_id for worker in agent._pool.snapshot().workers))
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            with pytest.raises(QoroError, match="its processes end before they start a batch") as failure:
                reply.result(DEADLINE_S)
        assert not isinstance(failure.value, TaskFailure)
        assert str(pickle.loads(pickle.dumps(failure.value))) == str(failure.value)
    finally:
        agent.close()


def test_a_large_result_arrives_and_then_leaves_the_worker(on_cluster: Any) -> None:
    gates = "".join(f"h q[{qubit}];" for qubit in range(19))
    state = StateTask("s", (HEADER.format(19) + gates,), StateRequest(StateQuantity.STATEVECTOR))

    async def test(cluster: Cluster) -> None:
        future = cluster.submit(batch_of([state] * 2))
        reply = await asyncio.wait_for(future, DEADLINE_S)
        for _, one in reply.replies:
            assert np.allclose(one.result.arrays[0], 2**-9.5)
        future.release()
        await until(lambda: not cluster.worker.data)

    on_cluster(test)


def test_the_replies_of_a_batch_end_at_the_first_circuit_without_one() -> None:
    replies = ReplyList([counts(shots) for shots in range(6)])
    replies.pass_on(3, Reply(result={"0": 1}))
    replies.pass_on(0, Reply(result=SweepValues(("Z",), np.zeros((2, 1)))))
    assert [index for index, _ in replies.in_order()] == [0]
    # The run gives up because of this circuit, which is no result yet.
    assert isinstance(replies.giving_up(2, "it crashed", 8), TaskFailure)
    assert [(index, reply.reason) for index, reply in replies.in_order()] == [
        (0, None),
        (2, "it crashed"),
        (3, None),
    ]


def test_a_damaged_batch_is_an_error_of_its_task(on_cluster: Any) -> None:
    async def test(cluster: Cluster) -> None:
        batch = batch_of([counts(1)])
        damaged = Batch("job", batch.tasks[:-9] + b"123456789", {}, 10.0)
        with pytest.raises(WireError, match="is damaged"):
            await cluster.run(damaged)

    on_cluster(test)


def test_a_plain_dask_worker_gets_an_agent_that_ends_with_it() -> None:
    pools: list[Any] = []

    async def main() -> None:
        async with cluster_of((), nthreads=1, memory_limit="1GiB") as cluster:
            descriptions = await asyncio.gather(*(cluster.client.run(describe_worker) for _ in range(2)))
            assert {len(description) for description in descriptions} == {1}
            (description,) = descriptions[0].values()
            assert (description.processes, description.memory_limit_bytes) == (1, 2**30)
            reply = await cluster.run(batch_of([counts(9)]))
            assert reply.replies[0][1].result == {"01": 9}
            pools.append(cluster.plugin.agent._pool)
            assert len(pools[0].pids) == 1

    asyncio.run(main())
    assert pools[0].pids == ()


def test_a_refusal_is_shown_once() -> None:
    lines: list[str] = []

    async def main() -> None:
        agent = Agent(WorkerOptions(1), say=lines.append)
        async with cluster_of((AgentPlugin(agent),), nthreads=1, memory_limit=0) as cluster:
            for reason in ("it is old", "it is old", "it is new"):
                await cluster.client.run(show_refusal, reason)
            agent.forget_refusals()
            await cluster.client.run(show_refusal, "it is new")

    asyncio.run(main())
    assert lines == ["it is old", "it is new", "it is new"]
