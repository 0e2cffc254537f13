"""The interpreter and the packages: what is installed, and what is missing for which purpose."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from qiskit_qoro._version import __version__
from qiskit_qoro.cli.diagnosis.findings import Finding, Level
from qiskit_qoro.connection import local_install_command

__all__ = ["installed"]

# Purpose to its distributions.
_OPTIONAL = {
    "OpenQASM 3": ("qiskit-qasm3-import",),
    "pictures": ("matplotlib", "pillow", "pylatexenc", "seaborn", "sympy"),
    "data frames": ("pandas",),
}
_LOCAL = ("qoro-maestro", "starlette", "uvicorn")


def installed() -> Iterator[Finding]:
    """Find out what is installed."""
    yield Finding(
        "Python", Level.OK, f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    )
    yield Finding("qiskit-qoro", Level.OK, __version__)
    yield Finding("Qiskit", Level.OK, _version("qiskit") or "unknown version")
    yield _purpose("local service", _LOCAL, local_install_command())
    for purpose, names in _OPTIONAL.items():
        yield _purpose(purpose, names)


def _purpose(purpose: str, names: tuple[str, ...], command: str | None = None) -> Finding:
    versions = {name: _version(name) for name in names}
    missing = [name for name, found in versions.items() if found is None]
    if missing:
        command = command or f"pip install {' '.join(missing)}"
        return Finding(purpose, Level.NOTE, f"{', '.join(missing)} not installed", f"Install with: {command}")
    return Finding(purpose, Level.OK, ", ".join(f"{name} {found}" for name, found in versions.items()))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
