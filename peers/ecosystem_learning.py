"""Run the unmodified ``qiskit-machine-learning`` with our primitives on the local service.

``python peers/ecosystem_learning.py`` needs both packages in one interpreter. It runs the forward and
backward passes of neural networks, kernels, classifiers, regressors and Bayesian inference. It compares
networks and kernels with statevectors, and the predictions of trained models with the training labels.

The samples are seeded, so every run has the same results.
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
from checking import run_checks
from ecosystem import CountedEstimator, CountedSampler, assert_close
from qiskit.circuit import QuantumCircuit, QuantumRegister
from qiskit.circuit.library import real_amplitudes, z_feature_map, zz_feature_map
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_machine_learning import algorithms, gradients, optimizers
from qiskit_machine_learning.kernels import (
    FidelityQuantumKernel,
    FidelityStatevectorKernel,
    TrainableFidelityQuantumKernel,
)
from qiskit_machine_learning.kernels.algorithms import QuantumKernelTrainer
from qiskit_machine_learning.neural_networks import EstimatorQNN, SamplerQNN
from qiskit_machine_learning.state_fidelities import ComputeUncompute
from qiskit_machine_learning.utils import algorithm_globals

from qiskit_qoro import MaestroConfig, QoroEstimatorGradient, QoroFidelity, QoroProvider

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
# Two classes of points, the first one to the left of the second.
POINTS_OF_CLASSES = np.concatenate([RNG.normal(0.4, 0.12, (10, 2)), RNG.normal(1.2, 0.12, (10, 2))])
CLASSES = np.repeat([-1, 1], 10)

BACKEND = QoroProvider.local().get_backend("qoro_maestro")


def estimator() -> CountedEstimator:
    return CountedEstimator(BACKEND)


def sampler() -> CountedSampler:
    return CountedSampler(
        BACKEND, options={"default_shots": SHOTS, "execution_config": MaestroConfig(seed=7)}
    )


def network_circuit() -> QuantumCircuit:
    return FEATURES.compose(ANSATZ)


def assert_accuracy(score: float, least: float = 1.0) -> str:
    assert score >= least, f"the accuracy is {score:.0%}, expected at least {least:.0%}"
    return f"accuracy {score:.0%}"


# --- neural networks ---------------------------------------------------------------------------------------


def torch_is_not_installed_with_the_package() -> None:
    required = [line for line in metadata.requires("qiskit-machine-learning") or [] if "torch" in line]
    assert all("extra ==" in line for line in required), required
    assert importlib.util.find_spec("torch") is None


def forward_and_backward_passes_of_an_estimator_network_are_right() -> str:
    counted = estimator()
    values, figures = [], []
    for primitive in (counted, StatevectorEstimator()):
        started = time.monotonic()
        values.append(_forward_and_backward(_estimator_network(primitive)))
        figures.append(f"{time.monotonic() - started:.2f} s")
    assert counted.jobs == 2, counted.jobs
    differences = [assert_close(*pair, 1e-9) for pair in zip(*values, strict=True)]
    return f"{', '.join(differences)}, {counted.jobs} jobs, {figures[0]}, on a statevector {figures[1]}"


def an_estimator_network_accepts_a_pass_manager() -> str:
    transpiled = _estimator_network(
        estimator(), pass_manager=generate_preset_pass_manager(1, BACKEND, layout_method="trivial")
    )
    plain = _estimator_network(StatevectorEstimator())
    return assert_close(transpiled.forward(POINTS, START), plain.forward(POINTS, START), 1e-9)


def our_gradient_gives_the_same_passes_in_two_jobs() -> str:
    primitive = estimator()
    network = _estimator_network(primitive, gradient=QoroEstimatorGradient(primitive))
    found = _forward_and_backward(network)
    assert primitive.jobs == 2, primitive.jobs
    expected = _forward_and_backward(_estimator_network(StatevectorEstimator()))
    return ", ".join(assert_close(*pair, 1e-9) for pair in zip(found, expected, strict=True))


def linear_combinations_give_the_same_gradient() -> str:
    primitive = estimator()
    network = _estimator_network(primitive, gradient=gradients.LinCombEstimatorGradient(primitive))
    expected = _estimator_network(StatevectorEstimator()).backward(POINTS[:3], START)
    return assert_close(network.backward(POINTS[:3], START)[1], expected[1], 1e-9)


def _estimator_network(primitive: Any, **settings: Any) -> EstimatorQNN:
    settings.setdefault("gradient", gradients.ParamShiftEstimatorGradient(primitive))
    return EstimatorQNN(
        circuit=network_circuit(),
        estimator=primitive,
        observables=OBSERVABLES,
        input_params=INPUTS,
        weight_params=WEIGHTS,
        input_gradients=True,
        default_precision=0.0,
        **settings,
    )


def _forward_and_backward(network: Any) -> tuple[Any, Any, Any]:
    return (network.forward(POINTS, START), *network.backward(POINTS, START))


def forward_and_backward_passes_of_a_sampler_network_are_right() -> str:
    primitive = sampler()
    network = SamplerQNN(
        circuit=network_circuit(),
        sampler=primitive,
        input_params=INPUTS,
        weight_params=WEIGHTS,
        input_gradients=True,
        gradient=gradients.ParamShiftSamplerGradient(primitive),
    )
    probabilities, _, by_weights = _forward_and_backward(network)
    assert primitive.jobs == 2, primitive.jobs
    expected = [_probabilities(point, START) for point in POINTS]
    shifts = np.eye(len(START)) * math.pi / 2
    slopes = [
        [
            (_probabilities(point, START + shift) - _probabilities(point, START - shift)) / 2
            for shift in shifts
        ]
        for point in POINTS
    ]
    forward = assert_close(probabilities, expected, SIGMAS / 2 / math.sqrt(SHOTS))
    backward = assert_close(np.swapaxes(by_weights, 1, 2), slopes, SIGMAS / math.sqrt(8 * SHOTS))
    return f"{forward}, {backward}, {primitive.jobs} jobs"


def _probabilities(point: Any, weights: Any) -> np.ndarray:
    values = dict(zip([*INPUTS, *WEIGHTS], [*point, *weights], strict=True))
    return Statevector(network_circuit().assign_parameters(values)).probabilities()


# --- kernels -----------------------------------------------------------------------------------------------


def a_kernel_is_the_overlap_of_states() -> str:
    primitive = sampler()
    found = _kernel(primitive).evaluate(POINTS)
    states = [Statevector(FEATURES.assign_parameters(point)) for point in POINTS]
    expected = [[abs(one.inner(other)) ** 2 for one in states] for other in states]
    assert np.allclose(found, found.T)
    assert np.linalg.eigvalsh(found).min() > -1e-9
    # The package projects the matrix onto the positive semidefinite ones, which changes the values a little.
    differences = assert_close(found, expected, SIGMAS / 2 / math.sqrt(SHOTS) + 0.01)
    return f"{differences}, {primitive.jobs} job for {len(POINTS) * (len(POINTS) - 1) // 2} overlaps"


def a_kernel_can_be_trained() -> str:
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
    trained = trainer.fit(POINTS_OF_CLASSES[::2], CLASSES[::2]).quantum_kernel
    return _score(algorithms.QSVC(quantum_kernel=trained))


def an_exact_kernel_is_that_of_state_vectors() -> str:
    points, others = RNG.random((20, 3)), RNG.random((7, 3))
    features = zz_feature_map(3)
    kernel = FidelityQuantumKernel(feature_map=features, fidelity=QoroFidelity(BACKEND))
    reference = FidelityStatevectorKernel(feature_map=features)
    symmetric = assert_close(kernel.evaluate(points), reference.evaluate(points), 1e-12)
    rectangular = assert_close(kernel.evaluate(points, others), reference.evaluate(points, others), 1e-12)
    return f"{symmetric}, {rectangular}"


def a_support_vector_machine_uses_an_exact_kernel() -> str:
    kernel = FidelityQuantumKernel(feature_map=z_feature_map(2, reps=1), fidelity=QoroFidelity(BACKEND))
    return _score(algorithms.QSVC(quantum_kernel=kernel))


def _kernel(primitive: Any, features: QuantumCircuit = FEATURES) -> FidelityQuantumKernel:
    return FidelityQuantumKernel(feature_map=features, fidelity=ComputeUncompute(primitive))


# --- learning ----------------------------------------------------------------------------------------------


def a_support_vector_machine_separates_the_classes() -> str:
    return _score(algorithms.QSVC(quantum_kernel=_kernel(sampler(), z_feature_map(2, reps=1))))


def a_network_of_expectation_values_separates_the_classes() -> str:
    primitive = estimator()
    return _train_network(primitive, gradients.ParamShiftEstimatorGradient(primitive))


def a_network_with_our_gradient_separates_the_classes() -> str:
    primitive = estimator()
    return _train_network(primitive, QoroEstimatorGradient(primitive))


def _train_network(primitive: CountedEstimator, gradient: Any) -> str:
    circuit = z_feature_map(2, reps=1)
    inputs = list(circuit.parameters)
    network = EstimatorQNN(
        circuit=circuit.compose(ANSATZ),
        estimator=primitive,
        input_params=inputs,
        weight_params=WEIGHTS,
        gradient=gradient,
        default_precision=0.0,
    )
    score = _score(
        algorithms.NeuralNetworkClassifier(
            network, optimizer=optimizers.L_BFGS_B(maxiter=20), initial_point=START
        )
    )
    return f"{score}, {primitive.jobs} jobs"


def a_variational_classifier_separates_the_classes() -> str:
    primitive = sampler()
    labels = np.stack([CLASSES < 0, CLASSES > 0], axis=1).astype(int)
    learner = algorithms.VQC(
        feature_map=z_feature_map(2, reps=1),
        ansatz=real_amplitudes(2, reps=2),
        sampler=primitive,
        optimizer=optimizers.COBYLA(maxiter=60),
        initial_point=np.full(6, 0.5),
    )
    learner.fit(POINTS_OF_CLASSES, labels)
    return f"{assert_accuracy(learner.score(POINTS_OF_CLASSES, labels), 0.9)}, {primitive.jobs} jobs"


def a_regressor_fits_a_curve() -> str:
    primitive = estimator()
    features = z_feature_map(1, reps=1)
    learner = algorithms.VQR(
        feature_map=features,
        ansatz=real_amplitudes(1, reps=1),
        estimator=primitive,
        optimizer=optimizers.L_BFGS_B(maxiter=30),
        initial_point=[0.5, 0.5],
    )
    xs = np.linspace(0, 1.5, 15)[:, None]
    ys = np.cos(2 * xs[:, 0])
    learner.fit(xs, ys)
    score = learner.score(xs, ys)
    assert score > 0.99, score
    return f"R² {score:.4f}, {primitive.jobs} jobs"


def rejection_sampling_infers_the_cause() -> str:
    """It rains with probability 0.3. The grass is wet with probability 0.9 after rain, and 0.2 otherwise."""
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
    learner.fit(POINTS_OF_CLASSES, CLASSES)
    return assert_accuracy(learner.score(POINTS_OF_CLASSES, CLASSES))


CHECKS = [
    torch_is_not_installed_with_the_package,
    forward_and_backward_passes_of_an_estimator_network_are_right,
    an_estimator_network_accepts_a_pass_manager,
    our_gradient_gives_the_same_passes_in_two_jobs,
    linear_combinations_give_the_same_gradient,
    forward_and_backward_passes_of_a_sampler_network_are_right,
    a_kernel_is_the_overlap_of_states,
    an_exact_kernel_is_that_of_state_vectors,
    a_support_vector_machine_uses_an_exact_kernel,
    a_kernel_can_be_trained,
    a_support_vector_machine_separates_the_classes,
    a_network_of_expectation_values_separates_the_classes,
    a_network_with_our_gradient_separates_the_classes,
    a_variational_classifier_separates_the_classes,
    a_regressor_fits_a_curve,
    rejection_sampling_infers_the_cause,
]


def main() -> int:
    print(f"qiskit-machine-learning {metadata.version('qiskit-machine-learning')} on {BACKEND}", flush=True)
    algorithm_globals.random_seed = 3
    # The package warns about its own future changes and uses deprecated classes of Qiskit.
    warnings.simplefilter("ignore")
    # The first job starts the local service, which must not be part of the measured times.
    estimator().run([(ANSATZ, "ZZ", START)]).result()
    return run_checks(CHECKS)


if __name__ == "__main__":
    sys.exit(main())
