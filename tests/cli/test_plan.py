"""Plans: the command ``plan``, and ``--plan``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.local import LocalService

HEADER = 'OPENQASM 2.0; include "qelib1.inc"; '


@pytest.mark.usefixtures("account")
def test_a_plan_describes_the_job_and_sends_nothing(
    bell: str, account: LocalService, provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    found = answer("plan", bell, bell, "--shots", "500", "--seed", "7", "--tag", "mine")
    job = found["jobs"][0]
    assert job.pop("bytes") > 200
    assert found == {
        "backend": "qoro_maestro",
        "service": account.url,
        "tag": "mine",
        "options": {"seed": 7},
        "cost": {"credits": "0.02"},
        "jobs": [{"circuits": 2, "shots": 1000, "values": 0, "requests": 2}],
        "circuits": [
            {
                "name": f"{bell} ({number})",
                "qubits": 2,
                "depth": 3,
                "gates": 2,
                "nonlocal_gates": 1,
                "shots": 500,
                # Another service may choose in another way.
                "method": None,
                "method_reason": None,
            }
            for number in (1, 2)
        ],
    }
    assert not provider.jobs()


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(("command", "option"), [("run", ()), ("estimate", ("--observable", "ZZ,XX"))])
def test_the_option_shows_the_same_plan(
    command: str, option: tuple[str, ...], bell: str, provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    plan = answer("plan", bell, *option)
    assert answer(command, bell, *option, "--plan") == plan
    assert not provider.jobs()
    # The plan is what is sent.
    answer(command, bell, *option)
    (entry,) = provider.jobs()
    assert entry.num_circuits == plan["jobs"][0]["circuits"]


@pytest.mark.usefixtures("account")
def test_the_plan_of_an_estimate_has_values_instead_of_shots(bell: str, answer: Callable[..., Any]) -> None:
    (job,) = answer("plan", bell, "--observable", "ZZ,XX")["jobs"]
    assert (job["shots"], job["values"]) == (0, 2)
    (job,) = answer("plan", bell, "--observable", "ZZ,XX", "--shots", "100")["jobs"]
    assert (job["circuits"], job["shots"], job["values"]) == (2, 200, 0)
    assert answer("plan", bell, "--observable", "II")["jobs"] == []


def methods(answer: Callable[..., Any], *arguments: str) -> list[str | None]:
    return [circuit["method"] for circuit in answer("plan", "--local", *arguments)["circuits"]]


def test_the_method_of_the_local_service_is_known(
    bell: str, tmp_path: Path, answer: Callable[..., Any]
) -> None:
    wide = "".join(f"cx q[{i}], q[{i + 1}]; " for i in range(49))
    register = "qreg q[50]; creg c[50]; "
    (tmp_path / "clifford.qasm").write_text(f"{HEADER}{register}h q[0]; {wide} measure q -> c;")
    (tmp_path / "weak.qasm").write_text(f"{HEADER}{register}rx(0.1) q; {wide} measure q -> c;")
    (tmp_path / "few.qasm").write_text(f"{HEADER}{register}rx(0.1) q; {wide} measure q[0] -> c[0];")
    files = ("clifford.qasm", "weak.qasm", "few.qasm")
    assert methods(answer, bell, *files) == ["Statevector", "Stabilizer", "MatrixProductState", "Statevector"]
    assert methods(answer, "few.qasm", "--observable", "I" * 49 + "Z") == ["Statevector"]
    assert methods(answer, bell, "--method", "mps") == ["MatrixProductState"]
    assert methods(answer, bell, "--observable", "ZZ", "--shots", "5") == ["Statevector"]
    # The result says the same.
    assert main(["run", "clifford.qasm", "--local", "--method", "stabilizer"]) == 0


def test_the_method_is_unknown_with_noise(bell: str, answer: Callable[..., Any]) -> None:
    (circuit,) = answer("plan", bell, "--local", "--noise", "readout=0.1")["circuits"]
    assert (circuit["method"], circuit["method_reason"]) == (None, None)
    assert methods(answer, bell, "--noise", "readout=0.1", "--method", "density_matrix") == ["DensityMatrix"]
    (circuit,) = answer("plan", bell, "--local", "--backend", "local_qpu")["circuits"]
    assert circuit["method"] is None


def test_a_circuit_that_no_method_can_run_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: Callable[..., Any]
) -> None:
    layers = "".join(
        f"rx(0.{layer + 3}) q; " + "".join(f"rzz(0.7) q[{i}], q[{(i + layer + 1) % 45}]; " for i in range(45))
        for layer in range(12)
    )
    (tmp_path / "dense.qasm").write_text(f"{HEADER}qreg q[45]; creg c[45]; {layers} measure q -> c;")
    assert main(["plan", "dense.qasm", "--local"]) == 0
    err = capsys.readouterr().err
    assert "dense.qasm would fail: a state vector of 45 qubits is too large" in err
    (circuit,) = answer("plan", "dense.qasm", "--local")["circuits"]
    assert circuit["method"] is None


def test_options_that_the_local_service_refuses_are_refused(
    bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--method", "stabilizer", "--option", "max_bond_dimension=4"]
    assert main(["plan", bell, "--local", *arguments]) == 2
    assert "max_bond_dimension" in capsys.readouterr().err
    assert main(["plan", bell, "--local", "--noise", "nowhere"]) == 2
    assert "noisy_device" in capsys.readouterr().err


def test_the_screen_ends_with_what_happened(bell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", bell, "--local", "--seed", "7", "--method", "mps"]) == 0
    out, err = capsys.readouterr()
    assert err == "nothing was sent\n"
    words = [line.split() for line in out.splitlines()]
    assert words[0] == ["backend", "qoro_maestro", "on", "the", "local", "service"]
    assert words[2] == ["options", "simulation_type=MatrixProductState,", "seed=7"]
    assert words[-1][:7] == ["bell.qasm", "2", "3", "2", "1", "1024", "MatrixProductState"]


def test_plan_and_detach_exclude_each_other(bell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", bell, "--plan", "--detach"])
    assert "not allowed with" in capsys.readouterr().err
