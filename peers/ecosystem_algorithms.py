"""Run the unmodified ``qiskit-algorithms`` with our primitives on the local service.

``python peers/ecosystem_algorithms.py`` needs both packages in one interpreter. It runs every algorithm of
the package that uses a primitive: eigensolvers, gradients, optimizers, amplitude amplification, amplitude
and phase estimation, and time evolution. It compares every result with a classical one: from diagonalization,
from a matrix exponential, or from Qiskit's statevector primitives.

The samples are seeded, so every run has the same results.
"""

from __future__ import annotations

import math
import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np
import qiskit_algorithms as algorithms
from checking import run_checks
from ecosystem import CountedEstimator, assert_close
from qiskit.circuit import QuantumCircuit
from qiskit.circuit.library import efficient_su2, real_amplitudes
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit.synthesis import SuzukiTrotter
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_algorithms import gradients, optimizers
from qiskit_algorithms.state_fidelities import ComputeUncompute
from qiskit_algorithms.time_evolvers.variational import ImaginaryMcLachlanPrinciple, RealMcLachlanPrinciple
from qiskit_algorithms.utils import algorithm_globals

from qiskit_qoro import MaestroConfig, QoroEstimatorGradient, QoroProvider, QoroSampler

os.environ["QISKIT_QORO_JOURNAL"] = "off"

SHOTS = 4096
SIGMAS = 5.0
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
"""The hydrogen molecule at a distance of 0.735 angstroms, in a minimal basis, on two qubits."""
H2_ENERGY = -1.857275
"""The ground state energy in hartree, without the nuclear repulsion."""
ANSATZ = real_amplitudes(2, reps=2)
START = np.linspace(0.1, 0.6, ANSATZ.num_parameters)
# Maximum cut of a square with one diagonal, up to a constant: 4 of the 5 edges can be cut.
EDGES = SparsePauliOp(["IIZZ", "IZZI", "ZZII", "ZIIZ", "IZIZ"], [1.0] * 5)

BACKEND = QoroProvider.local().get_backend("qoro_maestro")


def estimator() -> CountedEstimator:
    return CountedEstimator(BACKEND)


def sampler(shots: int = SHOTS) -> QoroSampler:
    return QoroSampler(BACKEND, options={"default_shots": shots, "execution_config": MaestroConfig(seed=7)})


def pass_manager() -> Any:
    return generate_preset_pass_manager(1, BACKEND)


def vqe(optimizer: Any, primitive: Any = None, **settings: Any) -> Any:
    primitive = primitive or estimator()
    return algorithms.VQE(primitive, ANSATZ, optimizer, initial_point=START, **settings)


# --- eigensolvers ------------------------------------------------------------------------------------------


def diagonalization_gives_the_expected_energy() -> None:
    exact = algorithms.NumPyMinimumEigensolver().compute_minimum_eigenvalue(H2).eigenvalue
    assert_close(exact, H2_ENERGY, 1e-6)


def vqe_finds_the_energy_of_hydrogen() -> str:
    found = vqe(optimizers.L_BFGS_B()).compute_minimum_eigenvalue(H2)
    return f"{found.eigenvalue:.6f} Ha, {assert_close(found.eigenvalue, H2_ENERGY, 1e-6)}"


def vqe_submits_one_job_per_evaluation() -> str:
    primitive = estimator()
    started = time.monotonic()
    found = vqe(optimizers.COBYLA(maxiter=200), primitive).compute_minimum_eigenvalue(H2)
    each = (time.monotonic() - started) / found.cost_function_evals
    assert primitive.jobs == found.cost_function_evals, (primitive.jobs, found.cost_function_evals)
    assert_close(found.eigenvalue, H2_ENERGY, 1e-4)
    started = time.monotonic()
    same = vqe(optimizers.COBYLA(maxiter=200), StatevectorEstimator()).compute_minimum_eigenvalue(H2)
    reference = (time.monotonic() - started) / same.cost_function_evals
    return f"{primitive.jobs} jobs, {each * 1e3:.1f} ms each, on a statevector {reference * 1e3:.1f} ms"


