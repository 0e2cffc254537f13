"""Run the jobs of the queue: claim the next job, run it on the pool, store its outcome.

There is a number of threads, and each of them runs one job at a time. A thread without a job sleeps until the
queue changes. If there are many threads, there are a few more that take only some jobs, so that these need
not wait for long ones: :mod:`~qiskit_qoro.local.store.claims` says which. Of the idle threads that take the
same jobs, only one waits for the queue, and the others wait for their turn. So a change wakes few threads.

These events stop a job:

- Its owner cancels or deletes it. Its status has already changed, and the queue ignores all results that the
  thread still stores.
- The runner stops, or the workers cannot be reached any more. The job becomes PENDING again, and keeps the
  results that are stored. Its next run continues with the other circuits.

While no worker can be reached, the runner starts no jobs. They stay in the queue until the pool reports a
change.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from qiskit_qoro.local.job_runs import JobRun, Outcome
from qiskit_qoro.local.service_events import EVENT_KEY, EventKind
from qiskit_qoro.local.store.claims import ClaimScope
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.records import StoredJob
from qiskit_qoro.local.store.store_errors import StorageError
from qiskit_qoro.local.workers.pool_interface import Pool, PoolUnavailableError

__all__ = ["Runner"]

# One thread in so many is added for each kind of jobs that need not wait for long ones.
_THREADS_PER_EXTRA = 8

# With so many threads, as on a cluster, only some of them take long jobs.
_MANY_THREADS = 16
_THREADS_PER_LONG_JOB = 4

_logger = logging.getLogger(__name__)


class Runner:
    """Runs the jobs of a queue.

    Args:
        queue: The jobs.
        pool: Runs their circuits.
        parallel: How many jobs to run at once. From 8 on, there are further threads for short jobs and for
            the first jobs of accounts. From 16 on, a quarter of the threads takes long jobs, and the others
            do not.
        clock: Returns seconds from an arbitrary start.
        running_time_s: Seconds that every job stays RUNNING at least.
        retry_s: Seconds between attempts while the database cannot be written, and after the workers could
            not be reached.
    """

    def __init__(
        self,
        queue: JobQueue,
        pool: Pool,
        *,
        parallel: int,
        clock: Callable[[], float],
        running_time_s: float = 0.0,
        retry_s: float = 1.0,
    ) -> None:
        self._queue = queue
        self._pool = pool
        self._clock = clock
        self._running_time_s = running_time_s
        self._retry_s = retry_s
        self._is_storage_usable = True
        # Guards `_stop_events`. A thread may take the database's lock while it holds this one, never the
        # other way round.
        self._lock = threading.Lock()
        self._stop_events: dict[int, threading.Event] = {}  # one for each job that a thread has claimed
        self._stopping = threading.Event()
        # Set when it has been logged that the workers cannot be reached, until they can be.
        self._outage_is_logged = False
        scopes = _scopes(parallel)
        # Daemons, so that a service that nobody closes does not keep its process alive.
        self._threads = [
            threading.Thread(target=self._run_jobs, args=(scope,), name=f"qoro-runner-{index}", daemon=True)
            for index, scope in enumerate(scopes)
        ]
        self._num_free = scopes.count(ClaimScope.ANY)  # of these threads; changed under the lock
        self._has_threads_for_first_jobs = ClaimScope.FIRST in scopes
        # Held by the thread that waits for the next job of each scope.
        self._turns = {scope: threading.Lock() for scope in ClaimScope}

    def start(self) -> None:
        """Start running jobs."""
        # If a job is RUNNING now, the service that ran it died.
        self._queue.requeue_running()
        self._pool.on_change(self._note_pool_change)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop all jobs, make them pending again, and return when every thread has ended."""
        with self._lock:
            self._stopping.set()
            for stop in self._stop_events.values():
                stop.set()
        self._queue.notify()
        for thread in self._threads:
            if thread.ident is not None:  # it was started
                thread.join()
        # All threads have ended, so no more results are stored. Each thread has put its job back, unless the
        # database could not be written.
        try:
            self._queue.requeue_running()
        except StorageError as error:
            # The next start puts them back.
            _logger.error("the running jobs could not be put back into the queue: %s", error)

    def stop_job(self, number: int) -> None:
        """Stop working on a job that has been cancelled or deleted. Does nothing if it is not running."""
        with self._lock:
            stop = self._stop_events.get(number)
        if stop is not None:
            stop.set()
            self._queue.notify()

    def _note_pool_change(self) -> None:
        if self._pool.is_usable():
            self._outage_is_logged = False
        self._queue.notify()

    def _run_jobs(self, scope: ClaimScope) -> None:
        while not self._stopping.is_set():
            try:
                with self._turns[scope]:
                    claimed = self._claim_next(scope)
            except StorageError as error:  # the disk is full, for example; the jobs stay in the queue
                self._wait_for_storage(error)
                continue
            self._is_storage_usable = True
            if claimed is None:  # another thread was faster, or the account cannot pay for the job
                continue
            job, stop = claimed
            is_reachable = True
            try:
                is_reachable = self._run_job(job, stop)
            except Exception:  # the thread has to go on
                _logger.exception("cannot store that job %s failed", job.job_id)
            finally:
                with self._lock:
                    del self._stop_events[job.number]
                    self._num_free += scope is ClaimScope.ANY
            if self._has_threads_for_first_jobs or self._queue.has_running_limits:
                self._queue.notify()  # another job of the account may start in another thread
            if not is_reachable:
                # A pool that reports too early that it is usable again must not get all jobs at once.
                self._wait(self._stopping)

    def _claim_next(self, scope: ClaimScope) -> tuple[StoredJob, threading.Event] | None:
        """Wait for the next job and claim it.

        Returns:
            The job and its stop event, or ``None`` if another thread claimed the job, its account cannot pay
            for it, or the runner stops.
        """
        self._queue.wait_until_due(lambda: self._delay_s(scope))
        # Claim and register under one lock: whoever cancels a RUNNING job must find its stop event.
        with self._lock:
            job = None if self._stopping.is_set() else self._queue.claim(scope)
            if job is None:
                return None
            stop = self._stop_events[job.number] = threading.Event()
            if scope is ClaimScope.ANY:
                self._num_free -= 1
                if not self._num_free and self._has_threads_for_first_jobs:
                    self._queue.notify()  # they may take jobs now
            return job, stop

    def _delay_s(self, scope: ClaimScope) -> float | None:
        """Seconds until the next job may start, or ``None`` if only an event can start one."""
        if self._stopping.is_set():
            return 0
        # The accounts that come first must not take the threads that are for those that come later.
        if scope is ClaimScope.FIRST and self._num_free:
            return None
        return self._queue.delay_s(scope) if self._pool.is_usable() else None

    def _wait_for_storage(self, error: StorageError) -> None:
        """Wait before the next attempt. Only the first of several failed attempts is logged."""
        if self._is_storage_usable:
            self._is_storage_usable = False
            message = "no job can be started until the database can be written: %s"
            _logger.error(message, error, extra={EVENT_KEY: EventKind.STORAGE_FAILED})
        self._wait(self._stopping)

    def _wait(self, event: threading.Event) -> None:
        """Wait before the next attempt, or until an event is set."""
        end = self._clock() + self._retry_s
        self._queue.wait_until_due(lambda: 0 if event.is_set() else end - self._clock())

    def _run_job(self, job: StoredJob, stop: threading.Event) -> bool:
        """Run a job and store its outcome, or put it back into the queue.

        Returns:
            Whether the workers could be reached.
        """
        start = self._clock()
        follows_outage = self._outage_is_logged
        try:
            outcome = JobRun(self._queue, self._pool, job, stop).execute()
            if follows_outage:
                self._outage_is_logged = False
            # Store no outcome for a stopped job; the module's docstring explains why.
            if outcome is not None and self._keep_running(start + self._running_time_s, stop):
                self._store(job, outcome, run_time_s=self._clock() - start)
            elif self._stopping.is_set():
                self._queue.put_back(job.number, run_time_s=self._clock() - start)
        except PoolUnavailableError as error:
            if not stop.is_set():
                self._log_outage(error)
            self._put_back(job, stop, run_time_s=self._clock() - start)
            return False
        except Exception as error:
            self._fail(job, stop, error, run_time_s=self._clock() - start)
        return True

    def _fail(self, job: StoredJob, stop: threading.Event, error: Exception, *, run_time_s: float) -> None:
        """Make a job fail, because its outcome could not be stored."""
        if isinstance(error, StorageError):
            _logger.error("job %s failed, because its outcome could not be stored: %s", job.job_id, error)
        else:
            _logger.exception("job %s failed because of an error in the local service", job.job_id)
        # A job that is stopped with the service runs again.
        if not stop.is_set():
            self._queue.fail(job.number, f"its outcome could not be stored: {error}", run_time_s=run_time_s)

    def _put_back(self, job: StoredJob, stop: threading.Event, *, run_time_s: float) -> None:
        """Put a job back into the queue. Try again while the database cannot be written."""
        while True:
            try:
                self._queue.put_back(job.number, run_time_s=run_time_s)
                return
            except StorageError as error:
                if stop.is_set():  # it is cancelled, or the runner stops and tries once more
                    return
                if self._is_storage_usable:
                    self._is_storage_usable = False
                    _logger.error("job %s cannot be put back into the queue: %s", job.job_id, error)
                self._wait(stop)

    def _log_outage(self, error: PoolUnavailableError) -> None:
        """Log that the workers cannot be reached, once for all jobs that they ran."""
        with self._lock:
            is_first, self._outage_is_logged = not self._outage_is_logged, True
        if is_first:
            # The pool reports to the operator that the cluster is lost.
            _logger.info("jobs wait until workers can be reached: %s", error)

    def _store(self, job: StoredJob, outcome: Outcome, *, run_time_s: float) -> None:
        if outcome.report is not None:
            report = outcome.report
            self._queue.finish_analysis(job.number, report.json, report.html, run_time_s=run_time_s)
        else:
            self._queue.finish(job.number, outcome.status, run_time_s=run_time_s, reason=outcome.reason)

    def _keep_running(self, end: float, stop: threading.Event) -> bool:
        """Wait until ``end``; return ``False`` if the job is stopped before."""
        if not self._running_time_s:
            return True
        self._queue.wait_until_due(lambda: 0 if stop.is_set() else end - self._clock())
        return not stop.is_set()


def _scopes(parallel: int) -> list[ClaimScope]:
    """Return the scope of each thread."""
    num_extra = parallel // _THREADS_PER_EXTRA
    # The workers take turns between all running jobs, and a few long jobs keep all workers busy. If more of
    # them ran at once, they would only end later, and a short job would have to share the workers with all of
    # them.
    num_short = parallel - parallel // _THREADS_PER_LONG_JOB if parallel >= _MANY_THREADS else 0
    return (
        [ClaimScope.ANY] * (parallel - num_short)
        + [ClaimScope.SHORT] * (num_short or num_extra)
        + [ClaimScope.FIRST] * num_extra
    )
