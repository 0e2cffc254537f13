"""``QoroEstimatorGradient``, called in the way of ``qiskit-algorithms`` and ``qiskit-machine-learning``.

Neither package is needed here. The environments ``ecosystem-algorithms`` and ``ecosystem-learning`` of tox
run it in both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorEstimator
from qiskit.providers import JobStatus as QiskitStatus
from qiskit.quantum_info import Operator, SparsePauliOp

from qiskit_qoro import QoroBackend, QoroEstimator, QoroEstimatorGradient
from qiskit_qoro.errors import QoroInputError

X, Y = Parameter("x"), Parameter("y")
FIRST, SECOND = SparsePauliOp("IZ"), SparsePauliOp(["ZI", "II"], [2.0, 1.0])


def rotations() -> QuantumCircuit:
    """A circuit in which Z of qubit 0 is cos(x) and Z of qubit 1 is cos(x + y)."""
    circuit = QuantumCircuit(2)
    circuit.rx(X, 0)
    circuit.ry(X + Y, 1)
    return circuit


def by_both(observable: SparsePauliOp, x: float, y: float) -> list[float]:
    """The derivatives of an observable by x and y."""
    if observable is FIRST:
        return [-np.sin(x), 0.0]
    return [-2 * np.sin(x + y)] * 2


@pytest.fixture
def gradient(backend: QoroBackend) -> QoroEstimatorGradient:
    return QoroEstimatorGradient(QoroEstimator(backend))


def test_each_circuit_has_an_array_of_derivatives(gradient: QoroEstimatorGradient) -> None:
    circuit, other = rotations(), QuantumCircuit(2)
    other.ry(Y, 0)
    job = gradient.run([circuit, other, circuit], [FIRST, FIRST, SECOND], [[0.1, 0.2], [0.3], [0.4, 0.5]])
    result = job.result()
    expected = [by_both(FIRST, 0.1, 0.2), [-np.sin(0.3)], by_both(SECOND, 0.4, 0.5)]
    assert [found.tolist() for found in result.gradients] == [pytest.approx(row) for row in expected]
    assert result.metadata == [
        {"parameters": [X, Y], "gradient_method": "adjoint"},
        {"parameters": [Y], "gradient_method": "adjoint"},
        {"parameters": [X, Y], "gradient_method": "adjoint"},
    ]
    assert (result.precision, result.options) == (None, {})
    assert job.status() is QiskitStatus.DONE
    assert job.done()
    assert job.job_id() == job.job.job_id()


def test_a_single_circuit_and_observable_need_no_list(gradient: QoroEstimatorGradient) -> None:
    (found,) = gradient.run(rotations(), FIRST, [[0.1, 0.2]]).result().gradients
    assert found == pytest.approx(by_both(FIRST, 0.1, 0.2))


def test_derivatives_are_in_the_order_of_the_parameters_that_are_asked_for(
    gradient: QoroEstimatorGradient,
) -> None:
    circuit = rotations()
    values = np.array([[0.1, 0.2]] * 3)
    found = gradient.run([circuit] * 3, [SECOND] * 3, values, [[Y], None, (Y, X)]).result().gradients
    whole = by_both(SECOND, 0.1, 0.2)
    assert [row.tolist() for row in found] == [pytest.approx(row) for row in ([whole[1]], whole, whole[::-1])]


def test_all_observables_with_all_rows_are_one_job_with_each_row_once(backend: QoroBackend) -> None:
    class Recorder(QoroEstimator):
        pubs: list[Any]

        def gradient(self, pubs: Any, **options: Any) -> Any:
            self.pubs = list(pubs)
            return super().gradient(self.pubs, **options)

    estimator = Recorder(backend)
    circuit = rotations()
    rows = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    # This is the order of EstimatorQNN: all samples of the first observable, then those of the second one.
    found = QoroEstimatorGradient(estimator).run([circuit] * 6, [FIRST] * 3 + [SECOND] * 3, rows + rows)
    expected = [by_both(observable, *row) for observable in (FIRST, SECOND) for row in rows]
    assert [row.tolist() for row in found.result().gradients] == [pytest.approx(row) for row in expected]
    assert [pub.shape for pub in estimator.pubs] == [(2, 3)]


def test_observables_with_different_rows_are_not_combined(gradient: QoroEstimatorGradient) -> None:
    circuit = rotations()
    pairs = [(FIRST, (0.1, 0.2)), (SECOND, (0.3, 0.4)), (FIRST, (0.5, 0.6)), (FIRST, (0.1, 0.2))]
    found = gradient.run([circuit] * 4, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    expected = [by_both(observable, *row) for observable, row in pairs]
    assert [row.tolist() for row in found.result().gradients] == [pytest.approx(row) for row in expected]


def test_general_operators_are_accepted(gradient: QoroEstimatorGradient) -> None:
    operator = Operator(FIRST)
    (found,) = gradient.run([rotations()], [operator], [[0.1, 0.2]]).result().gradients
    assert found == pytest.approx(by_both(FIRST, 0.1, 0.2))


@pytest.mark.parametrize("precision", [0.05, (0.05,), np.array([0.05])])
def test_the_precision_is_that_of_the_values(backend: QoroBackend, precision: Any) -> None:
    estimator = QoroEstimator(backend, options={"force_sampling": True})
    job = QoroEstimatorGradient(estimator).run([rotations()], [FIRST], [[0.1, 0.2]], precision=precision)
    assert job.result().precision is precision
    assert job.job.result()[0].metadata["shots"] == 400
    of_object = QoroEstimatorGradient(estimator, 0.1)
    assert of_object.precision == 0.1
    result = of_object.run([rotations()], [FIRST], [[0.1, 0.2]])
    assert result.job.result()[0].metadata["shots"] == 100


def test_the_method_can_be_chosen(backend: QoroBackend) -> None:
    job = QoroEstimatorGradient(backend, method="parameter_shift").run(rotations(), FIRST, [[0.1, 0.2]])
    assert job.result().metadata[0]["gradient_method"] == "parameter_shift"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([rotations()], [FIRST, FIRST], [[0.1, 0.2]]), "observables has 2 elements, expected 1"),
        (([rotations()], [FIRST], [[0.1, 0.2]] * 2), "parameter_values has 2 elements, expected 1"),
        (([rotations()], [FIRST], [[0.1, 0.2]], []), "parameters has 0 elements, expected 1"),
        (([rotations()], [FIRST], [[0.1]]), r"circuit 0 has 2 parameters, but parameter_values\[0\] has 1"),
        (([QuantumCircuit(2)], [FIRST], [[]]), "circuit 0 has no parameters"),
        (([rotations()], [FIRST], [[0.1, 0.2]], [[Parameter("z")]]), r"parameters\[0\] has z"),
    ],
)
def test_invalid_arguments_are_refused(
    gradient: QoroEstimatorGradient, arguments: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(QoroInputError, match=message):
        gradient.run(*arguments)


def test_options_and_other_estimators_are_refused(gradient: QoroEstimatorGradient) -> None:
    with pytest.raises(QoroInputError, match="option 'shots' is not supported"):
        gradient.run([rotations()], [FIRST], [[0.1, 0.2]], shots=5)
    with pytest.raises(
        QoroInputError, match="StatevectorEstimator, expected a QoroEstimator or a QoroBackend"
    ):
        QoroEstimatorGradient(StatevectorEstimator())  # type: ignore[arg-type]


def test_a_job_can_be_cancelled(gradient: QoroEstimatorGradient) -> None:
    job = gradient.run([rotations()], [FIRST], [[0.1, 0.2]])
    job.result()
    assert repr(job) == f"<EstimatorGradientJob {job.job_id()!r} on 'qoro_maestro': COMPLETED>"
    assert job.cancel() is False
