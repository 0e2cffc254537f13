"""Serve until a signal ends the process: Ctrl-C, or SIGTERM."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["stop_signals"]


@contextmanager
def stop_signals() -> Iterator[Callable[[], None]]:
    """Let SIGINT and SIGTERM end a wait, instead of the process. Signal handlers require the main thread.

    Yields:
        A function that waits for a signal. An early signal is not lost: the function then returns at once.
    """
    stop = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in signals}

    def wait() -> None:
        # On Windows a signal does not interrupt a wait, so the wait has to time out regularly.
        while not stop.wait(0.5):
            pass

    try:
        yield wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
