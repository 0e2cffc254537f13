"""Translate the outcome of a job from the service's labels to the user's circuits.

The service identifies circuits by label. In the process that submitted a job, it is known which circuit each
label stands for. Any other process reads this from the labels.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from qiskit_qoro.errors import WireError
from qiskit_qoro.jobs.experiment_results import Experiment, with_submitted_labels
from qiskit_qoro.jobs.job_document import RUN_KIND, RunStructure, name_circuits, structure_from_json
from qiskit_qoro.models.jobs import JobOutcome, summarize_failures
from qiskit_qoro.printable import quoted_name
from qiskit_qoro.wire.labels import LabelledStructure, decode_labels, index_of_label
from qiskit_qoro.wire.results import FAILED_JOB_PREFIX

__all__ = ["decode_structure", "describe_failure", "restore_labels"]

_log = logging.getLogger(__name__)


def decode_structure(
    labels: Sequence[str], *, job_id: str
) -> tuple[dict[str, Experiment], RunStructure] | LabelledStructure | None:
    """Find out from the labels of a job which circuits were submitted.

    Args:
        labels: The labels of all circuits, in any order.
        job_id: The job, for the log.

    Returns:
        For a job of ``backend.run()``: the circuits by label, and the structure of the submission. For a job
        of a primitive: the structure in its labels. ``None`` if the labels contain no structure, or one that
        cannot be read, with a warning in the log.
    """
    try:
        found = decode_labels(labels)
        if found is not None and found.kind != RUN_KIND:
            return found
        if found is not None and found.document is not None:
            structure = structure_from_json(found.document, len(labels))
            # Results and failures are separate lists, so the order of submission comes from the labels.
            in_order = sorted(labels, key=lambda label: index_of_label(label) or 0)
            return dict(zip(in_order, structure.experiments, strict=True)), structure
    except WireError as error:
        _log.warning(
            "circuit names and registers of job %s are unknown, because its labels cannot be read: %s",
            job_id,
            error.message,
        )
    return None


def restore_labels(outcome: JobOutcome, experiments: Mapping[str, Experiment]) -> JobOutcome:
    """Restore the submitted labels of an outcome, and put the names of circuits into its reasons.

    Args:
        outcome: The outcome as the service returned it. The service may have truncated labels.
        experiments: The submitted circuits, by label.
    """
    failures = with_submitted_labels(experiments, outcome.failures)
    reason = outcome.reason
    return JobOutcome(
        results=with_submitted_labels(experiments, outcome.results),
        failures={label: name_circuits(text, experiments) for label, text in failures.items()},
        reason=None if reason is None else name_circuits(reason.removeprefix(FAILED_JOB_PREFIX), experiments),
        details=with_submitted_labels(experiments, outcome.details),
    )


def describe_failure(outcome: JobOutcome, experiments: Mapping[str, Experiment]) -> str:
    """Describe why a job failed: by its first failed circuits, or else by the service's reason.

    Args:
        outcome: The outcome of the job, from :func:`restore_labels`.
        experiments: The submitted circuits by label, in order.
    """
    failed = [
        f"circuit {index} ({quoted_name(experiment.name)}): {outcome.failures[label]}"
        for index, (label, experiment) in enumerate(experiments.items())
        if label in outcome.failures
    ]
    if not failed:
        return outcome.reason or "the service gave no reason"
    return summarize_failures(failed, len(failed))
