"""The Qoro service on the user's own machine.

Start with ``qiskit_qoro.local.server``, which starts all parts: the REST API (``web``), the database
(``store``), the threads that run jobs (``runner``), the processes that run circuits (``workers``) and the
simulator (``engine``).

The public names are imported when they are first used. Worker processes import this package too, and start
faster without the web server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_qoro.lazy_imports import lazy_names

if TYPE_CHECKING:
    from qiskit_qoro.local.engine.devices import noisy_device_names
    from qiskit_qoro.local.fault_injection import Fault, FaultInjection, FaultKind
    from qiskit_qoro.local.server import LocalService, serve, serve_forever
    from qiskit_qoro.local.store.quotas import Quota
    from qiskit_qoro.local.web.accounts import Account, Tier
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "engine.devices": ("noisy_device_names",),
            "fault_injection": ("Fault", "FaultInjection", "FaultKind"),
            "store.quotas": ("Quota",),
            "server": ("LocalService", "serve", "serve_forever"),
            "web.accounts": ("Account", "Tier"),
        },
    )


__all__ = [
    "Account",
    "Fault",
    "FaultInjection",
    "FaultKind",
    "LocalService",
    "Quota",
    "Tier",
    "noisy_device_names",
    "serve",
    "serve_forever",
]
