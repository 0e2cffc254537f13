"""The libraries that serving web pages needs in addition, and the command that installs them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from qiskit_qoro.errors.missing_modules import check_modules

__all__ = ["INSTALL_COMMAND", "check_installed"]

INSTALL_COMMAND = 'python -m pip install "starlette>=0.40" "uvicorn>=0.30"'
"""Installs the requirements of the extra ``web``.

The command names the libraries and not the extra. So it works in every directory, and also if the package was
not installed from an index.
"""

_MODULES = ("starlette", "uvicorn")


def check_installed(find: Callable[[str], object] = find_spec) -> None:
    """Check that the libraries are installed.

    Args:
        find: Returns what is known of a module, or ``None`` if it is not installed.

    Raises:
        QoroError: One is missing. The message says how to install it.
    """
    check_modules("the web pages need", _MODULES, INSTALL_COMMAND, find)
