"""Find the file of the journal: from the argument, the environment, or the user's data directory."""

from __future__ import annotations

from pathlib import Path

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import boolean_of
from qiskit_qoro.user_files import Folder, find_user_file

__all__ = ["JOURNAL_VARIABLE", "find_journal"]

JOURNAL_VARIABLE = "QISKIT_QORO_JOURNAL"
"""The environment variable that holds the path of the journal, or ``off``."""

_NAME = "journal.sqlite3"


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
