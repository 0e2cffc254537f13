"""The libraries that the local service needs in addition, and the command that installs them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from qiskit_qoro.errors.missing_modules import check_modules

__all__ = ["CLUSTER_INSTALL_COMMAND", "INSTALL_COMMAND", "check_cluster_modules", "missing_modules"]

INSTALL_COMMAND = 'python -m pip install "qoro-maestro>=0.3.8" "starlette>=0.40" "uvicorn>=0.30"'
"""Installs the requirements of the extra ``local``.

The command names the libraries and not the extra. So it works in every directory, and also if the package was
not installed from an index.
"""

CLUSTER_INSTALL_COMMAND = 'python -m pip install "cryptography>=42" "distributed>=2025.4"'
"""Installs the requirements of the extra ``cluster``, in the same way."""

_MODULES = ("maestro", "starlette", "uvicorn")
_CLUSTER_MODULES = ("cryptography", "distributed")


def missing_modules() -> list[str]:
    """Return the modules of these libraries that are not installed."""
    return [name for name in _MODULES if find_spec(name) is None]


def check_cluster_modules(find: Callable[[str], object] = find_spec) -> None:
    """Check that what a cluster needs is installed.

    Args:
        find: Returns what is known of a module, or ``None`` if it is not installed.

    Raises:
        QoroError: Something is missing. The message says how to install it.
    """
    check_modules("a cluster needs", _CLUSTER_MODULES, CLUSTER_INSTALL_COMMAND, find)
