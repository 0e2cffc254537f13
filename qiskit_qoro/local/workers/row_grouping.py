"""Make circuits that differ only in their angles rows of a template, and put rows of a template together.

Preparing a template takes longer than reading a circuit, so a few circuits of a kind stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qiskit_qoro.local.workers.tasks import CircuitTask
from qiskit_qoro.qasm.read.bound_programs import BoundProgram, split_program

__all__ = ["group_rows", "window_starts"]

# Each worker that gets some of the rows prepares the template, which takes as long as reading five circuits.
_MIN_ROWS = 6

# The first window is short, so that the workers need not wait for the first tasks.
_FIRST_WINDOW = 128
_MAX_WINDOW = 1024
_MAX_WINDOW_CHARACTERS = 2**18


def window_starts(sizes: Sequence[int]) -> list[int]:
    """Divide circuits into windows, within which they are grouped.

    Args:
        sizes: The number of compressed characters of each circuit.

    Returns:
        The index of the first circuit of each window.
    """
    starts: list[int] = []
    count = characters = 0
    for index, size in enumerate(sizes):
        limit = _FIRST_WINDOW if len(starts) == 1 else _MAX_WINDOW
        if not starts or count >= limit or characters + size > _MAX_WINDOW_CHARACTERS:
            starts.append(index)
            count = characters = 0
        count += 1
        characters += size
    return starts


def group_rows(tasks: Sequence[CircuitTask]) -> list[tuple[int, CircuitTask]]:
    """Group tasks that can run as rows of the same template.

    Args:
        tasks: The tasks.

    Returns:
        Each task with its index. Tasks of one template are consecutive, and in their original order.
    """
    groups: dict[object, list[tuple[int, BoundProgram | None]]] = {}
    for index, task in enumerate(tasks):
        if task.values is not None:
            groups.setdefault((task.qasm, task.names, task.pauli_strings), []).append((index, None))
        else:
            bound = split_program(task.qasm)
            key = None if bound is None else (bound.skeleton, task.pauli_strings)
            groups.setdefault(key, []).append((index, bound))
    single: list[int] = []
    rows: list[tuple[int, CircuitTask]] = []
    for group in groups.values():
        bound = group[0][1]
        if tasks[group[0][0]].values is not None:
            rows += [(index, tasks[index]) for index, _ in group]
        elif bound is None or len(group) < _MIN_ROWS:
            single += [index for index, _ in group]
        else:
            qasm, names = bound.skeleton.template()
            rows += [
                (index, replace(task, qasm=qasm, names=names, values=program.angles, text=task.qasm))
                for index, program in group
                if program is not None
                for task in [tasks[index]]
            ]
    return [(index, tasks[index]) for index in sorted(single)] + rows
