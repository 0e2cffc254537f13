"""The options of ``run``: several files, tag, seed, method, noise, and jobs that are left running."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
import responses
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from qiskit_qoro import ExecutionResult, MaestroConfig, NoiseModel, QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.cli.programs.execution_options import METHODS
from qiskit_qoro.cli.programs.noise_option import NOISE_RATES, read_noise

BELL = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0], q[1]; measure q -> c;'
ONE = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] c; x q[0]; c[0] = measure q[0];'


@pytest.fixture
def one(tmp_path: Path) -> str:
    """The path of a program in OpenQASM 3 whose outcome is 1."""
    path = tmp_path / "one.qasm"
    path.write_text(ONE)
    return str(path)


def config_of(provider: QoroProvider, job_id: str) -> MaestroConfig:
    """The configuration that a job was submitted with."""
    return provider.service.get_maestro_config(ExecutionResult(job_id=job_id))


# --- files --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("account")
def test_several_files_are_one_job(
    bell: str, one: str, provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    found = answer("run", bell, one, "--shots", "50")
    assert [circuit["name"] for circuit in found["circuits"]] == ["bell.qasm", "one.qasm"]
    assert set(found["circuits"][0]["counts"]) <= {"00", "11"}
    assert found["circuits"][1]["counts"] == {"1": 50}
    assert "counts" not in found
    (entry,) = provider.jobs()
    assert (entry.job_id, entry.num_circuits, entry.tag) == (found["job_id"], 2, "bell.qasm, one.qasm")


@pytest.mark.usefixtures("account")
def test_the_tables_of_several_circuits_have_headings(
    bell: str, one: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", one, bell]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "qasm" in line] == ["0: one.qasm", "1: bell.qasm"]


@pytest.mark.usefixtures("account")
def test_files_with_the_same_name_are_named_by_their_paths(
    one: str, tmp_path: Path, answer: Callable[..., Any]
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.qasm").write_text(ONE)
    found = answer("run", "one.qasm", "a/one.qasm", "a/one.qasm")
    names = [circuit["name"] for circuit in found["circuits"]]
    assert names == ["one.qasm", "a/one.qasm (1)", "a/one.qasm (2)"]


@pytest.mark.usefixtures("account")
def test_a_qpy_file_may_have_several_circuits(
    tmp_path: Path, two_registers: QuantumCircuit, answer: Callable[..., Any]
) -> None:
    wide = QuantumCircuit(40, 1, name="wide")
    wide.x(30)
    wide.measure(30, 0)
    with (tmp_path / "both.qpy").open("wb") as file:
        qpy.dump([two_registers, wide], file)
    with (tmp_path / "single.qpy").open("wb") as file:
        qpy.dump(wide, file)
    found = answer("run", "both.qpy", "single.qpy", "--shots", "5")["circuits"]
    assert found == [
        {"name": "both.qpy: two registers", "counts": {"1 0": 5}},
        {"name": "both.qpy: wide", "counts": {"1": 5}},
        {"name": "single.qpy", "counts": {"1": 5}},
    ]


def test_a_damaged_qpy_file_and_free_parameters_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "damaged.qpy").write_bytes(b"QISKIT damaged")
    assert main(["run", "damaged.qpy"]) == 2
    assert "damaged.qpy: the file is not a QPY file that Qiskit can read" in capsys.readouterr().err
    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("a"), 0)
    circuit.measure(0, 0)
    with (tmp_path / "free.qpy").open("wb") as file:
        qpy.dump(circuit, file)
    assert main(["run", "free.qpy"]) == 2
    assert capsys.readouterr().err.startswith("qiskit-qoro: error: free.qpy: ")


def test_standard_input_can_be_read_once(bell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "-", bell, "-"]) == 2
    assert capsys.readouterr().err == "qiskit-qoro: error: -: standard input can be read only once\n"


@pytest.mark.usefixtures("account")
def test_standard_input_is_one_of_several_files(
    one: str, answer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(BELL.encode())))
    assert [circuit["name"] for circuit in answer("run", one, "-")["circuits"]] == ["one.qasm", "-"]


def test_one_wrong_file_refuses_all(
    bell: str, tmp_path: Path, scripted: responses.RequestsMock, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong.qasm").write_text(BELL.replace("h q[0]", "hh q[0]"))
    assert main(["run", bell, "wrong.qasm"]) == 2
    assert "wrong.qasm: line 1, column" in capsys.readouterr().err
    assert not scripted.calls


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("h q", "wrong.qasm: line 3, column 1: unexpected end of the program"),
        ("h q; $$", "wrong.qasm: line 2, column 6: token recognition error at: '$$'"),
        ("h q q;", "wrong.qasm: line 2, column 5: unexpected 'q'"),
    ],
)
def test_an_error_in_openqasm_3_is_one_line(
    body: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong.qasm").write_text(f"OPENQASM 3.0; qubit q;\n{body}\n")
    assert main(["run", "wrong.qasm"]) == 2
    assert capsys.readouterr().err == f"qiskit-qoro: error: {message}\n"


def test_the_results_of_other_circuits_are_shown_if_one_fails(
    bell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # No gate is a Clifford gate, and all qubits are entangled.
    layers = "".join(
        f"rx(0.{layer + 3}) q; " + "".join(f"rzz(0.7) q[{i}], q[{(i + layer + 1) % 45}]; " for i in range(45))
        for layer in range(12)
    )
    dense = f'OPENQASM 2.0; include "qelib1.inc"; qreg q[45]; creg c[45]; {layers} measure q -> c;'
    (tmp_path / "dense.qasm").write_text(dense)
    assert main(["run", bell, "dense.qasm", "--local"]) == 1
    out, err = capsys.readouterr()
    assert "0: bell.qasm" in out
    assert " 11" in out or "11 " in out
    assert "failed: " in out
    assert "dense.qasm" in err
    assert "the tables show the result of the circuit that completed" in err
    assert "partial=True" not in err


# --- tag, seed and method -----------------------------------------------------------------------------


@pytest.mark.usefixtures("account")
def test_a_tag_names_the_job(bell: str, provider: QoroProvider, answer: Callable[..., Any]) -> None:
    assert answer("run", bell, "--tag", "nightly")["tag"] == "nightly"
    assert answer("run", bell)["tag"] == "bell.qasm"
    assert [entry.tag for entry in provider.jobs()] == ["bell.qasm", "nightly"]


@pytest.mark.usefixtures("account")
def test_the_tag_of_many_files_is_short(bell: str, answer: Callable[..., Any]) -> None:
    assert answer("run", *[bell] * 40, "--shots", "1")["tag"] == f"{bell} (1) and 39 more"


def test_a_tag_is_text(bell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", bell, "--tag", "\udcff"])
    assert "expected text that UTF-8 can encode" in capsys.readouterr().err


@pytest.mark.usefixtures("account")
def test_a_seed_makes_counts_repeatable(bell: str, answer: Callable[..., Any]) -> None:
    counts = answer("run", bell, "--seed", "7")["counts"]
    assert counts == answer("run", bell, "--seed", "7")["counts"]
    assert counts == answer("run", bell, "--option", "seed=7", "--seed", "7")["counts"]
    assert counts != answer("run", bell, "--seed", "8")["counts"]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("stabilizer", "Stabilizer"),
        ("MatrixProductState", "MatrixProductState"),
        ("mps", "MatrixProductState"),
        ("density-matrix", "DensityMatrix"),
        ("STATEVECTOR", "Statevector"),
    ],
)
def test_a_method_has_the_name_that_qiskit_or_the_engine_uses(
    name: str, method: str, bell: str, provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    job_id = answer("run", bell, "--method", name)["job_id"]
    assert config_of(provider, job_id) == MaestroConfig(simulation_type=method)


@pytest.mark.usefixtures("account")
def test_the_automatic_method_is_chosen_by_the_service(
    bell: str, provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    job_id = answer("run", bell, "--method", "automatic", "--seed", "1")["job_id"]
    assert config_of(provider, job_id) == MaestroConfig(seed=1)


def test_every_method_of_the_engine_has_a_name() -> None:
    names = {method.name: method for method in METHODS.values()}
    assert names == dict(type(METHODS["stabilizer"]).__members__)
    assert all(name.replace("_", "") == method.name.lower() for name, method in METHODS.items())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "matrix_product"], "'matrix_product' is not a simulation method, did you mean"),
        (
            ["--method", "foo"],
            "'foo' is not a simulation method, expected one of statevector, matrix_product_",
        ),
        (["--seed", "-1"], "seed is -1, expected an integer from 0 to 2^64 - 1"),
        (["--seed", "x"], "seed is 'x'"),
    ],
)
def test_a_wrong_method_or_seed_is_a_usage_error(
    arguments: list[str], message: str, bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", bell, *arguments])
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seed", "1", "--option", "seed=2"], "--seed and --option seed have different values"),
        (
            ["--method", "mps", "--option", "simulation_type=Stabilizer"],
            "--method and --option simulation_type have different values",
        ),
        (["--seed", "1", "--backend", "local_qpu"], "--seed: a MaestroConfig is for simulators"),
        (["--option", "noise_seed=1"], "--option noise_seed has no effect without --noise"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(
    arguments: list[str], message: str, bell: str, provider: QoroProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not provider.jobs()


# --- noise --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("account")
def test_rates_of_noise_become_a_noise_model(
    bell: str, provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    rates = ",".join(f"{name}=0.03" for name in NOISE_RATES)
    found = answer("run", bell, "--noise", rates, "--seed", "1", "--option", "noise_seed=3")
    assert found["counts"].keys() == {"00", "01", "10", "11"}
    model = NoiseModel()
    for qubit in range(2):
        model.set_qubit_noise(qubit, px=0.04, py=0.01, pz=0.04)
    model.set_all_1q_gate_depolarizing(2, 0.03)
    model.set_all_2q_gate_depolarizing(2, 0.03)
    model.set_all_readout_error(2, 0.03)
    config = config_of(provider, found["job_id"])
    assert (config.seed, config.noise_seed) == (1, 3)
    assert NoiseModel.from_calls(config.noise_model or []) == model


@pytest.mark.usefixtures("account")
def test_a_rate_has_its_effect(one: str, answer: Callable[..., Any]) -> None:
    counts = answer("run", one, "--noise", " readout = 1 ", "--shots", "20")["counts"]
    assert counts == {"0": 20}
    assert answer("run", one, "--noise", "readout=0", "--shots", "20")["counts"] == {"1": 20}


@pytest.mark.usefixtures("account")
def test_a_noise_model_comes_from_a_file(one: str, tmp_path: Path, answer: Callable[..., Any]) -> None:
    (tmp_path / "noise.json").write_text(NoiseModel().set_bit_flip(0, 1.0).to_json())
    assert answer("run", one, "--noise", "noise.json", "--shots", "20")["counts"] == {"0": 20}


@pytest.mark.usefixtures("account")
def test_the_noise_of_a_device_is_simulated(bell: str, answer: Callable[..., Any]) -> None:
    counts = answer("run", bell, "--noise", "local_loud", "--shots", "4000")["counts"]
    assert 100 < counts["01"] + counts["10"] < 1000


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("fake_torino", "ibm_fake_torino"),
        ("FakeManilaV2", "ibm_fake_manila"),
        ("FakeFez", "ibm_fake_fez"),
        ("ibm_fake_fez", "ibm_fake_fez"),
        ("local_quiet", "local_quiet"),
    ],
)
def test_a_fake_backend_has_the_name_that_services_know(name: str, device: str) -> None:
    assert read_noise(name).device == device


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        ("depolarising=0.1", "'depolarising' is not a rate, did you mean 'depolarizing'?"),
        ("readout=2", "readout is '2', expected a probability from 0 to 1"),
        ("readout=x", "readout is 'x', expected a probability from 0 to 1"),
        ("readout=0.1,readout=0.2", "readout occurs twice"),
        ("readout=0.1,0.2", "expected NAME=RATE, got '0.2'"),
        ("depolarizing=0.6,bit_flip=0.6", "add up to 1.2, expected at most 1"),
        ("nowhere.json", "nowhere.json: No such file or directory"),
        ("wrong.json", "wrong.json: the noise model is not JSON"),
        ("bytes.json", "bytes.json: expected JSON, byte 0 is not UTF-8"),
        ("readout", "readout has no rate, expected a probability such as readout=0.01"),
        ("two words", "got 'two words', expected rates such as depolarizing=0.01,readout=0.02"),
        ("", "expected rates such as"),
    ],
)
def test_wrong_noise_is_a_usage_error(
    noise: str, message: str, bell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong.json").write_text("{")
    (tmp_path / "bytes.json").write_bytes(b"\xff")
    with pytest.raises(SystemExit, match="2"):
        main(["run", bell, "--noise", noise])
    assert message in " ".join(capsys.readouterr().err.split())


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seed", "1"], "--seed cannot be combined with the noise of a device"),
        (["--option", "gate_fusion=1"], "--option gate_fusion cannot be combined with the noise of a device"),
    ],
)
def test_the_noise_of_a_device_takes_few_options(
    arguments: list[str], message: str, bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, "--noise", "local_loud", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("account")
def test_an_unknown_device_is_refused_by_the_service(bell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", bell, "--noise", "nowhere"]) == 1
    assert "noisy_device" in capsys.readouterr().err


# --- jobs that are left running -----------------------------------------------------------------------


@pytest.mark.usefixtures("account")
def test_a_detached_job_prints_only_its_identifier(
    bell: str, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, "--detach", "--shots", "10"]) == 0
    out, err = capsys.readouterr()
    (job_id,) = out.splitlines()
    assert err == f"show the results with: qiskit-qoro result {job_id}\n"
    assert sum(answer("result", job_id)["circuits"][0]["counts"].values()) == 10


@pytest.mark.usefixtures("account")
def test_a_detached_job_is_described_as_json(bell: str, answer: Callable[..., Any]) -> None:
    found = answer("run", bell, "--detach")
    assert found.keys() == {"backend", "base_url", "job_id", "tag"}


def test_a_detached_job_is_kept_in_a_database(
    bell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = str(tmp_path / "my jobs.db")
    assert main(["run", bell, "--detach", "--database", database]) == 0
    out, err = capsys.readouterr()
    _, _, command = err.partition(": qiskit-qoro ")
    assert shlex.split(command) == ["result", out.strip(), "--database", database]
    # The job runs now.
    assert main(shlex.split(command)) == 0
    assert "outcome" in capsys.readouterr().out


def test_a_job_that_ends_with_the_command_cannot_be_detached(
    bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", bell, "--detach"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--detach needs a service that keeps the job after the command" in err
    assert "--database PATH" in err
