"""``qiskit-algorithms``, as installed, runs on the primitives, on the local service.

``python peers/ecosystem_algorithms.py``, with an interpreter that holds both. Whatever of the package takes a
primitive is run once at least: eigensolvers, gradients, optimizers, amplitude amplification and estimation,
phase estimation, time evolution. Every answer is held against one that was computed without a quantum
computer: by diagonalization, by a matrix exponential, or by Qiskit's statevector primitives in our place.

Samples are seeded, so that they are the same each time.
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
from checking import hold_all
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

from qiskit_qoro import MaestroConfig, QoroEstimator, QoroProvider, QoroSampler

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
"""Two hydrogen atoms 0.735 angstroms apart, in a minimal basis, on two qubits."""
H2_ENERGY = -1.857275
"""In hartree, without the repulsion of the nuclei."""
ANSATZ = real_amplitudes(2, reps=2)
START = np.linspace(0.1, 0.6, ANSATZ.num_parameters)
# Minus the cut of a square with one diagonal, but for constants: 5 edges, of which 4 can be cut.
EDGES = SparsePauliOp(["IIZZ", "IZZI", "ZZII", "ZIIZ", "IZIZ"], [1.0] * 5)

BACKEND = QoroProvider.local().get_backend("qoro_maestro")


class Counted(QoroEstimator):
    """Counts the jobs that it submits."""

    jobs = 0

    def run(self, *args: Any, **options: Any) -> Any:
        job = super().run(*args, **options)
        self.jobs += len(job.job_ids)
        return job


def estimator() -> Counted:
    return Counted(BACKEND)


def sampler(shots: int = SHOTS) -> QoroSampler:
    return QoroSampler(BACKEND, options={"default_shots": shots, "execution_config": MaestroConfig(seed=7)})


def pass_manager() -> Any:
    return generate_preset_pass_manager(1, BACKEND)


def assert_close(value: Any, expected: Any, tolerance: float) -> str:
    """Assert it, and tell by how much it is off."""
    off = float(np.max(np.abs(np.subtract(value, expected))))
    assert off <= tolerance, f"{value} is off {expected} by {off:.3g}, more than {tolerance:.3g}"
    return f"off by {off:.1e}"


def vqe(optimizer: Any, own: Any = None, **settings: Any) -> Any:
    own = own or estimator()
    return algorithms.VQE(own, ANSATZ, optimizer, initial_point=START, **settings)


# --- eigensolvers ------------------------------------------------------------------------------------------


def diagonalization_gives_the_energy_that_is_expected() -> None:
    exact = algorithms.NumPyMinimumEigensolver().compute_minimum_eigenvalue(H2).eigenvalue
    assert_close(exact, H2_ENERGY, 1e-6)


def vqe_finds_the_energy_of_hydrogen() -> str:
    found = vqe(optimizers.L_BFGS_B()).compute_minimum_eigenvalue(H2)
    return f"{found.eigenvalue:.6f} Ha, {assert_close(found.eigenvalue, H2_ENERGY, 1e-6)}"


def vqe_asks_one_job_an_evaluation() -> str:
    own = estimator()
    started = time.monotonic()
    found = vqe(optimizers.COBYLA(maxiter=200), own).compute_minimum_eigenvalue(H2)
    each = (time.monotonic() - started) / found.cost_function_evals
    assert own.jobs == found.cost_function_evals, (own.jobs, found.cost_function_evals)
    assert_close(found.eigenvalue, H2_ENERGY, 1e-4)
    started = time.monotonic()
    same = vqe(optimizers.COBYLA(maxiter=200), StatevectorEstimator()).compute_minimum_eigenvalue(H2)
    reference = (time.monotonic() - started) / same.cost_function_evals
    return f"{own.jobs} jobs, {each * 1e3:.1f} ms each, on a statevector {reference * 1e3:.1f} ms"


def vqe_with_a_gradient_asks_one_job_a_gradient() -> str:
    own = estimator()
    started = time.monotonic()
    gradient = gradients.ParamShiftEstimatorGradient(own)
    found = vqe(optimizers.SLSQP(ftol=1e-10), own, gradient=gradient).compute_minimum_eigenvalue(H2)
    took = time.monotonic() - started
    assert own.jobs <= 2 * found.cost_function_evals, (own.jobs, found.cost_function_evals)
    figures = (
        f"{own.jobs} jobs of up to {2 * ANSATZ.num_parameters} rows, {took / own.jobs * 1e3:.1f} ms each"
    )
    return f"{figures}, {assert_close(found.eigenvalue, H2_ENERGY, 1e-6)}"


def vqe_takes_a_pass_manager_and_measures_other_operators() -> str:
    solver = vqe(optimizers.L_BFGS_B(), transpiler=pass_manager())
    others = {"ZZ": SparsePauliOp("ZZ"), "II": SparsePauliOp("II"), "nothing": 0 * SparsePauliOp("XX")}
    found = solver.compute_minimum_eigenvalue(H2, aux_operators=others)
    values = {name: value for name, (value, _) in found.aux_operators_evaluated.items()}
    assert_close([values["ZZ"], values["II"], values["nothing"]], [-1, 1, 0], 1e-4)
    return assert_close(found.eigenvalue, H2_ENERGY, 1e-6)


def vqe_finds_it_from_counts() -> str:
    own = Counted(
        BACKEND,
        options={
            "force_sampling": True,
            "default_shots": SHOTS,
            "execution_config": MaestroConfig(seed=7),
        },
    )
    found = vqe(optimizers.SPSA(maxiter=60), own).compute_minimum_eigenvalue(H2)
    # At the point that was found, exactly: the error of the counts is not in it.
    (point,) = StatevectorEstimator().run([(ANSATZ, H2, found.optimal_point)]).result()
    return assert_close(point.data.evs, H2_ENERGY, 0.01)


def adaptive_vqe_grows_its_own_circuit() -> str:
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


def qaoa_takes_a_pass_manager() -> str:
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


def shifted_parameters_give_the_gradient() -> str:
    return _gradient(gradients.ParamShiftEstimatorGradient, 1e-9)


def linear_combinations_give_the_gradient() -> str:
    return _gradient(gradients.LinCombEstimatorGradient, 1e-9)


def finite_differences_give_the_gradient() -> str:
    return _gradient(gradients.FiniteDiffEstimatorGradient, 1e-6, epsilon=1e-4)


def simultaneous_perturbations_give_the_same_as_on_a_statevector() -> str:
    settings = {"epsilon": 1e-3, "batch_size": 4, "seed": 3}
    values = [
        gradients.SPSAEstimatorGradient(own, **settings).run([ANSATZ], [H2], [START]).result().gradients
        for own in (estimator(), StatevectorEstimator())
    ]
    return assert_close(*values, 1e-6)


def _gradient(kind: Callable[..., Any], tolerance: float, **settings: Any) -> str:
    """Of two circuits at once, against the derivative of the statevector."""
    own = estimator()
    other = efficient_su2(2, reps=1)
    circuits, points = [ANSATZ, other], [START, np.linspace(-1, 1, other.num_parameters)]
    job = kind(own, **settings).run(circuits, [H2, H2], points)
    reference = gradients.ReverseEstimatorGradient().run(circuits, [H2, H2], points)
    off = [
        assert_close(found, expected, tolerance)
        for found, expected in zip(job.result().gradients, reference.result().gradients, strict=True)
    ]
    return f"{', '.join(off)}, {own.jobs} jobs"


def the_quantum_fisher_information_is_right() -> str:
    found, expected = (
        gradients.QFI(geometry).run([ANSATZ], [START]).result().qfis[0]
        for geometry in (gradients.LinCombQGT(estimator()), gradients.ReverseQGT())
    )
    return assert_close(found, expected, 1e-9)


def shifted_parameters_give_the_gradient_of_probabilities() -> str:
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
    own = sampler()
    found = [
        algorithms.AmplitudeEstimation(4, sampler=own).estimate(problem).mle,
        algorithms.IterativeAmplitudeEstimation(0.01, 0.05, sampler=own).estimate(problem).estimation,
        algorithms.FasterAmplitudeEstimation(0.01, 3, sampler=own).estimate(problem).estimation,
        algorithms.MaximumLikelihoodAmplitudeEstimation(3, sampler=own).estimate(problem).estimation,
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


def variational_evolutions_are_the_same_as_on_a_statevector() -> str:
    return ", ".join(
        assert_close(*(_evolve(kind, own) for own in (estimator(), StatevectorEstimator())), 1e-6)
        for kind in ("imaginary", "real")
    )


def _evolve(kind: str, own: Any) -> float:
    problem = algorithms.TimeEvolutionProblem(FIELD, 0.2, aux_operators=[SparsePauliOp("IX")])
    geometry = gradients.LinCombQGT(own)
    if kind == "imaginary":
        principle: Any = ImaginaryMcLachlanPrinciple(geometry, gradients.LinCombEstimatorGradient(own))
        evolver: Any = algorithms.VarQITE
    else:
        gradient = gradients.LinCombEstimatorGradient(own, derivative_type=gradients.DerivativeType.IMAG)
        principle, evolver = RealMcLachlanPrinciple(geometry, gradient), algorithms.VarQRTE
    found = evolver(EVOLVING, EVOLVING_START, principle, estimator=own, num_timesteps=4).evolve(problem)
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
    # The value moves by 0.13.
    return assert_close(found.aux_ops_evaluated[0], exact.aux_ops_evaluated[0][0], 0.03)


CHECKS = [
    diagonalization_gives_the_energy_that_is_expected,
    vqe_finds_the_energy_of_hydrogen,
    vqe_asks_one_job_an_evaluation,
    vqe_with_a_gradient_asks_one_job_a_gradient,
    vqe_takes_a_pass_manager_and_measures_other_operators,
    vqe_finds_it_from_counts,
    adaptive_vqe_grows_its_own_circuit,
    vqd_finds_the_excited_states,
    qaoa_finds_the_cut,
    qaoa_takes_a_pass_manager,
    sampling_vqe_finds_the_cut,
    shifted_parameters_give_the_gradient,
    linear_combinations_give_the_gradient,
    finite_differences_give_the_gradient,
    simultaneous_perturbations_give_the_same_as_on_a_statevector,
    the_quantum_fisher_information_is_right,
    shifted_parameters_give_the_gradient_of_probabilities,
    linear_combinations_give_the_gradient_of_probabilities,
    fidelities_are_sampled,
    grover_finds_the_marked_state,
    phases_are_estimated,
    the_phase_of_a_hamiltonian_is_its_energy,
    amplitudes_are_estimated,
    trotter_steps_follow_the_exact_evolution,
    variational_evolutions_are_the_same_as_on_a_statevector,
    projected_dynamics_follow_the_exact_evolution,
]


def main() -> int:
    print(f"qiskit-algorithms {metadata.version('qiskit-algorithms')} on {BACKEND}", flush=True)
    algorithm_globals.random_seed = 3
    # The package's own: of what it is going to change, and of classes of Qiskit that are.
    warnings.simplefilter("ignore")
    # The first job starts the local service: that is not to be measured.
    estimator().run([(ANSATZ, H2, START)]).result()
    return hold_all(CHECKS)


if __name__ == "__main__":
    sys.exit(main())
