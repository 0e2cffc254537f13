"""The standard errors of random realizations of noise, compared with Aer's density matrix.

``--cases 50`` compares 100 random circuits, other runs 2. A failing test prints its seed.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import DensityMatrix, SparsePauliOp, random_pauli_list
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel as AerModel
from qiskit_aer.noise import QuantumError, depolarizing_error, pauli_error, thermal_relaxation_error

from qiskit_qoro import MaestroConfig, NoiseModel, QoroBackend, QoroEstimator, SimulationMethod

Rng = np.random.Generator
ONE_QUBIT_GATES, TWO_QUBIT_GATES = ["u", "sx"], ["cx", "cz"]
METHODS = [SimulationMethod.Statevector, SimulationMethod.MatrixProductState]


def random_circuit(rng: Rng, num_qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(num_qubits)
    for _ in range(3):
        for qubit in range(num_qubits):
            circuit.u(*rng.uniform(-3, 3, 3), qubit)
            circuit.sx(qubit)
        for _ in range(num_qubits - 1):
            getattr(circuit, rng.choice(TWO_QUBIT_GATES))(*map(int, rng.permutation(num_qubits)[:2]))
    return circuit


def random_models(rng: Rng, num_qubits: int) -> tuple[AerModel, NoiseModel]:
    """The same noise for Aer and for the local service."""
    aer, model = AerModel(), NoiseModel()
    own: list[QuantumError] = []
    for qubit in range(num_qubits):
        if rng.random() < 0.5:
            x, y, z = rng.uniform(0, 0.01, 3)
            own.append(pauli_error([("X", x), ("Y", y), ("Z", z), ("I", 1 - x - y - z)]))
            model.set_qubit_noise(qubit, x, y, z)
        else:
            t1 = rng.uniform(20, 100)
            t2 = rng.uniform(0.3, 1) * t1
            own.append(thermal_relaxation_error(t1, t2, 1))
            model.set_thermal_relaxation(qubit, 1.0, t1, t2)
        aer.add_quantum_error(own[-1], ONE_QUBIT_GATES, [qubit])
    for first, second in itertools.combinations(range(num_qubits), 2):
        probability = rng.uniform(0, 0.05)
        model.set_2q_depolarizing(first, second, probability)
        for pair in ((first, second), (second, first)):
            # Aer's parameter is the probability of a completely mixed pair, an error in 15 of 16 cases.
            error = depolarizing_error(16 / 15 * probability, 2)
            after = own[pair[1]].tensor(own[pair[0]])
            aer.add_quantum_error(after.compose(error), TWO_QUBIT_GATES, list(pair))
    return aer, model


def exact_state(circuit: QuantumCircuit, model: AerModel) -> DensityMatrix:
    saved = circuit.copy()
    saved.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=model, fusion_enable=False)
    state = DensityMatrix(simulator.run(saved, shots=1).result().data()["density_matrix"])
    # Aer leaves out errors with a probability below 1e-8.
    return DensityMatrix(state.data / state.trace())


def random_observables(rng: Rng, num_qubits: int) -> list[SparsePauliOp]:
    """A single Pauli string, and sums of several."""
    observables = []
    for size in (1, 4):
        strings = random_pauli_list(num_qubits, size, seed=int(rng.integers(2**31)), phase=False)
        observables.append(SparsePauliOp(strings, rng.uniform(-1, 1, size)))
    return observables


def run(backend: QoroBackend, pub: Any, config: MaestroConfig, **options: Any) -> Any:
    estimator = QoroEstimator(backend, options={"execution_config": config, **options})
    return estimator.run([pub]).result()[0].data


def test_random_realizations_agree_with_exact_values_within_five_standard_errors(
    backend: QoroBackend, request: pytest.FixtureRequest
) -> None:
    for seed in range(2 * request.config.getoption("--cases")):
        rng = np.random.default_rng(seed)
        num_qubits = 2 + seed % 5
        circuit, (aer, model) = random_circuit(rng, num_qubits), random_models(rng, num_qubits)
        state, observables = exact_state(circuit, aer), random_observables(rng, num_qubits)
        expected = np.array([state.expectation_value(each).real for each in observables])
        config = MaestroConfig(noise_model=model)
        exact = run(backend, (circuit, observables), config)
        assert exact.evs == pytest.approx(expected, abs=1e-7), seed
        assert (exact.stds == 0).all()
        config = MaestroConfig(noise_model=model, seed=seed, simulation_type=rng.choice(METHODS))
        values = run(backend, (circuit, observables), config)
        assert (np.abs(values.evs - expected) <= 5 * values.stds + 1e-9).all(), (seed, values, expected)
        # 200 shots share 50 realizations.
        config = config.override(noise_realizations=50)
        sampled = run(backend, (circuit, observables), config, force_sampling=True, default_shots=200)
        assert (np.abs(sampled.evs - expected) <= 5 * sampled.stds + 1e-9).all(), (seed, sampled, expected)


@pytest.mark.parametrize("sampling", [{}, {"force_sampling": True, "default_shots": 1000}])
def test_values_of_many_seeds_spread_as_their_standard_errors_say(
    backend: QoroBackend, sampling: dict[str, Any]
) -> None:
    rows = 20
    theta = Parameter("theta")
    circuit = QuantumCircuit(3)
    circuit.rz(theta, 0)  # has no effect on the state, but makes rows different
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    model = NoiseModel().set_all_depolarizing(3, 0.1)
    observables = [
        SparsePauliOp("ZZI"),
        # The errors of these strings are correlated: an X error on the middle qubit changes the first two.
        SparsePauliOp(["ZZI", "IZZ", "ZIZ", "XXX"], [1.0, 1.0, -0.5, 0.3]),
    ]
    exact = run(backend, (circuit, observables, [0.1]), MaestroConfig(noise_model=model)).evs
    config = MaestroConfig(
        noise_model=model, seed=1, simulation_type=SimulationMethod.Statevector, noise_realizations=25
    )
    pub = (circuit, [[each] for each in observables], np.linspace(0, 1, rows))
    data = run(backend, pub, config, **sampling)
    ratio = ((data.evs - exact[:, np.newaxis]) ** 2).mean(axis=1) / (data.stds**2).mean(axis=1)
    # The ratio has about the distribution of chi-square with 20 degrees of freedom, divided by 20.
    assert (ratio > 0.4).all()
    assert (ratio < 2.1).all()
    if sampling:
        # The multinomial error of the pooled shots is too small, because shots share realizations.
        pooled = (1 - exact[0] ** 2) / sampling["default_shots"]
        assert ((data.evs[0] - exact[0]) ** 2).mean() > 3 * pooled
