"""Measure the overhead of the service: compare jobs of 1,000 circuits with a loop over the engine.

One job has 1,000 circuits, another one has 1,000 parameter sets of one template. The loop runs in this
process on one core. The time of a job includes writing, uploading, the database, the worker processes and the
results. With one worker the difference is the overhead of the service. With one worker for each processor the
time is that of a typical installation.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import maestro
import numpy as np
from qiskit import transpile
from qiskit.circuit.random import random_circuit

from qiskit_qoro import JobConfig, QoroService, TemplateEntry
from qiskit_qoro.backends.target import build_simulator_target
from qiskit_qoro.local import serve
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER
from qiskit_qoro.models.jobs import ExecutionResult, JobRequest, JobType
from qiskit_qoro.models.systems import SimulatorCluster
from qiskit_qoro.qasm import Program, write_program
from qiskit_qoro.service.circuit_submission import build_circuit_submission
from qiskit_qoro.service.submission import Measurement
from qiskit_qoro.service.template_submission import build_template_submission, check_templates
from qiskit_qoro.wire.substitution import resolve_template

CIRCUITS = 1000
QUBITS = 5
SHOTS = 1024
LAYERS = 3


def random_texts() -> dict[str, str]:
    circuits = [random_circuit(QUBITS, QUBITS, measure=True, seed=seed) for seed in range(CIRCUITS)]
    target = build_simulator_target(SimulatorCluster(DEFAULT_SIMULATOR_CLUSTER))
    isa = transpile(circuits, target=target, optimization_level=0)
    return {str(place): write_program(circuit).text for place, circuit in enumerate(isa)}


def ansatz() -> TemplateEntry:
    """Make a template with layers of two rotations per qubit and a ring of CX gates, with random angles."""
    names = [f"theta_{number}" for number in range(2 * QUBITS * LAYERS)]
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{QUBITS}];", f"creg c[{QUBITS}];"]
    angles = iter(names)
    for _ in range(LAYERS):
        for qubit in range(QUBITS):
            lines += [f"ry({next(angles)}) q[{qubit}];", f"rz({next(angles)}) q[{qubit}];"]
        lines += [f"cx q[{qubit}],q[{(qubit + 1) % QUBITS}];" for qubit in range(QUBITS)]
    rows = np.random.default_rng(7).uniform(-np.pi, np.pi, (CIRCUITS, len(names)))
    sets = [(str(place), row) for place, row in enumerate(rows)]
    return TemplateEntry("\n".join([*lines, "measure q -> c;", ""]), names, sets)


def resolved(template: TemplateEntry) -> dict[str, str]:
    return {
        label: resolve_template(template.template_qasm, template.parameter_names, values)
        for label, values in template.parameter_sets
    }


def seconds_of_loop(texts: dict[str, str]) -> float:
    begin = time.perf_counter()
    for text in texts.values():
        maestro.simple_execute(text, shots=SHOTS)
    return time.perf_counter() - begin


def seconds_of_job(service: QoroService, submit: Callable[[], ExecutionResult]) -> tuple[float, float]:
    """Measure the seconds until the submission returns, and until the results have been read."""
    begin = time.perf_counter()
    job = submit()
    submitted = time.perf_counter() - begin
    service.poll_job_status(job, loop_until_complete=True, verbose=False)
    results = service.get_job_results(job).results
    total = time.perf_counter() - begin
    assert results is not None
    assert len(results) == CIRCUITS
    return submitted, total


def main() -> None:
    texts, template = random_texts(), ansatz()
    bound = resolved(template)
    print(f"{CIRCUITS} circuits of {QUBITS} qubits, {SHOTS} shots each")
    loops = {"circuits": seconds_of_loop(texts), "template": seconds_of_loop(bound)}
    for name, loop in loops.items():
        print(f"{name}: engine in a loop           {loop:6.2f} s")
    for workers in sorted({1, os.cpu_count() or 1}):
        with serve(workers=workers) as local:
            config = JobConfig(shots=SHOTS, simulator_cluster=SimulatorCluster(DEFAULT_SIMULATOR_CLUSTER))
            service = QoroService(local.token, config, base_url=local.url, polling_interval=0.05)
            submissions = {
                "circuits": lambda service=service: service.submit_circuits(texts),
                "template": lambda service=service: service.submit_circuit_templates([template]),
                "template, as bound circuits": lambda service=service: service.submit_circuits(bound),
            }
            seconds_of_job(service, submissions["circuits"])  # warm up the workers
            for name, submit in submissions.items():
                submitted, total = seconds_of_job(service, submit)
                ratio = total / loops[name.partition(",")[0]]
                print(
                    f"{name}: one job, {workers} worker(s)  {total:6.2f} s, {ratio:.2f} of the loop "
                    f"({submitted:.2f} s to submit it)"
                )
    print_bytes(f"{2 * QUBITS * LAYERS} angles, all different", template)
    print_bytes("2 angles in 60 gates", ring())


def ring() -> TemplateEntry:
    """Make a template with one QAOA layer on a ring. Each of its two angles occurs in many gates."""
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', "qreg q[15];", "creg c[15];", "h q;"]
    for qubit in range(15):
        pair = f"q[{qubit}],q[{(qubit + 1) % 15}]"
        lines += [f"cx {pair};", f"rz(2*gamma) q[{(qubit + 1) % 15}];", f"cx {pair};"]
    lines += [f"rx(2*beta) q[{qubit}];" for qubit in range(15)]
    rows = np.random.default_rng(7).uniform(-np.pi, np.pi, (CIRCUITS, 2))
    sets = [(str(place), row) for place, row in enumerate(rows)]
    return TemplateEntry("\n".join([*lines, "measure q -> c;", ""]), ["gamma", "beta"], sets)


def print_bytes(name: str, template: TemplateEntry) -> None:
    """Print the bytes of the request bodies, for a template and for separate circuits."""
    request = JobRequest("bytes", JobType.EXECUTE, simulator_cluster=DEFAULT_SIMULATOR_CLUSTER)
    measurement = Measurement(shots=SHOTS)
    programs = {label: Program(text, QUBITS, QUBITS, ()) for label, text in resolved(template).items()}
    uploads = build_template_submission(request, check_templates([template]), measurement).uploads
    as_template = sum(map(len, uploads))
    as_circuits = sum(map(len, build_circuit_submission(request, programs, measurement).uploads))
    print(
        f"bytes sent, {name}: {as_template} as a template, {as_circuits} as circuits, "
        f"{as_circuits / as_template:.1f} times as many"
    )


if __name__ == "__main__":
    main()
