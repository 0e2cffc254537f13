"""A program of a cluster ends when it is stopped, whatever its tasks do."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.workers.cluster.programs.running import root_cause, run_until_stopped

SAME_AUTHORITY = "both sides need certificates of the same authority"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_program_cleans_up_and_ends_without_an_error(number: signal.Signals) -> None:
    said: list[str] = []

    async def program() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            said.append("clean")

    run_until_stopped(program())
    assert said == ["clean"]


def test_a_program_that_ends_by_itself_is_not_waited_for() -> None:
    async def program() -> None:
        pass

    run_until_stopped(program())


def test_the_error_of_a_program_is_raised() -> None:
    async def program() -> None:
        raise QoroError("broken")

    with pytest.raises(QoroError, match="broken"):
        run_until_stopped(program())


@pytest.fixture
def lost_tasks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Keep asyncio from printing that tasks have been lost."""
    with caplog.at_level(logging.CRITICAL + 1, logger="asyncio"):
        yield
        gc.collect()


async def stubborn() -> None:
    """Ignore cancellation, until the loop is gone."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


@pytest.mark.usefixtures("lost_tasks")
def test_a_program_that_cannot_be_cancelled_ends_too() -> None:
    async def program() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await stubborn()

    began = time.monotonic()
    run_until_stopped(program(), end_limit_s=0.05)
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("lost_tasks")
def test_tasks_that_a_program_leaves_do_not_keep_it() -> None:
    left: list[asyncio.Task[None]] = []

    async def program() -> None:
        left.append(asyncio.ensure_future(stubborn()))
        await asyncio.sleep(0)

    run_until_stopped(program(), end_limit_s=0.05)
    assert not left.pop().done()


def raised_from(*errors: Exception) -> Exception:
    for error, cause in pairwise(errors):
        error.__cause__ = cause
    return errors[0]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError("in a connector"), "in a connector"),
        (raised_from(OSError("late"), OSError(errno.ECONNREFUSED, "x")), "Connection refused"),
        (raised_from(OSError("timed out"), TimeoutError()), "no answer"),
        (TimeoutError(), "no answer"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (raised_from(OSError("a"), RuntimeError("b"), ssl.SSLError(1, "bad")), f"(bad): {SAME_AUTHORITY}"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_the_first_cause_of_an_error_is_named(error: Exception, text: str) -> None:
    assert root_cause(error).endswith(text)
