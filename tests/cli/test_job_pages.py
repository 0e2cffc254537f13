"""``qiskit-qoro jobs --web``: the pages of the journal, served until a signal."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from qiskit import QuantumCircuit

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.history import Journal
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

COMMAND = [sys.executable, "-c", "import sys; from qiskit_qoro.cli import main; sys.exit(main())"]
OPEN = "Open the pages: "


@contextmanager
def serving(*options: str, browser: str = "w3m") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command in its own process. Yield the process and the address that it prints."""
    with subprocess.Popen(
        [*COMMAND, "jobs", "--web", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "BROWSER": browser},
    ) as process:
        try:
            assert process.stderr is not None
            line = next(line for line in process.stderr if line.startswith(OPEN))
            yield process, line.removeprefix(OPEN).strip()
        finally:
            process.kill()


@contextmanager
def visiting(address: str) -> Iterator[tuple[requests.Session, str]]:
    """Sign in with an address. Yield the browser and the address of the pages."""
    with requests.Session() as browser:
        browser.trust_env = False
        browser.get(address, timeout=10).raise_for_status()
        yield browser, address.partition("/pages/")[0] + "/pages"


def end(process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> tuple[str, str]:
    """End the command with a signal; return what it has printed since."""
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    return out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_pages_show_the_jobs_of_the_service_until_a_signal(
    provider: QoroProvider, two_registers: QuantumCircuit, number: signal.Signals
) -> None:
    job = provider.get_backend().run(two_registers, tag="nightly", shots=10)
    job.result()
    with serving("--no-browser") as (process, address):
        assert address.startswith("http://127.0.0.1:")
        assert provider.service.base_url not in address
        with visiting(address) as (browser, pages):
            assert "nightly" in browser.get(f"{pages}/jobs", timeout=10).text
            page = browser.get(f"{pages}/jobs/{job.job_id()}", timeout=10).text
            assert "COMPLETED" in page
            assert "retrieve_job" in page
        # The code is used up.
        assert requests.get(address, timeout=10).status_code == 401
        out, err = end(process, number)
    assert out == ""
    assert os.environ["QORO_API_KEY"] not in address + err
    with pytest.raises(requests.exceptions.ConnectionError, match=r"refused"):
        requests.get(address, timeout=10)


def record(journal: Path, tag: str) -> None:
    number = Journal(journal).begin(
        "https://qoro.invalid/api", SubmissionFacts(JobKind.RUN, "qoro_maestro", tag, 1)
    )
    Journal(journal).set_job_id(number, f"job-{tag}")


def test_the_conditions_are_those_of_the_first_page(journal: Path) -> None:
    record(journal, "one two&three")
    record(journal, "another")
    conditions = ["--status", "submitting", "--kind", "run", "--tag", "one two&three", "--text", "JOB"]
    with serving("--no-browser", *conditions) as (process, address), visiting(address) as (browser, pages):
        wanted = parse_qs(urlsplit(address).query)["wanted"][0]
        assert parse_qs(urlsplit(wanted).query) == {
            "status": ["SUBMITTING"],
            "kind": ["run"],
            "tag": ["one two&three"],
            "text": ["JOB"],
        }
        page = browser.get(pages.removesuffix("/pages") + wanted, timeout=10).text
        assert "job-one" in page
        assert "job-another" not in page
        end(process)


def test_a_damaged_journal_is_an_error_before_anything_is_served(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.write_bytes(b"no database" * 100)
    assert main(["jobs", "--web", "--no-browser"]) == 1
    out, err = capsys.readouterr()
    assert "cannot be used: file is not a database" in err
    assert (out, "Open the pages" in err) == ("", False)


def test_an_outage_of_the_service_is_on_the_pages_and_not_in_the_terminal(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/api"
    number = Journal(journal).begin(url, SubmissionFacts(JobKind.RUN, "qoro_maestro", "lost", 1))
    Journal(journal).set_job_id(number, "job-lost")
    monkeypatch.setenv("QORO_API_URL", url)
    monkeypatch.setenv("QORO_API_KEY", "a-token")
    with serving("--no-browser") as (process, address), visiting(address) as (browser, pages):
        deadline = time.monotonic() + 30
        while "these are the last known statuses" not in (text := browser.get(f"{pages}/jobs").text):
            assert time.monotonic() < deadline, text
        _out, err = end(process)
    assert "Attempt" not in err


def test_the_address_leads_to_the_first_page(journal: Path) -> None:
    record(journal, "nightly")
    with serving("--no-browser", "--tag", "nightly") as (process, address):
        page = requests.get(address, timeout=10).text
        assert "/pages/jobs?tag=nightly" in page
        end(process)


def test_without_a_token_the_pages_show_the_jobs_of_all_services_and_change_nothing(journal: Path) -> None:
    record(journal, "nightly")
    with serving("--no-browser") as (process, address), visiting(address) as (browser, pages):
        page = browser.get(f"{pages}/jobs", timeout=10).text
        assert "nightly" in page
        assert "All services" in page
        assert "qiskit-qoro login" in page
        assert "/cancel" not in page + browser.get(f"{pages}/jobs/job-nightly", timeout=10).text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        assert csrf is not None
        answer = browser.post(
            f"{pages}/jobs/job-nightly/cancel",
            data={"csrf": csrf[1]},
            headers={"Origin": pages.removesuffix("/pages")},
            timeout=10,
        )
        assert "No token is known" in answer.text
        end(process)


def test_the_pages_listen_on_the_port_that_is_requested() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with serving("--no-browser", "--port", str(port)) as (process, address):
        assert urlsplit(address).port == port
        end(process)


def test_a_port_that_is_in_use_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert main(["jobs", "--web", "--no-browser", "--port", str(port)]) == 1
    err = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1 port {port}" in err
    assert err.endswith("Choose another port; 0 is a free one\n")


def test_the_address_is_opened_in_the_browser_of_the_user(tmp_path: Path) -> None:
    browser = tmp_path / "browser.py"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        browser.write_text(
            "import socket, sys\n"
            f"with socket.create_connection({listening.getsockname()!r}) as connection:\n"
            "    connection.sendall(sys.argv[1].encode())\n",
            encoding="utf-8",
        )
        with serving("--text", "abc", browser=f"{sys.executable} {browser} %s") as (process, printed):
            connection, _ = listening.accept()  # waits for the browser
            with connection, connection.makefile() as stream:
                opened = stream.read()
            with visiting(opened):
                pass
            end(process)
    assert opened != printed
    assert "text%3Dabc" in opened


@pytest.mark.parametrize(
    "options",
    [
        ["--backend", "x"],
        ["--since", "2h"],
        ["--until", "2h"],
        ["--limit", "3"],
        ["--no-refresh"],
        ["--json"],
    ],
)
def test_options_without_an_effect_on_the_pages_are_refused(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["jobs", "--web", *options]) == 2
    assert f"expected no {options[0]} with --web" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--port", "8000"], ["--no-browser"]])
def test_options_of_the_pages_need_the_pages(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs", *options]) == 2
    assert "only with --web" in capsys.readouterr().err


def test_without_a_journal_there_are_no_pages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QISKIT_QORO_JOURNAL", "off")
    assert main(["jobs", "--web"]) == 2
    assert "QISKIT_QORO_JOURNAL is off" in capsys.readouterr().err
