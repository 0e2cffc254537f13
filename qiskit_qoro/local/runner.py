"""Takes the jobs whose turn it is, has the workers run their circuits, and writes down what came out.

There are as many threads as workers, each with one job at a time. A thread without a job sleeps until the
store changes. A job is claimed and registered as running in one breath, so that whoever cancels it finds
the event that stops it.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, overload

from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.store.records import StoredCircuit, StoredJob, StoredTemplate
from qiskit_qoro.local.store.store import Store
from qiskit_qoro.local.workers.pool import Task, TaskFailure
from qiskit_qoro.local.workers.tasks import Findings, Problem, Values
from qiskit_qoro.models.jobs import (
    AnyConfig,
    CircuitResult,
    JobStatus,
    JobType,
    ResultsPage,
    summarize_failures,
)
from qiskit_qoro.wire.results import failed_page_to_json, render_value_items, results_page_to_json
from qiskit_qoro.wire.text import decode_text

__all__ = ["Pool", "Runner"]

_logger = logging.getLogger(__name__)

_NUM_SEEDS = 2**64
_NO_NAMES: tuple[str, ...] = ()


class Pool(Protocol):
    """What runs circuits: :class:`~qiskit_qoro.local.workers.pool.WorkerPool`."""

    def run(
        self,
        tasks: Sequence[Task] | Sequence[Problem],
        *,
        stop: threading.Event,
        on_result: Callable[[int, Any], None],
        on_failure: Callable[[int, str], None] | None = None,
        on_values: Callable[[int, Values], None] | None = None,
    ) -> bool:
        """Run ``tasks``, hand over each result or reason with its index, and tell whether all were run."""


class Runner:
    """Runs the jobs of a store.

    Args:
        store: Where the jobs are.
        pool: What runs their circuits.
        parallel: How many jobs run at once.
        clock: Seconds, from whenever.
        running_time_s: Seconds that every job stays running at least.
    """

    def __init__(
        self,
        store: Store,
        pool: Pool,
        *,
        parallel: int,
        clock: Callable[[], float],
        running_time_s: float = 0.0,
    ) -> None:
        self._store = store
        self._pool = pool
        self._clock = clock
        self._running_time_s = running_time_s
        self._lock = threading.Lock()
        self._stops: dict[int, threading.Event] = {}
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"qoro-runner-{index}", daemon=True)
            for index in range(parallel)
        ]

    def start(self) -> None:
        """Begin with what is waiting."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop what is running, leave it pending, and return when every thread has ended."""
        with self._lock:
            self._stopping.set()
            for stop in self._stops.values():
                stop.set()
        self._store.notify()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self._store.requeue_running()

    def stop_job(self, number: int) -> None:
        """Stop a job if it is running; its status has been changed already."""
        with self._lock:
            stop = self._stops.get(number)
        if stop is not None:
            stop.set()
            self._store.notify()

    def _work(self) -> None:
        while True:
            self._store.wait_out(lambda: 0 if self._stopping.is_set() else self._store.delay_s())
            if self._stopping.is_set():
                return
            with self._lock:
                job = self._store.claim()
                if job is None:
                    continue
                stop = self._stops[job.number] = threading.Event()
                if self._stopping.is_set():
                    stop.set()
            try:
                self._run(job, stop)
            except Exception:  # the database is full or broken; the thread is still needed
                _logger.exception("what became of job %s could not be written down", job.job_id)
            finally:
                with self._lock:
                    del self._stops[job.number]

    def _run(self, job: StoredJob, stop: threading.Event) -> None:
        start = self._clock()
        status, reason = JobStatus.COMPLETED, None
        findings: Findings | None = None
        try:
            if job.job_type is JobType.VALIDATE:
                findings = self._characterize(job, stop)
                if findings is None:
                    return
            else:
                failures: list[str] = []
                if not self._run_circuits(job, stop, failures):
                    return
                if failures:
                    status, reason = JobStatus.FAILED, summarize_failures(failures, len(failures))
        except TaskFailure as failure:
            status, reason = JobStatus.FAILED, str(failure)
        except Exception as error:
            _logger.exception("job %s failed, and not because of its circuits", job.job_id)
            status, reason = JobStatus.FAILED, f"the local service failed: {error}"
        if self._running_time_s and not self._hold(start + self._running_time_s, stop):
            return
        run_time_s = self._clock() - start
        if findings is not None:
            self._store.finish_analysis(job.number, findings.json, findings.html, run_time_s=run_time_s)
        else:
            self._store.finish(job.number, status, run_time_s=run_time_s, reason=reason)

    def _characterize(self, job: StoredJob, stop: threading.Event) -> Findings | None:
        found: list[Findings] = []
        problem = Problem(job.job_id, self._store.problem(job.number))
        done = self._pool.run([problem], stop=stop, on_result=lambda _, findings: found.append(findings))
        return found[0] if done else None

    def _hold(self, end: float, stop: threading.Event) -> bool:
        """Wait until ``end``, and tell whether nobody stopped the job meanwhile."""
        self._store.wait_out(lambda: 0 if stop.is_set() else end - self._clock())
        return not stop.is_set()

    def _run_circuits(self, job: StoredJob, stop: threading.Event, failures: list[str]) -> bool:
        """Run a job's circuits, list those that failed, and tell whether nobody stopped the job."""
        circuits = self._store.circuits(job.number)
        templates = self._store.templates(job.number)
        tasks = _JobTasks(job, circuits, templates, self._store.config_of(job.number))

        def keep(index: int, result: CircuitResult) -> None:
            circuit = circuits[index]
            self._store.add_results(job.number, [(circuit.position, _item(circuit.label, result))])

        def keep_all(index: int, values: Values) -> None:
            known = circuits[index : index + len(values.rows)]
            items = render_value_items(
                [circuit.label for circuit in known], values.words, values.rows.tolist()
            )
            positions = (circuit.position for circuit in known)
            self._store.add_results(job.number, zip(positions, items, strict=True))

        def note(index: int, reason: str) -> None:
            circuit = circuits[index]
            failures.append(f"circuit {circuit.label!r}: {reason}")
            self._store.add_failure(job.number, circuit.position, _failed_item(circuit.label, reason))

        return self._pool.run(tasks, stop=stop, on_result=keep, on_failure=note, on_values=keep_all)


