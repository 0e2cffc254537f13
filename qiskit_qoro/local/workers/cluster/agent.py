"""Run batches in a worker of a Dask cluster: the part of this package that lives there.

An :class:`Agent` holds a :class:`~qiskit_qoro.local.workers.pool.WorkerPool`, and outlives the Dask worker.
An :class:`AgentPlugin` connects it with one Dask worker. The program of a worker makes both. A plain Dask
worker gets them when a service asks it to describe itself.

The functions :func:`describe_worker`, :func:`run_batch` and :func:`show_refusal` are what a service calls.
Dask pickles them by reference.

Dask does not stop a task that is running. It only tells plugins that the scheduler has released the task.
That happens if the service cancels the batch, or is gone. The plugin then sets the event that stops the
batch. Each event exists from the moment when Dask begins to execute the task, which is before its thread
runs, until its function returns.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.supported import methods_of
from qiskit_qoro.local.workers.cluster.batch_codec import MissingTemplates, TemplateStore, decode_batch
from qiskit_qoro.local.workers.cluster.messages import (
    EXTRA_PLACES,
    WORKER_STOPS,
    Batch,
    BatchReply,
    WorkerDescription,
)
from qiskit_qoro.local.workers.cluster.programs.worker_options import WorkerOptions
from qiskit_qoro.local.workers.cluster.versions import installed_versions
from qiskit_qoro.local.workers.pool import WorkerPool
from qiskit_qoro.local.workers.receiver import MAX_LOST_WORKERS, NotStarted, Receiver, TaskFailure
from qiskit_qoro.local.workers.tasks import Reply
from qiskit_qoro.models.config import Simulator

__all__ = [
    "Agent",
    "AgentPlugin",
    "ReplyList",
    "describe_worker",
    "num_threads",
    "run_batch",
    "say_on_terminal",
    "show_refusal",
]

PLUGIN_NAME = "qiskit-qoro"

_MAX_TEMPLATE_BYTES = 256 * 2**20


def num_threads(processes: int) -> int:
    """Return how many threads a Dask worker needs: one for each batch that it may have at a time.

    Most of them wait, which costs nothing.
    """
    return processes + 1 + EXTRA_PLACES


def say_on_terminal(line: str) -> None:
    """Print a line on standard error."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


class Agent:
    """Runs batches on the processes of a pool.

    Args:
        options: What the owner of the worker decides.
        say: Prints a line for the owner.
    """

    def __init__(self, options: WorkerOptions, *, say: Callable[[str], None] = say_on_terminal) -> None:
        self._options = options
        self._say = say
        self._pool = WorkerPool(workers=options.processes, memory_limit_bytes=options.memory_limit_bytes)
        self._templates = TemplateStore(_MAX_TEMPLATE_BYTES)
        self._refusals: set[str] = set()

    def start(self) -> None:
        """Start the processes. They become ready in the background.

        Raises:
            QoroError: No process can be started.
        """
        self._pool.start()

    def close(self) -> None:
        """End the processes. Batches that run end with an error. May be called again."""
        self._pool.close()

    def describe(self, name: str) -> WorkerDescription:
        """Describe the worker. This starts the processes and waits until one of them is ready.

        Args:
            name: The name of the worker in the cluster.

        Raises:
            QoroError: No process can be started.
        """
        self._pool.start()
        accelerators = self._pool.accelerators()
        # Methods of accelerators are untested, and are listed as the others.
        methods = sorted(method.name for method in methods_of(Simulator.QCSim))
        return WorkerDescription(
            name=name,
            host=socket.gethostname(),
            pid=os.getpid(),
            processes=self._options.processes,
            cores=os.cpu_count() or 1,
            memory_limit_bytes=self._pool.snapshot().memory_limit_bytes or 0,
            tags=self._options.tags,
            accelerators=accelerators,
            methods=tuple(methods),
            versions=installed_versions(),
        )

    def run(self, batch: Batch, stop: threading.Event) -> BatchReply:
        """Run a batch.

        Args:
            batch: The batch.
            stop: Ends the batch within half a second.

        Raises:
            WireError: The batch is damaged.
            QoroError: No process can be started or starts the batch, or the agent is closed.
        """
        tasks = decode_batch(batch.tasks, self._templates, batch.templates)
        if isinstance(tasks, MissingTemplates):
            return BatchReply(missing=tasks.names)
        receiver = ReplyList(tasks)
        gave_up = False
        try:
            has_ended = self._pool.run_for(
                receiver, stop=stop, job_id=batch.job_id, time_limit_s=batch.time_limit_s
            )
        except NotStarted as failure:
            # The worker may be to blame, so the batch has failed here and goes to another one. Dask pickles
            # the error, and a plain one arrives everywhere.
            raise QoroError(f"its processes end before they start a batch: {failure}") from None
        except TaskFailure:
            has_ended = gave_up = True
        snapshot = self._pool.snapshot()
        return BatchReply(
            receiver.in_order(),
            num_lost=snapshot.num_lost,
            last_loss=snapshot.last_loss,
            is_stopped=not has_ended,
            num_lost_here=max(receiver.num_lost, MAX_LOST_WORKERS) if gave_up else receiver.num_lost,
        )

    def show_refusal(self, line: str) -> None:
        """Tell the owner that a service does not use this worker, and why. Each line is shown once."""
        if line not in self._refusals:
            self._refusals.add(line)
            self._say(line)

    def forget_refusals(self) -> None:
        """Show each refusal again, because the scheduler has changed."""
        self._refusals.clear()


