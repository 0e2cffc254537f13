"""What is known of a run: its circuits, and its outcome once that has been read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from qiskit.result import Result

from qiskit_qoro._version import __version__
from qiskit_qoro.jobs.displayed_result import DisplayedResult
from qiskit_qoro.jobs.experiment_results import Experiment, build_experiment_results, infer_experiments
from qiskit_qoro.jobs.job_document import RunStructure, label_circuits
from qiskit_qoro.jobs.outcome import decode_structure, restore_labels
from qiskit_qoro.jobs.sent_programs import SentProgram
from qiskit_qoro.models.jobs import JobOutcome, JobState, JobStatus
from qiskit_qoro.wire.labels import LabelledStructure

__all__ = ["RunContents"]


class RunContents:
    """The circuits and the outcome of a run, as far as they are known.

    For a retrieved job the circuits are unknown, and the structure is incomplete, until labels have been
    read: those of the results, or those of what was sent.

    Args:
        job_id: The identifier of the job.
        structure: The backend, the tag and ``memory``, as far as they are known.
        experiments: The submitted circuits by label, or ``None`` if they are not known.

    Attributes:
        structure: As above.
        experiments: As above.
        foreign: The structure in the labels, if they show that ``backend.run()`` did not submit the job.
        outcome: The outcome, with the labels that were submitted; ``None`` if it has not been read.
        read_at: When it was read.
    """

    def __init__(
        self, job_id: str, structure: RunStructure, experiments: Mapping[str, Experiment] | None
    ) -> None:
        self._job_id = job_id
        self.structure = structure
        self.experiments = experiments
        self.foreign: LabelledStructure | None = None
        self.outcome: JobOutcome | None = None
        self.read_at: datetime | None = None
        # Whether the experiments are guesses from the outcome, because the labels do not describe them.
        self._are_inferred = False

    @property
    def by_label(self) -> Mapping[str, Experiment]:
        """The circuits by label, empty if they are not known."""
        return self.experiments or {}

    @property
    def described(self) -> Mapping[str, Experiment] | None:
        """The circuits by label, or ``None`` if they are not known for sure."""
        return None if self._are_inferred else self.experiments

    def remember(self, outcome: JobOutcome, read_at: datetime | None) -> JobOutcome:
        """Keep the outcome of the job, and return it with the labels that were submitted.

        The labels describe the circuits. If they do not, the circuits are inferred from the outcome.
        """
        if self.experiments is None:
            self.identify([*outcome.results, *outcome.failures])
        if self.experiments is None and self.foreign is None:
            self._are_inferred = True
            self.experiments = infer_experiments(outcome.results, outcome.failures)
            structure = RunStructure(tuple(self.experiments.values()))
            self.structure = structure.completed_by(self.structure)
        self.read_at = read_at
        self.outcome = restore_labels(outcome, self.by_label)
        return self.outcome

    def identify(self, labels: Sequence[str]) -> None:
        """Find out from the labels of all circuits which circuits were submitted, if that is not known."""
        if self.experiments is not None:
            return
        found = decode_structure(labels, job_id=self._job_id)
        if isinstance(found, LabelledStructure):
            self.foreign = found
        elif found is not None:
            self.experiments, structure = found
            self.structure = structure.completed_by(self.structure)

    def part(self, programs: Sequence[SentProgram]) -> tuple[list[str], RunContents]:
        """Return labels for some of the circuits in another job, and the contents of that job.

        The labels of some circuits contain only a part of the structure, so they are replaced. Labels that do
        not describe their circuits stay as they are.
        """
        known = self.described
        if known is None:
            return [program.label for program in programs], self.again()
        experiments = [known[program.label] for program in programs]
        structure = replace(self.structure, experiments=tuple(experiments))
        labels = label_circuits(structure)
        return labels, RunContents("", structure, dict(zip(labels, experiments, strict=True)))

    def again(self) -> RunContents:
        """Return the contents of another job with the same circuits, which has no outcome yet."""
        return RunContents("", self.structure, self.described)

    def build_result(self, outcome: JobOutcome, state: JobState, *, partial: bool) -> Result:
        """Build Qiskit's result from the outcome.

        Args:
            outcome: The outcome.
            state: The state of the job.
            partial: Whether circuits without a result are allowed.
        """
        structure = self.structure
        items = build_experiment_results(
            self.by_label,
            outcome.results,
            memory=structure.memory,
            reasons=outcome.failures if partial else None,
            default_reason=outcome.reason or "",
            details=outcome.details,
        )
        num_failed = sum(not item.success for item in items)
        success = state.status is JobStatus.COMPLETED and not num_failed
        details = "" if success else f": {num_failed} of {len(items)} circuits have no result"
        return DisplayedResult(
            backend_name=structure.backend_name,
            backend_version=None if structure.backend_name is None else __version__,
            job_id=self._job_id,
            success=success,
            results=items,
            date=(self.read_at or datetime.now(UTC)).isoformat(timespec="milliseconds"),
            status=f"{state.status.value}{details}",
            time_taken=state.run_time_s,
        )
