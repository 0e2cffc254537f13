"""How the application runs its handlers and waits, for each of the two ways to reach it.

Over a socket, the application runs on an event loop that serves many connections, so nothing may block. A
client in the same process has a thread of its own, which waits for the answer anyway. The application gets an
:class:`Execution` for each request and does not know the difference.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

from starlette.requests import ClientDisconnect

__all__ = ["EXECUTION", "BlockingExecution", "Execution", "LoopExecution", "Subscribe", "Waits"]

EXECUTION = "execution"
"""The key of the execution in the state of a request. Without one, it runs on the event loop."""

_T = TypeVar("_T")

Subscribe = Callable[[Callable[[], None]], Callable[[], None]]
"""Registers a function that is called once, from any thread, and returns a function that removes it."""


class Execution(Protocol):
    """Runs and waits for one request."""

    async def run(self, function: Callable[[], _T], *, takes_long: bool) -> _T:
        """Run a function that does not wait.

        Args:
            function: The function.
            takes_long: Whether it could keep other requests waiting.
        """

    async def wait(self, subscribe: Subscribe, timeout_s: float) -> None:
        """Wait until a subscribed function is called or the timeout is over."""

    async def sleep(self, seconds: float) -> None:
        """Wait for some seconds."""


class LoopExecution:
    """Runs requests on the event loop, and long functions in threads.

    Args:
        threads: Runs the functions that take long.
    """

    def __init__(self, threads: Executor) -> None:
        self._threads = threads

    async def run(self, function: Callable[[], _T], *, takes_long: bool) -> _T:
        """Run a short function at once: it takes less time than handing it to a thread."""
        if not takes_long:
            return function()
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    async def wait(self, subscribe: Subscribe, timeout_s: float) -> None:
        """Wait without occupying a thread."""
        loop = asyncio.get_running_loop()
        called = asyncio.Event()

        def wake() -> None:
            # Called from another thread, and asyncio events are not thread-safe.
            with suppress(RuntimeError):  # the loop is closed, so nobody is waiting
                loop.call_soon_threadsafe(called.set)

        unsubscribe = subscribe(wake)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(called.wait(), timeout_s)
        finally:
            unsubscribe()

    async def sleep(self, seconds: float) -> None:
        """Wait without occupying a thread."""
        await asyncio.sleep(seconds)


class Waits:
    """The clients in this process that wait for an event. Stopping ends all their waits."""

    def __init__(self) -> None:
        self.is_stopped = False
        # Adding to a set and copying it are atomic.
        self._events: set[threading.Event] = set()

    def stop(self) -> None:
        """End all waits, also those that begin later."""
        self.is_stopped = True
        for event in self._events.copy():
            event.set()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event.

        Returns:
            Whether it was set before the time was over.
        """
        self._events.add(event)
        try:
            # `stop` may have copied the set before this event was in it.
            return self.is_stopped or event.wait(seconds)
        finally:
            self._events.discard(event)


# Whether a thread is handing a function to another one.
_submitting = threading.local()


class BlockingExecution:
    """Runs the request of a client that waits in a thread of its own.

    Nothing here suspends the coroutine, so one step runs it to its end. Handlers run in other threads: Ctrl-C
    interrupts the wait of the client's thread, but never a handler that is changing a job.

    All methods raise :class:`ClientDisconnect` if the client's time is over, or if the service stops. A
    handler that is running then continues.

    Args:
        threads: Runs the handlers.
        waits: Waits for events.
        timeout_s: Seconds that the client waits for the answer.
    """

    def __init__(self, threads: Executor, waits: Waits, timeout_s: float) -> None:
        self._threads = threads
        self._waits = waits
        self._end = time.monotonic() + timeout_s

    @property
    def is_over(self) -> bool:
        """Whether the client's time is over."""
        return time.monotonic() >= self._end

    async def run(self, function: Callable[[], _T], *, takes_long: bool) -> _T:  # noqa: ARG002
        """Run a function in another thread."""
        if getattr(_submitting, "is_active", False):
            # A signal handler has interrupted `submit`, which holds a lock.
            return function()
        _submitting.is_active = True
        try:
            future = self._threads.submit(function)
        except RuntimeError:  # the interpreter exits, and no thread takes work any more
            return function()
        finally:
            _submitting.is_active = False
        try:
            return future.result(self._end - time.monotonic())
        except TimeoutError:
            if future.done():  # the function has raised it
                raise
            raise ClientDisconnect from None

    async def wait(self, subscribe: Subscribe, timeout_s: float) -> None:
        """Wait in the client's thread."""
        called = threading.Event()
        # In other threads, because both need a lock, and a signal handler may use the service in this one.
        unsubscribe = await self.run(partial(subscribe, called.set), takes_long=False)
        try:
            self._wait(called, timeout_s)
        finally:
            if not called.is_set():
                await self.run(unsubscribe, takes_long=False)

    async def sleep(self, seconds: float) -> None:
        """Wait in the client's thread."""
        self._wait(threading.Event(), seconds)

    def _wait(self, event: threading.Event, seconds: float) -> None:
        self._waits.wait(event, min(seconds, self._end - time.monotonic()))
        if self._waits.is_stopped or self.is_over:
            raise ClientDisconnect
