"""Short forms of identifiers: prefixes that no other known identifier has, as git shows commits."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

__all__ = ["MIN_PREFIX_LENGTH", "short_identifiers"]

MIN_PREFIX_LENGTH = 8
"""The fewest characters of a short form. An identifier that is shorter is its own short form."""


def short_identifiers(
    identifiers: Iterable[str], *, among: Iterable[str] = (), least: int = MIN_PREFIX_LENGTH
) -> dict[str, str]:
    """Return the shortest prefix of each identifier that no other one has.

    Args:
        identifiers: The identifiers to shorten.
        among: Further identifiers, from which they must be told apart.
        least: The fewest characters of a prefix.

    Returns:
        Identifier to prefix. An identifier with which another one begins is not shortened.
    """
    wanted = set(identifiers)
    ordered = sorted({*wanted, *among})

    def shorten(identifier: str) -> str:
        # The identifiers that share most characters with one are its neighbours in alphabetical order.
        place = bisect_left(ordered, identifier)
        neighbours = (*ordered[max(0, place - 1) : place], *ordered[place + 1 : place + 2])
        shared = (_num_shared(identifier, other) for other in neighbours)
        return identifier[: max(least, *(number + 1 for number in shared), 0)]

    return {identifier: shorten(identifier) for identifier in wanted}


def _num_shared(first: str, second: str) -> int:
    """Return the number of characters with which both texts begin."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(first), len(second)))
