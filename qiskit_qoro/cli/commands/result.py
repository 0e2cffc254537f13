"""``qiskit-qoro result``: wait for a job and show its results."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from typing import Any

from qiskit.primitives import PrimitiveResult, PubResult

from qiskit_qoro.cli.circuit_results import circuits_of_run, print_circuits
from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.commands.pub_results import print_pubs, pubs_to_json
from qiskit_qoro.cli.output import (
    DEFAULT_ROWS,
    print_json,
    print_table,
    say,
    waiting_for_job,
)
from qiskit_qoro.cli.providers import open_provider_of_job, service_jobs
from qiskit_qoro.cli.service_options import add_job_argument
from qiskit_qoro.errors import JobCancelledError, JobFailedError, JobTimeoutError, QoroInputError
from qiskit_qoro.jobs.job import PARTIAL_RESULT_HINT, QoroJob
from qiskit_qoro.models.jobs import JobOutcome, JobState, JobStatus, joint_state
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.primitives.primitive_job import RESULT_READERS
from qiskit_qoro.provider import QoroProvider
from qiskit_qoro.qubo.characterization import CharacterizationResult
from qiskit_qoro.service.clock import Deadline
from qiskit_qoro.wire.labels import index_of_label, kind_of_label

__all__ = ["COMMAND", "show_result"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="wait for a job that has not ended, or exit with an error (default: wait)",
    )
    parser.add_argument("--timeout", type=_seconds, metavar="S", help="wait for at most S seconds")
    parser.add_argument(
        "--partial", action="store_true", help="show the available results of a job in which circuits failed"
    )
    parser.add_argument(
        "--all",
        dest="rows",
        action="store_const",
        const=None,
        default=DEFAULT_ROWS,
        help=f"show all circuits, outcomes and elements instead of the first {DEFAULT_ROWS} of each",
    )
    add_job_argument(parser)


def _execute(options: argparse.Namespace) -> None:
    with open_provider_of_job(options, whole=True) as provider:
        show_result(provider, options)


def show_result(provider: QoroProvider, options: argparse.Namespace) -> None:
    """Wait for the job in the options, and show its results.

    Args:
        provider: The provider of its service.
        options: The options of the command ``result``.
    """
    deadline = provider.service.deadline(options.timeout)
    state = _wait(provider, options, deadline)
    if state.status is JobStatus.CANCELLED:
        raise JobCancelledError(f"job {options.job_id} was cancelled", job_id=options.job_id)
    # Only the journal shows that a job is a characterization.
    entry = provider.journal.find(options.job_id) if provider.journal else None
    if entry is not None and entry.kind is JobKind.CHARACTERIZATION:
        raw = provider.service.characterize_and_validate(job_id=options.job_id)
        if options.json:
            print_json(raw)
        else:
            print_table(CharacterizationResult(raw))
        return
    results = _read_results(provider, options, state.status, deadline)
    if options.json:
        name, value = (
            ("pubs", pubs_to_json(results)) if isinstance(results, PrimitiveResult) else ("circuits", results)
        )
        about = {"job_id": options.job_id, "status": state.status.value, "run_time": state.run_time_s}
        print_json({**about, name: value})
    elif isinstance(results, PrimitiveResult):
        print_pubs(results, rows=options.rows)
    else:
        print_circuits(results, options.rows)


def _wait(provider: QoroProvider, options: argparse.Namespace, deadline: Deadline) -> JobState:
    """Wait until every service job has ended, and return their joint state."""
    jobs = service_jobs(options)
    # The first request also shows whether the job exists, so an unknown job fails without a wait.
    states = [provider.service.get_job_state(job, deadline=deadline) for job in jobs]
    state = joint_state(states)
    if all(each.status.is_final for each in states):
        return state
    if not options.wait:
        raise JobTimeoutError(
            f"job {options.job_id} is {state.status.value}: it has no results yet", job_id=options.job_id
        )
    with waiting_for_job(options.job_id):
        final_states = provider.service.wait_for_jobs(jobs, deadline=deadline)
    return joint_state(list(final_states.values()))


def _left_s(deadline: Deadline) -> float | None:
    """The argument ``timeout`` for the time until a deadline."""
    return None if deadline.timeout_s is None else max(0.0, deadline.remaining_s)


def _read_results(
    provider: QoroProvider, options: argparse.Namespace, status: JobStatus, deadline: Deadline
) -> PrimitiveResult[PubResult] | list[dict[str, Any]]:
    """Read the results of a job that has ended.

    Returns:
        The result of a primitive's job, or the circuits of any other job in order, as ``--json`` shows them.
        The circuits are also returned for a primitive's job whose labels cannot be decoded, and with
        ``--partial`` for a primitive's job that failed.
    """
    job = provider.retrieve_job(options.job_id)
    may_read_labels = options.partial or status is JobStatus.COMPLETED
    if isinstance(job, QoroJob):
        if may_read_labels and _has_no_qiskit_result(outcome := job.outcome(_left_s(deadline))):
            return _circuits_by_label(outcome)
        try:
            return circuits_of_run(job.result(_left_s(deadline), partial=options.partial))
        except JobFailedError as error:
            # The hint in the message is for Python.
            error.reword(lambda text: text.replace(PARTIAL_RESULT_HINT, "--partial shows"))
            raise
    try:
        if status is JobStatus.COMPLETED or not options.partial:
            return job.result(_left_s(deadline))
    except QoroInputError as error:
        # The labels did not have enough space for the structure of the primitive's job.
        say(f"{error.message}. These are the raw results:")
    outcomes = [provider.service.get_job_outcome(each, deadline=deadline) for each in service_jobs(options)]
    return [circuit for outcome in outcomes for circuit in _circuits_by_label(outcome)]


def _has_no_qiskit_result(outcome: JobOutcome) -> bool:
    """Whether Qiskit's ``Result`` cannot represent an outcome.

    It cannot represent expectation values, nor a service job that is a part of a primitive's job.
    """
    labels = (*outcome.results, *outcome.failures)
    return any(kind_of_label(label) in RESULT_READERS for label in labels) or not all(
        map(_are_counts, outcome.results.values())
    )


def _are_counts(values: Mapping[str, float]) -> bool:
    return all(isinstance(value, int) for value in values.values())


def _circuits_by_label(outcome: JobOutcome) -> list[dict[str, Any]]:
    """Describe the circuits of any other job by their labels. Our own labels become indices."""
    circuits = [
        {"name": _name(label), "counts" if _are_counts(values) else "values": dict(values)}
        for label, values in outcome.results.items()
    ]
    return circuits + [{"name": _name(label), "reason": reason} for label, reason in outcome.failures.items()]


def _name(label: str) -> str:
    index = index_of_label(label)
    return label if index is None else str(index)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds of 0 or more, got {text!r}")
    return seconds


COMMAND = Command(
    "result",
    "show the results of a job",
    "Wait for a job and show its results: counts, expectation values by Pauli string, or the values of each "
    "PUB. Ctrl-C ends the wait and leaves the job running.",
    _add_arguments,
    _execute,
)
"""The command ``result``."""
