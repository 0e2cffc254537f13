"""The connection of a service to a cluster: connect for ever, follow the workers, carry batches.

A thread runs an event loop, and in it one connection after the other. Other threads pass their calls to the
loop and go on at once. All events and answers come from this thread.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from qiskit_qoro.display.times import local_now
from qiskit_qoro.local.service_events import EventKind, Report, ServiceEvent, ignore_event
from qiskit_qoro.local.workers.cluster.connection.ending import end_tasks
from qiskit_qoro.local.workers.cluster.connection.membership import Membership
from qiskit_qoro.local.workers.cluster.connection.open_batches import OpenBatches
from qiskit_qoro.local.workers.cluster.connection.scheduler_client import (
    ConnectionFailure,
    connect,
    quiet_logs,
)
from qiskit_qoro.local.workers.cluster.connection.worker_calls import WorkerCalls
from qiskit_qoro.local.workers.cluster.messages import Batch
from qiskit_qoro.local.workers.cluster.versions import installed_versions
from qiskit_qoro.local.workers.cluster.worker_link import Answer, BatchLost, LinkEvents

if TYPE_CHECKING:
    from distributed.security import Security

__all__ = ["ClusterLink", "SchedulerSource"]

# How long an attempt to connect may take. The first is short, so that a wrong address is reported soon. A
# scheduler on a busy machine needs longer. As long as no scheduler listens, short attempts find it sooner.
_FIRST_TIMEOUT_S = 3.0
_TIMEOUT_S = 10.0
_REFUSED_TIMEOUT_S = 0.5

# The pause before the next attempt, and the longest one. It doubles after each failure.
_PAUSE_S = 0.1
_MAX_PAUSE_S = 1.0

# Closing a connection takes a tenth of a second if the scheduler answers, and at most a few seconds.
_CLOSE_S = 10.0

_logger = logging.getLogger(__name__)

_CLOSED = BatchLost("the service has left the cluster")
_NOT_CONNECTED = BatchLost("it has left the cluster")


class SchedulerSource(Protocol):
    """Where the scheduler is. It may be a process that this object starts."""

    @property
    def name(self) -> str:
        """The cluster, as the user would write it."""

    @property
    def security(self) -> Security | None:
        """The certificates, or ``None`` if connections are not encrypted."""

    def start(self) -> None:
        """Prepare the cluster.

        Raises:
            QoroError: It cannot be used at all.
        """

    async def find(self) -> str:
        """Return the address of the scheduler now.

        Raises:
            ConnectionFailure: There is none.
        """

    def close(self) -> None:
        """End what was started. May be called again."""


class ClusterLink:
    """The connection of a service to a cluster, as :class:`WorkerLink` describes it.

    Args:
        source: Where the scheduler is.
        calls: What to run on workers.
        report: Hears of events, for the operator.
        now: Returns the time of day.
        sleep: Waits for some seconds in the event loop.
    """

    def __init__(
        self,
        source: SchedulerSource,
        calls: WorkerCalls,
        *,
        report: Report = ignore_event,
        now: Callable[[], datetime] = local_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._source = source
        self._calls = calls
        self._report = report
        self._now = now
        self._sleep = sleep
        self._thread: threading.Thread | None = None
        # Guards the next two fields.
        self._lock = threading.Lock()
        self._is_closed = False
        self._loop: asyncio.AbstractEventLoop | None = None  # while the thread runs
        # Only the event loop uses these fields.
        self._running: asyncio.Task[None] | None = None
        self._connection: tuple[Membership, OpenBatches] | None = None
        self._reasons: set[str] = set()  # why the scheduler could not be reached since it was lost

    @property
    def address(self) -> str:
        """The cluster, as the user would write it."""
        return self._source.name

    def start(self, events: LinkEvents) -> None:
        """Connect in the background, and for ever again.

        Raises:
            QoroError: The cluster cannot be used at all.
        """
        self._source.start()
        # A daemon, so that a service that nobody closes does not keep its process alive.
        self._thread = threading.Thread(
            target=self._run_loop, args=(events,), name="qoro-cluster-link", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Disconnect, and end what the link has started. May be called again."""
        with self._lock:
            self._is_closed = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._stop)
        if self._thread is not None:
            self._thread.join(_CLOSE_S)
        self._source.close()

    def submit(self, address: str, batch: Batch, key: str, done: Callable[[Answer], None]) -> None:
        """Send a batch to a worker. Returns at once and does not raise."""
        if not self._call(self._submit, address, batch, key, done):
            done(_CLOSED)

    def cancel(self, keys: Iterable[str]) -> None:
        """Stop batches. Returns at once. Keys of batches that have ended are ignored."""
        self._call(self._cancel, tuple(keys))

    def _call(self, function: Callable[..., None], *arguments: object) -> bool:
        """Call a function in the event loop. Returns whether there is one."""
        with self._lock:
            if self._loop is None or self._is_closed:
                return False
            self._loop.call_soon_threadsafe(function, *arguments)
            return True

    def _run_loop(self, events: LinkEvents) -> None:
        with quiet_logs():
            asyncio.run(self._run(events))

    # The methods below run in the event loop.

    async def _run(self, events: LinkEvents) -> None:
        self._running = asyncio.current_task()
        with self._lock:
            if self._is_closed:
                return
            self._loop = asyncio.get_running_loop()
        try:
            await self._connect_for_ever(events)
        except asyncio.CancelledError:
            pass  # the link is closed
        finally:
            with self._lock:
                self._loop = None

    def _stop(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _submit(self, address: str, batch: Batch, key: str, done: Callable[[Answer], None]) -> None:
        if self._connection is None or not self._connection[0].has(address):
            done(_NOT_CONNECTED)
        else:
            self._connection[1].submit(address, batch, key, done)

    def _cancel(self, keys: Iterable[str]) -> None:
        if self._connection is not None:
            self._connection[1].cancel(keys)

    async def _connect_for_ever(self, events: LinkEvents) -> None:
        pause_s, timeout_s = _PAUSE_S, _FIRST_TIMEOUT_S
        while not self._is_closed:
            try:
                await self._hold_connection(events, timeout_s)
            except ConnectionFailure as failure:
                if not self._reasons:  # the first failure after a connection
                    pause_s = _PAUSE_S
                # A short attempt is followed by a long one before anybody hears of it.
                if timeout_s >= _FIRST_TIMEOUT_S or not failure.is_timeout:
                    self._lose(events, str(failure))
                timeout_s = _REFUSED_TIMEOUT_S if failure.is_refused else _TIMEOUT_S
            except Exception as error:  # an error of the program must not end the link
                _logger.exception("the connection to the cluster %s has failed", self.address)
                self._lose(events, f"{type(error).__name__}: {error}")
            await self._sleep(pause_s)
            pause_s = min(2 * pause_s, _MAX_PAUSE_S)

    def _lose(self, events: LinkEvents, reason: str) -> None:
        """Pass on that the scheduler is lost, once for each reason. The operator hears only the first one."""
        is_first = not self._reasons
        if reason not in self._reasons:
            self._reasons.add(reason)
            events.scheduler_lost(reason)
        if is_first:
            self._report(ServiceEvent(kind=EventKind.CLUSTER_LOST, cluster=self.address, reason=reason))

    async def _hold_connection(self, events: LinkEvents, timeout_s: float) -> None:
        """Connect, and return if the link is closed.

        Raises:
            ConnectionFailure: There is no connection, or it has ended.
        """
        address = await self._source.find()
        async with connect(address, self._source.security, timeout_s=timeout_s) as client:
            if self._is_closed:  # Dask may have dropped the cancellation
                return
            membership = Membership(
                client,
                self._calls,
                versions=installed_versions(),
                events=events,
                report=self._report,
                now=self._now,
                sleep=self._sleep,
            )
            batches = OpenBatches(client, self._calls.run_batch)
            self._reasons.clear()
            events.scheduler_connected()
            self._report(ServiceEvent(kind=EventKind.CLUSTER_CONNECTED, cluster=self.address))
            self._connection = membership, batches
            following = asyncio.create_task(membership.follow(batches.give_up_of))
            losing = asyncio.create_task(client.lost.wait())
            try:
                await asyncio.wait({following, losing}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._connection = None
                await batches.end()
                await end_tasks([following, losing])
            if not following.cancelled():
                following.result()  # raises the reason
            raise ConnectionFailure("the connection is lost")
