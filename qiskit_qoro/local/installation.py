"""The libraries that the local service needs in addition, and the command that installs them."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["INSTALL_COMMAND", "missing_modules"]

INSTALL_COMMAND = 'python -m pip install "qoro-maestro>=0.3.8" "starlette>=0.40" "uvicorn>=0.30"'
"""Installs the requirements of the extra ``local``.

The command names the libraries and not the extra. So it works in every directory, and also if the package was
not installed from an index.
"""

_MODULES = ("maestro", "starlette", "uvicorn")


def missing_modules() -> list[str]:
    """Return the modules of these libraries that are not installed."""
    return [name for name in _MODULES if find_spec(name) is None]
