"""Start and stop the local service.

The parts are started in this order: socket, workers, database, runner, web application, web server. Each one
is put on an exit stack, and closing the service unwinds the stack, so they stop in reverse order.

The socket is bound first. So the port is known, and a port that is taken raises an error before anything else
starts. The worker processes need the most time, so they come next. They become ready while this process
imports the web framework, which happens only when a service is started.

Clients in the same process use :attr:`LocalService.link`, which needs no web server. A service that is
started for them alone opens its port only when somebody asks for its address.
"""

from __future__ import annotations

import atexit
import math
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from qiskit_qoro.display.cards import Card
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.errors.missing_modules import check_modules
from qiskit_qoro.local.engine.engine_calls import load_engine
from qiskit_qoro.local.fault_injection import FaultInjection
from qiskit_qoro.local.installation import INSTALL_COMMAND, check_cluster_modules, missing_modules
from qiskit_qoro.local.metrics.access import METRICS_PATH, check_metrics, readers
from qiskit_qoro.local.refused_requests import RefusedRequests
from qiskit_qoro.local.runner import Runner
from qiskit_qoro.local.service_events import Report, ServiceEvent, guarded, log_event
from qiskit_qoro.local.service_parts import ServiceParts
from qiskit_qoro.local.store.database import Database, open_database
from qiskit_qoro.local.store.job_queue import JobQueue
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.web.accounts import LOCAL_ACCOUNT, Account, Accounts
from qiskit_qoro.local.web.calls import HandlerContext
from qiskit_qoro.local.workers.pool import WorkerPool
from qiskit_qoro.local.workers.pool_interface import Pool
from qiskit_qoro.models.arguments import checked, integer_of, number_of
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.web_server.binding import base_url_of, bind_port, port_error, refuse_connections
from qiskit_qoro.web_server.server_certificate import load_server_certificate
from qiskit_qoro.web_server.stop_signals import stop_signals

if TYPE_CHECKING:
    from rich.text import Text
    from starlette.types import ASGIApp

    from qiskit_qoro.local.web.answered_requests import RequestObserver
    from qiskit_qoro.local.web.in_process import InProcessLink

__all__ = ["LocalService", "serve", "serve_forever"]

_TOKEN_BYTES = 24


