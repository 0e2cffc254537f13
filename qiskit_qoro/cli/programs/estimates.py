"""Expectation values of circuits: for ``estimate``, and for ``run --observable``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.cli.circuit_results import Outcome
from qiskit_qoro.cli.programs.execution_options import execution_config, tag_of
from qiskit_qoro.cli.programs.observables import Observable
from qiskit_qoro.cli.programs.reading import NamedCircuit
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.primitives.estimator import QoroEstimator
from qiskit_qoro.primitives.planning.plan import Plan
from qiskit_qoro.primitives.planning.programs import without_final_measurements
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob

__all__ = ["Estimate", "build_estimate"]

# The messages of the estimator are for Python.
_WORDS_OF_PYTHON = {
    "run the circuit with QoroSampler": "count its outcomes with 'qiskit-qoro run'",
    "set the option force_sampling": "sample the values with --shots",
}


@dataclass(frozen=True)
class Estimate:
    """Observables that will be estimated for circuits.

    Attributes:
        estimator: The estimator with the options of the command.
        names: The name of each circuit.
        circuits: The circuits without measurements.
        observables: The observables, which are the same for all circuits.
        shots: The shots of each group of Pauli strings, or ``None`` if the values are not sampled on request.
        precision: The precision, or ``None`` for the default of the estimator.
        tag: The tag of the jobs.
        config: The execution configuration, or ``None`` for that of the service.
    """

    estimator: QoroEstimator
    names: tuple[str, ...]
    circuits: tuple[QuantumCircuit, ...]
    observables: tuple[Observable, ...]
    shots: int | None
    precision: float | None
    tag: str
    config: AnyConfig | None

    @property
    def backend(self) -> QoroBackend:
        """The backend that runs the circuits."""
        return self.estimator.backend

    def plan(self) -> Plan:
        """Render the jobs without sending them."""
        with _words_of_the_command(self.names):
            return self.estimator.plan(self._pubs(), precision=self.precision)

    def submit(self) -> QoroPrimitiveJob:
        """Submit the jobs, and return without waiting for them."""
        with _words_of_the_command(self.names):
            return self.estimator.run(self._pubs(), precision=self.precision)

    def wait(self, job: QoroPrimitiveJob) -> Outcome:
        """Wait for the expectation values of each circuit."""
        with _words_of_the_command(self.names):
            result = job.result()
        circuits = [
            {"name": name, "observables": self._values(pub.data.evs, pub.data.stds)}
            for name, pub in zip(self.names, result, strict=True)
        ]
        return Outcome({"shots": self.shots}, circuits)

    def _values(self, evs: Any, stds: Any) -> list[dict[str, Any]]:
        return [
            {"observable": observable.text, "value": float(value), "standard_error": float(error)}
            for observable, value, error in zip(self.observables, np.ravel(evs), np.ravel(stds), strict=True)
        ]

    def _pubs(self) -> list[Any]:
        operators = [observable.operator for observable in self.observables]
        return [(circuit, operators) for circuit in self.circuits]


def build_estimate(
    circuits: Sequence[NamedCircuit], backend: QoroBackend, options: argparse.Namespace
) -> Estimate:
    """Check circuits and options, and return the estimate.

    Args:
        circuits: The circuits, in order.
        backend: The backend that runs them.
        options: The options of the command.

    Raises:
        QoroInputError: A circuit measures before its end, an observable does not fit a circuit, or the
            options contradict each other.
    """
    for circuit in circuits:
        for observable in options.observable:
            observable.check(circuit.name, circuit.circuit.num_qubits)
    unmeasured = tuple(_without_measurements(circuit) for circuit in circuits)
    config, tag = execution_config(options, circuits, backend), tag_of(options, circuits)
    settings = {
        "tag": tag,
        "execution_config": config,
        "default_shots": options.shots,
        "force_sampling": options.shots is not None,
    }
    return Estimate(
        QoroEstimator(backend, options=settings),
        tuple(circuit.name for circuit in circuits),
        unmeasured,
        tuple(options.observable),
        options.shots,
        options.precision,
        tag,
        config,
    )


def _without_measurements(circuit: NamedCircuit) -> QuantumCircuit:
    with _words_of_the_command([circuit.name]):
        try:
            return without_final_measurements(circuit.circuit)
        except QoroInputError as error:
            error.introduce(circuit.name)
            raise


@contextmanager
def _words_of_the_command(names: Sequence[str]) -> Iterator[None]:
    """Name circuits and options in errors as the user of the command does."""

    def reword(text: str) -> str:
        for index, name in enumerate(names):
            text = text.replace(f"PUB {index}:", f"{name}:")
        for python, command in _WORDS_OF_PYTHON.items():
            text = text.replace(python, command)
        return text

    try:
        yield
    except QoroError as error:
        error.reword(reword)
        raise
