"""From an estimator's PUBs to the circuits that have to run, each asked once for each word it has to tell.

PUBs that share a circuit share its rows: :class:`CircuitRequests` knows every row by its text and
its values, collects
the words that are wanted of it, and in the end makes circuits of the rows. On a backend that samples, that is
one circuit for each group of words that can be measured together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from qiskit.primitives.containers.estimator_pub import EstimatorPub

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.primitives.planning.grouping import basis_of, group_pauli_strings
from qiskit_qoro.primitives.planning.job_layout import Circuit
from qiskit_qoro.primitives.planning.observables import ObservableTerms, expand_observables, restrict_words
from qiskit_qoro.primitives.planning.programs import (
    RowPrograms,
    Source,
    measuring,
    refuse_chance,
    without_final_measurements,
    write_rows,
)
from qiskit_qoro.primitives.planning.pub_checks import check_width
from qiskit_qoro.primitives.postprocess.estimator import (
    Element,
    EstimatorPubPostprocessor,
    Read,
    broadcast_pairs,
)

__all__ = ["CircuitRequests", "PreparedPub", "prepare_pub"]

Words = tuple[str, ...]


@dataclass(eq=False)
class _Row:
    """A circuit with its values, and what is wanted of it."""

    source: Source
    values: npt.NDArray[np.float64]
    shots: int | None
    words: Words


class CircuitRequests:
    """Collects what is wanted of which row."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []
        self._places: dict[tuple[Source, bytes, int | None], int] = {}
        self._groups: dict[Words, list[tuple[str, Words]]] = {}
        self._first: list[int] = []

    def want(self, source: Source, values: npt.NDArray[np.float64], shots: int | None, words: Words) -> int:
        """Want words of a row.

        Args:
            source: The row's text.
            values: Its values.
            shots: Shots of each of its circuits, ``None`` for exact values.
            words: What is wanted.

        Returns:
            The number of the row.
        """
        key = (source, values.tobytes(), shots)
        place = self._places.setdefault(key, len(self._rows))
        if place == len(self._rows):
            self._rows.append(_Row(source, values, shots, words))
        elif self._rows[place].words != words:
            self._rows[place].words = tuple(dict.fromkeys(self._rows[place].words + words))
        return place

    def circuits(self) -> list[Circuit]:
        """What has to run. Nothing may be wanted any more afterwards."""
        circuits: list[Circuit] = []
        sources: dict[tuple[Source, str], Source] = {}
        for row in self._rows:
            self._first.append(len(circuits))
            if row.shots is None:
                circuits.append(Circuit(row.source, row.values, row.words))
                continue
            for basis, _ in self._measured(row.words):
                key = (row.source, basis)
                if key not in sources:
                    sources[key] = measuring(row.source, basis)
                circuits.append(Circuit(sources[key], row.values, row.shots))
        return circuits

    def reads(self, row: int, place_of_word: Mapping[str, int]) -> list[Read]:
        """The circuits that tell about a row.

        Args:
            row: The row.
            place_of_word: The words that are of interest, with their places.
        """
        first = self._first[row]
        if self._rows[row].shots is None:
            return [Read(first)]
        reads = []
        for offset, (basis, words) in enumerate(self._measured(self._rows[row].words)):
            places = tuple(place_of_word[word] for word in words if word in place_of_word)
            if places:
                reads.append(Read(first + offset, basis, places))
        return reads

    def _measured(self, words: Words) -> list[tuple[str, Words]]:
        """The groups of words that are measured together, each with its basis."""
        if words not in self._groups:
            groups = [tuple(words[index] for index in group) for group in group_pauli_strings(words)]
            self._groups[words] = [(basis_of(group), group) for group in groups]
        return self._groups[words]


