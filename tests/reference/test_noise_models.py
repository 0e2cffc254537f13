"""Noise models converted from Qiskit Aer, compared with Aer's density matrix.

Each case is a random circuit of two to six qubits with a random noise model of Aer. The converted model runs
on the engine, with the density matrix. ``--cases 100`` runs 108 cases, other runs 12 small ones. A failing
test prints its seed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import maestro
import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import UGate
from qiskit.quantum_info import DensityMatrix, Kraus, Pauli, SparsePauliOp, SuperOp, random_quantum_channel
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel as AerModel
from qiskit_aer.noise import (
    QuantumError,
    amplitude_damping_error,
    depolarizing_error,
    pauli_error,
    phase_amplitude_damping_error,
    phase_damping_error,
    thermal_relaxation_error,
)

from qiskit_qoro import MaestroConfig, NoiseModel, QoroBackend, QoroEstimator
from qiskit_qoro.qasm import write_program

Rng = np.random.Generator
ONE_QUBIT_GATES, TWO_QUBIT_GATES = ["u", "sx", "rz"], ["cx", "cz"]
TOLERANCE = 1e-9


def directed(first: int, second: int) -> tuple[int, int]:
    """Order a pair of qubits, some with the lower qubit first, some with the higher one."""
    return tuple(sorted((first, second), reverse=(first + second) % 2 == 0))


def random_circuit(rng: Rng, num_qubits: int) -> QuantumCircuit:
    """A circuit in which each gate has an error."""
    circuit = QuantumCircuit(num_qubits)
    for _ in range(3):
        for qubit in range(num_qubits):
            circuit.append(UGate(*rng.uniform(-3, 3, 3)), [qubit])
            getattr(circuit, rng.choice(["sx", "id"]))(qubit)
            circuit.rz(rng.uniform(-3, 3), qubit)
        for _ in range(num_qubits - 1):
            first, second = map(int, rng.permutation(num_qubits)[:2])
            getattr(circuit, rng.choice(TWO_QUBIT_GATES))(*directed(first, second))
    return circuit


def random_pauli_error(rng: Rng, num_qubits: int) -> QuantumError:
    weights = np.r_[rng.uniform(0, 0.02, 4**num_qubits - 1)]
    names = ["".join(letters) for letters in itertools.product("IXYZ", repeat=num_qubits)]
    return pauli_error([*zip(names[1:], weights, strict=True), (names[0], 1 - weights.sum())])


def random_kraus_error(rng: Rng, num_qubits: int) -> QuantumError:
    """A channel close to the identity."""
    channel = SuperOp(random_quantum_channel(2**num_qubits, seed=int(rng.integers(2**31))))
    weak = SuperOp(0.95 * np.eye(4**num_qubits) + 0.05 * channel.data)
    return QuantumError(Kraus(weak))


def times(rng: Rng) -> tuple[float, float, float]:
    """T1, T2 and the population of state 1 in equilibrium."""
    t1 = rng.uniform(20, 100)
    return t1, rng.uniform(0.3, 2) * t1, rng.choice([0, rng.uniform(0, 0.2)])


# Each family returns errors of a qubit and errors of a pair as functions of the qubits.
Errors = tuple[Callable[[int], QuantumError], Callable[[int, int], QuantumError]]


def depolarizing(rng: Rng, _: int) -> Errors:
    return (
        lambda _: depolarizing_error(rng.uniform(0, 0.1), 1),
        lambda *_: depolarizing_error(rng.uniform(0, 0.1), 2),
    )


def thermal(rng: Rng, num_qubits: int) -> Errors:
    values = [times(rng) for _ in range(num_qubits)]

    def relaxed(qubit: int, duration: float) -> QuantumError:
        return thermal_relaxation_error(*values[qubit][:2], duration, values[qubit][2])

    return (
        lambda qubit: relaxed(qubit, 1),
        lambda first, second: relaxed(first, 4).expand(relaxed(second, 4)),
    )


def device(rng: Rng, num_qubits: int) -> Errors:
    """Depolarizing noise followed by relaxation, as in Aer's models of devices."""
    one, two = thermal(rng, num_qubits)
    return (
        lambda qubit: depolarizing_error(0.02, 1).compose(one(qubit)),
        lambda *pair: depolarizing_error(rng.uniform(0, 0.05), 2).compose(two(*pair)),
    )


def above(make: Callable[[Rng, int], QuantumError]) -> Callable[[Rng, int], Errors]:
    """Errors of pairs that consist of the errors of their qubits and of one more error."""

    def family(rng: Rng, num_qubits: int) -> Errors:
        own = [make(rng, 1) for _ in range(num_qubits)]
        return (
            lambda qubit: own[qubit],
            lambda first, second: own[first].expand(own[second]).compose(make(rng, 2)),
        )

    return family


