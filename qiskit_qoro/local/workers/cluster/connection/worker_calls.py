"""The functions that the service runs on workers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from qiskit_qoro.local.workers.cluster.messages import Batch, BatchReply, WorkerDescription

__all__ = ["WorkerCalls"]


@dataclass(frozen=True)
class WorkerCalls:
    """Functions that Dask runs on a worker. It pickles their names, so that the worker imports its own.

    All but ``run_batch`` run in the event loop of the worker. Dask passes the worker to those that have an
    argument ``dask_worker``.

    Attributes:
        versions: Returns the versions of the worker as plain values.
        describe: Returns the description of the worker, and prepares it to run batches if it is not.
        run_batch: Runs a batch, in a thread of the worker.
        show_refusal: Shows on the worker's terminal why a service does not use the worker.
    """

    versions: Callable[[], Mapping[str, str]]
    describe: Callable[..., Awaitable[WorkerDescription]]
    run_batch: Callable[[Batch], BatchReply]
    show_refusal: Callable[..., None]
