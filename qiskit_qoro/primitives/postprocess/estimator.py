"""Postprocessing for the estimator: compute ``evs`` and ``stds`` from expectation values or counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.primitives import DataBin, PubResult

from qiskit_qoro.errors import JobFailedError, WireError
from qiskit_qoro.jobs.experiment_results import check_counts
from qiskit_qoro.models.jobs import CircuitResult, JobStatus, ResultDetails
from qiskit_qoro.primitives.postprocess.moments import weighted_moments
from qiskit_qoro.primitives.postprocess.noise_errors import error_of_counts, error_of_values
from qiskit_qoro.primitives.postprocess.postprocessor import (
    Postprocessor,
    PubPostprocessor,
    method_metadata,
    pack_integers,
    result_of,
    shape_from_json,
    unpack_integers,
)
from qiskit_qoro.primitives.postprocess.readouts import Readouts
from qiskit_qoro.wire.fields import text_field
from qiskit_qoro.wire.json_values import json_metadata

__all__ = ["EstimatorPostprocessor", "EstimatorPubPostprocessor", "Observable", "broadcast_pairs"]

_MAX_ELEMENTS = 2**28  # limit for a PUB in a document, whose shapes may multiply

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Observable:
    """One observable of a PUB: a constant plus a weighted sum of Pauli strings.

    Attributes:
        constant: The part that needs no circuit.
        coefficients: The weight of each Pauli string.
        pauli_strings: The Pauli strings, as indices in the PUB's list of them.
    """

    constant: float
    coefficients: Floats
    pauli_strings: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EstimatorPubPostprocessor(PubPostprocessor):
    """Turns the results of circuits into the result of one PUB.

    Attributes:
        parameter_shape: The shape of the PUB's parameter values, whose rows are numbered in C order.
        observables_shape: The shape of the PUB's observables.
        precision: The requested precision.
        shots: Shots of each circuit, or ``None`` if expectation values are computed.
        pauli_strings: The Pauli strings, leftmost letter on the first qubit in use.
        observables: The observables, in C order.
        readouts: For each row of parameters, the circuits that give values for it.
        metadata: The circuit's metadata.
    """

    parameter_shape: tuple[int, ...]
    observables_shape: tuple[int, ...]
    precision: float
    shots: int | None
    pauli_strings: tuple[str, ...]
    observables: Sequence[Observable]
    readouts: Readouts
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def needs(self, circuit: int) -> bool:
        """Whether the PUB needs the circuit with this index in the submission."""
        return circuit in self.readouts.circuits

    def build(self, results: Mapping[int, CircuitResult], details: Mapping[int, ResultDetails]) -> PubResult:
        """Build the result of the PUB, see :meth:`PubPostprocessor.build`."""
        rows, observables = broadcast_pairs(self.parameter_shape, self.observables_shape)
        flat_rows, flat_observables = rows.ravel(), observables.ravel()
        values, variances = np.zeros(rows.size), np.zeros(rows.size)
        if self.shots is None:
            # One matrix product for each observable evaluates it for all of its rows.
            table = self._table(results)
            inexact = {
                circuit: found for circuit, found in details.items() if found.standard_errors or found.batches
            }
            for number, positions in _positions_by_value(flat_observables):
                observable = self.observables[number]
                values[positions] = self._exact_values(table, flat_rows[positions], observable)
                if inexact:
                    variances[positions] = self._value_variances(
                        table, inexact, flat_rows[positions], observable
                    )
        else:
            # One pass over the counts of each row evaluates all observables that are paired with it.
            for row, positions in _positions_by_value(flat_rows):
                values[positions], variances[positions] = self._sampled_values(
                    results, details, row, flat_observables[positions]
                )
        metadata = {
            "target_precision": self.precision,
            "circuit_metadata": dict(self.metadata),
            **method_metadata(self.readouts.circuits, details),
        }
        if self.shots is not None:
            metadata["shots"] = self.shots
        data = DataBin(
            evs=values.reshape(rows.shape), stds=np.sqrt(variances).reshape(rows.shape), shape=rows.shape
        )
        return PubResult(data, metadata=metadata)

    def _table(self, results: Mapping[int, CircuitResult]) -> Floats:
        """Return the value of each Pauli string for each row, NaN if it was not requested."""
        table = np.full((len(self.readouts), len(self.pauli_strings)), np.nan)
        for row in range(len(self.readouts)):
            for circuit in self.readouts.circuits_of(row):
                values: Mapping[str, float] = result_of(results, circuit)
                table[row] = [values.get(string, np.nan) for string in self.pauli_strings]
        return table

    def _value_variances(
        self,
        table: Floats,
        inexact: Mapping[int, ResultDetails],
        rows: npt.NDArray[np.int64],
        observable: Observable,
    ) -> Floats:
        """Return the variances of one observable for some rows, given the details of inexact results."""
        strings = [self.pauli_strings[index] for index in observable.pauli_strings]
        variances = np.zeros(len(rows))
        for position, row in enumerate(rows):
            for circuit in self.readouts.circuits_of(row):
                found = inexact.get(circuit)
                if found is not None:
                    values = table[row, observable.pauli_strings]
                    error = error_of_values(found, strings, values, observable.coefficients)
                    variances[position] = error**2
        return variances

    def _exact_values(self, table: Floats, rows: npt.NDArray[np.int64], observable: Observable) -> Floats:
        """Return the value of one observable for some rows."""
        values = table[np.ix_(rows, observable.pauli_strings)]
        if np.isnan(values).any():
            row, index = np.argwhere(np.isnan(values))[0]
            raise JobFailedError(
                f"the service returned no value of {self.pauli_strings[observable.pauli_strings[index]]} "
                f"for row {rows[row]} of the parameters",
                status=JobStatus.COMPLETED,
            )
        found: Floats = values @ observable.coefficients + observable.constant
        return found

    def _sampled_values(
        self,
        results: Mapping[int, CircuitResult],
        details: Mapping[int, ResultDetails],
        row: int,
        observables: npt.NDArray[np.int64],
    ) -> tuple[Floats, Floats]:
        """Return the values of some observables for one row, and the variances of these values."""
        # Row k holds the weights of observable k, one column for each Pauli string of the PUB.
        weights = np.zeros((len(observables), len(self.pauli_strings)))
        for position, number in enumerate(observables):
            observable = self.observables[number]
            weights[position, observable.pauli_strings] = observable.coefficients
        values = np.array([self.observables[number].constant for number in observables])
        variances = np.zeros(len(observables))
        is_measured = np.zeros(len(self.pauli_strings), dtype=bool)
        # Groups are measured by different circuits, so their contributions are independent and their
        # variances add up.
        for readout in self.readouts[row]:
            indices = list(readout.pauli_strings)
            is_measured[indices] = True
            counts = check_counts(
                result_of(results, readout.circuit),
                where=f"circuit {readout.circuit}",
                width=len(readout.basis) - readout.basis.count("I"),
                shots=self.shots or 0,
            )
            strings = [self.pauli_strings[index] for index in indices]
            of_strings = weights[:, indices]
            mean, variance = weighted_moments(counts, strings, readout.basis, of_strings)
            found = details.get(readout.circuit)
            if found is not None and found.batches is not None:
                # Shots of one random realization of noise are not independent.
                errors = error_of_counts(found.batches, strings, readout.basis, of_strings, np.sqrt(variance))
                variance = np.square(errors)
            values, variances = values + mean, variances + variance
        is_missing = (weights != 0).any(axis=0) & ~is_measured
        if is_missing.any():
            raise JobFailedError(
                f"no circuit measured {self.pauli_strings[is_missing.argmax()]} for row {row} of the "
                "parameters",
                status=JobStatus.COMPLETED,
            )
        return values, variances

    def to_document(self, *, metadata: bool) -> dict[str, Any]:
        """Return the postprocessor as a JSON value, with or without the circuit's metadata."""
        # "g" has the patterns of the rows, and "r" the number of each row's pattern.
        document: dict[str, Any] = {
            "s": [list(self.parameter_shape), list(self.observables_shape)],
            "q": self.precision,
            "w": ";".join(self.pauli_strings),
            "e": [
                [
                    observable.constant,
                    observable.coefficients.tolist(),
                    pack_integers(observable.pauli_strings.tolist()),
                ]
                for observable in self.observables
            ],
            "g": [
                [[basis, pack_integers(indices)] for basis, indices in pattern]
                for pattern in self.readouts.patterns
            ],
            "r": pack_integers(self.readouts.pattern_of_row),
            "c": pack_integers(self.readouts.circuits),
        }
        if self.shots is not None:
            document["n"] = self.shots
        if metadata and (kept := json_metadata(self.metadata)):
            document["m"] = kept
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> EstimatorPubPostprocessor:
        """Rebuild a postprocessor from the value that :meth:`to_document` returned."""
        joined = text_field(document, "w")
        pauli_strings = tuple(joined.split(";")) if joined else ()
        patterns = [
            tuple((str(basis), _indices_from_json(indices, len(pauli_strings))) for basis, indices in pattern)
            for pattern in document["g"]
        ]
        if any(basis and not indices for pattern in patterns for basis, indices in pattern):
            raise WireError("g: expected a Pauli string for each basis that is measured")
        patterns_of_rows = [patterns[pattern] for pattern in unpack_integers(document["r"])]
        circuits = unpack_integers(document["c"])
        if len(circuits) != sum(map(len, patterns_of_rows)):
            raise WireError(f"c: expected a circuit for each readout, got {len(circuits)} circuits")
        remaining = iter(circuits)
        observables = [
            Observable(
                float(constant),
                np.array(coefficients, dtype=np.float64),
                np.array(_indices_from_json(indices, len(pauli_strings)), dtype=np.int64),
            )
            for constant, coefficients, indices in document["e"]
        ]
        if any(item.coefficients.shape != item.pauli_strings.shape for item in observables):
            raise WireError("e: expected a coefficient for each Pauli string")
        parameter_shape, observables_shape = document["s"]
        pub = cls(
            parameter_shape=shape_from_json(parameter_shape, len(patterns_of_rows)),
            observables_shape=shape_from_json(observables_shape, len(observables)),
            precision=float(document["q"]),
            shots=document.get("n"),
            pauli_strings=pauli_strings,
            observables=observables,
            readouts=Readouts(
                (pattern, list(islice(remaining, len(pattern)))) for pattern in patterns_of_rows
            ),
            metadata=dict(document.get("m", {})),
        )
        if prod(np.broadcast_shapes(pub.parameter_shape, pub.observables_shape)) > _MAX_ELEMENTS:
            raise WireError(f"s: expected a PUB of at most {_MAX_ELEMENTS} elements, got more")
        return pub


