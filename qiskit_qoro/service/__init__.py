"""The client of the REST service."""

from qiskit_qoro.service.client import QoroService
from qiskit_qoro.service.interfaces import CircuitRunner, SupportsCircuitTemplates

__all__ = ["CircuitRunner", "QoroService", "SupportsCircuitTemplates"]