@dataclass(frozen=True, eq=False)
class PreparedPub:
    """A PUB whose words have been asked for.

    Attributes:
        pub: The PUB.
        precision: Its precision.
        shots: Shots of each circuit, ``None`` for exact values.
        words: The words that its value depends on.
        elements: Its observables.
        rows: For each row of parameters its number in the asking, ``None`` where it need not run.
    """

    pub: EstimatorPub
    precision: float
    shots: int | None
    words: Words
    elements: Sequence[Element]
    rows: Sequence[int | None]

    def postprocessor(self, asking: CircuitRequests, numbers: Sequence[int]) -> EstimatorPubPostprocessor:
        """How the results become those of the PUB.

        Args:
            asking: What the words were wanted from.
            numbers: The number that each circuit got.
        """
        place_of_word = {word: place for place, word in enumerate(self.words)}
        reads = [
            ()
            if row is None
            else tuple(
                Read(numbers[read.circuit], read.basis, read.words)
                for read in asking.reads(row, place_of_word)
            )
            for row in self.rows
        ]
        return EstimatorPubPostprocessor(
            parameter_shape=self.pub.parameter_values.shape,
            observables_shape=self.pub.observables.shape,
            precision=self.precision,
            shots=self.shots,
            words=self.words,
            elements=self.elements,
            reads=reads,
            metadata=dict(self.pub.circuit.metadata or {}),
        )


def prepare_pub(
    backend: QoroBackend, pub: EstimatorPub, precision: float, shots: int | None, asking: CircuitRequests
) -> PreparedPub:
    """Want the words that a PUB needs.

    Args:
        backend: Where it will run.
        pub: The PUB.
        precision: Its precision.
        shots: Shots of each circuit, ``None`` for exact values.
        asking: Where to want them.

    Raises:
        QoroInputError: The circuit cannot be run, or depends on chance where its values are to be exact.
    """
    circuit = without_final_measurements(pub.circuit)
    programs = write_rows(circuit, pub.parameter_values.as_array(circuit.parameters))
    check_width(backend, programs)
    if shots is None:
        refuse_chance(programs.program)
    idle = set(range(circuit.num_qubits)).difference(programs.program.qubits)
    labels, terms = expand_observables(pub.observables, idle=idle)
    restricted = restrict_words(labels, programs.program.qubits, circuit.num_qubits)
    words: dict[str, int] = {}
    elements = [_element(term, restricted, words) for term in terms]
    rows = _want_rows(pub, programs, elements, tuple(words), shots, asking)
    return PreparedPub(pub, precision, shots, tuple(words), elements, rows)


def _element(terms: ObservableTerms, restricted: Sequence[str | None], words: dict[str, int]) -> Element:
    """An observable without what follows from idle qubits; ``words`` grows by those that it needs."""
    constant = 0.0
    coefficients: dict[int, float] = {}
    for coefficient, number in zip(terms.coefficients.tolist(), terms.words.tolist(), strict=True):
        word = restricted[number]
        if word is None:
            continue
        if not word.strip("I"):
            constant += coefficient
            continue
        place = words.setdefault(word, len(words))
        coefficients[place] = coefficients.get(place, 0.0) + coefficient
    return Element(
        constant, np.array(list(coefficients.values())), np.array(list(coefficients), dtype=np.int64)
    )


def _want_rows(
    pub: EstimatorPub,
    programs: RowPrograms,
    elements: Sequence[Element],
    words: Words,
    shots: int | None,
    asking: CircuitRequests,
) -> list[int | None]:
    """Want of each row of parameters the words of the observables that it meets."""
    rows: list[int | None] = [None] * len(programs.sources)
    wanted: dict[bytes, Words] = {}
    for row, met in _meetings(pub):
        key = met.tobytes()
        if key not in wanted:
            places = np.unique(np.concatenate([elements[number].words for number in met]))
            wanted[key] = tuple(words[place] for place in places)
        if wanted[key]:
            rows[row] = asking.want(programs.sources[row], programs.values[row], shots, wanted[key])
    return rows


def _meetings(pub: EstimatorPub) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """For each row of parameters that occurs, the observables that it meets, ascending."""
    rows, observables = broadcast_pairs(pub.parameter_values.shape, pub.observables.shape)
    if not rows.size:
        return []
    width = observables.max() + 1
    # To sort takes a tenth of the time of np.unique, which hashes.
    pairs = np.sort((rows * width + observables).ravel())
    rows, met = np.divmod(pairs[np.diff(pairs, prepend=-1) != 0], width)
    cuts = np.flatnonzero(np.diff(rows)) + 1
    return list(zip(rows[np.r_[0, cuts]].tolist(), np.split(met, cuts), strict=True))
