"""Preparation of an estimator's PUBs: which circuits have to run, and for which Pauli strings.

PUBs that share a circuit share its rows. :class:`CircuitRequests` recognizes a row by its text and values,
collects the Pauli strings that any PUB needs from it, and finally turns the rows into circuits. If values are
exact, each row is one circuit. If the backend samples, each row becomes one circuit for each group of Pauli
strings that can be measured together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.primitives.containers.estimator_pub import EstimatorPub

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.primitives.planning.grouping import basis_of, group_pauli_strings
from qiskit_qoro.primitives.planning.job_layout import Circuit
from qiskit_qoro.primitives.planning.observables import (
    ObservableTerms,
    expand_observables,
    restrict_pauli_strings,
)
from qiskit_qoro.primitives.planning.programs import (
    RowPrograms,
    Source,
    append_measurements,
    check_resets,
    without_final_measurements,
    write_rows,
)
from qiskit_qoro.primitives.planning.pub_checks import check_width
from qiskit_qoro.primitives.postprocess.estimator import (
    EstimatorPubPostprocessor,
    Observable,
    broadcast_pairs,
)
from qiskit_qoro.primitives.postprocess.readouts import COMPUTED, NOT_RUN, Pattern, Readouts
from qiskit_qoro.qasm.write.style import ProgramStyle
from qiskit_qoro.qasm.write.writer import used_qubits

__all__ = ["CircuitRequests", "PreparedPub", "build_observables", "prepare_pub", "prepare_rows"]

PauliStrings = tuple[str, ...]


class CircuitRequests:
    """Collects which Pauli strings are needed from which row.

    Use it in three steps: :meth:`add` all requests, call :meth:`circuits` once, then call :meth:`readouts`
    for the rows of each PUB.
    """

    def __init__(self) -> None:
        # The rows, in columns. Objects for 10^5 rows would take most of the time of a plan.
        self._sources: list[Source] = []
        self._values: list[npt.NDArray[np.float64]] = []
        self._shots: list[int | None] = []
        self._pauli_strings: list[PauliStrings] = []
        # Number of a row by content, so that equal rows of several PUBs become one.
        self._row_numbers: dict[tuple[Source, int | None], dict[bytes, int]] = {}
        # Grouping is expensive and most rows need the same strings, so the groups are cached.
        self._groups: dict[PauliStrings, list[tuple[str, PauliStrings]]] = {}
        # Index of each row's first circuit. Empty until circuits() is called.
        self._first_circuits: list[int] = []

    def add(
        self, programs: RowPrograms, shots: int | None, needed: Sequence[PauliStrings]
    ) -> list[int | None]:
        """Request Pauli strings from rows.

        Args:
            programs: The rows.
            shots: Shots of each of their circuits, or ``None`` for exact values.
            needed: The strings for each row, in addition to those requested earlier from an equal row.

        Returns:
            The number of each row, or ``None`` if no strings are needed from it.
        """
        numbers: list[int | None] = []
        last_source = None
        for source, values, strings in zip(programs.sources, programs.values, needed, strict=True):
            if not strings:
                numbers.append(None)
                continue
            if source is not last_source:
                last_source = source
                known = self._row_numbers.setdefault((source, shots), {})
            number = known.setdefault(values.tobytes(), len(self._values))
            if number == len(self._values):
                self._sources.append(source)
                self._values.append(values)
                self._shots.append(shots)
                self._pauli_strings.append(strings)
            elif self._pauli_strings[number] != strings:
                self._pauli_strings[number] = tuple(dict.fromkeys(self._pauli_strings[number] + strings))
            numbers.append(number)
        return numbers

    def circuits(self) -> list[Circuit]:
        """Return the circuits to run. Nothing may be added afterwards."""
        circuits: list[Circuit] = []
        measured_sources: dict[tuple[Source, str], Source] = {}
        rows = zip(self._sources, self._values, self._shots, self._pauli_strings, strict=True)
        for source, values, shots, strings in rows:
            self._first_circuits.append(len(circuits))
            if shots is None:
                circuits.append(Circuit(source, values, strings))
                continue
            for basis, _ in self._measured_groups(strings):
                # Rows that share a source and a basis share the source with measurements too.
                key = (source, basis)
                if key not in measured_sources:
                    measured_sources[key] = append_measurements(source, basis)
                circuits.append(Circuit(measured_sources[key], values, shots))
        return circuits

    def readouts(
        self,
        rows: Sequence[int | None],
        index_of_string: Mapping[str, int],
        circuit_numbers: Sequence[int],
    ) -> Readouts:
        """Return the circuits that give values for the rows of a PUB.

        Args:
            rows: The number of each row, or ``None`` if it need not run.
            index_of_string: The Pauli strings of the PUB, with their indices. Circuits that give none of them
                are left out.
            circuit_numbers: For each circuit of :meth:`circuits`, its index in the submission.
        """
        # Most rows need the same strings, so what is read of them is cached.
        cached: dict[PauliStrings, tuple[Pattern, list[int]]] = {}

        def pattern_and_circuits(row: int | None) -> tuple[Pattern, list[int]]:
            if row is None:
                return NOT_RUN, []
            first = self._first_circuits[row]
            if self._shots[row] is None:
                return COMPUTED, [circuit_numbers[first]]
            strings = self._pauli_strings[row]
            if strings not in cached:
                cached[strings] = self._pattern(strings, index_of_string)
            pattern, offsets = cached[strings]
            return pattern, [circuit_numbers[first + offset] for offset in offsets]

        return Readouts(map(pattern_and_circuits, rows))

    def _pattern(
        self, pauli_strings: PauliStrings, index_of_string: Mapping[str, int]
    ) -> tuple[Pattern, list[int]]:
        """Return what is read of a row whose circuits are sampled, and the offsets of these circuits."""
        pattern, offsets = [], []
        for offset, (basis, strings) in enumerate(self._measured_groups(pauli_strings)):
            indices = tuple(index_of_string[string] for string in strings if string in index_of_string)
            if indices:
                pattern.append((basis, indices))
                offsets.append(offset)
        return tuple(pattern), offsets

    def _measured_groups(self, pauli_strings: PauliStrings) -> list[tuple[str, PauliStrings]]:
        """Return the groups of Pauli strings that are measured together, each with its basis."""
        if pauli_strings not in self._groups:
            groups = [
                tuple(pauli_strings[index] for index in group) for group in group_pauli_strings(pauli_strings)
            ]
            self._groups[pauli_strings] = [(basis_of(group), group) for group in groups]
        return self._groups[pauli_strings]


@dataclass(frozen=True, eq=False)
class PreparedPub:
    """A PUB whose Pauli strings have been requested.

    Attributes:
        pub: The PUB.
        parameter_shape: The shape of its parameter values.
        precision: Its precision.
        shots: Shots of each circuit, or ``None`` for exact values.
        pauli_strings: The Pauli strings that its values depend on.
        observables: Its observables, in C order.
        rows: For each row of parameters, its number in the requests, or ``None`` if it need not run.
    """

    pub: EstimatorPub
    parameter_shape: tuple[int, ...]
    precision: float
    shots: int | None
    pauli_strings: PauliStrings
    observables: Sequence[Observable]
    rows: Sequence[int | None]

    def postprocessor(
        self, requests: CircuitRequests, circuit_numbers: Sequence[int]
    ) -> EstimatorPubPostprocessor:
        """Build the postprocessor of the PUB.

        Args:
            requests: The requests to which the PUB's Pauli strings were added.
            circuit_numbers: For each circuit of ``requests``, its index in the submission.
        """
        index_of_string = {string: index for index, string in enumerate(self.pauli_strings)}
        return EstimatorPubPostprocessor(
            parameter_shape=self.parameter_shape,
            observables_shape=self.pub.observables.shape,
            precision=self.precision,
            shots=self.shots,
            pauli_strings=self.pauli_strings,
            observables=self.observables,
            readouts=requests.readouts(self.rows, index_of_string, circuit_numbers),
            metadata=dict(self.pub.circuit.metadata or {}),
        )


def prepare_pub(
    backend: QoroBackend,
    pub: EstimatorPub,
    precision: float,
    shots: int | None,
    requests: CircuitRequests,
    style: ProgramStyle,
) -> PreparedPub:
    """Check a PUB and request the Pauli strings that it needs.

    Args:
        backend: The backend that will run it.
        pub: The PUB.
        precision: Its precision.
        shots: Shots of each circuit, or ``None`` for exact values.
        requests: Collects the requests of all PUBs.
        style: What the programs keep of the circuit.

    Raises:
        QoroInputError: The circuit cannot be run, or exact values are needed and its final state is random.
    """
    circuit = without_final_measurements(pub.circuit)
    programs = write_rows(circuit, pub.parameter_values.as_array(circuit.parameters), style)
    shape = pub.parameter_values.shape
    return prepare_rows(backend, pub, circuit, programs, shape, precision, shots, requests)


def prepare_rows(
    backend: QoroBackend,
    pub: EstimatorPub,
    circuit: QuantumCircuit,
    programs: RowPrograms,
    parameter_shape: tuple[int, ...],
    precision: float,
    shots: int | None,
    requests: CircuitRequests,
) -> PreparedPub:
    """Check the programs of a PUB and request the Pauli strings that it needs.

    Args:
        backend: The backend that will run them.
        pub: The PUB, whose parameter values are not used.
        circuit: Its circuit without final measurements.
        programs: The programs of the rows, in C order.
        parameter_shape: The shape of the rows. It can be broadcast together with that of the observables.
        precision: As for :func:`prepare_pub`.
        shots: As for :func:`prepare_pub`.
        requests: As for :func:`prepare_pub`.

    Raises:
        QoroInputError: As for :func:`prepare_pub`.
    """
    check_width(backend, programs)
    if shots is None:
        check_resets(programs.program)
    pauli_strings, observables = build_observables(pub, circuit, programs)
    needed = _needed_strings(parameter_shape, pub.observables.shape, observables, pauli_strings)
    rows = requests.add(programs, shots, needed)
    return PreparedPub(pub, parameter_shape, precision, shots, pauli_strings, observables, rows)


def build_observables(
    pub: EstimatorPub, circuit: QuantumCircuit, programs: RowPrograms
) -> tuple[PauliStrings, list[Observable]]:
    """Return the observables of a PUB on the qubits of its programs, and their Pauli strings.

    Args:
        pub: The PUB.
        circuit: Its circuit without final measurements.
        programs: The programs of its rows.
    """
    # Idle qubits stay in |0>, so the factors of observables on them are known.
    idle = set(range(circuit.num_qubits)).difference(used_qubits(circuit))
    labels, terms = expand_observables(pub.observables, idle=idle)
    restricted = restrict_pauli_strings(labels, programs.program.qubits, circuit.num_qubits, idle=idle)
    index_of_string: dict[str, int] = {}
    observables = [_build_observable(term, restricted, index_of_string) for term in terms]
    return tuple(index_of_string), observables


def _build_observable(
    terms: ObservableTerms, restricted: Sequence[str | None], index_of_string: dict[str, int]
) -> Observable:
    """Build an observable in which terms on idle qubits are evaluated.

    Args:
        terms: The terms of the observable.
        restricted: The Pauli strings on the qubits of the program, or ``None`` for those whose value is 0.
        index_of_string: The Pauli strings of the PUB so far, with their indices. New ones are added.
    """
    constant = 0.0
    coefficients: dict[int, float] = {}
    for coefficient, number in zip(terms.coefficients.tolist(), terms.pauli_strings.tolist(), strict=True):
        string = restricted[number]
        if string is None:
            continue
        if not string.strip("I"):
            constant += coefficient
            continue
        # Strings that differ on idle qubits only may be equal after the restriction.
        index = index_of_string.setdefault(string, len(index_of_string))
        coefficients[index] = coefficients.get(index, 0.0) + coefficient
    return Observable(
        constant, np.array(list(coefficients.values())), np.array(list(coefficients), dtype=np.int64)
    )


def _needed_strings(
    parameter_shape: tuple[int, ...],
    observables_shape: tuple[int, ...],
    observables: Sequence[Observable],
    pauli_strings: PauliStrings,
) -> list[PauliStrings]:
    """Return for each row of parameters the Pauli strings of the observables that it is paired with."""
    rows, numbers = broadcast_pairs(parameter_shape, observables_shape)
    if not rows.size:
        return [()] * math.prod(parameter_shape)
    # Encode each pair as one number, so that sorting brings equal pairs and equal rows together. Sorting
    # takes a tenth of the time of np.unique, which hashes.
    width = numbers.max() + 1
    pairs = np.sort((rows * width + numbers).ravel())
    # Each row is paired with as many observables as any other row.
    paired = (pairs[np.diff(pairs, prepend=-1) != 0] % width).reshape(math.prod(parameter_shape), -1)
    # Many rows are paired with the same observables, so their strings are cached.
    strings_of_observables: dict[bytes, PauliStrings] = {}
    needed = []
    for row in paired:
        key = row.tobytes()
        if key not in strings_of_observables:
            indices = np.sort(np.concatenate([observables[number].pauli_strings for number in row]))
            distinct = indices[np.diff(indices, prepend=-1) != 0]
            strings_of_observables[key] = tuple(pauli_strings[index] for index in distinct)
        needed.append(strings_of_observables[key])
    return needed
