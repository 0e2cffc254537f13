"""Qiskit's ``PrimitiveResult`` with a ``repr`` of one line and a card for notebooks.

Qiskit's own ``repr`` shows the shapes of all arrays, but no value.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
from qiskit.primitives import BitArray, PrimitiveResult, PubResult

from qiskit_qoro.display.cards import Card, CardTable, Picture
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.jobs.displayed_result import counts_pictures, shown_counts

__all__ = ["DisplayedPrimitiveResult"]

_PUBS_SHOWN = 10
_VALUES_SHOWN = 4
_SHOTS_COUNTED = 10_000  # counting more shots takes a moment


class DisplayedPrimitiveResult(PrimitiveResult[PubResult]):
    """A ``PrimitiveResult`` that is displayed well.

    A pickle or a copy of it is a ``PrimitiveResult`` of Qiskit, which can be read without this package.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return object.__new__, (PrimitiveResult,), self.__dict__.copy()

    def __repr__(self) -> str:
        names = dict.fromkeys(name for pub in islice(self, _PUBS_SHOWN) for name in pub.data)
        return f"<PrimitiveResult: {counted(len(self), 'PUB')} with {', '.join(names) or 'no data'}>"

    def _repr_html_(self) -> str:
        rows = [
            [
                str(index),
                str(tuple(pub.data.shape)) if name == next(iter(pub.data)) else "",
                name,
                _shown(array),
            ]
            for index, pub in enumerate(islice(self, _PUBS_SHOWN))
            for name, array in pub.data.items()
        ]
        left = len(self) - _PUBS_SHOWN
        more = f"and {counted(left, 'more PUB')}" if left > 0 else ""
        table = CardTable(["PUB", "shape", "data", "values"], rows, numbers=[0], texts=[3], more=more)
        pictures = self._pictures()
        return Card("Result", f"of {counted(len(self), 'PUB')}", pictures=pictures, tables=[table]).to_html()

    def _pictures(self) -> list[Picture]:
        """The counts of a single PUB that has one register and no parameters."""
        arrays = list(self[0].data.values()) if len(self) == 1 else []
        return counts_pictures(arrays[0].get_counts()) if len(arrays) == 1 and _is_counted(arrays[0]) else []


def _is_counted(array: Any) -> bool:
    return isinstance(array, BitArray) and array.size == 1 and array.num_shots <= _SHOTS_COUNTED


def _shown(array: Any) -> str:
    if isinstance(array, BitArray):
        shots = f"{array.num_shots:,} shots"
        return f"{shots}: {shown_counts(array.get_counts())}" if _is_counted(array) else shots
    values = np.asarray(array)
    shown = [f"{value:.6g}" for value in values.flat[:_VALUES_SHOWN]]
    return ", ".join([*shown, "…"] if values.size > len(shown) else shown)
