"""The settings of the journal: its file, and how many bytes of programs it keeps.

The file comes from the argument, the environment, or the user's data directory.
"""

from __future__ import annotations

import os
from pathlib import Path

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history.program_store import DEFAULT_LIMIT_BYTES
from qiskit_qoro.models.arguments import boolean_of
from qiskit_qoro.user_files import OFF, Folder, find_user_file

__all__ = ["JOURNAL_VARIABLE", "PROGRAMS_VARIABLE", "find_journal", "find_program_limit"]

JOURNAL_VARIABLE = "QISKIT_QORO_JOURNAL"
"""The environment variable that holds the path of the journal, or ``off``."""

PROGRAMS_VARIABLE = "QISKIT_QORO_JOURNAL_PROGRAMS"
"""The environment variable that holds how many MiB of programs the journal keeps, or ``off``."""

_NAME = "journal.sqlite3"
_MAX_DIGITS = 6


def find_journal(argument: bool | str | Path) -> Path | None:
    """Find the file of the journal.

    Args:
        argument: ``True`` for the file that the environment names, or else the one in the user's data
            directory; ``False`` for no journal; or a file, which takes precedence over the environment.

    Returns:
        The file, which need not exist, or ``None`` if no journal is kept.

    Raises:
        QoroInputError: The argument is none of these.
    """
    is_kept = boolean_of(argument)
    if is_kept is not None:
        return find_user_file(JOURNAL_VARIABLE, Folder.DATA, _NAME) if is_kept else None
    if not isinstance(argument, str | Path) or not str(argument):
        raise QoroInputError(f"journal is {argument!r}, expected True, False or the path of a file")
    return Path(argument).expanduser().absolute()


def find_program_limit() -> int:
    """Find out how many bytes of programs the journal may keep: 0 for none.

    Raises:
        QoroInputError: The environment variable is neither ``off`` nor a number.
    """
    setting = os.environ.get(PROGRAMS_VARIABLE, "").strip().lower()
    if not setting:
        return DEFAULT_LIMIT_BYTES
    if setting in OFF:
        return 0
    if not (setting.isascii() and setting.isdecimal() and len(setting) <= _MAX_DIGITS):
        raise QoroInputError(
            f"{PROGRAMS_VARIABLE} is {setting!r}, expected off, or how many MiB of programs the journal keeps"
        )
    return int(setting) * 2**20
