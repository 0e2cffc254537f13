"""Find the file of the journal: from the argument, the environment, or the user's data directory."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import boolean_of

__all__ = ["JOURNAL_VARIABLE", "find_journal"]

JOURNAL_VARIABLE = "QISKIT_QORO_JOURNAL"
"""The environment variable that holds the path of the journal, or ``off``."""

_APP = "qiskit-qoro"
_OFF = frozenset({"off", "0", "no", "false", "none"})


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
        return _default_path() if is_kept else None
    if not isinstance(argument, str | Path) or not str(argument):
        raise QoroInputError(f"journal is {argument!r}, expected True, False or the path of a file")
    return Path(argument).expanduser().absolute()


def _default_path() -> Path | None:
    setting = os.environ.get(JOURNAL_VARIABLE, "").strip()
    if setting.lower() in _OFF:
        return None
    if setting:
        return Path(setting).expanduser().absolute()
    try:
        return _data_directory() / "journal.sqlite3"
    except RuntimeError:  # the home directory is unknown
        return None


def _data_directory() -> Path:
    directory = platformdirs.user_data_path(_APP, appauthor=False)
    if directory.is_absolute():
        return directory
    # The XDG convention ignores a relative XDG_DATA_HOME; older releases of platformdirs do not.
    return Path.home() / ".local" / "share" / _APP
