"""The gradient object that ``qiskit-algorithms`` and ``qiskit-machine-learning`` accept.

Both packages have a base class ``BaseEstimatorGradient`` of their own, and call only its method ``run``.
:class:`QoroEstimatorGradient` has the same method, and needs neither package. Their gradients send a circuit
for each shift of each gate. This one sends one job for all circuits, observables and values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.providers import JobStatus as QiskitStatus
from qiskit.quantum_info import Pauli, SparseObservable, SparsePauliOp
from qiskit.quantum_info.operators.base_operator import BaseOperator

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.display.cards import Card, CardTable
from qiskit_qoro.display.reprs import counted, short_text
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.costs import Cost
from qiskit_qoro.primitives.estimator import QoroEstimator
from qiskit_qoro.primitives.planning.gradient_batches import batch_elements
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob
from qiskit_qoro.printable import quoted_name

__all__ = ["EstimatorGradientJob", "EstimatorGradientResult", "QoroEstimatorGradient"]

_GRADIENTS_SHOWN = 10


@dataclass(frozen=True)
class EstimatorGradientResult:
    """The gradients of several circuits, with the attributes of the results of both packages.

    Attributes:
        gradients: For each circuit the derivatives by its parameters.
        metadata: For each circuit a dictionary with its ``parameters``, in the order of the derivatives, and
            the ``gradient_method``.
        precision: The precision that was requested, or ``None``.
        options: Always empty. The options are those of the estimator.
    """

    gradients: list[npt.NDArray[np.float64]]
    metadata: list[dict[str, Any]]
    precision: float | Sequence[float] | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<EstimatorGradientResult: {counted(len(self.gradients), 'gradient')}>"

    def _repr_html_(self) -> str:
        rows = [
            [str(index), str(len(gradient)), metadata["gradient_method"], short_text(_numbers(gradient))]
            for index, (gradient, metadata) in enumerate(
                islice(zip(self.gradients, self.metadata, strict=True), _GRADIENTS_SHOWN)
            )
        ]
        table = CardTable(["circuit", "parameters", "method", "derivatives"], rows, numbers=[0, 1])
        left = len(self.gradients) - len(rows)
        more = f"and {counted(left, 'more circuit')}" if left else ""
        return Card("Gradients", tables=[replace(table, more=more)]).to_html()


@dataclass(frozen=True)
class _Place:
    """The place of the gradient of a circuit in the results: the PUB, the element, and the parameters."""

    pub: int
    index: tuple[int, ...]
    parameters: tuple[Parameter, ...]
    columns: tuple[int, ...]


class EstimatorGradientJob:
    """A job of :class:`QoroEstimatorGradient`.

    Attributes:
        job: The job of the estimator.
    """

    def __init__(
        self,
        job: QoroPrimitiveJob,
        places: Sequence[_Place],
        precision: float | Sequence[float] | None,
    ) -> None:
        self.job = job
        self._places = places
        self._precision = precision

    def __repr__(self) -> str:
        return repr(self.job).replace(type(self.job).__name__, type(self).__name__, 1)

    def _repr_html_(self) -> str:
        return self.job._repr_html_()

    def job_id(self) -> str:
        """The identifier of the estimator's job."""
        return self.job.job_id()

    def status(self) -> QiskitStatus:
        """The status of the job."""
        return self.job.status()

    def done(self) -> bool:
        """Whether the job is completed."""
        return self.job.done()

    def cancel(self) -> bool:
        """Cancel the job; return whether that succeeded."""
        return bool(self.job.cancel())

    @property
    def cost(self) -> Cost | None:
        """What the job costs, as the job of the estimator tells it."""
        return self.job.cost

    def result(self, timeout: float | None = None) -> EstimatorGradientResult:
        """Wait for the job and return the gradients.

        Args:
            timeout: Seconds to wait at most, or ``None`` for no limit.

        Raises:
            JobFailedError: The job failed, see :meth:`QoroPrimitiveJob.result` for this and other errors.
        """
        pubs = self.job.result(timeout)
        arrays = [np.asarray(pub.data.gradients) for pub in pubs]
        return EstimatorGradientResult(
            [arrays[place.pub][place.index][list(place.columns)] for place in self._places],
            [
                {
                    "parameters": list(place.parameters),
                    "gradient_method": pubs[place.pub].metadata["gradient_method"],
                }
                for place in self._places
            ],
            self._precision,
        )


