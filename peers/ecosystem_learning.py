"""``qiskit-machine-learning``, as installed, learns on the primitives, on the local service.

``python peers/ecosystem_learning.py``, with an interpreter that holds both. Neural networks forwards and
backwards, kernels, classifiers, regressors and Bayesian inference. Networks and kernels are held against
statevectors; what is trained, against the labels that it was trained with.

Samples are seeded, so that they are the same each time.
"""

from __future__ import annotations

import importlib.util
import math
import os
import sys
import time
import warnings
from importlib import metadata
from typing import Any

import numpy as np
from checking import hold_all
from qiskit.circuit import QuantumCircuit, QuantumRegister
from qiskit.circuit.library import real_amplitudes, z_feature_map, zz_feature_map
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_machine_learning import algorithms, gradients, optimizers
from qiskit_machine_learning.kernels import FidelityQuantumKernel, TrainableFidelityQuantumKernel
from qiskit_machine_learning.kernels.algorithms import QuantumKernelTrainer
from qiskit_machine_learning.neural_networks import EstimatorQNN, SamplerQNN
from qiskit_machine_learning.state_fidelities import ComputeUncompute
from qiskit_machine_learning.utils import algorithm_globals

from qiskit_qoro import MaestroConfig, QoroEstimator, QoroProvider, QoroSampler

os.environ["QISKIT_QORO_JOURNAL"] = "off"

SHOTS = 4096
SIGMAS = 5.0
FEATURES = zz_feature_map(2)
ANSATZ = real_amplitudes(2, reps=1)
INPUTS, WEIGHTS = list(FEATURES.parameters), list(ANSATZ.parameters)
RNG = np.random.default_rng(1)
POINTS = RNG.random((12, len(INPUTS)))
START = RNG.random(len(WEIGHTS))
OBSERVABLES = [SparsePauliOp("ZZ"), SparsePauliOp(["XI", "IZ"], [1, 0.5])]
# Two clouds, one at the left and one at the right.
CLOUDS = np.concatenate([RNG.normal(0.4, 0.12, (10, 2)), RNG.normal(1.2, 0.12, (10, 2))])
SIDES = np.repeat([-1, 1], 10)

BACKEND = QoroProvider.local().get_backend("qoro_maestro")


class CountedEstimator(QoroEstimator):
    """Counts the jobs that it submits."""

    jobs = 0

    def run(self, *args: Any, **options: Any) -> Any:
        job = super().run(*args, **options)
        self.jobs += len(job.job_ids)
        return job


class CountedSampler(QoroSampler):
    """Counts the jobs that it submits."""

    jobs = 0

    def run(self, *args: Any, **options: Any) -> Any:
        job = super().run(*args, **options)
        self.jobs += len(job.job_ids)
        return job


def estimator() -> CountedEstimator:
    return CountedEstimator(BACKEND)


def sampler() -> CountedSampler:
    return CountedSampler(
        BACKEND, options={"default_shots": SHOTS, "execution_config": MaestroConfig(seed=7)}
    )


def network_circuit() -> QuantumCircuit:
    return FEATURES.compose(ANSATZ)


def assert_close(value: Any, expected: Any, tolerance: float) -> str:
    """Assert it, and tell by how much it is off."""
    off = float(np.max(np.abs(np.subtract(value, expected))))
    assert off <= tolerance, f"{value} is off {expected} by {off:.3g}, more than {tolerance:.3g}"
    return f"off by {off:.1e}"


def assert_learnt(score: float, least: float = 1.0) -> str:
    assert score >= least, f"it is right in {score:.0%}, expected {least:.0%} at least"
    return f"right in {score:.0%}"


# --- neural networks ---------------------------------------------------------------------------------------


def torch_is_not_installed_with_the_package() -> None:
    required = [line for line in metadata.requires("qiskit-machine-learning") or [] if "torch" in line]
    assert all("extra ==" in line for line in required), required
    assert importlib.util.find_spec("torch") is None


def an_estimator_network_is_right_forwards_and_backwards() -> str:
    own = estimator()
    values, figures = [], []
    for used in (own, StatevectorEstimator()):
        started = time.monotonic()
        values.append(_answers(_estimator_network(used)))
        figures.append(f"{time.monotonic() - started:.2f} s")
    assert own.jobs == 2, own.jobs
    off = [assert_close(*pair, 1e-9) for pair in zip(*values, strict=True)]
    return f"{', '.join(off)}, {own.jobs} jobs, {figures[0]}, on a statevector {figures[1]}"


