"""The progress line of a command in a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qiskit_qoro.local import FaultInjection, LocalService, serve

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""
SCRIPT = """
import sys
from qiskit_qoro.cli.program import run_command
sys.exit(run_command({arguments!r}))
"""


@pytest.fixture(scope="module")
def slow_service() -> Iterator[LocalService]:
    """A service whose jobs take a while."""
    with serve(workers=1, fault_injection=FaultInjection(running_time_s=1.2)) as service:
        yield service


@pytest.fixture
def run(
    slow_service: LocalService, run_in_terminal: Callable[..., tuple[str, str]], tmp_path: Path
) -> Callable[..., tuple[str, str]]:
    """Run a Bell circuit by a command in a terminal; return what it wrote there and to a pipe."""
    (tmp_path / "bell.qasm").write_text(BELL, encoding="utf-8")

    def command(*options: str, **environment: str) -> tuple[str, str]:
        arguments = ["run", str(tmp_path / "bell.qasm"), "--url", slow_service.url, *options]
        return run_in_terminal(
            SCRIPT.format(arguments=arguments),
            stdout_is_terminal=False,
            environment={"QORO_API_KEY": slow_service.token, **environment},
        )

    return command


def test_a_command_shows_its_progress_at_once_and_leaves_only_its_messages(
    run: Callable[..., tuple[str, str]], screen_of: Callable[[str], list[str]]
) -> None:
    written, out = run()
    assert "waiting · 0 s" in written
    assert "RUNNING · 1 s" in written
    assert "00" in out
    lines = screen_of(written)
    assert "job" in " ".join(lines)
    assert not re.search("waiting|RUNNING", " ".join(lines))


@pytest.mark.parametrize(
    ("options", "environment"),
    [(["--no-progress"], {}), ([], {"QISKIT_QORO_PROGRESS": "off"}), ([], {"TERM": "dumb"})],
    ids=["option", "variable", "dumb terminal"],
)
def test_it_can_be_switched_off(
    run: Callable[..., tuple[str, str]], options: list[str], environment: dict[str, str]
) -> None:
    written, out = run(*options, **environment)
    assert not re.search("waiting|RUNNING", written)
    assert "00" in out
