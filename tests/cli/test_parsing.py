"""Usage errors and help."""

from __future__ import annotations

import pytest

from qiskit_qoro.cli import main
from qiskit_qoro.cli.program import build_parser

COMMANDS = sorted(build_parser().commands)


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["reslt"], "there is no command 'reslt', did you mean 'result'?", "qiskit-qoro"),
        (["frobnicate"], "there is no command 'frobnicate'", "qiskit-qoro"),
        (["--versoin"], "there is no option --versoin, did you mean '--version'?", "qiskit-qoro"),
        (["jobs", "--statsu=x"], "there is no option --statsu, did you mean '--status'?", "qiskit-qoro jobs"),
        (["run", "--zzz"], "there is no option --zzz", "qiskit-qoro run"),
        (["result"], "the following arguments are required: ID", "qiskit-qoro result"),
        (["jobs", "nightly"], "unexpected argument 'nightly'", "qiskit-qoro jobs"),
        (["--json", "jobs"], "option --json belongs behind the command 'jobs'", "qiskit-qoro jobs"),
        (["--jsn", "jobs"], "there is no option --jsn", "qiskit-qoro"),
        (["jobs", "-x"], "unexpected argument '-x'", "qiskit-qoro jobs"),
        (
            ["jobs", "--limit", "x"],
            "argument --limit: expected a whole number of 1 or more, got 'x'",
            "qiskit-qoro jobs",
        ),
        (
            ["credits", "--transactions", "x"],
            "argument --transactions: expected a whole number, got 'x'",
            "qiskit-qoro credits",
        ),
        (
            ["serve", "--slow-time", "soon"],
            "argument --slow-time: expected a number, got 'soon'",
            "qiskit-qoro serve",
        ),
        (["completion"], "the following arguments are required: SHELL", "qiskit-qoro completion"),
        (["re\x1b[2J"], r"there is no command 're\x1b[2J'", "qiskit-qoro"),
    ],
)
def test_a_usage_error_is_one_line_and_a_hint(
    arguments: list[str], error: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert capsys.readouterr() == ("", f"qiskit-qoro: error: {error}\ntry '{hint} --help'\n")


def test_the_beginning_of_an_option_stands_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs", "--no-ref"]) == 0
    assert capsys.readouterr().err == "no jobs\n"


def test_words_after_two_dashes_are_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--", "--never-was"]) == 2
    assert "the service of job --never-was is unknown" in capsys.readouterr().err


def test_the_program_alone_prints_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr()
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert capsys.readouterr() == shown
    assert shown.err == ""


@pytest.mark.parametrize("width", ["60", "80", "200"])
@pytest.mark.parametrize("command", [[], *([command] for command in COMMANDS)], ids=" ".join)
def test_help_fits_the_terminal_and_80_columns(
    command: list[str], width: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(" ".join(("usage: qiskit-qoro", *command)))
    assert [line for line in lines if len(line) > min(int(width), 80)] == []
    assert [line for line in lines if line.endswith("qiskit-")] == []


def test_the_help_of_the_program_fits_40_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    place = lines.index("  estimate      compute expectation")
    assert lines[place + 1] == "                values of observables"


def test_the_help_lists_every_command_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert sorted(shown) == sorted([*COMMANDS, "--help", "--version"])
