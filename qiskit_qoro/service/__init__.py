"""The client of the REST API.

Start with :mod:`~qiskit_qoro.service.client`: each method of ``QoroService`` calls a function of another
module of this package. :mod:`~qiskit_qoro.service.transport` sends all requests.
"""

from qiskit_qoro.service.client import QoroService
from qiskit_qoro.service.interfaces import CircuitRunner, SupportsCircuitTemplates

__all__ = ["CircuitRunner", "QoroService", "SupportsCircuitTemplates"]
