"""Handle Ctrl-C during a wait: either cancel the job first, or leave the jobs running and name them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from qiskit_qoro.printable import printable_line

__all__ = ["interrupt_sets", "note_on_interrupt"]

_MAX_LISTED = 5
"""Most job identifiers that a note lists."""


@contextmanager
def interrupt_sets(event: threading.Event) -> Iterator[None]:
    """Make the first Ctrl-C set ``event`` and the second one raise :class:`KeyboardInterrupt`.

    This works only in the main thread, where Python handles signals, and only if Python's own handler is
    installed: an application that handles Ctrl-C itself keeps its handler.

    Args:
        event: Set by the first Ctrl-C.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def handle_first_press(_number: int, _frame: FrameType | None) -> None:
        # From here on Ctrl-C raises as usual. A user can always stop a cancellation that hangs.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        event.set()

    signal.signal(signal.SIGINT, handle_first_press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def note_on_interrupt(
    job_ids: Iterable[str], describe_limit: Callable[[], str] | None = None
) -> Iterator[None]:
    """Add a note to a :class:`KeyboardInterrupt` that explains how to retrieve the jobs.

    Args:
        job_ids: The jobs that keep running. An iterator is consumed only when Ctrl-C is pressed.
        describe_limit: Returns the limit of retrieving them, for example that they end with the process, or
            an empty text. It is called only when Ctrl-C is pressed.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        limit = describe_limit() if describe_limit else ""
        note = _retrieval_note(list(job_ids)) + (f". {limit}" if limit else "")
        interrupt.add_note(printable_line(note))
        raise


def _retrieval_note(job_ids: list[str]) -> str:
    if len(job_ids) == 1:
        return f"Job {job_ids[0]} keeps running. Retrieve it with provider.retrieve_job({job_ids[0]!r})"
    listed = ", ".join(map(repr, job_ids[:_MAX_LISTED]))
    more = f" and {len(job_ids) - _MAX_LISTED} more" if len(job_ids) > _MAX_LISTED else ""
    return f"{len(job_ids)} jobs keep running. Retrieve each with provider.retrieve_job(id): {listed}{more}"
