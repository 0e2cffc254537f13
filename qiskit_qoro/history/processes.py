"""Whether the process that began a submission still runs.

A process is known by its host, its number and the moment it started: numbers are given again, and the file
may lie on a disk that several machines share. Linux and Windows tell when a process started; on Linux the
boot is part of it. Where the system does not tell, or where the process belongs to another machine, nobody
can be sure, and a submission that has been under way for more than :data:`LONGEST_SUBMISSION` counts as left.
"""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

__all__ = ["LONGEST_SUBMISSION", "ProcessMark", "is_abandoned", "mark_of_this_process"]

LONGEST_SUBMISSION = timedelta(days=1)
"""No submission takes longer than this."""


@dataclass(frozen=True)
class ProcessMark:
    """What a process is known by.

    Attributes:
        host: The name of its machine.
        pid: Its number there.
        started: When it started, in words of the system that nobody else needs to understand; empty where
            the system does not tell.
    """

    host: str
    pid: int
    started: str


def mark_of_this_process() -> ProcessMark:
    """What the present process is known by."""
    pid = os.getpid()
    return ProcessMark(platform.node(), pid, _started(pid) or "")


def is_abandoned(mark: ProcessMark, age: timedelta) -> bool:
    """Whether nobody works on a submission any more.

    Args:
        mark: The process that began it.
        age: How long ago that was.
    """
    if mark.host != platform.node() or not mark.started:
        return age > LONGEST_SUBMISSION or (mark.host == platform.node() and not _exists(mark.pid))
    return _started(mark.pid) != mark.started


if sys.platform == "win32":
    import ctypes

    def _started(pid: int) -> str | None:
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return None
        try:
            code = ctypes.c_ulong()
            times = [ctypes.c_ulonglong() for _ in range(4)]
            kernel.GetExitCodeProcess(handle, ctypes.byref(code))
            still_active = 259
            if code.value != still_active:
                return None
            kernel.GetProcessTimes(handle, *map(ctypes.byref, times))
            return str(times[0].value)
        finally:
            kernel.CloseHandle(handle)

    def _exists(pid: int) -> bool:
        return _started(pid) is not None

else:

    def _started(pid: int) -> str | None:
        """The boot, and the clock ticks from there to the start of a process; ``None`` if it has ended."""
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
            # The name in parentheses may hold anything; after it comes the state, which is field 3.
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return None
        if len(fields) < 20 or fields[0] in (b"Z", b"X"):
            return None
        return f"{boot}:{fields[19].decode('ascii')}"

    def _exists(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True
