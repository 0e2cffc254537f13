"""The results of PUBs, as JSON and as tables."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
from qiskit.primitives import BitArray, PrimitiveResult, PubResult, SamplerPubResult

from qiskit_qoro.cli.output import print_counts, print_heading, print_table, say_omitted
from qiskit_qoro.display.tables import Column, Table

__all__ = ["print_pubs", "pubs_to_json"]


def pubs_to_json(result: PrimitiveResult[PubResult]) -> list[dict[str, Any]]:
    """Convert PUB results to JSON. Values and counts are nested lists of the shape of the PUB."""
    return [_pub_to_json(pub) for pub in result]


def _pub_to_json(pub: PubResult) -> dict[str, Any]:
    data = pub.data
    shape = list(data.shape)
    if isinstance(pub, SamplerPubResult):
        counts = {name: _nested_counts(array) for name, array in data.items()}
        return {"shape": shape, "shots": pub.metadata["shots"], "counts": counts}
    return {"shape": shape} | {name: np.asarray(values).tolist() for name, values in data.items()}


def _nested_counts(array: BitArray) -> Any:
    # An array of objects becomes nested lists of the right shape, also for the shape ().
    nested = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        nested[index] = array.get_counts(index)
    return nested.tolist()


def print_pubs(result: PrimitiveResult[PubResult], *, rows: int | None) -> None:
    """Print PUB results as tables to standard output.

    Args:
        result: The result of a sampler or an estimator.
        rows: The most rows of a table, and the most elements of a PUB that are shown, or ``None`` for all.
    """
    for place, pub in enumerate(result):
        shape = tuple(pub.data.shape)
        if len(result) > 1 or shape:
            print_heading(f"PUB {place}" + (f", shape {shape}" if shape else ""), is_first=not place)
        if isinstance(pub, SamplerPubResult):
            _print_counts(pub, shape, rows)
        else:
            _print_values(pub, shape, rows)


def _print_values(pub: PubResult, shape: tuple[int, ...], rows: int | None) -> None:
    # A PUB of the shape () has one value, whose index is not shown.
    gradients = getattr(pub.data, "gradients", None)
    columns = [
        *([Column("element", is_right=True)] if shape else []),
        Column("value", is_right=True),
        Column("standard error", 2, is_right=True),
        *([] if gradients is None else [Column("gradient", 1, is_right=True, least=12)]),
    ]
    rows_shown = []
    evs, stds = np.asarray(pub.data.evs), np.asarray(pub.data.stds)
    for index in islice(np.ndindex(shape), rows):
        element = [_index_text(index)] if shape else []
        slopes = [] if gradients is None else [", ".join(f"{slope:.6g}" for slope in gradients[index])]
        rows_shown.append((*element, f"{evs[index]:.12g}", f"{stds[index]:.3g}", *slopes))
    print_table(Table(columns, rows_shown))
    say_omitted(evs.size, rows, "elements")


def _print_counts(pub: SamplerPubResult, shape: tuple[int, ...], rows: int | None) -> None:
    size = int(np.prod(shape))
    is_first = True
    for index in islice(np.ndindex(shape), rows):
        for name, array in pub.data.items():
            if shape or len(pub.data) > 1:
                print_heading(f"{name}[{_index_text(index)}]" if shape else name, is_first=is_first)
                is_first = False
            print_counts(array.get_counts(index), rows=rows)
    say_omitted(size, rows, "elements")


def _index_text(index: tuple[int, ...]) -> str:
    return ",".join(map(str, index))
