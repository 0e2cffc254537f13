"""Parameter sweeps, sampled and exact, many Pauli strings, and the preparation of large sweeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import maestro
import numpy as np
from bench import Bench
from measuring import Contender
from qiskit.circuit.library import efficient_su2
from qiskit.primitives import BaseEstimatorV2, StatevectorEstimator
from qiskit_aer.primitives import EstimatorV2, SamplerV2
from rows import AER, LOOP, OURS, SOCKET, STATEVECTOR, Goal, Row
from workloads import random_observable, random_rows, random_sweep, ring_ansatz

from qiskit_qoro import JobConfig, QoroBackend, TemplateEntry
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER
from qiskit_qoro.qasm import write_program
from qiskit_qoro.qasm.write.template_writer import write_template
from qiskit_qoro.wire.substitution import resolve_template

TOPIC = "sweeps"
SHOTS = 1024


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    yield from sampled(bench)
    yield from exact(bench)
    yield from preparation(bench)


def sampled(bench: Bench) -> Iterator[Row]:
    """Measure one template with many rows, sampled."""
    rows = bench.amount(1000, 100)
    circuit = ring_ansatz()
    written = write_template(circuit)
    values = random_rows(circuit, rows)
    labelled = [(str(place), row) for place, row in enumerate(values)]
    template = TemplateEntry(written.program.text, written.names, labelled)
    texts = [resolve_template(written.program.text, written.names, row.tolist()) for row in values]

    def loop() -> None:
        for text in texts:
            maestro.simple_execute(text, shots=SHOTS)

    yield bench.measure(
        "sampled-template",
        TOPIC,
        f"sampled sweep, one template, {rows:,} rows, 5 qubits",
        {
            OURS: lambda: run_template(bench.embedded, template),
            SOCKET: lambda: run_template(bench.socket, template),
            LOOP: loop,
        },
        goals=(Goal(0.7, LOOP),),
        seconds=6,
    )
    ours, socket, aer = bench.sampler(bench.embedded), bench.sampler(bench.socket), SamplerV2()
    pub = (circuit, values)
    yield bench.measure(
        "sampler-sweep",
        TOPIC,
        f"the same sweep with `QoroSampler`, {rows:,} rows",
        {
            OURS: lambda: ours.run([pub], shots=SHOTS).result()[0].data.c.array,
            SOCKET: lambda: socket.run([pub], shots=SHOTS).result()[0].data.c.array,
            AER: lambda: aer.run([pub], shots=SHOTS).result()[0].data.c.array,
        },
        seconds=8,
        min_turns=3,
    )


def run_template(backend: QoroBackend, template: TemplateEntry) -> object:
    """Run a template, and return the counts of all rows."""
    config = JobConfig(shots=SHOTS, simulator_cluster=DEFAULT_SIMULATOR_CLUSTER)
    job = backend.service.submit_circuit_templates([template], override_job_config=config)
    backend.service.poll_job_status(job, loop_until_complete=True, verbose=False)
    return backend.service.get_job_results(job).results


def exact(bench: Bench) -> Iterator[Row]:
    """Measure exact expectation values."""
    ours, socket, aer = bench.estimator(bench.embedded), bench.estimator(bench.socket), EstimatorV2()
    rows, wide_rows = bench.amount(1000, 100), bench.amount(100, 10)
    pub = random_sweep(8, rows)
    yield bench.measure(
        "exact-sweep",
        TOPIC,
        f"exact sweep, {rows:,} rows of `efficient_su2(8, reps=3)`, 20 Pauli strings",
        estimates({OURS: ours, SOCKET: socket, AER: aer}, pub),
        goals=(Goal(0.25, AER),),
        seconds=6,
        difference=difference(ours, aer, pub),
    )
    yield bench.measure(
        "wide-sweep",
        TOPIC,
        f"exact sweep, {wide_rows:,} rows of `efficient_su2(16, reps=3)`, 20 Pauli strings",
        estimates({OURS: ours, AER: aer}, random_sweep(16, wide_rows)),
        min_turns=3,
    )
    for num_qubits in (8, 16):
        circuit, observable, (row,) = random_sweep(num_qubits, 1, 500)
        pub = (circuit.assign_parameters(row), observable)
        estimators: dict[str, BaseEstimatorV2] = {OURS: ours, SOCKET: socket, AER: aer}
        if num_qubits == 8:
            estimators[STATEVECTOR] = StatevectorEstimator()
        yield bench.measure(
            f"strings-{num_qubits}",
            TOPIC,
            f"one estimate of 500 Pauli strings, `efficient_su2({num_qubits}, reps=3)`",
            estimates(estimators, pub),
            difference=difference(ours, aer, pub),
        )


def estimates(estimators: Mapping[str, BaseEstimatorV2], pub: tuple[object, ...]) -> dict[str, Contender]:
    """Return contenders that estimate a PUB."""
    return {
        name: lambda estimator=estimator: estimator.run([pub]).result()[0].data.evs
        for name, estimator in estimators.items()
    }


def difference(one: BaseEstimatorV2, other: BaseEstimatorV2, pub: tuple[object, ...]) -> float:
    """Return the largest difference between the values of two estimators."""
    values, others = (estimator.run([pub]).result()[0].data.evs for estimator in (one, other))
    return float(np.abs(values - others).max())


def preparation(bench: Bench) -> Iterator[Row]:
    """Measure plans, which send nothing."""
    ours = bench.estimator(bench.embedded)
    circuit = efficient_su2(4, reps=2)
    many = bench.amount(100_000, 5000)
    pub = (circuit, random_observable(4, 5), random_rows(circuit, many))
    yield bench.measure(
        "plan",
        TOPIC,
        f"plan of {many:,} rows with {circuit.num_parameters} parameters",
        {OURS: lambda: ours.plan([pub])},
        goals=(Goal(1.0),),
        min_turns=3,
    )
    wide, observable, all_differ = random_sweep(20, bench.amount(1000, 50))
    two_differ = all_differ.copy()
    two_differ[:, 2:] = two_differ[0, 2:]
    strings = ";".join(label[::-1] for label in observable.paulis.to_labels())

    def bound(values: np.ndarray) -> int:
        programs = {str(at): write_program(wide.assign_parameters(row)) for at, row in enumerate(values)}
        return int(ours.backend.service.prepare_circuits(programs, ham_ops=strings).num_bytes)

    def template(values: np.ndarray) -> int:
        return sum(job.num_bytes for job in ours.plan([(wide, observable, values)]).jobs)

    for key, what, values in (
        ("prepare-all", "all 160 parameters differ", all_differ),
        ("prepare-two", "2 of 160 parameters differ", two_differ),
    ):
        yield bench.measure(
            key,
            TOPIC,
            f"preparing {len(values):,} rows of `efficient_su2(20, reps=3)`, {what}",
            {
                "as a template": lambda values=values: template(values),
                "as bound circuits": lambda values=values: bound(values),
            },
            min_turns=3,
            bytes={"as a template": template(values), "as bound circuits": bound(values)},
        )
