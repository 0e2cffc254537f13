"""Connections of a provider: the client of a service, and the journal of the jobs submitted to it.

A :class:`RemoteConnection` connects to a service that runs independently, such as the cloud. A
:class:`LocalConnection` starts the local service when its client is first needed. Connections with the same
options share one local service, which stops when the last of them is closed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from qiskit_qoro.display.progress import ProgressOptions
from qiskit_qoro.errors import QoroError
from qiskit_qoro.history import Journal, JournalRecorder, find_journal, find_program_limit
from qiskit_qoro.models.arguments import boolean_of
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER, JobConfig
from qiskit_qoro.models.jobs import AnyConfig, ResultDetails
from qiskit_qoro.process_local import ProcessLocal
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.budgets.spending import Spending
from qiskit_qoro.service.recorder import UNRECORDED, SubmissionRecorder
from qiskit_qoro.service.settings import ServiceOrigin, check_progress

if TYPE_CHECKING:
    from qiskit_qoro.local.server import LocalService

__all__ = [
    "LOCAL_PREFIX",
    "Connection",
    "LocalConnection",
    "RemoteConnection",
    "forecast_local_method",
    "local_install_command",
    "open_journal",
    "recorder_of",
]

LOCAL_PREFIX = "local:"
"""The name of a local service in the journal is this prefix, followed by the path of its database."""

# On this machine a poll takes less than a millisecond and disturbs nobody else, so jobs are polled often and
# without a limit.
_LOCAL_POLLING_S = 1.0
_LOCAL_RETRIES = 10**9

_LOCAL_DEFAULTS = {"time_limit_s": 300.0}  # of the options whose default is not None


class Connection(Protocol):
    """A connection to a service."""

    @property
    def service(self) -> QoroService:
        """The client of the service."""

    @property
    def journal(self) -> Journal | None:
        """The journal of the submitted jobs, or ``None`` if none is kept."""

    @property
    def recorded_as(self) -> str:
        """The name of the service in the journal."""

    @property
    def account(self) -> str | None:
        """The name of the saved account that is used, or ``None``."""

    def local_service(self) -> LocalService | None:
        """Return the local service of this process, which is started if needed; ``None`` for another one.

        Raises:
            QoroError: The service belongs to another provider or process.
        """

    def describe(self) -> list[tuple[str, str]]:
        """Return name and value of what a user should know about the connection, without any I/O."""

    def close(self) -> None:
        """Close the client, and stop a local service that no other connection uses."""


def local_install_command() -> str | None:
    """The command that installs what the local service needs, or ``None`` if everything is installed."""
    from qiskit_qoro.local.installation import (  # noqa: PLC0415 - the package does not import `local` early
        INSTALL_COMMAND,
        missing_modules,
    )

    return INSTALL_COMMAND if missing_modules() else None


def forecast_local_method(
    text: str, pauli_strings: Sequence[str] | None, config: AnyConfig | None, system: str | None
) -> ResultDetails | None:
    """Return the method that a local service would choose, see :mod:`qiskit_qoro.local.method_forecast`.

    The local service has to be installed.
    """
    from qiskit_qoro.local.method_forecast import forecast_method  # noqa: PLC0415 - an optional extra

    return forecast_method(text, pauli_strings, config, system)


def open_journal(argument: bool | str | Path) -> Journal | None:
    """Return the journal that an argument requests. Its file is opened when it is first used.

    Args:
        argument: ``True`` for the user's journal, a path for the journal in that file, ``False`` for none.
    """
    path = find_journal(argument)
    return None if path is None else Journal(path, program_limit_bytes=find_program_limit())


def recorder_of(journal: Journal | None, service: str) -> SubmissionRecorder:
    """Return the recorder that writes the jobs of a service into a journal, if there is one.

    Args:
        journal: The journal, or ``None`` to record nothing.
        service: The name of the service in the journal.
    """
    return UNRECORDED if journal is None else JournalRecorder(journal, service)


class RemoteConnection:
    """A connection to a service that runs independently.

    Args:
        service: The client of the service.
        journal: The journal of the jobs, or ``None`` for none.
        account: The name of the saved account that is used, or ``None`` for none.
    """

    def __init__(self, service: QoroService, journal: Journal | None, account: str | None = None) -> None:
        self.service = service
        self.journal = journal
        self.account = account

    def __repr__(self) -> str:
        return repr(self.service.description)

    def describe(self) -> list[tuple[str, str]]:
        """Return the address, the saved account and the journal."""
        account = [] if self.account is None else [("account", self.account)]
        journal = ("journal", _describe_journal(self.journal))
        return [("service", self.service.description), *account, journal]

    @property
    def recorded_as(self) -> str:
        """The name of the service in the journal, which is its address."""
        return self.service.base_url

    def local_service(self) -> None:
        """Return ``None``, because the service runs independently."""

    def close(self) -> None:
        """Close the client."""
        self.service.close()


class LocalConnection:
    """A connection to the local service, which is started when it is first needed.

    Args:
        options: The options of the local service.
        journal: As for :func:`open_journal`. Without a database, the jobs are lost when the service stops, so
            the journal is kept in memory, too.
        progress: As for :class:`QoroService`.
        spending: The budget and the prices of all clients of this connection.
    """

    def __init__(
        self,
        options: dict[str, Any],
        journal: bool | str | Path,
        progress: bool | ProgressOptions = True,
        spending: Spending | None = None,
    ) -> None:
        self._options = options
        self._progress = check_progress(progress)
        # Kept here, because a new client is created whenever the service is started again.
        self._spending = Spending() if spending is None else spending
        self._keeps_journal = boolean_of(journal) is not False
        self._journal = None if self._is_in_memory else open_journal(journal)
        self._program_limit_bytes = find_program_limit()
        # The lock guards the next three fields: several threads may need the client at once.
        self._locks = _new_locks()
        # The client, while the service is running for this connection.
        self._client: QoroService | None = None
        # The process in which this connection has acquired the shared service and has to release it. A forked
        # child uses the service of its parent, but does not hold it.
        self._held_in: int | None = None
        # The service, while this connection holds it.
        self._held: LocalService | None = None

    def __getstate__(self) -> dict[str, Any]:
        # A copy uses the running service, but does not hold it. Closing the copy does not stop the service.
        # The service stops when all connections that hold it are closed, even if a copy still uses it.
        return {**self.__dict__, "_locks": None, "_held_in": None, "_held": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _locks=_new_locks())

    def __repr__(self) -> str:
        return f"local service: {self._state}"

    @property
    def _state(self) -> str:
        if self._client is None:
            return "not started"
        address = self._client.description  # which is no address as long as the port is closed
        return f"running at {address}" if address.startswith("http") else "running"

    def describe(self) -> list[tuple[str, str]]:
        """Return the state of the service, its options and the journal. This does not start the service."""
        jobs = "in memory, until this process ends" if self._is_in_memory else str(self._options["database"])
        options = ((name, self._options[name]) for name in ("workers", "cluster"))
        given = [(name, str(value)) for name, value in options if value is not None]
        memory_journal = "in memory" if self._keeps_journal else "none"
        journal = memory_journal if self._is_in_memory else _describe_journal(self._journal)
        rows = [("local service", self._state), ("jobs", jobs), ("journal", journal)]
        return [*rows, *given]

    @property
    def service(self) -> QoroService:
        """The client of the local service. The service is started if it is not running."""
        with self._locks.get():
            if self._client is None:
                self._client = self._start()
            return self._client

    @property
    def journal(self) -> Journal | None:
        """The journal of the submitted jobs, or ``None`` if none is kept."""
        if self._keeps_journal and self._is_in_memory:
            _ = self.service  # starting the service sets self._journal
        return self._journal

    @property
    def recorded_as(self) -> str:
        """The name of the service in the journal. It is the database, because the port may change."""
        database = self._options["database"]
        return LOCAL_PREFIX if database is None else f"{LOCAL_PREFIX}{Path(database).resolve()}"

    account = None
    """A local service needs no account."""

    def local_service(self) -> LocalService:
        """Return the local service, which is started if it is not running.

        Raises:
            QoroError: This is a copy of a connection, or the connection of a forked child, and the service
                belongs to the original.
        """
        _ = self.service
        with self._locks.get():
            if self._held is None or self._held_in != os.getpid():
                raise QoroError(
                    "the local service belongs to the provider that this one was copied or forked from: call "
                    "open() of that provider, in its process"
                )
            return self._held

    def close(self) -> None:
        """Close the client, and stop the local service if no other connection uses it."""
        with self._locks.get():
            client, self._client = self._client, None
            is_held = self._held_in == os.getpid()
            self._held_in = self._held = None
        if client is not None:
            client.close()
        if is_held:
            from qiskit_qoro.local.shared_services import release  # noqa: PLC0415 - an optional extra

            release(self._options)

    @property
    def _is_in_memory(self) -> bool:
        return self._options["database"] is None

    def _start(self) -> QoroService:
        from qiskit_qoro.local.shared_services import acquire  # noqa: PLC0415 - an optional extra

        # All connections to a service in memory share one journal in memory, which is created with it.
        local, memory_journal = acquire(
            self._options, partial(Journal, None, program_limit_bytes=self._program_limit_bytes)
        )
        self._held_in, self._held = os.getpid(), local
        if self._keeps_journal and self._is_in_memory:
            self._journal = memory_journal
        return QoroService(
            local.token,
            JobConfig(simulator_cluster=DEFAULT_SIMULATOR_CLUSTER),
            polling_interval=_LOCAL_POLLING_S,
            max_retries=_LOCAL_RETRIES,
            base_url=local.address,
            recorder=recorder_of(self._journal, self.recorded_as),
            link=local.link,
            origin=self._origin,
            progress=self._progress,
            spending=self._spending,
        )

    @property
    def _origin(self) -> ServiceOrigin:
        changed = {name: value for name, value in self._options.items() if value != _LOCAL_DEFAULTS.get(name)}
        for name in changed.keys() & {"database", "cluster_certificates"}:
            changed[name] = str(Path(changed[name]).resolve())
        arguments = ", ".join(f"{name}={value!r}" for name, value in changed.items())
        note = "The local service keeps its jobs in memory. They end with this process."
        return ServiceOrigin(f"QoroProvider.local({arguments})", note if self._is_in_memory else "")


def _describe_journal(journal: Journal | None) -> str:
    if journal is None:
        return "none"
    return "in memory" if journal.path is None else str(journal.path)


def _new_locks() -> ProcessLocal[threading.Lock]:
    return ProcessLocal(lambda _inherited: threading.Lock())
