"""Random PUBs on the estimator, compared with Qiskit's exact values.

Exact values equal those of ``StatevectorEstimator`` within 1e-9. It refuses observables with projectors, so
these are compared with ``Statevector``. If a circuit was transpiled, the values of the transpiled circuit are
used. The values of the original circuit are met within 1e-6, which is the accuracy of the transpiler.

Sampled values are off by at most 5 of their own standard errors, plus a term for outcomes that are too rare
to occur. By the empirical Bernstein inequality of Maurer and Pontil, the mean of *N* values with variance *V*
in a range *R* is off by more than ``sqrt(2 V L / N) + 7 R L / (3 (N - 1))`` with a probability of at most ``4
exp(-L)``. With *L* = 12.5 the first term is 5 standard errors. A value exceeds the bound with a probability
of at most 1.5e-5, or 6e-7 if its error is normally distributed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.primitives import StatevectorEstimator
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.quantum_info import Operator, Pauli, SparsePauliOp, Statevector

from qiskit_qoro import MaestroConfig, QoroBackend, QoroEstimator, QoroPrimitiveJob

Maker = Any  # the class in conftest.py
Observable = dict[str, float]

BATCH = 5
L = 12.5

# Qiskit's computation of the matrix of an evolution warns.
pytestmark = pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")


@dataclass(frozen=True)
class Case:
    """A PUB and its expected results.

    Attributes:
        pub: The PUB as it is submitted.
        evs: The exact expectation values of the submitted circuit.
        original_evs: The exact expectation values before the circuit was transpiled.
        ranges: The largest difference of two samples of each value.
    """

    pub: tuple[Any, ...]
    evs: np.ndarray
    original_evs: np.ndarray
    ranges: np.ndarray


def cases(maker: Maker) -> list[Case]:
    made = [case(maker) for _ in range(maker.up_to(3))]
    return [*made, made[0]] if maker.chance(0.3) else made


def case(maker: Maker) -> Case:
    width = maker.up_to(8)
    circuit = maker.circuit(width, maker.up_to(14) - 1)
    parameters_shape, observables_shape = maker.shapes()
    values = maker.values(circuit, parameters_shape)
    letters = maker.pick(["IXYZ", "IIIXYZ", "IZ", "IXYZ01+-rl", "III01+-rl"])
    observables = np.empty(observables_shape, dtype=object)
    for index in np.ndindex(observables_shape):
        observables[index] = observable(maker, width, letters)

    evs = original_evs = expected_values(circuit, observables, values)
    sent = maker.transpiled(circuit) if maker.chance(0.3) else circuit
    if sent is not circuit:
        observables = each(lambda terms: laid_out(terms, sent), observables)
        evs = expected_values(sent, observables, values)
    ranges = each(lambda terms: 2 * sum(map(abs, terms.values())), observables).astype(float)
    if maker.chance(0.2):
        sent = sent.measure_all(inplace=False)
    given = each(lambda terms: in_random_form(maker, terms), observables)
    pub = (sent, given if given.ndim else given.item(), values, maker.pick([None, 0.1, 0.05, 0.02]))
    return Case(pub, evs, original_evs, np.broadcast_to(ranges, evs.shape))


def each(change: Callable[[Any], Any], items: np.ndarray) -> np.ndarray:
    changed = np.empty(items.shape, dtype=object)
    for index in np.ndindex(items.shape):
        changed[index] = change(items[index])
    return changed


def observable(maker: Maker, width: int, letters: str) -> Observable:
    terms = {maker.pauli_string(width, letters): float(maker.rng.normal()) for _ in range(maker.up_to(6))}
    if maker.chance(0.2):
        return {maker.pauli_string(width, "IXYZ"): 1.0}
    return {**terms, "I" * width: 1.5} if maker.chance(0.2) else terms


def laid_out(terms: Observable, circuit: QuantumCircuit) -> Observable:
    """Return an observable for the layout of a transpiled circuit."""
    result = {}
    for key, weight in terms.items():
        letters = ["I"] * circuit.num_qubits
        for letter, qubit in zip(reversed(key), circuit.layout.final_index_layout(), strict=True):
            letters[-1 - qubit] = letter
        result["".join(letters)] = weight
    return result


def in_random_form(maker: Maker, terms: Observable) -> Any:
    """Return the same observable in a random form that Qiskit accepts."""
    if not is_of_paulis(terms):
        return terms
    key = next(iter(terms))
    if terms == {key: 1.0}:
        return maker.pick([key, Pauli(key)])
    # The operator contains one Pauli string three times.
    return maker.pick([terms, SparsePauliOp.from_list([*terms.items(), (key, 0.25), (key, -0.25)])])


def is_of_paulis(terms: Observable) -> bool:
    return all(set(key) <= set("IXYZ") for key in terms)


def expected_values(circuit: QuantumCircuit, observables: np.ndarray, values: Any) -> np.ndarray:
    pub = EstimatorPub.coerce((circuit, observables, values))
    if all(is_of_paulis(terms) for terms in observables.flat):
        return np.asarray(StatevectorEstimator().run([pub]).result()[0].data.evs)
    states = each(Statevector, np.asarray(pub.parameter_values.bind_all(circuit)))
    states, observables = np.broadcast_arrays(states, observables)
    evs = np.zeros(states.shape)
    for index in np.ndindex(states.shape):
        for key, weight in observables[index].items():
            evs[index] += weight * states[index].expectation_value(Operator.from_label(key)).real
    return evs


def test_exact_expectation_values_equal_qiskits(
    backend: QoroBackend,
    make: Callable[[int], Any],
    assert_same_elsewhere: Callable[[QoroPrimitiveJob], None],
    batch: int,
) -> None:
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        with make(seed) as maker:
            expected = cases(maker)
            job = QoroEstimator(backend, options=maker.options()).run([item.pub for item in expected])
            for item, result in zip(expected, job.result(), strict=True):
                assert result.data.shape == result.data.evs.shape == item.evs.shape
                np.testing.assert_allclose(result.data.evs, item.evs, rtol=0, atol=1e-9)
                np.testing.assert_allclose(result.data.evs, item.original_evs, rtol=0, atol=1e-6)
                np.testing.assert_array_equal(result.data.stds, np.zeros(item.evs.shape))
                assert result.metadata["target_precision"] == (item.pub[3] or 0)
                assert result.metadata["circuit_metadata"] == item.pub[0].metadata
            if seed % 3 == 0:
                assert_same_elsewhere(job)


def test_sampled_expectation_values_are_within_their_standard_errors(
    backend: QoroBackend,
    make: Callable[[int], Any],
    assert_same_elsewhere: Callable[[QoroPrimitiveJob], None],
    batch: int,
) -> None:
    for seed in range(10_000 + batch * BATCH, 10_000 + (batch + 1) * BATCH):
        with make(seed) as maker:
            expected = cases(maker)
            options = {**maker.options(), "force_sampling": True, "default_shots": maker.pick([None, 3000])}
            job = QoroEstimator(backend, options=options).run([item.pub for item in expected])
            for item, result in zip(expected, job.result(), strict=True):
                assert result.data.shape == result.data.evs.shape == result.data.stds.shape == item.evs.shape
                shots = result.metadata["shots"]
                bound = np.sqrt(2 * L * shots / (shots - 1)) * result.data.stds
                bound = bound + 7 * item.ranges * L / (3 * (shots - 1))
                np.testing.assert_array_less(abs(result.data.evs - item.evs), bound + 1e-9)
            if seed % 3 == 0:
                assert_same_elsewhere(job)


def test_standard_errors_have_the_size_of_the_errors(backend: QoroBackend, is_long_run: bool) -> None:
    num_rows = 400 if is_long_run else 200
    circuit = QuantumCircuit(3)
    for index, parameter in enumerate(ParameterVector("t", 6)):
        circuit.ry(parameter, index % 3)
        circuit.cx(index % 3, (index + 1) % 3)
    terms = SparsePauliOp(["ZZI", "IXX", "IIZ", "XXI"], [1, -0.5, 0.7, 0.2])
    values = np.random.default_rng(1).normal(size=(num_rows, 1, 6))
    pub = (circuit, [terms, "ZYZ", {"0+1": 2.0, "ZZZ": -1.0}], values)
    options = {"force_sampling": True, "default_shots": 500, "execution_config": MaestroConfig(seed=5)}

    sampled = QoroEstimator(backend, options=options).run([pub]).result()[0].data
    exact = QoroEstimator(backend).run([pub]).result()[0].data.evs

    is_random = sampled.stds > 0.01
    errors = (sampled.evs - exact)[is_random] / sampled.stds[is_random]
    # The values of a row may be correlated, so assume one independent error with variance 1 for each row. Its
    # square has variance 2. The bounds are six standard deviations of the mean and of the mean square, which
    # are exceeded with a probability of about 1e-8.
    assert len(errors) > 3 * num_rows * 11 / 12
    assert abs(errors.mean()) < 6 / np.sqrt(num_rows)
    assert abs(np.square(errors).mean() - 1) < 6 * np.sqrt(2 / num_rows)
