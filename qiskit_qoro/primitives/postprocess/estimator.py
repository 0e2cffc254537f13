"""From expectation values, or counts, to the values of an estimator's PUBs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.primitives import DataBin, PubResult

from qiskit_qoro.errors import JobFailedError
from qiskit_qoro.jobs.experiment_results import check_counts
from qiskit_qoro.models.jobs import CircuitResult, JobStatus
from qiskit_qoro.primitives.postprocess.moments import weighted_moments
from qiskit_qoro.primitives.postprocess.postprocessor import (
    Postprocessor,
    PubPostprocessor,
    pack_integers,
    plain_metadata,
    result_of,
    unpack_integers,
)

__all__ = ["Element", "EstimatorPostprocessor", "EstimatorPubPostprocessor", "Read"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Element:
    """One observable of a PUB: a constant and a weighted sum of words.

    Attributes:
        constant: What follows without running anything.
        coefficients: The weight of each word.
        words: The words, as places in the PUB's list of them.
    """

    constant: float
    coefficients: Floats
    words: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Read:
    """What one circuit tells about a row of parameters.

    Attributes:
        circuit: The circuit, by its place in the submission.
        basis: Where counts come back, the basis that was measured: a Pauli word whose leftmost letter
            belongs to the first qubit, each letter but ``I`` a bit of the results, in order. Empty where
            expectation values come back.
        words: The words that it tells, as places in the PUB's list of them; empty for all of them.
    """

    circuit: int
    basis: str = ""
    words: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class EstimatorPubPostprocessor(PubPostprocessor):
    """How results become those of one PUB.

    Attributes:
        parameter_shape: The shape of the PUB's parameter values, whose rows are numbered in C order.
        observables_shape: The shape of the PUB's observables.
        precision: The precision that was asked for.
        shots: Shots of each circuit, ``None`` where expectation values are computed.
        words: The Pauli words, leftmost letter on the first qubit in use.
        elements: The observables, in C order.
        reads: For each row of parameters, the circuits that tell about it.
        metadata: The circuit's metadata.
    """

    parameter_shape: tuple[int, ...]
    observables_shape: tuple[int, ...]
    precision: float
    shots: int | None
    words: tuple[str, ...]
    elements: Sequence[Element]
    reads: Sequence[tuple[Read, ...]]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def needs(self, circuit: int) -> bool:
        """Whether the PUB needs a circuit."""
        return any(read.circuit == circuit for reads in self.reads for read in reads)

    def build(self, results: Mapping[int, CircuitResult]) -> PubResult:
        """The result of the PUB, see :meth:`PubPostprocessor.build`."""
        rows, elements = broadcast_pairs(self.parameter_shape, self.observables_shape)
        values, variances = np.zeros(rows.size), np.zeros(rows.size)
        if self.shots is None:
            table = self._table(results)
            for element, places in _places(elements.ravel()):
                values[places] = self._exact(table, rows.ravel()[places], self.elements[element])
        else:
            for row, places in _places(rows.ravel()):
                met = elements.ravel()[places]
                values[places], variances[places] = self._sampled(results, row, met)
        metadata = {"target_precision": self.precision, "circuit_metadata": dict(self.metadata)}
        if self.shots is not None:
            metadata["shots"] = self.shots
        data = DataBin(
            evs=values.reshape(rows.shape), stds=np.sqrt(variances).reshape(rows.shape), shape=rows.shape
        )
        return PubResult(data, metadata=metadata)

    def _table(self, results: Mapping[int, CircuitResult]) -> Floats:
        """The value of each word for each row, NaN where it was not asked for."""
        table = np.full((len(self.reads), len(self.words)), np.nan)
        for row, reads in enumerate(self.reads):
            for read in reads:
                values: Mapping[str, float] = result_of(results, read.circuit)
                table[row] = [values.get(word, np.nan) for word in self.words]
        return table

    def _exact(self, table: Floats, rows: npt.NDArray[np.int64], element: Element) -> Floats:
        """The value of one observable for some rows."""
        values = table[np.ix_(rows, element.words)]
        if np.isnan(values).any():
            row, place = np.argwhere(np.isnan(values))[0]
            raise JobFailedError(
                f"the service returned no value of {self.words[element.words[place]]} for row {rows[row]} of "
                "the parameters",
                status=JobStatus.COMPLETED,
            )
        found: Floats = values @ element.coefficients + element.constant
        return found

    def _sampled(
        self, results: Mapping[int, CircuitResult], row: int, elements: npt.NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """The values of some observables for one row, and the variances of these values."""
        # Every word of every observable, weighted: one column for each word.
        weights = np.zeros((len(elements), len(self.words)))
        for position, element in enumerate(elements):
            weights[position, self.elements[element].words] = self.elements[element].coefficients
        values = np.array([self.elements[element].constant for element in elements])
        variances = np.zeros(len(elements))
        told = np.zeros(len(self.words), dtype=bool)
        for read in self.reads[row]:
            places = list(read.words)
            told[places] = True
            counts = check_counts(
                result_of(results, read.circuit),
                where=f"circuit {read.circuit}",
                width=len(read.basis) - read.basis.count("I"),
                shots=self.shots or 0,
            )
            mean, variance = weighted_moments(
                counts, [self.words[place] for place in places], read.basis, weights[:, places]
            )
            values, variances = values + mean, variances + variance
        missing = (weights != 0).any(axis=0) & ~told
        if missing.any():
            raise JobFailedError(
                f"no circuit measured {self.words[missing.argmax()]} for row {row} of the parameters",
                status=JobStatus.COMPLETED,
            )
        return values, variances

    def to_document(self, *, metadata: bool) -> dict[str, Any]:
        """The postprocessor as a JSON value."""
        patterns: dict[tuple[tuple[str, tuple[int, ...]], ...], int] = {}
        pattern_of_row = [
            patterns.setdefault(tuple((read.basis, read.words) for read in reads), len(patterns))
            for reads in self.reads
        ]
        document: dict[str, Any] = {
            "s": [list(self.parameter_shape), list(self.observables_shape)],
            "q": self.precision,
            "w": ";".join(self.words),
            "e": [
                [item.constant, item.coefficients.tolist(), pack_integers(item.words.tolist())]
                for item in self.elements
            ],
            "g": [[[basis, pack_integers(words)] for basis, words in pattern] for pattern in patterns],
            "r": pack_integers(pattern_of_row),
            "c": pack_integers([read.circuit for reads in self.reads for read in reads]),
        }
        if self.shots is not None:
            document["n"] = self.shots
        if metadata and (kept := plain_metadata(self.metadata)):
            document["m"] = kept
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> EstimatorPubPostprocessor:
        """The postprocessor that :meth:`to_document` wrote."""
        circuits = iter(unpack_integers(document["c"]))
        patterns = [
            [(str(basis), tuple(unpack_integers(words))) for basis, words in pattern]
            for pattern in document["g"]
        ]
        parameter_shape, observables_shape = document["s"]
        return cls(
            parameter_shape=tuple(parameter_shape),
            observables_shape=tuple(observables_shape),
            precision=float(document["q"]),
            shots=document.get("n"),
            words=tuple(document["w"].split(";")) if document["w"] else (),
            elements=[
                Element(
                    float(constant),
                    np.array(coefficients, dtype=np.float64),
                    np.array(unpack_integers(words), dtype=np.int64),
                )
                for constant, coefficients, words in document["e"]
            ],
            reads=[
                tuple(Read(next(circuits), basis, words) for basis, words in patterns[pattern])
                for pattern in unpack_integers(document["r"])
            ],
            metadata=dict(document.get("m", {})),
        )


class EstimatorPostprocessor(Postprocessor):
    """How results become those of an estimator's PUBs."""

    kind = "e"
    pub_type = EstimatorPubPostprocessor


def broadcast_pairs(
    parameter_shape: tuple[int, ...], observables_shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which row of parameters and which observable belong to each element of a PUB.

    Args:
        parameter_shape: The shape of the parameter values.
        observables_shape: The shape of the observables.

    Returns:
        The number of the row and of the observable, both counted in C order, for each element; two
        arrays of the shape of the PUB.
    """
    rows = np.arange(int(np.prod(parameter_shape))).reshape(parameter_shape)
    observables = np.arange(int(np.prod(observables_shape))).reshape(observables_shape)
    first, second = np.broadcast_arrays(rows, observables)
    return first, second


def _places(numbers: npt.NDArray[np.int64]) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Each different number with the places where it stands."""
    if not numbers.size:
        return
    order = np.argsort(numbers, kind="stable")
    cuts = np.flatnonzero(np.diff(numbers[order])) + 1
    for places in np.split(order, cuts):
        yield int(numbers[places[0]]), places
