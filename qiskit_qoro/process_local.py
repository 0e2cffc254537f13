"""Values that each process has for itself, because a forked child must not use those of its parent.

``fork`` copies the memory of a process, but not its threads. The child shares the parent's sockets, and it
finds a lock held if another thread of the parent held it at that moment; nobody in the child releases it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["ProcessLocal"]

_T = TypeVar("_T")


class ProcessLocal(Generic[_T]):
    """A value that each process creates for itself, as ``threading.local`` has one for each thread.

    Several threads may use it at once.

    Args:
        create: Creates the value of a process when it is first needed there. The argument is the value that
            the process has inherited from its parent, ``None`` if there is none.
    """

    def __init__(self, create: Callable[[_T | None], _T]) -> None:
        self._create = create
        # Process identifier to value. Inherited values stay here forever. Dropping the last reference could
        # run a finalizer that needs a lock which a thread of the parent held during the fork.
        self._values: dict[int, _T] = {}

    def get(self) -> _T:
        """Return the value of this process. It is created if there is none."""
        value = self.peek()
        if value is None:
            inherited = next(reversed(self._values.values()), None)
            # If two threads get here at once, both use the value that is stored first.
            value = self._values.setdefault(os.getpid(), self._create(inherited))
        return value

    def peek(self) -> _T | None:
        """Return the value of this process, or ``None`` if it has not been created."""
        return self._values.get(os.getpid())
