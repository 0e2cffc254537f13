"""Programs that a service keeps running, and that end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from qiskit_qoro.local.workers.cluster.started.child_program import ChildProgram

LIMIT_S = 30.0

# Prints its process and an argument, and ends with its input, or at once with an error.
PROGRAM = """
import os, sys
def main(word, fails=False):
    print(os.getpid(), word, os.environ.get("QORO_TEST", ""), flush=True)
    if fails:
        raise SystemExit("it fails")
    sys.stdin.read()
"""


class Lines:
    """Lines that a program prints."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.all: list[list[str]] = []

    def take(self, line: str) -> None:
        with self._changed:
            self.all.append(line.split(" "))
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[list[str]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.all) >= count, LIMIT_S), self.all
            return self.all[:count]


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> Iterator[Callable[..., ChildProgram]]:
    """Start a program that is kept. It is stopped after the test."""
    (tmp_path / "kept_program.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(str(tmp_path))
    programs: list[ChildProgram] = []

    def start(**options: object) -> ChildProgram:
        options.setdefault("arguments", lambda: {"word": "hello"})
        program = ChildProgram("kept_program", tmp_path / "log", on_line=lines.take, **options)  # type: ignore[arg-type]
        programs.append(program)
        program.start()
        return program

    yield start
    for program in programs:
        program.stop()


def test_a_program_gets_its_arguments_and_its_environment(
    keep: Callable[..., ChildProgram], lines: Lines
) -> None:
    program = keep(environment={"QORO_TEST": "yes"})

    assert lines.wait_for(1) == [[str(program.pid), "hello", "yes"]]


def test_a_program_that_is_killed_is_started_again_with_new_arguments(
    keep: Callable[..., ChildProgram], lines: Lines
) -> None:
    words = iter(["first", "second"])
    keep(arguments=lambda: {"word": next(words)})
    pid = int(lines.wait_for(1)[0][0])

    os.kill(pid, signal.SIGKILL)

    second = lines.wait_for(2)[1]
    assert second[1] == "second"
    assert int(second[0]) != pid


def test_the_pauses_between_starts_grow_if_the_program_ends_soon(
    keep: Callable[..., ChildProgram], lines: Lines
) -> None:
    pauses: list[float] = []

    def wait(_event: threading.Event, seconds: float) -> None:
        pauses.append(seconds)

    program = keep(arguments=lambda: {"word": "no", "fails": True}, wait=wait)
    lines.wait_for(4)
    program.stop()

    assert pauses[:3] == [0.4, 0.8, 1.6]
    assert program.last_error() in {"it fails", ""}  # the last start may have been stopped


def test_a_program_that_is_stopped_ends_and_is_not_started_again(
    keep: Callable[..., ChildProgram], lines: Lines
) -> None:
    program = keep()
    pid = int(lines.wait_for(1)[0][0])

    program.stop()
    program.stop()

    assert not psutil.pid_exists(pid)
    assert len(lines.all) == 1


def test_a_program_ends_if_its_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "kept_program.py").write_text(PROGRAM)
    script = f"""
import sys; sys.path.insert(0, {str(tmp_path)!r})
from pathlib import Path
from qiskit_qoro.local.workers.cluster.started.child_program import ChildProgram
program = ChildProgram("kept_program", Path({str(tmp_path / "log")!r}), lambda: {{"word": "hello"}},
                       on_line=lambda line: print(line, flush=True))
program.start()
import threading; threading.Event().wait()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline().split()[0]))

        parent.kill()

        child.wait(LIMIT_S)
