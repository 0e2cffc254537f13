"""Run commands on a pseudo-terminal, and write their screens as JSON. ``terminal.py`` starts this program.

Standard input has a list of runs, each with the keys ``arguments``, ``moment`` and ``stop``. Each command is
a fork of this process, which has imported Qiskit, because an import in each command would take a second.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 88, 40  # the columns and rows of the terminal
HAS_TERMINALS = sys.platform != "win32"
IMPORTED = (
    "qiskit_qoro.cli.program",
    "qiskit_qoro.local.method_forecast",
    "qiskit_qoro.local.web.in_process",
    "qiskit_qoro.primitives",
)


class Screen:
    """The screen of a terminal, as far as commands use it: lines are written, erased and replaced."""

    _PARTS = re.compile(
        r"\x1b\[(?P<numbers>[\d;?]*)(?P<letter>[A-Za-z])"
        r"|(?P<control>[\r\n])|(?P<text>[^\x1b\r\n]+)"
    )

    def __init__(self) -> None:
        self._lines = [""]
        self._row = 0
        self._returns = False  # whether the cursor is at the beginning of a line that has a text

    @property
    def lines(self) -> list[str]:
        """The lines down to the cursor, with colours."""
        return [*self._lines[: self._row], self._lines[self._row]]

    @property
    def text(self) -> str:
        """The lines without colours."""
        return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(self.lines))

    def feed(self, text: str) -> None:
        """Show a text that a command has written."""
        for part in self._PARTS.finditer(text):
            number = int(part["numbers"] or 1) if (part["numbers"] or "1").isdigit() else 1
            if part["control"] == "\n":
                self._row += 1
                self._lines += [""] * (self._row + 1 - len(self._lines))
                self._returns = False
            elif part["control"] == "\r":
                self._returns = True
            elif part["letter"] == "A":
                self._row = max(0, self._row - number)
            elif part["letter"] == "K":
                self._lines[self._row] = ""
            elif part["letter"] == "m" or part["text"]:
                self._lines[self._row] = ("" if self._returns else self._lines[self._row]) + part[0]
                self._returns = False


def run(arguments: list[str], moment: str = "", stop: str = "") -> dict[str, Any]:
    """Run a command, on a pseudo-terminal if the system has them. Return its screen and its exit code.

    Args:
        arguments: The words after the name of the program. Those with a star become the names of files.
        moment: A pattern of what the screen shows at the moment of the picture; ``""`` for the end.
        stop: A pattern. When the screen shows it, the command is interrupted as by Ctrl-C.
    """
    if not HAS_TERMINALS:
        # The moments cannot be found in a pipe.
        return {"lines": [], "exit_code": 0} if moment or stop else run_without_terminal(arguments)
    import pty  # noqa: PLC0415  not on Windows
    import termios  # noqa: PLC0415  not on Windows

    process, terminal = pty.fork()
    if process == 0:
        from qiskit_qoro.cli import main  # noqa: PLC0415  Windows does not import the package here

        termios.tcsetwinsize(0, (HEIGHT, WIDTH))
        # The streams were made before the terminal.
        sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115  closed with the process
        sys.stdout = open(1, "w", buffering=1, encoding="utf-8")  # noqa: SIM115  closed with the process
        sys.stderr = open(2, "w", buffering=1, encoding="utf-8")  # noqa: SIM115  closed with the process
        sys.argv = ["qiskit-qoro", *arguments]
        sys.exit(main())
    screen, decoder = Screen(), codecs.getincrementaldecoder("utf-8")()
    shown: list[str] = []
    is_stopped = False
    while data := read(terminal):
        screen.feed(decoder.decode(data))
        if moment and not shown and re.search(moment, screen.text):
            shown = list(screen.lines)
        if stop and not is_stopped and re.search(stop, screen.text):
            is_stopped = True
            shown = list(screen.lines)
            os.kill(process, signal.SIGINT)
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    code = 0 if is_stopped else os.waitstatus_to_exitcode(status)
    return {"lines": without_empty_end(shown or screen.lines), "exit_code": code}


def without_empty_end(lines: list[str]) -> list[str]:
    """Return the lines without the empty ones at the end."""
    end = max((number for number, line in enumerate(lines, 1) if line.strip()), default=0)
    return lines[:end]


def read(descriptor: int) -> bytes:
    """Read what the command has written, nothing after its end."""
    try:
        return os.read(descriptor, 100_000)
    except OSError:  # the command has ended
        return b""


def run_without_terminal(arguments: list[str]) -> dict[str, Any]:
    """Run a command on a system without pseudo-terminals."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from qiskit_qoro.cli import main; sys.exit(main())", *arguments],
        env={**os.environ, "COLUMNS": str(WIDTH), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return {"lines": (done.stderr + done.stdout).splitlines(), "exit_code": done.returncode}


def expanded(word: str) -> list[str]:
    """Return the files that a word with a star means, as a shell does; any other word as it is."""
    return sorted(path.name for path in Path.cwd().glob(word)) or [word] if "*" in word else [word]


def main() -> None:
    """Run the commands of standard input."""
    runs = json.load(sys.stdin)
    if HAS_TERMINALS:
        for name in IMPORTED:
            import_module(name)
    screens = [
        run([item for word in wanted.pop("arguments") for item in expanded(word)], **wanted)
        for wanted in runs
    ]
    json.dump(screens, sys.stdout)


if __name__ == "__main__":
    main()
