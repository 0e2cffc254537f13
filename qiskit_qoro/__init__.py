"""Run Qiskit circuits on the Qoro quantum service."""

from qiskit_qoro._version import __version__

__all__ = ["__version__"]
