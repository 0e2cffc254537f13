"""The fidelity for kernels: pairs of circuits with values, each distinct state computed once."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import zz_feature_map
from qiskit.quantum_info import Statevector, state_fidelity

from qiskit_qoro import QoroFidelity, QoroInputError

FEATURES = zz_feature_map(2)
POINTS = np.random.default_rng(3).random((4, 2))


class CountingBackend:
    """Records how many circuits each job has, and computes fidelities with Qiskit."""

    def __init__(self):
        self.jobs = []

    def fidelity(self, a, b=None, **options):
        self.jobs.append((len(a), None if b is None else len(b), options))
        return np.array([[overlap(one, other) for other in (a if b is None else b)] for one in a])


def overlap(one, other):
    return state_fidelity(Statevector(one), Statevector(other))


def expected(pairs):
    bound = [FEATURES.assign_parameters(point) for point in POINTS]
    return [overlap(bound[one], bound[other]) for one, other in pairs]


def run(fidelity, pairs):
    left, right = (POINTS[list(indices)] for indices in zip(*pairs, strict=True))
    return fidelity.run([FEATURES] * len(pairs), [FEATURES] * len(pairs), left, right).result()


def test_fidelities_of_pairs_are_exact(backend):
    pairs = [(one, other) for one in range(4) for other in range(one, 4)]
    result = run(QoroFidelity(backend), pairs)
    assert result.fidelities == pytest.approx(expected(pairs), abs=1e-12)
    assert result.raw_fidelities == pytest.approx(result.fidelities)
    assert len(result.metadata) == len(pairs)


def test_anything_but_a_backend_is_refused():
    with pytest.raises(QoroInputError, match="backend is str, expected a QoroBackend"):
        QoroFidelity("qoro_maestro")


def test_each_state_is_computed_once():
    backend = CountingBackend()
    fidelity = QoroFidelity(backend, tag="kernel")
    pairs = [(0, 1), (0, 2), (1, 2), (0, 1)]
    assert run(fidelity, pairs).fidelities == pytest.approx(expected(pairs))
    # Without a state on both sides, only the needed fidelities are computed.
    pairs = [(0, 2), (0, 3), (1, 2)]
    assert run(fidelity, pairs).fidelities == pytest.approx(expected(pairs))
    options = {"execution_config": None, "tag": "kernel"}
    assert backend.jobs == [(3, None, options), (2, 2, options)]


def test_single_circuits_and_circuits_without_parameters():
    plus = QuantumCircuit(1)
    plus.h(0)
    fidelity = QoroFidelity(CountingBackend())
    assert fidelity.run(plus, QuantumCircuit(1)).result().fidelities == pytest.approx([0.5])
    point = list(POINTS[0])
    assert fidelity.run(FEATURES, FEATURES, point, [point]).result().fidelities == pytest.approx([1])
    assert fidelity.run([], []).result().fidelities == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([FEATURES], [], POINTS[:1], None), "circuits_1 has 1 circuits and circuits_2 0"),
        (
            ([FEATURES], [FEATURES], POINTS[:2], POINTS[:1]),
            "values_1 has 2 rows, expected one",
        ),
        (([FEATURES], [FEATURES], POINTS[:1], [[1.0]]), "values_2 has rows of 1 values, .* 2 parameters"),
        (([FEATURES], [FEATURES]), "values_1 has rows of 0 values"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(QoroInputError, match=message):
        QoroFidelity(CountingBackend()).run(*arguments)
