"""Request bodies: how they are rendered, and how many items fit into one.

Strategy: the service measures the whole rendered JSON, so we do too. Every body goes through :func:`render`,
and :func:`pack` works on the sizes of rendered pieces: what a body needs without any item (the overhead), and
what each item adds to it, its comma included. Packing is greedy and keeps the order, which also makes it
the smallest possible number of bodies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from qiskit_qoro.errors import QoroInputError

__all__ = ["MAX_BODY_BYTES", "ItemTooLargeError", "pack", "render"]

MAX_BODY_BYTES = int(0.95 * 1024 * 1024)
"""Longest request body that clients send; the service refuses them from about 1 MB."""


class ItemTooLargeError(QoroInputError):
    """One item is too large for a body of its own. The caller knows its name and words the error.

    Attributes:
        index: Which item, counted from 0.
        size: What it adds to a body, in bytes.
        available: What a body has room for, in bytes.
    """

    def __init__(self, message: str, *, index: int = 0, size: int = 0, available: int = 0) -> None:
        super().__init__(message)
        self.index = index
        self.size = size
        self.available = available


def render(body: object) -> bytes:
    """The bytes of a JSON body, the one way that all our bodies are rendered: compact, ASCII only.

    Args:
        body: Made of what JSON knows.

    Returns:
        The body as it is sent.

    Raises:
        QoroInputError: The body holds NaN, an infinity, or something that JSON does not know.
    """
    try:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii")
    except (TypeError, ValueError) as error:
        raise QoroInputError(
            f"the request is not JSON: {error}; expected finite numbers, texts, lists and mappings"
        ) from error


def pack(sizes: Sequence[int], *, overhead: int, limit: int = MAX_BODY_BYTES) -> list[range]:
    """Split items, in their order, over as few bodies as possible.

    Args:
        sizes: What each item adds to a body, in bytes.
        overhead: What a body needs beside its items, in bytes.
        limit: The longest body allowed, in bytes.

    Returns:
        For each body the indices of its items: contiguous, never empty, together all of them. No items
        need no body.

    Raises:
        ItemTooLargeError: An item does not fit into a body of its own.
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
        if filled + size > available:
            packed.append(range(start, index))
            start, filled = index, 0
        filled += size
    if sizes:
        packed.append(range(start, len(sizes)))
    return packed
