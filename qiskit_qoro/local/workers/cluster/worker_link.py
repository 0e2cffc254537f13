"""What the pool needs of the connection to a cluster, without Dask.

The link knows the scheduler and its workers, and carries batches. It decides nothing: the pool decides which
worker runs a batch, and what happens to the batch of a worker that is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from qiskit_qoro.local.workers.cluster.messages import Batch, BatchReply, WorkerDescription

__all__ = ["Answer", "BatchFailed", "BatchLost", "LinkEvents", "WorkerLink"]


@dataclass(frozen=True)
class BatchLost:
    """The worker of a batch is gone. Whether it has run any of the batch is unknown.

    Attributes:
        reason: What happened to the worker, for example "its connection was lost".
    """

    reason: str


@dataclass(frozen=True)
class BatchFailed:
    """The worker is there, but has not run the batch because of an error of the program.

    Attributes:
        reason: The error, with its type.
    """

    reason: str


Answer = BatchReply | BatchLost | BatchFailed
"""What comes back for a batch."""


class LinkEvents(Protocol):
    """What the link tells the pool. The methods return at once and raise nothing.

    The link calls one method at a time, in the order of the events.
    """

    def scheduler_connected(self) -> None:
        """The scheduler has answered. The workers follow, each with :meth:`worker_joined`."""

    def scheduler_lost(self, reason: str) -> None:
        """The scheduler does not answer, or has not answered yet. All workers are gone, and all batches.

        The link goes on trying to connect. It may call this again with another reason.
        """

    def worker_joined(self, address: str, description: WorkerDescription, since: datetime) -> None:
        """A worker can be used. Repeated with the same address, it replaces the description."""

    def worker_refused(
        self, address: str, description: WorkerDescription, since: datetime, refusal: str
    ) -> None:
        """A worker is connected, but must not be used, because its versions differ, for example."""

    def worker_left(self, address: str, *, is_stopped: bool = False) -> None:
        """A worker that has joined or was refused is gone. Its batches are lost with it.

        Args:
            address: The worker.
            is_stopped: Whether it said before that it was being stopped, so that no batch is the cause.
        """


class WorkerLink(Protocol):
    """The connection to a cluster. All methods may be called in any thread."""

    @property
    def address(self) -> str:
        """The address of the scheduler, as the user would write it."""

    def start(self, events: LinkEvents) -> None:
        """Connect in the background, and for ever again.

        Raises:
            QoroError: The cluster cannot be used at all, because a package or a certificate is missing, for
                example.
        """

    def close(self) -> None:
        """Disconnect. Afterwards nothing is called any more. May be called again."""

    def submit(self, address: str, batch: Batch, key: str, done: Callable[[Answer], None]) -> None:
        """Send a batch to a worker. Returns at once and does not raise.

        Args:
            address: The worker.
            batch: The batch.
            key: A name that no other batch has.
            done: Called once with the answer, in any thread; after :meth:`cancel`, or after the scheduler or
                the worker is lost, once or never. It returns at once and raises nothing. It may be called
                before this method returns.
        """

    def cancel(self, keys: Iterable[str]) -> None:
        """Stop batches. Returns at once. Keys of batches that have ended are ignored."""
