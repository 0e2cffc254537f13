"""Random PUBs through the estimator, against what Qiskit computes.

Exact values are those of ``StatevectorEstimator`` within 1e-9; of observables with projectors, which it
refuses, those of ``Statevector``. Where a circuit was transpiled, these are the values of
what was sent; those of the circuit before are met within 1e-6, since the transpiler is no more exact.

Sampled values are within 5 of their own standard errors, and what outcomes too rare to be seen can add. By
the empirical Bernstein inequality of Maurer and Pontil, the mean of *N* values of variance *V* in a range *R*
is off by more than ``sqrt(2 V L / N) + 7 R L / (3 (N - 1))`` with a probability of at most ``4 exp(-L)``.
*L* is 12.5, which makes the first term 5 standard errors: a value misses with a probability of at most
1.5e-5, and of 6e-7 where its errors are as good as normal.
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

Maker = Any  # that of conftest.py
Observable = dict[str, float]

BATCH = 4
L = 12.5

# Qiskit computes the matrix of an evolution so.
pytestmark = pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")


@dataclass(frozen=True)
class Case:
    """A PUB as it is sent, and what has to come back.

    Attributes:
        pub: The PUB.
        evs: The exact expectation values of what is sent.
        meant: Those of the circuit and the observables before they were transpiled.
        ranges: How far apart two samples of each of them may be.
    """

    pub: tuple[Any, ...]
    evs: np.ndarray
    meant: np.ndarray
    ranges: np.ndarray


def cases(maker: Maker) -> list[Case]:
    made = [case(maker) for _ in range(maker.upto(3))]
    return [*made, made[0]] if maker.chance(0.3) else made


def case(maker: Maker) -> Case:
    width = maker.upto(8)
    circuit = maker.circuit(width, maker.upto(14) - 1)
    parameters_shape, observables_shape = maker.shapes()
    values = maker.values(circuit, parameters_shape)
    letters = maker.pick(["IXYZ", "IIIXYZ", "IZ", "IXYZ01+-rl", "III01+-rl"])
    observables = np.empty(observables_shape, dtype=object)
    for place in np.ndindex(observables_shape):
        observables[place] = observable(maker, width, letters)

    evs = meant = expected_values(circuit, observables, values)
    sent = maker.transpiled(circuit) if maker.chance(0.3) else circuit
    if sent is not circuit:
        observables = each(lambda terms: laid_out(terms, sent), observables)
        evs = expected_values(sent, observables, values)
    ranges = each(lambda terms: 2 * sum(map(abs, terms.values())), observables).astype(float)
    if maker.chance(0.2):
        sent = sent.measure_all(inplace=False)
    given = each(lambda terms: dressed(maker, terms), observables)
    pub = (sent, given if given.ndim else given.item(), values, maker.pick([None, 0.1, 0.05, 0.02]))
    return Case(pub, evs, meant, np.broadcast_to(ranges, evs.shape))


def each(change: Callable[[Any], Any], items: np.ndarray) -> np.ndarray:
    changed = np.empty(items.shape, dtype=object)
    for place in np.ndindex(items.shape):
        changed[place] = change(items[place])
    return changed


def observable(maker: Maker, width: int, letters: str) -> Observable:
    terms = {maker.word(width, letters): float(maker.rng.normal()) for _ in range(maker.upto(6))}
    if maker.chance(0.2):
        return {maker.word(width, "IXYZ"): 1.0}
    return {**terms, "I" * width: 1.5} if maker.chance(0.2) else terms


def laid_out(terms: Observable, circuit: QuantumCircuit) -> Observable:
    """An observable of a circuit for what it was transpiled to."""
    result = {}
    for key, weight in terms.items():
        letters = ["I"] * circuit.num_qubits
        for letter, qubit in zip(reversed(key), circuit.layout.final_index_layout(), strict=True):
            letters[-1 - qubit] = letter
        result["".join(letters)] = weight
    return result


def dressed(maker: Maker, terms: Observable) -> Any:
    """The same observable in another form that Qiskit takes."""
    if not is_of_paulis(terms):
        return terms
    key = next(iter(terms))
    if terms == {key: 1.0}:
        return maker.pick([key, Pauli(key)])
    # With a word that comes three times.
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
    for place in np.ndindex(states.shape):
        for key, weight in observables[place].items():
            evs[place] += weight * states[place].expectation_value(Operator.from_label(key)).real
    return evs


def test_exact_expectation_values_are_those_of_qiskit(
    backend: QoroBackend,
    make: Callable[[int], Any],
    assert_same_elsewhere: Callable[[QoroPrimitiveJob], None],
    batch: int,
) -> None:
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        with make(seed) as maker:
            wanted = cases(maker)
            job = QoroEstimator(backend, options=maker.options()).run([item.pub for item in wanted])
            for item, result in zip(wanted, job.result(), strict=True):
                assert result.data.shape == result.data.evs.shape == item.evs.shape
                np.testing.assert_allclose(result.data.evs, item.evs, rtol=0, atol=1e-9)
                np.testing.assert_allclose(result.data.evs, item.meant, rtol=0, atol=1e-6)
                np.testing.assert_array_equal(result.data.stds, np.zeros(item.evs.shape))
                assert result.metadata["target_precision"] == (item.pub[3] or 0)
                assert result.metadata["circuit_metadata"] == item.pub[0].metadata
            if seed % 3 == 0:
                assert_same_elsewhere(job)


def test_sampled_ones_are_off_by_as_much_as_they_say(
    backend: QoroBackend,
    make: Callable[[int], Any],
    assert_same_elsewhere: Callable[[QoroPrimitiveJob], None],
    batch: int,
) -> None:
    for seed in range(10_000 + batch * BATCH, 10_000 + (batch + 1) * BATCH):
        with make(seed) as maker:
            wanted = cases(maker)
            options = {**maker.options(), "force_sampling": True, "default_shots": maker.pick([None, 3000])}
            job = QoroEstimator(backend, options=options).run([item.pub for item in wanted])
            for item, result in zip(wanted, job.result(), strict=True):
                assert result.data.shape == result.data.evs.shape == result.data.stds.shape == item.evs.shape
                shots = result.metadata["shots"]
                reach = np.sqrt(2 * L * shots / (shots - 1)) * result.data.stds
                reach = reach + 7 * item.ranges * L / (3 * (shots - 1))
                np.testing.assert_array_less(abs(result.data.evs - item.evs), reach + 1e-9)
            if seed % 3 == 0:
                assert_same_elsewhere(job)


def test_standard_errors_are_as_large_as_the_errors_are(backend: QoroBackend) -> None:
    circuit = QuantumCircuit(3)
    for index, parameter in enumerate(ParameterVector("t", 6)):
        circuit.ry(parameter, index % 3)
        circuit.cx(index % 3, (index + 1) % 3)
    terms = SparsePauliOp(["ZZI", "IXX", "IIZ", "XXI"], [1, -0.5, 0.7, 0.2])
    values = np.random.default_rng(1).normal(size=(400, 1, 6))
    pub = (circuit, [terms, "ZYZ", {"0+1": 2.0, "ZZZ": -1.0}], values)
    options = {"force_sampling": True, "default_shots": 500, "execution_config": MaestroConfig(seed=5)}

    sampled = QoroEstimator(backend, options=options).run([pub]).result()[0].data
    exact = QoroEstimator(backend).run([pub]).result()[0].data.evs

    is_random = sampled.stds > 0.01
    errors = (sampled.evs - exact)[is_random] / sampled.stds[is_random]
    # 1,200 numbers whose variance is 1, the three of a row perhaps equal: the mean is off by 0.3, or the mean
    # square by 0.43, which are six of their standard deviations, with a probability of about 1e-8.
    assert len(errors) > 1100
    assert abs(errors.mean()) < 0.3
    assert abs(np.square(errors).mean() - 1) < 0.43
