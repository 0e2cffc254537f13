"""The command ``serve``."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from qiskit_qoro.cli import main
from qiskit_qoro.local import LocalService

_LIMIT_S = 120.0
COMMAND = [sys.executable, "-c", "import sys; from qiskit_qoro.cli import main; sys.exit(main())"]


@contextmanager
def serving(
    *options: str, browser: str = "w3m", lines: int = 2
) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run ``qiskit-qoro serve`` in its own process. Yield the process and the settings that it prints.

    Args:
        options: The options.
        browser: The command of the browser. By default none is started.
        lines: The number of settings.
    """
    with subprocess.Popen(
        [*COMMAND, "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "BROWSER": browser},
    ) as process:
        # A test that waits for a line that never comes is to fail, not to wait forever.
        deadline = threading.Timer(_LIMIT_S, process.kill)
        deadline.start()
        assert process.stdout is not None
        settings = dict(process.stdout.readline().strip().split("=", 1) for _ in range(lines))
        try:
            yield process, settings
        finally:
            deadline.cancel()
            process.kill()


def end_quietly(process: subprocess.Popen[str], number: signal.Signals, url: str) -> str:
    """End a service with a signal and check how it ends. Return what it has written to standard error."""
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in err
    with pytest.raises(requests.exceptions.ConnectionError, match=r"refused"):
        requests.get(url, timeout=10)
    return err


def get(url: str, token: str) -> requests.Response:
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)


def open_job(url: str, token: str) -> requests.Response:
    body = {"tag": "t", "job_type": "EXECUTE", "simulator_cluster": "qoro_maestro"}
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(f"{url}/job/init/", json=body, headers=headers, timeout=10)


def test_serve_accepts_the_tokens_of_its_accounts_and_ends_quietly_on_sigterm(tmp_path: Path) -> None:
    accounts = ["--account", "ann:ann-token", "--account", "bo:bo-token:paid:2.50"]
    database = tmp_path / "jobs.db"
    with serving("--token", "our-token", "--database", str(database), *accounts) as (process, settings):
        assert settings["QORO_API_KEY"] == "our-token"
        url = settings["QORO_API_URL"]
        assert get(f"{url}/", "our-token").status_code == 200
        balances = [get(f"{url}/credits/", token).json()["balance"] for token in ("ann-token", "bo-token")]
        assert balances == ["500.00", "2.50"]
        end_quietly(process, signal.SIGTERM, url)
    assert database.exists()


def test_serve_reads_tokens_from_files_and_does_not_print_them(tmp_path: Path) -> None:
    token, accounts = tmp_path / "token", tmp_path / "accounts.toml"
    token.write_text("our-token\n")
    accounts.write_text('[accounts.ann]\ntokens = ["ann-token"]\ncredits = "2.50"\n')
    for file in (token, accounts):
        file.chmod(0o600)
    options = ["--token-file", str(token), "--accounts", str(accounts), "--account", "bo:bo-token"]
    with serving(*options, "--quota", "bo:jobs=1", "--workers", "1", lines=1) as (process, settings):
        assert list(settings) == ["QORO_API_URL"]
        url = settings["QORO_API_URL"]
        statuses = [open_job(url, "bo-token").status_code for _ in range(2)]
        assert statuses == [201, 429]
        assert get(f"{url}/", "our-token").status_code == 200
        balances = [get(f"{url}/credits/", name).json()["balance"] for name in ("ann-token", "bo-token")]
        assert balances == ["2.50", "500.00"]
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert "-token" not in err


def test_serve_announces_faults_and_unencrypted_access_and_ends_quietly_on_ctrl_c() -> None:
    faults = ["--pending-time", "2", "--fault", "reset:0.25:get_status", "--fault", "slow:0.5"]
    options = ["--host", "0.0.0.0", "--allowed-host", "qoro.example", "--workers", "1", *faults]
    with serving(*options) as (process, settings):
        # Clients cannot connect to 0.0.0.0.
        assert settings["QORO_API_URL"].startswith("http://127.0.0.1:")
        answers = [
            requests.get(settings["QORO_API_URL"] + "/openapi.json", headers={"Host": host}, timeout=10)
            for host in ("qoro.example:8000", "evil.example")
        ]
        assert [answer.status_code for answer in answers] == [200, 421]
        err = end_quietly(process, signal.SIGINT, settings["QORO_API_URL"])
    assert [line for line in err.splitlines() if line.startswith("fault injection: ")] == [
        "fault injection: every job stays PENDING for 2 s",
        "fault injection: fault reset in 0.25 of get_status",
        "fault injection: fault slow in 0.5 of all calls (2 s late)",
    ]
    assert "not encrypted" in err


