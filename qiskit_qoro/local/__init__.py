"""The Qoro service on the user's own machine.

Start with ``qiskit_qoro.local.server``, which starts all parts: the REST API (``web``), the database
(``store``), the threads that run jobs (``runner``), the processes that run circuits (``workers``) and the
simulator (``engine``).

The public names are imported when they are first used. Worker processes import this package too, and start
faster without the web server.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit_qoro.local.engine.devices import noisy_device_names
    from qiskit_qoro.local.fault_injection import Fault, FaultInjection, FaultKind
    from qiskit_qoro.local.server import LocalService, serve, serve_forever
    from qiskit_qoro.local.web.accounts import Account, Tier
else:
    _MODULES = {
        "Account": "web.accounts",
        "Fault": "fault_injection",
        "FaultInjection": "fault_injection",
        "FaultKind": "fault_injection",
        "LocalService": "server",
        "Tier": "web.accounts",
        "noisy_device_names": "engine.devices",
        "serve": "server",
        "serve_forever": "server",
    }

    def __getattr__(name):
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


__all__ = [
    "Account",
    "Fault",
    "FaultInjection",
    "FaultKind",
    "LocalService",
    "Tier",
    "noisy_device_names",
    "serve",
    "serve_forever",
]
