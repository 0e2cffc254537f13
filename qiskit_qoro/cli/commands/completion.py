"""``qiskit-qoro completion``: print the completion script of a shell.

``shtab`` generates the script from the program's own parser, so that it contains every command and option.
"""

from __future__ import annotations

import argparse
import re
import sys

import shtab

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.completers import PREAMBLES
from qiskit_qoro.cli.service_options import default_journal

__all__ = ["COMMAND"]

_SHELLS = ("bash", "zsh", "fish")
_IDS = "ids"
_MAX_IDS = 50
_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]+")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=[*_SHELLS, _IDS], help=f"the shell, or {_IDS}")


def _execute(options: argparse.Namespace) -> None:
    if options.shell == _IDS:
        journal = default_journal()
        entries = journal.entries(limit=_MAX_IDS) if journal else []
        # A submission that failed or is still going on has no identifier. bash expands the words that it
        # completes, so an identifier such as "$(command)" would run the command.
        offered = [entry.job_id for entry in entries if entry.job_id and _PLAIN_ID.fullmatch(entry.job_id)]
        sys.stdout.writelines(f"{job_id}\n" for job_id in offered)
        return
    script = shtab.complete(options.parser, options.shell, preamble=PREAMBLES.get(options.shell, ""))
    sys.stdout.write(f"{script}\n")


COMMAND = Command(
    "completion",
    "print the completion script of a shell",
    "Print the completion script of a shell. A comment in the script says how to install it. 'ids' prints "
    "the identifiers of the latest jobs, which the scripts offer.",
    _add_arguments,
    _execute,
)
"""The command ``completion``."""