class ReplyList(Receiver):
    """Keeps the replies of a batch, with their times and details."""

    def __init__(self, tasks: Sequence[Any]) -> None:
        super().__init__(tasks, on_result=_ignore)
        self._replies: dict[int, Reply] = {}

    def pass_on(self, index: int, reply: Reply) -> None:
        self._replies[index] = reply

    def fail(self, index: int, reason: str) -> None:
        self._replies[index] = Reply(reason=reason)

    def failure(self, index: int, reason: str) -> TaskFailure:
        self._replies.setdefault(index, Reply(reason=reason))
        return super().failure(index, reason)

    def in_order(self) -> tuple[tuple[int, Reply], ...]:
        """Return the replies up to the first task that has none."""
        found = []
        index = 0
        while index in self._replies:
            reply = self._replies[index]
            found.append((index, reply))
            index += reply.count
        return tuple(found)


def _ignore(index: int, result: object) -> None:
    """Do nothing with a result, because the reply has it."""


class AgentPlugin(WorkerPlugin):
    """Connects an agent with a Dask worker.

    Args:
        agent: The agent.
        owns_agent: Whether the agent ends with the Dask worker.
    """

    name = PLUGIN_NAME

    def __init__(self, agent: Agent, *, owns_agent: bool = False) -> None:
        self.agent = agent
        self._owns_agent = owns_agent
        self._lock = threading.Lock()
        self._stops: dict[Any, threading.Event] = {}  # by the key of the task that Dask executes
        self._is_closed = False

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        """Dask calls this in the thread of its event loop if the state of a task changes."""
        if finish == "executing":
            self._stop_of(key)
            return
        with self._lock:
            if (start, finish) == ("executing", "released"):
                if key in self._stops:
                    self._stops[key].set()
            elif start in {"executing", "cancelled"}:
                self._stops.pop(key, None)  # it has ended; tasks of others have no function that does this

    async def teardown(self, worker: Worker) -> None:
        """Dask calls this before it closes the worker. It waits for the tasks afterwards, so stop them."""
        with self._lock:
            self._is_closed = True
            for stop in self._stops.values():
                stop.set()
        # No circuit is to blame for this end. Nobody hears it if the scheduler is lost.
        worker.log_event("all", {"action": WORKER_STOPS, "worker": worker.address})
        if self._owns_agent:
            await asyncio.to_thread(self.agent.close)

    def run(self, key: Any, batch: Batch) -> BatchReply:
        """Run a batch in the thread of a task."""
        try:
            return self.agent.run(batch, self._stop_of(key))
        finally:
            with self._lock:
                self._stops.pop(key, None)

    def _stop_of(self, key: Any) -> threading.Event:
        with self._lock:
            stop = self._stops.setdefault(key, threading.Event())
            if self._is_closed:
                stop.set()
            return stop


def run_batch(batch: Batch) -> BatchReply:
    """Run a batch on the worker that executes this task.

    Raises:
        WireError: The batch is damaged.
        QoroError: The worker cannot run circuits now.
    """
    worker = get_worker()
    plugin = worker.plugins.get(PLUGIN_NAME)
    if not isinstance(plugin, AgentPlugin):
        raise QoroError("the worker has no agent: a service has to ask for its description first")
    return plugin.run(worker.get_current_task(), batch)


async def describe_worker(dask_worker: Worker) -> WorkerDescription:
    """Describe the worker that a service runs this on. A plain Dask worker gets an agent first.

    Raises:
        QoroError: The worker cannot start processes.
    """
    plugin = _plugin_of(dask_worker)
    return await asyncio.to_thread(plugin.agent.describe, str(dask_worker.name))


def show_refusal(line: str, dask_worker: Worker) -> None:
    """Print on the terminal of a worker why a service does not use it."""
    plugin = dask_worker.plugins.get(PLUGIN_NAME)
    if isinstance(plugin, AgentPlugin):
        plugin.agent.show_refusal(line)
    else:
        say_on_terminal(line)


def _plugin_of(worker: Worker) -> AgentPlugin:
    """Return the plugin of a Dask worker. Install it first if another program has started the worker."""
    plugin = worker.plugins.get(PLUGIN_NAME)
    if isinstance(plugin, AgentPlugin):
        return plugin
    # A process for each thread, as jobs of a queueing system reserve processors.
    options = WorkerOptions(worker.state.nthreads, worker.memory_manager.memory_limit)
    plugin = AgentPlugin(Agent(options), owns_agent=True)
    worker.plugins[PLUGIN_NAME] = plugin
    return plugin
