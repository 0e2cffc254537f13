"""Find and read the ``.env`` file: the one in the working directory, or the nearest trusted one above it.

A ``.env`` file may come from somebody else, for example in a repository that the user has cloned or in a
directory that others can write to. Therefore its values are taken literally: a reference such as
``${QORO_API_KEY}`` would copy a secret of the user into an address. A file above the working directory is
used only if the user owns it and it is inside the user's home directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.secret import Secret

__all__ = ["EnvFile", "find_env_file", "ignored_env_files"]

_NAME = ".env"


@dataclass(frozen=True)
class EnvFile:
    """The settings in a ``.env`` file.

    Attributes:
        path: The file.
        values: The settings that are not empty.
    """

    path: Path
    values: Mapping[str, Secret]

    def get(self, name: str) -> Secret | None:
        """Return a setting, or ``None`` if it is missing or empty.

        Raises:
            QoroInputError: The setting refers to a variable.
        """
        value = self.values.get(name)
        if value is not None and "${" in value.reveal():
            raise QoroInputError(
                f"{name} in {self.path} refers to a variable, and references are not expanded: write the "
                f"value itself, or remove the line and set the environment variable {name}"
            )
        return value


def find_env_file() -> EnvFile | None:
    """Read the ``.env`` file that applies to the working directory; return ``None`` if there is none.

    Raises:
        QoroInputError: The file cannot be read, or is not text in UTF-8.
    """
    for path in _candidates():
        if _is_trusted(path):
            return EnvFile(path, _read(path))
    return None


def ignored_env_files() -> list[Path]:
    """The ``.env`` files that would apply to the working directory, but are not trusted."""
    ignored = []
    for path in _candidates():
        if _is_trusted(path):
            break
        ignored.append(path)
    return ignored


def _candidates() -> Iterator[Path]:
    """Yield the ``.env`` files in the working directory and above it, the nearest first."""
    try:
        here = Path.cwd()
    except FileNotFoundError:  # the working directory has been deleted
        return
    for directory in (here, *here.parents):
        path = directory / _NAME
        if _exists(path):
            yield path


def _exists(path: Path) -> bool:
    try:
        # Some password managers provide a named pipe instead of a file.
        return path.is_file() or path.is_fifo()
    except OSError:  # the directory may not be searched
        return False


def _is_trusted(path: Path) -> bool:
    """Whether a file is in the working directory, or belongs to the user and is inside the home directory."""
    try:
        if path.parent == Path.cwd():
            return True
        is_own = not hasattr(os, "getuid") or {path.stat().st_uid, path.lstat().st_uid} == {os.getuid()}
        return is_own and path.parent.resolve().is_relative_to(Path.home().resolve())
    except (OSError, RuntimeError):  # the file has just been removed, or the home directory is unknown
        return False


def _read(path: Path) -> Mapping[str, Secret]:
    values = _parse(path)
    # Raised here, outside of the function that has read the file: a UnicodeDecodeError, even as the context
    # of another error, contains the whole content and with it the token.
    if values is None:
        raise QoroInputError(
            f"{path} is not text in UTF-8: save it in this encoding. It takes precedence over the "
            "environment, so it has to be readable"
        )
    return values


def _parse(path: Path) -> Mapping[str, Secret] | None:
    """Return the settings in a file, or ``None`` if it is not text in UTF-8."""
    try:
        # Some editors begin a text in UTF-8 with a byte order mark.
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise QoroInputError(f"{path} cannot be read: {error.strerror or error}") from error
    if "\0" in text:  # UTF-16 without a byte order mark decodes to text with null characters
        return None
    # The file is only read. load_dotenv would change the environment of the whole process.
    values = dotenv_values(stream=StringIO(text), interpolate=False)
    return {name: Secret(value) for name, value in values.items() if value}
