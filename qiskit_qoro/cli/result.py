"""``qiskit-qoro result``: what came of a job."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qiskit_qoro.cli.output import print_counts, print_json, print_table, say
from qiskit_qoro.cli.where import add_job, choose_provider_of_job
from qiskit_qoro.errors import JobCancelledError, JobFailedError, JobTimeoutError
from qiskit_qoro.job import QoroJob
from qiskit_qoro.models.jobs import ExecutionResult, JobOutcome, JobState, JobStatus
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.provider import QoroProvider
from qiskit_qoro.wire.labels import index_of_label, kind_of_label

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "execute"]

NAME = "result"
HELP = "show the results of a job"
DESCRIPTION = (
    "Wait for a job and show its results: counts, or expectation values by Pauli word. Ctrl-C ends the wait "
    "and leaves the job running."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether to wait for a job that is not done (default: wait)",
    )
    parser.add_argument("--timeout", type=float, metavar="S", help="how many seconds to wait at most")
    parser.add_argument(
        "--partial", action="store_true", help="show what there is of a job of which circuits failed"
    )
    add_job(parser)


def execute(options: argparse.Namespace) -> None:
    """Run the command."""
    with choose_provider_of_job(options) as provider:
        state = _wait(provider, options)
        if state.status is JobStatus.CANCELLED:
            raise JobCancelledError(f"job {options.job_id} was cancelled", job_id=options.job_id)
        kind = provider.journal.kind_of(options.job_id) if provider.journal else None
        if kind is JobKind.CHARACTERIZATION:
            print_json(provider.service.characterize_and_validate(job_id=options.job_id))
            return
        circuits = _circuits(provider, options.job_id, state, partial=options.partial)
    if options.json:
        print_json(
            {
                "job_id": options.job_id,
                "status": state.status.value,
                "run_time": state.run_time_s,
                "circuits": circuits,
            }
        )
        return
    for index, circuit in enumerate(circuits):
        _print(index, circuit, is_one_of_many=len(circuits) > 1)


def _wait(provider: QoroProvider, options: argparse.Namespace) -> JobState:
    job = ExecutionResult(job_id=options.job_id)
    state = provider.service.get_job_state(job)
    if state.status.is_final:
        return state
    if not options.wait:
        raise JobTimeoutError(
            f"job {options.job_id} is {state.status.value}: it has no results yet", job_id=options.job_id
        )
    try:
        with Console(stderr=True).status("waiting") if sys.stderr.isatty() else nullcontext():
            return provider.service.wait_for_job(job, timeout_s=options.timeout)
    except KeyboardInterrupt:
        say(f"the job goes on: qiskit-qoro result {options.job_id} shows its results later")
        raise


def _circuits(provider: QoroProvider, job_id: str, state: JobState, *, partial: bool) -> list[dict[str, Any]]:
    """What came of each circuit, in the order of submission, as ``--json`` shows it."""
    outcome = provider.service.get_job_outcome(ExecutionResult(job_id=job_id))
    letters = {kind_of_label(label) for label in (*outcome.results, *outcome.failures)} - {None}
    if {JobKind.of_letter(letter) for letter in letters} == {JobKind.RUN}:
        job = provider.retrieve_job(job_id)
        if isinstance(job, QoroJob):
            return _of_run(job, partial=partial)
    if state.status is not JobStatus.COMPLETED and not (partial and (outcome.results or outcome.failures)):
        reason = outcome.reason or "the service gives no reason"
        raise JobFailedError(f"job {job_id} is {state.status.value}: {reason}", job_id=job_id)
    return _of_labels(outcome)


def _of_run(job: QoroJob, *, partial: bool) -> list[dict[str, Any]]:
    """The circuits of ``backend.run()``, with their names and registers."""
    result = job.result(partial=partial)
    circuits = []
    for index, experiment in enumerate(result.results):
        name = experiment.header["name"] if isinstance(experiment.header, Mapping) else experiment.header.name
        came = (
            {"counts": dict(result.get_counts(index))}
            if experiment.success
            else {"reason": experiment.status}
        )
        circuits.append({"name": name, **came})
    return circuits


def _of_labels(outcome: JobOutcome) -> list[dict[str, Any]]:
    """The circuits of all other jobs, by their labels; of ours that is their place in the submission."""
    circuits = []
    for label, values in outcome.results.items():
        is_counts = all(isinstance(value, int) for value in values.values())
        circuits.append({"name": _name(label), "counts" if is_counts else "values": dict(values)})
    return circuits + [{"name": _name(label), "reason": reason} for label, reason in outcome.failures.items()]


def _name(label: str) -> str:
    index = index_of_label(label)
    return label if index is None else str(index)


def _print(index: int, circuit: Mapping[str, Any], *, is_one_of_many: bool) -> None:
    if is_one_of_many:
        print_table(Text(f"{index}: {circuit['name']}"))
    if "counts" in circuit:
        print_counts(circuit["counts"])
    elif "values" in circuit:
        table = Table(box=None)
        table.add_column("word", no_wrap=True)
        table.add_column("value", justify="right")
        for word, value in circuit["values"].items():
            table.add_row(word, f"{value:.12g}")
        print_table(table)
    else:
        print_table(Text(f"failed: {circuit['reason']}"))