def vqe_submits_one_job_per_gradient() -> str:
    primitive = estimator()
    started = time.monotonic()
    gradient = gradients.ParamShiftEstimatorGradient(primitive)
    found = vqe(optimizers.SLSQP(ftol=1e-10), primitive, gradient=gradient).compute_minimum_eigenvalue(H2)
    took = time.monotonic() - started
    assert primitive.jobs <= 2 * found.cost_function_evals, (primitive.jobs, found.cost_function_evals)
    rows, milliseconds = 2 * ANSATZ.num_parameters, took / primitive.jobs * 1e3
    figures = f"{primitive.jobs} jobs of up to {rows} rows, {milliseconds:.1f} ms each"
    return f"{figures}, {assert_close(found.eigenvalue, H2_ENERGY, 1e-6)}"


def vqe_accepts_our_gradient() -> str:
    primitive = estimator()
    started = time.monotonic()
    gradient = QoroEstimatorGradient(primitive)
    found = vqe(optimizers.SLSQP(ftol=1e-10), primitive, gradient=gradient).compute_minimum_eigenvalue(H2)
    milliseconds = (time.monotonic() - started) / primitive.jobs * 1e3
    assert primitive.jobs <= 2 * found.cost_function_evals, (primitive.jobs, found.cost_function_evals)
    figures = f"{primitive.jobs} jobs, {milliseconds:.1f} ms each"
    return f"{figures}, {assert_close(found.eigenvalue, H2_ENERGY, 1e-6)}"


def vqe_accepts_a_pass_manager_and_auxiliary_operators() -> str:
    solver = vqe(optimizers.L_BFGS_B(), transpiler=pass_manager())
    others = {"ZZ": SparsePauliOp("ZZ"), "II": SparsePauliOp("II"), "nothing": 0 * SparsePauliOp("XX")}
    found = solver.compute_minimum_eigenvalue(H2, aux_operators=others)
    values = {name: value for name, (value, _) in found.aux_operators_evaluated.items()}
    assert_close([values["ZZ"], values["II"], values["nothing"]], [-1, 1, 0], 1e-4)
    return assert_close(found.eigenvalue, H2_ENERGY, 1e-6)


def vqe_finds_the_energy_from_counts() -> str:
    primitive = CountedEstimator(
        BACKEND,
        options={
            "force_sampling": True,
            "default_shots": SHOTS,
            "execution_config": MaestroConfig(seed=7),
        },
    )
    found = vqe(optimizers.SPSA(maxiter=60), primitive).compute_minimum_eigenvalue(H2)
    # Evaluate the optimal point exactly, without the sampling error.
    (point,) = StatevectorEstimator().run([(ANSATZ, H2, found.optimal_point)]).result()
    return assert_close(point.data.evs, H2_ENERGY, 0.01)


def adaptive_vqe_builds_its_circuit() -> str:
    first = QuantumCircuit(2)
    first.x(0)
    solver = algorithms.AdaptVQE(
        algorithms.VQE(estimator(), QuantumCircuit(2), optimizers.SLSQP(ftol=1e-10)),
        operators=[SparsePauliOp("XY"), SparsePauliOp("YX"), SparsePauliOp("YI")],
        initial_state=first,
    )
    return assert_close(solver.compute_minimum_eigenvalue(H2).eigenvalue, H2_ENERGY, 1e-5)


def vqd_finds_the_excited_states() -> str:
    solver = algorithms.VQD(
        estimator(),
        ComputeUncompute(sampler()),
        ANSATZ,
        optimizers.COBYLA(maxiter=150),
        k=2,
        betas=[3.0],
        initial_point=START,
    )
    found = solver.compute_eigenvalues(H2).eigenvalues
    expected = algorithms.NumPyEigensolver(k=2).compute_eigenvalues(H2).eigenvalues
    return assert_close(found, expected, 0.02)


