"""The screens of the commands in terminals of 60, 80 and 120 columns.

The expected screens are in ``tests/cli/screens``: a folder for each command, a file for each situation and
width. ``pytest tests/cli --update-screens`` writes them. Look at the difference before you commit it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from qiskit_qoro.cli.program import build_parser
from qiskit_qoro.models.submissions import JobKind

TESTS = Path(__file__).parent
SCREENS = TESTS / "screens"
WIDTHS = (60, 80, 120)
# These get their screens next.
WITHOUT_SCREENS = {
    *("completion", "run", "serve", "status", "result", "cancel", "delete", "credits", "backends", "systems"),
    *("estimate", "plan", "characterize", "watch", "resubmit", "login", "logout", "whoami", "doctor"),
}

FIRST = "4f38be34-e1a8-47f1-b230-c8fb89f4150c"


def commands() -> list[str]:
    """The names of all commands."""
    (action,) = (
        action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    return list(action.choices)


@pytest.fixture
def jobs(record: Callable[..., str]) -> None:
    """Jobs of several kinds and ages."""
    record("b2", ago=timedelta(days=40), tag="old", status="DELETED")
    record(
        "9ab01c22-77f0-4dd1-8a7e-0a5a7f9f7f10",
        ago=timedelta(days=3),
        tag="a very long tag that says what the job was for",
        kind=JobKind.ESTIMATOR,
        circuits=1200,
        status="FAILED",
    )
    record(FIRST, ago=timedelta(minutes=3), tag="nightly", status="COMPLETED")


@pytest.mark.usefixtures("jobs")
def test_jobs(screen: Any) -> None:
    screen.show("several services", "jobs")


# --- the files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", commands())
def test_every_command_has_screens_of_all_widths(command: str) -> None:
    if command in WITHOUT_SCREENS:
        return
    files = {path.name for path in (SCREENS / command).glob("*.txt")}
    situations = {name.rsplit(".", 2)[0] for name in files}
    assert situations
    assert files == {f"{situation}.{width}.txt" for situation in situations for width in WIDTHS}


def test_a_test_shows_every_situation() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in TESTS.glob("test_*.py"))
    situations = {path.name.rsplit(".", 2)[0] for path in SCREENS.rglob("*.txt")}
    assert {situation for situation in situations if f'"{situation}"' not in tests} == set()