class LocalService:
    """A running service. It stops with :meth:`close`, at the end of a ``with`` block, or with the process.

    Attributes:
        token: The token of the service's own account.
        link: Calls of the API from this process, without a socket.
        parts: What the web pages use.
    """

    def __init__(
        self,
        address: str,
        token: str,
        link: InProcessLink,
        queue: JobQueue,
        parts: ServiceParts,
        stack: ExitStack,
    ) -> None:
        self._address = address
        self.token = token
        self.link = link
        self.parts = parts
        self._queue = queue
        self._stack = stack
        self._closing = threading.Lock()
        self._pid = os.getpid()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._state}>"

    def _repr_html_(self) -> str:
        return Card("Local service", rows=[("state", self._state)]).to_html()

    @property
    def _state(self) -> str:
        if self.link.is_stopped:
            return "stopped"
        return f"at {self._address}" if self.link.is_addressable else "in this process, without a port"

    @property
    def url(self) -> str:
        """The base URL of the API. Reading it opens the port, if it is not open yet."""
        self.link.open_address()
        return self._address

    @property
    def address(self) -> str:
        """The base URL of the API. The port may still be closed."""
        return self._address

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the service and wait until all its threads and processes have ended.

        Running jobs become pending again. They run when the database is served the next time.
        """
        # A forked child has none of the threads, and the workers belong to its parent.
        if os.getpid() != self._pid:
            return
        atexit.unregister(self.close)
        # A second call waits for the first one. Then the stack is empty, and closing it does nothing.
        with self._closing:
            self._stack.close()

    def wait_idle(self, timeout_s: float | None = None) -> bool:
        """Wait until no job is running or queued.

        Args:
            timeout_s: The longest time to wait, in seconds, or ``None`` for no limit.

        Returns:
            ``True`` if no job is running or queued, ``False`` after the timeout.
        """
        self._check_process()
        return self._queue.wait_idle(timeout_s)

    def wait_status(self, job_id: str, *statuses: JobStatus, timeout_s: float | None = None) -> bool:
        """Wait, without polling, until the status of a job is one of ``statuses``.

        Args:
            job_id: The job, of any account.
            statuses: The statuses to wait for.
            timeout_s: The longest time to wait, in seconds, or ``None`` for no limit.

        Returns:
            ``True`` if the job has one of the statuses, ``False`` after the timeout.

        Raises:
            JobNotFoundError: There is no such job, or it is deleted during the wait.
        """
        self._check_process()
        return self.parts.store.wait_status(job_id, *statuses, timeout_s=timeout_s)

    def deactivate(self, token: str) -> None:
        """Revoke a token: requests with it are answered with 401. The jobs of its account continue.

        Raises:
            QoroInputError: The service has no such token.
        """
        self._check_process()
        self.parts.accounts.deactivate(token)

    def _check_process(self) -> None:
        # A forked child has a copy of the memory, but none of the threads. It would wait forever.
        if os.getpid() != self._pid:
            raise QoroError(
                f"the local service belongs to process {self._pid}, which has forked this one: use it over "
                f"HTTP, at {self._address}"
            )

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The process identifiers of the live workers, in ascending order."""
        self._check_process()
        return self.parts.pool.pids


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    accounts: Mapping[str, Account] = MappingProxyType({}),
    database: str | Path | None = None,
    workers: int | None = None,
    time_limit_s: float = 300.0,
    memory_limit_bytes: int | None = None,
    cluster: str | None = None,
    cluster_certificates: str | Path | None = None,
    fault_injection: FaultInjection = FaultInjection(),  # noqa: B008 - frozen
    allowed_hosts: Iterable[str] = (),
    opens_port: bool = True,
    write_log: Callable[[Sequence[Text]], None] | None = None,
    report: Report | None = None,
    metrics: bool = False,
    metrics_token: str | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
) -> LocalService:
    """Start a service in this process.

    Args:
        host: Address to listen on. Other machines can reach the service on any address but the loopback one.
        port: Port to listen on; 0 for a free one.
        token: Token of the service's own account, or ``None`` for a random one.
        accounts: Further tokens and their accounts. Several tokens may belong to the same account.
        database: File that keeps jobs, results and credits, or ``None`` for memory.
        workers: Number of processes that run circuits, and of jobs that run at once, or ``None`` for a number
            that suits the machine.
        time_limit_s: Seconds that one circuit may take.
        memory_limit_bytes: Bytes that one circuit may take, or ``None`` for a share of the free memory.
        cluster: The Dask cluster whose workers run the circuits: the address of its scheduler, such as
            ``"tls://lab:8786"``; ``"local:4"`` for a cluster of four workers on this machine that ends with
            the service; or a YAML file that describes a cluster of a queueing system. ``None`` lets processes
            of this machine run them. Workers of a cluster have limits of their own, so ``workers`` and
            ``memory_limit_bytes`` cannot be given. This needs the extra ``cluster``.
        cluster_certificates: The folder with the certificates of the cluster, or ``None`` for the one in the
            environment variable ``QISKIT_QORO_CERTIFICATES``.
        fault_injection: Delays and faults, for testing clients. None by default.
        allowed_hosts: Further names that clients may use for the service in the ``Host`` header. Loopback
            names, ``host`` and its address are always allowed. If the service listens on all addresses, each
            address of this machine and its name are allowed too.
        opens_port: Whether to listen at once. Otherwise the port is opened when :attr:`LocalService.url` is
            read for the first time. Until then only this process can use the service.
        write_log: Writes lines about jobs that have ended. It is called in a thread, and may block or fail.
            ``None`` for no log.
        report: Takes events that an operator wants to know of, as
            ``qiskit_qoro.local.service_events`` describes them. Jobs that end are among them unless there
            is ``write_log``. By default warnings and errors go to Python's ``logging``. An exception that it
            raises goes there too, and disturbs nothing.
        metrics: Whether to answer Prometheus at ``/metrics``. This needs the extra ``metrics``.
        metrics_token: A token that can read the metrics and nothing else. The token of the service's own
            account can read them too.
        certificate: File with the certificate for HTTPS, in PEM format, or ``None`` for HTTP. Clients may use
            the names in it for the service. A file that is replaced later is read again.
        key: File with its private key.

    Returns:
        The service, ready for requests.

    Raises:
        QoroInputError: A token, an account, the number of workers, a limit, a cluster, a certificate or a
            host is invalid.
        QoroError: An extra is not installed, the port is taken, or the database cannot be used.
    """
    _check_extra()
    token = secrets.token_urlsafe(_TOKEN_BYTES) if token is None else _check_token(token)
    accounts_by_token = _add_own_account(token, accounts)
    if metrics_token is not None:
        _check_token(metrics_token)
    check_metrics(metrics, metrics_token, {token, *accounts})
    limits = _check_limits(workers, time_limit_s, memory_limit_bytes)
    https = load_server_certificate(certificate, key)
    if https is not None:
        # A service without HTTPS and without a cluster needs nothing of this package.
        from qiskit_qoro.local.workers.cluster.certificate_folder import check_https_hosts  # noqa: PLC0415

        check_https_hosts(https.hosts)
    report = None if report is None else guarded(report)
    _check_cluster(cluster, cluster_certificates, limits)
    # If a part fails to start, the stack stops those that are already running.
    with ExitStack() as stack:
        bound = stack.enter_context(bind_port(host, port))
        duplicate = stack.enter_context(bound.dup())
        pool = _make_pool(cluster, cluster_certificates, limits, report or log_event)
        stack.callback(pool.close)  # before the start: a pool that fails to start has processes to end, too
        pool.start()
        # These modules need the extra. Importing them takes as long as the processes need to become ready.
        from qiskit_qoro.local.web.app import PREFIX, build_app  # noqa: PLC0415
        from qiskit_qoro.local.web.in_process import InProcessLink  # noqa: PLC0415
        from qiskit_qoro.web_server.allowed_hosts import AllowedHosts  # noqa: PLC0415
        from qiskit_qoro.web_server.port import Port  # noqa: PLC0415

        hosts = AllowedHosts.of(
            host=host,
            address=bound.getsockname()[0],
            machine=socket.gethostname(),
            further=[*allowed_hosts, *([] if https is None else https.hosts)],
        )
        path = None if database is None else Path(database)
        opened = open_database(path, pending_time_s=fault_injection.pending_time_s)
        stack.enter_context(closing(opened))
        quotas = {account.name: account.quota for account in accounts_by_token}
        store, queue = JobStore(opened, quotas), JobQueue(opened, quotas)
        # Accounts of an existing database keep their balances.
        for account in accounts_by_token:
            store.open_account(account.name, account.credits)
        runner = Runner(
            queue,
            pool,
            parallel=pool.parallel,
            clock=time.monotonic,
            running_time_s=fault_injection.running_time_s,
        )
        # Before the start of the runner, because a database may contain jobs that end at once.
        _log_jobs(stack, opened, write_log, report)
        watched = None
        if metrics:
            # The library is imported only if it is needed.
            from qiskit_qoro.local.metrics.watched_service import WatchedService  # noqa: PLC0415

            watched = stack.enter_context(WatchedService(opened, pool.snapshot, accounts_by_token))
        stack.callback(runner.stop)
        runner.start()
        threads = stack.enter_context(ThreadPoolExecutor(thread_name_prefix="qoro-handler"))
        context = HandlerContext(store, runner, fault_injection, pool.accelerators)
        mounts: dict[str, ASGIApp] = {}
        refused = RefusedRequests(log_event if report is None else report)
        stack.callback(refused.close)
        observers: list[RequestObserver] = [] if report is None else [refused.observe]
        if watched is not None:
            observers.append(watched.observe)
            may_read = readers(accounts_by_token, LOCAL_ACCOUNT.name, metrics_token)
            mounts[METRICS_PATH] = watched.app(may_read, threads, observers)
        app = build_app(context, accounts_by_token, threads, hosts, mounts, observers)
        http_port = Port(app, bound, None if https is None else https.context)
        stack.callback(refuse_connections, duplicate)
        stack.callback(http_port.stop)
        link = InProcessLink(app, threads, http_port)
        stack.callback(link.stop)
        if opens_port:
            try:
                http_port.open()
            except OSError as error:
                raise port_error(host, port, error) from error
        address = base_url_of(bound, None if https is None else https.hosts) + PREFIX
        parts = ServiceParts(
            database=opened,
            store=store,
            runner=runner,
            pool=pool,
            accounts=accounts_by_token,
            own_account=LOCAL_ACCOUNT,
            threads=threads,
            port=http_port.address[1],
            mounts=mounts,
            certified_hosts=() if https is None else https.hosts,
        )
        service = LocalService(address, token, link, queue, parts, stack.pop_all())
    # A service that is not closed still ends its worker processes when the interpreter exits.
    atexit.register(service.close)
    return service


