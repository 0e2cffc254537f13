"""Exact distributions of circuits by Qiskit's Statevector, and a statistical test of counts against them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, CircuitInstruction, IfElseOp, Measure, Reset
from qiskit.quantum_info import Operator, Statevector

_PROJECTORS = (Operator(np.diag([1.0, 0.0])), Operator(np.diag([0.0, 1.0])))
_LOWER = Operator(np.array([[0.0, 1.0], [0.0, 0.0]]))  # |1> to |0>, nothing else


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> int:
    """How many times as many random cases to run, from ``--cases``."""
    return int(request.config.getoption("--cases"))


@pytest.fixture
def exact() -> Callable[[QuantumCircuit], dict[str, float]]:
    """A function that computes the exact distribution of a circuit over bitstrings."""
    return exact_distribution


@pytest.fixture
def assert_sampled_from() -> Callable[[dict[str, int], dict[str, float]], None]:
    """A function that fails if counts are too far from a distribution to be samples of it."""

    def check(counts: dict[str, int], distribution: dict[str, float]) -> None:
        allowed = allowed_distance(distribution, sum(counts.values()))
        assert distance(counts, distribution) <= allowed, (counts, distribution)

    return check


def exact_distribution(circuit: QuantumCircuit) -> dict[str, float]:
    """Compute the probability of each bitstring, with classical bit 0 rightmost and without spaces.

    Measurements and resets split the state into branches, so use this for a few qubits and at most about a
    dozen of them.
    """
    branches = [(Statevector.from_int(0, 2**circuit.num_qubits), 0)]
    for instruction in circuit.data:
        branches = [after for state, bits in branches for after in _apply(circuit, instruction, state, bits)]
    total: dict[str, float] = defaultdict(float)
    for state, bits in branches:
        key = format(bits, f"0{circuit.num_clbits}b") if circuit.num_clbits else ""
        total[key] += float(np.vdot(state.data, state.data).real)
    return dict(total)


def distance(counts: dict[str, int], exact: dict[str, float]) -> float:
    """The total variation distance between counts and an exact distribution."""
    shots = sum(counts.values())
    keys = {*counts, *exact}
    return sum(abs(counts.get(key, 0) / shots - exact.get(key, 0.0)) for key in keys) / 2


def allowed_distance(exact: dict[str, float], shots: int) -> float:
    """A bound on the distance that samples of the distribution exceed with a probability below 1e-6.

    The expected distance is at most half the sum of the standard deviations, and by McDiarmid's
    inequality it exceeds its expectation by t with a probability below exp(-2 t^2 shots).
    """
    expected = sum((p * (1 - p) / shots) ** 0.5 for p in exact.values() if p < 1) / 2
    return expected + (np.log(1e6) / (2 * shots)) ** 0.5


def _apply(
    circuit: QuantumCircuit, instruction: CircuitInstruction, state: Statevector, bits: int
) -> list[tuple[Statevector, int]]:
    operation = instruction.operation
    qubits = [circuit.find_bit(bit).index for bit in instruction.qubits]
    if isinstance(operation, Barrier):
        return [(state, bits)]
    if isinstance(operation, Measure):
        index = circuit.find_bit(instruction.clbits[0]).index
        outcomes = ((value, state.evolve(_PROJECTORS[value], qubits)) for value in (0, 1))
        return [
            (after, bits & ~(1 << index) | value << index) for value, after in outcomes if _is_possible(after)
        ]
    if isinstance(operation, Reset):
        branches = [state.evolve(_PROJECTORS[0], qubits), state.evolve(_LOWER, qubits)]
        return [(after, bits) for after in branches if _is_possible(after)]
    if isinstance(operation, IfElseOp):
        return _apply_condition(circuit, instruction, state, bits)
    return [(state.evolve(Operator(operation), qubits), bits)]


def _apply_condition(
    circuit: QuantumCircuit, instruction: CircuitInstruction, state: Statevector, bits: int
) -> list[tuple[Statevector, int]]:
    register, value = instruction.operation.condition
    indices = [circuit.find_bit(bit).index for bit in register]
    if sum((bits >> index & 1) << position for position, index in enumerate(indices)) != value:
        return [(state, bits)]
    block = instruction.operation.blocks[0]
    branches = [(state, bits)]
    for inner in block.data:
        mapped = inner.replace(
            qubits=[instruction.qubits[block.find_bit(bit).index] for bit in inner.qubits],
            clbits=[instruction.clbits[block.find_bit(bit).index] for bit in inner.clbits],
        )
        branches = [after for before in branches for after in _apply(circuit, mapped, *before)]
    return branches


def _is_possible(state: Statevector) -> bool:
    return bool(np.vdot(state.data, state.data).real > 1e-14)
