"""A Dask cluster in this process: a scheduler and workers in an event loop of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import pytest
from distributed import Scheduler, Worker, WorkerPlugin, get_worker
from distributed.security import Security

from qiskit_qoro.local.service_events import ServiceEvent
from qiskit_qoro.local.workers.cluster.connection.worker_calls import WorkerCalls
from qiskit_qoro.local.workers.cluster.link import ClusterLink
from qiskit_qoro.local.workers.cluster.messages import Batch, BatchReply, WorkerDescription
from qiskit_qoro.local.workers.cluster.remote_scheduler import RemoteScheduler
from qiskit_qoro.local.workers.cluster.versions import installed_versions

LIMIT_S = 30.0

_T = TypeVar("_T")


class DaskThread:
    """A scheduler and workers, which run in a thread of this object."""

    def __init__(self, security: Security | None = None) -> None:
        self.security = security
        self.scheduler: Scheduler | None = None
        self._servers: list[Scheduler | Worker] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="dask", daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine in the loop of the cluster."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT_S)

    def start_scheduler(self, port: int = 0) -> str:
        """Start a scheduler. Returns its address."""

        async def start() -> Scheduler:
            scheme = "tcp" if self.security is None else "tls"
            return await Scheduler(
                host="127.0.0.1",
                port=port,
                protocol=scheme,
                dashboard=False,
                dashboard_address=":0",
                security=self.security,
            )

        self.scheduler = self.do(start())
        self._servers.append(self.scheduler)
        return str(self.scheduler.address)

    def start_worker(self, name: str) -> Worker:
        """Start a worker of the current scheduler."""

        async def start() -> Worker:
            assert self.scheduler is not None
            return await Worker(
                self.scheduler.address,
                name=name,
                nthreads=4,
                memory_limit=0,
                dashboard=False,
                security=self.security,
            )

        worker = self.do(start())
        self._servers.append(worker)
        return worker

    def stop(self, server: Scheduler | Worker) -> None:
        """Stop a scheduler or a worker."""
        self._servers.remove(server)

        async def stop() -> None:
            await server.close(reason="test")

        self.do(stop())

    def break_connections(self) -> None:
        """Break the scheduler's connections to its clients, as a network may do."""

        async def abort() -> None:
            assert self.scheduler is not None
            for stream in self.scheduler.client_comms.values():
                stream.comm.abort()

        self.do(abort())

    def tasks(self) -> list[str]:
        """The keys that the scheduler knows."""

        async def keys() -> list[str]:
            assert self.scheduler is not None
            return [str(key) for key in self.scheduler.tasks]

        return self.do(keys())

    def close(self) -> None:
        for server in reversed(self._servers.copy()):
            self.stop(server)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT_S)
        self._loop.close()


@dataclass
class Heard:
    """What a link has told its pool, in order. Each event is the name of a method and its arguments."""

    events: list[tuple[Any, ...]] = field(default_factory=list)
    reports: list[ServiceEvent] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def _add(self, *event: Any) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def report(self, event: ServiceEvent) -> None:
        self.reports.append(event)

    def scheduler_connected(self) -> None:
        self._add("connected")

    def scheduler_lost(self, reason: str) -> None:
        self._add("lost", reason)

    def worker_joined(self, address: str, description: WorkerDescription, since: datetime) -> None:
        self._add("joined", address, description)

    def worker_refused(
        self, address: str, description: WorkerDescription, since: datetime, refusal: str
    ) -> None:
        self._add("refused", address, description, refusal)

    def worker_left(self, address: str, *, is_stopped: bool = False) -> None:
        self._add("left", address, is_stopped)

    def wait_for(self, name: str, *start: Any, count: int = 1) -> tuple[Any, ...]:
        """Wait for an event for the so-and-so-many-th time. Fails after a limit."""

        def found() -> list[tuple[Any, ...]]:
            return [event for event in self.events if event[: 1 + len(start)] == (name, *start)]

        with self.changed:
            assert self.changed.wait_for(lambda: len(found()) >= count, LIMIT_S), self.events
            return found()[count - 1]

    def names(self) -> list[str]:
        return [event[0] for event in self.events]


