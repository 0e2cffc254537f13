"""Write the events of a service, without slowing the service down.

A part of the service that reports an event only puts it into a queue, and a thread of the log writes it. If
many events of a kind happen in a second, only the first ones are written. The others are counted.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Generic, Self, TypeVar

from qiskit_qoro.display.times import local_now
from qiskit_qoro.local.service_events import EventKind, ServiceEvent

__all__ = ["EVENTS_PER_SECOND", "EventLog"]

EVENTS_PER_SECOND = 50
"""How many events of each kind are written in a second."""

_LONGEST_QUEUE = 1000
_SECOND = 1.0
# If the terminal is stopped, writing blocks. The service must be able to end nevertheless.
_STOP_TIMEOUT_S = 1.0

Line = TypeVar("Line")


class EventLog(Generic[Line]):
    """Writes the events that are reported within a ``with`` block.

    Args:
        write: Writes lines. It may block or fail; the service goes on.
        line_of: Returns the line of an event that happened at a time, or ``None`` to leave it out.
        clock: Returns seconds from an arbitrary start.
        now: Returns the time of day, in the time zone of the log.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Line]], None],
        line_of: Callable[[ServiceEvent, datetime], Line | None],
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = local_now,
    ) -> None:
        self._write = write
        self._line_of = line_of
        self._clock = clock
        self._now = now
        # None when the log stops. The queue is bounded, because nobody may read the lines.
        self._events: queue.Queue[tuple[ServiceEvent, datetime] | None] = queue.Queue(_LONGEST_QUEUE)
        self._thread = threading.Thread(target=self._run, name="qoro-event-log", daemon=True)
        # Guards the two fields below, which `report` changes.
        self._lock = threading.Lock()
        self._second_end = -float("inf")  # by the clock
        self._in_second: Counter[EventKind] = Counter()  # with those that are left out

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._report_omitted()
        try:
            self._events.put(None, timeout=_STOP_TIMEOUT_S)
        except queue.Full:
            return
        self._thread.join(_STOP_TIMEOUT_S)

    def report(self, event: ServiceEvent) -> None:
        """Write an event soon. This returns at once."""
        with self._lock:
            if self._clock() >= self._second_end:
                self._report_omitted()
                self._second_end = self._clock() + _SECOND
            self._in_second[event.kind] += 1
            if self._in_second[event.kind] <= EVENTS_PER_SECOND:
                self._put(event)

    def _report_omitted(self) -> None:
        for kind, number in self._in_second.items():
            if number > EVENTS_PER_SECOND:
                self._put(
                    ServiceEvent(
                        kind=EventKind.EVENTS_OMITTED, count=number - EVENTS_PER_SECOND, omitted=kind.value
                    )
                )
        self._in_second.clear()

    def _put(self, event: ServiceEvent) -> None:
        try:
            self._events.put_nowait((event, self._now()))
        except queue.Full:  # nobody reads the lines
            return

    def _run(self) -> None:
        while (item := self._events.get()) is not None:
            line = self._line_of(*item)
            if line is not None:
                self._try_to_write(line)

    def _try_to_write(self, line: Line) -> None:
        try:
            self._write([line])
        except (OSError, ValueError):  # nobody reads the lines any more
            return
