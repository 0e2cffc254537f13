"""Postprocessing for gradients: from the results of circuits to values and derivatives by parameters.

There are two ways to get the derivatives by the angles of a template. A service with gradient jobs computes
them (:class:`AdjointPubPostprocessor`). Otherwise they are sums of values at shifted angles
(:class:`ShiftPubPostprocessor`). In both, a
:class:`~qiskit_qoro.primitives.postprocess.chain_rule.ChainRule` turns them into derivatives by parameters.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.primitives import DataBin, PubResult

from qiskit_qoro.errors import JobFailedError, WireError
from qiskit_qoro.models.gradients import GradientValues
from qiskit_qoro.models.jobs import CircuitResult, JobStatus, ResultDetails
from qiskit_qoro.primitives.postprocess.chain_rule import ChainRule
from qiskit_qoro.primitives.postprocess.estimator import EstimatorPubPostprocessor, broadcast_pairs
from qiskit_qoro.primitives.postprocess.postprocessor import (
    Postprocessor,
    PubPostprocessor,
    method_metadata,
    pack_integers,
    result_of,
    shape_from_json,
    unpack_integers,
)
from qiskit_qoro.wire.fields import as_count, as_object
from qiskit_qoro.wire.json_values import json_metadata

__all__ = [
    "AdjointPubPostprocessor",
    "GradientPostprocessor",
    "GradientPubPostprocessor",
    "ShiftPubPostprocessor",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_MAX_ELEMENTS = 2**28  # limit for the arrays of a PUB in a document, whose shapes may multiply


class GradientPubPostprocessor(PubPostprocessor):
    """Turns the results of circuits into the values and gradients of one PUB."""

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> GradientPubPostprocessor:
        """Rebuild a postprocessor of either kind."""
        kind = ShiftPubPostprocessor if "v" in document else AdjointPubPostprocessor
        return kind.read(document)

    @classmethod
    @abstractmethod
    def read(cls, document: Mapping[str, Any]) -> GradientPubPostprocessor:
        """Rebuild a postprocessor of this kind from the value that ``to_document`` returned."""


@dataclass(frozen=True, eq=False)
class AdjointPubPostprocessor(GradientPubPostprocessor):
    """Reads the gradients that a service has computed.

    Attributes:
        parameter_shape: The shape of the PUB's parameter values, whose rows are numbered in C order.
        observables_shape: The shape of the PUB's observables.
        precision: The requested precision. The values are exact whatever it is.
        circuits: The circuit of each row, by its index in the submission. Empty if nothing has to run.
        columns: For each observable in C order its number in the request, or -1 if it is a constant.
        constants: The part of each observable that needs no circuit.
        chain_rule: The derivatives of the angles.
        num_angles: The number of angles.
        metadata: The circuit's metadata.
    """

    parameter_shape: tuple[int, ...]
    observables_shape: tuple[int, ...]
    precision: float
    circuits: tuple[int, ...]
    columns: tuple[int, ...]
    constants: tuple[float, ...]
    chain_rule: ChainRule
    num_angles: int
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def needs(self, circuit: int) -> bool:
        """Whether the PUB needs the circuit with this index in the submission."""
        return circuit in self.circuits

    def build(self, results: Mapping[int, CircuitResult], details: Mapping[int, ResultDetails]) -> PubResult:
        """Build the result of the PUB, see :meth:`PubPostprocessor.build`."""
        rows, observables = broadcast_pairs(self.parameter_shape, self.observables_shape)
        flat_rows, flat_observables = rows.ravel(), observables.ravel()
        columns = np.array(self.columns, dtype=np.int64)[flat_observables]
        values = np.array(self.constants, dtype=np.float64)[flat_observables]
        by_angle = np.zeros((rows.size, self.num_angles))
        if self.circuits:
            found = [self._gradients(result_of(results, circuit), circuit) for circuit in self.circuits]
            is_computed = columns >= 0
            where = flat_rows[is_computed], columns[is_computed]
            values[is_computed] += np.array([list(item.values()) for item in found])[where]
            by_angle[is_computed] = np.array([item.gradients for item in found])[where]
        gradients = self.chain_rule.apply(by_angle, flat_rows)
        metadata = {
            "target_precision": self.precision,
            "circuit_metadata": dict(self.metadata),
            "gradient_method": "adjoint",
            **method_metadata(self.circuits, details),
        }
        shape = rows.shape
        return _pub_result(values, np.zeros(rows.size), gradients, np.zeros_like(gradients), shape, metadata)

    def _gradients(self, result: CircuitResult, circuit: int) -> GradientValues:
        expected = (max(self.columns, default=-1) + 1, self.num_angles)
        if not isinstance(result, GradientValues) or result.gradients.shape != expected:
            raise JobFailedError(
                f"the service returned no gradients of {expected[0]} observables by {expected[1]} angles for "
                f"circuit {circuit}",
                status=JobStatus.COMPLETED,
            )
        return result

    def to_document(self, *, metadata: bool) -> dict[str, Any]:
        """Return the postprocessor as a JSON value, with or without the circuit's metadata."""
        document: dict[str, Any] = {
            "s": [list(self.parameter_shape), list(self.observables_shape)],
            "q": self.precision,
            "c": pack_integers(self.circuits),
            "o": pack_integers(self.columns),
            "k": list(self.constants),
            "h": self.chain_rule.to_document(),
            "a": self.num_angles,
        }
        if metadata and (kept := json_metadata(self.metadata)):
            document["m"] = kept
        return document

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> AdjointPubPostprocessor:
        """Rebuild a postprocessor from the value that :meth:`to_document` returned."""
        circuits, columns = unpack_integers(document["c"]), unpack_integers(document["o"])
        parameter_shape, observables_shape = document["s"]
        rows = shape_from_json(parameter_shape)
        shape = shape_from_json(observables_shape, len(columns))
        num_angles = as_count(document["a"], "a", least=0)
        constants = [float(constant) for constant in document["k"]]
        if len(constants) != len(columns) or (circuits and len(circuits) != prod(rows)):
            raise WireError("expected a circuit for each row and a constant for each observable, got others")
        rule = ChainRule.from_document(document["h"], num_rows=prod(rows), num_angles=num_angles)
        _check_size(rows, shape, max(num_angles, rule.num_parameters))
        return cls(
            rows,
            shape,
            float(document["q"]),
            tuple(circuits),
            tuple(columns),
            tuple(constants),
            rule,
            num_angles,
            dict(document.get("m", {})),
        )


