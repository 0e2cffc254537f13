"""The local service: the Qoro REST API on this machine, for development and tests."""

from qiskit_qoro.local.fault_injection import Fault, FaultInjection, FaultKind
from qiskit_qoro.local.server import LocalService, serve, serve_forever
from qiskit_qoro.local.web.accounts import Account, Tier

__all__ = [
    "Account",
    "Fault",
    "FaultInjection",
    "FaultKind",
    "LocalService",
    "Tier",
    "serve",
    "serve_forever",
]
