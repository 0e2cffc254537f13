"""Half-open ranges of circuits: the shots of each range, and the observables of each range."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from numbers import Integral
from typing import NamedTuple

from qiskit_qoro.errors import QoroInputError

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
        groups: Triples ``[start, end, shots]``, half open.
        num_circuits: The number of circuits to cover.

    Returns:
        The triples as values.

    Raises:
        QoroInputError: A triple is malformed, or there is a gap, an overlap, an empty range, a range
            past the end, or a number of shots below 1.
    """
    _check_list(groups, "shot_groups", "[start, end, shots]")
    position = 0  # the first circuit that is not covered yet
    parsed = []
    for index, group in enumerate(groups):
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
        ranges: One half-open ``[start, end]`` for each group.
        num_groups: The number of groups of observables.
        num_circuits: The number of circuits in the job, or ``None`` if it is not known yet.

    Returns:
        The ranges as values.

    Raises:
        QoroInputError: The number of ranges is wrong, or a range is malformed, empty or past the last
            circuit.
    """
    _check_list(ranges, "circuit_ham_map", "[start, end]")
    if len(ranges) != num_groups:
        raise QoroInputError(
            f"circuit_ham_map has {len(ranges)} ranges for {num_groups} groups of observables, "
            "expected one for each"
        )
    parsed = []
    for index, item in enumerate(ranges):
        start, end = _integers(item, 2, f"circuit_ham_map[{index}]", "[start, end]")
        if not 0 <= start < end or (num_circuits is not None and end > num_circuits):
            within = "" if num_circuits is None else f" within the {num_circuits} circuits"
            raise QoroInputError(
                f"circuit_ham_map[{index}] is [{start}, {end}), expected a non-empty range{within}"
            )
        parsed.append(CircuitRange(start, end))
    return tuple(parsed)


def _check_list(value: object, where: str, shape: str) -> None:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise QoroInputError(f"{where} is {value!r}, expected a list of {shape}")


def _integers(item: Sequence[int], length: int, where: str, shape: str) -> tuple[int, ...]:
    is_sequence = isinstance(item, Sequence) and not isinstance(item, str)
    if (
        not is_sequence
        or len(item) != length
        or any(isinstance(number, bool) or not isinstance(number, Integral) for number in item)
    ):
        raise QoroInputError(f"{where} is {item!r}, expected integers {shape}")
    return tuple(int(number) for number in item)


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
