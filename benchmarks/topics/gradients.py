"""Gradients by all angles of ``efficient_su2(n, reps=3)``, of an observable with 20 random Pauli strings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from bench import Bench
from measuring import Contender
from qiskit_aer.primitives import EstimatorV2
from qiskit_algorithms.gradients import ParamShiftEstimatorGradient, ReverseEstimatorGradient
from rows import Row
from workloads import random_sweep

from qiskit_qoro.local.engine.gradients import GradientEstimator
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import compile_program
from qiskit_qoro.local.engine.template_cache import Template, TemplateCache
from qiskit_qoro.models.gradients import WeightedStrings
from qiskit_qoro.qasm.write.template_writer import write_template
from qiskit_qoro.wire.substitution import resolve_template

TOPIC = "gradients"


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # qiskit-algorithms uses the first version of primitives inside
        for num_qubits in (8, 12, 16):
            yield calls(bench, num_qubits, 1)
        yield calls(bench, 8, bench.amount(100, 10))
    yield computation(bench, 12)


def calls(bench: Bench, num_qubits: int, count: int) -> Row:
    """Measure calls of gradients. Those that take very long are left out."""
    estimator = bench.estimator(bench.embedded)
    circuit, observable, rows = pub = random_sweep(num_qubits, count)
    decomposed = circuit.decompose()
    shift = ParamShiftEstimatorGradient(EstimatorV2(options={"backend_options": {"method": "statevector"}}))
    reverse = ReverseEstimatorGradient()
    contenders: dict[str, Contender] = {
        "value alone, `QoroEstimator.run`": lambda: estimator.run([pub]).result(),
        "`gradient`, adjoint": lambda: estimator.gradient([pub], method="adjoint").result(),
    }
    values = {}
    if count == 1 and num_qubits <= bench.amount(12, 8):
        contenders |= {
            "`gradient`, parameter shift": lambda: estimator.gradient(
                [pub], method="parameter_shift"
            ).result(),
            "`qiskit-algorithms`, parameter shift on Aer": lambda: shift.run(
                [decomposed], [observable], [rows[0]]
            ).result(),
        }
        if num_qubits == 8:
            contenders["`qiskit-algorithms`, reverse"] = lambda: reverse.run(
                [decomposed], [observable], [rows[0]]
            ).result()
        expected = shift.run([decomposed], [observable], [rows[0]]).result().gradients[0]
        found = estimator.gradient([pub], method="adjoint").result()[0].data.gradients
        values["difference"] = float(np.abs(np.asarray(found)[0] - expected).max())
    what = "one row" if count == 1 else f"{count} rows"
    return bench.measure(
        f"gradient-{num_qubits}-{count}",
        TOPIC,
        f"gradient by {circuit.num_parameters} angles, {num_qubits} qubits, {what}",
        contenders,
        seconds=4,
        min_turns=3,
        **values,
    )


def computation(bench: Bench, num_qubits: int) -> Row:
    """Measure the computation alone, in this process."""
    circuit, observable, (row,) = random_sweep(num_qubits, 1)
    strings = [label[::-1] for label in observable.paulis.to_labels()]
    weights = observable.coeffs.real.tolist()
    template = write_template(circuit)
    program = compile_program(resolve_template(template.program.text, template.names, row.tolist()))
    terms = [list(zip(weights, strings, strict=True))]
    ours = GradientEstimator(TemplateCache())
    wanted = [WeightedStrings(tuple(strings), tuple(weights))]
    arguments = (Template(template.program.text, template.names), [row.tolist()], wanted, EngineSettings())
    return bench.measure(
        "gradient-computation",
        TOPIC,
        f"the computation alone, {circuit.num_parameters} angles, {num_qubits} qubits",
        {
            "engine, value": lambda: program.expectation_values(terms),
            "adjoint gradient of the local service": lambda: ours.estimate(
                *arguments, memory_limit_bytes=1 << 30
            ),
            "engine, its own gradient": lambda: program.jacobian(terms),
        },
        min_turns=3,
    )