def qaoa_finds_the_cut(**settings: Any) -> str:
    solver = algorithms.QAOA(
        sampler(), optimizers.COBYLA(maxiter=40), reps=2, initial_point=[0.5] * 4, **settings
    )
    found = solver.compute_minimum_eigenvalue(EDGES)
    return _cut(found)


def qaoa_accepts_a_pass_manager() -> str:
    return qaoa_finds_the_cut(transpiler=pass_manager())


def sampling_vqe_finds_the_cut() -> str:
    start = np.full(8, 0.3)
    solver = algorithms.SamplingVQE(
        sampler(), real_amplitudes(4, reps=1), optimizers.COBYLA(maxiter=40), initial_point=start
    )
    return _cut(solver.compute_minimum_eigenvalue(EDGES))


def _cut(found: Any) -> str:
    expected = algorithms.NumPyMinimumEigensolver().compute_minimum_eigenvalue(EDGES).eigenvalue
    assert_close(found.best_measurement["value"], expected, 1e-9)
    assert_close(found.eigenvalue, expected, 1.5)
    return f"{found.best_measurement['bitstring']}, {found.cost_function_evals} jobs"


# --- gradients ---------------------------------------------------------------------------------------------


def parameter_shifts_give_the_gradient() -> str:
    return _gradient(gradients.ParamShiftEstimatorGradient, 1e-9)


def our_gradient_is_exact() -> str:
    return _gradient(QoroEstimatorGradient, 1e-12)


def our_shifted_gradient_is_exact() -> str:
    return _gradient(QoroEstimatorGradient, 1e-12, method="parameter_shift")


def linear_combinations_give_the_gradient() -> str:
    return _gradient(gradients.LinCombEstimatorGradient, 1e-9)


def finite_differences_give_the_gradient() -> str:
    return _gradient(gradients.FiniteDiffEstimatorGradient, 1e-6, epsilon=1e-4)


def simultaneous_perturbation_gives_the_same_gradient_as_a_statevector() -> str:
    settings = {"epsilon": 1e-3, "batch_size": 4, "seed": 3}
    values = [
        gradients.SPSAEstimatorGradient(primitive, **settings).run([ANSATZ], [H2], [START]).result().gradients
        for primitive in (estimator(), StatevectorEstimator())
    ]
    return assert_close(*values, 1e-6)


def _gradient(kind: Callable[..., Any], tolerance: float, **settings: Any) -> str:
    """Compute the gradients of two circuits in one call and compare them with those of a statevector."""
    primitive = estimator()
    other = efficient_su2(2, reps=1)
    circuits, points = [ANSATZ, other], [START, np.linspace(-1, 1, other.num_parameters)]
    job = kind(primitive, **settings).run(circuits, [H2, H2], points)
    reference = gradients.ReverseEstimatorGradient().run(circuits, [H2, H2], points)
    differences = [
        assert_close(found, expected, tolerance)
        for found, expected in zip(job.result().gradients, reference.result().gradients, strict=True)
    ]
    return f"{', '.join(differences)}, {primitive.jobs} jobs"


def the_quantum_fisher_information_is_right() -> str:
    found, expected = (
        gradients.QFI(geometry).run([ANSATZ], [START]).result().qfis[0]
        for geometry in (gradients.LinCombQGT(estimator()), gradients.ReverseQGT())
    )
    return assert_close(found, expected, 1e-9)


def parameter_shifts_give_the_gradient_of_probabilities() -> str:
    return _sampled_gradient(gradients.ParamShiftSamplerGradient)


def linear_combinations_give_the_gradient_of_probabilities() -> str:
    return _sampled_gradient(gradients.LinCombSamplerGradient)


def _sampled_gradient(kind: Callable[..., Any]) -> str:
    measured = ANSATZ.copy()
    measured.measure_all()
    found = kind(sampler()).run([measured], [START]).result().gradients[0]
    dense = [[derivative.get(state, 0.0) for state in range(4)] for derivative in found]
    shift = np.eye(len(START)) * math.pi / 2
    expected = [(_probabilities(START + row) - _probabilities(START - row)) / 2 for row in shift]
    return assert_close(dense, expected, SIGMAS / math.sqrt(2 * SHOTS))


