"""Starts the service and stops it: socket, store, workers, runner, web server, in this order, and back.

The socket is bound here first, so that the port is known, and a port that is taken is an error before
anything else has started. Everything that starts goes on one stack; closing unwinds it. The web
framework is imported when a service is started, not before.
"""

from __future__ import annotations

import atexit
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.accounts import Account, Accounts
from qiskit_qoro.local.store import Store, open_store

__all__ = ["LocalService", "serve", "serve_forever"]

_OWNER = Account("local")
_NEEDED = ("maestro", "starlette", "uvicorn")
_BACKLOG = 128


class LocalService:
    """A running service. It stops with :meth:`close`, at the end of a ``with`` block, or with the process.

    Attributes:
        url: Base URL of its API.
        token: The token that it takes.
    """

    def __init__(self, url: str, token: str, store: Store, stack: ExitStack) -> None:
        self.url = url
        self.token = token
        self._store = store
        self._stack = stack
        self._closing = threading.Lock()

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


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    database: str | Path | None = None,
) -> LocalService:
    """Start a service in this process.

    Args:
        host: Address to listen on. Any other than that of the own machine opens the service to others.
        port: Port to listen on, 0 for a free one.
        token: The token it takes, ``None`` for a fresh random one.
        database: File that keeps jobs and results, ``None`` for memory.

    Returns:
        The service, answering requests.

    Raises:
        QoroError: The extra ``local`` is not installed, the port is taken, or the database cannot be used.
    """
    _require_extra()
    from qiskit_qoro.local.app import PREFIX, build_app
    from qiskit_qoro.local.handlers import Desk
    from qiskit_qoro.local.listener import Listener

    class _Nobody:
        def stop_job(self, number: int) -> None: ...

    token = secrets.token_urlsafe(24) if token is None else token
    with ExitStack() as stack:
        listening = stack.enter_context(_listen(host, port))
        store = stack.enter_context(closing(open_store(None if database is None else Path(database))))
        desk = Desk(store, _Nobody())
        listener = Listener(build_app(desk, Accounts({token: _OWNER})), listening)
        listener.start()
        stack.callback(listener.stop)
        service = LocalService(_url(listening) + PREFIX, token, store, stack.pop_all())
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
    if missing:
        raise QoroError(
            f"the local service needs {', '.join(missing)}, which is not installed: "
            'run pip install "qiskit-qoro[local]"'
        )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        raise QoroError(f"cannot listen on {host} port {port}: {error}") from error


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
