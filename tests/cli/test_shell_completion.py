"""Shell completion: the shells that are installed run their scripts."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from qiskit_qoro.cli import main
from qiskit_qoro.cli.program import build_parser
from qiskit_qoro.history import STATUSES, Journal
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

INSTALLED = [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)]
PROGRAM = shlex.join([sys.executable, "-c", "import sys; from qiskit_qoro.cli import main; sys.exit(main())"])
COMMANDS = {
    "run",
    "estimate",
    "plan",
    "characterize",
    "jobs",
    "status",
    "result",
    "cancel",
    "delete",
    "credits",
    "backends",
    "systems",
    "watch",
    "resubmit",
    "login",
    "logout",
    "whoami",
    "doctor",
    "serve",
    "scheduler",
    "worker",
    "certificates",
    "completion",
}


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def execute(directory: Path, *command: str) -> str:
    """Run a shell in a directory and return its output. It must not print errors."""
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=directory)
    assert done.stderr == ""
    return done.stdout


def complete_in_bash(text: str, line: str, directory: Path) -> list[str]:
    words = ["qiskit-qoro", *line.split(" ")]
    commands = (
        f'qiskit-qoro() {{ {PROGRAM} "$@"; }}\n{text}\n'
        f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}\n"
        # The script has registered a function. Call it as bash does for the Tab key.
        '[[ $(complete -p qiskit-qoro) =~ "-F "([^ ]+) ]] && "${BASH_REMATCH[1]}"\n'
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    return execute(directory, "bash", "--norc", "-c", commands).splitlines()


def complete_in_fish(text: str, line: str, directory: Path) -> list[str]:
    commands = (
        f"function qiskit-qoro; {PROGRAM} $argv; end\n{text}\n"
        f"complete --do-complete {shlex.quote(f'qiskit-qoro {line}')}\n"
    )
    # Each line of the output is a candidate, a tab, and a description.
    output = execute(directory, "fish", "--no-config", "-c", commands)
    return [found.split("\t")[0] for found in output.splitlines()]


def complete_in_zsh(text: str, line: str, directory: Path) -> list[str]:
    """Press the Tab key in an interactive zsh. zsh has no other way to complete a line."""
    import pty  # Windows does not have it

    settings, found = directory / "settings", directory / "settings" / "found"
    settings.mkdir()
    (settings / ".zshrc").write_text(
        "autoload -Uz compinit; compinit -u -D\n"
        f'qiskit-qoro() {{ {PROGRAM} "$@"; }}\n'
        f"eval {shlex.quote(text)}\n"
        # Every completion ends in compadd. With -O it returns the candidates that fit the word.
        "compadd() {\n"
        "    if (( ! ${@[(I)-(O|D|A)]} )); then\n"
        '        local -a fitting; builtin compadd -O fitting "$@"\n'
        f"        print -rl -- $fitting >>{shlex.quote(str(found))}\n"
        "    fi\n"
        '    builtin compadd "$@"\n'
        "}\n"
        "complete-and-exit() { zle complete-word; exit 0 }\n"
        "zle -N complete-and-exit; bindkey '^I' complete-and-exit\n"
        "PS1='ready>'\n"
    )
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(directory)
        os.execvpe("zsh", ["zsh", "-i"], os.environ | {"ZDOTDIR": str(settings), "TERM": "dumb"})
    shown, has_pressed = b"", False
    with suppress(OSError):  # Linux reports the end of a terminal as an error
        for chunk in iter(lambda: os.read(terminal, 4096), b""):
            shown += chunk
            if b"ready>" in shown and not has_pressed:
                os.write(terminal, f"qiskit-qoro {line}\t".encode())
                has_pressed = True
    os.close(terminal)
    assert os.waitpid(process, 0)[1] == 0, shown
    # A candidate is escaped as it would stand on the command line.
    return [shlex.split(each)[0] for each in found.read_text().split("\n") if each] if found.exists() else []


COMPLETE: dict[str, Callable[[str, str, Path], list[str]]] = {
    "bash": complete_in_bash,
    "zsh": complete_in_zsh,
    "fish": complete_in_fish,
}


@pytest.mark.parametrize("shell", INSTALLED)
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", COMMANDS),
        ("re", {"result", "resubmit"}),
        ("--v", {"--version"}),
        ("run --sh", {"--shots"}),
        ("run bell.qasm --j", {"--json"}),
        ("run --option pp_max", {"pp_max_pauli_weight="}),
        ("run --option seed=1 --option mpo_r", {"mpo_restore_trace_after_truncation="}),
        ("jobs --no-r", {"--no-refresh"}),
        ("jobs --status ", set(STATUSES)),
        ("jobs --json --status CA", {"CANCELLED"}),
        ("jobs --tag ", set()),
        ("completion ", {"bash", "zsh", "fish", "ids", "accounts"}),
        ("run be", {"bell.qasm", "bell with spaces.qasm"}),
        ("run bell.qasm be", {"bell.qasm", "bell with spaces.qasm"}),
        ("run --method st", {"statevector", "stabilizer"}),
        ("run --noise depolarizing_", {"depolarizing_1q=", "depolarizing_2q="}),
        ("run --noise bell.", {"bell.qasm"}),
        ("estimate --out jobs", {"jobs.db"}),
        ("plan --prec", {"--precision"}),
        ("characterize --preset ", {"fast", "standard", "deep"}),
        ("characterize --job ", {"job-a", "job-b"}),
        ("characterize jobs", {"jobs.db"}),
        ("jobs --database job", {"jobs.db"}),
        ("result ", {"job-a", "job-b"}),
        ("cancel job-a", {"job-a"}),
        ("nonsense ", set()),
    ],
)
def test_a_shell_completes_commands_options_values_files_and_jobs(
    shell: str,
    line: str,
    expected: set[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("bell.qasm", "bell with spaces.qasm", "jobs.db"):
        (tmp_path / name).touch()
    journal = Journal(tmp_path / "journal.sqlite3")
    for job_id in ("job-a", "job-b"):
        journal.set_job_id(journal.begin("s", SubmissionFacts(JobKind.RUN, "b", "t", 1)), job_id)
    journal.begin("s", SubmissionFacts(JobKind.RUN, "b", "without an identifier", 1))
    monkeypatch.setenv("QISKIT_QORO_JOURNAL", str(tmp_path / "journal.sqlite3"))

    found = COMPLETE[shell](script(shell, capsys), line, tmp_path)

    assert set(found) - {""} == expected


@pytest.mark.parametrize("shell", INSTALLED)
def test_a_script_is_valid_in_its_shell(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "script"
    path.write_text(script(shell, capsys))
    assert execute(tmp_path, shell, "-n", str(path)) == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_script_contains_every_command_and_option(
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


def test_an_unknown_shell_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["completion", "tcsh"])
    assert "tcsh" in capsys.readouterr().err