def _probabilities(point: Any) -> np.ndarray:
    return Statevector(ANSATZ.assign_parameters(point)).probabilities()


def fidelities_are_sampled() -> str:
    found = ComputeUncompute(sampler()).run([ANSATZ], [ANSATZ], [START], [START + 0.2]).result().fidelities
    states = [Statevector(ANSATZ.assign_parameters(point)) for point in (START, START + 0.2)]
    return assert_close(found, [abs(states[0].inner(states[1])) ** 2], SIGMAS / 2 / math.sqrt(SHOTS))


# --- amplitudes and phases ---------------------------------------------------------------------------------


def grover_finds_the_marked_state() -> str:
    oracle = QuantumCircuit(3)
    oracle.ccz(0, 1, 2)
    problem = algorithms.AmplificationProblem(oracle, is_good_state=["111"])
    found = algorithms.Grover(sampler=sampler(), iterations=2).amplify(problem)
    assert found.top_measurement == "111", found.top_measurement
    probability = found.max_probability
    return f"{probability:.3f}, {assert_close(probability, math.sin(5 * math.asin(8**-0.5)) ** 2, 0.02)}"


def phases_are_estimated() -> str:
    turn = QuantumCircuit(1)
    turn.p(2 * math.pi * 5 / 16, 0)
    excited = QuantumCircuit(1)
    excited.x(0)
    phases = [
        algorithms.PhaseEstimation(4, sampler()).estimate(turn, excited).phase,
        algorithms.PhaseEstimation(4, sampler(), transpiler=pass_manager()).estimate(turn, excited).phase,
        algorithms.IterativePhaseEstimation(4, sampler()).estimate(turn, excited).phase,
    ]
    return assert_close(phases, 5 / 16, 1e-9)


def the_phase_of_a_hamiltonian_is_its_energy() -> str:
    solver = algorithms.HamiltonianPhaseEstimation(6, sampler())
    found = solver.estimate(SparsePauliOp("Z", [0.5]), QuantumCircuit(1))
    return assert_close(found.most_likely_eigenvalue, 0.5, 0.02)


def amplitudes_are_estimated() -> str:
    probability = 0.2
    angle = 2 * math.asin(math.sqrt(probability))
    prepare, grover = QuantumCircuit(1), QuantumCircuit(1)
    prepare.ry(angle, 0)
    grover.ry(2 * angle, 0)
    problem = algorithms.EstimationProblem(prepare, [0], grover_operator=grover)
    primitive = sampler()
    found = [
        algorithms.AmplitudeEstimation(4, sampler=primitive).estimate(problem).mle,
        algorithms.IterativeAmplitudeEstimation(0.01, 0.05, sampler=primitive).estimate(problem).estimation,
        algorithms.FasterAmplitudeEstimation(0.01, 3, sampler=primitive).estimate(problem).estimation,
        algorithms.MaximumLikelihoodAmplitudeEstimation(3, sampler=primitive).estimate(problem).estimation,
    ]
    return assert_close(found, probability, 0.01)


# --- time evolution ----------------------------------------------------------------------------------------

FIELD = SparsePauliOp(["ZI", "IZ", "XX"], [0.5, 0.3, 0.7])
EVOLVING = efficient_su2(2, reps=1)
EVOLVING_START = np.full(EVOLVING.num_parameters, 0.5)


def trotter_steps_follow_the_exact_evolution() -> str:
    first = QuantumCircuit(2)
    first.h(0)
    problem = algorithms.TimeEvolutionProblem(FIELD, 1.0, first, aux_operators=[SparsePauliOp("IX")])
    found = algorithms.TrotterQRTE(estimator=estimator(), num_timesteps=50).evolve(problem)
    exact = algorithms.SciPyRealEvolver(50).evolve(problem)
    return assert_close(found.aux_ops_evaluated[0][0], exact.aux_ops_evaluated[0][0], 0.02)


def variational_evolution_matches_a_statevector() -> str:
    return ", ".join(
        assert_close(*(_evolve(kind, primitive) for primitive in (estimator(), StatevectorEstimator())), 1e-6)
        for kind in ("imaginary", "real")
    )


