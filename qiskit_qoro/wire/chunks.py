"""Render request bodies, and divide items over as few bodies as possible.

Parameter sweeps consist of millions of numbers. :func:`render_rows` renders them with orjson, which is many
times as fast as the standard library. The bytes are the same.

The service limits the size of the whole rendered JSON. So every body is rendered by :func:`render`, and
:func:`pack` uses the sizes of rendered pieces: the size of a body without items (the overhead), and the bytes
that each item adds, including its comma. Packing is greedy and keeps the order. For items in a fixed order
this gives the smallest number of bodies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import orjson

from qiskit_qoro.errors import QoroInputError

__all__ = ["MAX_BODY_BYTES", "ItemTooLargeError", "pack", "render", "render_rows"]

MAX_BODY_BYTES = int(0.95 * 1024 * 1024)
"""Largest request body that clients send. The service refuses bodies of more than about 1 MB."""

# Between these sizes, orjson and Python write the same text. Other numbers have an exponent in one of the two
# only, or in different forms.
_LEAST_PLAIN, _MOST_PLAIN = 1e-4, 1e16

_BLOCK_NUMBERS = 2**15  # the text of so many numbers fits into the processor's cache


class ItemTooLargeError(QoroInputError):
    """An item does not fit into any body. Callers catch this error and raise one that describes the item.

    Attributes:
        index: The index of the item.
        size: The size that the item adds to a body, in bytes.
        available: The space for items in a body, in bytes.
    """

    def __init__(self, message: str, *, index: int = 0, size: int = 0, available: int = 0) -> None:
        super().__init__(message)
        self.index = index
        self.size = size
        self.available = available


def render(body: object) -> bytes:
    """Render a JSON body, compact and in ASCII. All our request bodies are rendered here.

    Args:
        body: A JSON value.

    Returns:
        The bytes to send.

    Raises:
        QoroInputError: The body contains NaN, an infinity, a lone surrogate, or a value that JSON cannot
            represent.
    """
    try:
        rendered = json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii")
        # A lone surrogate is escaped, like half of a character beyond U+FFFF. The service would refuse it.
        if b"\\ud" in rendered:
            json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        shown = error.object[max(0, error.start - 20) : error.end + 20]
        raise QoroInputError(
            f"the request contains a lone surrogate, which UTF-8 cannot encode, in {shown!r}: remove it"
        ) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise QoroInputError(
            f"the request is not JSON: {error}; expected finite numbers, texts, lists and mappings"
        ) from error
    return rendered


def render_rows(rows: npt.ArrayLike) -> list[bytes]:
    """Render rows of numbers.

    Args:
        rows: Numbers, shape (rows, columns).

    Returns:
        For each row the bytes of :func:`render`, with the numbers as floats.

    Raises:
        QoroInputError: A number is not finite.
    """
    values = np.ascontiguousarray(rows, np.float64)
    if not values.size:
        return [b"[]"] * len(values)
    step = max(1, _BLOCK_NUMBERS // values.shape[1])
    return [
        row for start in range(0, len(values), step) for row in _render_block(values[start : start + step])
    ]


def _render_block(values: npt.NDArray[np.float64]) -> list[bytes]:
    # Without the brackets at both ends, the text consists of rows that are separated by "],[".
    text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[2:-2]
    rendered = [b"[%b]" % row for row in text.split(b"],[")]
    sizes = np.abs(values)
    is_plain = (sizes >= _LEAST_PLAIN) & (sizes < _MOST_PLAIN) | (sizes == 0)
    for row in np.flatnonzero(~is_plain.all(axis=1)).tolist():
        rendered[row] = render(values[row].tolist())
    return rendered


def pack(sizes: Sequence[int], *, overhead: int, limit: int = MAX_BODY_BYTES) -> list[range]:
    """Divide items, in their order, over as few bodies as possible.

    Args:
        sizes: The size that each item adds to a body, in bytes.
        overhead: The size of a body without items, in bytes.
        limit: The largest size of a body, in bytes.

    Returns:
        The indices of the items in each body. The ranges are contiguous and not empty, and together they
        cover all items. Without items there is no body.

    Raises:
        ItemTooLargeError: An item does not fit into a body, even alone.
    """
    available = limit - overhead
    packed = []
    start = filled = 0
    for index, size in enumerate(sizes):
        if size > available:
            raise ItemTooLargeError(
                f"item {index} needs {size} bytes, a request has room for {available}: make it smaller",
                index=index,
                size=size,
                available=available,
            )
        # Filling each body as far as possible gives the fewest bodies.
        if filled + size > available:
            packed.append(range(start, index))
            start, filled = index, 0
        filled += size
    if sizes:
        packed.append(range(start, len(sizes)))
    return packed
