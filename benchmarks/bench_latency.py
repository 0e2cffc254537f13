"""How soon a result is in hand: a Bell job on the local service, over real HTTP.

Measured for each job: the time from the end of the job (its results stored) to ``result()`` returning, and
the time from ``run()`` to ``result()`` returning. The same jobs are waited for as a client with a fixed
polling interval of one second would do it. The engine alone, called in this process, is the floor.
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
    """A clock whose waits all take one interval, as a client that does not adapt would wait."""

    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float, event: threading.Event | None = None) -> None:  # noqa: ARG002
        time.sleep(FIXED_INTERVAL_S)


def one_job(service: LocalService, backend: QoroBackend, circuit: QuantumCircuit) -> tuple[float, float]:
    """Seconds from the job's end to the result, and from ``run`` to the result."""
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
        patient = QoroService(local.token, config, base_url=local.url, clock=FixedInterval())
        backend = QoroBackend(cluster, service)
        isa = transpile(circuit, backend)
        one_job(local, backend, isa)  # the workers are warm from here on
        ours = [one_job(local, backend, isa) for _ in range(JOBS)]
        fixed = [one_job(local, QoroBackend(cluster, patient), isa) for _ in range(3)]
    text = write_program(isa).text
    engine = []
    for _ in range(JOBS):
        begin = time.perf_counter()
        maestro.simple_execute(text, shots=1024)
        engine.append(time.perf_counter() - begin)
    in_hand = median(end for end, _ in ours)
    total = median(total for _, total in ours)
    total_fixed = median(total for _, total in fixed)
    print(f"job's end to result():   median {in_hand * 1e3:6.1f} ms over {JOBS} jobs")
    print(f"run() to result():       median {total * 1e3:6.1f} ms")
    print(f"the engine alone:        median {median(engine) * 1e3:6.1f} ms")
    print(f"the same at a fixed interval of {FIXED_INTERVAL_S:g} s: {total_fixed / total:.0f} times as long")


if __name__ == "__main__":
    main()