class Answers:
    """The answers to batches."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.all: dict[str, list[Any]] = {}

    def taker(self, key: str) -> Callable[[Any], None]:
        """A function that takes the answer to a batch."""

        def take(answer: Any) -> None:
            with self._changed:
                self.all.setdefault(key, []).append(answer)
                self._changed.notify_all()

        return take

    def wait_for(self, key: str) -> Any:
        with self._changed:
            assert self._changed.wait_for(lambda: key in self.all, LIMIT_S), self.all
            return self.all[key][0]


# --- what workers do, instead of the agent --------------------------------------------------------------


class Stopper(WorkerPlugin):
    """Tells batches that run when the scheduler releases them."""

    name = "test-stopper"
    idempotent = True

    def __init__(self) -> None:
        self.stops: dict[str, threading.Event] = {}

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        if finish == "executing":
            self.stops[key] = threading.Event()
        elif finish in {"cancelled", "released", "forgotten"} and key in self.stops:
            self.stops[key].set()

    def teardown(self, worker: Worker) -> None:
        for stop in self.stops.values():
            stop.set()


STARTED: dict[str, threading.Event] = {}
STOPPED: dict[str, threading.Event] = {}
SHOWN: list[str] = []


async def describe(dask_worker: Worker) -> WorkerDescription:
    """Describe a worker of this process, and let it stop batches."""
    await dask_worker.plugin_add(Stopper(), catch_errors=False)
    return WorkerDescription(
        name=str(dask_worker.name),
        host="here",
        pid=1,
        processes=2,
        cores=2,
        memory_limit_bytes=2**30,
        tags=("test",),
        accelerators=frozenset(),
        methods=("Statevector",),
        versions=installed_versions(),
    )


def run_batch(batch: Batch) -> BatchReply:
    """Wait until the batch is stopped, or echo it if it has no time, or fail if it says so."""
    if batch.tasks == b"fail":
        raise ZeroDivisionError("the worker divides by zero")
    if batch.time_limit_s == 0:
        return BatchReply(missing=(batch.job_id, str(len(batch.tasks))))
    stop = get_worker().plugins["test-stopper"].stops[batch.job_id]
    STARTED[batch.job_id].set()
    if stop.wait(batch.time_limit_s):
        STOPPED[batch.job_id].set()
    return BatchReply(is_stopped=stop.is_set())


def show_refusal(reason: str, dask_worker: Worker) -> None:
    """Remember what the terminal would show."""
    SHOWN.append(f"{dask_worker.name}: {reason}")


@pytest.fixture
def shown_refusals() -> list[str]:
    """What workers have shown on their terminals."""
    SHOWN.clear()
    return SHOWN


@pytest.fixture
def long_batch() -> Callable[[str], tuple[Batch, threading.Event, threading.Event]]:
    """Make a batch that runs until it is stopped, and the events that it runs and that it has stopped."""

    def make(key: str) -> tuple[Batch, threading.Event, threading.Event]:
        STARTED[key], STOPPED[key] = threading.Event(), threading.Event()
        return Batch(key, b"", {}, 2 * LIMIT_S), STARTED[key], STOPPED[key]

    return make


@pytest.fixture
def calls() -> WorkerCalls:
    """What the link runs on workers."""
    return WorkerCalls(installed_versions, describe, run_batch, show_refusal)


@pytest.fixture
def dask_thread() -> Iterator[DaskThread]:
    """A place for a cluster in this process."""
    thread = DaskThread()
    yield thread
    thread.close()


@pytest.fixture
def open_link(calls: WorkerCalls) -> Iterator[Callable[..., tuple[ClusterLink, Heard]]]:
    """Connect to a scheduler. Links are closed after the test."""
    links: list[ClusterLink] = []

    def connect(
        address: str, *, security: Security | None = None, special: WorkerCalls = calls
    ) -> tuple[ClusterLink, Heard]:
        heard = Heard()
        link = ClusterLink(RemoteScheduler(address, security), special, report=heard.report)
        links.append(link)
        link.start(heard)
        return link, heard

    yield connect
    for link in links:
        link.close()


@pytest.fixture
def answers() -> Answers:
    """Answers to batches."""
    return Answers()


@pytest.fixture
def wait_until() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds that nothing reports. Fails after a limit."""

    def wait(holds: Callable[[], object]) -> None:
        pause = threading.Event()
        for _ in range(int(LIMIT_S / 0.01)):
            if holds():
                return
            pause.wait(0.01)
        raise AssertionError("the condition did not hold in time")

    return wait
