"""Ctrl-C during a wait: the first press asks for a clean end, the second interrupts at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["interrupt_sets"]


@contextmanager
def interrupt_sets(event: threading.Event) -> Iterator[None]:
    """While this context lasts, the first Ctrl-C sets ``event`` and the second raises as usual.

    Only in the main thread, where signals arrive, and only in place of Python's own handler: an
    application that handles Ctrl-C itself keeps doing so.

    Args:
        event: What a press sets.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def first_press(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        event.set()

    signal.signal(signal.SIGINT, first_press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
