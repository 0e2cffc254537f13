"""Follow the workers of a cluster: who comes, who goes, and who may be used.

The scheduler sends an event when a worker comes or goes. In addition it is asked for all its workers every
few seconds, because events may be missed, and because a scheduler that has stopped must be noticed.

A worker goes through these states:

=========  ==========================================================================================
met        in ``_meetings``: a task asks it for its versions and its description
announced  in ``_announced``: the pool knows that it has joined or is refused
gone       in neither
=========  ==========================================================================================

A worker that does not answer is refused, but stays in ``_meetings`` and is asked again.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from qiskit_qoro.local.service_events import EventKind, Report, ServiceEvent
from qiskit_qoro.local.workers.cluster.connection.ending import end_tasks
from qiskit_qoro.local.workers.cluster.connection.scheduler_client import ConnectionFailure, SchedulerClient
from qiskit_qoro.local.workers.cluster.connection.worker_calls import WorkerCalls
from qiskit_qoro.local.workers.cluster.messages import WORKER_STOPS, WorkerDescription
from qiskit_qoro.local.workers.cluster.versions import describe_difference
from qiskit_qoro.local.workers.cluster.worker_link import LinkEvents

__all__ = ["Membership"]

# How often to ask the scheduler for its workers, and how long it may take to answer. The second time is soon
# after the first, because events do not arrive yet when the connection is new.
_FIRST_POLL_S = 0.2
_POLL_S = 5.0
_POLL_TIMEOUT_S = 15.0

# How long a worker may take to answer. Its engine may have to be imported first.
_ANSWER_S = 60.0

# The first pause before a worker is asked again, and the longest one.
_RETRY_S = 1.0
_MAX_RETRY_S = 30.0

_LEAVING = {"closed", "closing", "failed", "stopped", "stopping"}


class _NoAnswer(Exception):  # noqa: N818  it is expected
    """A worker has not answered. It may answer later.

    Attributes:
        may_be_gone: Whether the scheduler may be about to say that the worker has left.
    """

    def __init__(self, reason: str, *, may_be_gone: bool) -> None:
        super().__init__(reason)
        self.may_be_gone = may_be_gone


class _Refused(Exception):  # noqa: N818  it is expected
    """A worker must not be used. The text says why."""

    def __init__(self, reason: str, versions: Mapping[str, str]) -> None:
        super().__init__(reason)
        self.versions = versions


@dataclass(frozen=True)
class _Announced:
    """A worker that the pool knows."""

    description: WorkerDescription
    is_refused: bool


class Membership:
    """The workers of one connection.

    Args:
        client: The connection.
        calls: What to run on workers.
        versions: The versions of the service.
        events: Hears of workers.
        report: Hears of workers, for the operator.
        now: Returns the time of day.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        client: SchedulerClient,
        calls: WorkerCalls,
        *,
        versions: Mapping[str, str],
        events: LinkEvents,
        report: Report,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._client = client
        self._calls = calls
        self._versions = versions
        self._events = events
        self._report = report
        self._now = now
        self._sleep = sleep
        self._changed = asyncio.Event()
        self._meetings: dict[str, asyncio.Task[None]] = {}
        self._announced: dict[str, _Announced] = {}

    def has(self, address: str) -> bool:
        """Whether a worker has joined."""
        known = self._announced.get(address)
        return known is not None and not known.is_refused

    async def follow(self, on_left: Callable[[str], None]) -> None:
        """Follow the workers until the scheduler is lost.

        Args:
            on_left: Called with the address of a worker that has left, before the events hear of it.

        Raises:
            ConnectionFailure: The scheduler does not answer any more, or is another one.
        """
        self._client.subscribe_topic("all", partial(self._on_event, on_left))  # type: ignore[no-untyped-call]
        scheduler, poll_s = "", _FIRST_POLL_S
        try:
            while True:
                self._changed.clear()
                identity = await self._ask_scheduler()
                # A scheduler that was started again at the same address knows none of our batches.
                if scheduler not in {"", identity["id"]}:
                    raise ConnectionFailure("it was started again")
                scheduler = identity["id"]
                self._compare(identity["workers"], on_left)
                with suppress(TimeoutError):
                    async with asyncio.timeout(poll_s):
                        await self._changed.wait()
                poll_s = _POLL_S
        finally:
            if self._client.status == "running":
                # A scheduler complains about events that it cannot send any more.
                self._client.unsubscribe_topic("all")  # type: ignore[no-untyped-call]
            await end_tasks(self._meetings.values())

    def _on_event(self, on_left: Callable[[str], None], event: tuple[float, Any]) -> None:
        """Take an event of the scheduler, in the order in which they happen."""
        message = event[1]
        action = message.get("action") if isinstance(message, dict) else None
        if action in {"remove-worker", WORKER_STOPS}:
            # At once: a worker that is started again may have the same address.
            self._forget(message["worker"], on_left, is_stopped=action == WORKER_STOPS)
        if action in {"add-worker", "remove-worker"}:
            self._changed.set()

    async def _ask_scheduler(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_POLL_TIMEOUT_S):
                return await self._client.ask_identity()
        except TimeoutError as error:
            raise ConnectionFailure(f"no answer within {_POLL_TIMEOUT_S:g} s") from error
        except OSError as error:
            raise ConnectionFailure("the connection is lost") from error

    def _compare(self, workers: Mapping[str, Mapping[str, Any]], on_left: Callable[[str], None]) -> None:
        """Meet the workers that are new, and forget those that are gone."""
        present = {address: info for address, info in workers.items() if info["status"] not in _LEAVING}
        for address in {*self._announced, *self._meetings} - {*present}:
            self._forget(address, on_left)
        for address in {*present} - {*self._announced, *self._meetings}:
            meeting = asyncio.create_task(self._meet(address, present[address]))
            self._meetings[address] = meeting

    def _forget(self, address: str, on_left: Callable[[str], None], *, is_stopped: bool = False) -> None:
        meeting = self._meetings.pop(address, None)
        if meeting is not None:
            meeting.cancel()
        known = self._announced.pop(address, None)
        if known is None:
            return
        on_left(address)
        self._events.worker_left(address, is_stopped=is_stopped)
        if not known.is_refused:
            self._report_worker(EventKind.WORKER_LEFT, known.description)

    async def _meet(self, address: str, info: Mapping[str, Any]) -> None:
        """Ask a worker what it is until it has answered, and announce it."""
        pause_s, may_be_gone = _RETRY_S, True
        while True:
            answer = await self._try_to_examine(address)
            # The worker may have left. Dask may have dropped the cancellation of this task.
            if self._meetings.get(address) is not asyncio.current_task():
                return
            if not isinstance(answer, _NoAnswer):
                break
            may_be_gone = may_be_gone and answer.may_be_gone
            if not may_be_gone:
                self._refuse(address, _placeholder(info, {}), str(answer))
            await self._sleep(pause_s)
            pause_s, may_be_gone = min(2 * pause_s, _MAX_RETRY_S), False
        del self._meetings[address]
        if isinstance(answer, WorkerDescription):
            self._announced[address] = _Announced(answer, is_refused=False)
            self._events.worker_joined(address, answer, self._now())
            self._report_worker(EventKind.WORKER_JOINED, answer, processes=answer.processes)
        else:
            placeholder = _placeholder(info, answer.versions)
            self._refuse(address, placeholder, str(answer))
            await self._show_refusal(address, placeholder.name, str(answer))

    async def _try_to_examine(self, address: str) -> WorkerDescription | _Refused | _NoAnswer:
        try:
            return await self._examine(address)
        except (_Refused, _NoAnswer) as problem:
            return problem

    async def _examine(self, address: str) -> WorkerDescription:
        """Compare the versions of a worker, then ask for its description.

        Raises:
            _NoAnswer: It has not answered.
            _Refused: It must not be used.
        """
        versions = await self._versions_of(address)
        difference = describe_difference(self._versions, versions)
        if difference is not None:
            raise _Refused(difference, versions)
        description = await self._ask(address, self._calls.describe)
        if isinstance(description, WorkerDescription):
            return description
        raise _Refused(f"it cannot be prepared: {type(description).__name__}: {description}", versions)

    async def _versions_of(self, address: str) -> dict[str, str]:
        answer = await self._ask(address, self._calls.versions)
        if isinstance(answer, dict):
            return answer
        # The package is missing, or so old that it cannot serve a cluster. Every Python has this function.
        version = await self._ask(address, importlib.metadata.version, "qiskit-qoro")
        service = self._versions["qiskit-qoro"]
        found = f"qiskit-qoro {version}" if isinstance(version, str) else "no qiskit-qoro"
        raise _Refused(
            f"it has {found}, and the service has qiskit-qoro {service}: install the same version with the "
            f"extras local and cluster ({type(answer).__name__}: {answer})",
            {},
        )

    async def _ask(self, address: str, function: Callable[..., Any], *arguments: object) -> Any:
        """Run a function on a worker. Returns what it returns, or the exception that it raises there.

        Raises:
            _NoAnswer: The worker cannot be reached, or takes too long.
        """
        call = self._client.run(function, *arguments, workers=[address], on_error="return")
        try:
            async with asyncio.timeout(_ANSWER_S):
                answer = (await call)[address]
        except TimeoutError as error:
            raise _NoAnswer(f"it has not answered for {_ANSWER_S:g} s", may_be_gone=False) from error
        except (OSError, KeyError) as error:
            raise _NoAnswer("it cannot be reached", may_be_gone=True) from error
        except Exception as error:  # an answer of another version may be unreadable
            return error
        if isinstance(answer, OSError):
            raise _NoAnswer("it cannot be reached", may_be_gone=True) from answer
        return answer

    def _refuse(self, address: str, description: WorkerDescription, reason: str) -> None:
        is_known = address in self._announced
        self._announced[address] = _Announced(description, is_refused=True)
        self._events.worker_refused(address, description, self._now(), reason)
        if not is_known:  # a worker that does not answer is refused again and again
            self._report_worker(EventKind.WORKER_REFUSED, description, reason=reason)

    async def _show_refusal(self, address: str, name: str, reason: str) -> None:
        text = f"A service does not use the worker {name}: {reason}"
        with suppress(_NoAnswer):
            if isinstance(await self._ask(address, self._calls.show_refusal, text), Exception):
                await self._ask(address, print, text)  # the worker has another version of the function

    def _report_worker(self, kind: EventKind, description: WorkerDescription, **fields: Any) -> None:
        self._report(ServiceEvent(kind=kind, worker=description.name, host=description.host, **fields))


def _placeholder(info: Mapping[str, Any], versions: Mapping[str, str]) -> WorkerDescription:
    """Describe a worker that has not described itself, with what the scheduler knows of it."""
    return WorkerDescription(
        name=str(info["name"]),
        host=str(info["host"]),
        pid=0,
        processes=0,
        cores=0,
        memory_limit_bytes=0,
        tags=(),
        accelerators=frozenset(),
        methods=(),
        versions=dict(versions),
    )
