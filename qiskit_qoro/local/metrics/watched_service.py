"""Watch a service from its start to its end, and answer requests for its metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from types import TracebackType
from typing import Self

from starlette.types import ASGIApp

from qiskit_qoro._version import __version__
from qiskit_qoro.local.metrics.ended_jobs_tally import EndedJobsTally
from qiskit_qoro.local.metrics.metrics_app import build_metrics_app
from qiskit_qoro.local.metrics.request_tally import RequestTally
from qiskit_qoro.local.metrics.service_metrics import ServiceMetrics, build_registry
from qiskit_qoro.local.store.database import Database
from qiskit_qoro.local.web.accounts import Accounts
from qiskit_qoro.local.web.answered_requests import AnsweredRequest, RequestObserver
from qiskit_qoro.local.workers.pool_snapshot import PoolSnapshot

__all__ = ["WatchedService"]


class WatchedService:
    """Counts what happens to a service within a ``with`` block.

    Args:
        database: The database of the service.
        snapshot: Returns what is known of the workers.
        accounts: The accounts of the service.
        unix_time: Returns the seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        snapshot: Callable[[], PoolSnapshot],
        accounts: Accounts,
        *,
        unix_time: Callable[[], float] = time.time,
    ) -> None:
        names = {account.name for account in accounts}
        self._jobs = EndedJobsTally(database, names)
        self._requests = RequestTally()
        metrics = ServiceMetrics(
            database,
            snapshot,
            names,
            self._jobs,
            self._requests,
            version=__version__,
            start_time_s=unix_time(),
        )
        self._registry = build_registry(metrics)

    def __enter__(self) -> Self:
        self._jobs.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._jobs.__exit__(kind, error, traceback)

    def observe(self, request: AnsweredRequest) -> None:
        """Count a request that was answered."""
        self._requests.add(request)

    def app(
        self,
        may_read: Callable[[str | None], bool],
        threads: Executor,
        observers: Sequence[RequestObserver] = (),
    ) -> ASGIApp:
        """Return what answers requests for the metrics, as :func:`build_metrics_app` describes it."""
        return build_metrics_app(self._registry, may_read, threads, observers)
