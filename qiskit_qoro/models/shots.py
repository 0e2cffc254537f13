"""Half-open ranges of circuits: the shots of each range, and the observables of each range."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import checked, integer_of, items_of

__all__ = [
    "CircuitRange",
    "ShotGroup",
    "group_shots",
    "parse_circuit_ham_map",
    "parse_shot_groups",
    "slice_shot_groups",
]


class CircuitRange(NamedTuple):
    """The circuits ``start <= k < end``."""

    start: int
    end: int


class ShotGroup(NamedTuple):
    """The circuits ``start <= k < end``, each with ``shots`` shots."""

    start: int
    end: int
    shots: int


def parse_shot_groups(groups: Sequence[Sequence[int]], num_circuits: int) -> tuple[ShotGroup, ...]:
    """Check that the groups cover all circuits exactly once, in order, and convert them to values.

    Args:
        groups: Triples ``[start, end, shots]``, half open; a list or an array.
        num_circuits: The number of circuits to cover.

    Returns:
        The triples as values.

    Raises:
        QoroInputError: A triple is malformed, or there is a gap, an overlap, an empty range, a range
            past the end, or a number of shots below 1.
    """
    position = 0  # the first circuit that is not covered yet
    parsed = []
    for index, group in enumerate(_items(groups, "shot_groups", "[start, end, shots]")):
        start, end, shots = _integers(group, 3, f"shot_groups[{index}]", "[start, end, shots]")
        if start != position:
            raise QoroInputError(
                f"shot_groups[{index}] starts at circuit {start}, expected {position}: "
                "the groups must cover all circuits in order, without gap or overlap"
            )
        if not start < end <= num_circuits:
            raise QoroInputError(
                f"shot_groups[{index}] covers [{start}, {end}), expected a non-empty range "
                f"within the {num_circuits} circuits"
            )
        if shots < 1:
            raise QoroInputError(f"shot_groups[{index}] has {shots} shots, expected 1 or more")
        parsed.append(ShotGroup(start, end, shots))
        position = end
    if position != num_circuits:
        raise QoroInputError(
            f"shot_groups end at circuit {position}, expected {num_circuits}: "
            "every circuit needs a number of shots"
        )
    return tuple(parsed)


def slice_shot_groups(groups: Sequence[ShotGroup], start: int, end: int) -> tuple[ShotGroup, ...]:
    """Return the part of the groups within the circuits ``start <= k < end``, counted from ``start``."""
    return tuple(
        ShotGroup(max(group.start, start) - start, min(group.end, end) - start, group.shots)
        for group in groups
        if group.start < end and group.end > start
    )


def parse_circuit_ham_map(
    ranges: Sequence[Sequence[int]], *, num_groups: int, num_circuits: int | None = None
) -> tuple[CircuitRange, ...]:
    """Check the assignment of groups of observables to circuits, and convert it to values.

    Args:
        ranges: One half-open ``[start, end]`` for each group; a list or an array.
        num_groups: The number of groups of observables.
        num_circuits: The number of circuits in the job, or ``None`` if it is not known yet.

    Returns:
        The ranges as values.

    Raises:
        QoroInputError: The number of ranges is wrong, or a range is malformed, empty or past the last
            circuit.
    """
    items = _items(ranges, "circuit_ham_map", "[start, end]")
    if len(items) != num_groups:
        raise QoroInputError(
            f"circuit_ham_map has {len(items)} ranges for {num_groups} groups of observables, "
            "expected one for each"
        )
    parsed = []
    for index, item in enumerate(items):
        start, end = _integers(item, 2, f"circuit_ham_map[{index}]", "[start, end]")
        if not 0 <= start < end or (num_circuits is not None and end > num_circuits):
            within = "" if num_circuits is None else f" within the {num_circuits} circuits"
            raise QoroInputError(
                f"circuit_ham_map[{index}] is [{start}, {end}), expected a non-empty range{within}"
            )
        parsed.append(CircuitRange(start, end))
    return tuple(parsed)


def _items(value: object, where: str, shape: str) -> list[Any]:
    return checked(where, value, items_of(value), f"a list of {shape}")


def _integers(item: object, length: int, where: str, shape: str) -> tuple[int, ...]:
    numbers = [integer_of(number) for number in items_of(item) or ()]
    integers = tuple(number for number in numbers if number is not None)
    if len(numbers) != length or len(integers) != length:
        raise QoroInputError(f"{where} is {item!r}, expected integers {shape}")
    return integers


def group_shots(shots: Sequence[int]) -> tuple[ShotGroup, ...]:
    """Group neighbouring circuits with the same number of shots.

    Args:
        shots: The shots of each circuit, in order.
    """
    groups = []
    start = 0
    for number, run in groupby(shots):
        end = start + sum(1 for _ in run)
        groups.append(ShotGroup(start, end, number))
        start = end
    return tuple(groups)
