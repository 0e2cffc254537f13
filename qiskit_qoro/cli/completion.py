"""``qiskit-qoro completion``: print the completion script of a shell.

``shtab`` generates the script from the program's own parser, so that it knows every command and option.
"""

from __future__ import annotations

import argparse
import sys

import shtab

from qiskit_qoro.cli.completers import PREAMBLES
from qiskit_qoro.cli.service_options import default_journal

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "execute"]

NAME = "completion"
HELP = "print the completion script of a shell"
DESCRIPTION = (
    "Print the completion script of a shell. A comment in the script says how to install it. 'ids' prints "
    "the identifiers of the latest jobs, which the scripts offer."
)

_SHELLS = ("bash", "zsh", "fish")
_IDS = "ids"
_MAX_IDS = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("shell", choices=[*_SHELLS, _IDS], help="the shell, or ids")


def execute(options: argparse.Namespace) -> None:
    """Run the command."""
    if options.shell == _IDS:
        journal = default_journal()
        entries = journal.entries(limit=_MAX_IDS) if journal else []
        # A submission that failed, or is under way, has no identifier.
        sys.stdout.writelines(f"{entry.job_id}\n" for entry in entries if entry.job_id)
        return
    script = shtab.complete(options.parser, options.shell, preamble=PREAMBLES.get(options.shell, ""))
    sys.stdout.write(f"{script}\n")