def an_estimator_network_takes_a_pass_manager() -> str:
    transpiled = _estimator_network(
        estimator(), pass_manager=generate_preset_pass_manager(1, BACKEND, layout_method="trivial")
    )
    plain = _estimator_network(StatevectorEstimator())
    return assert_close(transpiled.forward(POINTS, START), plain.forward(POINTS, START), 1e-9)


def linear_combinations_give_the_same_gradient() -> str:
    own = estimator()
    network = _estimator_network(own, gradient=gradients.LinCombEstimatorGradient(own))
    expected = _estimator_network(StatevectorEstimator()).backward(POINTS[:3], START)
    return assert_close(network.backward(POINTS[:3], START)[1], expected[1], 1e-9)


def _estimator_network(used: Any, **settings: Any) -> EstimatorQNN:
    settings.setdefault("gradient", gradients.ParamShiftEstimatorGradient(used))
    return EstimatorQNN(
        circuit=network_circuit(),
        estimator=used,
        observables=OBSERVABLES,
        input_params=INPUTS,
        weight_params=WEIGHTS,
        input_gradients=True,
        default_precision=0.0,
        **settings,
    )


def _answers(network: Any) -> tuple[Any, Any, Any]:
    return (network.forward(POINTS, START), *network.backward(POINTS, START))


def a_sampler_network_is_right_forwards_and_backwards() -> str:
    own = sampler()
    network = SamplerQNN(
        circuit=network_circuit(),
        sampler=own,
        input_params=INPUTS,
        weight_params=WEIGHTS,
        input_gradients=True,
        gradient=gradients.ParamShiftSamplerGradient(own),
    )
    probabilities, _, by_weights = _answers(network)
    assert own.jobs == 2, own.jobs
    expected = [_probabilities(point, START) for point in POINTS]
    shifts = np.eye(len(START)) * math.pi / 2
    slopes = [
        [
            (_probabilities(point, START + shift) - _probabilities(point, START - shift)) / 2
            for shift in shifts
        ]
        for point in POINTS
    ]
    forwards = assert_close(probabilities, expected, SIGMAS / 2 / math.sqrt(SHOTS))
    backwards = assert_close(np.swapaxes(by_weights, 1, 2), slopes, SIGMAS / math.sqrt(8 * SHOTS))
    return f"{forwards}, {backwards}, {own.jobs} jobs"


def _probabilities(point: Any, weights: Any) -> np.ndarray:
    values = dict(zip([*INPUTS, *WEIGHTS], [*point, *weights], strict=True))
    return Statevector(network_circuit().assign_parameters(values)).probabilities()


# --- kernels -----------------------------------------------------------------------------------------------


def a_kernel_is_the_overlap_of_states() -> str:
    own = sampler()
    found = _kernel(own).evaluate(POINTS)
    states = [Statevector(FEATURES.assign_parameters(point)) for point in POINTS]
    expected = [[abs(one.inner(other)) ** 2 for one in states] for other in states]
    assert np.allclose(found, found.T)
    assert np.linalg.eigvalsh(found).min() > -1e-9
    off = assert_close(found, expected, SIGMAS / 2 / math.sqrt(SHOTS) + 0.01)  # made positive by the package
    return f"{off}, {own.jobs} job for {len(POINTS) * (len(POINTS) - 1) // 2} overlaps"


def a_kernel_is_trained() -> str:
    features = QuantumCircuit(2)
    weights = real_amplitudes(2, reps=0)
    features.compose(weights, inplace=True)
    features.compose(z_feature_map(2, reps=1), inplace=True)
    kernel = TrainableFidelityQuantumKernel(
        feature_map=features,
        fidelity=ComputeUncompute(sampler()),
        training_parameters=list(weights.parameters),
    )
    trainer = QuantumKernelTrainer(
        kernel, loss="svc_loss", optimizer=optimizers.COBYLA(maxiter=8), initial_point=[0.3, 0.3]
    )
    trained = trainer.fit(CLOUDS[::2], SIDES[::2]).quantum_kernel
    return _score(algorithms.QSVC(quantum_kernel=trained))


