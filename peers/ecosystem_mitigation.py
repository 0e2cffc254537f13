"""Run the unmodified ``mthree`` and ``qiskit-addon-cutting`` on the local service.

``python peers/ecosystem_mitigation.py`` needs all packages in one interpreter. It uses our backends and our
sampler. A mitigated value must be closer to the ideal value than the measured one, and close to the value of
the noisy state without readout errors. The values of a cut circuit must equal those of the whole circuit,
within the sampling error that follows from the shots and from the overhead of the cuts.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

import mthree
import numpy as np
from checking import run_checks
from mthree.utils import expval, final_measurement_mapping
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import efficient_su2
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import PauliList, SparsePauliOp
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_addon_cutting import (
    cut_wires,
    expand_observables,
    generate_cutting_experiments,
    partition_problem,
    reconstruct_expectation_values,
)
from qiskit_addon_cutting.automated_cut_finding import (
    DeviceConstraints,
    OptimizationParameters,
    find_cuts,
)
from qiskit_addon_cutting.instructions import CutWire

from qiskit_qoro import (
    DeviceConfig,
    ExecutionConfig,
    MaestroConfig,
    QoroEstimator,
    QoroProvider,
    QoroSampler,
)
from qiskit_qoro.local.engine.devices import device_errors

os.environ["QISKIT_QORO_JOURNAL"] = "off"

SHOTS = 20_000
SIGMAS = 5.0

PROVIDER = QoroProvider.local()
SIMULATOR = PROVIDER.get_backend("qoro_maestro")
QPU = PROVIDER.get_backend("local_qpu")
# A line of coupled qubits of the device.
LINE = [0, 1, 3, 4, 6]


# --- mthree ------------------------------------------------------------------------------------------------


def ghz() -> QuantumCircuit:
    circuit = QuantumCircuit(5)
    circuit.h(0)
    for qubit in range(4):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return transpile(circuit, QPU, initial_layout=LINE)


def counts_of(circuit: QuantumCircuit) -> Any:
    config = DeviceConfig({"SEED": 5})
    return QPU.run(circuit, shots=SHOTS, execution_config=config).result().get_counts()


def calibrated(method: str, qubits: Any = tuple(LINE)) -> Any:
    mitigation = mthree.M3Mitigation(QPU)
    jobs = mitigation.cals_from_system(qubits, shots=SHOTS, method=method)
    assert len(jobs) == 1, jobs
    return mitigation


def calibration_finds_the_readout_errors_with_all_three_methods() -> str:
    found = {}
    for method in ("balanced", "independent", "marginal"):
        matrices = np.array([calibrated(method).single_qubit_cals[qubit] for qubit in LINE])
        wrong = (matrices[:, 1, 0] + matrices[:, 0, 1]) / 2
        errors = device_errors("local_qpu")
        expected = np.array([errors.readout[qubit] for qubit in LINE])
        tolerance = SIGMAS * np.sqrt(expected / SHOTS / 2) + max(errors.one_qubit)
        assert np.all(np.abs(wrong - expected) < tolerance), (method, wrong)
        found[method] = wrong.mean()
    figures = ", ".join(f"{method} {mean:.4f}" for method, mean in found.items())
    return f"{figures}, in the target {expected.mean():.4f}, one job each"


def correction_brings_parities_closer_to_the_ideal_values() -> str:
    circuit = ghz()
    counts, mapping = counts_of(circuit), final_measurement_mapping(circuit)
    corrected = calibrated("balanced", mapping).apply_correction(counts, mapping)
    figures = []
    for pauli_string in ("IIIZZ", "ZIIIZ", "ZZZZI"):
        raw, mitigated = float(expval(counts, pauli_string)), float(corrected.expval(pauli_string))
        assert_mitigated(raw, mitigated, pauli_string)
        figures.append(f"{pauli_string} {raw:.3f} -> {mitigated:.3f}")
    return ", ".join(figures)


def assert_mitigated(raw: float, mitigated: float, pauli_string: str) -> None:
    """Check the mitigated parity of a state whose ideal parity is 1.

    Readout mitigation does not remove gate errors. Therefore the expected parity is simulated with the gate
    errors only.
    """
    config = ExecutionConfig(noisy_device="local_qpu")
    estimator = QoroEstimator(SIMULATOR, options={"execution_config": config})
    circuit = ghz().remove_final_measurements(inplace=False)
    observable = SparsePauliOp(pauli_string).apply_layout(LINE, 7)
    (expected,) = estimator.run([(circuit, observable)]).result()
    assert abs(1 - mitigated) < abs(1 - raw) / 2, (pauli_string, raw, mitigated)
    assert abs(mitigated - float(expected.data.evs)) < 0.01, (pauli_string, mitigated, expected.data.evs)


def counts_of_the_sampler_can_be_corrected() -> str:
    circuit = ghz()
    sampler = QoroSampler(QPU, options={"execution_config": DeviceConfig({"SEED": 5})})
    counts = sampler.run([circuit], shots=SHOTS).result()[0].data.meas.get_counts()
    mapping = final_measurement_mapping(circuit)
    corrected, details = calibrated("balanced").apply_correction(
        counts, mapping, method="iterative", details=True
    )
    raw, mitigated = float(expval(counts, "ZZZZI")), float(corrected.expval("ZZZZI"))
    assert_mitigated(raw, mitigated, "ZZZZI")
    nearest = corrected.nearest_probability_distribution()
    assert nearest["00000"] + nearest["11111"] > 0.95, nearest
    return f"{raw:.3f} -> {mitigated:.3f}, {details['iterations']} iterations"


def a_calibration_can_be_saved_and_loaded() -> None:
    mitigation, again = calibrated("marginal"), mthree.M3Mitigation(QPU)
    with tempfile.TemporaryDirectory() as scratch:
        path = str(Path(scratch) / "calibration.json")
        mitigation.cals_to_file(path)
        again.cals_from_file(path)
    for one, other in zip(mitigation.single_qubit_cals, again.single_qubit_cals, strict=True):
        assert (one is None and other is None) or np.allclose(one, other)


def a_simulator_has_no_readout_errors() -> None:
    mitigation = mthree.M3Mitigation(SIMULATOR)
    mitigation.cals_from_system(range(3), shots=100)
    assert all(np.array_equal(mitigation.single_qubit_cals[qubit], np.eye(2)) for qubit in range(3))


# --- cutting -----------------------------------------------------------------------------------------------

OBSERVABLES = SparsePauliOp(["ZZII", "IZZI", "IIZZ", "XIXI", "ZIZZ", "IXIX"], [1, 1, 1, 0.5, 0.5, 0.5])
SUBSHOTS = 4096


def layers() -> QuantumCircuit:
    circuit = efficient_su2(4, entanglement="linear", reps=1).decompose()
    return circuit.assign_parameters(np.linspace(0.2, 1.4, circuit.num_parameters))


def circuits_with_cut_gates_are_reconstructed() -> str:
    problem = partition_problem(layers(), partition_labels="AABB", observables=OBSERVABLES.paulis)
    return _reconstruct(problem, layers())


def circuits_with_cut_wires_are_reconstructed() -> str:
    whole, marked = QuantumCircuit(4), QuantumCircuit(4)
    for circuit in (whole, marked):
        for qubit in range(4):
            circuit.ry(0.4 + 0.2 * qubit, qubit)
        circuit.cx(0, 1)
        circuit.cx(1, 2)
        if circuit is marked:
            circuit.append(CutWire(), [2])
        circuit.ry(0.3, 2)
        circuit.cx(2, 3)
    cut = cut_wires(marked)
    observables = expand_observables(OBSERVABLES.paulis, marked, cut)
    return _reconstruct(partition_problem(cut, observables=observables), whole)


def circuits_with_automatic_cuts_are_reconstructed() -> str:
    circuit = layers()
    marked, found = find_cuts(
        circuit, OptimizationParameters(seed=5), DeviceConstraints(qubits_per_subcircuit=2)
    )
    assert len(found["cuts"]) == 1, found
    cut = cut_wires(marked)
    observables = expand_observables(PauliList(OBSERVABLES.paulis), circuit, cut)
    return _reconstruct(partition_problem(cut, observables=observables), circuit)


def _reconstruct(problem: Any, whole: QuantumCircuit) -> str:
    experiments, coefficients = generate_cutting_experiments(
        circuits=problem.subcircuits, observables=problem.subobservables, num_samples=np.inf
    )
    sampler = QoroSampler(SIMULATOR, options={"execution_config": MaestroConfig(seed=7)})
    manager = generate_preset_pass_manager(1, SIMULATOR)
    jobs = {part: sampler.run(manager.run(own), shots=SUBSHOTS) for part, own in experiments.items()}
    results = {part: job.result() for part, job in jobs.items()}
    values = reconstruct_expectation_values(results, coefficients, problem.subobservables)
    found = float(np.real(np.dot(values, OBSERVABLES.coeffs)))
    (reference,) = StatevectorEstimator().run([(whole, OBSERVABLES)]).result()
    expected = float(reference.data.evs)
    # Each term of the decomposition is sampled. The sum of their weights is at most the root of the overhead.
    overhead = float(np.prod([basis.overhead for basis in problem.bases]))
    tolerance = SIGMAS * math.sqrt(overhead / SUBSHOTS) * float(np.linalg.norm(OBSERVABLES.coeffs))
    assert abs(found - expected) < tolerance, (found, expected, tolerance)
    ids = [number for job in jobs.values() for number in job.job_ids]
    assert len(ids) == len(problem.subcircuits), ids
    total = sum(map(len, experiments.values()))
    return f"{found:.4f}, uncut {expected:.4f}, {len(ids)} jobs of {total} circuits, overhead {overhead:g}"


CHECKS = [
    calibration_finds_the_readout_errors_with_all_three_methods,
    correction_brings_parities_closer_to_the_ideal_values,
    counts_of_the_sampler_can_be_corrected,
    a_calibration_can_be_saved_and_loaded,
    a_simulator_has_no_readout_errors,
    circuits_with_cut_gates_are_reconstructed,
    circuits_with_cut_wires_are_reconstructed,
    circuits_with_automatic_cuts_are_reconstructed,
]


def main() -> int:
    packages = (f"{name} {metadata.version(name)}" for name in ("mthree", "qiskit-addon-cutting"))
    print(f"{', '.join(packages)} on {SIMULATOR} and {QPU}", flush=True)
    # The packages warn about their own future changes.
    warnings.simplefilter("ignore")
    return run_checks(CHECKS)


if __name__ == "__main__":
    sys.exit(main())
