"""The provider: the entry point to the backends and jobs of the Qoro cloud or of the local service."""

from __future__ import annotations

import difflib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from qiskit.providers import QiskitBackendNotFoundError

from qiskit_qoro.accounts import DEFAULT_NAME, SavedAccount
from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.connection import Connection, LocalConnection, RemoteConnection, open_journal, recorder_of
from qiskit_qoro.display.cards import Card
from qiskit_qoro.display.progress import ProgressOptions
from qiskit_qoro.errors import AuthenticationError, NotFoundError, QoroError, QoroInputError, WireError
from qiskit_qoro.history import JOURNAL_VARIABLE, JobList, Journal, JournalUnusableError, Selection, list_jobs
from qiskit_qoro.jobs.job import QoroJob
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER, JobConfig
from qiskit_qoro.models.costs import PriceList, Prices
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.secret import Secret, hide
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.pages.opening import PagesLink, ProviderPages
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob
from qiskit_qoro.printable import printable_line
from qiskit_qoro.retrieval import load_job, retrieve_job
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.budgets.budget import Budget, BudgetLimits
from qiskit_qoro.service.budgets.spending import Spending
from qiskit_qoro.service.credentials import (
    CLOUD_URL,
    delete_account,
    find_credentials,
    list_accounts,
    save_account,
)
from qiskit_qoro.service.settings import ServiceOrigin
from qiskit_qoro.service.transport import MAX_RETRY_AFTER_S, Link

__all__ = ["QoroProvider"]

_log = logging.getLogger(__name__)

_NUM_LISTS = 2  # simulator clusters and QPU systems


