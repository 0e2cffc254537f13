"""Measure the timeline of one small job: when each of its steps starts and ends.

``python benchmarks/timeline.py TRANSPORT JOBS`` runs Bell circuits one after the other and prints JSON: the
steps with the medians of their times since ``run()`` was called. :mod:`tracing` records the calls.
The workers do so because of the module in ``worker_start``, which :func:`measure_timeline` puts on the search
path of the program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import tracing

__all__ = ["check_steps", "measure_timeline"]

TRANSPORTS = ("embedded", "socket")
_WARM_UP_JOBS = 20
_FOLDER = Path(__file__).parent


def measure_timeline(jobs: int) -> dict[str, Any]:
    """Measure the timeline over each transport, in processes of their own."""
    paths = [str(_FOLDER / "worker_start"), str(_FOLDER), *filter(None, sys.path)]
    found = {}
    for transport in TRANSPORTS:
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder, "trace")
            trace.touch()
            done = subprocess.run(
                [sys.executable, str(Path(__file__)), transport, str(jobs)],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TRACE_FILE": str(trace)},
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            found[transport] = json.loads(done.stdout)
    return found


def check_steps() -> list[str]:
    """Return the functions of the timeline that do not exist (any more)."""
    missing = []
    for steps in tracing.STEPS.values():
        for target in steps:
            try:
                tracing.find(target)
            except (AttributeError, ImportError):
                missing.append(target)
    return missing


def main(transport: str, jobs: str) -> None:
    """Run the jobs and print the timeline."""
    from bench import Bench  # noqa: PLC0415  what is measured is imported in the process that measures
    from qiskit import transpile  # noqa: PLC0415
    from workloads import bell  # noqa: PLC0415

    path = Path(os.environ["TRACE_FILE"])
    with ExitStack() as stack:
        bench = stack.enter_context(Bench())
        backend = getattr(bench, transport)
        circuit = transpile(bell(), backend)
        for _ in range(_WARM_UP_JOBS):
            backend.run(circuit, shots=1024).result()
        tracing.install("main", os.open(path, os.O_WRONLY | os.O_APPEND))
        starts, ends = [], []
        for _ in range(int(jobs)):
            starts.append(time.monotonic())
            backend.run(circuit, shots=1024).result()
            ends.append(time.monotonic())
            time.sleep(0.005)  # the threads of the service come to rest
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    print(json.dumps({"jobs": int(jobs), **_summarized(lines, starts, ends)}))


def _summarized(lines: list[Any], starts: list[float], ends: list[float]) -> dict[str, Any]:
    """Return the median start and end of each step, in seconds since the start of its job.

    A step that occurs several times in a job is numbered. Steps that most jobs do not have are left out.
    """
    found: dict[tuple[str, str, int], list[tuple[float, float]]] = defaultdict(list)
    lines.sort(key=lambda line: line[2])
    for start, until in zip(starts, [*starts[1:], float("inf")], strict=True):
        seen: Counter[tuple[str, str]] = Counter()
        for lane, name, begin, end in lines:
            if start <= begin < until:
                found[lane, name, seen[lane, name]].append((begin - start, end - start))
                seen[lane, name] += 1
    steps = [
        [lane, name, median(begin for begin, _ in times), median(end for _, end in times)]
        for (lane, name, _), times in found.items()
        if len(times) > len(starts) / 2
    ]
    total = median(end - start for start, end in zip(starts, ends, strict=True))
    return {"total_s": total, "steps": sorted(steps, key=lambda step: step[2])}


if __name__ == "__main__":
    main(*sys.argv[1:])
