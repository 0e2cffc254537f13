"""Tasks for worker processes: what they contain, and how they are sent over the pipe.

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

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.models.config import Simulator
from qiskit_qoro.models.jobs import CircuitResult, ResultDetails

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qiskit_qoro.models.gradients import WeightedStrings
    from qiskit_qoro.models.states import StateRequest

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
    "write_frame",
]

_LENGTH_BYTES = 8


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
            from qiskit_qoro.models.gradients import GradientValues  # noqa: PLC0415 - it needs NumPy

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
        from qiskit_qoro.wire.histograms.decoding import decode_histogram  # noqa: PLC0415
        from qiskit_qoro.wire.histograms.encoding import histogram_to_json  # noqa: PLC0415

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