def _evolve(kind: str, primitive: Any) -> float:
    problem = algorithms.TimeEvolutionProblem(FIELD, 0.2, aux_operators=[SparsePauliOp("IX")])
    geometry = gradients.LinCombQGT(primitive)
    if kind == "imaginary":
        principle: Any = ImaginaryMcLachlanPrinciple(geometry, gradients.LinCombEstimatorGradient(primitive))
        evolver: Any = algorithms.VarQITE
    else:
        gradient = gradients.LinCombEstimatorGradient(
            primitive, derivative_type=gradients.DerivativeType.IMAG
        )
        principle, evolver = RealMcLachlanPrinciple(geometry, gradient), algorithms.VarQRTE
    found = evolver(EVOLVING, EVOLVING_START, principle, estimator=primitive, num_timesteps=4).evolve(problem)
    return float(found.aux_ops_evaluated[0][0])


def projected_dynamics_follow_the_exact_evolution() -> str:
    first = EVOLVING.assign_parameters(EVOLVING_START)
    observables = [SparsePauliOp("IX")]
    solver = algorithms.PVQD(
        ComputeUncompute(sampler(shots=20_000)),
        EVOLVING,
        EVOLVING_START,
        estimator=estimator(),
        num_timesteps=1,
        optimizer=optimizers.COBYLA(maxiter=90, rhobeg=0.4),
        initial_guess=np.full(EVOLVING.num_parameters, 0.1),
        evolution=SuzukiTrotter(reps=8),
    )
    found = solver.evolve(algorithms.TimeEvolutionProblem(FIELD, 1.0, aux_operators=observables))
    exact = algorithms.SciPyRealEvolver(50).evolve(
        algorithms.TimeEvolutionProblem(FIELD, 1.0, first, aux_operators=observables)
    )
    assert found.fidelities[-1] > 0.999, found.fidelities
    # The value changes by 0.13 during the evolution.
    return assert_close(found.aux_ops_evaluated[0], exact.aux_ops_evaluated[0][0], 0.03)


CHECKS = [
    diagonalization_gives_the_expected_energy,
    vqe_finds_the_energy_of_hydrogen,
    vqe_submits_one_job_per_evaluation,
    vqe_submits_one_job_per_gradient,
    vqe_accepts_our_gradient,
    vqe_accepts_a_pass_manager_and_auxiliary_operators,
    vqe_finds_the_energy_from_counts,
    adaptive_vqe_builds_its_circuit,
    vqd_finds_the_excited_states,
    qaoa_finds_the_cut,
    qaoa_accepts_a_pass_manager,
    sampling_vqe_finds_the_cut,
    our_gradient_is_exact,
    our_shifted_gradient_is_exact,
    parameter_shifts_give_the_gradient,
    linear_combinations_give_the_gradient,
    finite_differences_give_the_gradient,
    simultaneous_perturbation_gives_the_same_gradient_as_a_statevector,
    the_quantum_fisher_information_is_right,
    parameter_shifts_give_the_gradient_of_probabilities,
    linear_combinations_give_the_gradient_of_probabilities,
    fidelities_are_sampled,
    grover_finds_the_marked_state,
    phases_are_estimated,
    the_phase_of_a_hamiltonian_is_its_energy,
    amplitudes_are_estimated,
    trotter_steps_follow_the_exact_evolution,
    variational_evolution_matches_a_statevector,
    projected_dynamics_follow_the_exact_evolution,
]


def main() -> int:
    print(f"qiskit-algorithms {metadata.version('qiskit-algorithms')} on {BACKEND}", flush=True)
    algorithm_globals.random_seed = 3
    # The package warns about its own future changes and uses deprecated classes of Qiskit.
    warnings.simplefilter("ignore")
    # The first job starts the local service, which must not be part of the measured times.
    estimator().run([(ANSATZ, H2, START)]).result()
    return run_checks(CHECKS)


if __name__ == "__main__":
    sys.exit(main())
