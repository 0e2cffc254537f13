"""A cache of bounded size that threads and forked processes may use.

It has no lock, which a forked child could find held. Each step is a single operation on a dictionary, and the
worst that two threads at once can do is to compute a value twice.
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
        self._values: dict[Hashable, _T] = {}
        self._size = 0

    def __reduce__(self) -> tuple[type[BoundedCache[_T]], tuple[int]]:
        return BoundedCache, (self._max_size,)

    def get(self, key: Hashable) -> _T | None:
        """Return the value of a key, or ``None`` if there is none."""
        return self._values.get(key)

    def add(self, key: Hashable, value: _T, *, size: int = 1) -> None:
        """Add a value, unless it is larger than the cache.

        Args:
            key: The key.
            value: The value.
            size: The size of the value, in any unit.
        """
        if size > self._max_size:
            return
        if self._size + size > self._max_size:
            self._values, self._size = {}, 0
        self._values[key] = value
        self._size += size
