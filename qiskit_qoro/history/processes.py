"""Find out whether the process that began a submission still runs.

A process is identified by its host, its number and its start time. The number alone is not enough because the
system assigns it again, and the host is needed because several machines may share the file of the journal. A
process of another host cannot be checked; its submission counts as abandoned after
:data:`LONGEST_SUBMISSION`.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import timedelta

import psutil

from qiskit_qoro.process_local import ProcessLocal

__all__ = ["LONGEST_SUBMISSION", "ProcessMark", "is_abandoned", "mark_of_this_process"]

LONGEST_SUBMISSION = timedelta(days=1)
"""No submission takes longer than this."""

# Linux stores the start relative to the boot, so that its absolute time moves when the clock is corrected.
_TOLERANCE_S = 2.0


@dataclass(frozen=True)
class ProcessMark:
    """The properties that identify a process.

    Attributes:
        host: The name of its machine.
        pid: Its number there.
        started: When it started, in seconds since the epoch, as text.
    """

    host: str
    pid: int
    started: str


def _read_mark() -> ProcessMark:
    process = psutil.Process()
    return ProcessMark(platform.node(), process.pid, str(process.create_time()))


# Reading the mark takes longer than recording a submission, and it never changes.
_marks = ProcessLocal(lambda _inherited: _read_mark())


def mark_of_this_process() -> ProcessMark:
    """Return the properties that identify the current process."""
    return _marks.get()


def is_abandoned(mark: ProcessMark, age: timedelta) -> bool:
    """Whether the process that began a submission has ended.

    Args:
        mark: The process.
        age: How long ago the submission began.
    """
    if mark.host != platform.node():
        return age > LONGEST_SUBMISSION
    start_s = _start_s(mark.pid)
    try:
        return start_s is None or abs(start_s - float(mark.started)) > _TOLERANCE_S
    except ValueError:  # not a time in the format of this release
        return True


def _start_s(pid: int) -> float | None:
    """The start of a running process in seconds since the epoch, or ``None`` if the process has ended."""
    try:
        process = psutil.Process(pid)
        # A process that has ended keeps its number until its parent has read its exit code.
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None
