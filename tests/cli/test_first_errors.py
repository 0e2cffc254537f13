"""The errors that new users meet: no token, no engine, a wrong address, a service that is down."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.cli.program import run_command
from qiskit_qoro.local import LocalService
from qiskit_qoro.local.installation import INSTALL_COMMAND

COMMANDS = [["backends"], ["systems"], ["credits"], ["run", "{bell}"], ["status", "j1"], ["result", "j1"]]


@pytest.fixture(params=COMMANDS, ids=lambda command: command[0])
def command(request: pytest.FixtureRequest, bell: str) -> list[str]:
    """A command that needs a service."""
    return [argument.format(bell=bell) for argument in request.param]


@pytest.fixture
def without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Python behave as if the engine were not installed."""
    monkeypatch.setitem(sys.modules, "maestro", None)


@pytest.mark.usefixtures("without_engine")
@pytest.mark.parametrize("arguments", [["backends"], ["credits"]])
def test_without_token_and_engine_the_missing_token_is_reported_first(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(arguments) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("qiskit-qoro: error: there is no token: put QORO_API_KEY=... into a .env file")
    assert error.rstrip().endswith(f"install the local service: {INSTALL_COMMAND}")
    assert error.count("\n") == 1


@pytest.mark.usefixtures("without_engine")
def test_if_the_local_service_is_requested_the_missing_engine_is_reported(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["backends", "--local"]) == 1
    error = capsys.readouterr().err
    assert "the simulation engine is not installed" in error
    assert "token" not in error


@pytest.mark.parametrize("source", ["environment", ".env"])
def test_an_address_without_a_token_is_not_ignored(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    url = "https://qoro.invalid/api"
    if source == "environment":
        monkeypatch.setenv("QORO_API_URL", url)
    else:
        Path(".env").write_text(f"QORO_API_URL={url}\n")
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "QORO_API_KEY=..." in err
    assert url in err or "the service of job j1 is unknown" in err


@pytest.mark.parametrize("option", [["--cloud"], ["--url", "https://qoro.invalid/api"]])
def test_a_remote_service_without_a_token_is_explained_in_terms_of_the_command_line(
    command: list[str], capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    assert main([*command, *option]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "there is no token" in err
    assert "set the environment variable QORO_API_KEY" in err
    assert "use the local service with --local" in err
    assert "auth_token" not in err
    assert "QoroProvider" not in err


def test_the_local_service_ignores_the_address_if_an_option_requests_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QORO_API_URL", "https://qoro.invalid/api")
    assert main(["backends", "--local"]) == 0
    assert "qoro_maestro" in capsys.readouterr().out


def test_the_error_names_a_file_that_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / ".env").write_text("QORO_API_KEY=bait\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "home")
    assert main(["backends", "--cloud"]) == 2
    assert f"{tmp_path / '.env'} is not used" in capsys.readouterr().err


def test_a_file_in_another_encoding_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path(".env").write_bytes("QORO_API_KEY=x\n".encode("utf-16"))
    assert main(["backends"]) == 2
    assert re.search(r"\.env is not text in UTF-8: save it in this encoding", capsys.readouterr().err)


@pytest.mark.parametrize("arguments", [["backends"], ["status", "j1"], ["run", "{bell}"]])
def test_an_address_without_its_path_is_explained(
    account: LocalService,
    bell: str,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    url = account.url.removesuffix("/api")
    assert main([*(argument.format(bell=bell) for argument in arguments), "--url", url]) == 1
    err = capsys.readouterr().err
    assert f"The base URL {url} has no path, expected one such as {url}/api" in err
    assert "does not know this job" not in err


def test_retries_are_shown_while_the_service_is_down(
    no_wait_provider: type[QoroProvider], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QORO_API_KEY", "secret-token")
    assert run_command(["backends", "--url", "http://127.0.0.1:1/api"], provider_class=no_wait_provider) == 1
    out, err = capsys.readouterr()
    *retries, error = err.splitlines()
    assert len(retries) == 4
    for number, line in enumerate(retries, 2):
        assert line.startswith("qiskit-qoro: warning: no connection to http://127.0.0.1:1/api: ")
        assert f"Attempt {number} of 5 is in " in line
    assert error.startswith("qiskit-qoro: error: no connection to http://127.0.0.1:1/api: ")
    assert (out, "secret-token" in err) == ("", False)


def test_an_address_from_a_file_is_named_once_in_one_line() -> None:
    Path(".env").write_text("QORO_API_KEY=secret-token\nQORO_API_URL=http://qoro.invalid/api\n")
    program = "import sys\nfrom qiskit_qoro.cli import main\nsys.exit(main(['jobs', '--no-refresh']))\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    warning, rest = done.stderr.splitlines()
    assert warning.startswith("qiskit-qoro: warning: circuits and the token in ")
    assert ".env are sent to http://qoro.invalid/api" in warning
    assert rest == "no jobs"
