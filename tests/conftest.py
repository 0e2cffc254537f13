"""Options and fixtures of the whole test suite."""

from __future__ import annotations

import gc
import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import settings

from qiskit_qoro import QoroBackend, QoroProvider
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.service.transport import Link


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options: other services, more random cases, expected screens, and optional tests."""
    parser.addoption(
        "--live",
        action="store_true",
        help="ask the service of QORO_API_URL with the token QORO_API_KEY (with tests/contract only)",
    )
    parser.addoption(
        "--socket",
        action="store_true",
        help="reach the local service over a socket only, not within the process",
    )
    parser.addoption(
        "--service-cluster",
        metavar="ADDRESS",
        help="let the local service run its circuits on the workers of a cluster",
    )
    parser.addoption(
        "--cases",
        type=int,
        default=1,
        metavar="N",
        help="run N times as many random cases (tests/reference, submissions under faults)",
    )
    parser.addoption(
        "--update-screens",
        action="store_true",
        help="write the expected screens of the commands (tests/cli/screens) instead of comparing with them",
    )
    parser.addoption(
        "--browser",
        action="store_true",
        help="run the tests in tests/browser, which need Chromium and playwright",
    )
    parser.addoption(
        "--cluster",
        action="store_true",
        help="run the tests in tests/cluster, which start a Dask cluster",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the tests in a browser or on a cluster, unless asked for. They need more packages."""
    name = collection_path.name
    is_optional = collection_path.parent == Path(__file__).parent and name in {"browser", "cluster"}
    return True if is_optional and not config.getoption(f"--{name}") else None


def pytest_configure() -> None:
    """Keep the tests and their processes away from the user's journal and accounts; set up Hypothesis."""
    os.environ["QISKIT_QORO_JOURNAL"] = "off"
    os.environ["QISKIT_QORO_ACCOUNTS"] = "off"
    # Random examples check results, not times: a busy machine must not make them fail.
    settings.register_profile("suite", deadline=None)
    settings.load_profile("suite")


def pytest_collection_finish() -> None:
    """Keep the garbage collector from visiting the imported modules and the collected tests again and again.

    Otherwise it takes a tenth of the time of the tests.
    """
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let Python free everything at its end. The engine complains about objects that remain."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def local_service(request: pytest.FixtureRequest) -> Iterator[LocalService]:
    """A local service that runs as long as the test session. It holds the jobs of several tests."""
    cluster = request.config.getoption("--service-cluster")
    with serve(cluster=cluster) if cluster else serve(workers=2) as service:
        yield service


@pytest.fixture(scope="session")
def link_to(request: pytest.FixtureRequest) -> Callable[[LocalService], Link | None]:
    """The link to a local service for clients in this process; ``None`` if the tests use sockets only."""
    uses_sockets = request.config.getoption("--socket")
    return lambda service: None if uses_sockets else service.link


@pytest.fixture(scope="session")
def provider(
    local_service: LocalService, link_to: Callable[[LocalService], Link | None]
) -> Iterator[QoroProvider]:
    """A provider that connects to the local service by address and token, as to any other service."""
    with QoroProvider(
        local_service.token, base_url=local_service.url, link=link_to(local_service)
    ) as provider:
        yield provider


@pytest.fixture
def backend(provider: QoroProvider) -> QoroBackend:
    """The simulator of the local service. It is a new object for each test, so options may be changed."""
    return provider.get_backend("qoro_maestro")


class NoWaitClock:
    """A clock on which a wait takes no time."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float, event: threading.Event | None = None) -> None:
        self.time += seconds


@pytest.fixture
def no_wait_clock() -> NoWaitClock:
    """A clock for clients that do not wait between their attempts."""
    return NoWaitClock()


@pytest.fixture(scope="session")
def accepts_connections() -> Callable[[str], bool]:
    """Whether a program listens at an address."""

    def try_to_connect(url: str) -> bool:
        parts = urlsplit(url)
        try:
            socket.create_connection((parts.hostname, parts.port), timeout=10).close()
        except ConnectionRefusedError:
            return False
        return True

    return try_to_connect


@pytest.fixture
def ctrl_c() -> Iterator[Callable[[], None]]:
    """Press Ctrl-C. Works even if this process was started with SIGINT ignored, as background jobs are."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)


