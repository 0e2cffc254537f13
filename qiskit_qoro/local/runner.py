"""Run the jobs of the queue: claim the next job, run its circuits on the workers, store the results.

There is one thread for each worker process, and each thread runs one job at a time. A thread without a job
sleeps until the queue changes.

Two kinds of events stop a job. If its owner cancels or deletes it, its status has already changed, and the
queue ignores all results that the thread still stores. If the runner stops, the job keeps the status RUNNING
until all threads have ended, and then becomes PENDING again.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.records import StoredJob
from qiskit_qoro.local.store.store_errors import StorageError
from qiskit_qoro.local.workers.job_tasks import CircuitTasks, StateTasks
from qiskit_qoro.local.workers.pool import TaskFailure
from qiskit_qoro.local.workers.pool_interface import Pool
from qiskit_qoro.local.workers.tasks import (
    QuboTask,
    RenderedReport,
    StateValues,
    SweepCounts,
    SweepResults,
)
from qiskit_qoro.models.jobs import (
    AnyConfig,
    CircuitResult,
    JobStatus,
    JobType,
    ResultDetails,
    summarize_failures,
)
from qiskit_qoro.wire.results import (
    array_item_to_json,
    failure_item_to_json,
    render_histogram_items,
    render_value_items,
    result_item_to_json,
)

__all__ = ["Runner"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Outcome:
    """The final status of a job, why it failed, and the analysis if it is a characterization."""

    status: JobStatus
    reason: str | None = None
    report: RenderedReport | None = None


class _Outcomes:
    """Outcomes of circuits of a running job that are not stored yet.

    They are stored together several times a second, because a transaction for each of them would take longer
    than many circuits. As a context manager, the object stores the rest when the context ends.
    """

    def __init__(self, queue: JobQueue, number: int) -> None:
        self._queue = queue
        self._number = number
        self._collected: list[tuple[int, str, bool]] = []

    def add(self, position: int, item: str, *, failed: bool = False) -> None:
        """Add the outcome of a circuit: its position and its item as JSON."""
        self._collected.append((position, item, failed))

    def store(self) -> None:
        """Store what was added since the last time."""
        if self._collected:
            collected, self._collected = self._collected, []
            self._queue.add_outcomes(self._number, collected)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store()


class Runner:
    """Runs the jobs of a queue.

    Args:
        queue: The jobs.
        pool: Runs their circuits.
        parallel: How many jobs to run at once.
        clock: Returns seconds from an arbitrary start.
        running_time_s: Seconds that every job stays RUNNING at least.
        storage_retry_s: Seconds between attempts to start a job while the database cannot be written.
    """

    def __init__(
        self,
        queue: JobQueue,
        pool: Pool,
        *,
        parallel: int,
        clock: Callable[[], float],
        running_time_s: float = 0.0,
        storage_retry_s: float = 1.0,
    ) -> None:
        self._queue = queue
        self._pool = pool
        self._clock = clock
        self._running_time_s = running_time_s
        self._storage_retry_s = storage_retry_s
        self._is_storage_usable = True
        # Guards `_stop_events`. A thread may take the database's lock while it holds this one, never the
        # other way round.
        self._lock = threading.Lock()
        self._stop_events: dict[int, threading.Event] = {}  # one for each job that a thread has claimed
        self._stopping = threading.Event()
        # Daemons, so that a service that nobody closes does not keep its process alive.
        self._threads = [
            threading.Thread(target=self._run_jobs, name=f"qoro-runner-{index}", daemon=True)
            for index in range(parallel)
        ]

    def start(self) -> None:
        """Start running jobs."""
        # If a job is RUNNING now, the service that ran it died.
        self._queue.requeue_running()
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
        # All threads have ended, so no more results are stored.
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

    def _run_jobs(self) -> None:
        while not self._stopping.is_set():
            try:
                claimed = self._claim_next()
            except StorageError as error:  # the disk is full, for example; the jobs stay in the queue
                self._wait_for_storage(error)
                continue
            self._is_storage_usable = True
            if claimed is None:  # another thread was faster, or the account cannot pay for the job
                continue
            job, stop = claimed
            try:
                self._run_job(job, stop)
            except Exception:  # the thread has to go on
                _logger.exception("cannot store that job %s failed", job.job_id)
            finally:
                with self._lock:
                    del self._stop_events[job.number]

    def _claim_next(self) -> tuple[StoredJob, threading.Event] | None:
        """Wait for the next job and claim it.

        Returns:
            The job and its stop event, or ``None`` if another thread claimed the job, its account cannot pay
            for it, or the runner stops.
        """
        self._queue.wait_until_due(lambda: 0 if self._stopping.is_set() else self._queue.delay_s())
        # Claim and register under one lock: whoever cancels a RUNNING job must find its stop event.
        with self._lock:
            job = None if self._stopping.is_set() else self._queue.claim()
            if job is None:
                return None
            stop = self._stop_events[job.number] = threading.Event()
            return job, stop

    def _wait_for_storage(self, error: StorageError) -> None:
        """Wait before the next attempt. Only the first of several failed attempts is logged."""
        if self._is_storage_usable:
            self._is_storage_usable = False
            _logger.error("no job can be started until the database can be written: %s", error)
        end = self._clock() + self._storage_retry_s
        self._queue.wait_until_due(lambda: 0 if self._stopping.is_set() else end - self._clock())

    def _run_job(self, job: StoredJob, stop: threading.Event) -> None:
        """Run a job and store its outcome, unless it is stopped."""
        start = self._clock()
        try:
            outcome = self._compute(job, stop)
            # Store no outcome for a stopped job; the module's docstring explains why.
            if outcome is None or not self._keep_running(start + self._running_time_s, stop):
                return
            self._store(job, outcome, run_time_s=self._clock() - start)
        except Exception as error:
            if isinstance(error, StorageError):
                _logger.error("job %s failed, because its outcome could not be stored: %s", job.job_id, error)
            else:
                _logger.exception("job %s failed because of an error in the local service", job.job_id)
            # A job that is stopped with the service runs again.
            if not stop.is_set():
                reason = f"its outcome could not be stored: {error}"
                self._queue.fail(job.number, reason, run_time_s=self._clock() - start)

    def _store(self, job: StoredJob, outcome: _Outcome, *, run_time_s: float) -> None:
        if outcome.report is not None:
            report = outcome.report
            self._queue.finish_analysis(job.number, report.json, report.html, run_time_s=run_time_s)
        else:
            self._queue.finish(job.number, outcome.status, run_time_s=run_time_s, reason=outcome.reason)

    def _compute(self, job: StoredJob, stop: threading.Event) -> _Outcome | None:
        """Run a job and return its outcome, or ``None`` if it is stopped.

        Results and failures of circuits are stored as they arrive.
        """
        try:
            config = self._queue.config(job.number)
            if job.job_type is JobType.VALIDATE:
                return self._characterize(job, stop)
            if job.job_type is JobType.STATE:
                return self._compute_states(job, config, stop)
            return self._run_circuits(job, config, stop)
        # The pool raises this for a failed problem, and if so many circuits crashed that it gave up.
        except TaskFailure as failure:
            return _Outcome(JobStatus.FAILED, str(failure))
        except StorageError:
            raise
        except Exception as error:
            _logger.exception("job %s failed because of an error in the local service", job.job_id)
            return _Outcome(JobStatus.FAILED, f"the local service failed: {error}")

    def _keep_running(self, end: float, stop: threading.Event) -> bool:
        """Wait until ``end``; return ``False`` if the job is stopped before."""
        if not self._running_time_s:
            return True
        self._queue.wait_until_due(lambda: 0 if stop.is_set() else end - self._clock())
        return not stop.is_set()

    def _characterize(self, job: StoredJob, stop: threading.Event) -> _Outcome | None:
        received: list[RenderedReport] = []
        problem = QuboTask(job.job_id, self._queue.problem(job.number))
        done = self._pool.run(
            [problem], stop=stop, job_id=job.job_id, on_result=lambda _, report: received.append(report)
        )
        return _Outcome(JobStatus.COMPLETED, report=received[0]) if done else None

    def _compute_states(
        self, job: StoredJob, config: AnyConfig | None, stop: threading.Event
    ) -> _Outcome | None:
        circuits = self._queue.circuits(job.number)
        tasks = StateTasks(job, circuits, config)
        failures: dict[int, str] = {}

        outcomes = _Outcomes(self._queue, job.number)

        def add_result(index: int, values: StateValues) -> None:
            for circuit, array in zip(tasks.circuits_of(index), values.arrays, strict=True):
                item = _render(array_item_to_json(circuit.label, array, values.details))
                outcomes.add(circuit.position, item)

        def add_failure(index: int, reason: str) -> None:
            circuit = tasks.circuits_of(index)[0]
            failures[index] = reason if len(tasks) == 1 else f"circuit {circuit.label!r}: {reason}"
            item = _render(failure_item_to_json(circuit.label, reason))
            outcomes.add(circuit.position, item, failed=True)

        with outcomes:
            done = self._pool.run(
                tasks,
                stop=stop,
                job_id=job.job_id,
                on_result=add_result,
                on_failure=add_failure,
                on_tick=outcomes.store,
            )
        return _outcome(failures) if done else None

    def _run_circuits(
        self, job: StoredJob, config: AnyConfig | None, stop: threading.Event
    ) -> _Outcome | None:
        templates = self._queue.templates(job.number)
        tasks = CircuitTasks(job, self._queue.circuits(job.number), templates, config)
        failures: dict[int, str] = {}
        details: dict[int, ResultDetails] = {}

        outcomes = _Outcomes(self._queue, job.number)

        # The pool calls these functions in this thread, one after the other. Details come before the result.
        def add_result(index: int, result: CircuitResult) -> None:
            (circuit,) = tasks.circuits_of(index)
            item = _render(result_item_to_json(circuit.label, result, details.pop(index, None)))
            outcomes.add(circuit.position, item)

        def add_sweep(index: int, results: SweepResults) -> None:
            # A sweep returns thousands of rows, so encode them together.
            rows = tasks.circuits_of(index, len(results.rows))
            items = _render_sweep([circuit.label for circuit in rows], results)
            for circuit, item in zip(rows, items, strict=True):
                outcomes.add(circuit.position, item)

        def add_failure(index: int, reason: str) -> None:
            (circuit,) = tasks.circuits_of(index)
            failures[circuit.position] = f"circuit {circuit.label!r}: {reason}"
            item = _render(failure_item_to_json(circuit.label, reason))
            outcomes.add(circuit.position, item, failed=True)

        with outcomes:
            done = self._pool.run(
                tasks,
                stop=stop,
                job_id=job.job_id,
                on_result=add_result,
                on_failure=add_failure,
                on_sweep=add_sweep,
                on_details=details.__setitem__,
                on_tick=outcomes.store,
            )
        return _outcome(failures) if done else None


def _outcome(failures: Mapping[int, str]) -> _Outcome:
    """Return the outcome of a job, given the reasons of the tasks that failed."""
    if not failures:
        return _Outcome(JobStatus.COMPLETED)
    # Failures arrive in any order. Report them in the order of the circuits.
    in_order = [reason for _, reason in sorted(failures.items())]
    return _Outcome(JobStatus.FAILED, summarize_failures(in_order, len(in_order)))


def _render_sweep(labels: Sequence[str], results: SweepResults) -> list[str]:
    """Render the results of a sweep."""
    if isinstance(results, SweepCounts):
        return render_histogram_items(labels, results.rows, results.n_bits, results.details)
    if results.gradients is None:
        return render_value_items(labels, results.pauli_strings, results.rows.tolist(), results.details)
    return [
        _render(result_item_to_json(label, result, results.details))
        for label, result in zip(labels, results, strict=True)
    ]


def _render(item: dict[str, Any]) -> str:
    return json.dumps(item, separators=(",", ":"))
