"""How many circuits per second a cluster runs with 1, 2, 4 and 8 engine processes, and who computes.

The curve is measured twice. In the first one, the circuits compute. It cannot rise beyond the processors of
the machine. In the second one, each call of the engine waits (see :mod:`waiting`). The processes need little
processor time then, and the curve shows what many workers ask of the service.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import psutil
from bench import Bench
from rows import Row
from service_runs import ServiceRun, total_cpu_s
from waiting import waiting_environment
from workloads import different_texts

TOPIC = "cluster_curve"
PROCESSES = (1, 2, 4, 8)
WAIT_S = 0.02
_SECONDS = 4.0  # of work for each point of the curve
_SHOTS = 1024
# What the arguments of a program contain, and what it is for. The others are engine processes.
_ROLES = {".local_scheduler": "scheduler", ".local_worker": "workers"}


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    seconds = bench.amount(int(_SECONDS), 1)
    processes = PROCESSES if not bench.quick else PROCESSES[:2]
    computing = {str(place): text for place, text in enumerate(different_texts(2000, 12, 60))}
    waiting = {str(place): text for place, text in enumerate(different_texts(2000, 2, 4))}
    yield Row(
        "curve-computing",
        TOPIC,
        "different circuits of 12 qubits and 60 gates, circuits per second",
        {},
        values={"points": [_point(number, seconds, computing, os.environ) for number in processes]},
    )
    environment = waiting_environment(WAIT_S)
    yield Row(
        "curve-waiting",
        TOPIC,
        f"circuits that keep a process busy for {WAIT_S * 1e3:g} ms without computing, circuits per second",
        {},
        values={
            "wait_s": WAIT_S,
            "points": [_point(number, seconds, waiting, environment) for number in processes],
        },
    )


def _point(
    processes: int, seconds: float, texts: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, Any]:
    """Measure one point of a curve: circuits per second, and the processor time of each role per circuit."""
    with ServiceRun({"cluster": f"local:{processes}"}, environment) as run:
        # The first job waits for the processes, and shows how many circuits make the next one long enough.
        run.run(dict(list(texts.items())[: 20 * processes]), shots=_SHOTS)
        probe = dict(list(texts.items())[: 100 * processes])
        begin = time.perf_counter()
        run.run(probe, shots=_SHOTS)
        rate = len(probe) / (time.perf_counter() - begin)
        count = min(len(texts), max(100, int(seconds * rate)))
        work = dict(list(texts.items())[:count])
        before = _cpu_by_role(run)
        begin = time.perf_counter()
        run.run(work, shots=_SHOTS)
        taken_s = time.perf_counter() - begin
        after = _cpu_by_role(run)
    cpu_s = {role: (after[role] - before[role]) / count for role in after}
    return {"processes": processes, "circuits": count, "per_s": count / taken_s, "cpu_s": cpu_s}


def role_of(process: psutil.Process) -> str:
    """Return what a process of a cluster on this machine is for."""
    with suppress(psutil.Error):
        command = " ".join(process.cmdline())
        return next((role for part, role in _ROLES.items() if part in command), "engines")
    return "engines"


def _cpu_by_role(run: ServiceRun) -> defaultdict[str, float]:
    found: defaultdict[str, float] = defaultdict(float, service=run.cpu_s()["total"])
    for process in run.children():
        found[role_of(process)] += total_cpu_s([process])
    return found