def _kernel(own: Any, features: QuantumCircuit = FEATURES) -> FidelityQuantumKernel:
    return FidelityQuantumKernel(feature_map=features, fidelity=ComputeUncompute(own))


# --- learning ----------------------------------------------------------------------------------------------


def a_support_vector_machine_tells_the_sides() -> str:
    return _score(algorithms.QSVC(quantum_kernel=_kernel(sampler(), z_feature_map(2, reps=1))))


def a_network_of_expectation_values_tells_the_sides() -> str:
    own = estimator()
    circuit = z_feature_map(2, reps=1)
    inputs = list(circuit.parameters)
    network = EstimatorQNN(
        circuit=circuit.compose(ANSATZ),
        estimator=own,
        input_params=inputs,
        weight_params=WEIGHTS,
        gradient=gradients.ParamShiftEstimatorGradient(own),
        default_precision=0.0,
    )
    score = _score(
        algorithms.NeuralNetworkClassifier(
            network, optimizer=optimizers.L_BFGS_B(maxiter=20), initial_point=START
        )
    )
    return f"{score}, {own.jobs} jobs"


def a_variational_classifier_tells_the_sides() -> str:
    own = sampler()
    labels = np.stack([SIDES < 0, SIDES > 0], axis=1).astype(int)
    learner = algorithms.VQC(
        feature_map=z_feature_map(2, reps=1),
        ansatz=real_amplitudes(2, reps=2),
        sampler=own,
        optimizer=optimizers.COBYLA(maxiter=60),
        initial_point=np.full(6, 0.5),
    )
    learner.fit(CLOUDS, labels)
    return f"{assert_learnt(learner.score(CLOUDS, labels), 0.9)}, {own.jobs} jobs"


def a_regressor_follows_a_curve() -> str:
    own = estimator()
    features = z_feature_map(1, reps=1)
    learner = algorithms.VQR(
        feature_map=features,
        ansatz=real_amplitudes(1, reps=1),
        estimator=own,
        optimizer=optimizers.L_BFGS_B(maxiter=30),
        initial_point=[0.5, 0.5],
    )
    places = np.linspace(0, 1.5, 15)[:, None]
    heights = np.cos(2 * places[:, 0])
    learner.fit(places, heights)
    score = learner.score(places, heights)
    assert score > 0.99, score
    return f"R² {score:.4f}, {own.jobs} jobs"


def rejection_sampling_infers_the_cause() -> str:
    """Rain with 0.3; the grass is wet with 0.9 after rain, with 0.2 otherwise."""
    rain, wet, dry = (2 * math.asin(math.sqrt(chance)) for chance in (0.3, 0.9, 0.2))
    circuit = QuantumCircuit(QuantumRegister(1, "rain"), QuantumRegister(1, "wet"))
    circuit.ry(rain, 0)
    circuit.cry(wet, 0, 1)
    circuit.x(0)
    circuit.cry(dry, 0, 1)
    circuit.x(0)
    inference = algorithms.QBayesian(circuit, sampler=sampler())
    found = inference.inference(query={"rain": 1}, evidence={"wet": 1})
    return assert_close(found, 0.27 / 0.41, 0.05)


def _score(learner: Any) -> str:
    learner.fit(CLOUDS, SIDES)
    return assert_learnt(learner.score(CLOUDS, SIDES))


CHECKS = [
    torch_is_not_installed_with_the_package,
    an_estimator_network_is_right_forwards_and_backwards,
    an_estimator_network_takes_a_pass_manager,
    linear_combinations_give_the_same_gradient,
    a_sampler_network_is_right_forwards_and_backwards,
    a_kernel_is_the_overlap_of_states,
    a_kernel_is_trained,
    a_support_vector_machine_tells_the_sides,
    a_network_of_expectation_values_tells_the_sides,
    a_variational_classifier_tells_the_sides,
    a_regressor_follows_a_curve,
    rejection_sampling_infers_the_cause,
]


def main() -> int:
    print(f"qiskit-machine-learning {metadata.version('qiskit-machine-learning')} on {BACKEND}", flush=True)
    algorithm_globals.random_seed = 3
    # The package's own: of what it is going to change, and of classes of Qiskit that are.
    warnings.simplefilter("ignore")
    # The first job starts the local service: that is not to be measured.
    estimator().run([(ANSATZ, "ZZ", START)]).result()
    return hold_all(CHECKS)


if __name__ == "__main__":
    sys.exit(main())
