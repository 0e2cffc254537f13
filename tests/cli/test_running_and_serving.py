"""The command line: what it prints where, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from qiskit_qoro.cli import main
from qiskit_qoro.local import LocalService

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""

COMMAND = [sys.executable, "-c", "import sys; from qiskit_qoro.cli import main; sys.exit(main())"]


@pytest.fixture(autouse=True)
def _without_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QORO_API_KEY", raising=False)
    monkeypatch.delenv("QORO_API_URL", raising=False)


@pytest.fixture
def bell(tmp_path: Path) -> str:
    path = tmp_path / "bell.qasm"
    path.write_text(BELL)
    return str(path)


@pytest.fixture
def _account(monkeypatch: pytest.MonkeyPatch, local_service: LocalService) -> None:
    """An account in the cloud, which here is a local service that runs elsewhere."""
    monkeypatch.setenv("QORO_API_KEY", local_service.token)
    monkeypatch.setenv("QORO_API_URL", local_service.url)


def test_run_shows_the_counts_and_says_where_they_come_from(
    bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, "--shots", "500"]) == 0
    out, err = capsys.readouterr()
    rows = {line.split()[0]: int(line.split()[1]) for line in out.splitlines()[1:]}
    assert set(rows) == {"00", "11"}
    assert sum(rows.values()) == 500
    assert "█" in out
    assert re.fullmatch(r"qoro_maestro on the local service, job \S+\n", err)


@pytest.mark.usefixtures("_account")
def test_run_uses_the_cloud_where_a_token_is_set(
    bell: str, local_service: LocalService, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, "--json"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert answer["base_url"] == local_service.url
    assert f"qoro_maestro on {local_service.url}, job {answer['job_id']}" in err
    assert set(answer["counts"]) == {"00", "11"}
    assert sum(answer["counts"].values()) == answer["shots"] == 1024
    assert local_service.token not in out + err


@pytest.mark.usefixtures("_account")
def test_run_with_local_ignores_the_account(
    bell: str, local_service: LocalService, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, "--local", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["base_url"] != local_service.url


def test_run_with_cloud_and_no_token_says_how_to_give_one(
    bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, "--cloud"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "QORO_API_KEY" in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("_account")
def test_run_keeps_registers_apart_and_takes_conditions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "teleport.qasm"
    path.write_text(
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg a[1]; creg b[2];'
        "x q[0]; measure q[0] -> a[0]; if (a == 1) x q[1]; measure q[1] -> b[1];"
    )
    assert main(["run", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"10 1": 1024}


@pytest.mark.usefixtures("_account")
def test_run_on_the_qpu_system_is_noisy(bell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", bell, "--backend", "local_qpu", "--shots", "4000", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert sum(counts.values()) == 4000
    assert 0 < counts["01"] + counts["10"] < 800


@pytest.mark.usefixtures("_account")
def test_many_outcomes_are_cut_to_the_most_frequent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "uniform.qasm"
    path.write_text('OPENQASM 2.0; include "qelib1.inc"; qreg q[6]; creg c[6]; h q; measure q -> c;')
    assert main(["run", str(path), "--shots", "20000"]) == 0
    out, err = capsys.readouterr()
    counts = [int(line.split()[1]) for line in out.splitlines()[1:]]
    assert len(counts) == 32
    assert counts == sorted(counts, reverse=True)
    assert "and 32 more outcomes" in err


def test_run_reads_standard_input(local_service: LocalService) -> None:
    done = subprocess.run(
        [*COMMAND, "run", "-", "--json"],
        input=BELL,
        capture_output=True,
        text=True,
        env=os.environ | {"QORO_API_KEY": local_service.token, "QORO_API_URL": local_service.url},
        timeout=60,
        check=True,
    )
    assert set(json.loads(done.stdout)["counts"]) == {"00", "11"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nhh q[0];\n', "line 4, column 1"),
        (b'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nh q[0];\n', "measures nothing"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_program_that_cannot_run_is_named_with_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes, expected: str
) -> None:
    path = tmp_path / "wrong.qasm"
    path.write_bytes(text)
    assert main(["run", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("qiskit-qoro: error: ")
    assert "wrong.qasm" in err
    assert expected in err


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "nowhere.qasm"]) == 2
    assert capsys.readouterr().err == "qiskit-qoro: error: nowhere.qasm: No such file or directory\n"


@pytest.mark.usefixtures("_account")
def test_an_unknown_backend_is_answered_with_the_closest(
    bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, "--backend", "qoro_maistro"]) == 2
    assert "qoro_maestro" in capsys.readouterr().err


@pytest.mark.usefixtures("_account")
def test_a_program_wider_than_the_backend_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wide.qasm"
    path.write_text('OPENQASM 2.0; include "qelib1.inc"; qreg q[8]; creg c[8]; h q; measure q -> c;')
    assert main(["run", str(path), "--backend", "local_qpu"]) == 2
    assert "8 qubits" in capsys.readouterr().err


def test_a_service_that_does_not_answer_is_a_failure(
    bell: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QORO_API_KEY", "secret-token")
    monkeypatch.setenv("QORO_API_URL", "https://127.0.0.1:1/api")
    assert main(["run", bell]) == 1
    err = capsys.readouterr().err
    assert "https://127.0.0.1:1/api" in err
    assert "secret-token" not in err


@pytest.mark.parametrize("shots", ["0", "-5", "many", "1.5"])
def test_shots_that_are_no_number_of_shots_are_a_usage_error(
    bell: str, shots: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", bell, "--shots", shots])
    assert f"argument --shots: expected a whole number of 1 or more, got '{shots}'" in capsys.readouterr().err


@pytest.mark.usefixtures("_account")
def test_backends_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backends"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["name", "kind", "qubits", "operational", "access"]
    assert lines[1][:2] == ["qoro_maestro", "simulator"]
    assert lines[2][:3] == ["local_qpu", "QPU", "system"]


@pytest.mark.usefixtures("_account")
def test_backends_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backends", "--json"]) == 0
    simulator, system = json.loads(capsys.readouterr().out)
    assert simulator["name"] == "qoro_maestro"
    assert simulator["supports_expval"] is True
    assert system == {
        "name": "local_qpu",
        "kind": "QPU system",
        "num_qubits": 7,
        "operational": True,
        "access_level": "PUBLIC",
        "supports_expval": False,
    }


@pytest.mark.usefixtures("_account")
def test_a_reader_that_stops_early_is_no_error(bell: str) -> None:
    process = subprocess.Popen(
        [*COMMAND, "run", bell, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    assert process.wait(timeout=60) == 0
    assert "Traceback" not in err
    assert "Exception" not in err
    process.stderr.close()


@pytest.mark.usefixtures("_account")
def test_a_terminal_that_knows_few_letters_shows_question_marks(bell: str) -> None:
    named = Path(bell).rename(Path(bell).with_name("glocke \N{BELL}.qasm"))
    done = subprocess.run(
        [*COMMAND, "run", str(named)],
        capture_output=True,
        timeout=60,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert re.search(rb"outcome +count +share *\n +\d\d +\d+ +\d", done.stdout)
    missing = subprocess.run(
        [*COMMAND, "run", "\N{BELL}.qasm"],
        capture_output=True,
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert (missing.returncode, missing.stderr) == (
        2,
        b"qiskit-qoro: error: ?.qasm: No such file or directory\n",
    )


def test_output_that_cannot_be_written_is_a_failure_in_one_line() -> None:
    with Path(os.devnull).open("rb") as only_for_reading:
        done = subprocess.run(
            [*COMMAND, "backends", "--local"],
            stdout=only_for_reading,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "qiskit-qoro: error: Bad file descriptor\n")


@pytest.mark.usefixtures("_account")
def test_a_file_name_that_is_no_text_is_no_obstacle(bell: str, capsys: pytest.CaptureFixture[str]) -> None:
    named = Path(bell).rename(os.fsdecode(os.fsencode(bell) + b"\xff"))
    assert main(["run", str(named), "--json"]) == 0
    assert sum(json.loads(capsys.readouterr().out)["counts"].values()) == 1024


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """``qiskit-qoro serve`` in a process of its own, and the settings that it prints."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--token", "our-token", "--database", str(tmp_path / "jobs.db")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    settings = dict(process.stdout.readline().strip().split("=", 1) for _ in range(2))
    yield process, settings
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_serve_answers_when_it_says_so(serving: tuple[subprocess.Popen[str], dict[str, str]]) -> None:
    _, settings = serving
    answer = requests.get(
        settings["QORO_API_URL"] + "/",
        headers={"Authorization": f"Bearer {settings['QORO_API_KEY']}"},
        timeout=10,
    )
    assert answer.status_code == 200
    assert settings["QORO_API_KEY"] == "our-token"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_quietly_when_told_to(
    serving: tuple[subprocess.Popen[str], dict[str, str]], number: signal.Signals
) -> None:
    process, settings = serving
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in err
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(settings["QORO_API_URL"], timeout=10)


