"""What the process of the service costs per job and per circuit, by its parts.

The service runs in a process of its own and gives the work to two processes: once those of a local pool, once
those of a cluster on the same machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import Bench
from rows import Row
from service_runs import ServiceRun
from workloads import bell, bound_circuits, different_texts, random_sweep

from qiskit_qoro import QoroEstimator, QoroProvider
from qiskit_qoro.qasm import write_program

TOPIC = "service_costs"
LOCAL = "local pool"
CLUSTER = "cluster"
KINDS: dict[str, dict[str, object]] = {LOCAL: {"workers": 2}, CLUSTER: {"cluster": "local:2"}}
_SHOTS = 1024
_TURNS = 3


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    works = _works(bench)
    found: dict[str, dict[str, dict[str, float]]] = {key: {} for key, *_ in works}
    for kind, options in KINDS.items():
        with TemporaryDirectory() as folder:
            database = str(Path(folder, "jobs.sqlite3"))
            with ServiceRun(options | {"database": database}) as run:
                for key, _, units, work in works:
                    found[key][kind] = _costs(run, units, work, turns=bench.amount(_TURNS, 1))
    for key, text, units, _ in works:
        yield Row(key, TOPIC, text, {}, values={"units": units, "cpu_s": found[key]})


def _costs(
    run: ServiceRun, units: int, work: Callable[[ServiceRun], object], *, turns: int
) -> dict[str, float]:
    """Return the processor time for one unit of work by parts, in seconds: the median of some turns."""
    work(run)
    found = []
    for _ in range(turns):
        before = run.cpu_s()
        work(run)
        after = run.cpu_s()
        found.append({part: (after[part] - before.get(part, 0.0)) / units for part in after})
    return {part: median(turn.get(part, 0.0) for turn in found) for part in found[-1]}


def _works(bench: Bench) -> list[tuple[str, str, int, Callable[[ServiceRun], object]]]:
    """Return the works: a key, the work in words, its units, and a function that does it."""
    jobs, circuits = bench.amount(200, 20), bench.amount(3000, 100)
    text = write_program(bell()).text
    bound = {str(place): write_program(each).text for place, each in enumerate(bound_circuits(circuits))}
    different = {str(place): each for place, each in enumerate(different_texts(circuits))}
    return [
        (
            "cost-jobs",
            f"{jobs:,} jobs of one Bell circuit, for each job",
            jobs,
            partial(_run_jobs, text, jobs),
        ),
        (
            "cost-bound",
            f"one job of {circuits:,} circuits that differ in their angles, for each circuit",
            circuits,
            lambda run: run.run(bound, shots=_SHOTS),
        ),
        (
            "cost-different",
            f"one job of {circuits:,} different circuits, for each circuit",
            circuits,
            lambda run: run.run(different, shots=_SHOTS),
        ),
        (
            "cost-sweep",
            f"one estimate of {circuits:,} rows of a template, for each row",
            circuits,
            partial(_estimate, random_sweep(8, circuits)),
        ),
    ]


def _run_jobs(text: str, number: int, run: ServiceRun) -> None:
    for _ in range(number):
        run.run({"bell": text}, shots=_SHOTS)


def _estimate(pub: tuple[object, ...], run: ServiceRun) -> None:
    with QoroProvider(run.token, base_url=run.url, journal=False) as provider:
        estimator = QoroEstimator(provider.get_backend("qoro_maestro"), options={"show_progress": False})
        estimator.run([pub]).result()
