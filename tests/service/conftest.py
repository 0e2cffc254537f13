"""A clock that does not wait, a scripted service, and a server that answers with given bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import responses

from qiskit_qoro.service import QoroService

TOKEN = "tok-SECRET-0123456789"
URL = "https://qoro.test/api"


class FakeClock:
    """A clock that advances when a test waits. ``during_wait`` is called at the end of each wait."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []
        self.during_wait: Callable[[], None] | None = None

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float, event: threading.Event | None = None) -> None:
        self.waits.append(seconds)
        self.time += seconds
        if self.during_wait is not None:
            self.during_wait()


@dataclass
class Seen:
    """A request that a server received."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class RawServer:
    """A server that sends the given answers in order and repeats the last one.

    Attributes:
        pause_s: Seconds between two pieces of an answer. With ``None`` an answer is sent as a whole.
        piece_bytes: The length of a piece.
        is_silent: Whether the connection stays open after the answer.
    """

    url: str
    answers: list[bytes] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    pause_s: float | None = None
    piece_bytes: int = 1
    is_silent: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)

    def send(self, answer: bytes, write: Callable[[bytes], object]) -> None:
        if self.pause_s is None:
            write(answer)
        else:
            with suppress(OSError):  # the client has given up
                for start in range(0, len(answer), self.piece_bytes):
                    write(answer[start : start + self.piece_bytes])
                    if self.stopping.wait(self.pause_s):
                        return
        if self.is_silent:
            self.stopping.wait()


@pytest.fixture(autouse=True)
def _isolated_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the .env file, the variables and the proxies of the machine that runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "QORO_API_KEY",
        "QORO_API_URL",
        "QORO_CA_BUNDLE",
        "QORO_PRICES",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "NETRC",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def url() -> str:
    return URL


@pytest.fixture
def cloud() -> Iterator[responses.RequestsMock]:
    """A service with only the answers that a test scripts. Any other request is a lost connection."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as script:
        yield script


@pytest.fixture
def service(cloud: responses.RequestsMock, clock: FakeClock) -> QoroService:
    """A client of the scripted service."""
    return QoroService(TOKEN, base_url=URL, clock=clock)


@pytest.fixture
def live_service(local_service: Any) -> Iterator[QoroService]:
    """A client of the local service."""
    service = QoroService(local_service.token, base_url=local_service.url, polling_interval=0.5)
    yield service
    service.close()


@pytest.fixture
def raw_server() -> Iterator[Callable[[], RawServer]]:
    """Start servers that answer with raw bytes."""
    started = []

    def start() -> RawServer:
        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                served.seen.append(Seen(self.command, self.path, dict(self.headers)))
                answer = served.answers[0] if len(served.answers) == 1 else served.answers.pop(0)
                served.send(answer, self.wfile.write)
                self.close_connection = True

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        served = RawServer(f"http://127.0.0.1:{server.server_port}/api")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((server, thread, served))
        return served

    yield start
    for server, thread, served in started:
        served.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
