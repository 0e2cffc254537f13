"""The environment of the commands: no account, a journal for each test, and services to connect to."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
import responses
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from rich.cells import cell_len
from rich.text import Text

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.cli.program import build_parser, run_command
from qiskit_qoro.connection import RemoteConnection, open_journal
from qiskit_qoro.display.progress import ProgressOptions
from qiskit_qoro.history import Journal
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.local import LocalService
from qiskit_qoro.models.secret import Secret
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.clock import Clock
from qiskit_qoro.service.credentials import find_credentials

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""


@pytest.fixture(autouse=True)
def journal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Run the test in an empty directory, without an account and with its own journal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QORO_API_KEY", raising=False)
    monkeypatch.delenv("QORO_API_URL", raising=False)
    monkeypatch.delenv("QORO_PRICES", raising=False)
    path = tmp_path / "journal.sqlite3"
    monkeypatch.setenv("QISKIT_QORO_JOURNAL", str(path))
    return path


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, local_service: LocalService) -> LocalService:
    """An account in the cloud. The cloud of the tests is a local service that is already running."""
    monkeypatch.setenv("QORO_API_KEY", local_service.token)
    monkeypatch.setenv("QORO_API_URL", local_service.url)
    return local_service


@pytest.fixture
def provider(account: LocalService) -> Iterator[QoroProvider]:
    """A provider with the account that the commands use too."""
    with QoroProvider() as provider:
        yield provider


@pytest.fixture
def url() -> str:
    """The address of the scripted service."""
    return "https://qoro.invalid/api"


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[responses.RequestsMock]:
    """A service that gives only the answers that a test scripts, and an account there."""
    monkeypatch.setenv("QORO_API_KEY", "secret-token")
    monkeypatch.setenv("QORO_API_URL", url)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as script:
        yield script


@pytest.fixture
def no_wait_provider(no_wait_clock: Clock) -> type[QoroProvider]:
    """A class of providers whose client does not wait between its attempts."""

    class NoWaitProvider(QoroProvider):
        def __init__(
            self,
            auth_token: str | Secret | None = None,
            *,
            base_url: str | None = None,
            account: str | None = None,
            progress: bool | ProgressOptions = True,
        ) -> None:
            found = find_credentials(auth_token, base_url, account)
            service = QoroService(found.token, base_url=found.url, clock=no_wait_clock, progress=progress)
            self._use(RemoteConnection(service, open_journal(True), found.account))

    return NoWaitProvider


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a command with ``--json`` and parse its output."""

    def run(*arguments: str) -> Any:
        capsys.readouterr()
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def on_a_terminal() -> Callable[..., str]:
    """Run a command on a terminal, and type a text once what it shows matches a pattern.

    It returns what the terminal has shown.
    """
    program = (
        "import fcntl, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from qiskit_qoro.cli import main; sys.exit(main())"
    )

    def run(arguments: list[str], pattern: str, typed: str, *, code: int = 0) -> str:
        import pty

        controller, terminal = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(terminal)
        shown, is_typed = "", False
        while True:
            ready, _, _ = select.select([controller], [], [], 60)
            try:
                piece = os.read(controller, 4096) if ready else b""
            except OSError:  # the process has closed the terminal
                piece = b""
            if not piece:
                break
            shown += piece.decode()
            if not is_typed and re.search(pattern, shown):
                os.write(controller, typed.encode())
                is_typed = True
        os.close(controller)
        assert process.wait(60) == code, shown
        return shown

    return run


@pytest.fixture
def bell(tmp_path: Path) -> str:
    """The path of a program that prepares and measures a Bell state."""
    path = tmp_path / "bell.qasm"
    path.write_text(BELL)
    return str(path)


@pytest.fixture
def two_registers() -> QuantumCircuit:
    """A circuit with a name and two classical registers. Its outcome is ``1 0``."""
    registers = ClassicalRegister(1, "low"), ClassicalRegister(1, "high")
    circuit = QuantumCircuit(QuantumRegister(2), *registers, name="two registers")
    circuit.x(1)
    circuit.measure([0, 1], [0, 1])
    return circuit


# --- screens ------------------------------------------------------------------------------------------

