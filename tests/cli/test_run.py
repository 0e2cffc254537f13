"""The command ``run``."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.cli.program import run_command
from qiskit_qoro.local import LocalService


@pytest.fixture(scope="module")
def started_local_service() -> Iterator[QoroProvider]:
    """Keep the service of ``--local`` running. All local providers of a process share it."""
    with QoroProvider.local() as provider:
        assert provider.service.base_url
        yield provider


# --- where a program runs -----------------------------------------------------------------------------


@pytest.mark.usefixtures("started_local_service")
def test_run_uses_the_local_service_without_an_account(bell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", bell, "--shots", "500"]) == 0
    out, err = capsys.readouterr()
    rows = {line.split()[0]: int(line.split()[1]) for line in out.splitlines()[1:]}
    assert set(rows) == {"00", "11"}
    assert sum(rows.values()) == 500
    assert max(line.count("█") for line in out.splitlines()) == 40  # of the most frequent outcome
    # The identifier would be of no use: the job ends with the command.
    assert err == "qoro_maestro on the local service; the job is not kept without --database\n"


def test_run_uses_the_cloud_if_a_token_is_set(
    bell: str, account: LocalService, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer("run", bell)
    assert found["base_url"] == account.url
    assert set(found["counts"]) == {"00", "11"}
    assert sum(found["counts"].values()) == found["shots"] == 1024

    assert main(["run", bell]) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(rf"qoro_maestro on {re.escape(account.url)}, job \S+\n", err)
    assert account.token not in out + err


def test_run_with_local_ignores_the_account(
    bell: str, account: LocalService, started_local_service: QoroProvider, answer: Callable[..., Any]
) -> None:
    base_url = answer("run", bell, "--local")["base_url"]
    assert base_url == started_local_service.service.base_url != account.url


def test_run_with_cloud_and_no_token_says_how_to_set_one(
    bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, "--cloud"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "QORO_API_KEY" in err
    assert "Traceback" not in err


def test_a_service_that_does_not_answer_is_a_failure(
    bell: str,
    no_wait_provider: type[QoroProvider],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QORO_API_KEY", "secret-token")
    monkeypatch.setenv("QORO_API_URL", "https://127.0.0.1:1/api")
    assert run_command(["run", bell], provider_class=no_wait_provider) == 1
    err = capsys.readouterr().err
    assert "https://127.0.0.1:1/api" in err
    assert "secret-token" not in err


# --- options of the engine ----------------------------------------------------------------------------

WIDE = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[8]; creg c[8]; h q; measure q -> c;'


@pytest.mark.usefixtures("started_local_service")
def test_options_of_the_engine_are_sent_and_take_effect(tmp_path: Path, answer: Callable[..., Any]) -> None:
    path = tmp_path / "wide.qasm"
    path.write_text(WIDE)

    def counts(*options: str) -> Any:
        arguments = [argument for option in options for argument in ("--option", option)]
        return answer("run", str(path), "--local", *arguments)["counts"]

    assert counts("seed=7") == counts("seed=8", "seed = 7") == counts("seed=7", "simulator_type=qcsim")
    assert counts("seed=7") != counts("seed=8")
    sampled = counts("seed=7", "enable_sampling_reduction=TRUE")
    assert sampled == counts("enable_sampling_reduction=yes", "seed=7") != counts("seed=7")


@pytest.mark.usefixtures("started_local_service")
def test_an_option_that_the_service_does_not_support_is_reported(
    bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, "--local", "--option", "gpu_device=0"]) == 1
    assert "gpu_device needs a GPU" in capsys.readouterr().err
    assert main(["run", bell, "--local", "--backend", "local_qpu", "--option", "seed=0"]) == 2
    assert "a MaestroConfig is for simulators" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("seed", "expected NAME=VALUE, got 'seed'"),
        ("sed=1", "'sed' is not an option of the engine, did you mean 'seed'?"),
        ("seed=-1", "seed is -1, expected an integer from 0 to 2^64 - 1"),
        ("seed=x", "seed is 'x'"),
        ("seed=", "seed is ''"),
        (
            "simulation_type=mps",
            "simulation_type is 'mps', expected one of SimulationMethod: Statevector (0)",
        ),
        ("gate_fusion=maybe", "gate_fusion is 'maybe', expected True or False"),
        ("precision=half", "precision is 'half', expected one of single, double"),
        ('distributed_options={"x": "y"}', "distributed_options is"),
        ("distributed_options=x", "distributed_options is 'x'"),
        ("noise_model=[]", "noise_model cannot be set on the command line"),
        ("noise_seed=x", "noise_seed is 'x', expected an integer"),
    ],
)
def test_an_option_that_cannot_be_read_is_a_usage_error(
    option: str, message: str, bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", bell, "--option", option])
    assert message in capsys.readouterr().err


# --- which programs run -------------------------------------------------------------------------------


PROGRAMS = {
    "with a wide register": 'include "qelib1.inc"; qreg q[2]; creg c[64]; creg d[1]; x q[0]; '
    f"measure q[0] -> c[63]; if (c == {2**63}) x q[1]; measure q[1] -> d[0];",
    "in OpenQASM 3": 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[1] c; bit[1] d; x q[0]; '
    "c[0] = measure q[0]; if (c[0]) { reset q[0]; x q[1]; } d[0] = measure q[1];",
}


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("with a wide register", {"1 1" + "0" * 63: 5}),
        ("in OpenQASM 3", {"1 1": 5}),
    ],
)
def test_run_shows_the_registers_of_programs_that_are_written_again(
    name: str, counts: dict[str, int], tmp_path: Path, answer: Callable[..., Any]
) -> None:
    path = tmp_path / "program.qasm"
    path.write_text(PROGRAMS[name], "utf-8")
    assert answer("run", str(path), "--local", "--shots", "5")["counts"] == counts


def test_run_accepts_files_from_windows_editors(tmp_path: Path, answer: Callable[..., Any]) -> None:
    path = tmp_path / "program.qasm"
    lines = ("\ufeffOPENQASM 2;", "include 'qelib1.inc';", "qreg q[2];", "creg c[2];", "/* größer */ x q[0];")
    path.write_bytes("\r\n".join([*lines, "measure q -> c;"]).encode())
    assert answer("run", str(path), "--local", "--shots", "5")["counts"] == {"01": 5}


@pytest.mark.usefixtures("account")
def test_run_separates_registers_and_supports_conditions(tmp_path: Path, answer: Callable[..., Any]) -> None:
    path = tmp_path / "teleport.qasm"
    path.write_text(
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg a[1]; creg b[2];'
        "x q[0]; measure q[0] -> a[0]; if (a == 1) x q[1]; measure q[1] -> b[1];"
    )
    assert answer("run", str(path))["counts"] == {"10 1": 1024}


@pytest.mark.usefixtures("account")
def test_run_on_the_qpu_system_is_noisy(bell: str, answer: Callable[..., Any]) -> None:
    counts = answer("run", bell, "--backend", "local_qpu", "--shots", "4000")["counts"]
    assert sum(counts.values()) == 4000
    assert 0 < counts["01"] + counts["10"] < 800


@pytest.mark.usefixtures("account")
def test_run_prints_only_the_most_frequent_of_many_outcomes(
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


@pytest.mark.usefixtures("account")
def test_run_reads_standard_input(
    bell: str, answer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(Path(bell).read_bytes())))
    assert set(answer("run", "-")["counts"]) == {"00", "11"}


@pytest.mark.usefixtures("account")
def test_run_accepts_a_file_whose_name_is_not_text(bell: str, answer: Callable[..., Any]) -> None:
    path = Path(bell).rename(f"{bell}\udcff")
    assert sum(answer("run", str(path))["counts"].values()) == 1024


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nhh q[0];\n', "line 4, column 1"),
        (b'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nh q[0];\n', "has no classical register"),
        (
            b'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\n// measure q -> c;\n',
            "the program contains no measurement, so all bits of the result are 0; measure it with",
        ),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_an_error_in_a_program_names_the_file_and_the_place(
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


def test_an_error_names_a_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "nowhere.qasm"]) == 2
    assert capsys.readouterr().err == "qiskit-qoro: error: nowhere.qasm: No such file or directory\n"


@pytest.mark.usefixtures("account")
def test_an_unknown_backend_is_an_error_that_suggests_the_closest(
    bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, "--backend", "qoro_maistro"]) == 2
    assert "qoro_maestro" in capsys.readouterr().err


@pytest.mark.usefixtures("account")
def test_a_program_wider_than_the_backend_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wide.qasm"
    path.write_text('OPENQASM 2.0; include "qelib1.inc"; qreg q[8]; creg c[8]; h q; measure q -> c;')
    assert main(["run", str(path), "--backend", "local_qpu"]) == 2
    assert "8 qubits" in capsys.readouterr().err


@pytest.mark.parametrize("shots", ["0", "-5", "many", "1.5"])
def test_invalid_shots_are_a_usage_error(bell: str, shots: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", bell, "--shots", shots])
    assert f"argument --shots: expected a whole number of 1 or more, got '{shots}'" in capsys.readouterr().err
