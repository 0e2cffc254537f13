"""Counts of circuits: for ``run``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.backends.run_submission import prepare_run, submit_run
from qiskit_qoro.cli.circuit_results import Outcome, circuits_of_run
from qiskit_qoro.cli.programs.execution_options import execution_config, tag_of
from qiskit_qoro.cli.programs.reading import NamedCircuit
from qiskit_qoro.errors import JobFailedError, QoroInputError
from qiskit_qoro.jobs.experiment_results import Experiment
from qiskit_qoro.jobs.job import PARTIAL_RESULT_HINT, QoroJob
from qiskit_qoro.jobs.job_document import RunStructure
from qiskit_qoro.jobs.registers import layout_of_circuit
from qiskit_qoro.models.config import DEFAULT_SHOTS
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.qasm.measurements import describe_unmeasured
from qiskit_qoro.qasm.write.writer import Program
from qiskit_qoro.service.submission import Submission

__all__ = ["Run", "build_run"]


@dataclass(frozen=True)
class Run:
    """Circuits that will be sampled as one job.

    Attributes:
        backend: The backend that runs them.
        programs: What is sent for each circuit.
        structure: The names, registers and shots of the circuits, and the tag of the job.
        shots: The shots of each circuit.
        config: The execution configuration, or ``None`` for that of the service.
    """

    backend: QoroBackend
    programs: tuple[Program, ...]
    structure: RunStructure
    shots: int
    config: AnyConfig | None

    @property
    def tag(self) -> str:
        """The tag of the job."""
        return str(self.structure.tag)

    def prepare(self) -> Submission:
        """Render the job without sending it."""
        return prepare_run(
            self.backend.service,
            self.programs,
            self.structure,
            job_config=self.backend.job_config(tag=self.tag),
            execution_config=self.config,
        )

    def submit(self) -> QoroJob:
        """Submit the job, and return without waiting for it."""
        return submit_run(
            self.backend,
            self.backend.service,
            self.programs,
            self.structure,
            job_config=self.backend.job_config(tag=self.tag),
            execution_config=self.config,
        )

    def wait(self, job: QoroJob) -> Outcome:
        """Wait for the counts of each circuit.

        Raises:
            JobFailedError: The job failed, and no circuit has a result.
        """
        failure = None
        try:
            result = job.result()
        except JobFailedError as error:
            result, failure = job.result(partial=True), error
            if not any(experiment.success for experiment in result.results):
                raise
            error.reword(lambda text: text.replace(PARTIAL_RESULT_HINT, "the tables show"))
        circuits = circuits_of_run(result)
        facts: dict[str, Any] = {"shots": self.shots, "time_taken": result.time_taken}
        if len(circuits) == 1:
            # This key is older than the list of circuits.
            facts |= {"counts": circuits[0]["counts"]}
        return Outcome(facts, circuits, failure)


def build_run(circuits: Sequence[NamedCircuit], backend: QoroBackend, options: argparse.Namespace) -> Run:
    """Check circuits and options, and return the run.

    Args:
        circuits: The circuits, in order.
        backend: The backend that runs them.
        options: The options of the command.

    Raises:
        QoroInputError: A circuit measures nothing, cannot be written or is too wide for the backend, or the
            options contradict each other.
    """
    shots = DEFAULT_SHOTS if options.shots is None else options.shots
    config = execution_config(options, circuits, backend)
    style = backend.program_style({"execution_config": config}, [circuit.circuit for circuit in circuits])
    programs = tuple(circuit.program(style) for circuit in circuits)
    for circuit, program in zip(circuits, programs, strict=True):
        _check(circuit.name, program, backend)
    experiments = [
        Experiment(
            circuit.name, layout_of_circuit(circuit.circuit, program), shots, circuit.circuit.metadata or {}
        )
        for circuit, program in zip(circuits, programs, strict=True)
    ]
    structure = RunStructure(experiments, backend.name, tag_of(options, circuits))
    return Run(backend, programs, structure, shots, config)


def _check(name: str, program: Program, backend: QoroBackend) -> None:
    # Elsewhere this is a warning. The counts are the only purpose of a run, so nothing is submitted.
    problem = describe_unmeasured(program.text)
    if problem is not None:
        raise QoroInputError(
            f"{name}: the program {problem}; measure it with 'measure q -> c;', or compute expectation "
            "values with --observable"
        )
    num_busy = program.num_qubits - program.num_idle_qubits
    if num_busy > backend.num_qubits:
        raise QoroInputError(
            f"{name}: the program has {num_busy} qubits, but backend {backend.name!r} has "
            f"{backend.num_qubits}"
        )
