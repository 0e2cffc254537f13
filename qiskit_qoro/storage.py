"""Files of this package that only their owner may read, in particular SQLite databases, and their statements.

Only the owner of a database may read and write it. SQLite gives its side files the mode of the database file
when it creates them, regardless of the umask. A file is never opened for this, because closing any descriptor
of a file releases the locks that SQLite holds on it for other connections of the same process.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = [
    "create_private_file",
    "exclusive_access",
    "is_private",
    "is_private_to_group",
    "link_target",
    "replace_private_file",
    "restrict_access",
    "text_test",
    "transaction",
    "write_private_file",
]

_PRIVATE = stat.S_IRUSR | stat.S_IWUSR
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SIDE_FILES = ("-journal", "-wal", "-shm")
_WILDCARDS = re.compile(r"[\\%_]")


def create_private_file(path: Path) -> None:
    """Create an empty file that only its owner may read and write. Leave an existing file as it is.

    Raises:
        OSError: The file cannot be created.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except FileExistsError:
        return
    os.close(descriptor)
    if os.name == "posix":
        path.chmod(_PRIVATE)  # the umask may have removed some of the bits


def write_private_file(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read and write, also if the file exists already.

    If the mode of an existing file cannot be changed, because it belongs to another user, it stays as it is.

    Raises:
        OSError: The file cannot be written.
    """
    create_private_file(path)
    with path.open("wb") as file:
        # A device, such as standard output, has a mode that is not ours to change.
        if os.name == "posix" and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            with suppress(OSError):
                os.fchmod(file.fileno(), _PRIVATE)
        file.write(data)


def is_private(file: os.stat_result) -> bool:
    """Whether only the owner of a file may use it. Where files have no modes, the folder decides."""
    return os.name != "posix" or not file.st_mode & _OTHERS


def is_private_to_group(file: os.stat_result) -> bool:
    """Whether only the owner of a file may change it, and only the owner and the group may read it."""
    return os.name != "posix" or not file.st_mode & (stat.S_IWGRP | stat.S_IRWXO)


def link_target(path: Path) -> Path:
    """Return the file that a path stands for, which is another one if the path is a link.

    Raises:
        OSError: Links form a circle.
    """
    try:
        target = path.resolve()
    except RuntimeError:  # a circle, up to Python 3.12
        target = path
    if target.is_symlink():  # a circle, from Python 3.13 on
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return target


def replace_private_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Replace a file, or create it, so that others see the old content or the new one, never a part.

    Only the owner may read and write the new file.

    Args:
        path: The file.
        write: Writes the content. A secret need not be in a variable of this function.

    Raises:
        OSError: The file cannot be written. It is then unchanged.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        error.filename = str(path)  # not the name of the temporary file, which nobody knows
        raise
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


@contextmanager
def exclusive_access(path: Path, timeout_s: float) -> Iterator[None]:
    """Let only one thread or process at a time read a file, change it and replace it.

    The lock is a file beside it. A process that ends gives up its lock.

    Args:
        path: The file. Its folder exists.
        timeout_s: How long to wait for the others, in seconds.

    Raises:
        OSError: The lock cannot be created.
        sqlite3.Error: It cannot be acquired.
    """
    lock = path.with_name(f"{path.name}.lock")
    create_private_file(lock)
    # The locks of SQLite work on every system, between threads and between processes.
    connection = sqlite3.connect(lock, timeout=timeout_s, isolation_level=None)
    with closing(connection), transaction(connection, "BEGIN EXCLUSIVE"):
        yield


def restrict_access(path: Path) -> None:
    """Let only the owner read and write a database that exists, and its side files.

    Files whose mode cannot be changed, such as those of another user, stay as they are. Call this only for a
    file that is known to be a database of this package.
    """
    if os.name != "posix":  # elsewhere the folder decides who has access
        return
    path = path.resolve()  # side files are beside the target of a link
    for suffix in ("", *_SIDE_FILES):
        file = path.with_name(path.name + suffix)
        with suppress(OSError):
            mode = file.stat().st_mode
            if stat.S_ISREG(mode) and mode & _OTHERS:
                file.chmod(stat.S_IMODE(mode) & stat.S_IRWXU)


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Run one transaction. An exception rolls it back, and is raised even if that fails too.

    Args:
        connection: A connection that begins no transactions by itself.
        begin: The statement that begins the transaction. ``IMMEDIATE`` starts as a writer: a transaction that
            starts as a reader may fail at its first write.
    """
    if connection.in_transaction:  # an earlier one could not be rolled back
        connection.execute("ROLLBACK")
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException as error:
        try:
            # After some errors, for example if the disk is full, SQLite has rolled back by itself.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error as failure:
            error.add_note(f"The transaction could not be rolled back either: {failure}")
        raise


def text_test(connection: sqlite3.Connection, text: str) -> tuple[str, str]:
    """Return the test of SQL whether a text occurs in an expression, in upper or lower case.

    Args:
        connection: The connection that runs the statement.
        text: The text. Wildcards of SQL in it stand for themselves.

    Returns:
        The test, with ``{}`` in the place of the expression, and the value of its parameter ``?``.
    """
    if text.isascii():
        return "{} LIKE ? ESCAPE '\\'", f"%{_WILDCARDS.sub(_escape, text)}%"
    # LIKE ignores the case of the letters A to Z only.
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    return "instr(casefold({}), ?)", text.casefold()


def _escape(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _casefold(text: object) -> str | None:
    return None if text is None else str(text).casefold()
