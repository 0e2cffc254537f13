"""``qiskit-qoro completion``: print the completion script of a shell.

``shtab`` generates the script from the program's own parser, so that it contains every command and option.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping

import shtab

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.completers import PREAMBLES
from qiskit_qoro.cli.providers import default_journal
from qiskit_qoro.service.credentials import list_accounts

__all__ = ["COMMAND"]

_SHELLS = ("bash", "zsh", "fish")
_IDS, _ACCOUNTS = "ids", "accounts"
_MAX_IDS = 50
_SEVERAL_VALUES = re.compile(r'"\(\*\):(?!:)')
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shell",
        choices=[*_SHELLS, _IDS, _ACCOUNTS],
        metavar="SHELL",
        help=f"the shell ({', '.join(_SHELLS)}), or {_IDS} or {_ACCOUNTS}",
    )


def _execute(options: argparse.Namespace) -> None:
    if options.shell in _WORDS:
        # bash expands the words that it completes, so a word such as "$(command)" would run the command.
        offered = [word for word in _WORDS[options.shell]() if _PLAIN.fullmatch(word)]
        sys.stdout.writelines(f"{word}\n" for word in offered)
        return
    script = shtab.complete(options.parser, options.shell, preamble=PREAMBLES.get(options.shell, ""))
    if options.shell == "zsh":
        # shtab completes the first of several files only.
        script = _SEVERAL_VALUES.sub('"*:', script)
    sys.stdout.write(f"{script}\n")


def _latest_ids() -> list[str]:
    journal = default_journal()
    entries = journal.entries(limit=_MAX_IDS) if journal else []
    # A submission that failed or is still going on has no identifier.
    return [entry.job_id for entry in entries if entry.job_id]


def _account_names() -> list[str]:
    return [account.name for account in list_accounts()]


_WORDS: Mapping[str, Callable[[], list[str]]] = {_IDS: _latest_ids, _ACCOUNTS: _account_names}


COMMAND = Command(
    "completion",
    "print the completion script of a shell",
    "Print the completion script of a shell. A comment in the script says how to install it. 'ids' prints "
    "the identifiers of the latest jobs, and 'accounts' the names of the saved accounts. The scripts offer "
    "them.",
    _add_arguments,
    _execute,
)
"""The command ``completion``."""