_VOID_ELEMENTS = {"br", "hr", "img", "input", "meta", "link"}


class ParsedHtml(HTMLParser):
    """The elements and the text of an HTML fragment. It is read strictly: every element is closed, in order.

    Attributes:
        tags: The names of all elements, in order.
        attributes: The names and values of all attributes.
        text: The visible text, with one space between pieces.
    """

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._open: list[str] = []
        self._pieces: list[str] = []
        self.feed(markup)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._pieces).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID_ELEMENTS:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self._pieces.append(data)


@pytest.fixture(scope="session")
def parse_html() -> Callable[[str], ParsedHtml]:
    """Read an HTML fragment, such as a card."""
    return ParsedHtml


# --- HTTPS ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HttpsFiles:
    """A folder with an HTTPS certificate for this machine.

    Attributes:
        folder: The folder.
    """

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate of the authority, which clients trust."""
        return self.folder / "authority.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "https.pem"

    @property
    def key(self) -> Path:
        return self.folder / "https.key"

    def issue(self, *hosts: str, days: float = 365) -> None:
        """Write a certificate of a new authority.

        Args:
            *hosts: What it is for.
            days: When it expires.
        """
        import trustme

        authority, now = trustme.CA(), datetime.now(UTC)
        issued = authority.issue_cert(
            *(hosts or ("localhost", "127.0.0.1", "::1", "qoro.lab.example")),
            not_before=now - timedelta(days=30),
            not_after=now + timedelta(days=days),
        )
        for path, pem in (
            (self.authority, authority.cert_pem),
            (self.certificate, issued.cert_chain_pems[0]),
            (self.key, issued.private_key_pem),
        ):
            # A new file in place of the old one, as programs that renew certificates do it.
            new = path.with_suffix(".new")
            new.touch(0o600)
            pem.write_to_path(new)
            new.replace(path)


@pytest.fixture
def https_files(tmp_path: Path) -> HttpsFiles:
    """An HTTPS certificate for loopback and for ``qoro.lab.example``."""
    files = HttpsFiles(tmp_path / "https")
    files.folder.mkdir()
    files.issue()
    return files


# --- terminals ------------------------------------------------------------------------------------------


def _screen_of(written: str) -> list[str]:
    """The lines of a terminal that interprets returns, backspaces and line ends, as all terminals do."""
    lines, row, column = [""], 0, 0
    for letter in written:
        if letter == "\n":
            row, column = row + 1, 0
            lines.append("")
        elif letter == "\r":
            column = 0
        elif letter == "\b":
            column -= 1
        else:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + letter + line[column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


class FakeTerminal(io.StringIO):
    """A terminal in memory."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """The lines that a user sees."""
        return _screen_of(self.getvalue())


@pytest.fixture
def terminal() -> FakeTerminal:
    """A terminal in memory."""
    return FakeTerminal()


@pytest.fixture
def screen_of() -> Callable[[str], list[str]]:
    """The lines that a user sees of what was written to a terminal."""
    return _screen_of


@pytest.fixture
def run_in_terminal() -> Callable[..., tuple[str, str]]:
    """Run a script in a terminal, as :func:`_run_in_terminal` does."""
    return _run_in_terminal


def _run_in_terminal(
    script: str, *, stdout_is_terminal: bool = True, environment: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Run a script with standard error, and perhaps standard output, on a terminal.

    Returns:
        What it wrote to the terminal, and what it wrote to standard output if that is a pipe.
    """
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=theirs if stdout_is_terminal else subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "QISKIT_QORO_PROGRESS": "", **(environment or {})},
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux reports the end of a terminal's output in this way
        pass
    finally:
        os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, shown.decode()
    return shown.decode(), (out or b"").decode()
