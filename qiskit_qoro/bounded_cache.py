"""A cache of bounded size that threads and forked processes may use.

It has no lock, which a forked child could find held. Each step is a single operation on a dictionary. The
worst that two threads at once can do is to compute a value twice, or to miscount the size, so that the cache
is emptied a little earlier or later.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["BoundedCache"]

_T = TypeVar("_T")


class BoundedCache(Generic[_T]):
    """Values by key. If they become too many, all of them are dropped. Copies and pickles are empty.

    Args:
        max_size: The maximum total size of the values.
    """

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._values: dict[Hashable, tuple[_T, int]] = {}  # with the size of each value
        self._size = 0

    def __reduce__(self) -> tuple[type[BoundedCache[_T]], tuple[int]]:
        return BoundedCache, (self._max_size,)

    def get(self, key: Hashable) -> _T | None:
        """Return the value of a key, or ``None`` if there is none."""
        found = self._values.get(key)
        return None if found is None else found[0]

    def add(self, key: Hashable, value: _T, *, size: int = 1) -> None:
        """Add a value, or replace that of its key, unless it is larger than the cache.

        Args:
            key: The key.
            value: The value.
            size: The size of the value, in any unit.
        """
        if size > self._max_size:
            return
        replaced = self._values.get(key)
        growth = size if replaced is None else size - replaced[1]
        if self._size + growth > self._max_size:
            self._values, self._size, growth = {}, 0, size
        self._values[key] = value, size
        self._size += growth
