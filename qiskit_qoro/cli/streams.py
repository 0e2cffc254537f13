"""The standard streams of the process: closed ones, and encodings that lack characters."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO

__all__ = ["discard", "prepare_streams"]


def prepare_streams() -> None:
    """Make the standard streams usable whatever the caller did with them."""
    _replace_closed_streams()
    _replace_unencodable_characters()


def discard(stream: TextIO) -> None:
    """Discard what a broken stream has buffered, and what is written to it later.

    Otherwise Python would try to write it when it exits, and exit with an error.

    Args:
        stream: One of the standard streams. A stream without a file descriptor is left alone.
    """
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _replace_closed_streams() -> None:
    """Let closed streams read nothing and write nowhere.

    Otherwise the next file that is opened would get the number of a closed stream, and a program that this
    process starts would print into that file.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - open until the end
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - as above
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - as above


def _replace_unencodable_characters() -> None:
    """Print a question mark for each character that the terminal cannot encode."""
    # If the streams have been replaced by others, as in a notebook, they are left alone.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
