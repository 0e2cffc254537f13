"""Find the files of the user: the journal and the saved accounts.

An environment variable may name another file, or switch the file off.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

import platformdirs

__all__ = ["OFF", "Folder", "find_user_file", "shown_path"]

_APP = "qiskit-qoro"

OFF = frozenset({"off", "0", "no", "false", "none"})
"""The values of an environment variable that switch something off, in lower case."""


class Folder(StrEnum):
    """A kind of folder in the user's home directory. The value is its place in the XDG convention."""

    CONFIG = ".config"
    DATA = ".local/share"


def find_user_file(variable: str, folder: Folder, name: str) -> Path | None:
    """Find a file of the user.

    Args:
        variable: The environment variable that holds the path of another file, or ``off``.
        folder: The folder that has the file by default.
        name: The name of the file in this folder.

    Returns:
        The file, which need not exist, or ``None`` if it is switched off or the home directory is unknown.
    """
    setting = os.environ.get(variable, "").strip()
    if setting.lower() in OFF:
        return None
    try:
        if setting:
            return Path(setting).expanduser().absolute()
        return _directory(folder) / name
    except RuntimeError:  # the home directory is unknown
        return None


def shown_path(path: Path) -> str:
    """Return a path as people write it: the home directory is ``~``."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (RuntimeError, ValueError):  # the home directory is unknown, or the file is elsewhere
        return str(path)


def _directory(folder: Folder) -> Path:
    find = platformdirs.user_config_path if folder is Folder.CONFIG else platformdirs.user_data_path
    directory = find(_APP, appauthor=False)
    if directory.is_absolute():
        return directory
    # The XDG convention ignores a relative directory; older releases of platformdirs do not.
    return Path.home() / folder.value / _APP
