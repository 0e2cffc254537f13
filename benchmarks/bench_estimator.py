"""Compare `QoroEstimator`, on the local service over real HTTP, with the estimators of Qiskit and Aer.

(a) Prepare a sweep, as a template and as bound circuits: CPU time of the client, and bytes to send. Random
    numbers need all their digits in any form. Therefore one sweep varies all parameters. Another one varies
    two parameters, while the others are the same in all rows.
(b) Run a sweep.
(c) Run one evaluation of a variational loop.
(d) Estimate many Pauli strings.
(e) Measure the memory of such an estimate.

The estimators take turns, and the shortest time of each one counts. Other load on the machine then affects
all of them alike. The time of `QoroEstimator` is everything from `run` to `result`, including the local
service in this process. The other estimators run in this process without a network.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit.library import efficient_su2
from qiskit.primitives import BackendEstimatorV2, BaseEstimatorV2, StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import EstimatorV2 as AerEstimator
from scipy.optimize import minimize
from timing import shortest

from qiskit_qoro import QoroProvider
from qiskit_qoro.primitives import QoroEstimator
from qiskit_qoro.qasm import write_program

ROWS = 1000
WIDE_ROWS = 100  # rows of a circuit that is so wide that the local service runs it row by row
SAMPLED_ROWS = 20  # rows for the sampling estimator, which would need too long for all of them
PAULI_STRINGS = 20
OURS, AER, STATEVECTOR, BACKEND = (
    "QoroEstimator",
    "Aer's EstimatorV2",
    "StatevectorEstimator",
    "BackendEstimatorV2",
)
H2 = SparsePauliOp(
    ["II", "IZ", "ZI", "ZZ", "XX"],
    [
        -1.052373245772859,
        0.39793742484318045,
        -0.39793742484318045,
        -0.01128010425623538,
        0.18093119978423156,
    ],
)

Pub = tuple[Any, ...]


def observable(num_qubits: int, num_pauli_strings: int, rng: np.random.Generator) -> SparsePauliOp:
    """Make an observable of distinct random Pauli strings with random weights."""
    pauli_strings: set[str] = set()
    while len(pauli_strings) < num_pauli_strings:
        pauli_strings.add("".join(rng.choice(list("IXYZ"), num_qubits)))
    return SparsePauliOp(sorted(pauli_strings), rng.normal(size=num_pauli_strings))


def report(times: Mapping[str, float], what: str) -> None:
    for name, seconds in times.items():
        ratio = f", {seconds / times[OURS]:.2f} of {OURS}" if name != OURS else ""
        print(f"  {what}, {name}: {seconds * 1e3:.1f} ms{ratio}")


def estimate(estimator: BaseEstimatorV2, pub: Pub) -> NDArray[np.float64]:
    values: NDArray[np.float64] = estimator.run([pub]).result()[0].data.evs
    return values


# --- (a) --------------------------------------------------------------------------------------------


def cpu_seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.process_time()
    result = call()
    return time.process_time() - begin, result


def prepare_sweep(ours: QoroEstimator) -> None:
    rng = np.random.default_rng(7)
    circuit = efficient_su2(20, reps=3)
    hamiltonian = observable(20, PAULI_STRINGS, rng)
    all_swept = rng.uniform(-np.pi, np.pi, (ROWS, circuit.num_parameters))
    two_swept = all_swept.copy()
    two_swept[:, 2:] = two_swept[0, 2:]
    print(f"(a) preparing {ROWS} rows of efficient_su2(20, reps=3), {PAULI_STRINGS} Pauli strings")
    for name, values in (("all 160 parameters swept", all_swept), ("2 of 160 swept", two_swept)):
        pub = (circuit, hamiltonian, values)
        template_s, plan = min((cpu_seconds(lambda pub=pub: ours.plan([pub])) for _ in range(3)), key=first)
        bound_s, submission = cpu_seconds(
            lambda values=values: prepare_bound(ours, circuit, hamiltonian, values)
        )
        template_bytes = sum(job.num_bytes for job in plan.jobs)
        print(
            f"  {name}: CPU {template_s * 1e3:.0f} ms as a template, {bound_s * 1e3:.0f} ms as bound "
            f"circuits, {bound_s / template_s:.0f} times as much; {template_bytes:,} and "
            f"{submission.num_bytes:,} bytes, {submission.num_bytes / template_bytes:.1f} times as many"
        )


def first(pair: tuple[float, Any]) -> float:
    return pair[0]


def prepare_bound(
    ours: QoroEstimator, circuit: QuantumCircuit, hamiltonian: SparsePauliOp, values: NDArray[np.float64]
) -> Any:
    """Prepare the same sweep as bound circuits."""
    programs = {str(place): write_program(circuit.assign_parameters(row)) for place, row in enumerate(values)}
    ham_ops = ";".join(label[::-1] for label in hamiltonian.paulis.to_labels())
    return ours.backend.service.prepare_circuits(programs, ham_ops=ham_ops)


# --- (b) to (e) ---------------------------------------------------------------------------------------


def run_sweep(estimators: Mapping[str, BaseEstimatorV2]) -> None:
    pub = random_sweep(8, ROWS)
    print(f"(b) {ROWS} rows of efficient_su2(8, reps=3), {PAULI_STRINGS} Pauli strings, from run to result")
    exact = [estimators[name] for name in (OURS, AER)]
    difference = np.abs(estimate(exact[0], pub) - estimate(exact[1], pub)).max()
    times = shortest({name: bind(estimators[name], pub) for name in (OURS, AER, STATEVECTOR)}, rounds=5)
    few = (*pub[:2], pub[2][:SAMPLED_ROWS])
    sampled = shortest({BACKEND: bind(estimators[BACKEND], few)}, rounds=1)[BACKEND]
    report(times, "sweep")
    print(f"  {SAMPLED_ROWS} of the rows, {BACKEND} (sampling): {sampled * 1e3:.0f} ms")
    print(f"  largest difference from {AER}: {difference:.1e}")
    wide = random_sweep(16, WIDE_ROWS)
    times = shortest({name: bind(estimators[name], wide) for name in (OURS, AER)}, rounds=3)
    report(times, f"{WIDE_ROWS} rows of efficient_su2(16, reps=3)")


def random_sweep(num_qubits: int, rows: int) -> Pub:
    """Make a sweep in which every angle is different."""
    rng = np.random.default_rng(num_qubits)
    circuit = efficient_su2(num_qubits, reps=3)
    values = rng.uniform(-np.pi, np.pi, (rows, circuit.num_parameters))
    return circuit, observable(num_qubits, PAULI_STRINGS, rng), values


def bind(estimator: BaseEstimatorV2, pub: Pub) -> Callable[[], object]:
    return lambda: estimate(estimator, pub)


def run_loop(estimators: Mapping[str, BaseEstimatorV2]) -> None:
    ansatz = efficient_su2(2, ["ry"], reps=1)
    start = np.full(ansatz.num_parameters, 0.1)
    print("(c) H2, COBYLA on 4 parameters, one evaluation")
    evaluations: dict[str, int] = {}
    energies: dict[str, float] = {}

    def loop(name: str) -> None:
        found = minimize(
            lambda values: float(estimate(estimators[name], (ansatz, H2, values))),
            start,
            method="COBYLA",
            options={"maxiter": 100},
        )
        evaluations[name], energies[name] = found.nfev, found.fun

    times = shortest({name: lambda name=name: loop(name) for name in estimators}, rounds=3)
    report({name: seconds / evaluations[name] for name, seconds in times.items()}, "evaluation")
    print("  energies found: " + ", ".join(f"{name} {energy:.6f}" for name, energy in energies.items()))


def run_pauli_strings(estimators: Mapping[str, BaseEstimatorV2]) -> None:
    print("(d) one estimate of 500 Pauli strings of efficient_su2(n, reps=3)")
    for num_qubits, names in (
        (8, (OURS, AER, STATEVECTOR)),
        (12, (OURS, AER, STATEVECTOR)),
        (16, (OURS, AER)),
    ):
        pub = one_estimate(num_qubits, 500)
        times = shortest({name: bind(estimators[name], pub) for name in names}, rounds=3)
        report(times, f"{num_qubits} qubits")


def one_estimate(num_qubits: int, num_pauli_strings: int) -> Pub:
    rng = np.random.default_rng(num_qubits)
    circuit = efficient_su2(num_qubits, reps=3)
    bound = circuit.assign_parameters(rng.uniform(-np.pi, np.pi, circuit.num_parameters))
    return bound, observable(num_qubits, num_pauli_strings, rng)


def measure_memory(estimators: Mapping[str, BaseEstimatorV2]) -> None:
    print("(e) peak memory that Python allocates for one estimate of 2,000 Pauli strings, 12 qubits")
    pub = one_estimate(12, 2000)
    for name in (OURS, AER):
        estimate(estimators[name], pub)  # do not count imports and caches
        tracemalloc.start()
        estimate(estimators[name], pub)
        print(f"  {name}: {tracemalloc.get_traced_memory()[1] / 1e6:.2f} MB")
        tracemalloc.stop()


@contextmanager
def contenders() -> Iterator[dict[str, Any]]:
    with QoroProvider.local() as provider:
        ours = QoroEstimator(provider.get_backend("qoro_maestro"), options={"show_progress": False})
        yield {
            OURS: ours,
            AER: AerEstimator(),
            STATEVECTOR: StatevectorEstimator(),
            BACKEND: BackendEstimatorV2(backend=AerSimulator()),
        }


def main() -> None:
    with contenders() as estimators:
        prepare_sweep(estimators[OURS])
        run_sweep(estimators)
        run_loop(estimators)
        run_pauli_strings(estimators)
        measure_memory(estimators)


if __name__ == "__main__":
    main()