class QoroEstimatorGradient:
    """Compute gradients of expectation values with :meth:`QoroEstimator.gradient`.

    An object of this class can be passed as ``gradient`` to ``VQE`` and other algorithms of
    ``qiskit-algorithms``, and to ``EstimatorQNN`` of ``qiskit-machine-learning``.

    Args:
        estimator: The estimator, whose options are used; or a backend, for an estimator with default options.
        precision: The precision of circuits for which :meth:`run` gets none. By default that of the
            estimator.
        method: ``"adjoint"``, ``"parameter_shift"``, or ``None`` to choose, as for
            :meth:`QoroEstimator.gradient`.

    Raises:
        QoroInputError: ``estimator`` is neither a :class:`QoroEstimator` nor a :class:`QoroBackend`.
    """

    def __init__(
        self,
        estimator: QoroEstimator | QoroBackend,
        precision: float | None = None,
        *,
        method: str | None = None,
    ) -> None:
        if isinstance(estimator, QoroBackend):
            estimator = QoroEstimator(estimator)
        if not isinstance(estimator, QoroEstimator):
            raise QoroInputError(
                f"estimator is {type(estimator).__name__}, expected a QoroEstimator or a QoroBackend"
            )
        self._estimator = estimator
        self.precision = precision
        self._method = method

    def __repr__(self) -> str:
        backend = quoted_name(self._estimator.backend.name)
        return f"<QoroEstimatorGradient on {backend}: {self._method or 'method chosen for each circuit'}>"

    def _repr_html_(self) -> str:
        rows = [("estimator", repr(self._estimator)), ("method", self._method or "chosen for each circuit")]
        if self.precision is not None:
            rows.append(("precision", f"{self.precision:g}"))
        return Card("Gradients of an estimator", rows=rows).to_html()

    @property
    def estimator(self) -> QoroEstimator:
        """The estimator."""
        return self._estimator

    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        observables: BaseOperator | Sequence[BaseOperator],
        parameter_values: Sequence[Sequence[float]] | npt.NDArray[np.float64],
        parameters: Sequence[Sequence[Parameter] | None] | None = None,
        *,
        precision: float | Sequence[float] | None = None,
        **options: Any,
    ) -> EstimatorGradientJob:
        """Submit the gradients of circuits as one job.

        Args:
            circuits: The circuits.
            observables: The observable of each circuit.
            parameter_values: The values of the parameters of each circuit.
            parameters: The parameters of each circuit by which to differentiate; ``None`` means all of them,
                in the order of ``circuit.parameters``.
            precision: The precision, one for all circuits or one for each.
            **options: Not supported. Set the options of the estimator instead.

        Returns:
            A job, whose ``result().gradients`` has an array for each circuit.

        Raises:
            QoroInputError: The arguments have different lengths, a circuit has no parameters or other ones,
                an option is given, or :meth:`QoroEstimator.gradient` refuses a circuit.
        """
        if options:
            raise QoroInputError(
                f"the option {next(iter(options))!r} is not supported: set the options of the estimator"
            )
        circuits = [circuits] if isinstance(circuits, QuantumCircuit) else list(circuits)
        observables = [observables] if isinstance(observables, BaseOperator) else list(observables)
        rows = [np.asarray(row, dtype=np.float64).reshape(-1) for row in parameter_values]
        wanted = [None] * len(circuits) if parameters is None else list(parameters)
        _check_lengths(len(circuits), observables=observables, parameter_values=rows, parameters=wanted)
        if precision is None:
            precision = self.precision
        is_single = precision is None or np.ndim(precision) == 0
        precisions: list[Any] = [precision] * len(circuits) if is_single else list(np.asarray(precision))
        _check_lengths(len(circuits), precision=precisions)
        selections = [
            _select(index, circuit, row, chosen)
            for index, (circuit, row, chosen) in enumerate(zip(circuits, rows, wanted, strict=True))
        ]
        pubs: list[EstimatorPub] = []
        places: dict[int, _Place] = {}
        for members in _groups(circuits, precisions):
            for batch in batch_elements(members, observables, rows):
                operators = [[_operator(observables[index])] for index in batch.observables]
                pub = (circuits[members[0]], operators, [batch.rows])
                for index, place in batch.places.items():
                    places[index] = _Place(len(pubs), place, *selections[index])
                pubs.append(EstimatorPub.coerce(pub, precisions[members[0]]))
        job = self._estimator.gradient(pubs, method=self._method)
        return EstimatorGradientJob(job, [places[index] for index in range(len(circuits))], precision)


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.4g}" for value in islice(values, _GRADIENTS_SHOWN))


def _check_lengths(expected: int, **arguments: Sequence[Any]) -> None:
    for name, values in arguments.items():
        if len(values) != expected:
            raise QoroInputError(
                f"{name} has {len(values)} elements, expected {expected}: one for each circuit"
            )


def _select(
    index: int, circuit: QuantumCircuit, row: npt.NDArray[np.float64], chosen: Iterable[Parameter] | None
) -> tuple[tuple[Parameter, ...], tuple[int, ...]]:
    """Return the parameters by which a circuit is differentiated, and their numbers."""
    if not circuit.num_parameters:
        raise QoroInputError(f"circuit {index} has no parameters, expected at least one")
    if len(row) != circuit.num_parameters:
        raise QoroInputError(
            f"circuit {index} has {circuit.num_parameters} parameters, but parameter_values[{index}] has "
            f"{len(row)} values"
        )
    number_of = {parameter: number for number, parameter in enumerate(circuit.parameters)}
    selected = tuple(number_of if chosen is None else chosen)
    for parameter in selected:
        if parameter not in number_of:
            raise QoroInputError(f"parameters[{index}] has {parameter}, which circuit {index} does not have")
    return selected, tuple(number_of[parameter] for parameter in selected)


def _groups(circuits: Sequence[QuantumCircuit], precisions: Sequence[Any]) -> list[list[int]]:
    """Return the indices of the elements that have the same circuit and the same precision."""
    groups: dict[tuple[int, Any], list[int]] = {}
    for index, (circuit, precision) in enumerate(zip(circuits, precisions, strict=True)):
        groups.setdefault((id(circuit), precision), []).append(index)
    return list(groups.values())


def _operator(observable: Any) -> Any:
    """Return an observable in a form that PUBs accept."""
    is_general = isinstance(observable, BaseOperator) and not isinstance(
        observable, Pauli | SparsePauliOp | SparseObservable
    )
    return SparsePauliOp.from_operator(observable) if is_general else observable
