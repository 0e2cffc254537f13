"""What a provider asks: the client of a service and the journal of its jobs, of the cloud or of this machine.

The local service is started when its client is first asked for, and stopped with its last connection.
"""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from qiskit_qoro.history import Journal, find_journal
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER, JobConfig
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.recorder import UNRECORDED, SubmissionRecorder

__all__ = ["LOCAL_PREFIX", "Connection", "LocalConnection", "RemoteConnection", "open_journal", "recorder_of"]

LOCAL_PREFIX = "local:"
"""The journal knows a local service by this and the file of its database."""

# A look at a job on this machine costs a millisecond, and nobody else is waiting.
_LOCAL_POLLING_S = 0.25
_LOCAL_RETRIES = 10**9


class Connection(Protocol):
    """A way to a service."""

    @property
    def service(self) -> QoroService:
        """The client."""

    @property
    def journal(self) -> Journal | None:
        """Where jobs are remembered, ``None`` where they are not."""

    @property
    def recorded_as(self) -> str:
        """What the journal calls the service."""

    def close(self) -> None:
        """Close the client, and stop what was started for it."""


def open_journal(argument: bool | str | Path) -> Journal | None:
    """The journal that an argument asks for; it opens its file when it is first used.

    Args:
        argument: ``True`` for the user's, a file for that one; ``False`` for none.
    """
    path = find_journal(argument)
    return None if path is None else Journal(path)


def recorder_of(journal: Journal | None, service: str) -> SubmissionRecorder:
    """What writes the jobs of a service into a journal, if there is one."""
    return UNRECORDED if journal is None else journal.recorder(service)


class RemoteConnection:
    """A connection to a service that runs by itself.

    Args:
        service: Its client.
        journal: Where its jobs are remembered.
    """

    def __init__(self, service: QoroService, journal: Journal | None) -> None:
        self.service = service
        self.journal = journal

    def __repr__(self) -> str:
        return repr(self.service.base_url)

    @property
    def recorded_as(self) -> str:
        """What the journal calls the service: its address."""
        return self.service.base_url

    def close(self) -> None:
        """Close the client."""
        self.service.close()


class LocalConnection:
    """A connection to the local service, which is started when it is first needed.

    Args:
        options: Those of the service.
        journal: As for :func:`open_journal`; without a database the jobs are remembered as long as they live.
    """

    def __init__(self, options: dict[str, Any], journal: bool | str | Path) -> None:
        self._options = options
        self._keeps_journal = journal is not False
        self._journal = None if self._is_in_memory else open_journal(journal)
        self._lock = threading.Lock()
        self._started: QoroService | None = None
        self._owns_use = False

    def __getstate__(self) -> dict[str, Any]:
        # A copy speaks to the same service, as long as the original keeps it; it starts none by itself.
        return {**self.__dict__, "_lock": None, "_owns_use": False}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def __repr__(self) -> str:
        return f"local service: {self._started.base_url if self._started else 'not started'}"

    @property
    def service(self) -> QoroService:
        """The client of the local service, which is started if it does not run."""
        with self._lock:
            if self._started is None:
                self._started = self._start()
            return self._started

    @property
    def journal(self) -> Journal | None:
        """Where jobs are remembered, ``None`` where they are not."""
        if self._keeps_journal and self._is_in_memory:
            _ = self.service  # which has it
        return self._journal

    @property
    def recorded_as(self) -> str:
        """What the journal calls the service: its port changes from start to start, its database does not."""
        database = self._options["database"]
        return LOCAL_PREFIX if database is None else f"{LOCAL_PREFIX}{Path(database).resolve()}"

    def close(self) -> None:
        """Close the client, and stop the local service if this was its last connection."""
        with self._lock:
            started, self._started = self._started, None
            owned, self._owns_use = self._owns_use, False
        if started is not None:
            started.close()
        if owned:
            from qiskit_qoro.local.shared_services import release  # noqa: PLC0415 - an optional extra

            release(self._options)

    @property
    def _is_in_memory(self) -> bool:
        return self._options["database"] is None

    def _start(self) -> QoroService:
        from qiskit_qoro.local.shared_services import acquire  # noqa: PLC0415 - an optional extra

        local, memory = acquire(self._options, partial(Journal, None))
        self._owns_use = True
        if self._keeps_journal and self._is_in_memory:
            self._journal = memory
        return QoroService(
            local.token,
            JobConfig(simulator_cluster=DEFAULT_SIMULATOR_CLUSTER),
            polling_interval=_LOCAL_POLLING_S,
            max_retries=_LOCAL_RETRIES,
            base_url=local.url,
            recorder=recorder_of(self._journal, self.recorded_as),
        )
