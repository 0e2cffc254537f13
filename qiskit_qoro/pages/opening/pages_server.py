"""Serve pages on a loopback port of their own, in threads of this process."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from qiskit_qoro.pages.app import PREFIX
from qiskit_qoro.pages.opening.signed_pages import build_signed_pages, sign_in_address
from qiskit_qoro.pages.protection import HEADERS
from qiskit_qoro.pages.sign_in import SignIn
from qiskit_qoro.pages.source import Source
from qiskit_qoro.web_server.allowed_hosts import AllowedHosts, HostCheck
from qiskit_qoro.web_server.binding import base_url_of, bind_port, port_error, refuse_connections
from qiskit_qoro.web_server.port import Port

__all__ = ["PagesServer", "start_pages_server"]

_HOST = "127.0.0.1"
_THREADS = 8


class PagesServer:
    """Pages that are served. They end with :meth:`close`, with a ``with`` block, or with the process."""

    def __init__(self, base_url: str, sign_in: SignIn, account: str, stack: ExitStack) -> None:
        self._base_url = base_url
        self._sign_in = sign_in
        self._account = account
        self._stack = stack
        self._closing = threading.Lock()
        self._pid = os.getpid()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.url}>"

    @property
    def url(self) -> str:
        """The address of the pages, without a code."""
        return f"{self._base_url}{PREFIX}/"

    def address(self, query: str = "") -> str:
        """Return an address with a new one-time code.

        Args:
            query: The query of the list of jobs that is shown then; empty for all jobs.
        """
        return sign_in_address(self._base_url, self._sign_in, self._account, query)

    def close(self) -> None:
        """Stop the server and return when its threads have ended. May be called again."""
        if os.getpid() != self._pid:  # a forked child has none of the threads
            return
        atexit.unregister(self.close)
        with self._closing:
            self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def start_pages_server(
    open_source: Callable[[str], Source], *, account: str = "local", port: int = 0
) -> PagesServer:
    """Serve pages to browsers on this machine. The only way to sign in is an address with a one-time code.

    Args:
        open_source: Returns what the account with a name may see and do.
        account: The name of the account that the codes sign in to.
        port: The port; 0 for a free one.

    Raises:
        QoroError: The port is taken, or the server did not start in time.
    """
    with ExitStack() as stack:
        bound = stack.enter_context(bind_port(_HOST, port))
        duplicate = stack.enter_context(bound.dup())
        threads = stack.enter_context(ThreadPoolExecutor(_THREADS, thread_name_prefix="qoro-pages"))
        number = bound.getsockname()[1]
        app, sign_in = build_signed_pages(lambda _token: None, open_source, threads, port=number)
        server = Port(HostCheck(_OnlyPages(app), AllowedHosts()), bound)
        stack.callback(refuse_connections, duplicate)
        stack.callback(server.stop)
        try:
            server.open()
        except OSError as error:
            raise port_error(_HOST, number, error) from error
        pages = PagesServer(base_url_of(bound), sign_in, account, stack.pop_all())
    atexit.register(pages.close)
    return pages


class _OnlyPages:
    """Leads from ``/`` to the pages, and answers 404 outside them."""

    def __init__(self, pages: ASGIApp) -> None:
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        app: ASGIApp
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            app = self._pages
        elif path == "/":
            app = RedirectResponse(f"{PREFIX}/", headers=HEADERS)
        else:
            app = PlainTextResponse("There is nothing here.", 404, HEADERS)
        await app(scope, receive, send)
