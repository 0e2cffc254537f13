"""What a source of the journal needs to ask a service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from qiskit_qoro.service import QoroService

__all__ = ["JournalClient", "RetrievedJob"]


class RetrievedJob(Protocol):
    """A job that a provider has retrieved."""

    def job_id(self) -> str:
        """The identifier."""

    def resubmit(self) -> RetrievedJob:
        """Submit the same programs once more, and return the new job."""


@dataclass(frozen=True)
class JournalClient:
    """A way to the service whose jobs are shown.

    Attributes:
        service: Returns the client of the service.
        retrieve: Retrieves a job by its identifier, as a provider does.
    """

    service: Callable[[], QoroService]
    retrieve: Callable[[str], RetrievedJob]
