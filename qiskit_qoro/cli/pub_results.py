"""The results of a primitive's PUBs, as ``--json`` has them and as tables."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
from qiskit.primitives import BitArray, PrimitiveResult, PubResult, SamplerPubResult
from rich.table import Table
from rich.text import Text

from qiskit_qoro.cli.output import print_counts, print_table, say_rest

__all__ = ["print_pubs", "pubs_to_json"]


def pubs_to_json(result: PrimitiveResult[PubResult]) -> list[dict[str, Any]]:
    """The PUBs as ``--json`` has them: values and counts are nested as the shape of the PUB says."""
    return [_pub_to_json(pub) for pub in result]


def _pub_to_json(pub: PubResult) -> dict[str, Any]:
    data = pub.data
    shape = list(data.shape)
    if isinstance(pub, SamplerPubResult):
        counts = {name: _nested_counts(array) for name, array in data.items()}
        return {"shape": shape, "shots": pub.metadata["shots"], "counts": counts}
    evs, stds = (np.asarray(values).tolist() for values in (data.evs, data.stds))
    return {"shape": shape, "evs": evs, "stds": stds}


def _nested_counts(array: BitArray) -> Any:
    nested = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        nested[index] = array.get_counts(index)
    return nested.tolist()


def print_pubs(result: PrimitiveResult[PubResult], *, rows: int | None) -> None:
    """Print the PUBs as tables to standard output.

    Args:
        result: Of a sampler or an estimator.
        rows: How many rows a table has at most, and how many elements of a PUB have one; ``None`` for all.
    """
    for place, pub in enumerate(result):
        shape = tuple(pub.data.shape)
        if len(result) > 1 or shape:
            print_table(Text(f"PUB {place}" + (f", shape {shape}" if shape else "")))
        if isinstance(pub, SamplerPubResult):
            _print_counts(pub, shape, rows)
        else:
            _print_values(pub, shape, rows)


def _print_values(pub: PubResult, shape: tuple[int, ...], rows: int | None) -> None:
    table = Table(box=None)
    for heading in ("element", "value", "deviation")[0 if shape else 1 :]:
        table.add_column(heading, justify="right")
    evs, stds = np.asarray(pub.data.evs), np.asarray(pub.data.stds)
    for index in islice(np.ndindex(shape), rows):
        element = [_text(index)] if shape else []
        table.add_row(*element, f"{evs[index]:.12g}", f"{stds[index]:.3g}")
    print_table(table)
    say_rest(evs.size, rows, "elements")


def _print_counts(pub: SamplerPubResult, shape: tuple[int, ...], rows: int | None) -> None:
    size = int(np.prod(shape))
    for index in islice(np.ndindex(shape), rows):
        for name, array in pub.data.items():
            if shape or len(pub.data) > 1:
                print_table(Text(f"{name}[{_text(index)}]" if shape else name))
            print_counts(array.get_counts(index), rows=rows)
    say_rest(size, rows, "elements")


def _text(index: tuple[int, ...]) -> str:
    return ",".join(map(str, index))
