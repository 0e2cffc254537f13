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
from qiskit.quantum_info import DensityMatrix, Kraus, Pauli, SuperOp, random_quantum_channel
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

from qiskit_qoro import NoiseModel
from qiskit_qoro.qasm import write_program

Rng = np.random.Generator
ONE_QUBIT_GATES, TWO_QUBIT_GATES = ["u", "sx", "rz"], ["cx", "cz"]
TOLERANCE = 1e-9


def random_circuit(rng: Rng, num_qubits: int) -> QuantumCircuit:
    """A circuit in which each gate has an error."""
    circuit = QuantumCircuit(num_qubits)
    for _ in range(3):
        for qubit in range(num_qubits):
            circuit.append(UGate(*rng.uniform(-3, 3, 3)), [qubit])
            getattr(circuit, rng.choice(["sx", "id"]))(qubit)
            circuit.rz(rng.uniform(-3, 3), qubit)
        for _ in range(num_qubits - 1):
            getattr(circuit, rng.choice(TWO_QUBIT_GATES))(*map(int, rng.permutation(num_qubits)[:2]))
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
    for first, second in itertools.combinations(range(num_qubits), 2):
        error = two(first, second)
        model.add_quantum_error(error, TWO_QUBIT_GATES, [first, second])
        swap = QuantumCircuit(2)
        swap.swap(0, 1)
        exchanged = SuperOp(swap).compose(SuperOp(error)).compose(SuperOp(swap))
        model.add_quantum_error(QuantumError(Kraus(exchanged)), TWO_QUBIT_GATES, [second, first])
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
