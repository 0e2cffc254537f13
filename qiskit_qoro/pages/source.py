"""The interface between the pages and what they show."""

from __future__ import annotations

from typing import Protocol

from qiskit_qoro.pages.views import (
    CharacterizationView,
    CircuitsPage,
    CircuitView,
    CreditsView,
    JobFilter,
    JobsPage,
    JobView,
    SourceFacts,
    TargetView,
    WorkersView,
)

__all__ = ["MissingError", "RefusedError", "Source"]


class MissingError(Exception):
    """The account has nothing with this name. The page says so, with status 404."""


class RefusedError(Exception):
    """The state of a job does not allow an action. The page that is shown next says why."""


class Source(Protocol):
    """What one account may see and do. The methods run in threads, so they may take a while.

    All methods raise :class:`MissingError` if the account has no such job, and a
    :class:`~qiskit_qoro.errors.QoroError` if a service or a file cannot be used. Actions raise
    :class:`RefusedError` if the job does not allow them.
    """

    @property
    def facts(self) -> SourceFacts:
        """What all pages show. Reading it does no I/O."""

    def jobs(self, condition: JobFilter, *, limit: int, offset: int) -> JobsPage:
        """Return some of the jobs that meet a condition, newest first."""

    def refresh(self) -> None:
        """Bring the statuses that :meth:`jobs` returns up to date. This may ask a service."""

    def job(self, job_id: str) -> JobView:
        """Return a job."""

    def circuits(self, job_id: str, *, status: str, limit: int, offset: int) -> CircuitsPage:
        """Return some circuits of a job, in order.

        Args:
            job_id: The job.
            status: Only circuits with this status; empty for all.
            limit: The largest number of circuits.
            offset: How many to leave out at the beginning.
        """

    def circuit(self, job_id: str, position: int) -> CircuitView | None:
        """Return a circuit of a job with its outcome; ``None`` if it is not known."""

    def characterization(self, job_id: str) -> CharacterizationView | None:
        """Return the characterization of a job; ``None`` if it is not finished."""

    def report(self, job_id: str) -> str | None:
        """Return the HTML report of a characterization; ``None`` if there is none. It is not trusted."""

    def targets(self) -> list[TargetView]:
        """Return the targets of jobs, simulator clusters first."""

    def workers(self) -> WorkersView:
        """Return the processes of the service. Called only if the facts say that the source knows them."""

    def credits(self, *, limit: int, offset: int) -> CreditsView:
        """Return the balance, some transactions, and the cost per day."""

    def cancel(self, job_id: str) -> str:
        """Cancel a job; return a sentence that says what happened."""

    def delete(self, job_id: str) -> str:
        """Delete a job and its results; return a sentence that says what happened."""

    def resubmit(self, job_id: str) -> str:
        """Submit a job again; return the identifier of the new job."""
