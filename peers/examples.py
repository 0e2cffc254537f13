"""Run the example programs of ``qoro-divi``, unchanged, against the local service.

``python peers/examples.py QISKIT_QORO FOLDER [PROGRAM ...]`` needs an interpreter with the client and the
packages that the programs use. Nothing of this project is imported. QISKIT_QORO is the command of another
environment; it is started with ``serve`` and stopped at the end. FOLDER contains the client's source
distribution, as an archive or unpacked. Without PROGRAM all programs below ``tutorials`` run that can use the
service; PROGRAM is a part of a path such as ``chemistry``.

Each program runs in a process of its own, with the option that selects the service. Two settings of the
client are changed: its base URL, and its polling interval, because its default of 3 s would only make the
programs slower. ``DIVI_CI_MAX_SHOTS`` limits the shots, as in the client's own tests. The exit code is 1 if a
program fails, prints a traceback or takes too long.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tarfile
import time
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from divi.backends import QoroService
from qoro_divi import TOKEN, serving

MAX_SHOTS = "100"
POLLING_INTERVAL_S = 0.05
TIME_LIMIT_S = 1200.0
SHOWN_LINES = 25


# --- in the process of one program ----------------------------------------------------------------------


def run_program(url: str, program: str) -> None:
    """Run a program as its author would, but with the local service."""
    sys.modules[QoroService.__module__].API_URL = url
    defaults = QoroService.__init__.__defaults__
    assert defaults.count(3.0) == 1, f"the client has changed its defaults: {defaults}"
    QoroService.__init__.__defaults__ = tuple(
        POLLING_INTERVAL_S if each == 3.0 else each for each in defaults
    )
    sys.argv = [program, "--cloud-maestro"]
    runpy.run_path(program, run_name="__main__")


# --- in the process of the launcher ---------------------------------------------------------------------


def find_programs(folder: Path, parts: list[str]) -> list[Path]:
    """Find the programs that can use the service.

    Args:
        folder: Contains the unpacked source distribution.
        parts: Parts of paths. If there are any, only programs whose path contains one of them.
    """
    (module,) = folder.rglob("tutorials/_backend.py")  # the programs import it
    programs = [
        path
        for path in sorted(module.parent.rglob("*.py"))
        if not path.name.startswith("_") and uses_service(path.read_text("utf-8"))
    ]
    return [path for path in programs if not parts or any(part in str(path) for part in parts)]


def uses_service(text: str) -> bool:
    return "get_backend(" in text or "QoroService(" in text


def passes(url: str, program: Path) -> bool:
    """Run a program and print its row of the table, after the end of its output if it fails."""
    root = next(parent.parent for parent in program.parents if parent.name == "tutorials")
    environment = os.environ | {
        "QORO_API_KEY": TOKEN,
        "DIVI_CI_MAX_SHOTS": os.environ.get("DIVI_CI_MAX_SHOTS", MAX_SHOTS),
        "MPLBACKEND": "Agg",  # no windows
        "PYTHONPATH": str(root),  # the programs import a module of their folder
    }
    command = [sys.executable, __file__, "--run", url, str(program)]
    started = time.monotonic()
    # Programs write plots and checkpoints into their working directory.
    with TemporaryDirectory() as scratch, Path(scratch, "output").open("w+b") as output:
        process = subprocess.Popen(
            command, cwd=scratch, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            code = process.wait(TIME_LIMIT_S)
            outcome = "ok" if code == 0 else "FAILED"
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            outcome = "TOO LONG"
        duration_s = time.monotonic() - started
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
        # A program of several threads may go on after an error in one of them.
        if outcome == "ok" and "Traceback (most recent call last)" in text:
            outcome = "FAILED"
        if outcome != "ok":
            print(*text.splitlines()[-SHOWN_LINES:], sep="\n")
    print(f"{outcome:9}{duration_s:7.1f} s  {program.relative_to(root / 'tutorials')}", flush=True)
    return outcome == "ok"


def main(command: str, folder: str, *parts: str) -> int:
    print(f"examples of qoro-divi {metadata.version('qoro-divi')} call {command}", flush=True)
    with TemporaryDirectory() as unpacked, serving(command) as url:
        archives = list(Path(folder).glob("*.tar.gz"))
        for archive in archives:
            with tarfile.open(archive) as opened:
                opened.extractall(unpacked, filter="data")
        programs = find_programs(Path(unpacked if archives else folder), list(parts))
        outcomes = [passes(url, program) for program in programs]
    print(f"{sum(outcomes)} of {len(outcomes)} programs ran to their end")
    return 0 if outcomes and all(outcomes) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run_program(*sys.argv[2:])
    else:
        sys.exit(main(*sys.argv[1:]))
