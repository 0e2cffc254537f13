"""Combine the circuits, observables and values of a gradient to few PUBs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["GradientBatch", "batch_elements"]


@dataclass(frozen=True, eq=False)
class GradientBatch:
    """Elements that become one PUB, in which each observable is combined with each row.

    Attributes:
        observables: For each observable the index of an element that has it.
        rows: The rows of parameter values.
        places: The index of each element, and its observable and row.
    """

    observables: list[int]
    rows: list[npt.NDArray[np.float64]]
    places: dict[int, tuple[int, int]]

    @classmethod
    def of_one(cls, numbers: dict[int, int], rows: list[npt.NDArray[np.float64]]) -> GradientBatch:
        """Return the batch of one observable, given the number of the row of each element that has it."""
        position_of = {number: position for position, number in enumerate(dict.fromkeys(numbers.values()))}
        places = {index: (0, position_of[number]) for index, number in numbers.items()}
        return cls([next(iter(numbers))], [rows[number] for number in position_of], places)


def batch_elements(
    members: Sequence[int], observables: Sequence[Any], rows: Sequence[npt.NDArray[np.float64]]
) -> list[GradientBatch]:
    """Divide the elements with one circuit into batches.

    Algorithms often combine each of a few observables with each of many rows. These elements are one batch.
    Otherwise each observable has a batch of its own.
    """
    numbers_of: dict[int, dict[int, int]] = {}  # observable -> index of the element -> number of its row
    number_of_row: dict[bytes, int] = {}
    distinct: list[npt.NDArray[np.float64]] = []
    for index in members:
        number = number_of_row.setdefault(rows[index].tobytes(), len(distinct))
        if number == len(distinct):
            distinct.append(rows[index])
        numbers_of.setdefault(id(observables[index]), {})[index] = number
    batches = [GradientBatch.of_one(numbers, distinct) for numbers in numbers_of.values()]
    if any(len(batch.rows) < len(distinct) for batch in batches):
        return batches
    places = {
        index: (first, number)
        for first, numbers in enumerate(numbers_of.values())
        for index, number in numbers.items()
    }
    return [GradientBatch([batch.observables[0] for batch in batches], distinct, places)]