def serve_forever(*, announce: Callable[[LocalService], None], **options: Any) -> None:
    """Run a service until SIGINT or SIGTERM. Signal handlers require the main thread.

    Args:
        announce: Called with the service when it is ready.
        options: The arguments of :func:`serve`.

    Raises:
        QoroError: As for :func:`serve`.
    """
    # First, so that an early signal stops the service cleanly too.
    with stop_signals() as wait, serve(**options) as service:
        announce(service)
        wait()


def _log_jobs(
    stack: ExitStack,
    database: Database,
    write_log: Callable[[Sequence[Text]], None] | None,
    report: Report | None,
) -> None:
    """Log the jobs that end until the stack is closed, if there is somebody to read that."""
    # Embedded services have no log, and need none of these modules.
    if write_log is not None:
        from qiskit_qoro.local.job_log.job_log import JobLog  # noqa: PLC0415
        from qiskit_qoro.local.job_log.log_lines import TextLines  # noqa: PLC0415

        stack.enter_context(JobLog(database, write_log, TextLines(LOCAL_ACCOUNT.name)))
    elif report is not None:
        from qiskit_qoro.local.job_log.job_events import JobEvents  # noqa: PLC0415
        from qiskit_qoro.local.job_log.job_log import JobLog  # noqa: PLC0415

        take = report

        def report_all(events: Sequence[ServiceEvent]) -> None:
            for event in events:
                take(event)

        stack.enter_context(JobLog(database, report_all, JobEvents()))


