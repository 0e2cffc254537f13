"""Terminals and streams of all kinds: colours, widths, encodings, pipes and closed streams."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
import responses

from qiskit_qoro.cli import main

PROGRAM = [sys.executable, "-c", "import sys; from qiskit_qoro.cli import main; sys.exit(main())"]
JOB = "4f38be34-e1a8-47f1-b230-c8fb89f4150c"
TAG = "a tag that is too long for a line of the terminal"
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]m")


@pytest.fixture(autouse=True)
def one_job(record: Callable[..., str]) -> None:
    """A job in the journal."""
    record(JOB, ago=timedelta(minutes=3), tag=TAG, status="COMPLETED")


def run(*arguments: str, redirect: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a shell, with redirections such as ``>&-``."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirect}', "sh", *PROGRAM, *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=60,
        env=os.environ | environment,
        check=False,
    )


# --- colours and widths -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "colour"), [("COMPLETED", 32), ("FAILED", 31), ("CANCELLED", 33), ("RUNNING", 33)]
)
def test_a_status_has_a_colour_on_a_terminal(
    status: str, colour: int, screen: Any, record: Callable[..., str]
) -> None:
    record("b2", ago=timedelta(0), status=status)
    screen.run("jobs", "--no-refresh", "--limit", "1")
    assert f"\x1b[{colour}m{status}" in screen.ansi


def test_no_color_is_obeyed(screen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    screen.run("jobs")
    assert not COLOUR.search(screen.ansi)


def test_a_dumb_terminal_gets_no_escape_sequences_and_its_width_is_known(
    screen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    screen.run("jobs")
    assert "\x1b" not in screen.ansi
    assert max(map(len, screen.ansi.splitlines())) <= screen.width
    assert screen.width < 120 or TAG in screen.ansi


@pytest.mark.parametrize("columns", ["0", "-5", "wide", "99999999999"])
def test_a_strange_width_is_no_error(screen: Any, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert screen.run("jobs") == 0
    assert "4f38be34" in screen.plain


def test_a_very_narrow_terminal_shows_identifiers_whole(screen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    screen.run("jobs")
    assert screen.plain.splitlines() == ["job       status", "4f38be34  COMPLETED"]


def test_a_pipe_gets_full_texts_and_no_escape_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs"]) == 0
    out = capsys.readouterr().out
    assert JOB in out
    assert TAG in out
    assert "\x1b" not in out


def test_only_a_terminal_breaks_a_long_error_and_only_between_words(
    screen: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["status", "0badc0de-e1a8", "--cloud"]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert screen.run(*arguments) == 2
    lines = screen.ansi.splitlines()
    assert " ".join(lines) == error.rstrip("\n")
    assert max(map(len, lines)) <= screen.width
    assert len(lines) > 1


# --- encodings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252"])
def test_bars_and_marks_are_ascii_if_the_encoding_has_no_others(
    encoding: str,
    scripted: responses.RequestsMock,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = {"count": 1, "next": None, "results": [{"label": "a", "results": {"0": 3, "1": 1}}]}
    scripted.get(f"{url}/job/{JOB}/status/", json={"status": "COMPLETED"})
    scripted.get(f"{url}/job/{JOB}/resultsV2/", json=page)
    written = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(written, encoding=encoding))
    assert main(["result", "4f38be34"]) == 0
    assert f"75.0%  {'#' * 40}".encode() in written.getvalue()


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "cp437"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_the_program_prints_in_any_encoding(environment: dict[str, str], record: Callable[..., str]) -> None:
    record("b2", ago=timedelta(0), tag="\N{BELL} \N{HORIZONTAL ELLIPSIS}")
    done = run("jobs", **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert JOB in done.stdout


# --- pipes and closed streams -------------------------------------------------------------------------


@pytest.mark.parametrize("redirect", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(redirect: str) -> None:
    done = run("jobs", redirect=redirect)
    assert (done.returncode, done.stderr) == (0, "")
    assert (JOB in done.stdout) == (redirect == "2>&-")


def test_a_usage_error_without_a_reader_keeps_its_exit_code() -> None:
    assert run("nothing", redirect="2>&-").returncode == 2


def test_a_reader_that_stops_after_the_first_line_of_the_help_is_no_error() -> None:
    done = run(redirect="| head -n 1")
    assert (done.stdout, done.stderr) == ("usage: qiskit-qoro COMMAND [OPTIONS]\n", "")


def test_files_that_are_opened_later_do_not_get_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from qiskit_qoro.cli.streams import prepare_streams\n"
        "prepare_streams()\n"
        f"number = os.open({str(tmp_path / 'file')!r}, os.O_CREAT | os.O_WRONLY)\n"
        "print('lost')\n"
        "sys.exit(number <= 2)\n"
    )
    command = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
    assert (tmp_path / "file").read_bytes() == b""
