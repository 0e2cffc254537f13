"""The environment of the commands: no account, a journal for each test, and services to connect to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.connection import RemoteConnection
from qiskit_qoro.local import LocalService
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.clock import Clock

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
        def __init__(self, *, base_url: str | None = None) -> None:
            service = QoroService(base_url=base_url, clock=no_wait_clock)
            self._connection = RemoteConnection(service, None)

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