def _check_extra() -> None:
    missing = missing_modules()
    if "maestro" in missing:
        load_engine()  # raises an error that names the supported platforms
    check_modules("the local service needs", missing, INSTALL_COMMAND)


def _add_own_account(token: str, accounts: Mapping[str, Account]) -> Accounts:
    by_name = {LOCAL_ACCOUNT.name: LOCAL_ACCOUNT}
    for other_token, account in accounts.items():
        if _check_token(other_token) == token:
            raise QoroInputError(
                f"account {account.name!r} has the token of the service's own account, expected another one"
            )
        if by_name.setdefault(account.name, account) != account:
            raise QoroInputError(
                f"there are two different accounts with the name {account.name!r}, expected one"
            )
    return Accounts({token: LOCAL_ACCOUNT, **accounts})


def _check_token(token: str) -> str:
    # The token is sent in a header. The message must not contain it.
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise QoroInputError("invalid token, expected printable ASCII text without spaces")
    return token


def _check_limits(workers: object, time_limit_s: object, memory_limit_bytes: object) -> dict[str, Any]:
    """Return the limits as Python numbers, by the name of the pool's argument."""
    counts = {"workers": workers, "memory_limit_bytes": memory_limit_bytes}
    limits: dict[str, Any] = {
        name: None if value is None else checked(name, value, integer_of(value, least=1), "1 or more")
        for name, value in counts.items()
    }
    seconds = math.inf if time_limit_s == math.inf else number_of(time_limit_s)
    if seconds is None or seconds <= 0:
        raise QoroInputError(f"time_limit_s is {time_limit_s!r}, expected more than 0 seconds")
    return {**limits, "time_limit_s": seconds}


def _check_cluster(cluster: object, certificates: object, limits: Mapping[str, Any]) -> None:
    """Check that the arguments for a cluster fit the others, before anything is imported or started."""
    if cluster is None:
        if certificates is not None:
            raise QoroInputError(
                "cluster_certificates is given without a cluster: name the cluster, or leave it out"
            )
        return
    if not isinstance(cluster, str):
        raise QoroInputError(f"cluster is {cluster!r}, expected text such as 'tls://lab:8786' or 'local:4'")
    # The service of one machine needs nothing of clusters.
    from qiskit_qoro.local.workers.cluster.addresses import parse_cluster  # noqa: PLC0415

    parse_cluster(cluster)
    for name in ("workers", "memory_limit_bytes"):
        if limits[name] is not None:
            raise QoroInputError(
                f"{name} is {limits[name]}, but the workers of a cluster have limits of their own: leave it "
                "out, and pass --processes and --memory to qiskit-qoro worker; local:N names the number of "
                "workers"
            )
    check_cluster_modules()


def _make_pool(
    cluster: str | None, certificates: str | Path | None, limits: Mapping[str, Any], report: Report
) -> Pool:
    if cluster is None:
        return WorkerPool(**limits)
    # Dask takes half a second to import, and only a cluster needs it.
    from qiskit_qoro.local.workers.cluster.opening import open_cluster  # noqa: PLC0415

    return open_cluster(cluster, certificates, time_limit_s=limits["time_limit_s"], report=report)
