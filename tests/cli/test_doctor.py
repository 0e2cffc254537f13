"""doctor: what it finds, what it advises, and that it prints no secrets."""

from __future__ import annotations

import io
import json
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from qiskit_qoro import QoroProvider
from qiskit_qoro.accounts import AccountFile
from qiskit_qoro.cli import main
from qiskit_qoro.cli.commands.doctor import show
from qiskit_qoro.cli.diagnosis.findings import Finding, Level
from qiskit_qoro.cli.diagnosis.machine import terminal
from qiskit_qoro.cli.program import run_command
from qiskit_qoro.errors import QoroError
from qiskit_qoro.local import LocalService
from qiskit_qoro.models.secret import Secret

TOKEN = "tok-SECRET-0123456789"


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AccountFile:
    """The file of saved accounts, which does not exist yet, and an environment without proxies."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("QORO_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "accounts.json"
    monkeypatch.setenv("QISKIT_QORO_ACCOUNTS", str(path))
    return AccountFile(path)


@pytest.fixture
def provider_with(no_wait_provider: type[QoroProvider]) -> Callable[[LocalService], type[QoroProvider]]:
    """Make a provider that does not wait between attempts, and whose local service is already running."""

    def build(service: LocalService) -> type[QoroProvider]:
        class Provider(no_wait_provider):  # type: ignore[misc, valid-type]
            @classmethod
            def local(cls, **_options: Any) -> QoroProvider:
                return QoroProvider(service.token, base_url=service.url, link=service.link, journal=False)

        return Provider

    return build


@pytest.fixture
def examine(
    local_service: LocalService, provider_with: Any, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, tuple[str, str]]]:
    """Run ``doctor --json`` and return level and text, with the advice, of each finding by name."""

    def run(*arguments: str, code: int = 0) -> dict[str, tuple[str, str]]:
        capsys.readouterr()
        assert (
            run_command(["doctor", "--json", *arguments], provider_class=provider_with(local_service)) == code
        )
        out, err = capsys.readouterr()
        found = json.loads(out)
        assert found["healthy"] == (code == 0)
        assert ("problem" in err) == (code == 1)
        assert TOKEN not in out + err
        return {
            entry["name"]: (entry["level"], f"{entry['text']} | {entry['advice']}")
            for entry in found["findings"]
        }

    return run


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine at which nothing listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


def test_everything_is_examined(
    account: LocalService, file: AccountFile, examine: Any, record: Callable[..., str]
) -> None:
    file.save("lab", Secret(TOKEN), "http://lab/api")
    found = examine()
    assert {level for level, _ in found.values()} <= {"ok", "note"}
    assert found["Python"][1].startswith(".".join(map(str, sys.version_info[:3])))
    assert "qoro-maestro" in found["local service"][1] or "Bell circuit" in found["local service"][1]
    assert "accounts.json, mode 0600, lab (the default)" in found["accounts"][1]
    assert "does not exist yet" in found["journal"][1]
    assert found["token"][1].startswith(f"from the environment variable QORO_API_KEY, for {account.url}")
    assert found["service"][1].startswith("answers in ")
    assert found["simulators"] == ("ok", "1 listed | None")
    assert found["QPU systems"][0] == "ok"
    assert found["credits"][1].endswith("left | None")


def test_the_local_service_is_started_and_runs_a_circuit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "local service: starts and runs a Bell circuit in " in out
    assert "token: none, so commands use the local service. Save one with: qiskit-qoro login" in out


def test_without_the_engine_a_command_that_installs_it_is_shown(
    examine: Any, monkeypatch: pytest.MonkeyPatch, account: LocalService
) -> None:
    monkeypatch.setitem(sys.modules, "maestro", None)
    level, text = examine()["local service"]
    assert level == "note"
    assert "pip install" in text
    monkeypatch.delenv("QORO_API_KEY")
    monkeypatch.delenv("QORO_API_URL")
    assert examine(code=1)["local service"][0] == "problem"  # nothing can run a circuit


def test_the_journal_is_read(examine: Any, record: Callable[..., str], journal: Path) -> None:
    record("j1", ago=timedelta(0))
    assert "journal.sqlite3, mode 0600, 1 job" in examine()["journal"][1]
    journal.chmod(0o644)
    level, text = examine(code=1)["journal"]
    assert level == "problem"
    assert "others can read" in text
    assert "chmod 600" in text
    journal.write_text("not a database, but a text that is longer than the header of one" * 9)
    assert examine(code=1)["journal"][0] == "problem"


@pytest.mark.parametrize("variable", ["QISKIT_QORO_JOURNAL", "QISKIT_QORO_ACCOUNTS"])
def test_a_file_that_is_switched_off_is_a_note(
    examine: Any, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "off")
    level, text = examine()["journal" if "JOURNAL" in variable else "accounts"]
    assert level == "note"
    assert f"switched off by {variable}" in text


def test_a_file_that_cannot_be_created_is_a_problem(
    examine: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "plain").write_text("")
    monkeypatch.setenv("QISKIT_QORO_JOURNAL", str(tmp_path / "plain" / "journal.sqlite3"))
    level, text = examine(code=1)["journal"]
    assert level == "problem"
    assert "Name another file with QISKIT_QORO_JOURNAL" in text


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        ("damaged", 0o600, "is damaged"),
        ("{}", 0o644, "chmod 600"),
        ('{"version": 2}', 0o600, "newer version"),
    ],
)
def test_accounts_that_cannot_be_used_are_a_problem(
    examine: Any, file: AccountFile, content: str, mode: int, message: str
) -> None:
    file.path.write_text(content)
    file.path.chmod(mode)
    level, text = examine(code=1)["accounts"]
    assert level == "problem"
    assert message in text


def test_an_address_without_a_token_is_a_problem(examine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "the option --url names a service" in examine("--url", "http://lab/api", code=1)["token"][1]
    monkeypatch.setenv("QORO_API_URL", "http://lab/api")
    assert "none, but QORO_API_URL names a service" in examine(code=1)["token"][1]


def test_an_unknown_account_is_a_problem(examine: Any) -> None:
    assert "there is no saved account 'lab'" in examine("--account", "lab", code=1)["token"][1]


def test_a_token_that_is_not_accepted_is_a_problem(
    examine: Any, file: AccountFile, local_service: LocalService
) -> None:
    file.save("lab", Secret(TOKEN), local_service.url)
    level, text = examine(code=1)["service"]
    assert level == "problem"
    assert "does not accept the token" in text
    assert "qiskit-qoro login" in text


def test_a_wrong_path_is_explained(
    examine: Any, monkeypatch: pytest.MonkeyPatch, local_service: LocalService
) -> None:
    monkeypatch.setenv("QORO_API_KEY", TOKEN)
    monkeypatch.setenv("QORO_API_URL", f"{local_service.url}/elsewhere")
    assert "there is no service at" in examine(code=1)["service"][1]


def test_a_service_that_does_not_listen_is_explained(
    examine: Any, file: AccountFile, closed_port: int
) -> None:
    file.save("lab", Secret(TOKEN), f"http://127.0.0.1:{closed_port}/api")
    assert f"nothing listens at 127.0.0.1 port {closed_port}" in examine(code=1)["service"][1]


def test_an_unknown_name_is_explained(examine: Any, file: AccountFile) -> None:
    file.save("lab", Secret(TOKEN), "http://nowhere.invalid/api")
    level, text = examine(code=1)["service"]
    assert level == "problem"
    assert "nowhere.invalid" in text


def test_a_service_without_tls_is_explained(
    examine: Any, file: AccountFile, local_service: LocalService, no_wait_provider: Any
) -> None:
    file.save("lab", Secret(TOKEN), local_service.url.replace("http:", "https:"))
    assert "does not seem to use TLS: try http://" in examine(code=1)["service"][1]


def test_a_certificate_that_is_not_trusted_is_explained(
    examine: Any, file: AccountFile, local_service: LocalService
) -> None:
    url = local_service.url.replace("http:", "https:")
    file.save("lab", Secret(TOKEN), url)
    with responses.RequestsMock() as script:
        reason = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
        script.get(f"{url}/", body=requests.exceptions.SSLError(reason))
        level, text = examine(code=1)["service"]
    assert level == "problem"
    assert "certificate" in text


def test_nothing_is_submitted_to_the_service(
    local_service: LocalService, provider_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QORO_API_KEY", TOKEN)
    monkeypatch.setenv("QORO_API_URL", local_service.url)

    with responses.RequestsMock(assert_all_requests_are_fired=False) as script:
        for path in ("", "qpusystem/", "simulatorcluster/", "credits/"):
            script.get(f"{local_service.url}/{path}", status=200, json=[] if "s" in path[:4] else {})
        run_command(["doctor"], provider_class=provider_with(local_service))
        requested = [(call.request.method, call.request.url) for call in script.calls]
    assert requested
    assert {method for method, _ in requested} == {"GET"}


@pytest.mark.parametrize(
    ("encoding", "columns", "expected"),
    [
        ("utf-8", "80", {"encoding": "ok", "output": "ok"}),
        ("latin-1", "80", {"encoding": "note", "output": "ok"}),
        ("utf-8", "40", {"encoding": "ok", "output": "note"}),
    ],
)
def test_the_terminal_is_examined(
    monkeypatch: pytest.MonkeyPatch, encoding: str, columns: str, expected: dict[str, str]
) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO(), encoding=encoding))
    found = {finding.name: finding for finding in terminal()}
    assert {name: finding.level.value for name, finding in found.items()} == expected
    assert f"{columns} columns" in found["output"].text
    assert encoding in found["encoding"].text


def test_what_the_token_may_not_read_is_a_note(
    provider_with: Any,
    account: LocalService,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = account.url
    with responses.RequestsMock(assert_all_requests_are_fired=False) as script:
        script.get(f"{url}/", json={})
        for path in ("qpusystem/", "simulatorcluster/", "credits/"):
            script.get(f"{url}/{path}", status=403, json={"detail": "no"})

        run_command(["doctor", "--json"], provider_class=provider_with(account))
    found = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["findings"]}
    assert (found["credits"]["level"], found["credits"]["text"]) == (
        "note",
        "the token may not read them (403)",
    )


@pytest.mark.parametrize("variable", ["QORO_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_file_of_certificates_that_does_not_exist_is_a_problem(
    examine: Any, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "/nowhere/ca.pem")
    assert f"{variable} names /nowhere/ca.pem" in examine(code=1)["certificates"][1]


# --- secrets ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    "place", ["environment", ".env", "account", "address", "proxy", "address of an account", "name"]
)
def test_no_secret_is_printed_wherever_it_is(
    place: str,
    as_json: bool,
    file: AccountFile,
    closed_port: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    local_service: LocalService,
    provider_with: Any,
) -> None:
    url = f"http://127.0.0.1:{closed_port}/api"
    arguments: list[str] = []
    if place == "environment":
        monkeypatch.setenv("QORO_API_KEY", TOKEN)
        monkeypatch.setenv("QORO_API_URL", url)
    elif place == ".env":
        (tmp_path / ".env").write_text(f"QORO_API_KEY={TOKEN}\nQORO_API_URL={url}\n")
    elif place == "account":
        file.save("lab", Secret(TOKEN), url)
    elif place == "address":
        monkeypatch.setenv("QORO_API_KEY", "other")
        monkeypatch.setenv("QORO_API_URL", f"http://me:{TOKEN}@127.0.0.1:{closed_port}/api")
    elif place == "proxy":
        monkeypatch.setenv("QORO_API_KEY", "other")
        monkeypatch.setenv("QORO_API_URL", "http://qoro.invalid/api")
        monkeypatch.setenv("http_proxy", f"http://me:{TOKEN}@127.0.0.1:{closed_port}")
        monkeypatch.setenv("https_proxy", f"me:{TOKEN}@127.0.0.1:{closed_port}")
    elif place == "address of an account":
        file.save("lab", Secret("other"), url)
        file.path.write_text(file.path.read_text().replace("http://", f"http://me:{TOKEN}@"))
    else:
        arguments = ["--url", f"http://me:{TOKEN}@127.0.0.1/api"]
        monkeypatch.setenv("QORO_API_KEY", "other")

    command = ["doctor", *arguments, *(["--json"] if as_json else [])]
    assert run_command(command, provider_class=provider_with(local_service)) == 1
    out, err = capsys.readouterr()
    assert "problem" in out + err
    assert TOKEN not in out + err


def test_hostile_texts_have_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    show([("topic", [Finding("a\x1b[31m", Level.OK, "[bold]b\x1b]0;x\x07")])], as_json=False)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "[bold]b" in out


# --- screens ------------------------------------------------------------------------------------------


def test_the_screens_of_doctor(screen: Any) -> None:
    topics = {
        "installation": [
            Finding("Python", Level.OK, "3.13.1 on Linux x86_64"),
            Finding(
                "pictures",
                Level.NOTE,
                "pylatexenc, seaborn not installed",
                "Install with: pip install pylatexenc seaborn",
            ),
        ],
        "service": [
            Finding("token", Level.OK, "from the saved account 'work', for https://app.qoroquantum.net/api"),
            Finding(
                "service",
                Level.PROBLEM,
                "the name app.qoroquantum.net is unknown",
                "Check the address and the network (DNS)",
            ),
        ],
    }

    def execute() -> int:
        with pytest.raises(QoroError, match="1 problem: service"):
            show(topics.items(), as_json=False)
        return 1

    screen.show("with a problem", "doctor", code=1, execute=execute)