SCREENS = Path(__file__).parent / "screens"
WIDTHS = (60, 80, 120)
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


class Terminal(TextIOWrapper):
    """A stream whose reader is a terminal."""

    def isatty(self) -> bool:
        return True


class Screen:
    """Compares what a command shows on a terminal with a file in ``tests/cli/screens``.

    Both streams are the terminal, but progress lines are off. The present is always :data:`NOW`, in UTC.

    Attributes:
        width: The columns of the terminal.
        lines: The lines that the last command wrote.
        plain: The last screen, without its first line, as the terminal breaks it.
        ansi: The last screen with its colours.
    """

    def __init__(self, width: int, update: bool) -> None:
        self.width = width
        self._update = update

    def show(
        self,
        situation: str,
        *arguments: str,
        code: int = 0,
        provider_class: type[QoroProvider] = QoroProvider,
        execute: Callable[[], int] | None = None,
    ) -> None:
        """Run a command and compare its screen. ``pytest --update-screens`` writes the file.

        Args:
            situation: What is special about this screen, which is the name of its file.
            *arguments: The arguments of the program.
            code: The expected exit code.
            provider_class: As for ``run_command``.
            execute: Prints what the command would print, and returns its exit code, in place of the program.
        """
        shown = self.run(*arguments, provider_class=provider_class, execute=execute)
        prompt = shlex.join(("qiskit-qoro", *arguments))
        text = f"$ {prompt}\n{self.plain}" + (f"[exit code {shown}]\n" if shown else "")
        command = next(iter(arguments), "")
        path = (
            SCREENS
            / (command if command in build_parser().commands else "qiskit-qoro")
            / f"{situation}.{self.width}.txt"
        )
        if self._update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert text.splitlines() == path.read_text(encoding="utf-8").splitlines(), (
            f"{path} differs. If it should, run: pytest tests/cli --update-screens"
        )
        assert shown == code
        wide = [line for line in self.lines if cell_len(line) > self.width]
        assert wide == [], "the terminal would break these lines within words"

    def run(
        self,
        *arguments: str,
        provider_class: type[QoroProvider] = QoroProvider,
        execute: Callable[[], int] | None = None,
    ) -> int:
        """Run a command, and return its exit code."""
        execute = execute or partial(run_command, arguments, provider_class=provider_class, now=lambda: NOW)
        written = BytesIO()
        out = Terminal(written, encoding="utf-8", newline="\n", write_through=True)
        err = Terminal(written, encoding="utf-8", newline="\n", write_through=True)
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = execute()
            except SystemExit as end:
                code = int(end.code or 0)
        self.ansi = written.getvalue().decode()
        self.lines = [Text.from_ansi(line).plain for line in self.ansi.splitlines()]
        self.plain = "".join(f"{part.rstrip()}\n" for line in self.lines for part in self._folded(line))
        out.detach()
        err.detach()
        return code

    def _folded(self, line: str) -> list[str]:
        """Break a line where the terminal breaks it."""
        parts = [""]
        for character in line:
            if cell_len(parts[-1] + character) > self.width:
                parts.append("")
            parts[-1] += character
        return parts


@pytest.fixture(params=WIDTHS)
def screen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal with 60, 80 and 120 columns, one after another."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("QISKIT_QORO_PROGRESS", "off")
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("LINES", "30")
    return Screen(request.param, request.config.getoption("--update-screens"))


@pytest.fixture
def record(journal: Path, url: str) -> Callable[..., str]:
    """Write a job into the journal, and return its identifier."""

    def write(
        job_id: str,
        *,
        ago: timedelta,
        tag: str = "",
        kind: JobKind = JobKind.RUN,
        backend: str = "qoro_maestro",
        circuits: int = 1,
        service: str = url,
        stage: Stage = Stage.SUBMITTED,
        status: str | None = None,
    ) -> str:
        book = Journal(journal, now=lambda: NOW - ago)
        number = book.begin(service, SubmissionFacts(kind, backend, tag, circuits))
        book.set_job_id(number, job_id)
        book.set_stage(number, stage)
        if status is not None:
            book.set_status_of(service, job_id, status)
        return job_id

    return write
