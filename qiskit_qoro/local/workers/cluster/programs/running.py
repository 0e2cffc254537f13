"""Run a program in an event loop until it is stopped: by a signal, or by the end of its input."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Coroutine

from qiskit_qoro.local.workers.cluster.tls_failures import tls_failure

__all__ = ["root_cause", "root_error", "run_until_stopped"]

_END_LIMIT_S = 10.0


def run_until_stopped(
    program: Coroutine[None, None, None], *, until_input_ends: bool = False, end_limit_s: float = _END_LIMIT_S
) -> None:
    """Run a program. If it is stopped, it is cancelled, and ends without an error. For the main thread.

    Args:
        program: The program. It has to clean up when it is cancelled.
        until_input_ends: Whether the program ends with its standard input, too. If this is a pipe, it ends
            when the process at its other end does.
        end_limit_s: How long it may take to clean up, in seconds. Tasks that it leaves get as long.
    """
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_run(program, until_input_ends, end_limit_s))
    finally:
        # asyncio.run would wait for ever: Dask has tasks that cannot be cancelled if connections are lost.
        rest = asyncio.all_tasks(loop)
        for task in rest:
            task.cancel()
        if rest:
            loop.run_until_complete(asyncio.wait(rest, timeout=end_limit_s))
        loop.close()


async def _run(program: Coroutine[None, None, None], until_input_ends: bool, end_limit_s: float) -> None:
    task = asyncio.ensure_future(program)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # On Windows, Ctrl-C raises KeyboardInterrupt instead, and the program is cancelled afterwards.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    if until_input_ends:
        threading.Thread(target=_wait_for_end_of_input, args=(loop, stop.set), daemon=True).start()
    is_stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, is_stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=end_limit_s)
    if task.done() and not task.cancelled():
        task.result()  # raises the error of the program


def _wait_for_end_of_input(loop: asyncio.AbstractEventLoop, stop: Callable[[], object]) -> None:
    with contextlib.suppress(OSError):
        # Without the buffer of sys.stdin, whose lock the interpreter needs when it exits.
        while os.read(sys.stdin.fileno(), 4096):
            pass
    with contextlib.suppress(RuntimeError):  # the loop is closed: the program has ended
        loop.call_soon_threadsafe(stop)


def root_error(error: BaseException) -> BaseException:
    """Return the first of several errors, each of which has caused the next one.

    Dask wraps the error of a connection several times.
    """
    seen = set()
    while id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or error.__context__ or error
    return error


def root_cause(error: BaseException) -> str:
    """Return the text of the first of several errors, each of which has caused the next one."""
    error = root_error(error)
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, socket.gaierror):
        return str(error.strerror)
    if isinstance(error, ssl.SSLError):
        return tls_failure(error)
    if isinstance(error, OSError) and error.errno is not None and error.errno > 1:
        return os.strerror(error.errno)  # the text of the error itself may repeat the address
    return str(error) or type(error).__name__
