"""Send batches to workers and wait for their answers.

A batch is one task of Dask, pinned to one worker. Its key is in ``_open`` from :meth:`OpenBatches.submit`
until its answer is passed on or it is given up, and Dask keeps it only as long. If a batch is given up, the
scheduler takes it from its worker, which notices and stops.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import dask.config
from distributed import Future, KilledWorker

from qiskit_qoro.local.workers.cluster.connection.ending import end_tasks
from qiskit_qoro.local.workers.cluster.connection.scheduler_client import SchedulerClient
from qiskit_qoro.local.workers.cluster.messages import Batch, BatchReply
from qiskit_qoro.local.workers.cluster.worker_link import Answer, BatchFailed, BatchLost

__all__ = ["OpenBatches"]

# A scheduler forgets a request to release a batch if it arrives while the batch is still being unpacked. So
# the request is repeated after these times, if the batch was young.
_YOUNG_S = 5.0
_REPEAT_S = (0.1, 1.0, 5.0)

# Dask warns of tasks of more than 10 MB. Those of a cluster are as large as the circuits.
_NO_SIZE_WARNING = {"distributed.admin.large-graph-warning-threshold": "1 TiB"}

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Open:
    """A batch that has been sent."""

    worker: str
    future: Future[BatchReply]
    sent: float


class OpenBatches:
    """The batches of one connection.

    Args:
        client: The connection.
        run_batch: What a worker does with a batch.
    """

    def __init__(self, client: SchedulerClient, run_batch: Callable[[Batch], BatchReply]) -> None:
        self._client = client
        self._run_batch = run_batch
        self._loop = asyncio.get_running_loop()
        self._open: dict[str, _Open] = {}
        # The tasks that wait for answers. A batch that is given up may still have one for a moment.
        self._following: set[asyncio.Task[None]] = set()

    def submit(self, worker: str, batch: Batch, key: str, done: Callable[[Answer], None]) -> None:
        """Send a batch to a worker, and call ``done`` with the answer unless the batch is given up."""
        try:
            with dask.config.set(_NO_SIZE_WARNING):
                future = self._client.submit(
                    self._run_batch,
                    batch,
                    key=key,
                    workers=[worker],
                    allow_other_workers=False,
                    pure=False,
                    retries=0,
                )
        except Exception as error:
            _logger.exception("a batch cannot be sent")
            done(BatchFailed(_describe(error)))
            return
        self._open[key] = _Open(worker, future, self._loop.time())
        following = self._loop.create_task(self._follow(key, future, done))
        self._following.add(following)
        following.add_done_callback(self._following.discard)

    def cancel(self, keys: Iterable[str]) -> None:
        """Give up batches. Those that have ended are ignored."""
        for key in keys:
            batch = self._open.pop(key, None)
            if batch is not None:
                # Its task ends by itself. To cancel it could cancel a request for other replies, too.
                self._release(batch.future, is_young=self._loop.time() - batch.sent < _YOUNG_S)

    def give_up_of(self, worker: str) -> None:
        """Give up the batches of a worker that has left."""
        self.cancel([key for key, batch in self._open.items() if batch.worker == worker])

    async def end(self) -> None:
        """Give up all batches, because the connection ends."""
        self._open.clear()
        await end_tasks(self._following)

    async def _follow(self, key: str, future: Future[BatchReply], done: Callable[[Answer], None]) -> None:
        """Wait for the answer to a batch and pass it on, unless the batch was given up."""
        answer = await _answer_of(future)
        # Without an await in between: a batch that is given up has no answer.
        if self._open.pop(key, None) is not None:
            self._release(future, is_young=False)
            done(answer)

    def _release(self, future: Future[BatchReply], *, is_young: bool) -> None:
        future.release()  # type: ignore[no-untyped-call]
        if is_young:
            for delay_s in _REPEAT_S:
                self._loop.call_later(delay_s, self._release_again, future.key)

    def _release_again(self, key: Any) -> None:
        if self._client.status == "running":
            Future(key, self._client).release()  # type: ignore[no-untyped-call]


async def _answer_of(future: Future[BatchReply]) -> Answer:
    try:
        reply: BatchReply = await future
    except KilledWorker:
        return BatchLost("it ended while it ran a batch")
    except OSError as error:  # the scheduler could not get the reply from the worker
        return BatchLost(f"its reply did not arrive ({error})")
    except asyncio.CancelledError:
        raise
    except Exception as error:
        if _is_cancelled(future):
            return BatchLost("the scheduler has dropped its batch")
        return BatchFailed(_describe(error))
    return reply


def _is_cancelled(future: Future[BatchReply]) -> bool:
    return bool(future.cancelled())  # type: ignore[no-untyped-call]


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
