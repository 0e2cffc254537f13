"""The tasks of a job, which are built when they are accessed.

Texts are decompressed when they are needed, so that those of a large job are not in memory all at once.

A job that was interrupted continues with the circuits that have neither a result nor a failure. Everything
that depends on the other circuits, such as positions and groups, is as if the job had not been interrupted.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import cast, overload

from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.store.records import StoredCircuit, StoredJob, StoredTemplate
from qiskit_qoro.local.workers.row_grouping import group_rows, window_starts
from qiskit_qoro.local.workers.task_rows import TaskRows
from qiskit_qoro.local.workers.tasks import CircuitTask, StateTask
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.wire.states.requests import state_request_from_json
from qiskit_qoro.wire.text import decode_text

__all__ = ["CircuitTasks", "StateTasks"]

# More than the largest batch spans, so that no window is built twice unless a worker is lost.
_MAX_WINDOWS = 8


class CircuitTasks(Sequence[CircuitTask]):
    """The tasks of a job that samples or computes expectation values or gradients.

    Each circuit that is to run is a task.

    Circuits that differ only in their angles become consecutive rows of a template, so the order of the tasks
    is not that of the circuits. This happens in windows of consecutive circuits, so that few texts are in
    memory.

    The settings of each circuit contain its position, so that equal circuits of a job with a seed have
    different counts.

    Args:
        job: The job.
        circuits: All its circuits, in order.
        templates: Its templates, by their numbers.
        config: Its configuration.
        finished: The positions of the circuits that do not run again.
    """

    def __init__(
        self,
        job: StoredJob,
        circuits: Sequence[StoredCircuit],
        templates: Mapping[int, StoredTemplate],
        config: AnyConfig | None,
        finished: Collection[int] = frozenset(),
    ) -> None:
        self._circuits = circuits
        self._finished = finished
        self._remaining = _without(circuits, finished)
        # All tasks of a template share these objects, so pickling a batch of tasks writes each only once.
        self._templates = {
            number: (decode_text(template.blob), template.names) for number, template in templates.items()
        }
        self._pauli_strings = _pauli_strings_per_circuit(job, len(circuits))
        self._observables = job.weighted_observables
        self._settings = engine_settings(config, job.qpu_system)
        # Rows of one template are consecutive, so they need no windows.
        self._is_ordered = len(set(self._templates.values())) == len(self._templates) and all(
            circuit.template is not None for circuit in circuits
        )
        # The windows are those of all circuits: the index of the first circuit of each window, and the index
        # of its first task.
        self._bounds = window_starts([len(circuit.content) for circuit in circuits])
        self._starts = self._bounds
        if finished:
            positions = [circuit.position for circuit in self._remaining]
            self._starts = [bisect_left(positions, circuits[bound].position) for bound in self._bounds]
        # The circuits of each window, in the order of its tasks.
        self._ordered: dict[int, list[StoredCircuit]] = {}
        # The tasks of the windows that were built last, the oldest first.
        self._windows: OrderedDict[int, list[CircuitTask]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._remaining)

    @overload
    def __getitem__(self, index: int) -> CircuitTask: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CircuitTask]: ...
    def __getitem__(self, index: int | slice) -> CircuitTask | Sequence[CircuitTask]:
        numbers = range(len(self))[index]
        if isinstance(numbers, range):
            return self._rows(numbers) or [self._task(number) for number in numbers]
        return self._task(numbers)

    def circuits_of(self, start: int, count: int = 1) -> Sequence[StoredCircuit]:
        """Return the circuits of ``count`` tasks from ``start`` on."""
        if self._is_ordered:
            return self._remaining[start : start + count]
        circuits = []
        for index in range(start, start + count):
            window = self._window_of(index)
            if window not in self._ordered:
                self._load(window)
            circuits.append(self._ordered[window][index - self._starts[window]])
        return circuits

    def _window_of(self, index: int) -> int:
        # A window without tasks starts where the next one starts, so the last window that starts there is it.
        return bisect_right(self._starts, index) - 1

    def _rows(self, numbers: range) -> TaskRows | None:
        """Return several tasks in columns if they are rows of one template."""
        if not self._is_ordered or numbers.step != 1:
            return None
        circuits = self._remaining[numbers.start : numbers.stop]
        if len(circuits) < 2 or circuits[0].template != circuits[-1].template:
            return None
        if circuits[-1].position - circuits[0].position != len(circuits) - 1:
            return None  # a circuit between them has finished
        return TaskRows(
            self._task_of_circuit(circuits[0]),
            circuits[0].position,
            b"".join(cast("bytes", circuit.content) for circuit in circuits),
            tuple(circuit.shots for circuit in circuits),
        )

    def _task(self, index: int) -> CircuitTask:
        if self._is_ordered:
            return self._task_of_circuit(self._remaining[index])
        window = self._window_of(index)
        if window not in self._windows:
            self._load(window)
        return self._windows[window][index - self._starts[window]]

    def _load(self, window: int) -> None:
        """Build the tasks of a window."""
        start, end = [*self._bounds, len(self._circuits)][window : window + 2]
        circuits = self._circuits[start:end]
        grouped = [
            (index, task)
            for index, task in group_rows([self._task_of_circuit(circuit) for circuit in circuits])
            if circuits[index].position not in self._finished
        ]
        self._ordered[window] = [circuits[index] for index, _ in grouped]
        self._windows[window] = [task for _, task in grouped]
        if len(self._windows) > _MAX_WINDOWS:
            self._windows.popitem(last=False)

    def _task_of_circuit(self, circuit: StoredCircuit) -> CircuitTask:
        names: tuple[str, ...] = ()
        values: tuple[float, ...] | None = None
        if circuit.template is None:
            qasm = decode_text(str(circuit.content))
        else:
            qasm, names = self._templates[circuit.template]
            values = circuit.values
        return CircuitTask(
            label=circuit.label,
            qasm=qasm,
            shots=circuit.shots,
            pauli_strings=None if self._pauli_strings is None else self._pauli_strings[circuit.position],
            settings=self._settings.for_circuit(circuit.position),
            names=names,
            values=values,
            is_only_row=values is not None and len(self._circuits) == 1,
            observables=self._observables,
        )


class StateTasks(Sequence[StateTask]):
    """The tasks of a job of the type ``STATE``.

    Circuits that are evaluated together are one task. Otherwise each circuit is a task.

    Attributes:
        is_single: Whether the whole job is one task.

    Args:
        job: The job.
        circuits: All its circuits, in order.
        config: Its configuration.
        finished: The positions of the circuits that do not run again. If circuits are evaluated together, one
            of them stands for all.
    """

    def __init__(
        self,
        job: StoredJob,
        circuits: Sequence[StoredCircuit],
        config: AnyConfig | None,
        finished: Collection[int] = frozenset(),
    ) -> None:
        self._request = state_request_from_json(json.loads(job.state or "{}"))
        self._settings = engine_settings(config, job.qpu_system)
        is_joint = self._request.quantity.is_joint
        self.is_single = is_joint or len(circuits) == 1
        self._groups: list[Sequence[StoredCircuit]]  # the circuits of each task
        if is_joint:
            self._groups = [] if finished else [circuits]
        else:
            self._groups = [[circuit] for circuit in _without(circuits, finished)]

    def __len__(self) -> int:
        return len(self._groups)

    @overload
    def __getitem__(self, index: int) -> StateTask: ...
    @overload
    def __getitem__(self, index: slice) -> list[StateTask]: ...
    def __getitem__(self, index: int | slice) -> StateTask | list[StateTask]:
        numbers = range(len(self))[index]
        if isinstance(numbers, range):
            return [self._task(number) for number in numbers]
        return self._task(numbers)

    def circuits_of(self, index: int) -> Sequence[StoredCircuit]:
        """Return the circuits of a task."""
        return self._groups[index]

    def _task(self, index: int) -> StateTask:
        circuits = self.circuits_of(index)
        return StateTask(
            label=circuits[0].label,
            texts=tuple(decode_text(str(circuit.content)) for circuit in circuits),
            request=self._request,
            settings=self._settings,
        )


def _without(circuits: Sequence[StoredCircuit], finished: Collection[int]) -> Sequence[StoredCircuit]:
    """Return the circuits that have not finished."""
    return [circuit for circuit in circuits if circuit.position not in finished] if finished else circuits


def _pauli_strings_per_circuit(job: StoredJob, num_circuits: int) -> list[tuple[str, ...]] | None:
    """The Pauli strings to measure on each circuit, or ``None`` if the circuits are sampled."""
    if job.observables is None:
        return None
    groups, ham_map, _ = json.loads(job.observables)
    groups_of: list[list[int]] = [[] for _ in range(num_circuits)]
    for index, (start, end) in enumerate(ham_map or ()):
        for position in range(start, end):
            groups_of[position].append(index)

    # Cached, because thousands of circuits of a job have the same groups and should share one tuple.
    @cache
    def distinct_strings(indices: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(string for index in indices for string in groups[index]))

    # A circuit in no range is measured for every group.
    all_groups = tuple(range(len(groups)))
    return [distinct_strings(tuple(indices) or all_groups) for indices in groups_of]
