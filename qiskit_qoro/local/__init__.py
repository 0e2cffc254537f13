"""The Qoro service on the user's own machine."""

from qiskit_qoro.local.accounts import Account, Tier
from qiskit_qoro.local.rehearsal import Fault, FaultKind, Rehearsal
from qiskit_qoro.local.server import LocalService, serve, serve_forever

__all__ = ["Account", "Fault", "FaultKind", "LocalService", "Rehearsal", "Tier", "serve", "serve_forever"]