class _JobTasks(Sequence[Task]):
    """A job's circuits as tasks. Each text is inflated when it is asked for, that of a template once.

    A seed is that of the first circuit; each one after it has the next, so that equal circuits differ.
    """

    def __init__(
        self,
        job: StoredJob,
        circuits: Sequence[StoredCircuit],
        templates: Mapping[int, StoredTemplate],
        config: AnyConfig | None,
    ) -> None:
        self._circuits = circuits
        # The same objects in every task: a batch of tasks travels with each of them once.
        self._templates = {
            number: (decode_text(template.blob), template.names) for number, template in templates.items()
        }
        self._words = _words(job, len(circuits))
        self._config, self._seed = engine_settings(config, job.qpu_system)
        self._device = job.qpu_system

    def __len__(self) -> int:
        return len(self._circuits)

    @overload
    def __getitem__(self, index: int) -> Task: ...
    @overload
    def __getitem__(self, index: slice) -> list[Task]: ...
    def __getitem__(self, index: int | slice) -> Task | list[Task]:
        if isinstance(index, slice):
            return [self._task(circuit) for circuit in self._circuits[index]]
        return self._task(self._circuits[index])

    def _task(self, circuit: StoredCircuit) -> Task:
        values: tuple[float, ...] | None = None
        if circuit.template is None:
            qasm, names = decode_text(str(circuit.content)), _NO_NAMES
        else:
            qasm, names = self._templates[circuit.template]
            values = circuit.values
        return Task(
            label=circuit.label,
            qasm=qasm,
            shots=circuit.shots,
            words=None if self._words is None else self._words[circuit.position],
            config=self._config,
            device=self._device,
            seed=None if self._seed is None else (self._seed + circuit.position) % _NUM_SEEDS,
            names=names,
            values=values,
        )


def _words(job: StoredJob, num_circuits: int) -> list[tuple[str, ...]] | None:
    """For each circuit, the Pauli words that are measured on it; ``None`` where circuits are sampled."""
    if job.observables is None:
        return None
    groups, ham_map = json.loads(job.observables)
    measured: list[list[int]] = [[] for _ in range(num_circuits)]
    for index, (start, end) in enumerate(ham_map or ()):
        for position in range(start, end):
            measured[position].append(index)

    @cache
    def distinct(chosen: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for index in chosen for word in groups[index]))

    everything = tuple(range(len(groups)))
    return [distinct(tuple(chosen) or everything) for chosen in measured]


def _failed_item(label: str, reason: str) -> str:
    page = failed_page_to_json("", ResultsPage(1, failures={label: reason}))
    return json.dumps(page["failures"][0], separators=(",", ":"))


def _item(label: str, result: CircuitResult) -> str:
    page = results_page_to_json(ResultsPage(1, {label: result}))
    return json.dumps(page["results"][0], separators=(",", ":"))
