"""Short forms of identifiers: prefixes that no other known identifier has, as git shows commits."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

__all__ = ["MIN_PREFIX_LENGTH", "short_identifiers"]

MIN_PREFIX_LENGTH = 8
"""The fewest characters of a short form. An identifier that is shorter is its own short form."""


def short_identifiers(identifiers: Iterable[str], *, least: int = MIN_PREFIX_LENGTH) -> dict[str, str]:
    """Return the shortest prefix of each identifier that no other one has.

    Args:
        identifiers: All identifiers that must be told apart.
        least: The fewest characters of a prefix.

    Returns:
        Identifier to prefix. An identifier with which another one begins is not shortened.
    """
    ordered = sorted(set(identifiers))
    # The identifiers that share most characters with one are its neighbours in alphabetical order.
    shared = [0, *(_num_shared(*pair) for pair in pairwise(ordered)), 0]
    return {
        identifier: identifier[: max(least, shared[place] + 1, shared[place + 1] + 1)]
        for place, identifier in enumerate(ordered)
    }


def _num_shared(first: str, second: str) -> int:
    """Return the number of characters with which both texts begin."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(first), len(second)))
