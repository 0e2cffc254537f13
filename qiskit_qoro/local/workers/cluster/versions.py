"""Compare the versions of the service and of a worker, which send each other pickled objects.

A worker is asked for its versions before anything else. The answer consists of plain values, so that services
and workers of all versions understand each other that far.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from qiskit_qoro._version import __version__

__all__ = ["describe_difference", "installed_versions"]

_OWN = "qiskit-qoro"
_LIBRARIES = ("qiskit", "qoro-maestro", "distributed")
_MISSING = "none"


def installed_versions() -> dict[str, str]:
    """Return the versions of what a service and its workers must have in common, by name.

    Nothing is imported.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    libraries = {name: _version_of(name) for name in _LIBRARIES}
    return {_OWN: __version__, "Python": python, **libraries}


def describe_difference(service: Mapping[str, str], worker: Mapping[str, str]) -> str | None:
    """Say in which versions a worker differs from the service.

    Args:
        service: The versions of the service.
        worker: Those of the worker. Names that only one side knows differ.

    Returns:
        The versions of both sides, and what to do, or ``None`` if there is no difference.
    """
    names = [name for name in {**service, **worker} if service.get(name) != worker.get(name)]
    if not names:
        return None
    return (
        f"it has {_listing(names, worker)}, and the service has {_listing(names, service)}: install the same "
        "versions on both"
    )


def _listing(names: list[str], versions: Mapping[str, str]) -> str:
    return " and ".join(", ".join(f"{name} {versions.get(name, _MISSING)}" for name in names).rsplit(", ", 1))


def _version_of(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return _MISSING
