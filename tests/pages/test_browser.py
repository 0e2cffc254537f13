"""The browser of the user is opened if it can be seen, and never in the terminal of a command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from qiskit_qoro.pages.opening import open_browser

ADDRESS = "http://127.0.0.1:8000/pages/sign-in?code=secret"


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A browser that writes what it is told to open into a file, and whether it has a terminal."""
    path = tmp_path / "browser"
    path.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"print(sys.argv[1], os.isatty(0), os.getsid(0) == {os.getsid(0)}, "
        f"file=open({str(tmp_path / 'opened')!r}, 'w'))\n",
        encoding="utf-8",
    )
    path.chmod(0o700)
    return path


def said(**environment: str) -> list[str]:
    """Open the address on Linux with environment variables, and return what is said."""
    lines: list[str] = []
    thread = open_browser(ADDRESS, say=lines.append, environment=environment, platform="linux")
    if thread is not None:
        thread.join()
    return lines


def test_the_browser_of_the_environment_gets_the_address_but_no_terminal(browser: Path) -> None:
    assert said(BROWSER=str(browser)) == []
    assert (browser.parent / "opened").read_text().split() == [ADDRESS, "False", "False"]


def test_a_command_with_a_place_for_the_address(browser: Path) -> None:
    assert said(BROWSER=f"{browser} %s") == []
    assert (browser.parent / "opened").read_text().split()[0] == ADDRESS


def test_browsers_that_need_the_terminal_are_passed_over(browser: Path) -> None:
    assert said(BROWSER=os.pathsep.join(["w3m", "/usr/bin/lynx %s", str(browser)])) == []
    assert (browser.parent / "opened").exists()


@pytest.mark.parametrize("command", ["w3m", "/usr/bin/lynx", "links %s", "elinks", "www-browser"])
def test_a_browser_that_needs_the_terminal_is_not_started(command: str) -> None:
    line = f"No browser was opened, because {command} would need this terminal."
    assert said(BROWSER=command, DISPLAY=":0") == [line]


def test_a_browser_that_does_not_start_is_said() -> None:
    line = "The browser could not be opened. Open the address yourself."
    assert said(BROWSER="/nowhere/browser") == [line]


def test_a_browser_that_fails_is_said(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\nexit 3\n")
    browser.chmod(0o700)
    assert said(BROWSER=str(browser)) == ["The browser could not be opened. Open the address yourself."]


def test_no_browser_is_started_without_a_display() -> None:
    assert said() == ["No browser was opened, because this session has no display."]
    assert said(TERM="xterm", PATH=os.environ["PATH"])[0].endswith("has no display.")


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_no_browser_is_started_in_a_remote_session(platform: str) -> None:
    lines: list[str] = []
    environment = {"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22", "DISPLAY": "localhost:10.0"}
    assert open_browser(ADDRESS, say=lines.append, environment=environment, platform=platform) is None
    assert lines == ["No browser was opened, because this session is on another machine."]
