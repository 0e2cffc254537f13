"""The program itself: its version, its output streams, and Ctrl-C while it is being imported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from qiskit_qoro.cli import main

COMMAND = [sys.executable, "-c", "import sys; from qiskit_qoro.cli import main; sys.exit(main())"]


def test_the_option_version_prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"qiskit-qoro \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.usefixtures("account")
def test_a_reader_of_the_output_that_stops_early_is_no_error(bell: str) -> None:
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


@pytest.mark.usefixtures("account")
def test_characters_that_the_terminal_cannot_encode_become_question_marks(
    bell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(bell).rename(Path(bell).with_name("glocke \N{BELL}.qasm"))
    out, err = BytesIO(), BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(out, encoding="ascii"))
    monkeypatch.setattr(sys, "stderr", TextIOWrapper(err, encoding="ascii"))
    assert main(["run", str(path)]) == 0
    assert re.search(rb"outcome +count +share *\n\d\d +\d+ +\d+\.\d% +##", out.getvalue())
    assert main(["run", "\N{BELL}.qasm"]) == 2
    sys.stderr.flush()
    assert err.getvalue().endswith(b"qiskit-qoro: error: ?.qasm: No such file or directory\n")


@pytest.mark.usefixtures("account")
def test_output_that_cannot_be_written_is_a_failure_in_one_line() -> None:
    with Path(os.devnull).open("rb") as read_only:
        done = subprocess.run(
            [*COMMAND, "backends"],
            stdout=read_only,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "qiskit-qoro: error: Bad file descriptor\n")


def test_ctrl_c_during_the_imports_ends_the_program_quietly() -> None:
    # The child sets the handler itself: if this process ignores SIGINT, the child inherits that.
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'qiskit': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from qiskit_qoro.cli import main\n"
        "sys.exit(main(['systems']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
