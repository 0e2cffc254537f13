"""Expectation values: ``estimate``, and ``run --observable``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.cli.programs.observables import read_observables

HEADER = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; '


@pytest.fixture
def state(tmp_path: Path) -> str:
    """The path of a program without measurements. Qubit 0 is 1 and qubit 1 is 0."""
    path = tmp_path / "state.qasm"
    path.write_text('OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; x q[0];')
    return str(path)


# --- values -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("account")
def test_observables_are_estimated_exactly(
    bell: str, provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    found = answer("estimate", bell, "--observable", "ZZ,XX", "--observable", "0.5*ZZ + 0.2*YY - IZ")
    (circuit,) = found["circuits"]
    assert circuit["name"] == "bell.qasm"
    values = [(item["observable"], pytest.approx(item["value"])) for item in circuit["observables"]]
    assert values == [("ZZ", 1), ("XX", 1), ("0.5*ZZ + 0.2*YY - IZ", 0.3)]
    assert {item["standard_error"] for item in circuit["observables"]} == {0}
    assert found["shots"] is None
    (entry,) = provider.jobs()
    assert (entry.job_id, entry.tag) == (found["job_id"], "bell.qasm")


@pytest.mark.usefixtures("account")
def test_the_rightmost_letter_is_qubit_0(state: str, answer: Callable[..., Any]) -> None:
    (circuit,) = answer("estimate", state, "--observable", "IZ,ZI")["circuits"]
    assert [item["value"] for item in circuit["observables"]] == [-1, 1]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("command", ["run", "estimate"])
def test_an_observable_may_begin_with_a_minus(command: str, state: str, answer: Callable[..., Any]) -> None:
    options = ("--observable", "-IZ", "--observable", "-0.5*IZ", "--observable=-2ZI", "--observable", "- IZ")
    (circuit,) = answer(command, state, *options)["circuits"]
    assert [item["value"] for item in circuit["observables"]] == [1, 0.5, -2, 1]


@pytest.mark.usefixtures("account")
def test_run_with_an_observable_is_the_same(state: str, bell: str, answer: Callable[..., Any]) -> None:
    arguments = (state, bell, "--observable", "ZZ, XX", "--tag", "same")
    run, estimate = answer("run", *arguments), answer("estimate", *arguments)
    assert run["circuits"] == estimate["circuits"]
    assert [circuit["name"] for circuit in run["circuits"]] == ["state.qasm", "bell.qasm"]
    assert run["tag"] == estimate["tag"] == "same"


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("command", ["run", "estimate"])
def test_shots_sample_the_values(command: str, bell: str, answer: Callable[..., Any]) -> None:
    arguments = (command, bell, "--observable", "ZZ,ZI", "--shots", "400", "--seed", "1")
    found = answer(*arguments)
    (circuit,) = found["circuits"]
    exact, sampled = circuit["observables"]
    assert (exact["value"], exact["standard_error"]) == (1, 0)
    assert sampled["standard_error"] == pytest.approx(0.05, rel=0.1)
    assert 0 < abs(sampled["value"]) < 0.25
    assert found["shots"] == 400
    assert answer(*arguments)["circuits"] == [circuit]


@pytest.mark.usefixtures("account")
def test_a_precision_decides_the_shots_on_a_system_that_samples(
    bell: str, answer: Callable[..., Any]
) -> None:
    arguments = ("estimate", bell, "--observable", "ZI", "--backend", "local_qpu", "--precision", "0.1")
    (circuit,) = answer(*arguments)["circuits"]
    assert circuit["observables"][0]["standard_error"] == pytest.approx(0.1, rel=0.1)


@pytest.mark.usefixtures("account")
def test_noise_changes_the_values(bell: str, answer: Callable[..., Any]) -> None:
    (circuit,) = answer("estimate", bell, "--observable", "ZZ", "--noise", "bit_flip=0.1")["circuits"]
    assert 0.4 < circuit["observables"][0]["value"] < 0.8


@pytest.mark.usefixtures("account")
def test_the_table_has_standard_errors_only_if_there_are_any(
    bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", bell, "--observable", "ZZ"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["observable", "value"],
        ["ZZ", "1"],
    ]
    assert main(["estimate", bell, "--observable", "ZI", "--shots", "100"]) == 0
    assert "standard error" in capsys.readouterr().out


@pytest.mark.usefixtures("account")
def test_values_that_are_known_need_no_job(
    bell: str, provider: QoroProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", bell, "--observable", "3*II"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].split() == ["3*II", "3"]
    assert err == "all values are known without a job\n"
    assert not provider.jobs()
    assert main(["estimate", bell, "--observable", "II", "--detach"]) == 2
    assert "--detach: all values are known without a job" in capsys.readouterr().err


@pytest.mark.usefixtures("account")
def test_a_detached_estimate_has_its_results_later(
    bell: str, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", bell, "--observable", "ZZ,XX", "--detach"]) == 0
    job_id = capsys.readouterr().out.strip()
    assert answer("result", job_id)["pubs"][0]["evs"] == pytest.approx([1, 1])


# --- programs -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("measure q[0] -> c[0]; h q[0];", "wrong.qasm: instruction 0 (measure) measures, or depends on"),
        ("x q[0]; reset q[0];", "wrong.qasm: qubit 0 is reset after other operations"),
    ],
)
def test_a_random_state_has_no_exact_values(
    body: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong.qasm").write_text(HEADER + body)
    assert main(["estimate", "wrong.qasm", "--observable", "ZZ"]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "'qiskit-qoro run'" in err or "--shots" in err
    assert "Qoro" not in err


@pytest.mark.usefixtures("account")
def test_an_observable_has_a_letter_for_each_qubit(
    bell: str, provider: QoroProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", bell, "--observable", "ZZ,Z"]) == 2
    err = capsys.readouterr().err
    assert "bell.qasm: the observable Z has 1 letter, but the program has 2 qubits: use one letter" in err
    assert not provider.jobs()


# --- observables as text ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("ZZ", [("ZZ", 1)]),
        ("-XI", [("XI", -1)]),
        ("+ 2 YY", [("YY", 2)]),
        ("0.5*ZZ+.25XX-1.e-3 * IZ", [("ZZ", 0.5), ("XX", 0.25), ("IZ", -0.001)]),
        ("ZZ + ZZ", [("ZZ", 1), ("ZZ", 1)]),
        ("2E1*Z", [("Z", 20)]),
    ],
)
def test_an_observable_is_a_sum_of_pauli_strings(text: str, terms: list[tuple[str, float]]) -> None:
    (observable,) = read_observables(text)
    assert observable.text == text
    assert observable.operator == SparsePauliOp.from_list(terms)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got nothing"),
        ("ZZ,", "got nothing"),
        ("ZA", "got 'ZA', which is wrong at 'A'"),
        ("zz", "which is wrong at 'zz'"),
        ("ZZ XX", "which is wrong at 'XX'"),
        ("0.5*", "which is wrong at '0.5*'"),
        ("ZZ +", "which is wrong at '+'"),
        ("1e999*Z", "the coefficient 1e999 is too large"),
        ("ZZ + Z", "have 1 and 2 letters, expected the same number"),
        ("1j*Z", "wrong at '1j*Z'"),
    ],
)
def test_text_that_is_no_observable_is_refused(text: str, message: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=message.replace("*", r"\*").replace("+", r"\+")):
        read_observables(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--observable", "A"],
            "argument --observable: expected an observable such as ZZ or 0.5*ZZ + 0.2*XX",
        ),
        ([], "--observable"),
        (["--observable", "ZZ", "--precision", "0"], "expected a number above 0, got '0'"),
        (["--observable", "ZZ", "--precision", "0.1", "--shots", "5"], "not allowed with"),
    ],
)
def test_wrong_options_are_usage_errors(
    arguments: list[str], message: str, bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["estimate", bell, *arguments])
    assert message in " ".join(capsys.readouterr().err.split())


def test_the_help_says_which_letter_is_qubit_0(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("run", "estimate", "plan"):
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
        assert "The rightmost letter is qubit 0" in " ".join(capsys.readouterr().out.split())
