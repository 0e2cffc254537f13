"""Keep the process from being forked while a thread is in a transaction of SQLite.

SQLite records for the whole process which locks it holds on each file. A child that is forked during a
transaction of another thread inherits that record, but not the thread. It would find the file locked forever,
and wait for five seconds each time it uses the journal.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

__all__ = ["no_fork"]

# Longer than a transaction waits for another process. The limit is needed because a fork within a transaction
# would otherwise wait for itself.
_LONGEST_WAIT_S = 10.0


class _ForkGate:
    """Lets either threads run code that a fork must not interrupt, or one thread fork."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all threads. In a forked child, they do not exist."""
        # The lock of the condition is held during a fork, so that no thread begins anything.
        self._condition = threading.Condition()
        self._num_busy = 0
        self._num_forks = 0  # the threads that are about to fork

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Delay forks until the end of this context.

        A thread that is about to fork goes first. Otherwise threads that take turns could delay it forever.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._num_forks == 0, timeout=_LONGEST_WAIT_S)
            self._num_busy += 1
        try:
            yield
        finally:
            with self._condition:
                self._num_busy -= 1
                self._condition.notify_all()

    def before_fork(self) -> None:
        """Wait until no thread is busy, and keep others from becoming busy."""
        self._condition.acquire()
        self._num_forks += 1
        self._condition.wait_for(lambda: self._num_busy == 0, timeout=_LONGEST_WAIT_S)

    def after_fork_in_parent(self) -> None:
        """Let threads continue."""
        # Ctrl-C may have interrupted `before_fork` before it counted this fork.
        self._num_forks = max(0, self._num_forks - 1)
        self._condition.notify_all()
        self._condition.release()


_gate = _ForkGate()
if hasattr(os, "register_at_fork"):  # not on Windows, where no process is forked
    os.register_at_fork(
        before=_gate.before_fork,
        after_in_parent=_gate.after_fork_in_parent,
        after_in_child=_gate.reset,
    )


def no_fork() -> AbstractContextManager[None]:
    """Return a context in which the process is not forked. Several threads may be in it at once."""
    return _gate.busy()
