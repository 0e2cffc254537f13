"""The status line that a wait shows on a terminal and removes at the end."""

import os
import pty
import re
import subprocess
import sys
from io import StringIO

from rich.console import Console

from qiskit_qoro.service.progress import LONG_WAIT_S, progress_line

SCRIPT = """
import sys
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.service.progress import status_line

with status_line("[job]", {verbose}) as show:
    show(JobStatus("[/RUNNING]"))
    print("printed during the wait")
    show(JobStatus.COMPLETED)
print("printed after the wait")
"""


def run_on_a_terminal(verbose):
    """Run the script with standard error on a terminal, and return what it wrote to a pipe and to that."""
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(verbose=verbose)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        timeout=60,
        check=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux reports the end of a terminal's output in this way
        pass
    os.close(ours)
    return done.stdout.decode(), shown.decode()


def test_a_terminal_shows_the_status_whatever_it_is_and_clears_it():
    out, shown = run_on_a_terminal(verbose=True)
    assert "job [job] is COMPLETED" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert shown.rstrip().endswith("\x1b[2K")
    assert out == "printed during the wait\nprinted after the wait\n"


def test_a_terminal_shows_nothing_if_not_verbose():
    assert run_on_a_terminal(verbose=False) == ("printed during the wait\nprinted after the wait\n", "")


def shown_during_a_wait(clock, *, console, enabled=True):
    with progress_line("job [a]+[b]", clock=clock, enabled=enabled, console=console) as show:
        show("2 of 2 PENDING")
        clock.wait(LONG_WAIT_S)
        show("1 of 2 RUNNING, 1 of 2 COMPLETED")
    return console.file.getvalue()


def test_a_long_wait_shows_a_line(clock):
    shown = shown_during_a_wait(clock, console=Console(file=StringIO(), force_terminal=True, width=80))
    assert "PENDING" not in shown
    assert "job [a]+[b]: 1 of 2 RUNNING, 1 of 2 COMPLETED, 2 s" in shown
    assert shown.rstrip().endswith("\x1b[2K")


def test_escape_sequences_in_a_description_have_no_effect(clock):
    console = Console(file=StringIO(), force_terminal=True, width=80)
    with progress_line("job \x1b[2J", clock=clock, console=console) as show:
        clock.wait(LONG_WAIT_S)
        show("1 of 1 \x1b]0;title\x07")
    assert r"job \x1b[2J: 1 of 1 \x1b]0;title\x07, 2 s" in console.file.getvalue()
    assert "\x07" not in console.file.getvalue()


def test_a_short_wait_shows_nothing(clock):
    console = Console(file=StringIO(), force_terminal=True, width=80)
    with progress_line("job", clock=clock, console=console) as show:
        clock.wait(LONG_WAIT_S / 2)
        show("RUNNING")
    assert console.file.getvalue() == ""


def test_a_long_wait_shows_nothing_if_disabled_or_without_a_terminal(clock):
    terminal = Console(file=StringIO(), force_terminal=True, width=80)
    assert shown_during_a_wait(clock, console=terminal, enabled=False) == ""
    assert shown_during_a_wait(clock, console=Console(file=StringIO())) == ""
