"""A task for a worker process: what it is, how it is run, and how it travels.

A frame on the pipe is its length, eight bytes with the lowest first, and a pickle. Both ends are this
package on the same machine, started by one another, which is what makes pickles acceptable here.

To the worker go batches, tuples of :class:`Task`. Back comes one empty :class:`Reply` when the worker
is ready, and for each batch an empty one when it begins, and then one for each task, in order, or one for
several tasks in a row. A batch whose worker died before it began can be given to another one: none of its
circuits is to blame.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.engine import expect, sample
from qiskit_qoro.local.engine.parameter_sweeps import Sweeper
from qiskit_qoro.local.engine.template_cache import Reader, Row, Template
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import CircuitResult

__all__ = [
    "Findings",
    "Problem",
    "Reply",
    "Task",
    "Values",
    "read_frame",
    "run_batch",
    "run_task",
    "write_frame",
]

_LENGTH_BYTES = 8


@dataclass(frozen=True)
class Task:
    """One circuit and what is to be found out about it: counts or expectation values.

    Attributes:
        label: The caller's name for the circuit.
        qasm: The circuit, in OpenQASM 2; or a template of it, where there are ``values``.
        shots: How often to sample it; ``None`` where ``words`` is set.
        words: Pauli words to estimate, the leftmost letter on qubit 0; ``None`` where ``shots`` is set.
        config: Simulator, method and truncation.
        device: A QPU system whose noise is added, ``None`` for none.
        seed: Makes the counts repeatable, ``None`` leaves them to chance.
        names: The words of a template that stand for ``values``.
        values: The numbers that make a circuit of a template; ``None`` where it is one already.
    """

    label: str
    qasm: str
    shots: int | None = None
    words: tuple[str, ...] | None = None
    config: ExecutionConfig = field(default_factory=ExecutionConfig)
    device: str | None = None
    seed: int | None = None
    names: tuple[str, ...] = ()
    values: tuple[float, ...] | None = None

    kind = "circuit"

    @property
    def sweep(self) -> object:
        """Equal for rows that can be run together, ``None`` for what is no such row."""
        if self.values is None or self.words is None:
            return None
        return self.qasm, self.names, self.words, self.config, self.device


@dataclass(frozen=True)
class Problem:
    """A problem to characterize.

    Attributes:
        label: The caller's name for it.
        request: The body of the request, as JSON.
    """

    label: str
    request: str

    kind = "problem"
    sweep = None


@dataclass(frozen=True)
class Findings:
    """What was found out about a problem: an object in JSON, and a fragment of HTML."""

    json: str
    html: str


@dataclass(frozen=True, eq=False)
class Values:
    """Expectation values of several tasks in a row.

    Attributes:
        words: The words, each once.
        rows: The values, shape (tasks, words).
    """

    words: tuple[str, ...]
    rows: npt.NDArray[np.float64]

    def __iter__(self) -> Iterator[dict[str, float]]:
        """The result of each task."""
        return (dict(zip(self.words, row, strict=True)) for row in self.rows.tolist())


@dataclass(frozen=True)
class Reply:
    """A worker's answer to one task: a result, or the reason why there is none. Empty: it is there.

    ``Values`` answer several tasks in a row. ``seconds`` is how long it took, by the worker's clock: whoever
    reads the answer may have been busy.
    """

    result: CircuitResult | Findings | Values | None = None
    reason: str | None = None
    seconds: float = 0.0

    @property
    def count(self) -> int:
        """How many tasks it answers."""
        return len(self.result.rows) if isinstance(self.result, Values) else 1


def run_batch(
    tasks: Sequence[Task | Problem],
    reader: Reader,
    sweeper: Sweeper,
    *,
    memory_limit_bytes: int | None = None,
) -> Iterator[Reply]:
    """Run tasks in this process, rows of one template that are asked the same together.

    Args:
        tasks: What to run.
        reader: As for :func:`run_task`.
        sweeper: Estimates rows together; the same one for all batches.
        memory_limit_bytes: As for :func:`run_task`.

    Returns:
        The answers, in order. No exception gets out.
    """
    for kind, alike in groupby(tasks, lambda task: task.sweep):
        group = list(alike)
        values = None if kind is None else _sweep(group, sweeper, memory_limit_bytes)
        if values is not None:
            yield Reply(result=values)
            continue
        for task in group:
            yield run_task(task, reader, memory_limit_bytes=memory_limit_bytes)


def _sweep(tasks: Sequence[Any], sweeper: Sweeper, limit: int | None) -> Values | None:
    first = tasks[0]
    words = tuple(dict.fromkeys(first.words))
    rows = sweeper.estimate(
        Template(first.qasm, first.names),
        [task.values for task in tasks],
        words,
        first.config,
        device=first.device,
        memory_limit_bytes=limit,
    )
    return None if rows is None else Values(words, rows)


def run_task(task: Task | Problem, reader: Reader, *, memory_limit_bytes: int | None = None) -> Reply:
    """Run a task in this process, which the engine may bring down.

    Args:
        task: What to run.
        reader: Reads templates; the same one for all tasks, so that each template is read once.
        memory_limit_bytes: The most memory that a state vector may take.

    Returns:
        The result: counts, a value for each different word in the order asked, or findings; or the reason
        why there is none, which does not name the task. No exception gets out.
    """
    try:
        if isinstance(task, Problem):
            return Reply(result=_characterize(task))
        return Reply(result=_answer(task, reader, memory_limit_bytes))
    except MemoryError:
        reason = f"it needs more memory than a {task.kind} may take"
    except QoroError as error:
        reason = str(error)
    except Exception as error:  # whatever it is, it is this circuit's and not the worker's
        reason = f"the engine failed: {type(error).__name__}: {error}"
    return Reply(reason=reason)


def _characterize(problem: Problem) -> Findings:
    # Only those who characterize pay for importing it.
    from qiskit_qoro.qubo_analysis import (  # noqa: PLC0415
        characterize,
        render_html,
        report_to_json,
        request_from_json,
    )

    report = characterize(request_from_json(json.loads(problem.request)))
    return Findings(json.dumps(report_to_json(report), allow_nan=False), render_html(report))


def _answer(task: Task, reader: Reader, limit: int | None) -> CircuitResult:
    source = task.qasm if task.values is None else Row(reader, Template(task.qasm, task.names), task.values)
    if task.words is not None:
        words = tuple(dict.fromkeys(task.words))
        values = expect(source, words, task.config, memory_limit_bytes=limit)
        return dict(zip(words, values, strict=True))
    return sample(
        source,
        task.shots or 0,
        task.config,
        device=task.device,
        seed=task.seed,
        memory_limit_bytes=limit,
    )


def write_frame(stream: IO[bytes], message: Any) -> None:
    """Write a message and flush it.

    Raises:
        OSError: The other end is gone.
    """
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(len(data).to_bytes(_LENGTH_BYTES, "little"))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Any:
    """Read the next message.

    Raises:
        EOFError: There is no other end any more, or it stopped in the middle of a message.
    """
    length = int.from_bytes(_read_exactly(stream, _LENGTH_BYTES), "little")
    return pickle.loads(_read_exactly(stream, length))  # noqa: S301  our own process wrote it


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the pipe was closed")
    return data