def test_serve_takes_the_tokens_of_several_accounts() -> None:
    process = subprocess.Popen(
        [
            *COMMAND,
            "serve",
            "--workers",
            "1",
            "--account",
            "ann:ann-token",
            "--account",
            "bo:bo-token:paid:2.50",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip().split("=", 1)[1]
        balances = [
            requests.get(f"{url}/credits/", headers={"Authorization": f"Bearer {token}"}, timeout=10).json()
            for token in ("ann-token", "bo-token")
        ]
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert [body["balance"] for body in balances] == ["500.00", "2.50"]


@pytest.mark.parametrize(
    ("accounts", "named"),
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
def test_accounts_that_cannot_be_are_refused(
    accounts: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [part for account in accounts for part in ("--account", account)]
    with suppress(SystemExit):
        assert main(["serve", *arguments]) != 0
    assert named in capsys.readouterr().err


def test_serve_prints_the_delays_and_faults_that_are_on() -> None:
    options = ["--pending-time", "2", "--fault", "reset:0.25:get_status", "--fault", "slow:0.5"]
    process = subprocess.Popen(
        [*COMMAND, "serve", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert [line for line in err.splitlines() if line.startswith("fault injection: ")] == [
        "fault injection: every job stays PENDING for 2 s",
        "fault injection: fault reset in 0.25 of get_status",
        "fault injection: fault slow in 0.5 of all calls (2 s late)",
    ]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--fault", "flood:0.5"], "flood"),
        (["--fault", "reset:0.5:fly"], "fly"),
        (["--fault", "reset:0.7", "--fault", "502:0.7"], "at most 1"),
        (["--pending-time", "-1"], "pending_time_s"),
    ],
)
def test_serve_refuses_invalid_fault_injection(
    options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *options]) == 2
    assert named in capsys.readouterr().err


def test_serve_on_a_port_that_is_taken_says_so(
    local_service: LocalService, capsys: pytest.CaptureFixture[str]
) -> None:
    port = local_service.url.split(":")[2].split("/")[0]
    assert main(["serve", "--port", port]) == 1
    assert port in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert re.fullmatch(r"qiskit-qoro \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_serve_on_every_address_names_one_that_can_be_reached_and_warns(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--host", "0.0.0.0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert line.startswith("QORO_API_URL=http://127.0.0.1:")
    assert "not encrypted" in err
