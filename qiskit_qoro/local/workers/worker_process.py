"""The main program of a worker process: read batches of tasks, run them, and write replies.

:mod:`qiskit_qoro.local.workers.worker_handle` starts the process with pipes as standard input and output. The
process moves the pipes to other descriptors first, because the engine prints to standard output.

The worker is ready before it has imported Qiskit, which only some tasks need. It imports Qiskit for the first
of these, or when it has been idle for a while.

A separate thread reads the input. When the input ends, the parent process has died or closed the pipe to end
this process. The thread then ends this process at once, even in the middle of a simulation.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

import psutil

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.engine_calls import accelerators
from qiskit_qoro.local.workers.task_rows import TaskRows
from qiskit_qoro.local.workers.task_runs import (
    Estimators,
    are_simple,
    import_rest,
    resolve_if_new,
    run_batch,
    run_task,
)
from qiskit_qoro.local.workers.tasks import AnyTask, CircuitTask, Progress, Reply, read_frame, write_frame
from qiskit_qoro.models.jobs import ResultDetails

__all__ = ["main"]

# Additional address space for the stacks and memory arenas of the engine's threads.
_HEADROOM_BYTES = 2**30

# The method of a task is reported when the task has run for this long, or for up to twice as long.
_PROGRESS_S = 0.1

# A worker without work for so long imports what the first tasks did not need.
_IDLE_S = 3.0

_WARM_UP = CircuitTask(
    label="warm-up",
    qasm='OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;',
    shots=1,
)


def main(memory_limit_bytes: int | None) -> None:
    """Run tasks until the input ends.

    Args:
        memory_limit_bytes: The maximum memory of a task, in addition to what the process uses already.
            Enforced on Linux only. ``None`` sets no limit.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process handles Ctrl-C
    source, replies = _take_standard_streams()
    estimators = Estimators()
    batches = _BatchQueue(source, estimators, memory_limit_bytes)
    ready = _warm_up(estimators)
    _limit_memory(memory_limit_bytes)
    progress = _ProgressReporter(replies)
    try:
        write_frame(replies, ready)
        while True:
            batch = batches.get()
            write_frame(replies, Reply())  # the batch starts
            begin = time.perf_counter()
            replies_to_batch = run_batch(
                batch, estimators, memory_limit_bytes=memory_limit_bytes, on_start=progress.start
            )
            for reply in replies_to_batch:
                end = time.perf_counter()
                progress.stop()
                write_frame(replies, replace(reply, seconds=end - begin))
                begin = end
    except OSError:
        os._exit(0)  # the parent process is gone


class _BatchQueue:
    """The batches that arrive, which a thread of its own reads. It imports what they need before they start.

    Args:
        source: The stream from the parent process.
        estimators: What is kept from batch to batch.
        memory_limit_bytes: As for :func:`main`.
    """

    def __init__(self, source: BinaryIO, estimators: Estimators, memory_limit_bytes: int | None) -> None:
        self._cache = estimators.cache
        self._memory_limit_bytes = memory_limit_bytes
        self._batches: queue.SimpleQueue[Sequence[AnyTask]] = queue.SimpleQueue()
        self._has_rest = False
        threading.Thread(target=_read_batches, args=(source, self._batches), daemon=True).start()

    def get(self) -> Sequence[AnyTask]:
        """Wait for the next batch."""
        if self._has_rest:
            return self._batches.get()
        try:
            batch = self._batches.get(timeout=_IDLE_S)
        except queue.Empty:
            self._import_rest()
            return self._batches.get()
        if not isinstance(batch, TaskRows):
            batch = tuple(resolve_if_new(task, self._cache) for task in batch)
        if not are_simple(batch, memory_limit_bytes=self._memory_limit_bytes):
            # Now, because the time limit of the first task counts from the start of the batch.
            self._import_rest()
        return batch

    def _import_rest(self) -> None:
        # The libraries map a gigabyte of addresses, which is not memory of a task.
        _lift_memory_limit(self._memory_limit_bytes)
        import_rest()
        _limit_memory(self._memory_limit_bytes)
        self._has_rest = True


class _ProgressReporter:
    """Reports the method of each task that runs longer than :data:`_PROGRESS_S`, from a thread of its own.

    If such a task exceeds its time limit, the parent process knows what it was doing. The engine does not
    hold Python's lock, so the thread runs in time. Fast tasks cost nothing but two assignments.

    Args:
        replies: The stream to the parent process. The main thread writes to it too, but only when no task is
            running.
    """

    def __init__(self, replies: BinaryIO) -> None:
        self._replies = replies
        # Guards `_details`, and the stream while a task is running.
        self._lock = threading.Lock()
        # The method of the running task, until it is reported or the task ends.
        self._details: ResultDetails | None = None
        threading.Thread(target=self._watch, daemon=True).start()

    def start(self, details: ResultDetails) -> None:
        """A task starts."""
        self._details = details

    def stop(self) -> None:
        """The task ends. Nothing is written after this."""
        with self._lock:
            self._details = None

    def _watch(self) -> None:
        seen: ResultDetails | None = None
        while True:
            time.sleep(_PROGRESS_S)
            with self._lock:
                # Each task has an object of its own, so the same object means the same task.
                if self._details is not None and self._details is seen:
                    with contextlib.suppress(OSError):  # the main thread notices that the parent is gone
                        write_frame(self._replies, Progress(self._details))
                    self._details = None
                seen = self._details


def _take_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes away from standard input and output, and connect those to the null device."""
    source = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        for stream in (source, replies):
            msvcrt.setmode(stream.fileno(), os.O_BINARY)
    return source, replies


def _read_batches(source: BinaryIO, batches: queue.SimpleQueue[Sequence[AnyTask]]) -> None:
    """Read batches into the queue. End the process when the input ends."""
    try:
        while True:
            batches.put(read_frame(source))
    finally:
        os._exit(0)


def _warm_up(estimators: Estimators) -> Reply:
    """Import everything that tasks need, so that the first task is as fast as the others.

    Returns:
        The reply that this process is ready.
    """
    try:
        found = accelerators()
    except QoroError:
        return Reply()  # every task will fail with this error
    run_task(_WARM_UP, estimators.cache)
    return Reply(accelerators=found)


def _lift_memory_limit(limit_bytes: int | None) -> None:
    """Remove the limit that :func:`_limit_memory` set."""
    if limit_bytes is None or not psutil.LINUX:
        return
    process = psutil.Process()
    _, hard = process.rlimit(psutil.RLIMIT_AS)
    process.rlimit(psutil.RLIMIT_AS, (hard, hard))


def _limit_memory(limit_bytes: int | None) -> None:
    if limit_bytes is None or not psutil.LINUX:
        return
    process = psutil.Process()
    # The limit is on address space, so count what the interpreter and its libraries have mapped already.
    wanted = process.memory_info().vms + limit_bytes + _HEADROOM_BYTES
    _, hard = process.rlimit(psutil.RLIMIT_AS)
    if hard == psutil.RLIM_INFINITY or wanted < hard:
        process.rlimit(psutil.RLIMIT_AS, (wanted, hard))
