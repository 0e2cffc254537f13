"""The way in: a provider lists the backends of the Qoro cloud or of the local service."""

from __future__ import annotations

import difflib
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from qiskit.providers import QiskitBackendNotFoundError

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.connection import Connection, LocalConnection, RemoteConnection, open_journal, recorder_of
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history import JOURNAL_VARIABLE, JobList, Journal, JournalUnusableError, Selection, list_jobs
from qiskit_qoro.jobs.job import QoroJob
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER, JobConfig
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob
from qiskit_qoro.retrieval import retrieve_job
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.credentials import find_base_url

__all__ = ["QoroProvider"]

_log = logging.getLogger(__name__)


class QoroProvider:
    """Lists the backends of a Qoro service.

    The constructor sends nothing. A provider may be used from many threads.

    Args:
        auth_token: The token; without it ``QORO_API_KEY`` in a ``.env`` file, else in the environment.
        base_url: Where the service is; without it ``QORO_API_URL``, else the Qoro cloud.
        execution_config: How the engine is to run the jobs of this provider's backends.
        polling_interval: The longest time between two looks at a job, in seconds.
        max_retries: How often a job is looked at before the wait for it is given up.
        journal: Whether the jobs are remembered for :meth:`jobs`, in a file of the user's data directory or
            where the environment variable ``QISKIT_QORO_JOURNAL`` says, which may be ``off``; or a file that
            wins over it.

    Raises:
        QoroInputError: There is no token, or an argument has the wrong type or is out of its range.
    """

    def __init__(
        self,
        auth_token: str | None = None,
        *,
        base_url: str | None = None,
        execution_config: AnyConfig | None = None,
        polling_interval: float = 3.0,
        max_retries: int = 5000,
        journal: bool | str | Path = True,
    ) -> None:
        base_url = find_base_url(base_url, token=auth_token)
        opened = open_journal(journal)
        service = QoroService(
            auth_token,
            JobConfig(simulator_cluster=DEFAULT_SIMULATOR_CLUSTER),
            execution_config,
            polling_interval,
            max_retries,
            base_url=base_url,
            recorder=recorder_of(opened, base_url),
        )
        self._connection: Connection = RemoteConnection(service, opened)

    @classmethod
    def local(
        cls,
        *,
        database: str | Path | None = None,
        workers: int | None = None,
        time_limit_s: float = 300.0,
        memory_limit_bytes: int | None = None,
        journal: bool | str | Path = True,
    ) -> QoroProvider:
        """A provider of the local service: the same interface and the real engine, without an account.

        The service starts when it is first needed. All local providers of a process with the same options
        share one; it stops when each of them has been closed, or with the process. A closed provider that is
        used again starts it again.

        Args:
            database: File that keeps jobs and results, ``None`` for memory.
            workers: Processes that run circuits, and jobs that run at once; ``None`` for as many as suit
                the machine.
            time_limit_s: Seconds that one circuit may take.
            memory_limit_bytes: Bytes that one circuit may take, ``None`` for a share of what is free.
            journal: Whether the jobs are remembered for :meth:`jobs`. With a ``database`` it means what it
                means for the cloud. Without one the jobs are remembered as long as they live, in memory.

        Returns:
            A provider that can also be used in a ``with`` statement.
        """
        provider = cls.__new__(cls)
        provider._connection = LocalConnection(  # noqa: SLF001 - in place of what the constructor makes
            {
                "database": database,
                "workers": workers,
                "time_limit_s": time_limit_s,
                "memory_limit_bytes": memory_limit_bytes,
            },
            journal,
        )
        return provider

    def __repr__(self) -> str:
        return f"<QoroProvider {self._connection!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def service(self) -> QoroService:
        """The client that this provider and its backends use; a local service is started for it."""
        return self._connection.service

    @property
    def journal(self) -> Journal | None:
        """Where jobs are remembered, ``None`` where they are not."""
        return self._connection.journal

    def backends(
        self,
        name: str | None = None,
        *,
        filters: Callable[[QoroBackend], bool] | None = None,
        simulator: bool | None = None,
        operational: bool | None = None,
        min_num_qubits: int | None = None,
    ) -> list[QoroBackend]:
        """The service's backends, simulator clusters first.

        Args:
            name: Only the backend of this name.
            filters: Only backends for which this returns true.
            simulator: Only simulators, or only QPU systems.
            operational: Only backends that take jobs, or only those that do not.
            min_num_qubits: Only backends with at least so many qubits.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        found = [self._backend(system) for system in self._systems() if name in (None, system.name)]
        return [
            backend
            for backend in found
            if backend is not None
            and (simulator is None or backend.is_simulator == simulator)
            and (operational is None or backend.is_operational == operational)
            and (min_num_qubits is None or backend.num_qubits >= min_num_qubits)
            and (filters is None or filters(backend))
        ]

    def _systems(self) -> list[SimulatorCluster | QPUSystem]:
        return [*self.service.fetch_simulator_clusters(), *self.service.fetch_qpu_systems()]

    def _backend(self, system: SimulatorCluster | QPUSystem) -> QoroBackend | None:
        """The backend of a system, ``None`` where it has no QPU: that must not hide the others."""
        try:
            return QoroBackend(system, self.service, self)
        except QoroInputError as error:
            _log.warning("%s is left out: %s", system.name, error)
            return None

    def get_backend(self, name: str = DEFAULT_SIMULATOR_CLUSTER) -> QoroBackend:
        """The backend of one name.

        Raises:
            QiskitBackendNotFoundError: The service has none of this name; the message gives the closest.
            QoroInputError: The service lists a QPU system of this name, but no QPU in it.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        systems = self._systems()
        for system in systems:
            if system.name == name:
                return QoroBackend(system, self.service, self)
        names = sorted({system.name for system in systems})
        close = difflib.get_close_matches(str(name), names) or names
        raise QiskitBackendNotFoundError(
            f"{self.service.base_url} has no backend {name!r}; there is {', '.join(close) or 'none'}"
        )

    def retrieve_job(self, job_id: str) -> QoroJob | QoroPrimitiveJob:
        """A job submitted earlier, by this process or another.

        The labels of its circuits tell what its results mean, so that they are the same as those of the job
        that was submitted. Where another client submitted it, each label stands for a circuit's name, and the
        classical bits are one row without registers.

        Args:
            job_id: The job's identifier; of a primitive's job, all of them, joined by ``+``.

        Returns:
            The job of a primitive where the identifier, the journal or the job's labels show it to be one.
            Of a job that still runs and was submitted elsewhere nothing tells: it is a :class:`QoroJob`,
            whose ``result()`` gives what the primitive's would.

        Raises:
            QoroInputError: ``job_id`` is no identifier.
            NotFoundError: The service knows no such job.
            QoroAPIError: The service answered with another error.
            QoroConnectionError: There was no answer.
        """
        return retrieve_job(job_id, self.service, self.journal, self.get_backend)

    def load_job(self, path: str | Path) -> QoroPrimitiveJob:
        """The job of a primitive that ``job.save(path)`` wrote to a file.

        Args:
            path: The file.

        Raises:
            QoroInputError: The file holds no such job, or one of a newer version.
            OSError: The file cannot be read.
        """
        return QoroPrimitiveJob.load(path, self.service)

    def jobs(
        self,
        *,
        backend: str | QoroBackend | None = None,
        tag: str | None = None,
        status: str | Iterable[str] | None = None,
        since: datetime | timedelta | None = None,
        limit: int | None = 50,
        refresh: bool = True,
    ) -> JobList:
        """The jobs that this machine submitted to this service, newest first.

        The service has no listing: what was submitted elsewhere is not here. The list is a sequence, and it
        shows itself as a table.

        Args:
            backend: Only jobs for this backend.
            tag: Only jobs with this tag.
            status: Only jobs with this status, or one of several: a word of the service, such as ``RUNNING``;
                or one of :class:`~qiskit_qoro.history.job_list.JobEntry`, such as ``INTERRUPTED``.
            since: Only jobs submitted from this moment on, or at most this long ago.
            limit: How many at most, ``None`` for all.
            refresh: Whether the service is asked about jobs that have not come to an end, newest first, about
                50 at most. Otherwise, and where it does not answer, their last known status is shown.

        Raises:
            QoroInputError: An argument cannot be used, or no journal is kept.
            AuthenticationError: The service refuses the token.
            QoroError: The journal cannot be read.
        """
        name = backend.name if isinstance(backend, QoroBackend) else backend
        selection = Selection(name, tag, status, since, limit)
        journal = self.journal
        if journal is None:
            raise QoroInputError(
                "no journal is kept of the jobs of this provider: journal=False was given, or "
                f"{JOURNAL_VARIABLE} is off. retrieve_job() gets a job by its identifier"
            )
        return list_jobs(
            journal,
            self._connection.recorded_as,
            selection,
            service=lambda: self.service,
            retrieve=self.retrieve_job,
            refresh=refresh,
        )

    def least_busy(
        self,
        *,
        simulator: bool | None = None,
        min_num_qubits: int | None = None,
        filters: Callable[[QoroBackend], bool] | None = None,
    ) -> QoroBackend:
        """An operational backend with as little to do as can be told.

        The service tells which QPUs are operational, and nothing about queues. So this is the backend with
        the fewest unfinished jobs among the latest of this machine, which :meth:`jobs` lists; among equals
        the one that the service lists first, and simulators come before QPU systems.

        Args:
            simulator: Only simulators, or only QPU systems.
            min_num_qubits: Only backends with at least so many qubits.
            filters: Only backends for which this returns true.

        Raises:
            QiskitBackendNotFoundError: No operational backend meets the conditions.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        found = self.backends(
            simulator=simulator, operational=True, min_num_qubits=min_num_qubits, filters=filters
        )
        if not found:
            raise QiskitBackendNotFoundError(
                f"{self.service.base_url} has no operational backend that meets the conditions"
            )
        try:
            latest = self.jobs() if len(found) > 1 and self.journal else ()
        except JournalUnusableError as error:
            _log.warning("%s. All operational backends count as equally busy", error.message)
            latest = ()
        busy = Counter(entry.backend for entry in latest if entry.is_unfinished)
        return min(found, key=lambda backend: busy[backend.name])

    def close(self) -> None:
        """Close the connections, and stop the local service if this was its last provider."""
        self._connection.close()
