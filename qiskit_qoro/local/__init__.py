"""The Qoro service on the user's own machine."""

from qiskit_qoro.local.server import LocalService, serve, serve_forever

__all__ = ["LocalService", "serve", "serve_forever"]
