"""Where the journal is: the argument, the environment, or the user's data directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from qiskit_qoro.errors import QoroInputError

__all__ = ["JOURNAL_VARIABLE", "find_journal"]

JOURNAL_VARIABLE = "QISKIT_QORO_JOURNAL"
"""The environment variable that says ``off``, or where the journal is."""

_OFF = frozenset({"off", "0", "no", "false", "none"})


def find_journal(argument: bool | str | Path) -> Path | None:
    """Where the journal is.

    Args:
        argument: ``True`` for the place that the environment names, else the user's data directory; ``False``
            for no journal; or a file, which wins over the environment.

    Returns:
        The file, which need not exist, or ``None`` where no journal is kept.

    Raises:
        QoroInputError: The argument is none of these.
    """
    if isinstance(argument, bool):
        return _usual() if argument else None
    if not isinstance(argument, str | Path) or not str(argument):
        raise QoroInputError(f"journal is {argument!r}, expected True, False or the path of a file")
    return Path(argument).expanduser().absolute()


def _usual() -> Path | None:
    setting = os.environ.get(JOURNAL_VARIABLE, "").strip()
    if setting.lower() in _OFF:
        return None
    if setting:
        return Path(setting).expanduser().absolute()
    try:
        return _data_directory() / "qiskit-qoro" / "journal.sqlite3"
    except RuntimeError:  # nobody knows where the home is
        return None


def _data_directory() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    data = os.environ.get("XDG_DATA_HOME", "")
    # The convention says that a path that is not absolute is to be ignored.
    return Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
