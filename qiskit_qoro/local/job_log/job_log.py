"""Log each job of a service when it ends, without slowing the service down.

The thread that ends a job only puts its number into a queue. A thread of the log reads the jobs from the
database and writes their lines. If many jobs end at once, only the first ones of a second have lines of
their own, and some of those that failed. One line stands for all others at the end of the second, with their
number. If that goes on, only one job of each second has a line, and some of those that failed. So the log
reads and writes little, however many jobs there are.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from qiskit_qoro.display.times import local_now
from qiskit_qoro.local.job_log.ended_jobs import EndedJob, read_ended_jobs
from qiskit_qoro.local.store.database import Database
from qiskit_qoro.models.jobs import JobStatus

__all__ = ["LINES_PER_SECOND", "JobLines", "JobLog"]

Line = TypeVar("Line")
_Line_co = TypeVar("_Line_co", covariant=True)

LINES_PER_SECOND = 10
"""How many jobs of a second have lines of their own, unless there were too many in the second before."""

_FAILED_PER_SECOND = 3  # further lines for failed jobs
_SECOND = 1.0
# If the terminal is stopped, writing blocks. The service must be able to end nevertheless.
_STOP_TIMEOUT_S = 1.0

_Ended = tuple[int, JobStatus]
"""The number of a job that has ended, and its final status."""

_logger = logging.getLogger(__name__)


class JobLines(Protocol[_Line_co]):
    """What the log writes: lines of text, or events."""

    def of_job(self, job: EndedJob, time: datetime) -> _Line_co:
        """Return the line of a job.

        Args:
            job: The job.
            time: When it ended, in the time zone of the log.
        """

    def of_others(self, by_status: Mapping[JobStatus, int], time: datetime) -> _Line_co:
        """Return the line that stands for jobs without a line of their own.

        Args:
            by_status: Status to number of jobs.
            time: When the last of them ended, in the time zone of the log.
        """


class JobLog(Generic[Line]):
    """Logs the jobs that end within a ``with`` block.

    Args:
        database: The database of the service.
        write: Writes lines. It may block or fail; the service goes on.
        lines: Makes the lines.
        clock: Returns seconds from an arbitrary start.
        now: Returns the time of day, in the time zone of the log.
        wait: Waits for an event, but not longer than some seconds.
    """

    def __init__(
        self,
        database: Database,
        write: Callable[[Sequence[Line]], None],
        lines: JobLines[Line],
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = local_now,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._database = database
        self._write = write
        self._lines = lines
        self._clock = clock
        self._now = now
        self._wait = wait
        # The numbers and statuses of jobs that have ended; None when the log stops.
        self._ended: queue.SimpleQueue[_Ended | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="qoro-job-log", daemon=True)
        self._crowded_until = -float("inf")  # the end of the last second with too many jobs, by the clock
        self._unsubscribe: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        self._unsubscribe = self._database.subscribe(lambda *ended: self._ended.put(ended))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._unsubscribe()
        self._stopping.set()
        self._ended.put(None)
        self._thread.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        while (first := self._ended.get()) is not None:
            self._log_second(first)

    def _log_second(self, first: _Ended) -> None:
        """Log the jobs of the second that begins with the end of a job."""
        start = self._clock()
        end = start + _SECOND
        limit = 1 if start - self._crowded_until < _SECOND else LINES_PER_SECOND
        room, ended = limit, [first]
        while room and ended:
            self._log(ended[:room])
            room, ended = max(0, room - len(ended)), ended[room:]
            if room:
                ended = self._next_until(end)
        if room:
            return
        # The others may only be counted, so they can wait until the second is over.
        self._wait(self._stopping, max(0.0, end - self._clock()))
        self._log_others([*ended, *self._take()], room=max(1, LINES_PER_SECOND - limit))

    def _log_others(self, others: Sequence[_Ended], *, room: int) -> None:
        """Log the other jobs of a second: each of them if there is room, or else some failed ones."""
        failed = [job for job in others if job[1] is JobStatus.FAILED][:_FAILED_PER_SECOND]
        logged = others if len(others) <= room else failed
        if logged:
            self._log(logged)
        counted = Counter(status for _, status in others) - Counter(status for _, status in logged)
        if counted:
            self._crowded_until = self._clock()
            self._try_to_write([self._lines.of_others(counted, self._now())])

    def _next_until(self, end: float) -> list[_Ended]:
        """Wait for further jobs until a second is over."""
        try:
            item = self._ended.get(timeout=max(0.0, end - self._clock()))
        except queue.Empty:
            return []
        if item is None:
            self._ended.put(None)  # for the loop that ends the thread
            return []
        return [item, *self._take()]

    def _take(self) -> list[_Ended]:
        """Take all jobs that have ended until now."""
        taken: list[_Ended] = []
        for _ in range(self._ended.qsize()):
            item = self._ended.get()
            if item is None:
                self._ended.put(None)  # as above
                break
            taken.append(item)
        return taken

    def _log(self, ended: Sequence[_Ended]) -> None:
        try:
            jobs = read_ended_jobs(self._database, ended)
        except Exception:  # the disk may be full, and the log goes on
            _logger.exception("cannot log %d jobs", len(ended))
            return
        now = self._now()
        self._try_to_write([self._lines.of_job(job, now) for job in jobs])

    def _try_to_write(self, lines: Sequence[Line]) -> None:
        try:
            self._write(lines)
        except (OSError, ValueError):  # nobody reads the lines any more
            return
