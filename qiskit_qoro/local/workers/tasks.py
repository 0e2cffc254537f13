"""Tasks for worker processes: what they contain, how they run, and how they are sent over the pipe.

A frame on the pipe is its length, eight little-endian bytes, followed by a pickle. Pickles are safe here,
because both ends are processes of this package on the same machine, and one has started the other.

The pool sends batches, which are tuples of tasks. The worker sends:

1. one empty :class:`Reply` when it is ready for work;
2. for each batch, one empty reply when it starts the batch;
3. then the replies to the tasks, in order. A reply answers one task, or several consecutive ones.
   Before the reply to a task that takes long, it sends a :class:`Progress`.

The empty reply at the start of a batch shows whether a task of the batch may be the cause if the worker dies.
If it is missing, no task had started, and the batch can go to another worker.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.gradients import GradientEstimator
from qiskit_qoro.local.engine.parameter_sweeps import SweepRunner
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import Report, estimate, sample
from qiskit_qoro.local.engine.states.quantities import compute_states
from qiskit_qoro.local.engine.template_cache import Template, TemplateCache, TemplateRow
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.gradients import GradientValues, WeightedStrings
from qiskit_qoro.models.jobs import CircuitResult, ResultDetails
from qiskit_qoro.models.states import StateRequest
from qiskit_qoro.wire.histogram import decode_histogram, encode_payloads, histogram_to_json
from qiskit_qoro.wire.substitution import resolve_template

__all__ = [
    "AnyTask",
    "CircuitTask",
    "Progress",
    "QuboTask",
    "RenderedReport",
    "Reply",
    "StateTask",
    "StateValues",
    "SweepCounts",
    "SweepResults",
    "SweepValues",
    "read_frame",
    "run_batch",
    "run_task",
    "write_frame",
]

_LENGTH_BYTES = 8
_GRADIENT_DETAILS = ResultDetails(
    SimulationMethod.Statevector.name, "gradients are computed from the state vector"
)


@dataclass(frozen=True)
class CircuitTask:
    """One circuit to sample, or to estimate expectation values for.

    Attributes:
        label: The caller's name for the circuit.
        qasm: The circuit in OpenQASM 2, or a template if there are ``values``.
        shots: The number of shots, or ``None`` if there are ``pauli_strings``.
        pauli_strings: The Pauli strings to estimate, the leftmost letter on qubit 0. ``None`` if there are
            ``shots``.
        settings: The engine's options and the noise.
        names: The parameter names of a template.
        values: One value for each name, or ``None`` if ``qasm`` is not a template.
        text: The circuit as the client sent it, if it was made a row of a template. ``None`` otherwise.
        is_only_row: Whether it is a row of a template, and the job has no other circuits.
        observables: The observables to compute with their gradients, which needs ``values``. ``None`` for
            all other tasks.
    """

    label: str
    qasm: str
    shots: int | None = None
    pauli_strings: tuple[str, ...] | None = None
    settings: EngineSettings = field(default_factory=EngineSettings)
    names: tuple[str, ...] = ()
    values: tuple[float, ...] | None = None
    text: str | None = None
    is_only_row: bool = False
    observables: tuple[WeightedStrings, ...] | None = None

    kind = "circuit"

    @property
    def sweep(self) -> object:
        """A key that is equal for tasks that can run together as one sweep, or ``None`` for other tasks."""
        wanted = self.pauli_strings if self.observables is None else self.observables
        settings = self.settings
        # Values are exact, so the seeds of the circuits do not matter. Counts with a seed are the engine's.
        if self.values is None or (wanted is None and settings.seed is not None):
            return None
        return self.qasm, self.names, wanted, settings.options, settings.noise


@dataclass(frozen=True)
class StateTask:
    """Circuits whose states are computed together.

    Attributes:
        label: The caller's name for the first circuit.
        texts: The circuits in OpenQASM 2.
        request: What is computed.
        settings: The engine's options.
    """

    label: str
    texts: tuple[str, ...]
    request: StateRequest
    settings: EngineSettings = field(default_factory=EngineSettings)

    kind = "circuit"
    sweep = None


@dataclass(frozen=True)
class QuboTask:
    """A QUBO to characterize.

    Attributes:
        label: The caller's name for the problem.
        request: The body of the request, as JSON text.
    """

    label: str
    request: str

    kind = "problem"
    sweep = None


AnyTask = CircuitTask | StateTask | QuboTask
"""A task of any kind."""


@dataclass(frozen=True)
class RenderedReport:
    """The report of a QUBO characterization: a JSON object as text, and a fragment of HTML."""

    json: str
    html: str


@dataclass(frozen=True, eq=False)
class SweepValues:
    """Expectation values of several consecutive tasks.

    Attributes:
        pauli_strings: The distinct Pauli strings. Empty if there are ``gradients``.
        rows: The values, shape (tasks, Pauli strings), or (tasks, observables) if there are ``gradients``.
        details: Details that all of the results share.
        gradients: The derivatives, shape (tasks, observables, names), or ``None``.
    """

    pauli_strings: tuple[str, ...]
    rows: npt.NDArray[np.float64]
    details: ResultDetails | None = None
    gradients: npt.NDArray[np.float64] | None = None

    def __iter__(self) -> Iterator[dict[str, float]]:
        """Iterate over the results of the tasks."""
        if self.gradients is not None:
            return map(GradientValues, self.rows, self.gradients)
        return (dict(zip(self.pauli_strings, row, strict=True)) for row in self.rows.tolist())


@dataclass(frozen=True, eq=False)
class SweepCounts:
    """Counts of several consecutive tasks.

    Attributes:
        n_bits: The width of the bitstrings.
        rows: The encoded histogram of each task.
        details: Details that all of the results share.
    """

    n_bits: int
    rows: tuple[str, ...]
    details: ResultDetails

    def __iter__(self) -> Iterator[dict[str, int]]:
        """Iterate over the results of the tasks."""
        return (decode_histogram(histogram_to_json(row, n_bits=self.n_bits)) for row in self.rows)


SweepResults = SweepValues | SweepCounts
"""The results of several consecutive tasks."""


@dataclass(frozen=True, eq=False)
class StateValues:
    """The result of a :class:`StateTask`.

    Attributes:
        arrays: An array for each circuit, or ``None`` if the circuit has no value of its own.
        details: The method, and why it was used; ``None`` if the engine was not used.
    """

    arrays: tuple[npt.NDArray[Any] | None, ...]
    details: ResultDetails | None = None


@dataclass(frozen=True)
class Reply:
    """A message from a worker: a result, the reason for a failure, or neither to report that it is ready.

    Attributes:
        result: The result of one task, or :data:`SweepResults` for several consecutive tasks.
        reason: Why the task failed.
        seconds: How long it took, measured in the worker. The receiver may be busy, so that it cannot measure
            it.
        details: Details of the result of one task, such as its method.
        accelerators: The simulators that the engine reports beside those on the CPU, if the worker is ready.
    """

    result: CircuitResult | RenderedReport | StateValues | SweepResults | None = None
    reason: str | None = None
    seconds: float = 0.0
    details: ResultDetails | None = None
    accelerators: frozenset[Simulator] = frozenset()

    @property
    def count(self) -> int:
        """The number of tasks that this reply answers."""
        return len(self.result.rows) if isinstance(self.result, SweepResults) else 1


@dataclass(frozen=True)
class Progress:
    """A message from a worker about the task that it is running.

    Attributes:
        details: The method of the task, and why it is used.
    """

    details: ResultDetails


def run_batch(
    tasks: Sequence[AnyTask],
    cache: TemplateCache,
    sweeps: SweepRunner,
    *,
    gradients: GradientEstimator | None = None,
    memory_limit_bytes: int | None = None,
    on_start: Report | None = None,
) -> Iterator[Reply]:
    """Run tasks in this process. Consecutive tasks of one sweep run together if possible.

    Args:
        tasks: The tasks.
        cache: As for :func:`run_task`.
        sweeps: Runs the rows of a sweep together. Use the same one for all batches.
        gradients: Computes gradients. Use the same one for all batches, so that each template is prepared
            once.
        memory_limit_bytes: As for :func:`run_task`.
        on_start: As for :func:`run_task`.

    Returns:
        The replies, in order. Exceptions become replies too.
    """
    resolved = [_resolve_if_new(task, cache) for task in tasks]
    for key, group in groupby(resolved, lambda task: task.sweep):
        # Tasks that are in no sweep have the key None. They form groups too, and always run singly.
        group_tasks: list[Any] = list(group)
        if key is not None and group_tasks[0].observables is not None:
            yield from _run_gradients(group_tasks, gradients or GradientEstimator(cache), memory_limit_bytes)
            continue
        results = None if key is None else _run_sweep(group_tasks, sweeps, memory_limit_bytes)
        if results is not None:
            yield Reply(result=results)
            continue
        for task in group_tasks:
            yield run_task(task, cache, memory_limit_bytes=memory_limit_bytes, on_start=on_start)


def _resolve_if_new(task: AnyTask, cache: TemplateCache) -> AnyTask:
    """Turn the only row of a template into a program if the template is new, because that is faster."""
    if not isinstance(task, CircuitTask) or not task.is_only_row or task.values is None:
        return task
    if task.observables is not None or not cache.is_new(Template(task.qasm, task.names)):
        return task
    text = resolve_template(task.qasm, task.names, task.values)
    return replace(task, qasm=text, names=(), values=None)


def _run_sweep(tasks: Sequence[Any], sweeps: SweepRunner, limit: int | None) -> SweepResults | None:
    """Run the tasks of one sweep together; return ``None`` if they have to run singly."""
    first = tasks[0]
    template, rows = Template(first.qasm, first.names), [task.values for task in tasks]
    if first.pauli_strings is None:
        shots = [task.shots or 0 for task in tasks]
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
    try:
        values, derivatives = gradients.estimate(
            Template(first.qasm, first.names),
            [task.values or () for task in tasks],
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


def write_frame(stream: IO[bytes], message: Any) -> None:
    """Write a message and flush it.

    Raises:
        OSError: The pipe is closed at the other end.
    """
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(len(data).to_bytes(_LENGTH_BYTES, "little"))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Any:
    """Read the next message.

    Raises:
        EOFError: The pipe is closed, possibly in the middle of a message.
    """
    length = int.from_bytes(_read_exactly(stream, _LENGTH_BYTES), "little")
    return pickle.loads(_read_exactly(stream, length))  # noqa: S301  it comes from a process of our own


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    # A buffered stream returns fewer bytes only at its end.
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the pipe is closed")
    return data
