"""Count the requests of the API since the start of the service."""

from __future__ import annotations

from qiskit_qoro.local.metrics.tallies import Counts, Histogram
from qiskit_qoro.local.web.answered_requests import AnsweredRequest

__all__ = ["RequestTally"]

_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)


class RequestTally:
    """Counts requests.

    Attributes:
        requests: The requests by endpoint and status code.
        durations: How long their answers took in seconds, by endpoint.
    """

    def __init__(self) -> None:
        self.requests = Counts()
        self.durations = Histogram(_SECONDS)

    def add(self, request: AnsweredRequest) -> None:
        """Count a request."""
        self.requests.add((request.endpoint, str(request.status)))
        self.durations.add((request.endpoint,), request.duration_s)
