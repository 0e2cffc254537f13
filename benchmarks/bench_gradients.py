"""Gradients by all angles of ``efficient_su2(n, reps=3)`` of an observable with 20 random Pauli strings.

One row of angles, and 100 rows, from the call to the result:

- ``QoroEstimator.run``: the value alone,
- ``QoroEstimator.gradient``: by adjoint differentiation on the local service, and with shifted angles,
- ``ParamShiftEstimatorGradient`` and ``ReverseEstimatorGradient`` of ``qiskit-algorithms``: the first one
  with Aer's ``EstimatorV2``, the second one computes it from Qiskit's ``Statevector`` in this process.

The last part measures the computation alone, in this process: the engine's value, the engine's own adjoint
derivatives, and ours.

Each time is the shortest of several rounds, and the contenders alternate.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer.primitives import EstimatorV2
from qiskit_algorithms.gradients import ParamShiftEstimatorGradient, ReverseEstimatorGradient
from timing import shortest

from qiskit_qoro import QoroEstimator, QoroProvider
from qiskit_qoro.local.engine.gradients import GradientEstimator
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import compile_program
from qiskit_qoro.local.engine.template_cache import Template, TemplateCache
from qiskit_qoro.models.gradients import WeightedStrings
from qiskit_qoro.qasm.write.template_writer import write_template
from qiskit_qoro.wire.substitution import resolve_template

NUM_STRINGS = 20
ROWS = 100


def print_times(title: str, times: Mapping[str, float]) -> None:
    first = next(iter(times.values()))
    print(title)
    for name, seconds in times.items():
        print(f"  {name:45} {seconds * 1e3:10.2f} ms  {seconds / first:8.1f} times the value")


def random_observable(num_qubits: int) -> SparsePauliOp:
    rng = np.random.default_rng(2)
    strings = ["".join(rng.choice(list("IXYZ"), num_qubits)) for _ in range(NUM_STRINGS)]
    return SparsePauliOp(strings, rng.normal(size=NUM_STRINGS))


def measure_calls(estimator: QoroEstimator, circuit: QuantumCircuit, rows: np.ndarray) -> None:
    observable = random_observable(circuit.num_qubits)
    pub = (circuit, observable, rows)
    count = len(rows)
    decomposed = circuit.decompose()
    aer = EstimatorV2(options={"backend_options": {"method": "statevector"}})
    shift = ParamShiftEstimatorGradient(aer)
    contenders: dict[str, Callable[[], object]] = {
        "QoroEstimator.run": lambda: estimator.run([pub]).result(),
        "QoroEstimator.gradient, adjoint": lambda: estimator.gradient([pub], method="adjoint").result(),
        "QoroEstimator.gradient, parameter shift": lambda: estimator.gradient(
            [pub], method="parameter_shift"
        ).result(),
        "qiskit-algorithms, parameter shift on Aer": lambda: shift.run(
            [decomposed] * count, [observable] * count, list(rows)
        ).result(),
    }
    if circuit.num_qubits <= 8:
        reverse = ReverseEstimatorGradient()
        contenders["qiskit-algorithms, reverse"] = lambda: reverse.run(
            [decomposed] * count, [observable] * count, list(rows)
        ).result()
    if count > 1:
        # These take minutes.
        contenders = dict(list(contenders.items())[:3])
    times = shortest(contenders, 20 if circuit.num_qubits == 8 and count == 1 else 4)
    found = np.asarray(estimator.gradient([pub], method="adjoint").result()[0].data.gradients)
    difference = 0.0
    if count == 1:
        expected = shift.run([decomposed], [observable], [rows[0]]).result().gradients[0]
        difference = float(np.abs(found[0] - expected).max())
    print_times(
        f"{circuit.num_qubits} qubits, {circuit.num_parameters} angles, {count} rows, "
        f"largest difference from parameter shift on Aer {difference:.1e}",
        times,
    )


def measure_computation(circuit: QuantumCircuit, row: np.ndarray) -> None:
    observable = random_observable(circuit.num_qubits)
    strings = [label[::-1] for label in observable.paulis.to_labels()]
    weights = observable.coeffs.real.tolist()
    template = write_template(circuit)
    program = compile_program(resolve_template(template.program.text, template.names, row.tolist()))
    terms = [list(zip(weights, strings, strict=True))]
    ours = GradientEstimator(TemplateCache())
    wanted = [WeightedStrings(tuple(strings), tuple(weights))]
    arguments = (Template(template.program.text, template.names), [row.tolist()], wanted, EngineSettings())
    limit = 1 << 30
    contenders: dict[str, Callable[[], object]] = {
        "engine, value": lambda: program.expectation_values(terms),
        "our gradient": lambda: ours.estimate(*arguments, memory_limit_bytes=limit),
        "engine, gradient": lambda: program.jacobian(terms),
    }
    times = shortest(contenders, 10 if circuit.num_qubits <= 12 else 2)
    print_times(f"{circuit.num_qubits} qubits, the computation alone", times)


def main() -> None:
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(1)
    with QoroProvider.local() as provider:
        backend = provider.get_backend("qoro_maestro")
        estimator = QoroEstimator(backend, options={"show_progress": False})
        for num_qubits, num_rows in ((8, 1), (12, 1), (16, 1), (8, ROWS)):
            circuit = efficient_su2(num_qubits, reps=3)
            rows = rng.uniform(-np.pi, np.pi, (num_rows, circuit.num_parameters))
            measure_calls(estimator, circuit, rows)
    for num_qubits in (4, 8, 12, 16):
        circuit = efficient_su2(num_qubits, reps=3)
        measure_computation(circuit, rng.uniform(-np.pi, np.pi, circuit.num_parameters))


if __name__ == "__main__":
    main()
