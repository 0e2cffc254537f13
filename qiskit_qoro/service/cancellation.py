"""Ctrl-C during a wait: it asks for a clean end first and interrupts then, or leaves the jobs running."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["interrupt_sets", "note_on_interrupt"]

_TOLD = 5


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


@contextmanager
def note_on_interrupt(job_ids: Iterable[str]) -> Iterator[None]:
    """While this context lasts, Ctrl-C raises as usual, with a note that tells how to get jobs back.

    Args:
        job_ids: The jobs, which go on; read when it is pressed.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(_way_back(list(job_ids)))
        raise


def _way_back(job_ids: list[str]) -> str:
    if len(job_ids) == 1:
        return f"Job {job_ids[0]} goes on. Get it back with provider.retrieve_job({job_ids[0]!r})"
    told = ", ".join(map(repr, job_ids[:_TOLD]))
    more = f" and {len(job_ids) - _TOLD} more" if len(job_ids) > _TOLD else ""
    return f"{len(job_ids)} jobs go on. Get each back with provider.retrieve_job(id): {told}{more}"
