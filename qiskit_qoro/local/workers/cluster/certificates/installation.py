"""The library that makes certificates, and the command that installs it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from qiskit_qoro.errors.missing_modules import check_modules

__all__ = ["INSTALL_COMMAND", "check_installed"]

INSTALL_COMMAND = 'python -m pip install "cryptography>=42"'
"""Installs the library. It is part of the extra ``cluster``, but the command works in every directory."""


def check_installed(find: Callable[[str], object] = find_spec) -> None:
    """Check that the library is installed.

    Args:
        find: Returns what is known of a module, or ``None`` if it is not installed.

    Raises:
        QoroError: It is missing. The message says how to install it.
    """
    check_modules("making certificates needs", ["cryptography"], INSTALL_COMMAND, find)
