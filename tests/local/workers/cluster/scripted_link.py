"""A link whose workers are functions, without Dask, and whose clock is in the hands of a test.

Batches are encoded and decoded as for a real worker. A run reads the clock after each event, and the link
delivers the next thing then. So a run never waits, and everything happens in one thread and in a known order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from qiskit_qoro.local.workers.cluster.batch_codec import MissingTemplates, TemplateStore, decode_batch
from qiskit_qoro.local.workers.cluster.messages import Batch, BatchReply, WorkerDescription
from qiskit_qoro.local.workers.cluster.worker_link import Answer, LinkEvents
from qiskit_qoro.local.workers.tasks import AnyTask, CircuitTask, Reply, SweepValues
from qiskit_qoro.models.config import Simulator

SINCE = datetime(2026, 11, 30, 12, tzinfo=UTC)
GIB = 2**30

# Long enough for a template that is sent only once.
LONG_TEXT = "a template " * 40


def described(
    name: str, *, processes: int = 1, memory: int = GIB, accelerators: Iterable[Simulator] = ()
) -> WorkerDescription:
    """The description of a worker."""
    return WorkerDescription(
        name=name,
        host=f"host-of-{name}",
        pid=1,
        processes=processes,
        cores=processes,
        memory_limit_bytes=memory,
        tags=(),
        accelerators=frozenset(accelerators),
        methods=("Statevector",),
        versions={},
    )


def circuits(number: int, *, first: int = 0) -> list[CircuitTask]:
    """Circuits whose counts are their number."""
    return [CircuitTask(f"circuit-{index}", str(index), shots=1) for index in range(first, first + number)]


def rows(number: int, text: str = LONG_TEXT) -> list[CircuitTask]:
    """Rows of a template, whose value is their number."""
    first = CircuitTask("", text, pauli_strings=("Z",), names=("a",))
    return [replace(first, label=f"row-{index}", values=(float(index),)) for index in range(number)]


def result_of(task: AnyTask) -> dict[str, float]:
    """The result of a task that a worker of the scripted link runs."""
    assert isinstance(task, CircuitTask)
    return {"0": int(task.qasm)} if task.values is None else {"Z": task.values[0]}


def replies_to(tasks: Sequence[Any], *, seconds: float = 0.001) -> tuple[tuple[int, Reply], ...]:
    """The replies to tasks that all succeed. The rows of a template run together."""
    if tasks[0].values is None:
        return tuple((index, Reply(result_of(task), seconds=seconds)) for index, task in enumerate(tasks))
    values = np.array([[task.values[0]] for task in tasks])
    return ((0, Reply(SweepValues(("Z",), values), seconds=seconds * len(tasks))),)


@dataclass
class Sent:
    """A batch that the pool has sent.

    Attributes:
        address: The worker.
        key: Its key.
        batch: The batch.
        done: Takes the answer.
        tasks: The tasks, or the templates that the worker has not got.
    """

    address: str
    key: str
    batch: Batch
    done: Callable[[Answer], None]
    tasks: Sequence[AnyTask] | MissingTemplates

    @property
    def labels(self) -> list[str]:
        """The labels of the tasks."""
        assert not isinstance(self.tasks, MissingTemplates)
        return [task.label for task in self.tasks]

    def answer(self, *, seconds: float = 0.001) -> None:
        """Answer as a worker without any trouble."""
        if isinstance(self.tasks, MissingTemplates):
            self.done(BatchReply(missing=self.tasks.names))
        else:
            self.done(BatchReply(replies_to(self.tasks, seconds=seconds)))


@dataclass
class ScriptedLink:
    """Calls functions when time passes.

    Attributes:
        address: The address of the scheduler.
        on_submit: Called with each batch when it is sent.
        on_time: Called each time when the clock is read.
        tick_s: How much the clock goes on when it is read, in seconds.
        open: The batches that have no answer and were not cancelled, by key.
        sent: All batches.
        cancelled: The keys of batches that were cancelled.
    """

    address: str = "tls://scheduler:8786"
    on_submit: Callable[[Sent], None] = lambda sent: None
    on_time: Callable[[], None] = lambda: None
    tick_s: float = 0.001
    now: float = 0.0
    open: dict[str, Sent] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    stores: dict[str, TemplateStore] = field(default_factory=dict)
    is_closed: bool = False
    is_acting: bool = False

    def start(self, events: LinkEvents) -> None:
        self.events = events

    def close(self) -> None:
        self.is_closed = True

    def submit(self, address: str, batch: Batch, key: str, done: Callable[[Answer], None]) -> None:
        assert key not in {sent.key for sent in self.sent}

        def answer_once(answer: Answer) -> None:
            if self.open.pop(key, None) is not None:
                done(answer)

        store = self.stores.get(address, TemplateStore(0))
        tasks = decode_batch(batch.tasks, store, batch.templates)
        sent = self.open[key] = Sent(address, key, batch, answer_once, tasks)
        self.sent.append(sent)
        self.on_submit(sent)

    def cancel(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.cancelled.append(key)
            self.open.pop(key, None)

    def clock(self) -> float:
        self.now += self.tick_s
        if not self.is_acting:
            # What happens may read the clock too.
            self.is_acting = True
            self.on_time()
            self.is_acting = False
        return self.now

    def join(self, name: str, **options: Any) -> str:
        """Let a worker join. Returns its address."""
        address = f"tls://{name}"
        self.stores[address] = TemplateStore(2**20)
        self.events.worker_joined(address, described(name, **options), SINCE)
        return address

    def lose(self, address: str, *, is_stopped: bool = False) -> None:
        """Let a worker be lost or stopped, and its batches with it."""
        for key in [key for key, sent in self.open.items() if sent.address == address]:
            del self.open[key]
        self.events.worker_left(address, is_stopped=is_stopped)
