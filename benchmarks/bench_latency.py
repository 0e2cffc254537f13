"""Measure the latency of a job with a Bell circuit on the local service, over real HTTP.

For each job the script measures the time from the end of the job, when its results are stored, to the return
of ``result()``, and the time from ``run()`` to the return of ``result()``. For comparison it waits for the
same jobs with a fixed polling interval of one second, and runs the engine alone in this process.
"""

from __future__ import annotations

import threading
import time
from statistics import median

import maestro
from qiskit import QuantumCircuit, transpile

from qiskit_qoro import QoroService
from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.models.config import JobConfig
from qiskit_qoro.models.systems import SimulatorCluster
from qiskit_qoro.qasm import write_program

JOBS = 40
FIXED_INTERVAL_S = 1.0


class FixedInterval:
    """A clock on which every wait takes one interval, as in a client with fixed polling."""

    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float, event: threading.Event | None = None) -> None:  # noqa: ARG002
        time.sleep(FIXED_INTERVAL_S)


def one_job(service: LocalService, backend: QoroBackend, circuit: QuantumCircuit) -> tuple[float, float]:
    """Measure the seconds from the end of a job to its result, and from ``run`` to the result."""
    ended: list[float] = []

    def watch() -> None:
        service.wait_idle()
        ended.append(time.perf_counter())

    begin = time.perf_counter()
    job = backend.run(circuit, shots=1024)
    watcher = threading.Thread(target=watch)
    watcher.start()
    job.result()
    end = time.perf_counter()
    watcher.join()
    return end - ended[0], end - begin


def main() -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    cluster = SimulatorCluster("qoro_maestro")
    config = JobConfig(simulator_cluster=cluster)
    with serve() as local:
        service = QoroService(local.token, config, base_url=local.url)
        fixed_polling = QoroService(local.token, config, base_url=local.url, clock=FixedInterval())
        backend = QoroBackend(cluster, service)
        isa = transpile(circuit, backend)
        one_job(local, backend, isa)  # warm up the workers
        ours = [one_job(local, backend, isa) for _ in range(JOBS)]
        fixed = [one_job(local, QoroBackend(cluster, fixed_polling), isa) for _ in range(3)]
    text = write_program(isa).text
    engine = []
    for _ in range(JOBS):
        begin = time.perf_counter()
        maestro.simple_execute(text, shots=1024)
        engine.append(time.perf_counter() - begin)
    after_end = median(end for end, _ in ours)
    total = median(total for _, total in ours)
    total_fixed = median(total for _, total in fixed)
    print(f"end of job to result():  median {after_end * 1e3:6.1f} ms over {JOBS} jobs")
    print(f"run() to result():       median {total * 1e3:6.1f} ms")
    print(f"the engine alone:        median {median(engine) * 1e3:6.1f} ms")
    print(f"the same at a fixed interval of {FIXED_INTERVAL_S:g} s: {total_fixed / total:.0f} times as long")


if __name__ == "__main__":
    main()
