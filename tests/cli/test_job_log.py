"""The log of ``serve``: a line on standard error for each job that ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import QoroProvider
from qiskit_qoro.local import FaultInjection, serve

from .test_serve import lines_until, serving

SCRIPT = """
from rich.text import Text
from qiskit_qoro.cli.output import say_lines
say_lines([Text("first ").append("COMPLETED", "green"), Text("second " + 200 * "x")])
"""
READY = "The local Qoro service is ready."


def run_job(settings: dict[str, str], *, tag: str = "vqe", num_circuits: int = 2) -> str:
    """Run a job and return its identifier."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    with QoroProvider(settings["QORO_API_KEY"], base_url=settings["QORO_API_URL"], journal=False) as provider:
        job = provider.get_backend().run([circuit] * num_circuits, shots=100, job_tags=[tag])
        job.result()
    return job.job_id()


def end(process: subprocess.Popen[str]) -> str:
    """End a service by Ctrl-C and return the rest of what it has written to standard error."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    return err


def test_serve_logs_each_job() -> None:
    with serving("--workers", "1") as (process, settings):
        lines_until(process, READY)
        job_id = run_job(settings, tag="evil\x1b[31m")
        assert process.stderr is not None
        line = process.stderr.readline()
        rest = end(process)
    shown = rf'{job_id[:8]} run 2 circuits, 200 shots "evil\\x1b\[31m" COMPLETED'
    assert re.fullmatch(rf"\d\d:\d\d:\d\d {shown} [\d.]+ m?s\n", line)
    assert rest == ""


def test_serve_logs_the_jobs_that_a_database_contains(tmp_path: Path) -> None:
    database = tmp_path / "jobs.db"
    with serve(database=database, fault_injection=FaultInjection(pending_time_s=600)) as service:
        provider = QoroProvider(service.token, base_url=service.address, link=service.link, journal=False)
        circuit = QuantumCircuit(1)
        circuit.measure_all()
        with provider:
            job_id = provider.get_backend().run(circuit, shots=10).job_id()
    with serving("--workers", "1", "--database", str(database)) as (process, _):
        assert process.stderr is not None
        lines = process.stderr.readline(), process.stderr.readline()
        end(process)
    assert sorted(READY in line for line in lines) == [False, True]
    assert sorted(f" {job_id[:8]} run 1 circuit, 10 shots " in line for line in lines) == [False, True]


def test_serve_logs_no_jobs_with_no_log() -> None:
    with serving("--workers", "1", "--no-log") as (process, settings):
        lines_until(process, READY)
        run_job(settings)
        assert end(process) == ""


def test_a_closed_standard_error_does_not_stop_the_service() -> None:
    with serving("--workers", "1") as (process, settings):
        assert process.stderr is not None
        process.stderr.close()
        for _ in range(3):
            run_job(settings)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@pytest.mark.parametrize("columns", [40, 80])
def test_a_terminal_cuts_lines_and_shows_colours(
    columns: int, run_in_terminal: Callable[..., tuple[str, str]]
) -> None:
    shown, _ = run_in_terminal(SCRIPT, environment={"COLUMNS": str(columns)})
    expected = ["first \x1b[32mCOMPLETED\x1b[0m", f"second {'x' * (columns - 8)}…"]
    assert shown.splitlines() == expected


def test_a_terminal_without_colours_shows_none(run_in_terminal: Callable[..., tuple[str, str]]) -> None:
    shown, _ = run_in_terminal(SCRIPT, environment={"COLUMNS": "80", "NO_COLOR": "1"})
    assert "\x1b[3" not in shown


def test_lines_that_nobody_reads_are_lost_and_block_nothing() -> None:
    script = SCRIPT.replace("200 * ", "500 * ").replace("say_lines([", "for _ in range(1000): say_lines([")
    with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True) as process:
        assert process.wait(60) == 0
        _, err = process.communicate()
    assert 100 < len(err.splitlines()) < 2000


def test_a_file_has_whole_lines_without_colours(capfd: pytest.CaptureFixture[str]) -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=60)
    assert capfd.readouterr().err == f"first COMPLETED\nsecond {'x' * 200}\n"
