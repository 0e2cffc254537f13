"""Draw the terminals of the guides again: ``python docs/draw_terminals.py``, or ``tox -e pictures``.

Each command runs in a pseudo-terminal, and ``rich`` exports the screen as SVG. Identifiers of jobs are
replaced by fixed ones. Times depend on the machine, so look at the difference before you commit it.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

PICTURES = Path(__file__).parent / "guides" / "pictures"
FIXED_IDS = [
    "4f38be34-e1a8-47f1-b230-c8fb89f4150c",
    "9ab01c22-77f0-4dd1-8a7e-0a5a7f9f7f10",
    "c03d5e6f-2b1a-4c5d-9e8f-7a6b5c4d3e2f",
    "d41e6f70-3c2b-4d6e-8f90-8b7c6d5e4f30",
    "e52f7081-4d3c-4e7f-9001-9c8d7e6f5041",
]
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WIDTH = 76  # the columns of a terminal

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""
GHZ = BELL.replace("[2]", "[3]").replace("measure", "cx q[1], q[2];\nmeasure")
# Circuits that take a moment, so that their progress can be seen.
LAYER = "".join(f"ry(0.{qubit + 1}) q[{qubit}];\n" for qubit in range(19)) + "".join(
    f"cx q[{qubit}], q[{qubit + 1}];\n" for qubit in range(18)
)
WIDE = f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[19];\ncreg c[19];\n{8 * LAYER}measure q -> c;\n'


# --- terminals ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Screen:
    """A picture of a terminal.

    Attributes:
        name: The name of the file.
        commands: The commands that are typed, one after another.
        moment: What the screen shows at the moment of the picture; ``""`` for the end of the last command.
        before: Commands that run first, on no picture.
    """

    name: str
    commands: Sequence[str]
    moment: str = ""
    before: Sequence[str] = ()


SCREENS = [
    Screen("run", ["qiskit-qoro run bell.qasm --shots 1000 --seed 7"]),
    Screen("plan", ["qiskit-qoro plan bell.qasm ghz.qasm --seed 7"]),
    Screen("progress", ["qiskit-qoro run wide-*.qasm"], moment=r"([5-9]|1\d)/24 circuits.*left"),
    Screen(
        "watch",
        ["qiskit-qoro watch --database jobs.db"],
        moment=r"RUNNING +([5-9]|1\d)/24 +\d+ s",
        before=[
            "qiskit-qoro run bell.qasm --tag nightly --database jobs.db",
            "qiskit-qoro estimate ghz.qasm --observable ZZZ --tag energy --database jobs.db",
            "qiskit-qoro run wide-*.qasm --tag sweep --detach --database jobs.db",
        ],
    ),
    Screen("jobs", ["qiskit-qoro jobs", "qiskit-qoro status last"]),
    Screen("doctor", ["qiskit-qoro doctor"]),
]


class Terminal:
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
        """The lines down to the cursor."""
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


def draw() -> None:
    """Draw all screens. They share a database, so that later commands show the jobs of earlier ones."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "bell.qasm").write_text(BELL)
        (work / "ghz.qasm").write_text(GHZ)
        for number in range(24):
            (work / f"wide-{number:02}.qasm").write_text(WIDE)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("QORO_")},
            "HOME": folder,
            "XDG_CONFIG_HOME": folder,
            "QISKIT_QORO_JOURNAL": str(work / "journal.sqlite3"),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        drawn = []
        for screen in SCREENS:
            lines = []
            for command in screen.before:
                type_command(command, work, environment, "")
            for command in screen.commands:
                lines += type_command(command, work, environment, screen.moment)
            drawn.append((screen.name, lines))
        names = fixed_names(work, environment)
        # Jobs of a service in memory are in no journal.
        ids = dict.fromkeys(UUID.findall("\n".join(line for _, lines in drawn for line in lines)))
        others = [name for name in ids if name not in names]
        names |= with_short_forms(dict(zip(others, reversed(FIXED_IDS), strict=False)))
        for name, lines in drawn:
            save_svg(PICTURES / f"{name}.svg", [replace_all(line, names) for line in lines])


def type_command(command: str, work: Path, environment: dict[str, str], moment: str) -> list[str]:
    """Run a command in a pseudo-terminal and return the lines of the screen, with colours.

    Args:
        command: What is typed. Words with a star become the names of files.
        work: The folder of the files and of the database.
        environment: The environment of the command.
        moment: As for :class:`Screen`.
    """
    import pty  # noqa: PLC0415 - not on Windows

    main, child = pty.openpty()
    subprocess.run(["stty", "rows", "40", "cols", str(WIDTH)], stdin=child, check=True)
    code = "import sys; from qiskit_qoro.cli import main; sys.exit(main())"
    arguments = [item for word in command.split()[1:] for item in expand(word, work)]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=child,
        stdout=child,
        stderr=child,
        cwd=work,
        env=environment,
    )
    os.close(child)
    terminal = Terminal()
    prompt = f"\x1b[1;32m$\x1b[0m {command}"
    shown: list[str] = []
    decoder = codecs.getincrementaldecoder("utf-8")()
    while data := read(main):
        terminal.feed(decoder.decode(data))
        if moment and not shown and re.search(moment, terminal.text):
            shown = list(terminal.lines)
    process.wait()
    os.close(main)
    return [prompt, *(shown or terminal.lines)]


def read(descriptor: int) -> bytes:
    """Read what the command has written, nothing after its end."""
    try:
        return os.read(descriptor, 100_000)
    except OSError:  # the command has ended
        return b""


def expand(word: str, work: Path) -> list[str]:
    """Return the files that a word with a star means, as a shell does; any other word as it is."""
    return sorted(path.name for path in work.glob(word)) if "*" in word else [word]


def fixed_names(work: Path, environment: dict[str, str]) -> dict[str, str]:
    """Return what is replaced: the identifiers of all jobs, their short forms, and the temporary folder."""
    command = [
        sys.executable,
        "-c",
        "from qiskit_qoro.cli import main; main()",
        "jobs",
        "--json",
        "--no-refresh",
    ]
    listed = json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    ids = [job["job_id"] for job in reversed(listed)]
    return {**with_short_forms(dict(zip(ids, FIXED_IDS, strict=False))), str(work): "~"}


def with_short_forms(names: dict[str, str]) -> dict[str, str]:
    """Add the short forms of identifiers to their replacements."""
    return {**names, **{name[:8]: fixed[:8] for name, fixed in names.items()}}


def replace_all(line: str, names: dict[str, str]) -> str:
    """Replace each name in a text."""
    for name, fixed in names.items():
        line = line.replace(name, fixed)
    return line


def save_svg(path: Path, lines: Sequence[str]) -> None:
    """Write the lines of a screen, with their colours, as a picture."""
    from rich.console import Console  # noqa: PLC0415
    from rich.terminal_theme import MONOKAI  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    while lines and not lines[-1].strip():
        lines = lines[:-1]
    console = Console(
        width=WIDTH, record=True, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    for line in [*lines, ""]:
        console.print(Text.from_ansi(line), soft_wrap=False, highlight=False)
    svg = console.export_svg(title="", theme=MONOKAI, unique_id=path.stem)
    # The pages load nothing from other servers.
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    # Letters as large as those of the page.
    width = float(svg.partition('viewBox="0 0 ')[2].split()[0])
    svg = svg.replace("<svg ", f'<svg width="{0.7 * width:.0f}" ', 1)
    svg = svg.replace("Fira Code", "ui-monospace, SFMono-Regular, Menlo, Consolas")
    path.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    draw()
