"""The directive ``terminal``: run commands on a terminal while the pages are built, and show their screens.

Each line of the directive is a ``qiskit-qoro`` command. All commands of a page run in their order, in
one temporary folder with the files of :data:`FILES`, a journal and accounts of its own, so that later
commands find the jobs of earlier ones. They use the local service. A command that fails breaks the build,
unless ``:exit-code:`` expects it.
"""

from __future__ import annotations

import html
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from rich.console import Console
from rich.text import Text
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

DOCS = Path(__file__).parents[1]
RUNNER = Path(__file__).parent / "terminal_runner.py"
TIMEOUT_S = 180

_BELL = (DOCS.parent / "examples/bell.qasm").read_text(encoding="utf-8")
_HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
_GHZ = "qreg q[3];\ncreg c[3];\nh q[0];\ncx q[0], q[1];\ncx q[1], q[2];\nmeasure q -> c;\n"
_NUM_WIDE = 24
_LAYER = "".join(f"ry(0.{qubit + 1}) q[{qubit}];\n" for qubit in range(19)) + "".join(
    f"cx q[{qubit}], q[{qubit + 1}];\n" for qubit in range(18)
)
# Circuits that take a moment, so that their progress can be seen.
_WIDE = f"{_HEADER}qreg q[19];\ncreg c[19];\n{8 * _LAYER}measure q -> c;\n"
FILES = {
    "bell.qasm": _BELL,
    "ghz.qasm": _HEADER + _GHZ,
    "problem.json": "[[-2, 1, 1], [1, -2, 1], [1, 1, -2]]\n",
    **{f"wide-{number:02}.qasm": _WIDE for number in range(_NUM_WIDE)},
}
# The commands must not use the account and the settings of the person who builds the pages.
_NOT_INHERITED = re.compile(r"QORO_|QISKIT_QORO_|NO_COLOR|COLUMNS|LINES|DISPLAY|WAYLAND_DISPLAY|BROWSER")

logger = logging.getLogger(__name__)


class TerminalPlace(nodes.General, nodes.Element):
    """The place of a screen, until its commands have run. The attributes are those of the directive."""


class TerminalDirective(SphinxDirective):
    """Keep the place of a screen."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        # A pattern: the screen is shown as it is when the pattern appears. By default, the end is shown.
        "moment": directives.unchanged,
        # A pattern: the command is interrupted when it appears.
        "stop": directives.unchanged,
        # Commands that only prepare the page.
        "hidden": directives.flag,
        "exit-code": directives.nonnegative_int,
    }

    def run(self) -> list[nodes.Node]:
        """Build the place."""
        place = TerminalPlace(
            commands=[line for line in self.content if line.strip()],
            moment=self.options.get("moment", ""),
            stop=self.options.get("stop", ""),
            hidden="hidden" in self.options,
            exit_code=self.options.get("exit-code", 0),
        )
        self.set_source_info(place)
        return [place]


def show_screens(_app: Sphinx, doctree: nodes.document) -> None:
    """Run the commands of a page and put their screens into their places."""
    places = list(doctree.findall(TerminalPlace))
    if not places:
        return
    screens = iter(run_commands(places))
    for place in places:
        shown: list[tuple[str, list[str]]] = []
        for command in place["commands"]:
            screen = next(screens)
            if screen["exit_code"] != place["exit_code"]:
                text = "\n".join(screen["lines"])
                message = "`%s` ended with exit code %s, expected %s:\n%s"
                logger.warning(
                    message, command, screen["exit_code"], place["exit_code"], text, location=place
                )
            shown.append((command, screen["lines"]))
        place.replace_self([] if place["hidden"] else [nodes.raw("", html_of(shown), format="html")])


def run_commands(places: Sequence[TerminalPlace]) -> list[dict[str, Any]]:
    """Run the commands of all places. Return their screens in the same order."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not _NOT_INHERITED.match(name)}
        environment = kept | {
            "HOME": folder,
            "XDG_CONFIG_HOME": folder,
            "QISKIT_QORO_ACCOUNTS": str(Path(folder) / "accounts.json"),
            "QISKIT_QORO_JOURNAL": str(Path(folder) / "journal.sqlite3"),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        runs = [
            {"arguments": shlex.split(command)[1:], "moment": place["moment"], "stop": place["stop"]}
            for place in places
            for command in place["commands"]
        ]
        done = subprocess.run(
            [sys.executable, RUNNER],
            input=json.dumps(runs),
            capture_output=True,
            encoding="utf-8",
            cwd=folder,
            env=environment,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{RUNNER.name} failed: {done.stderr}")
        screens: list[dict[str, Any]] = json.loads(done.stdout)
        return [
            screen | {"lines": [without_private_names(line, folder) for line in screen["lines"]]}
            for screen in screens
        ]


def without_private_names(line: str, folder: str) -> str:
    """Replace names of this machine and tokens, which tell the reader nothing."""
    line = line.replace(str(Path(folder).resolve()), "~").replace(folder, "~")
    line = re.sub(r"(QORO_API_KEY=|code=)[\w-]+", r"\1…", line)
    return re.sub(rf"\b{re.escape(socket.gethostname())}\b", "head", line)


def html_of(screens: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return commands and their lines with colours as HTML.

    The copy button leaves out the prompts and the output.
    """
    shown = []
    for command, lines in screens:
        shown.append(f'<span class="gp">$ </span><span class="command">{html.escape(command)}</span>')
        shown += [f'<span class="go">{spans(Text.from_ansi(line))}</span>' for line in lines]
    text = "\n".join(shown)
    return f'<div class="highlight terminal"><pre tabindex="0">{text}\n</pre></div>'


def spans(text: Text) -> str:
    """Return a text of rich as HTML, with classes for its colours."""
    console = Console(
        width=10_000, file=StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False
    )
    parts = []
    for segment in text.render(console):
        style = segment.style
        names = []
        if style is not None:
            names += [name for name in ("bold", "dim", "italic") if getattr(style, name)]
            if style.color is not None and style.color.number is not None:
                names.append(f"color{style.color.number}")
        escaped = html.escape(segment.text)
        classes = " ".join(f"terminal-{name}" for name in names)
        parts.append(f'<span class="{classes}">{escaped}</span>' if classes else escaped)
    return "".join(parts)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive and its style."""
    app.add_directive("terminal", TerminalDirective)
    app.add_node(TerminalPlace)
    app.add_css_file("terminal.css")
    app.connect("doctree-read", show_screens)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
