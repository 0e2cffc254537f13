"""Starts the service and stops it: socket, store, workers, runner, web server, in this order, and back.

The socket is bound here first, so that the port is known, and a port that is taken is an error before
anything else has started. Everything that starts goes on one stack; closing unwinds it. The web
framework is imported when a service is started, not before.
"""

from __future__ import annotations

import atexit
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local.engine.engine import load_engine
from qiskit_qoro.local.fault_injection import FaultInjection
from qiskit_qoro.local.runner import Runner
from qiskit_qoro.local.store.store import Store, open_store
from qiskit_qoro.local.web.accounts import LOCAL_ACCOUNT, Account, Accounts
from qiskit_qoro.local.web.handlers import HandlerContext
from qiskit_qoro.local.workers.pool import WorkerPool
from qiskit_qoro.models.jobs import JobStatus

__all__ = ["LocalService", "serve", "serve_forever"]

_NEEDED = ("maestro", "starlette", "uvicorn")
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
_BACKLOG = 128
_TOKEN_BYTES = 24


class LocalService:
    """A running service. It stops with :meth:`close`, at the end of a ``with`` block, or with the process.

    Attributes:
        url: Base URL of its API.
        token: The token of its own account.
    """

    def __init__(
        self,
        url: str,
        token: str,
        store: Store,
        pool: WorkerPool,
        accounts: Accounts,
        stack: ExitStack,
    ) -> None:
        self.url = url
        self.token = token
        self._store = store
        self._pool = pool
        self._accounts = accounts
        self._stack = stack
        self._closing = threading.Lock()
        self._pid = os.getpid()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.url}>"

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
        """Stop, and return when nothing of the service is left.

        A job that is running becomes pending again: it runs when its database is served the next time.
        """
        if os.getpid() != self._pid:
            return  # a forked child has none of the threads, and must not end the workers of its parent
        atexit.unregister(self.close)
        with self._closing:
            self._stack.close()

    def wait_idle(self, timeout_s: float | None = None) -> bool:
        """Wait until no job is running or waiting for its turn.

        Args:
            timeout_s: How long to wait at most, in seconds; ``None`` for as long as it takes.

        Returns:
            Whether it is so; ``False`` after the timeout.
        """
        return self._store.wait_for(self._store.is_idle, timeout_s)

    def wait_status(self, job_id: str, *statuses: JobStatus, timeout_s: float | None = None) -> bool:
        """Wait until a job is in one of some statuses, without asking again and again.

        Args:
            job_id: The job.
            statuses: What to wait for.
            timeout_s: How long to wait at most, in seconds; ``None`` for as long as it takes.

        Returns:
            Whether it is so; ``False`` after the timeout.

        Raises:
            JobUnknown: There is no such job.
        """
        return self._store.wait_for(lambda: self._store.status(job_id) in statuses, timeout_s)

    def deactivate(self, token: str) -> None:
        """Take a token back: whoever calls with it from now on is unknown. Its account's jobs go on.

        Raises:
            QoroInputError: The service has no such token.
        """
        self._accounts.deactivate(token)

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The process ids of the workers that live now, in ascending order."""
        return self._pool.pids


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
    fault_injection: FaultInjection = FaultInjection(),  # noqa: B008 - frozen
) -> LocalService:
    """Start a service in this process.

    Args:
        host: Address to listen on. Any other than that of the own machine opens the service to others.
        port: Port to listen on, 0 for a free one.
        token: The token of its own account, ``None`` for a fresh random one.
        accounts: Further tokens that it takes, each with its account. Several tokens may stand for the
            same account.
        database: File that keeps jobs and results, ``None`` for memory.
        workers: Processes that run circuits, and jobs that run at once; ``None`` for as many as suit
            the machine.
        time_limit_s: Seconds that one circuit may take.
        memory_limit_bytes: Bytes that one circuit may take, ``None`` for a share of what is
            free.
        fault_injection: Delays and faults, to test clients with; by default none.

    Returns:
        The service, answering requests.

    Raises:
        QoroInputError: A token, an account, the number of workers or a limit cannot be used.
        QoroError: The extra ``local`` is not installed, the port is taken, or the database cannot be used.
    """
    _require_extra()
    # They need the extra, and take a moment to import.
    from qiskit_qoro.local.web.app import PREFIX, build_app  # noqa: PLC0415
    from qiskit_qoro.local.web.listener import Listener  # noqa: PLC0415

    token = secrets.token_urlsafe(_TOKEN_BYTES) if token is None else _usable(token)
    known = _all_accounts(token, accounts)
    _check_limits(workers, time_limit_s, memory_limit_bytes)
    with ExitStack() as stack:
        listening = stack.enter_context(_listen(host, port))
        store = stack.enter_context(
            closing(
                open_store(
                    None if database is None else Path(database),
                    pending_time_s=fault_injection.pending_time_s,
                )
            )
        )
        for account in known:
            store.open_account(account.name, account.credits)
        pool = WorkerPool(workers=workers, time_limit_s=time_limit_s, memory_limit_bytes=memory_limit_bytes)
        stack.callback(pool.close)
        pool.start()
        runner = Runner(
            store,
            pool,
            parallel=pool.size,
            clock=time.monotonic,
            running_time_s=fault_injection.running_time_s,
        )
        stack.callback(runner.stop)
        runner.start()
        threads = stack.enter_context(ThreadPoolExecutor(thread_name_prefix="qoro-handler"))
        listener = Listener(
            build_app(HandlerContext(store, runner, fault_injection), known, threads), listening
        )
        stack.callback(listener.stop)
        listener.start()
        service = LocalService(_url(listening) + PREFIX, token, store, pool, known, stack.pop_all())
    atexit.register(service.close)
    return service


def serve_forever(*, announce: Callable[[LocalService], None], **options: Any) -> None:
    """Start a service and keep it until SIGINT or SIGTERM. For the main thread only.

    Args:
        announce: Called with the service when it is ready.
        options: As for :func:`serve`.

    Raises:
        QoroError: As :func:`serve`.
    """
    stop = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in signals}
    try:
        with serve(**options) as service:
            announce(service)
            # On Windows a signal does not end a wait, so that it has to end by itself now and then.
            while not stop.wait(0.5):
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _require_extra() -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if "maestro" in missing:
        load_engine()  # its error says which platforms have it at all
    if missing:
        raise QoroError(
            f"the local service needs {', '.join(missing)}, which is not installed: "
            'run pip install "qiskit-qoro[local]"'
        )


def _all_accounts(token: str, accounts: Mapping[str, Account]) -> Accounts:
    by_name = {LOCAL_ACCOUNT.name: LOCAL_ACCOUNT}
    for further, account in accounts.items():
        if _usable(further) == token:
            raise QoroInputError(f"the token of {account.name!r} is that of the service's own account")
        if by_name.setdefault(account.name, account) != account:
            raise QoroInputError(f"there are two accounts of the name {account.name!r}, expected one")
    return Accounts({token: LOCAL_ACCOUNT, **accounts})


def _usable(token: str) -> str:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise QoroInputError(
            "the token has to be printable ASCII text without spaces, as it travels in a header"
        )
    return token


def _check_limits(workers: int | None, time_limit_s: float, memory_limit_bytes: int | None) -> None:
    if workers is not None and workers < 1:
        raise QoroInputError(f"workers is {workers}, expected 1 or more")
    if not time_limit_s > 0:
        raise QoroInputError(f"time_limit_s is {time_limit_s}, expected more than 0 seconds")
    if memory_limit_bytes is not None and memory_limit_bytes < 1:
        raise QoroInputError(f"memory_limit_bytes is {memory_limit_bytes}, expected 1 or more")


def _listen(host: str, port: int) -> socket.socket:
    # With the protocol spelled out asyncio switches Nagle's algorithm off; left at 0, as by
    # socket.create_server, every answer comes 40 ms late.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        raise QoroError(f"cannot listen on {host} port {port}: {error}") from error
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    host = _LOOPBACK.get(host, host)  # nobody can connect to "every address"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
