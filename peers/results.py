"""Measure how fast ``qiskit-qoro`` and the compiled decoder of ``qoro-divi`` read the same results.

``python peers/results.py QISKIT_QORO [--json]`` needs an interpreter with ``qoro-divi``, and with
``qiskit-qoro`` without its extra ``local``. QISKIT_QORO is the command of another environment that has the
extra; it is started with ``serve`` and runs the jobs. Both clients then fetch the results with their
``get_job_results`` from a relay that caches the answers of the service, so that the time of the service is
not included. The clients take turns. The last columns are measured without the relay: the time that the
service computed, and the time that ``qiskit-qoro`` needs to read the results from the service, as a dict and,
from the job's identifier alone, as Qiskit's ``Result``.

The script prints the shortest times of each workload, or with ``--json`` all of them. The exit code is 1 only
if the two clients decode different results.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import divi.backends
from qoro_divi import HEADER, TOKEN, serving

import qiskit_qoro
from qiskit_qoro.models.jobs import ExecutionResult

TURNS = 9
OUTCOMES = 100_000
WIDTHS = (20, 40, 100, 300, 1000)
CIRCUITS, CIRCUIT_QUBITS, CIRCUIT_SHOTS = 2000, 10, 1024

ROW = "{:34}{:>11}{:>11}{:>8}{:>11}{:>11}{:>9}{:>11}{:>9}"


@dataclass(frozen=True)
class Workload:
    name: str
    shots: int
    circuits: dict[str, str]


def distinct_outcomes(width: int) -> Workload:
    """One circuit whose outcomes are all equally likely."""
    text = f"{HEADER}qreg q[{width}];\ncreg c[{width}];\nh q;\nmeasure q -> c;\n"
    # With 2^20 possible outcomes some occur more than once, with 2^40 almost none.
    shots = OUTCOMES if width >= 40 else round(1.052 * OUTCOMES)
    return Workload(f"{OUTCOMES:,} outcomes of {width} bits", shots, {"0": text})


def many_circuits() -> Workload:
    """Many circuits, each with random rotations and a ring of CX gates."""
    rng = random.Random(5)
    qubits = range(CIRCUIT_QUBITS)
    ring = "".join(f"cx q[{qubit}],q[{(qubit + 1) % CIRCUIT_QUBITS}];\n" for qubit in qubits)

    def circuit() -> str:
        rotations = "".join(f"ry({rng.uniform(-3, 3)}) q[{qubit}];\n" for qubit in qubits)
        registers = f"qreg q[{CIRCUIT_QUBITS}];\ncreg c[{CIRCUIT_QUBITS}];\n"
        return f"{HEADER}{registers}{rotations}{ring}measure q -> c;\n"

    name = f"{CIRCUITS:,} circuits of {CIRCUIT_SHOTS:,} shots"
    return Workload(name, CIRCUIT_SHOTS, {str(place): circuit() for place in range(CIRCUITS)})


@contextmanager
def relaying(url: str) -> Iterator[str]:
    """Run a relay in front of the service and yield its URL."""
    command = [sys.executable, str(Path(__file__).with_name("relay.py")), url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().rstrip("\n")
        process.stdin.close()


def seconds_of(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def in_turns(*calls: Callable[[], object]) -> list[list[float]]:
    """The times of each call, in seconds. The calls take turns."""
    rounds = [[seconds_of(call) for call in calls] for _ in range(TURNS)]
    return [list(times) for times in zip(*rounds, strict=True)]


def read_by_peer(service: divi.backends.QoroService, job_id: str) -> dict[str, Any]:
    job = divi.backends.ExecutionResult(job_id=job_id)
    return {item["label"]: item["results"] for item in service.get_job_results(job).results}


@dataclass(frozen=True)
class Measured:
    """The times of a workload in seconds, for each turn."""

    name: str
    by_peer: list[float]
    by_us: list[float]
    computed: float
    read: list[float]
    as_result: list[float]

    def __str__(self) -> str:
        by_peer, by_us, read, as_result = map(min, (self.by_peer, self.by_us, self.read, self.as_result))
        return ROW.format(
            self.name,
            *map(milliseconds, (by_peer, by_us)),
            f"{by_peer / by_us:.2f}",
            *map(milliseconds, (self.computed, read)),
            f"{read / self.computed:.3f}",
            milliseconds(as_result),
            f"{as_result / self.computed:.3f}",
        )


def measure(workload: Workload, url: str, relay: str) -> Measured:
    """Run a workload, and measure how long reading its results takes."""
    config = qiskit_qoro.JobConfig(shots=workload.shots, simulator_cluster="qoro_maestro")
    direct = qiskit_qoro.QoroService(TOKEN, config, base_url=url)
    job = direct.submit_circuits(workload.circuits)
    assert job.job_id is not None
    job_id = job.job_id
    direct.poll_job_status(job, loop_until_complete=True, verbose=False)
    computed_s = direct.get_job_state(job).run_time_s
    assert computed_s is not None

    ours, peer = qiskit_qoro.QoroService(TOKEN, config, base_url=relay), divi.backends.QoroService(TOKEN)
    results = ours.get_job_results(job).results
    assert results is not None
    assert results == read_by_peer(peer, job_id), f"{workload.name}: the clients decode different results"
    peers_job = divi.backends.ExecutionResult(job_id=job_id)
    by_peer, by_us = in_turns(
        lambda: peer.get_job_results(peers_job),
        lambda: ours.get_job_results(ExecutionResult(job_id=job_id)),
    )
    with qiskit_qoro.QoroProvider(TOKEN, base_url=url, journal=False) as provider:
        read, as_result = in_turns(
            lambda: direct.get_job_results(ExecutionResult(job_id=job_id)),
            lambda: provider.retrieve_job(job_id).result(),
        )
    return Measured(workload.name, by_peer, by_us, computed_s, read, as_result)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f} ms"


def main(command: str, *options: str) -> None:
    as_json = options == ("--json",)
    if not as_json:
        versions = f"qoro-divi {metadata.version('qoro-divi')}, qiskit-qoro {qiskit_qoro.__version__}"
        print(f"{versions}, {command}")
        titles = ("results", "qoro-divi", "ours", "ratio", "computed", "read", "share", "Result", "share")
        print(ROW.format(*titles), flush=True)
    with serving(command, "--workers", "1") as url, relaying(url) as relay:
        # As in qoro_divi.py: the client reads its base URL from a constant of its module.
        sys.modules[divi.backends.QoroService.__module__].API_URL = relay
        for workload in (*map(distinct_outcomes, WIDTHS), many_circuits()):
            measured = measure(workload, url, relay)
            print(json.dumps(asdict(measured)) if as_json else measured, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