def test_serve_with_a_certificate_announces_https(https_files: Any) -> None:
    options = [
        "--host",
        "0.0.0.0",
        "--certificate",
        str(https_files.certificate),
        "--key",
        str(https_files.key),
    ]
    with serving(*options, "--open", "--workers", "1") as (process, settings):
        base = settings["QORO_API_URL"].removesuffix("/api")
        assert base.startswith("https://127.0.0.1:")
        lines = lines_until(process, "No browser")
        port = base.rpartition(":")[2]
        assert lines[-2] == (
            f"On other machines, sign in with a token at https://qoro.lab.example:{port}/pages/"
        )
        with requests.Session() as browser:
            browser.trust_env, browser.verify = False, str(https_files.authority)
            assert browser.get(lines[-3].removeprefix("Open the pages: "), timeout=10).status_code == 200
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0
    assert "not encrypted" not in "\n".join((*lines, err))


def test_serve_says_that_a_certificate_has_expired(https_files: Any) -> None:
    https_files.issue(days=-1)
    with serving(
        "--certificate", str(https_files.certificate), "--key", str(https_files.key), "--workers", "1"
    ) as (process, _settings):
        *_, line = lines_until(process, "qiskit-qoro: warning: ")
        assert "https.pem expired on" in line
        process.kill()


