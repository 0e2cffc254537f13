"""The simulated QAOA circuit agrees with the same circuit in Qiskit, and with known formulas."""

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from qiskit_qoro.qubo_analysis.qaoa import Circuit, ramp
from qiskit_qoro.qubo_analysis.request.request_values import Mixer
from qiskit_qoro.qubo_analysis.spectrum import enumerate_costs
from qiskit_qoro.wire.qubo import qubo_from_json

ANGLES = [([0.37], [-0.61]), ([0.2, 0.9], [0.5, -0.3]), ([0.3, -0.4, 0.8], [0.7, 0.2, -0.9])]


def dicke(n, weight):
    """The uniform superposition of the states of one Hamming weight, in Qiskit's order."""
    amplitudes = np.array([number.bit_count() == weight for number in range(2**n)], float)
    return Statevector(amplitudes / np.linalg.norm(amplitudes))


def by_gates(terms, n, gammas, betas, mixer, weight):
    """Qiskit's probabilities for the circuit made of gates, by text with variable 0 first."""
    state = Statevector.from_label("+" * n) if mixer is not Mixer.XY else dicke(n, weight)
    for gamma, beta in zip(gammas, betas, strict=True):
        circuit = QuantumCircuit(n)
        for key, coefficient in terms.items():
            qubits = [int(i) for i in key.split(",")]
            # A phase e^{-iγc} if all of these qubits are 1.
            if len(qubits) == 1:
                circuit.p(-gamma * coefficient, qubits[0])
            else:
                circuit.mcp(-gamma * coefficient, qubits[:-1], qubits[-1])
        if mixer is Mixer.X:
            for qubit in range(n):
                circuit.rx(2 * beta, qubit)
        if mixer is Mixer.XY:
            for qubit in range(n):
                circuit.rxx(beta, qubit, (qubit + 1) % n)
                circuit.ryy(beta, qubit, (qubit + 1) % n)
        state = state.evolve(circuit)
    return {label[::-1]: value for label, value in state.probabilities_dict().items()}


@pytest.mark.parametrize("mixer", Mixer)
@pytest.mark.parametrize(("gammas", "betas"), ANGLES)
@pytest.mark.parametrize(("n", "degree"), [(3, 2), (5, 3), (6, 2)])
def test_probabilities_agree_with_the_circuit_made_of_gates(
    mixer, gammas, betas, n, degree, random_terms, costs_of
):
    terms = random_terms(n, seed=n, degree=degree)
    circuit = Circuit(enumerate_costs(qubo_from_json(terms)), mixer, len(gammas), weight=2)

    expected = by_gates(terms, n, gammas, betas, mixer, weight=2)
    found = circuit.probabilities(gammas, betas)

    assert found == pytest.approx([expected.get(format(k, f"0{n}b"), 0.0) for k in range(2**n)], abs=1e-12)
    costs = costs_of(terms, n)
    mean = sum(probability * costs[state] for state, probability in expected.items())
    assert circuit.expectation(gammas, betas) == pytest.approx(mean, abs=1e-10)


def test_one_variable_follows_the_formula():
    # f = x = (1 - z)/2, so <f> = 1/2 + sin(γ)·sin(2β)/2 with one layer.
    circuit = Circuit(np.array([0.0, 1.0]), Mixer.X)
    for gamma, beta in [(0.3, 0.4), (1.2, -0.7), (math.pi / 2, -math.pi / 4)]:
        expected = 0.5 + math.sin(gamma) * math.sin(2 * beta) / 2
        assert circuit.expectation([gamma], [beta]) == pytest.approx(expected)


def test_max_cut_on_a_ring_follows_the_known_formula_of_one_layer():
    # An edge without triangles between nodes of degree 2 is cut with 1/2 - sin(4β)·sin(γ)·cos(γ)/2.
    n = 6
    terms = {str(i): -2.0 for i in range(n)} | {f"{i},{(i + 1) % n}": 2.0 for i in range(n)}
    circuit = Circuit(enumerate_costs(qubo_from_json(terms)), Mixer.X)
    for gamma, beta in [(0.3, 0.2), (0.8, -0.4), (math.pi / 4, -math.pi / 8)]:
        cut = n * (0.5 - math.sin(4 * beta) * math.sin(gamma) * math.cos(gamma) / 2)
        assert circuit.expectation([gamma], [beta]) == pytest.approx(-cut)


def test_a_sweep_contains_the_expectation_at_each_point(random_terms):
    circuit = Circuit(enumerate_costs(qubo_from_json(random_terms(4, seed=1))), Mixer.X, 2)
    gammas, betas = np.array([0.1, 0.5]), np.array([-0.4, 0.0, 0.3])

    sweep = circuit.sweep(gammas, betas)

    expected = [[circuit.expectation(*ramp(gamma, beta, 2)) for beta in betas] for gamma in gammas]
    assert sweep.expectation == pytest.approx(np.array(expected))
    row, column = sweep.best
    assert sweep.expectation[row, column] == sweep.expectation.min()


def test_a_ramp_increases_gamma_and_decreases_beta():
    gammas, betas = ramp(0.6, 0.3, 3)
    assert gammas == pytest.approx([0.2, 0.4, 0.6])
    assert betas == pytest.approx([0.3, 0.2, 0.1])


def test_the_xy_mixer_preserves_the_number_of_ones(random_terms):
    circuit = Circuit(enumerate_costs(qubo_from_json(random_terms(5, seed=2))), Mixer.XY, weight=2)
    found = circuit.probabilities([0.7], [0.5])
    assert sum(found[k] for k in range(32) if k.bit_count() == 2) == pytest.approx(1)


@pytest.mark.parametrize("weight", [0, 1])
def test_the_xy_mixer_does_nothing_to_one_variable(weight):
    found = Circuit(np.array([0.0, 1.0]), Mixer.XY, weight=weight).probabilities([0.7], [0.5])
    assert found == pytest.approx([1 - weight, weight])
