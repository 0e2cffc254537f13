"""The first job of a process: a Bell circuit, from ``import qiskit_qoro`` to its counts.

Each time is measured in a new process, which has imported Qiskit already. It contains the import of the
package that runs the job, and the start of the local service with its workers.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from bench import Bench
from measuring import Timing
from rows import AER, OURS, SOCKET, Goal, Row

TOPIC = "first_job"

_PROGRAM = """
import json, time
from qiskit import QuantumCircuit, transpile
circuit = QuantumCircuit(2)
circuit.h(0)
circuit.cx(0, 1)
circuit.measure_all()
begin, cpu = time.perf_counter(), time.process_time()
{}
backend.run(circuit, shots=1024).result().get_counts()
seconds, cpu_s = time.perf_counter() - begin, time.process_time() - cpu
print(json.dumps([seconds, cpu_s]), flush=True)
"""
_STARTS = {
    OURS: "from qiskit_qoro import QoroProvider\n"
    "backend = QoroProvider.local(workers=2).get_backend('qoro_maestro')",
    SOCKET: "from qiskit_qoro import QoroProvider\nfrom qiskit_qoro.local import serve\n"
    "service = serve(workers=2)\n"
    "backend = QoroProvider(service.token, base_url=service.url, journal=False).get_backend('qoro_maestro')",
    AER: "from qiskit_aer import AerSimulator\nbackend = AerSimulator()",
}


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    measured: dict[str, list[list[float]]] = {name: [] for name in _STARTS}
    for _ in range(bench.amount(7, 2)):
        for name, start in _STARTS.items():
            program = _PROGRAM.format(start)
            done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
            measured[name].append(json.loads(done.stdout))
    timings = {
        name: Timing([seconds for seconds, _ in runs], cpu_s=sorted(cpu for _, cpu in runs)[len(runs) // 2])
        for name, runs in measured.items()
    }
    yield Row("first-job", TOPIC, "first job of a process, Bell circuit", timings, (Goal(0.3),))
