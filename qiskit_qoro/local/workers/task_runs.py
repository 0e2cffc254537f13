"""Run tasks in a worker process.

Most first jobs are simple programs, and importing Qiskit would take several times as long as such a job. So a
worker starts without it. :func:`are_simple` tells which tasks run without it, and :func:`import_rest` imports
Qiskit and all modules that need it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from itertools import groupby
from typing import TYPE_CHECKING, Any

from qiskit_qoro.errors import QoroError
from qiskit_qoro.lazy_imports import import_package_of
from qiskit_qoro.local.engine.analysis.costs import statevector_bytes
from qiskit_qoro.local.engine.methods import MAX_SMALL_QUBITS
from qiskit_qoro.local.engine.simulator import Report, estimate, sample
from qiskit_qoro.local.engine.template_cache import Template, TemplateCache, TemplateRow
from qiskit_qoro.local.workers.task_rows import TaskRows
from qiskit_qoro.local.workers.tasks import (
    AnyTask,
    CircuitTask,
    QuboTask,
    RenderedReport,
    Reply,
    StateTask,
    StateValues,
    SweepCounts,
    SweepResults,
    SweepValues,
)
from qiskit_qoro.models.config import SimulationMethod
from qiskit_qoro.models.jobs import CircuitResult, ResultDetails
from qiskit_qoro.qasm.read.plain_program import read_plain_program
from qiskit_qoro.qasm.read.source import clean
from qiskit_qoro.wire.substitution import resolve_template

if TYPE_CHECKING:
    from qiskit_qoro.local.engine.gradients import GradientEstimator
    from qiskit_qoro.local.engine.parameter_sweeps import SweepRunner

__all__ = ["Estimators", "are_simple", "import_rest", "resolve_if_new", "run_batch", "run_task"]

# The modules that import_rest imports, and through them all others that tasks need, except for problems.
_REST = (
    "qiskit_qoro.local.engine.analysis.clifford",
    "qiskit_qoro.local.engine.gradients",
    "qiskit_qoro.local.engine.noisy.runs",
    "qiskit_qoro.local.engine.parameter_sweeps",
    "qiskit_qoro.local.engine.program",
    "qiskit_qoro.local.engine.states.quantities",
)

_SMALL_STATE_BYTES = statevector_bytes(MAX_SMALL_QUBITS, sampling=True)

_GRADIENT_DETAILS = ResultDetails(
    SimulationMethod.Statevector.name, "gradients are computed from the state vector"
)


def resolve_if_new(task: AnyTask, cache: TemplateCache) -> AnyTask:
    """Turn the only row of a template into a program if the template is new, because that is faster.

    A task that was resolved or left as it is stays the same in a second call.
    """
    if not isinstance(task, CircuitTask) or not task.is_only_row or task.values is None:
        return task
    if task.observables is not None or not cache.is_new(Template(task.qasm, task.names)):
        return task
    text = resolve_template(task.qasm, task.names, task.values)
    return replace(task, qasm=text, names=(), values=None)


def are_simple(tasks: Sequence[AnyTask], *, memory_limit_bytes: int | None = None) -> bool:
    """Whether tasks certainly run without the modules of :func:`import_rest`.

    Args:
        tasks: The tasks.
        memory_limit_bytes: As for :func:`run_task`.
    """
    # Rows of a template differ only in numbers, so one of them is enough.
    first = tasks[:1] if isinstance(tasks, TaskRows) else tasks
    different = {_text_of(task) or index: task for index, task in enumerate(first)}
    return all(_is_simple(task, memory_limit_bytes) for task in different.values())


def _text_of(task: AnyTask) -> str | None:
    return task.qasm if isinstance(task, CircuitTask) else None


def _is_simple(task: AnyTask, limit: int | None) -> bool:
    if not isinstance(task, CircuitTask) or task.observables is not None or task.settings.noise is not None:
        return False
    # Other options may ask for an analysis of the program, and so may a state vector that is too large.
    if task.settings.options.options_set().keys() - {"seed"}:
        return False
    if limit is not None and limit < _SMALL_STATE_BYTES:
        return False
    text = task.qasm if task.values is None else resolve_template(task.qasm, task.names, task.values)
    program = read_plain_program(clean(text))
    return program is not None and program.num_qubits <= MAX_SMALL_QUBITS


def import_rest() -> None:
    """Import the modules that tasks may need beside this one."""
    import_package_of("qiskit.exceptions")  # the only module of Qiskit that was imported before
    for name in _REST:
        import_module(name)


class Estimators:
    """What a worker keeps from batch to batch, so that each template is prepared once.

    Attributes:
        cache: Prepares templates.
    """

    def __init__(self) -> None:
        self.cache = TemplateCache()

    @cached_property
    def sweeps(self) -> SweepRunner:
        """Runs the rows of a sweep together."""
        from qiskit_qoro.local.engine.parameter_sweeps import SweepRunner  # noqa: PLC0415

        return SweepRunner(self.cache)

    @cached_property
    def gradients(self) -> GradientEstimator:
        """Computes gradients."""
        from qiskit_qoro.local.engine.gradients import GradientEstimator  # noqa: PLC0415

        return GradientEstimator(self.cache)


def run_batch(
    tasks: Sequence[AnyTask],
    estimators: Estimators,
    *,
    memory_limit_bytes: int | None = None,
    on_start: Report | None = None,
) -> Iterator[Reply]:
    """Run tasks in this process. Consecutive tasks of one sweep run together if possible.

    Args:
        tasks: The tasks.
        estimators: What is kept from batch to batch.
        memory_limit_bytes: As for :func:`run_task`.
        on_start: As for :func:`run_task`.

    Returns:
        The replies, in order. Exceptions become replies too.
    """
    for key, group_tasks in _groups(tasks, estimators.cache):
        if key is not None and group_tasks[0].observables is not None:
            yield from _run_gradients(group_tasks, estimators.gradients, memory_limit_bytes)
            continue
        results = None if key is None else _run_sweep(group_tasks, estimators.sweeps, memory_limit_bytes)
        if results is not None:
            yield Reply(result=results)
            continue
        for task in group_tasks:
            yield run_task(task, estimators.cache, memory_limit_bytes=memory_limit_bytes, on_start=on_start)


def _groups(tasks: Sequence[AnyTask], cache: TemplateCache) -> Iterator[tuple[object, Sequence[Any]]]:
    """Iterate over the groups of consecutive tasks of one sweep, each with its key.

    Tasks that are in no sweep have the key ``None``. They form groups too, and always run singly.
    """
    if isinstance(tasks, TaskRows):
        yield tasks.first.sweep, tasks
        return
    resolved = [resolve_if_new(task, cache) for task in tasks]
    for key, group in groupby(resolved, lambda task: task.sweep):
        yield key, list(group)


def _columns(tasks: Sequence[Any]) -> tuple[Any, list[int]]:
    """Return the values and the shots of rows of a template."""
    if isinstance(tasks, TaskRows):
        return tasks.values, [shots or 0 for shots in tasks.shots]
    return [task.values for task in tasks], [task.shots or 0 for task in tasks]


def _run_sweep(tasks: Sequence[Any], sweeps: SweepRunner, limit: int | None) -> SweepResults | None:
    """Run the tasks of one sweep together; return ``None`` if they have to run singly."""
    first = tasks[0]
    template = Template(first.qasm, first.names)
    rows, shots = _columns(tasks)
    if first.pauli_strings is None:
        from qiskit_qoro.wire.histograms.encoding import encode_payloads  # noqa: PLC0415 - it needs NumPy

        sampled = sweeps.sample(template, rows, shots, first.settings, memory_limit_bytes=limit)
        if sampled is None:
            return None
        measurements, counts, details = sampled
        n_bits = measurements.num_clbits
        return SweepCounts(
            n_bits, tuple(encode_payloads(measurements.bitstrings, counts, n_bits=n_bits)), details
        )
    pauli_strings = tuple(dict.fromkeys(first.pauli_strings))
    estimated = sweeps.estimate(template, rows, pauli_strings, first.settings, memory_limit_bytes=limit)
    if estimated is None:
        return None
    values, details = estimated
    return SweepValues(pauli_strings, values, details)


def _run_gradients(
    tasks: Sequence[CircuitTask], gradients: GradientEstimator, limit: int | None
) -> Iterator[Reply]:
    """Run tasks of one template with gradients: together, or singly if one of them fails."""
    first = tasks[0]
    rows, _ = _columns(tasks)
    try:
        values, derivatives = gradients.estimate(
            Template(first.qasm, first.names),
            rows,
            first.observables or (),
            first.settings,
            memory_limit_bytes=limit,
        )
        yield Reply(result=SweepValues((), values, _GRADIENT_DETAILS, derivatives))
    except Exception as error:
        if len(tasks) == 1:
            yield Reply(reason=_reason(error, first))
            return
        for task in tasks:
            yield from _run_gradients([task], gradients, limit)


def run_task(
    task: AnyTask,
    cache: TemplateCache,
    *,
    memory_limit_bytes: int | None = None,
    on_start: Report | None = None,
) -> Reply:
    """Run a task in this process. The engine may crash the process.

    Args:
        task: The task.
        cache: Prepares templates. Use the same one for all tasks, so that each template is parsed once.
        memory_limit_bytes: The maximum memory of a state vector.
        on_start: Called with the method of a circuit before the engine runs it.

    Returns:
        The result, which is counts, a value for each distinct Pauli string in the requested order, or a
        report. If the task fails, the reason, which does not contain the label of the task. Exceptions become
        reasons too.
    """
    try:
        if isinstance(task, QuboTask):
            return Reply(result=_characterize(task))
        reported: list[ResultDetails] = []

        def report(details: ResultDetails) -> None:
            if on_start is not None and not reported:
                on_start(details)
            reported.append(details)

        if isinstance(task, StateTask):
            from qiskit_qoro.local.engine.states.quantities import compute_states  # noqa: PLC0415

            arrays = compute_states(
                task.texts,
                task.request,
                task.settings,
                memory_limit_bytes=memory_limit_bytes,
                report=report,
            )
            return Reply(result=StateValues(arrays, reported[-1] if reported else None))
        result = _run_circuit(task, cache, memory_limit_bytes, report)
        return Reply(result=result, details=reported[-1] if reported else None)
    except Exception as error:  # Any error concerns this task only; the worker goes on with the next one.
        return Reply(reason=_reason(error, task))


def _reason(error: Exception, task: AnyTask) -> str:
    """Return why a task failed."""
    if isinstance(error, MemoryError):
        return f"it needs more memory than a {task.kind} may use"
    if isinstance(error, QoroError):
        return str(error)
    return f"the engine failed: {type(error).__name__}: {error}"


def _characterize(task: QuboTask) -> RenderedReport:
    # Imported here, because most workers never need it.
    from qiskit_qoro.qubo_analysis import (  # noqa: PLC0415
        characterize,
        render_html,
        report_to_json,
        request_from_json,
    )

    report = characterize(request_from_json(json.loads(task.request)))
    return RenderedReport(json.dumps(report_to_json(report), allow_nan=False), render_html(report))


def _run_circuit(task: CircuitTask, cache: TemplateCache, limit: int | None, report: Report) -> CircuitResult:
    if task.values is None:
        source: str | TemplateRow = task.qasm
    else:
        source = TemplateRow(cache, Template(task.qasm, task.names), task.values, task.text)
    if task.pauli_strings is not None:
        pauli_strings = tuple(dict.fromkeys(task.pauli_strings))
        values = estimate(source, pauli_strings, task.settings, memory_limit_bytes=limit, report=report)
        return dict(zip(pauli_strings, values, strict=True))
    return sample(
        source,
        task.shots or 0,
        task.settings,
        memory_limit_bytes=limit,
        report=report,
    )
