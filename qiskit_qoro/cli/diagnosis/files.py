"""The files of the user: the journal and the saved accounts."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from qiskit_qoro.accounts import ACCOUNTS_VARIABLE, find_account_file
from qiskit_qoro.cli.diagnosis.findings import Finding, Level
from qiskit_qoro.errors import QoroError
from qiskit_qoro.history import JOURNAL_VARIABLE, Journal, find_journal
from qiskit_qoro.storage import is_private
from qiskit_qoro.user_files import shown_path

__all__ = ["accounts", "journal"]


def journal() -> Iterator[Finding]:
    """Examine the journal."""
    path = find_journal(True)
    if path is None:
        yield Finding("journal", Level.NOTE, f"switched off by {JOURNAL_VARIABLE}, so 'jobs' lists nothing")
        return
    yield from _examine_file("journal", path, JOURNAL_VARIABLE, lambda: _count_jobs(path))


def accounts() -> Iterator[Finding]:
    """Examine the saved accounts."""
    file = find_account_file()
    if file is None:
        yield Finding("accounts", Level.NOTE, f"switched off by {ACCOUNTS_VARIABLE}")
        return

    def names() -> str:
        found = file.read().values()
        return ", ".join(f"{each.name} (the default)" if each.is_default else each.name for each in found)

    yield from _examine_file("accounts", file.path, ACCOUNTS_VARIABLE, names)


def _count_jobs(path: Path) -> str:
    entries = Journal(path).entries(limit=None)
    return f"{len(entries)} {'job' if len(entries) == 1 else 'jobs'}"


def _examine_file(name: str, path: Path, variable: str, read: Callable[[], str]) -> Iterator[Finding]:
    """Examine a file.

    Args:
        name: What it is.
        path: The file.
        variable: The environment variable that can name another file.
        read: Reads the file, and describes its content.
    """
    where = shown_path(path)
    try:
        found = path.stat()
    except OSError:
        folder = next((each for each in path.parents if each.exists()), path.parent)
        if os.access(folder, os.W_OK | os.X_OK):
            yield Finding(name, Level.OK, f"{where} does not exist yet")
        else:
            yield Finding(
                name,
                Level.PROBLEM,
                f"{where} cannot be created, because {shown_path(folder)} cannot be written to",
                f"Name another file with {variable}",
            )
        return
    mode = f"mode {stat.S_IMODE(found.st_mode):04o}"
    try:
        content = read()
    except QoroError as error:
        yield Finding(name, Level.PROBLEM, error.message)
        return
    if not is_private(found):
        yield Finding(
            name, Level.PROBLEM, f"others can read {where} ({mode})", f"Correct this with: chmod 600 {where}"
        )
    elif not os.access(path, os.W_OK):
        yield Finding(name, Level.PROBLEM, f"{where} cannot be written to ({mode})")
    else:
        yield Finding(name, Level.OK, f"{where}, {mode}" + (f", {content}" if content else ""))