def damping(rng: Rng, num_qubits: int) -> Errors:
    kinds = [
        lambda: amplitude_damping_error(rng.uniform(0, 0.1), rng.choice([0, 0.3])),
        lambda: phase_damping_error(rng.uniform(0, 0.1)),
        lambda: phase_amplitude_damping_error(0.05, 0.1, 0.1),
        lambda: pauli_error([("Z", 0.1), ("I", 0.9)]),
    ]
    own = [rng.choice(kinds)() for _ in range(num_qubits)]
    return lambda qubit: own[qubit], lambda first, second: own[first].expand(own[second])


FAMILIES = {
    "depolarizing": depolarizing,
    "thermal relaxation": thermal,
    "devices": device,
    "Pauli errors": above(random_pauli_error),
    "Kraus operators": above(random_kraus_error),
    "damping": damping,
}


def random_model(rng: Rng, family: Callable[[Rng, int], Errors], num_qubits: int) -> AerModel:
    """A noise model with local errors of all qubits and pairs."""
    one, two = family(rng, num_qubits)
    model = AerModel()
    for qubit in range(num_qubits):
        model.add_quantum_error(one(qubit), [*ONE_QUBIT_GATES, "id"], [qubit])
    for pair in itertools.combinations(range(num_qubits), 2):
        first, second = directed(*pair)
        model.add_quantum_error(two(first, second), TWO_QUBIT_GATES, [first, second])
    return model


def aer_state(circuit: QuantumCircuit, model: AerModel) -> DensityMatrix:
    saved = circuit.copy()
    saved.save_density_matrix()
    result = AerSimulator(method="density_matrix", noise_model=model, max_parallel_threads=1).run(saved)
    return DensityMatrix(result.result().data(0)["density_matrix"])


def engine_values(circuit: QuantumCircuit, model: NoiseModel, pauli_strings: list[str]) -> np.ndarray:
    """Expectation values of Pauli strings with qubit 0 leftmost."""
    # The engine applies no noise after id.
    text = write_program(circuit).text.replace("id q", "u(0,0,0) q")
    answer = maestro.full_noise_estimate(
        maestro.QasmToCirc().parse_and_translate(text),
        pauli_strings,
        model.replay(maestro.NoiseModel()),
        noise_realizations=1,
        config=maestro.SimulatorConfig(simulation_type=maestro.SimulationType.DensityMatrix),
    )
    return np.array(answer["expectation_values"])


def largest_difference(rng: Rng, circuit: QuantumCircuit, aer_model: AerModel, model: NoiseModel) -> float:
    num_qubits = circuit.num_qubits
    strings = sorted({"".join(rng.choice(list("IXYZ"), num_qubits)) for _ in range(60)})
    state = aer_state(circuit, aer_model)
    expected = [state.expectation_value(Pauli(text[::-1])).real for text in strings]
    return float(np.abs(engine_values(circuit, model, strings) - expected).max())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_converted_model_has_the_same_effect_on_density_matrices(
    family: str, request: pytest.FixtureRequest
) -> None:
    cases = 2 + request.config.getoption("--cases") // 6
    for seed in range(cases):
        rng = np.random.default_rng([seed, len(family)])
        num_qubits = 2 + seed % 5
        circuit = random_circuit(rng, num_qubits)
        aer_model = random_model(rng, FAMILIES[family], num_qubits)
        model = NoiseModel.from_aer(aer_model)
        assert largest_difference(rng, circuit, aer_model, model) < TOLERANCE, f"{family}, seed {seed}"


def test_a_converted_model_has_the_same_effect_on_the_local_service(backend: QoroBackend) -> None:
    """The circuit is transpiled for a wide device, so that the service numbers its qubits anew."""
    rng = np.random.default_rng(8)
    narrow = random_circuit(rng, 3)
    circuit = QuantumCircuit(9)
    places = [7, 2, 5]
    circuit.compose(narrow, places, inplace=True)
    aer_model = AerModel()
    noise = [thermal_relaxation_error(50, 40 + qubit, 1) for qubit in range(9)]
    for qubit in range(9):
        aer_model.add_quantum_error(noise[qubit], [*ONE_QUBIT_GATES, "id"], [qubit])
    for pair in itertools.permutations(places, 2):
        error = noise[pair[0]].expand(noise[pair[1]]).compose(depolarizing_error(0.01 * sum(pair), 2))
        aer_model.add_quantum_error(error, TWO_QUBIT_GATES, list(pair))
    strings = ["".join(rng.choice(list("IXYZ"), 3)) for _ in range(20)]
    observables = [SparsePauliOp.from_sparse_list([(text, places, 1)], 9) for text in strings]

    config = MaestroConfig(noise_model=NoiseModel.from_aer(aer_model))
    estimator = QoroEstimator(backend, options={"execution_config": config})
    data = estimator.run([(circuit, observables)]).result()[0].data

    saved = circuit.copy()
    for index, observable in enumerate(observables):
        saved.save_expectation_value(observable, range(9), label=str(index))
    simulator = AerSimulator(method="density_matrix", noise_model=aer_model, max_parallel_threads=1)
    exact = simulator.run(saved).result().data(0)
    assert np.abs(data.evs - [exact[str(index)] for index in range(len(strings))]).max() < TOLERANCE
    assert (data.stds == 0).all()
