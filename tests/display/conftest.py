"""Terminals, and what a user sees in them."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest


def _screen_of(written: str) -> list[str]:
    """The lines of a terminal that interprets returns, backspaces and line ends, as all terminals do."""
    lines, row, column = [""], 0, 0
    for letter in written:
        if letter == "\n":
            row, column = row + 1, 0
            lines.append("")
        elif letter == "\r":
            column = 0
        elif letter == "\b":
            column -= 1
        else:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + letter + line[column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


class FakeTerminal(io.StringIO):
    """A terminal in memory."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """The lines that a user sees."""
        return _screen_of(self.getvalue())


@pytest.fixture
def terminal() -> FakeTerminal:
    """A terminal in memory."""
    return FakeTerminal()


@pytest.fixture
def screen_of() -> Callable[[str], list[str]]:
    """The lines that a user sees of what was written to a terminal."""
    return _screen_of


@pytest.fixture
def run_in_terminal() -> Callable[..., tuple[str, str]]:
    """Run a script in a terminal, as :func:`_run_in_terminal` does."""
    return _run_in_terminal


def _run_in_terminal(
    script: str, *, stdout_is_terminal: bool = True, environment: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Run a script with standard error, and perhaps standard output, on a terminal.

    Returns:
        What it wrote to the terminal, and what it wrote to standard output if that is a pipe.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=theirs if stdout_is_terminal else subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "QISKIT_QORO_PROGRESS": "", **(environment or {})},
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux reports the end of a terminal's output in this way
        pass
    finally:
        os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, shown.decode()
    return shown.decode(), (out or b"").decode()
