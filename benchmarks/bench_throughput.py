"""What the service costs beside the engine: one job of 1,000 circuits against a loop over the engine.

The loop runs in this process on one core. The job goes through writing, uploading, the database, the worker
processes and the results, on as many cores as there are workers.
"""

from __future__ import annotations

import time

import maestro
from qiskit import transpile
from qiskit.circuit.random import random_circuit

from qiskit_qoro import QoroProvider
from qiskit_qoro.qasm import write_program

CIRCUITS = 1000
QUBITS = 5


def main() -> None:
    circuits = [random_circuit(QUBITS, QUBITS, measure=True, seed=seed) for seed in range(CIRCUITS)]
    with QoroProvider.local() as provider:
        backend = provider.get_backend("qoro_maestro")
        isa = transpile(circuits, backend, optimization_level=0)
        backend.run(isa[:10]).result()  # the workers are warm from here on
        begin = time.perf_counter()
        job = backend.run(isa, shots=1024)
        submitted = time.perf_counter() - begin
        job.result()
        total = time.perf_counter() - begin
    texts = [write_program(circuit).text for circuit in isa]
    begin = time.perf_counter()
    for text in texts:
        maestro.simple_execute(text, shots=1024)
    engine = time.perf_counter() - begin
    print(f"{CIRCUITS} circuits of {QUBITS} qubits, 1024 shots each")
    print(f"engine in a loop:        {engine:6.2f} s")
    print(f"one job, run to result:  {total:6.2f} s, {total / engine:.2f} of the loop")
    print(f"of which run() returns after {submitted:.2f} s")


if __name__ == "__main__":
    main()
