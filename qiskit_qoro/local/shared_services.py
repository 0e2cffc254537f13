"""Share one local service between all users in a process that request the same options.

This module holds the only process-wide state of the package: the services that are running and the number of
users of each. A service stops when its last user releases it, or with the process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.server import LocalService, serve
from qiskit_qoro.process_local import ProcessLocal

__all__ = ["acquire", "release"]


_T = TypeVar("_T")


@dataclass
class _SharedService:
    """A running service, the object that its users share besides it, and the number of its users."""

    service: LocalService
    companion: Any
    num_users: int = 0


# The lock guards the dict. It is held while a service starts or stops, so that nobody gets a service that is
# still starting. Each process has its own: a child may be forked while another thread starts a service.
_locks = ProcessLocal(lambda _inherited: threading.Lock())
_running: dict[Hashable, _SharedService] = {}


def _open_ports() -> None:
    """Open the ports of all services, because a forked child reaches them only by their addresses."""
    for shared in list(_running.values()):
        with suppress(QoroError, OSError):
            shared.service.link.open_address()


# Python calls this in the parent before every fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_open_ports)


def _key(options: Mapping[str, Any]) -> Hashable:
    given = {name: value for name, value in options.items() if value is not None}
    for name in given.keys() & {"database", "cluster_certificates"}:
        given[name] = Path(given[name]).resolve()
    # A forked child inherits `_running` but not the threads of its services, so it needs services of its own.
    return (os.getpid(), *sorted((name, repr(value)) for name, value in given.items()))


def acquire(options: Mapping[str, Any], make_companion: Callable[[], _T]) -> tuple[LocalService, _T]:
    """Get the service with these options. Start it if it is not running.

    Args:
        options: The arguments of :func:`~qiskit_qoro.local.serve`.
        make_companion: Makes an object that all users of the service share. Called once, for the first user.

    Returns:
        The service and the companion.

    Raises:
        QoroError: The service cannot be started. The message contains the reason.
    """
    key = _key(options)
    with _locks.get():
        if key not in _running:
            _running[key] = _SharedService(serve(**options, opens_port=False), make_companion())
        shared = _running[key]
        shared.num_users += 1
        return shared.service, shared.companion


def release(options: Mapping[str, Any]) -> None:
    """Release the service with these options. It stops when its last user has released it."""
    key = _key(options)
    with _locks.get():
        shared = _running.get(key)
        if shared is None:
            return
        shared.num_users -= 1
        if shared.num_users == 0:
            del _running[key]
            shared.service.close()
