"""The libraries that the programs of a cluster need, and the command that installs them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

from qiskit_qoro.errors import QoroError

__all__ = ["check_cluster_installed"]

_MODULES = ("cryptography", "distributed")

# It names the libraries of the extra "cluster" and not the extra, so that it works in every directory.
_INSTALL_COMMAND = 'python -m pip install "cryptography>=42" "distributed>=2025.4"'


def check_cluster_installed(find: Callable[[str], ModuleSpec | None] = find_spec) -> None:
    """Check that Dask and what else a cluster needs are installed.

    Args:
        find: Returns what is known of a module, or ``None`` if it is not installed.

    Raises:
        QoroError: Something is missing. The message says how to install it.
    """
    missing = [name for name in _MODULES if find(name) is None]
    if missing:
        raise QoroError(
            f"a cluster needs {' and '.join(missing)}, which is not installed: run {_INSTALL_COMMAND}"
        )
