"""One local service for all who ask for the same one within a process.

This module holds the one piece of process-wide state of the package, because "one per process" is what it is
for: which services run, and how many use each. A service stops when its last user releases it, and all stop
with the process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from qiskit_qoro.local.server import LocalService, serve

__all__ = ["acquire", "release"]


_T = TypeVar("_T")


@dataclass
class _Use:
    service: LocalService
    companion: Any
    users: int = 0


_lock = threading.Lock()
_running: dict[Hashable, _Use] = {}


def _key(options: Mapping[str, Any]) -> Hashable:
    given = {name: value for name, value in options.items() if value is not None}
    if "database" in given:
        given["database"] = Path(given["database"]).resolve()
    # A forked child inherits this table but not the threads of the services in it.
    return (os.getpid(), *sorted((name, repr(value)) for name, value in given.items()))


def acquire(options: Mapping[str, Any], make_companion: Callable[[], _T]) -> tuple[LocalService, _T]:
    """The service with these options, started if it does not run.

    Args:
        options: Options of :func:`~qiskit_qoro.local.serve`.
        make_companion: Makes what the users of a service share beside it; the first one is asked.

    Returns:
        The service, and its companion.

    Raises:
        QoroError: It cannot be started; the message says what is missing.
    """
    key = _key(options)
    with _lock:
        if key not in _running:
            _running[key] = _Use(serve(**options), make_companion())
        use = _running[key]
        use.users += 1
        return use.service, use.companion


def release(options: Mapping[str, Any]) -> None:
    """Say that one user of the service with these options is done; the last one stops it."""
    key = _key(options)
    with _lock:
        use = _running.get(key)
        if use is None:
            return
        use.users -= 1
        if use.users == 0:
            del _running[key]
            use.service.close()