@dataclass(frozen=True, eq=False)
class ShiftPubPostprocessor(GradientPubPostprocessor):
    """Computes gradients from values at shifted angles.

    Attributes:
        values: The postprocessor of the values. Its parameter shape has a first axis: the unshifted angles,
            then all shifts. The other axes are those of the PUB's parameter values.
        angles: The angle of each shift.
        weights: The weight of the value of each shift in the derivative by its angle.
        chain_rule: The derivatives of the angles.
        num_angles: The number of angles.
    """

    values: EstimatorPubPostprocessor
    angles: tuple[int, ...]
    weights: tuple[float, ...]
    chain_rule: ChainRule
    num_angles: int

    def needs(self, circuit: int) -> bool:
        """Whether the PUB needs the circuit with this index in the submission."""
        return self.values.needs(circuit)

    def build(self, results: Mapping[int, CircuitResult], details: Mapping[int, ResultDetails]) -> PubResult:
        """Build the result of the PUB, see :meth:`PubPostprocessor.build`."""
        built = self.values.build(results, details)
        shape = built.data.shape[1:]
        evs = np.asarray(built.data.evs).reshape(len(self.angles) + 1, -1)
        variances = np.square(np.asarray(built.data.stds)).reshape(evs.shape)
        rows, _ = broadcast_pairs(self.values.parameter_shape[1:], self.values.observables_shape)
        flat_rows = np.broadcast_to(rows, shape).ravel()
        weights = np.array(self.weights)[:, np.newaxis]
        gradients = self.chain_rule.apply(self._by_angle(weights * evs[1:]), flat_rows)
        # The shifted values come from different circuits, so their errors are independent.
        squares = self._by_angle(np.square(weights) * variances[1:])
        gradient_variances = self.chain_rule.apply_to_variances(squares, flat_rows)
        metadata = built.metadata | {"gradient_method": "parameter_shift"}
        stds, gradient_stds = np.sqrt(variances[0]), np.sqrt(gradient_variances)
        return _pub_result(evs[0], stds, gradients, gradient_stds, shape, metadata)

    def _by_angle(self, by_shift: Floats) -> Floats:
        """Add up the contributions of the shifts of each angle: (shifts, elements) to (elements, angles)."""
        found = np.zeros((self.num_angles, by_shift.shape[1]))
        np.add.at(found, np.array(self.angles, dtype=np.int64), by_shift)
        return found.T

    def to_document(self, *, metadata: bool) -> dict[str, Any]:
        """Return the postprocessor as a JSON value, with or without the circuit's metadata."""
        return {
            "v": self.values.to_document(metadata=metadata),
            "i": pack_integers(self.angles),
            "w": list(self.weights),
            "h": self.chain_rule.to_document(),
            "a": self.num_angles,
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> ShiftPubPostprocessor:
        """Rebuild a postprocessor from the value that :meth:`to_document` returned."""
        values = EstimatorPubPostprocessor.from_document(as_object(document["v"], "v"))
        angles = unpack_integers(document["i"])
        weights = [float(weight) for weight in document["w"]]
        num_angles = as_count(document["a"], "a", least=0)
        if angles and not 0 <= min(angles) <= max(angles) < num_angles:
            raise WireError(f"i: expected numbers below {num_angles}, got others")
        if len(weights) != len(angles) or values.parameter_shape[:1] != (len(angles) + 1,):
            raise WireError("w: expected a weight and a row for each shift, got others")
        rows = values.parameter_shape[1:]
        rule = ChainRule.from_document(document["h"], num_rows=prod(rows), num_angles=num_angles)
        _check_size(rows, values.observables_shape, max(num_angles, rule.num_parameters))
        return cls(values, tuple(angles), tuple(weights), rule, num_angles)


class GradientPostprocessor(Postprocessor):
    """Turns the results of circuits into the values and gradients of an estimator's PUBs."""

    kind = "g"
    pub_type = GradientPubPostprocessor


def _pub_result(
    values: Floats,
    stds: Floats,
    gradients: Floats,
    gradient_stds: Floats,
    shape: Sequence[int],
    metadata: Mapping[str, Any],
) -> PubResult:
    """Build a result from flat arrays."""
    shape = tuple(shape)
    full = (*shape, gradients.shape[1])
    data = DataBin(
        evs=values.reshape(shape),
        stds=stds.reshape(shape),
        gradients=gradients.reshape(full),
        gradient_stds=gradient_stds.reshape(full),
        shape=shape,
    )
    return PubResult(data, metadata=dict(metadata))


def _check_size(rows: tuple[int, ...], observables: tuple[int, ...], width: int) -> None:
    if prod(np.broadcast_shapes(rows, observables)) * width > _MAX_ELEMENTS:
        raise WireError(f"expected a PUB of at most {_MAX_ELEMENTS} derivatives, got more")
