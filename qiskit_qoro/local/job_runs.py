"""Run one job on the pool: build its tasks, store the results as they arrive, and tell the outcome.

A job that was interrupted has outcomes of circuits in the database. Only the other circuits run, and the
failures of all runs together decide the outcome of the job.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.records import StoredCircuit, StoredJob
from qiskit_qoro.local.store.store_errors import StorageError
from qiskit_qoro.local.workers.job_tasks import CircuitTasks, StateTasks
from qiskit_qoro.local.workers.pool import TaskFailure
from qiskit_qoro.local.workers.pool_interface import Pool, PoolUnavailableError
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

__all__ = ["JobRun", "Outcome"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """The final status of a job, why it failed, and the analysis if it is a characterization."""

    status: JobStatus
    reason: str | None = None
    report: RenderedReport | None = None


class _Outcomes:
    """Outcomes of circuits of a running job that are not stored yet, and the reasons of all failures.

    Outcomes are stored together several times a second, because a transaction for each of them would take
    longer than many circuits. As a context manager, the object stores the rest when the context ends.

    Args:
        queue: Stores the outcomes.
        number: The job.
        failures: The items of the circuits that failed in earlier runs, by their positions.
        is_single: Whether the job consists of one task, so that a reason need not name the circuit.
    """

    def __init__(
        self, queue: JobQueue, number: int, failures: Mapping[int, str], *, is_single: bool = False
    ) -> None:
        self._queue = queue
        self._number = number
        self._is_single = is_single
        self._collected: list[tuple[int, str, bool]] = []
        self._reasons: dict[int, str] = {}
        for position, item in failures.items():
            fields = json.loads(item)
            self._add_reason(position, fields["label"], fields["error"])

    def add(self, position: int, item: str) -> None:
        """Add the result of a circuit: its position and its item as JSON."""
        self._collected.append((position, item, False))

    def add_failure(self, circuit: StoredCircuit, reason: str) -> None:
        """Add the failure of a circuit."""
        item = _render(failure_item_to_json(circuit.label, reason))
        self._collected.append((circuit.position, item, True))
        self._add_reason(circuit.position, circuit.label, reason)

    def store(self) -> None:
        """Store what was added since the last time."""
        if self._collected:
            collected, self._collected = self._collected, []
            self._queue.add_outcomes(self._number, collected)

    def outcome(self) -> Outcome:
        """Return the outcome of the job, all of whose circuits have finished."""
        if not self._reasons:
            return Outcome(JobStatus.COMPLETED)
        # Failures arrive in any order. Report them in the order of the circuits.
        in_order = [reason for _, reason in sorted(self._reasons.items())]
        return Outcome(JobStatus.FAILED, summarize_failures(in_order, len(in_order)))

    def _add_reason(self, position: int, label: str, reason: str) -> None:
        self._reasons[position] = reason if self._is_single else f"circuit {label!r}: {reason}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store()


class JobRun:
    """One run of a job.

    Args:
        queue: Has the circuits of the job, and stores their outcomes.
        pool: Runs the circuits.
        job: The job.
        stop: Ends the run.
    """

    def __init__(self, queue: JobQueue, pool: Pool, job: StoredJob, stop: threading.Event) -> None:
        self._queue = queue
        self._pool = pool
        self._job = job
        self._stop = stop

    def execute(self) -> Outcome | None:
        """Run the job and return its outcome, or ``None`` if it is stopped.

        Results and failures of circuits are stored as they arrive.

        Raises:
            PoolUnavailableError: The workers cannot be reached. What has arrived is stored.
            StorageError: The database cannot be read or written.
        """
        job = self._job
        try:
            config = self._queue.config(job.number)
            if job.job_type is JobType.VALIDATE:
                return self._characterize()
            if job.job_type is JobType.STATE:
                return self._compute_states(config)
            return self._run_circuits(config)
        # The pool raises this for a failed problem, and if so many circuits crashed that it gave up.
        except TaskFailure as failure:
            return Outcome(JobStatus.FAILED, str(failure))
        except (PoolUnavailableError, StorageError):
            raise
        except Exception as error:
            _logger.exception("job %s failed because of an error in the local service", job.job_id)
            return Outcome(JobStatus.FAILED, f"the local service failed: {error}")

    def _characterize(self) -> Outcome | None:
        received: list[RenderedReport] = []
        problem = QuboTask(self._job.job_id, self._queue.problem(self._job.number))
        done = self._pool.run(
            [problem],
            stop=self._stop,
            job_id=self._job.job_id,
            on_result=lambda _, report: received.append(report),
        )
        return Outcome(JobStatus.COMPLETED, report=received[0]) if done else None

    def _compute_states(self, config: AnyConfig | None) -> Outcome | None:
        number = self._job.number
        earlier = self._queue.earlier_outcomes(number)
        tasks = StateTasks(self._job, self._queue.circuits(number), config, earlier.positions)
        outcomes = _Outcomes(self._queue, number, earlier.failures, is_single=tasks.is_single)

        def add_result(index: int, values: StateValues) -> None:
            for circuit, array in zip(tasks.circuits_of(index), values.arrays, strict=True):
                item = _render(array_item_to_json(circuit.label, array, values.details))
                outcomes.add(circuit.position, item)

        return self._run(tasks, outcomes, on_result=add_result)

    def _run_circuits(self, config: AnyConfig | None) -> Outcome | None:
        number = self._job.number
        earlier = self._queue.earlier_outcomes(number)
        tasks = CircuitTasks(
            self._job,
            self._queue.circuits(number),
            self._queue.templates(number),
            config,
            earlier.positions,
        )
        outcomes = _Outcomes(self._queue, number, earlier.failures)
        details: dict[int, ResultDetails] = {}

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

        return self._run(
            tasks, outcomes, on_result=add_result, on_sweep=add_sweep, on_details=details.__setitem__
        )

    def _run(
        self, tasks: CircuitTasks | StateTasks, outcomes: _Outcomes, **callbacks: Callable[[int, Any], None]
    ) -> Outcome | None:
        """Run tasks. Return the outcome of the job, or ``None`` if it is stopped."""
        with outcomes:
            # The job may have been interrupted after its last circuit.
            done = not tasks or self._pool.run(
                tasks,
                stop=self._stop,
                job_id=self._job.job_id,
                on_failure=lambda index, reason: outcomes.add_failure(tasks.circuits_of(index)[0], reason),
                on_tick=outcomes.store,
                **callbacks,
            )
        return outcomes.outcome() if done else None


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