class QoroProvider:
    """The entry point to a Qoro service: its backends, and your jobs on it.

    ``QoroProvider()`` connects to the cloud or to another service. :meth:`local` connects to a service on
    this machine, which needs no account::

        >>> from qiskit_qoro import QoroProvider
        >>> provider = QoroProvider.local()
        >>> provider.get_backend("qoro_maestro").num_qubits
        1024

    The constructor sends nothing. Several threads may use one provider. A pickle of a provider contains the
    token.

    Args:
        auth_token: The token. By default it is ``QORO_API_KEY`` from a ``.env`` file, or else from the
            environment, or else that of the default among the saved accounts.
        base_url: The address of the service. By default it is that of the saved account if its token is used,
            or else ``QORO_API_URL``, or else the Qoro cloud.
        execution_config: How jobs of this provider's backends are executed by default.
        polling_interval: The longest time between two polls of a job, in seconds.
        max_retries: How often a job is polled before a wait gives up.
        journal: Whether to record submitted jobs for :meth:`jobs`; or the path of the file to record them in.
            With ``True`` the file is in the user's data directory, unless the environment variable
            ``QISKIT_QORO_JOURNAL`` names another file or is ``off``.
        max_retry_after_s: The longest time that the service may ask to wait before a request is sent again,
            in seconds. If it asks for more, the error is raised at once.
        link: A way to the service if it is in this process, from :attr:`LocalService.link`. Then no request
            goes over the network.
        account: The name of a saved account, whose token and address are used. :meth:`save_account` and
            ``qiskit-qoro login`` save accounts.
        progress: Whether long waits show a progress line in a terminal or in a notebook. The environment
            variable ``QISKIT_QORO_PROGRESS=off`` switches it off too.
        budget: The most that everything may cost that is submitted through this provider: a number of
            credits, a mapping with limits such as ``{"circuits": 100, "shots": 10_000}``, or a
            :class:`Budget`, which several providers may share. A submission that exceeds it is refused.
        prices: The prices of the service, as :class:`Prices` or a mapping such as ``{"per_circuit": 0.01}``.
            By default those that the service announces, or else those of the environment variable
            ``QORO_PRICES``.

    Raises:
        QoroInputError: There is no token or no such account, or an argument has the wrong type or is out of
            range.
    """

    def __init__(
        self,
        auth_token: str | Secret | None = None,
        *,
        base_url: str | None = None,
        execution_config: AnyConfig | None = None,
        polling_interval: float = 3.0,
        max_retries: int = 5000,
        journal: bool | str | Path = True,
        max_retry_after_s: float = MAX_RETRY_AFTER_S,
        link: Link | None = None,
        account: str | None = None,
        progress: bool | ProgressOptions = True,
        budget: Budget | BudgetLimits | None = None,
        prices: Prices | PriceList | None = None,
    ) -> None:
        # First, so that no error leaves the token in the variables of this frame.
        auth_token = hide(auth_token)
        credentials = find_credentials(auth_token, base_url, account)
        opened = open_journal(journal)
        self._spending = Spending(budget, prices)
        service = QoroService(
            credentials.token,
            JobConfig(simulator_cluster=DEFAULT_SIMULATOR_CLUSTER),
            execution_config,
            polling_interval,
            max_retries,
            base_url=credentials.url,
            recorder=recorder_of(opened, credentials.url),
            max_retry_after_s=max_retry_after_s,
            link=link,
            progress=progress,
            origin=_origin_of(credentials.account),
            spending=self._spending,
        )
        self._use(RemoteConnection(service, opened, credentials.account))

    @classmethod
    def local(
        cls,
        *,
        database: str | Path | None = None,
        workers: int | None = None,
        time_limit_s: float = 300.0,
        memory_limit_bytes: int | None = None,
        cluster: str | None = None,
        cluster_certificates: str | Path | None = None,
        journal: bool | str | Path = True,
        progress: bool | ProgressOptions = True,
        budget: Budget | BudgetLimits | None = None,
        prices: Prices | PriceList | None = None,
    ) -> QoroProvider:
        """Create a provider of the local service, which has the same interface and needs no account.

        The service starts when it is first needed. All local providers of a process with the same options
        share one service. It stops when all of them have been closed, or with the process. Using a closed
        provider starts the service again.

        Args:
            database: The file that stores jobs and results, or ``None`` to keep them in memory.
            workers: The number of processes that run circuits, and of jobs that run at the same time, or
                ``None`` for a number that suits the machine.
            time_limit_s: Seconds that one circuit may take.
            memory_limit_bytes: Bytes that one circuit may use, or ``None`` for a share of the free memory.
            cluster: The Dask cluster whose workers run the circuits, or ``None`` for processes of this
                machine, as for :func:`qiskit_qoro.local.serve`. ``workers`` and ``memory_limit_bytes`` cannot
                be given then.
            cluster_certificates: The folder with the certificates of the cluster, or ``None`` for the one in
                the environment variable ``QISKIT_QORO_CERTIFICATES``.
            journal: Whether to record submitted jobs for :meth:`jobs`, or the path of the file to record them
                in. Without a ``database``, the jobs are lost when the service stops, so they are recorded in
                memory.
            progress: As for :class:`QoroProvider`.
            budget: As for the constructor.
            prices: As for the constructor. By default the service announces its own.

        Returns:
            A provider. It can also be used in a ``with`` statement.
        """
        provider = cls.__new__(cls)
        provider._spending = Spending(budget, prices)  # noqa: SLF001 - see below
        connection = LocalConnection(
            {
                "database": database,
                "workers": workers,
                "time_limit_s": time_limit_s,
                "memory_limit_bytes": memory_limit_bytes,
                "cluster": cluster,
                "cluster_certificates": cluster_certificates,
            },
            journal,
            progress,
            provider._spending,  # noqa: SLF001 - as above
        )
        provider._use(connection)  # noqa: SLF001 - the constructor would connect to the cloud
        return provider

    def _use(self, connection: Connection) -> None:
        self._connection = connection
        self._pages = ProviderPages(connection)

    @staticmethod
    def save_account(
        token: str | Secret,
        *,
        name: str = DEFAULT_NAME,
        url: str = CLOUD_URL,
        make_default: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Save an account on this machine, in a file that only you can read. Nothing is sent.

        Args:
            token: The token.
            name: A name for the account.
            url: The address of its service. The token is never sent to another one.
            make_default: Whether providers use this account if they find no other token. The first account
                that is saved becomes the default.
            overwrite: Whether an account with this name may be replaced.

        Raises:
            QoroInputError: An argument is invalid, the name is used already, or the file cannot be used.
        """
        token = hide(token)  # so that no error leaves the token in the variables of this frame
        save_account(token, name, url, make_default=make_default, overwrite=overwrite)

    @staticmethod
    def saved_accounts() -> list[SavedAccount]:
        """List the accounts that are saved on this machine, sorted by name.

        Raises:
            QoroInputError: The file of saved accounts cannot be used.
        """
        return list_accounts()

    @staticmethod
    def delete_account(name: str = DEFAULT_NAME) -> None:
        """Delete an account that is saved on this machine. The token stays valid.

        Args:
            name: The name of the account.

        Raises:
            QoroInputError: There is no account with this name, or the file cannot be used.
        """
        delete_account(name)

    def __repr__(self) -> str:
        return f"<QoroProvider {self._connection!r}>"

    def _repr_html_(self) -> str:
        budgets = [
            ("budget", f"{budget.limits}, remaining: {budget.remaining}") for budget in self._spending.budgets
        ]
        return Card("Provider", rows=[*self._connection.describe(), *budgets]).to_html()

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
        """The client that this provider and its backends use. Reading it starts a local service."""
        return self._connection.service

    @property
    def journal(self) -> Journal | None:
        """The journal of the submitted jobs, or ``None`` if none is kept."""
        return self._connection.journal

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """The budgets that apply now, which are that of the constructor and those of :meth:`budget`."""
        return self._spending.budgets

    def budget(
        self,
        credits: Decimal | float | str | None = None,  # noqa: A002 - the name of the unit
        *,
        circuits: int | None = None,
        shots: int | None = None,
    ) -> AbstractContextManager[Budget]:
        """Limit what the code in a ``with`` statement may submit through this provider.

        Everything counts that is submitted through the provider, its backends and primitives, in any thread,
        until the end of the statement. All budgets that apply are checked, such as the one of the
        constructor, and those of outer ``with`` statements.

        Args:
            credits: The most credits.
            circuits: The most circuits. A variable of a problem that is characterized counts as a circuit.
            shots: The most shots of all circuits together.

        Returns:
            A context manager, whose value is the :class:`Budget`. Its ``spent`` and ``remaining`` are
            readable after the statement, too.

        Raises:
            QoroInputError: There is no limit, or one is not a number of 0 or more.
        """
        return self._spending.limited_by(Budget(credits, circuits=circuits, shots=shots))

    def backends(
        self,
        name: str | None = None,
        *,
        filters: Callable[[QoroBackend], bool] | None = None,
        simulator: bool | None = None,
        operational: bool | None = None,
        min_num_qubits: int | None = None,
    ) -> list[QoroBackend]:
        """List the backends of the service that meet all given conditions, simulator clusters first.

        A backend that cannot be described, and a list that the service refuses or that cannot be read, are
        left out with a warning in the log. If both lists fail, this raises the first error.

        Args:
            name: Only the backend with this name.
            filters: Only backends for which this function returns true.
            simulator: ``True`` for simulators only, ``False`` for QPU systems only.
            operational: ``True`` for backends that accept jobs only, ``False`` for the others only.
            min_num_qubits: Only backends with at least this many qubits.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The answer breaks the protocol.
        """
        systems, errors = self._fetch_systems()
        if len(errors) == _NUM_LISTS:
            raise errors[0]
        for error in errors:
            _log.warning("some backends are left out: %s", error)
        found = [self._try_backend(system) for system in systems if name in (None, system.name)]
        return [
            backend
            for backend in found
            if backend is not None
            and (simulator is None or backend.is_simulator == simulator)
            and (operational is None or backend.is_operational == operational)
            and (min_num_qubits is None or backend.num_qubits >= min_num_qubits)
            and (filters is None or filters(backend))
        ]

    def _fetch_systems(self) -> tuple[list[SimulatorCluster | QPUSystem], list[QoroError]]:
        """Fetch the simulator clusters and the QPU systems. One of the two lists must not hide the other.

        Returns:
            The systems, and the errors of the lists that failed.
        """
        found: list[SimulatorCluster | QPUSystem] = []
        errors: list[QoroError] = []
        fetch: Callable[[], Sequence[SimulatorCluster | QPUSystem]]
        for fetch in (self.service.fetch_simulator_clusters, self.service.fetch_qpu_systems):
            try:
                found += fetch()
            # An account may lack the permission for one of the lists, and an older service may not have it.
            except (AuthenticationError, NotFoundError, WireError) as error:
                errors.append(error)
        return found, errors

    def _try_backend(self, system: SimulatorCluster | QPUSystem) -> QoroBackend | None:
        """Create the backend of a system, or return ``None`` if it has no QPU.

        One such system must not hide the others.
        """
        try:
            return QoroBackend(system, self.service, self)
        except QoroInputError as error:
            _log.warning("%r is left out: %s", system.name, error)
            return None

    def get_backend(self, name: str = DEFAULT_SIMULATOR_CLUSTER) -> QoroBackend:
        """Return the backend with a name.

        Raises:
            QiskitBackendNotFoundError: The service has no such backend. The message lists similar names.
            QoroInputError: The QPU system with this name has no QPU.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        systems, errors = self._fetch_systems()
        # Unlike backends(), this raises if the system has no QPU: the caller asked for exactly this one.
        for system in systems:
            if system.name == name:
                return QoroBackend(system, self.service, self)
        if errors:  # the backend may be in the list that failed
            raise errors[0]
        names = sorted({system.name for system in systems})
        close = difflib.get_close_matches(str(name), names) or names
        available = printable_line(", ".join(close)) or "none"
        raise QiskitBackendNotFoundError(
            f"{self.service.description} has no backend {name!r}. Available: {available}"
        )

    def retrieve_job(self, job_id: str) -> QoroJob | QoroPrimitiveJob:
        """Retrieve a job that this or another process submitted.

        Its result is the same as that of the submitted job, because the labels of its circuits contain the
        names, registers and metadata. If another client submitted the job, the labels become the names of the
        circuits, and the classical bits belong to no register.

        Args:
            job_id: The identifier of the job, or its first characters, at least four, if this machine
                submitted the job and no other one begins with them. A primitive's job with several service
                jobs has their identifiers joined by ``+``. One of them is enough if this machine submitted
                the job.

        Returns:
            A :class:`QoroPrimitiveJob` if the identifier, the journal or the labels show that a primitive
            submitted the job. A job that is still running and was submitted on another machine cannot be
            recognized yet. It is a :class:`QoroJob`, but its ``result()`` returns the result of the
            primitive.

        Raises:
            QoroInputError: ``job_id`` is not an identifier, or several jobs or none begin with it.
            NotFoundError: The job does not exist.
            QoroAPIError: The service answered with another error.
            QoroConnectionError: There was no answer.
        """
        return retrieve_job(
            job_id,
            self.service,
            self.journal,
            self.get_backend,
            recorded_as=self._connection.recorded_as,
        )

    def load_job(self, path: str | Path) -> QoroJob | QoroPrimitiveJob:
        """Load a job that ``job.save(path)`` wrote to a file. This sends nothing.

        If the file contains the results, ``result()`` returns them and sends nothing either. Otherwise it
        waits for the job and reads its results from this service.

        Args:
            path: The file.

        Returns:
            A job of the same kind as the one that was saved.

        Raises:
            QoroInputError: The file does not hold a job, or holds one of a newer version.
            OSError: The file cannot be read.
        """
        return load_job(path, self.service, self.get_backend)

    def jobs(
        self,
        *,
        backend: str | QoroBackend | None = None,
        tag: str | None = None,
        status: str | Iterable[str] | None = None,
        since: datetime | timedelta | None = None,
        until: datetime | timedelta | None = None,
        kind: str | Iterable[str] | None = None,
        text: str | None = None,
        limit: int | None = 50,
        refresh: bool = True,
    ) -> JobList:
        """List the jobs that this machine submitted to this service, newest first.

        The list comes from the journal, because the service cannot list jobs. It does not contain jobs that
        were submitted on other machines. It is a sequence, and is displayed as a table.

        Args:
            backend: Only jobs for this backend.
            tag: Only jobs with this tag.
            status: Only jobs with this status, or with one of several: a status of the service, such as
                ``RUNNING``, or one of :class:`~qiskit_qoro.history.job_entry.JobEntry`, such as
                ``INTERRUPTED``.
            since: Only jobs submitted at or after this time, or at most this long ago.
            until: Only jobs submitted at or before this time, or at least this long ago.
            kind: Only jobs that were submitted by this, or by one of several: ``run``, ``sampler``,
                ``estimator``, ``gradient``, ``state``, ``characterization``, or ``other`` for the methods of
                :attr:`service`.
            text: Only jobs with this text in the tag, the backend, the identifier or the name of a circuit,
                in upper or lower case. The names are known as long as the journal keeps the programs.
            limit: The largest number of jobs, or ``None`` for all.
            refresh: Whether to ask the service for the status of unfinished jobs, newest first, for at most
                50 of them. The other jobs show their last known status. If the service does not answer, all
                jobs do.

        Raises:
            QoroInputError: An argument is invalid, or no journal is kept.
            AuthenticationError: The service refuses the token.
            QoroError: The journal cannot be read.
        """
        name = backend.name if isinstance(backend, QoroBackend) else backend
        selection = Selection(name, tag, status, since, limit, until, kind, text)
        journal = self.journal
        if journal is None:
            raise QoroInputError(
                "no journal is kept of the jobs of this provider, because of journal=False or "
                f"{JOURNAL_VARIABLE}=off: use retrieve_job() with the identifier of a job"
            )
        return list_jobs(
            journal,
            self._connection.recorded_as,
            selection,
            service=partial(getattr, self, "service"),
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
        """Return the operational backend with the fewest unfinished jobs of this machine.

        The service does not report its queues, so this counts the unfinished jobs that :meth:`jobs` lists.
        Among backends with equal counts, simulators come before QPU systems, and otherwise the order of the
        service decides.

        Args:
            simulator: ``True`` for simulators only, ``False`` for QPU systems only.
            min_num_qubits: Only backends with at least this many qubits.
            filters: Only backends for which this function returns true.

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
                f"{self.service.description} has no operational backend that meets the conditions"
            )
        try:
            # A single backend needs no comparison, which would poll unfinished jobs.
            latest = self.jobs() if len(found) > 1 and self.journal else ()
        except JournalUnusableError as error:
            _log.warning("%s. All operational backends are treated as equally busy", error.message)
            latest = ()
        num_unfinished = Counter(entry.backend for entry in latest if entry.is_unfinished)
        return min(found, key=lambda backend: num_unfinished[backend.name])

    def open(self, *, browser: bool = True) -> PagesLink:
        """Show the jobs on web pages, until the provider is closed or the process ends.

        The pages of a local provider show the jobs of its service. All providers that share the service share
        the pages, which end with the service. Other providers show the jobs that the journal of this machine
        has of their service. Only this machine can reach the pages. They need the extra ``web``, which the
        extra ``local`` contains.

        Calling this again returns another address of the same pages.

        Args:
            browser: Whether to open the pages in a browser, if there is one that needs no terminal. The
                environment variable ``BROWSER`` chooses it.

        Returns:
            The address, which contains a one-time code. ``print()`` prints it, and a notebook shows a link.

        Raises:
            QoroInputError: The provider keeps no journal of the jobs of its service.
            QoroError: The extra is not installed, the pages cannot be served, or the local service belongs to
                the process that has forked this one.
        """
        return self._pages.open(self.retrieve_job, browser=browser)

    def close(self) -> None:
        """Close the connections and the pages, and stop the local service if no other provider uses it."""
        self._pages.close()
        self._connection.close()


def _origin_of(account: str | None) -> ServiceOrigin | None:
    """Return how a user gets a provider of a saved account, or ``None`` if none is used."""
    return None if account is None else ServiceOrigin(f"QoroProvider(account={account!r})")
