"""Gradients of random circuits, compared with parameter shift and with differences of Qiskit's values."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterExpression
from qiskit.circuit.library import (
    CPhaseGate,
    CRXGate,
    CRYGate,
    CRZGate,
    CU3Gate,
    CUGate,
    CXGate,
    HGate,
    PhaseGate,
    RXGate,
    RXXGate,
    RYGate,
    RZGate,
    RZZGate,
    SwapGate,
    U2Gate,
    U3Gate,
    UGate,
    XXPlusYYGate,
)
from qiskit.quantum_info import SparsePauliOp, Statevector

from qiskit_qoro import QoroBackend
from qiskit_qoro.primitives import QoroEstimator

CIRCUITS = 4
TOLERANCE = 1e-8
STEP = 5e-4
STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))  # exact up to the fourth order

# Gates and the number of their angles.
GATES = (
    *((gate, 1) for gate in (RXGate, RYGate, RZGate, PhaseGate, CRXGate, CRYGate, CRZGate, CPhaseGate)),
    *((gate, 1) for gate in (RXXGate, RZZGate)),
    *((gate, 2) for gate in (U2Gate, XXPlusYYGate)),
    *((gate, 3) for gate in (UGate, U3Gate, CU3Gate)),
    (CUGate, 4),
    *((gate, 0) for gate in (HGate, CXGate, SwapGate)),
)


def angle(rng: random.Random, parameters: Sequence[Parameter]) -> ParameterExpression | float:
    """A parameter, an expression of parameters, or a number."""
    first, second = rng.choice(parameters), rng.choice(parameters)
    factor = rng.uniform(-2, 2)
    choices = (
        first,
        factor * first + rng.uniform(-1, 1),
        first - second / 3,
        first * second,
        (first + 0.3) ** 2,
        (factor * first).sin(),
        factor,
    )
    return rng.choice(choices)


def random_circuit(rng: random.Random) -> QuantumCircuit:
    num_qubits = rng.randint(2, 4)
    parameters = [Parameter(name) for name in ("θ", "b[0]", "c", "a")[: rng.randint(1, 4)]]
    circuit = QuantumCircuit(num_qubits, global_phase=parameters[0])
    for _ in range(rng.randint(6, 14)):
        gate, num_angles = rng.choice(GATES)
        operation = gate(*(angle(rng, parameters) for _ in range(num_angles)))
        circuit.append(operation, rng.sample(range(num_qubits), operation.num_qubits))
    return circuit


def exact_gradient(
    circuit: QuantumCircuit, observable: SparsePauliOp, row: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    gradient = np.zeros(len(row))
    for index in range(len(row)):
        for steps, weight in STENCIL:
            shifted = row.copy()
            shifted[index] += steps * STEP
            value = Statevector(circuit.assign_parameters(shifted)).expectation_value(observable)
            gradient[index] += weight * value.real / STEP
    return gradient


@pytest.fixture
def estimator(backend: QoroBackend) -> QoroEstimator:
    return QoroEstimator(backend)


def test_gradients_of_random_circuits_are_exact(
    estimator: QoroEstimator, pytestconfig: pytest.Config
) -> None:
    cases = int(pytestconfig.getoption("--cases"))
    worst = {"parameter shift": 0.0, "differences": 0.0}
    for seed in range(CIRCUITS * cases):
        rng = random.Random(seed)
        circuit = random_circuit(rng)
        generator = np.random.default_rng(seed)
        strings = ["".join(rng.choices("IXYZ", k=circuit.num_qubits)) for _ in range(4)]
        observable = SparsePauliOp(["I" * circuit.num_qubits, *strings], generator.normal(size=5))
        rows = generator.uniform(-2, 2, (2, circuit.num_parameters))
        pub = (circuit, observable, rows)
        adjoint, shifted = (
            estimator.gradient([pub], method=method).result()[0] for method in ("adjoint", "parameter_shift")
        )
        assert adjoint.data.gradients.shape == rows.shape
        worst["parameter shift"] = max(
            worst["parameter shift"], np.abs(adjoint.data.gradients - shifted.data.gradients).max(initial=0)
        )
        exact = np.array([exact_gradient(circuit, observable, row) for row in rows])
        worst["differences"] = max(
            worst["differences"], np.abs(adjoint.data.gradients - exact).max(initial=0)
        )
        np.testing.assert_allclose(adjoint.data.evs, shifted.data.evs, rtol=0, atol=1e-12)
        assert max(worst.values()) <= TOLERANCE, f"seed {seed}: {worst}"