def lines_until(process: subprocess.Popen[str], start: str) -> list[str]:
    """Read standard error until a line begins with a text. Return all lines, that one last."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line.rstrip("\n"))
        if line.startswith(start):
            return lines
    raise AssertionError(lines)


def test_serve_has_no_pages_unless_they_are_requested() -> None:
    with serving("--workers", "1") as (process, settings):
        base = settings["QORO_API_URL"].removesuffix("/api")
        assert requests.get(f"{base}/pages/", timeout=10).status_code == 404
        page = requests.get(f"{base}/", headers={"Accept": "text/html"}, timeout=10)
        assert (page.url, page.status_code) == (f"{base}/", 200)
        err = end_quietly(process, signal.SIGTERM, base)
    assert "/pages" not in err


def test_serve_prints_an_address_that_signs_in_once() -> None:
    with serving("--open", "--workers", "1") as (process, settings):
        assert list(settings) == ["QORO_API_URL", "QORO_API_KEY"]
        base = settings["QORO_API_URL"].removesuffix("/api")
        *_, line = lines_until(process, "Open the pages: ")
        address = line.removeprefix("Open the pages: ")
        assert address.startswith(f"{base}/pages/sign-in?code=")
        assert settings["QORO_API_KEY"] not in address
        with requests.Session() as browser:
            assert browser.get(address, timeout=10).status_code == 200
            assert browser.get(f"{base}/pages/jobs", timeout=10).status_code == 200
        assert requests.get(address, timeout=10).status_code == 401
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        assert (process.returncode, out) == (0, "")


def test_serve_shows_pages_without_a_code_for_signing_in() -> None:
    with serving("--pages", "--workers", "1") as (process, settings):
        base = settings["QORO_API_URL"].removesuffix("/api")
        *before, line = lines_until(process, "Sign in on the pages")
        assert line == f"Sign in on the pages with a token at {base}/pages/"
        assert requests.get(f"{base}/pages/", timeout=10).status_code in {200, 401}
        err = end_quietly(process, signal.SIGTERM, base)
    assert "code=" not in "\n".join((*before, err))
    assert "browser" not in err


def test_with_pages_the_root_leads_browsers_to_them() -> None:
    with serving("--open", "--workers", "1") as (process, settings):
        base = settings["QORO_API_URL"].removesuffix("/api")
        lines_until(process, "Open the pages: ")
        page = requests.get(f"{base}/", headers={"Accept": "text/html,*/*"}, timeout=10)
        assert page.url == f"{base}/pages/"
        assert "<form" in page.text
        description = requests.get(f"{base}/docs", timeout=10)
        assert requests.get(f"{base}/", timeout=10).text == description.text


def test_serve_says_how_account_holders_and_other_machines_sign_in() -> None:
    options = ["--open", "--host", "0.0.0.0", "--account", "ann:ann-token", "--workers", "1"]
    with serving(*options) as (process, settings):
        base = settings["QORO_API_URL"].removesuffix("/api")
        lines = lines_until(process, "No browser")
        port = base.rpartition(":")[2]
        assert [line.partition(base + "/pages/sign-in?code=")[0] for line in lines[-4:]] == [
            "Open the pages: ",
            f"The holders of accounts sign in with their tokens at {base}/pages/",
            f"On other machines, sign in with a token at http://{socket.gethostname()}:{port}/pages/",
            "No browser was opened, because w3m would need this terminal.",
        ]
        with requests.Session() as browser:
            form = browser.get(f"{base}/pages/sign-in", timeout=10).text
            found = re.search(r'name="csrf" value="([^"]+)"', form)
            assert found is not None
            answer = browser.post(
                f"{base}/pages/sign-in",
                data={"csrf": found[1], "code": "ann-token"},
                headers={"Origin": base},
                timeout=10,
            )
            assert answer.status_code == 200
            assert "ann" in browser.get(f"{base}/pages/jobs", timeout=10).text


def test_serve_opens_the_browser_of_the_user(tmp_path: Path) -> None:
    browser = tmp_path / "browser.py"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        browser.write_text(
            "import socket, sys\n"
            "print('noise')\n"
            "print('noise', file=sys.stderr)\n"
            f"with socket.create_connection({listening.getsockname()!r}) as connection:\n"
            "    connection.sendall(sys.argv[1].encode())\n",
            encoding="utf-8",
        )
        command = f"{sys.executable} {browser} %s"
        with serving("--open", "--workers", "1", browser=command) as (process, settings):
            connection, _ = listening.accept()  # waits for the browser
            with connection, connection.makefile() as stream:
                address = stream.read()
            assert requests.get(address, timeout=10).status_code == 200
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert address.startswith(settings["QORO_API_URL"].removesuffix("/api"))
    assert "noise" not in out + err


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        (["ann"], "NAME:TOKEN"),
        (["ann:"], "NAME:TOKEN"),
        ([":token"], "name is ''"),
        (["ann:token:GOLD"], "FREE or PAID"),
        (["ann:token:FREE:-1"], "credits is"),
        (["ann:token:FREE:1:1"], "NAME:TOKEN"),
        (["ann:token", "bo:token"], "same token"),
    ],
)
def test_serve_refuses_invalid_accounts(
    accounts: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [part for account in accounts for part in ("--account", account)]
    with suppress(SystemExit):
        assert main(["serve", *arguments]) != 0
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--quota", "ann:jobs=3"], "there is a quota for account 'ann', expected one of none"),
        (["--fault", "flood:0.5"], "flood"),
        (["--fault", "reset:0.5:fly"], "fly"),
        (["--fault", "reset:0.7", "--fault", "502:0.7"], "at most 1"),
        (["--pending-time", "-1"], "pending_time_s"),
        (["--memory-limit", "0"], "memory_limit_bytes"),
        (["--memory-limit", "-1"], "memory_limit_bytes"),
        (["--certificate", "absent.pem"], "got the certificate, pass the key"),
        (["--certificate", "absent.pem", "--key", "absent.key"], "absent.pem does not exist"),
        (["--allowed-host", "http://lab1"], "allowed host 'http://lab1': expected a host name"),
    ],
)
def test_serve_refuses_invalid_options(
    options: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *options]) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize("text", ["nan", "inf", "x"])
def test_serve_refuses_a_memory_limit_that_is_no_number(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--memory-limit", text])
    assert f"expected a number of GiB above 0, got '{text}'" in capsys.readouterr().err


def test_serve_fails_on_a_port_that_is_in_use(
    local_service: LocalService, capsys: pytest.CaptureFixture[str]
) -> None:
    port = local_service.url.split(":")[2].split("/")[0]
    assert main(["serve", "--port", port]) == 1
    assert port in capsys.readouterr().err
