"""Measure contenders: their times, their CPU times and their memory.

Contenders take turns, and every second turn is in reverse order. A change in the load of the machine then
affects all of them alike, so the ratio of two contenders is computed turn by turn. In each turn a contender
that takes milliseconds is called several times in a row.

The CPU time is that of this process, and that of its child processes. The workers of a local service are
child processes. The memory is the largest amount that a call needs in addition to what the processes have
already.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import psutil

__all__ = ["Contender", "Pace", "Timing", "quartiles", "take_turns", "wait_for_children"]

Contender = Callable[[], object]

# A contender is called again within a turn until the turn has taken this long.
_TURN_S = 0.03
_MAX_CALLS_PER_TURN = 20

# Child processes are idle if they use no more than this CPU time in this time.
_QUIET_S = 1.5
_QUIET_CPU_S = 0.02


@dataclass(frozen=True)
class Pace:
    """How long to measure.

    Attributes:
        seconds: No turn starts after this time, if there have been ``min_turns``.
        min_turns: The smallest number of turns.
        max_turns: The largest number of turns.
    """

    seconds: float
    min_turns: int
    max_turns: int


@dataclass(frozen=True)
class Timing:
    """What was measured of one contender. All values are for one call.

    Attributes:
        turns_s: The mean time of a call in each turn.
        calls_per_turn: The number of calls in each turn.
        cpu_s: The CPU time of this process.
        children_cpu_s: The CPU time of the child processes.
        memory_bytes: Additional memory of this process.
        children_memory_bytes: Additional memory of the child processes.
    """

    turns_s: list[float]
    calls_per_turn: int = 1
    cpu_s: float | None = None
    children_cpu_s: float | None = None
    memory_bytes: int | None = None
    children_memory_bytes: int | None = None

    @property
    def median_s(self) -> float:
        """The median time of a call."""
        return median(self.turns_s)


def quartiles(values: list[float]) -> tuple[float, float]:
    """Return the first and the third quartile."""
    if len(values) == 1:
        return values[0], values[0]
    first, _, third = quantiles(values, n=4, method="inclusive")
    return first, third


def take_turns(contenders: Mapping[str, Contender], pace: Pace) -> dict[str, Timing]:
    """Measure contenders, which take turns.

    Each is called twice before the measurement. The first call warms up what the contender uses, the second
    one measures its memory.
    """
    calls, memory = {}, {}
    for name, call in contenders.items():
        call()
        begin = time.perf_counter()
        memory[name] = _memory_of(call)
        seconds = time.perf_counter() - begin
        calls[name] = max(1, min(_MAX_CALLS_PER_TURN, int(_TURN_S / seconds)))
    turns: dict[str, list[float]] = {name: [] for name in contenders}
    cpu: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    end = time.perf_counter() + pace.seconds
    for turn in range(pace.max_turns):
        if turn >= pace.min_turns and time.perf_counter() > end:
            break
        in_order = list(contenders.items())
        for name, call in in_order if turn % 2 == 0 else reversed(in_order):
            before = _cpu_times()
            begin = time.perf_counter()
            for _ in range(calls[name]):
                call()
            turns[name].append((time.perf_counter() - begin) / calls[name])
            own, children = (after - start for after, start in zip(_cpu_times(), before, strict=True))
            cpu[name].append((own / calls[name], children / calls[name]))
    return {
        name: Timing(
            turns[name],
            calls[name],
            *(median(times) for times in zip(*cpu[name], strict=True)),
            *memory[name],
        )
        for name in contenders
    }


def wait_for_children() -> None:
    """Wait until the child processes have been idle for a while, but no longer than a quarter of a minute."""
    for _ in range(10):
        _, before = _cpu_times()
        time.sleep(_QUIET_S)
        _, after = _cpu_times()
        if after - before < _QUIET_CPU_S:
            return


def _cpu_times() -> tuple[float, float]:
    """Return the CPU times of this process and of its child processes, including those that have ended."""
    ended = os.times()
    children = ended.children_user + ended.children_system
    for child in psutil.Process().children(recursive=True):
        try:
            children += _cpu_time(child)
        except (psutil.Error, OSError):  # it has ended
            continue
    return time.process_time(), children


def _cpu_time(process: psutil.Process) -> float:
    if psutil.LINUX:
        # The clock of the process, as clock_getcpuclockid returns it. psutil only counts ticks of 10 ms.
        return time.clock_gettime((~process.pid << 3) | 2)
    times = process.cpu_times()
    return float(times.user + times.system)


def _memory_of(call: Contender) -> tuple[int | None, int | None]:
    """Call, and return by how much the memory of this process and of its child processes grew at most."""
    if not psutil.LINUX:
        call()
        return None, None
    children = [child.pid for child in psutil.Process().children(recursive=True)]
    before = {pid: _reset_peak(pid) for pid in (os.getpid(), *children)}
    call()
    grown = {pid: max(0, _status_bytes(pid, "VmHWM") - start) for pid, start in before.items()}
    return grown.pop(os.getpid()), sum(grown.values())


def _reset_peak(pid: int) -> int:
    """Reset the peak of a process's memory, and return the memory that it uses now."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:  # it has ended
        return 0
    return _status_bytes(pid, "VmRSS")


def _status_bytes(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field)), 0)
