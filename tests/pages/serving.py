"""Serve the pages of a source on a socket. As a program: `python tests/pages/serving.py` shows the sample."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests
from starlette.types import ASGIApp

from qiskit_qoro.pages.opening import build_signed_pages, sign_in_address
from qiskit_qoro.pages.sign_in import SignIn
from qiskit_qoro.pages.source import Source
from qiskit_qoro.web_server.allowed_hosts import AllowedHosts, HostCheck
from qiskit_qoro.web_server.binding import bind_port
from qiskit_qoro.web_server.port import Port


@dataclass
class Served:
    """Pages that are served.

    Attributes:
        url: Scheme, host and port.
        sign_in: The sessions.
        account: The account that :meth:`browser` signs in to.
    """

    url: str
    sign_in: SignIn
    account: str = "local"
    browsers: list[requests.Session] = field(default_factory=list)

    def address(self) -> str:
        """An address with a new one-time code."""
        return sign_in_address(self.url, self.sign_in, self.account)

    def browser(self) -> requests.Session:
        """A signed-in browser."""
        browser = self.visitor()
        browser.get(self.address()).raise_for_status()
        return browser

    def visitor(self) -> requests.Session:
        """A browser that is not signed in."""
        browser = requests.Session()
        browser.trust_env = False
        self.browsers.append(browser)
        return browser


@contextmanager
def serve_pages(
    sources: Mapping[str, Source],
    tokens: Mapping[str, str] | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Served]:
    """Serve pages.

    Args:
        sources: Account to source.
        tokens: Token to account.
        clock: The clock of the sessions.
    """
    with bind_port("127.0.0.1", 0) as bound, ThreadPoolExecutor() as threads:
        port = bound.getsockname()[1]
        app: ASGIApp
        app, sign_in = build_signed_pages(
            (tokens or {}).get, sources.__getitem__, threads, port=port, clock=clock
        )
        server = Port(HostCheck(app, AllowedHosts()), bound)
        server.open()
        served = Served(f"http://127.0.0.1:{port}", sign_in, next(iter(sources)))
        try:
            yield served
        finally:
            for browser in served.browsers:
                browser.close()
            server.stop()


if __name__ == "__main__":
    from sample import SampleSource

    with serve_pages({"local": SampleSource()}) as served:
        print(served.address(), flush=True)  # noqa: T201
        threading.Event().wait()
