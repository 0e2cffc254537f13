"""Completion in a shell: the scripts are run by the shells that they are for."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qiskit_qoro.cli import main
from qiskit_qoro.cli.commands import build_parser
from qiskit_qoro.history import STATUSES, Journal
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

SHELLS = {shell: shutil.which(shell) for shell in ("bash", "zsh", "fish")}
COMMANDS = {
    "run",
    "jobs",
    "status",
    "result",
    "cancel",
    "delete",
    "credits",
    "backends",
    "systems",
    "serve",
    "completion",
}


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def bash(text: str, *words: str, directory: Path, journal: Path) -> set[str]:
    """What bash would offer for the last of the words."""
    program = shlex.join(
        [sys.executable, "-c", "import sys; from qiskit_qoro.cli import main; sys.exit(main())"]
    )
    line = " ".join(shlex.quote(word) for word in ("qiskit-qoro", *words))
    commands = (
        f'qiskit-qoro() {{ {program} "$@"; }}\n{text}\n'
        f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _qiskit_qoro\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", commands],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=directory,
        env=os.environ | {"QISKIT_QORO_JOURNAL": str(journal)},
    )
    assert done.stderr == ""
    return set(done.stdout.split("\n")) - {""}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([""], COMMANDS),
        (["re"], {"result"}),
        (["--v"], {"--version"}),
        (["run", "--sh"], {"--shots"}),
        (["run", "bell.qasm", "--j"], {"--json"}),
        (["jobs", "--no"], {"--no-refresh"}),
        (["jobs", "--status", ""], set(STATUSES)),
        (["jobs", "--json", "--status", "CA"], {"CANCELLED"}),
        (["jobs", "--tag", ""], set()),
        (["completion", ""], {"bash", "zsh", "fish", "ids"}),
        (["run", "be"], {"bell.qasm", "bell with spaces.qasm"}),
        (["jobs", "--database", "job"], {"jobs.db"}),
        (["result", ""], {"job-a", "job-b"}),
        (["cancel", "job-a"], {"job-a"}),
        (["nonsense", ""], set()),
    ],
)
def test_bash_completes_commands_options_values_files_and_jobs(
    words: list[str], expected: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("bell.qasm", "bell with spaces.qasm", "jobs.db"):
        (tmp_path / name).touch()
    journal = Journal(tmp_path / "journal.sqlite3")
    for job_id in ("job-a", "job-b"):
        journal.set_job_id(journal.begin("s", SubmissionFacts(JobKind.RUN, "b", "t", 1)), job_id)
    journal.begin("s", SubmissionFacts(JobKind.RUN, "b", "without an identifier", 1))

    found = bash(script("bash", capsys), *words, directory=tmp_path, journal=tmp_path / "journal.sqlite3")

    assert found == expected


@pytest.mark.parametrize("shell", [shell for shell, path in SHELLS.items() if path])
def test_the_scripts_are_correct_in_the_shells_that_are_here(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "script"
    path.write_text(script(shell, capsys))
    done = subprocess.run([shell, "-n", str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_every_option_is_in_every_script(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = script(shell, capsys)
    (inner,) = (
        action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    assert set(inner.choices) == COMMANDS
    for name, parser in inner.choices.items():
        assert name in text
        for option in parser._option_string_actions:
            shown = (
                option
                if shell != "fish"
                else f"-{'l' if option.startswith('--') else 's'} {option.strip('-')}"
            )
            assert shown in text, (name, option)


def test_a_shell_that_is_not_known_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["completion", "tcsh"])
    assert "tcsh" in capsys.readouterr().err
