"""The progress line of a command in a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from qiskit_qoro.local import FaultInjection, LocalService, serve

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
    slow_service: LocalService, run_in_terminal: Callable[..., tuple[str, str]], bell: str
) -> Callable[..., tuple[str, str]]:
    """Run a Bell circuit by a command in a terminal; return what it wrote there and to a pipe."""

    def command(*options: str, **environment: str) -> tuple[str, str]:
        arguments = ["run", bell, "--url", slow_service.url, *options]
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
