"""Consecutive tasks that are rows of one template, in columns.

A sweep has thousands of tasks that differ only in their numbers. Sending them to a worker as one array of
numbers is many times faster than sending them one by one.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, overload

from qiskit_qoro.local.workers.tasks import CircuitTask

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["TaskRows"]

_FLOAT_BYTES = 8


@dataclass(frozen=True, eq=False)
class TaskRows(Sequence[CircuitTask]):
    """Tasks that differ only in their values, their shots and their position in the job.

    Attributes:
        first: The first task. All tasks have its label, because workers do not use labels.
        position: Its position in the job. The positions of the others follow.
        packed: The values of all tasks, each as eight little-endian bytes.
        shots: The shots of each task.
    """

    first: CircuitTask
    position: int
    packed: bytes
    shots: tuple[int | None, ...]

    def __len__(self) -> int:
        return len(self.shots)

    @overload
    def __getitem__(self, index: int) -> CircuitTask: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CircuitTask]: ...
    def __getitem__(self, index: int | slice) -> CircuitTask | Sequence[CircuitTask]:
        numbers = range(len(self))[index]
        if not isinstance(numbers, range):
            return self._task(numbers)
        if numbers.step != 1:
            return [self._task(number) for number in numbers]
        width = len(self.first.names) * _FLOAT_BYTES
        return replace(
            self,
            position=self.position + numbers.start,
            packed=self.packed[numbers.start * width : numbers.stop * width],
            shots=self.shots[numbers.start : numbers.stop],
        )

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """The values of all tasks, shape (tasks, names)."""
        import numpy as np  # noqa: PLC0415 - a worker starts without it

        return np.frombuffer(self.packed, "<f8").reshape(len(self), len(self.first.names))

    def _task(self, number: int) -> CircuitTask:
        width = len(self.first.names)
        return replace(
            self.first,
            values=struct.unpack_from(f"<{width}d", self.packed, number * width * _FLOAT_BYTES),
            shots=self.shots[number],
            settings=self.first.settings.for_circuit(self.position + number),
        )
