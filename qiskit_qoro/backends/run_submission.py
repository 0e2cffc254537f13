"""Submit the circuits of a run as one job: for :meth:`QoroBackend.run` and for ``qiskit-qoro run``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from qiskit.providers import BackendV2

from qiskit_qoro.display.cards import Card
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.errors import QoroError
from qiskit_qoro.jobs.experiment_results import Experiment
from qiskit_qoro.jobs.job import QoroJob
from qiskit_qoro.jobs.job_document import RunStructure, label_circuits, name_circuits
from qiskit_qoro.models.config import JobConfig
from qiskit_qoro.models.costs import Cost, Prices, format_credits
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.printable import printable_line
from qiskit_qoro.qasm.write.writer import Program
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.circuit_submission import write_circuits
from qiskit_qoro.service.recorder import MAX_NAMES
from qiskit_qoro.service.submission import Measurement, Submission

__all__ = ["RunPlan", "plan_run", "prepare_run", "submit_run"]


@dataclass(frozen=True, repr=False)
class RunPlan:
    """The job that a run will submit. Print it for a summary.

    Attributes:
        backend_name: The backend that will run the job.
        tag: The name of the job.
        num_circuits: Number of circuits.
        num_shots: Shots of all circuits together.
        num_bytes: Size of all request bodies together.
        num_requests: Number of requests that submit the job.
    """

    backend_name: str
    tag: str
    num_circuits: int
    num_shots: int
    num_bytes: int
    num_requests: int
    _service: QoroService | None = field(default=None, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        # A pickle of the client would contain the token. Copies and pickles do not know the prices.
        return {**self.__dict__, "_service": None}

    @property
    def cost(self) -> Cost:
        """What the job will cost. Without a known price, it has no credits.

        The first use may ask the service for its prices.
        """
        return self._priced(None if self._service is None else self._service.prices())

    def _priced(self, prices: Prices | None) -> Cost:
        return Cost(circuits=self.num_circuits, shots=self.num_shots).priced(prices)

    def __str__(self) -> str:
        sent = f"{self.num_bytes:,} bytes in {counted(self.num_requests, 'request')}"
        circuits, shots = counted(self.num_circuits, "circuit"), counted(self.num_shots, "shot")
        return f"{circuits} on {printable_line(self.backend_name)}: {shots}, {sent}"

    def __repr__(self) -> str:
        return f"<RunPlan {self}>"

    def _repr_html_(self) -> str:
        """Return a card for notebooks."""
        # Asking for the prices is left to `cost`: a card sends nothing.
        credits_ = self._priced(self._service.spending.known_prices).credits if self._service else None
        rows = [
            ("tag", self.tag if self.tag != "default" else ""),
            ("circuits", f"{self.num_circuits:,}"),
            ("shots", f"{self.num_shots:,}"),
            ("size", f"{self.num_bytes:,} bytes in {counted(self.num_requests, 'request')}"),
            ("cost", "" if credits_ is None else f"{format_credits(credits_)} credits"),
        ]
        return Card(
            "Plan",
            f"on {self.backend_name}",
            rows=[(name, text) for name, text in rows if text],
            note="Nothing has been sent.",
        ).to_html()


def plan_run(
    service: QoroService,
    programs: Sequence[Program | str],
    structure: RunStructure,
    *,
    job_config: JobConfig,
    execution_config: AnyConfig | None = None,
) -> RunPlan:
    """Describe the job that :func:`submit_run` would submit. The arguments are the same.

    Raises:
        QoroInputError: A program cannot be run.
    """
    submission = prepare_run(
        service, programs, structure, job_config=job_config, execution_config=execution_config
    )
    return RunPlan(
        backend_name=submission.facts.target or "",
        tag=submission.facts.tag,
        num_circuits=submission.facts.num_circuits,
        num_shots=submission.cost.shots or 0,
        num_bytes=submission.num_bytes,
        num_requests=1 + len(submission.uploads),
        _service=service,
    )


def prepare_run(
    service: QoroService,
    programs: Sequence[Program | str],
    structure: RunStructure,
    *,
    job_config: JobConfig,
    execution_config: AnyConfig | None = None,
) -> Submission:
    """Render the job that :func:`submit_run` would submit. The arguments are the same.

    Raises:
        QoroInputError: A program cannot be run.
    """
    experiments = _labelled(structure)
    with _names_instead_of_labels(experiments):
        written = write_circuits(dict(zip(experiments, programs, strict=True)))
        return _prepare(service, written, structure, job_config, execution_config)


def submit_run(
    backend: BackendV2,
    service: QoroService,
    programs: Sequence[Program | str],
    structure: RunStructure,
    *,
    job_config: JobConfig,
    execution_config: AnyConfig | None = None,
) -> QoroJob:
    """Label programs, submit them as one job, and return without waiting for it.

    Args:
        backend: The backend that runs the job.
        service: The client that submits it.
        programs: One OpenQASM 2 program for each experiment of ``structure``, in the same order.
        structure: The names, registers, shots and metadata of the circuits. The labels of the programs will
            contain it.
        job_config: The backend and the tag of the job. The shots come from ``structure``.
        execution_config: Overrides the client's execution configuration.

    Raises:
        QoroInputError: A program cannot be run. Nothing was sent.
        BudgetExceededError: A budget has no room for the job. Nothing was sent.
        QoroAPIError: The service refused the job.
        QoroConnectionError: The service did not answer.
    """
    experiments = _labelled(structure)
    with _names_instead_of_labels(experiments):
        written = write_circuits(dict(zip(experiments, programs, strict=True)))
        submission = _prepare(service, written, structure, job_config, execution_config)
        job_id = service.submit(submission).job_id
        service.record_depths(written)
    return QoroJob.from_submission(backend, str(job_id), service, structure, experiments, submission)


def _prepare(
    service: QoroService,
    programs: Mapping[str, Program],
    structure: RunStructure,
    job_config: JobConfig,
    execution_config: AnyConfig | None,
) -> Submission:
    submission = service.prepare_checked(
        programs,
        Measurement.of_shots([experiment.shots for experiment in structure.experiments]),
        override_execution_config=execution_config,
        override_job_config=job_config,
    )
    names = tuple(experiment.name for experiment in structure.experiments[:MAX_NAMES])
    return replace(submission, facts=replace(submission.facts, names=names))


def _labelled(structure: RunStructure) -> dict[str, Experiment]:
    """Return label to experiment, in order."""
    return dict(zip(label_circuits(structure), structure.experiments, strict=True))


@contextmanager
def _names_instead_of_labels(experiments: Mapping[str, Experiment]) -> Iterator[None]:
    """Name circuits by index and name in errors. The service and the client name them by label."""
    try:
        yield
    except QoroError as error:
        error.reword(partial(name_circuits, experiments=experiments))
        raise
