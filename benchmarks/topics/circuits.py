"""Jobs of many circuits, compared with a loop over the engine on one core and with Aer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import maestro
from bench import Bench
from measuring import Contender
from qiskit import transpile
from qiskit.circuit.random import random_circuit
from qiskit_aer import AerSimulator
from rows import AER, LOOP, OURS, SOCKET, Goal, Row
from workloads import bound_circuits

from qiskit_qoro import JobConfig, QoroBackend
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER
from qiskit_qoro.qasm import write_program

TOPIC = "circuits"
SHOTS = 1024


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    number = bench.amount(1000, 50)
    circuits = bound_circuits(number)
    texts = {str(place): write_program(circuit).text for place, circuit in enumerate(circuits)}
    aer = AerSimulator()
    yield bench.measure(
        "bound-circuits",
        TOPIC,
        f"{number:,} bound circuits, 5 qubits, `run(circuits)` to counts",
        {
            OURS: lambda: bench.embedded.run(circuits, shots=SHOTS).result().get_counts(),
            SOCKET: lambda: bench.socket.run(circuits, shots=SHOTS).result().get_counts(),
            LOOP: loop(texts),
            AER: lambda: aer.run(circuits, shots=SHOTS).result().get_counts(),
        },
        goals=(Goal(0.9, LOOP), Goal(0.5, AER)),
        seconds=12,
        min_turns=3,
    )
    yield bench.measure(
        "bound-texts",
        TOPIC,
        f"the same {number:,} circuits as OpenQASM texts, `submit_circuits(texts)` to counts",
        service_jobs(bench, texts),
        seconds=8,
        min_turns=3,
    )
    different = [random_circuit(5, 5, measure=True, seed=seed) for seed in range(number)]
    isa = transpile(different, bench.embedded, optimization_level=0)
    yield bench.measure(
        "different-texts",
        TOPIC,
        f"{number:,} different circuits, 5 qubits, as OpenQASM texts",
        service_jobs(bench, {str(place): write_program(circuit).text for place, circuit in enumerate(isa)}),
        seconds=8,
        min_turns=3,
    )


def loop(texts: Mapping[str, str]) -> Contender:
    """Return a contender that runs the texts one after the other in the engine, in this process."""

    def run() -> None:
        for text in texts.values():
            maestro.simple_execute(text, shots=SHOTS)

    return run


def service_jobs(bench: Bench, texts: Mapping[str, str]) -> dict[str, Contender]:
    """Return contenders that run the texts as one job, and the loop."""
    return {
        OURS: lambda: run_texts(bench.embedded, texts),
        SOCKET: lambda: run_texts(bench.socket, texts),
        LOOP: loop(texts),
    }


def run_texts(backend: QoroBackend, texts: Mapping[str, str]) -> object:
    """Run texts as one job, and return their counts."""
    config = JobConfig(shots=SHOTS, simulator_cluster=DEFAULT_SIMULATOR_CLUSTER)
    job = backend.service.submit_circuits(dict(texts), override_job_config=config)
    backend.service.poll_job_status(job, loop_until_complete=True, verbose=False)
    return backend.service.get_job_results(job).results