def _indices_from_json(packed: Sequence[int], num_pauli_strings: int) -> tuple[int, ...]:
    indices = tuple(unpack_integers(packed))
    if indices and not 0 <= min(indices) <= max(indices) < num_pauli_strings:
        raise WireError(f"expected indices of {num_pauli_strings} Pauli strings, got others")
    return indices


class EstimatorPostprocessor(Postprocessor):
    """Turns the results of circuits into the results of an estimator's PUBs."""

    kind = "e"
    pub_type = EstimatorPubPostprocessor


def broadcast_pairs(
    parameter_shape: tuple[int, ...], observables_shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return which row of parameters and which observable belong to each element of a PUB.

    Args:
        parameter_shape: The shape of the parameter values.
        observables_shape: The shape of the observables.

    Returns:
        The numbers of the rows and the numbers of the observables, both counted in C order: two arrays of the
        shape of the PUB.
    """
    rows = np.arange(int(np.prod(parameter_shape))).reshape(parameter_shape)
    observables = np.arange(int(np.prod(observables_shape))).reshape(observables_shape)
    first, second = np.broadcast_arrays(rows, observables)
    return first, second


def _positions_by_value(numbers: npt.NDArray[np.int64]) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Yield each distinct number with the positions at which it occurs."""
    if not numbers.size:
        return
    order = np.argsort(numbers, kind="stable")
    cuts = np.flatnonzero(np.diff(numbers[order])) + 1
    for positions in np.split(order, cuts):
        yield int(numbers[positions[0]]), positions
