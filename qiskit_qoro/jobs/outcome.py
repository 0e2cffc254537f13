"""What came of a job's circuits: whose results they are, and why there are none, in the user's words.

The service speaks of labels. Here they become what was submitted under them: known to the process that
submitted it, and otherwise read from the labels themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from qiskit_qoro.errors import WireError
from qiskit_qoro.jobs.experiment_results import Experiment, by_known_label, experiments_of
from qiskit_qoro.jobs.job_document import RUN_KIND, RunStructure, name_circuits, structure_from_json
from qiskit_qoro.models.jobs import JobOutcome, summarize_failures
from qiskit_qoro.wire.labels import LabelledStructure, decode_labels, index_of_label

__all__ = ["describe_failure", "identify", "in_known_terms"]

_log = logging.getLogger(__name__)

_PREFIX = "job failed: "


def identify(
    outcome: JobOutcome, *, job_id: str
) -> tuple[dict[str, Experiment], RunStructure] | LabelledStructure:
    """What was submitted, as far as the labels tell.

    Args:
        outcome: What came of the job.
        job_id: The job, for the log.

    Returns:
        The circuits by label, and the structure of the submission. Where the labels carry none, or one that
        cannot be read, which is logged, each label or its index is a name. For what something else than
        ``backend.run()`` submitted, the structure as it was carried.
    """
    labels = [*outcome.results, *outcome.failures]
    try:
        found = decode_labels(labels)
        if found is not None and found.kind != RUN_KIND:
            return found
        if found is not None and found.document is not None:
            structure = structure_from_json(found.document, len(labels))
            in_order = sorted(labels, key=lambda label: index_of_label(label) or 0)
            return dict(zip(in_order, structure.experiments, strict=True)), structure
    except WireError as error:
        _log.warning(
            "job %s shows indices for names and one row of bits for registers: %s", job_id, error.message
        )
    experiments = experiments_of(outcome.results, outcome.failures)
    return experiments, RunStructure(tuple(experiments.values()))


def in_known_terms(outcome: JobOutcome, experiments: Mapping[str, Experiment]) -> JobOutcome:
    """The same, under the labels that the circuits were submitted with, and with their names in reasons."""
    failures = by_known_label(experiments, outcome.failures)
    reason = outcome.reason
    return JobOutcome(
        results=by_known_label(experiments, outcome.results),
        failures={label: name_circuits(text, experiments) for label, text in failures.items()},
        reason=None if reason is None else name_circuits(reason.removeprefix(_PREFIX), experiments),
    )


def describe_failure(outcome: JobOutcome, experiments: Mapping[str, Experiment]) -> str:
    """Why a job failed: the first of its circuits that did, or the service's words.

    Args:
        outcome: What came of the job, in known terms.
        experiments: What was submitted, by label, in order.
    """
    failed = [
        f"circuit {index} ({experiment.name!r}): {outcome.failures[label]}"
        for index, (label, experiment) in enumerate(experiments.items())
        if label in outcome.failures
    ]
    if not failed:
        return outcome.reason or "the service gives no reason"
    return summarize_failures(failed, len(failed))
