"""What a cluster costs while it is idle, how a small job fares beside a large one, and how fast a stop is."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import psutil
from bench import Bench
from measuring import Timing, wait_for_children
from rows import Goal, Row
from service_runs import ServiceRun, total_cpu_s
from topics.cluster_curve import role_of
from workloads import bell, different_texts

from qiskit_qoro import MaestroConfig, SimulationMethod, TemplateEntry
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER, JobConfig
from qiskit_qoro.models.jobs import ExecutionResult, JobStatus
from qiskit_qoro.qasm import write_program

TOPIC = "cluster_sharing"
CLUSTER = "cluster"
LOCAL = "local pool"
ALONE = "alone"
BESIDE = "beside the large job"
_KINDS: dict[str, dict[str, Any]] = {CLUSTER: {"cluster": "local:2"}, LOCAL: {"workers": 2}}
_IDLE_S = 30.0
_WIDE_QUBITS = 24


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    for kind, options in _KINDS.items():
        with ServiceRun(options) as run:
            run.run({"bell": write_program(bell()).text})
            wait_for_children()
            yield _idle(kind, run, bench.amount(int(_IDLE_S), 2))
            yield _cancelling(kind, run, bench.amount(6, 2))
            yield _fairness(kind, run, bench)


def _idle(kind: str, run: ServiceRun, seconds: float) -> Row:
    """Measure the processes while they have nothing to do."""
    processes: dict[str, list[psutil.Process]] = defaultdict(list)
    processes["service"] = [psutil.Process(run.pid)]
    for process in run.children():
        processes[role_of(process)].append(process)
    before = {role: total_cpu_s(each) for role, each in processes.items()}
    time.sleep(seconds)
    values = {
        role: {
            "processes": len(each),
            "cpu_share": (total_cpu_s(each) - before[role]) / seconds / len(each),
            "memory_bytes": sum(process.memory_info().rss for process in each) / len(each),
            "own_memory_bytes": sum(process.memory_full_info().uss for process in each) / len(each),
        }
        for role, each in processes.items()
    }
    text = f"{kind} of two engine processes, idle for {seconds:g} s: for each process"
    return Row(f"idle-{kind.replace(' ', '-')}", TOPIC, text, {}, values={"roles": values})


def _fairness(kind: str, run: ServiceRun, bench: Bench) -> Row:
    """Measure how long a job of 10 circuits takes, alone and beside a large one."""
    small = {str(place): text for place, text in enumerate(different_texts(10, 5, 25))}
    turns, rows = bench.amount(10, 2), bench.amount(100_000, 1000)
    alone = _times(lambda: run.run(small), turns)
    large = _submit_rows(run, rows)
    _wait_until(lambda: run.client.get_job_state(large).status is JobStatus.RUNNING)
    beside = _times(lambda: run.run(small), turns)
    state = run.client.get_job_state(large)
    if state.status is JobStatus.RUNNING:
        run.client.cancel_job(large)
    values = {"finished_rows": state.num_finished, "was_running": state.status is JobStatus.RUNNING}
    text = f"{kind}: a job of 10 circuits of 5 qubits, and a large job of {rows:,} rows of a template"
    timings = {BESIDE: Timing(beside), ALONE: Timing(alone)}
    return Row(f"fairness-{kind.replace(' ', '-')}", TOPIC, text, timings, values=values)


def _times(call: Callable[[], object], turns: int) -> list[float]:
    found = []
    for _ in range(turns):
        begin = time.perf_counter()
        call()
        found.append(time.perf_counter() - begin)
    return found


def _submit_rows(run: ServiceRun, number: int) -> ExecutionResult:
    """Submit rows that each take about 10 ms, because the engine simulates each shot after the reset."""
    text = (
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[10];\ncreg c[10];\nh q[0];\nreset q[0];\n'
        "rx(angle) q[1];\nh q[2];\nmeasure q -> c;\n"
    )
    rows = [(str(row), (row / number,)) for row in range(number)]
    config = JobConfig(shots=100, simulator_cluster=DEFAULT_SIMULATOR_CLUSTER)
    return run.client.submit_circuit_templates(
        [TemplateEntry(text, ("angle",), rows)], override_job_config=config
    )


def _cancelling(kind: str, run: ServiceRun, turns: int) -> Row:
    """Measure the time from the request that cancels a long job to the counts of the next one."""
    layer = "".join(
        f"ry(0.1) q[{bit}];cx q[{bit}],q[{(bit + 1) % _WIDE_QUBITS}];\n" for bit in range(_WIDE_QUBITS)
    )
    head = f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{_WIDE_QUBITS}];\ncreg c[{_WIDE_QUBITS}];\n'
    text = head + 100 * layer + "measure q -> c;\n"
    wide = {str(place): text for place in range(2)}  # one for each process
    next_job = {"bell": write_program(bell()).text}
    config = MaestroConfig(simulation_type=SimulationMethod.Statevector)
    found = []
    for _ in range(turns):
        job = run.submit(wide, shots=1, override_execution_config=config)
        _wait_until(lambda: _num_busy(run) >= len(wide))
        begin = time.perf_counter()
        run.client.cancel_job(job)
        run.run(next_job)
        found.append(time.perf_counter() - begin)
    text = f"{kind}: from cancelling a circuit of {_WIDE_QUBITS} qubits on each process to the next counts"
    name = f"cancel-{kind.replace(' ', '-')}"
    return Row(name, TOPIC, text, {kind: Timing(found)}, (Goal(1.0),), values={"median_s": median(found)})


def _num_busy(run: ServiceRun) -> int:
    """Return how many engine processes use a processor now."""
    engines = [process for process in run.children() if role_of(process) == "engines"]
    before = [total_cpu_s([process]) for process in engines]
    time.sleep(0.1)
    after = [total_cpu_s([process]) for process in engines]
    return sum(now - start > 0.02 for now, start in zip(after, before, strict=True))


def _wait_until(holds: Callable[[], bool], limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"this did not happen within {limit_s:g} s")
        time.sleep(0.02)
