"""``qiskit-qoro result``: what came of a job."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from qiskit.primitives import PrimitiveResult, PubResult
from qiskit.result import Result
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qiskit_qoro.cli.output import ROWS, print_counts, print_json, print_table, say, say_rest
from qiskit_qoro.cli.pub_results import print_pubs, pubs_to_json
from qiskit_qoro.cli.service_options import add_job, choose_provider_of_job, references
from qiskit_qoro.errors import JobCancelledError, JobFailedError, JobTimeoutError, QoroInputError
from qiskit_qoro.jobs.job import QoroJob
from qiskit_qoro.models.jobs import JobOutcome, JobState, JobStatus, joint_state
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.primitives.primitive_job import RESULT_READERS
from qiskit_qoro.provider import QoroProvider
from qiskit_qoro.wire.labels import index_of_label, kind_of_label

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "execute"]

NAME = "result"
HELP = "show the results of a job"
DESCRIPTION = (
    "Wait for a job and show its results: counts, expectation values by Pauli word, or the values of a "
    "primitive's PUBs. Ctrl-C ends the wait and leaves the job running."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether to wait for a job that is not done (default: wait)",
    )
    parser.add_argument("--timeout", type=_seconds, metavar="S", help="how many seconds to wait at most")
    parser.add_argument(
        "--partial", action="store_true", help="show what there is of a job of which circuits failed"
    )
    parser.add_argument(
        "--all",
        dest="rows",
        action="store_const",
        const=None,
        default=ROWS,
        help=f"show all circuits, outcomes and elements, and not only {ROWS} of each",
    )
    add_job(parser)


def execute(options: argparse.Namespace) -> None:
    """Run the command."""
    with choose_provider_of_job(options) as provider:
        state = _wait(provider, options)
        if state.status is JobStatus.CANCELLED:
            raise JobCancelledError(f"job {options.job_id} was cancelled", job_id=options.job_id)
        entry = provider.journal.find(options.job_id) if provider.journal else None
        if entry is not None and entry.kind is JobKind.CHARACTERIZATION:
            print_json(provider.service.characterize_and_validate(job_id=options.job_id))
            return
        came = _what_came(provider, options, state.status)
    if options.json:
        name, value = (
            ("pubs", pubs_to_json(came)) if isinstance(came, PrimitiveResult) else ("circuits", came)
        )
        about = {"job_id": options.job_id, "status": state.status.value, "run_time": state.run_time_s}
        print_json({**about, name: value})
    elif isinstance(came, PrimitiveResult):
        print_pubs(came, rows=options.rows)
    else:
        _print_circuits(came, options.rows)


def _wait(provider: QoroProvider, options: argparse.Namespace) -> JobState:
    jobs = references(options)
    states = [provider.service.get_job_state(job) for job in jobs]
    state = joint_state(states)
    if all(each.status.is_final for each in states):
        return state
    if not options.wait:
        raise JobTimeoutError(
            f"job {options.job_id} is {state.status.value}: it has no results yet", job_id=options.job_id
        )
    try:
        with Console(stderr=True).status("waiting") if sys.stderr.isatty() else nullcontext():
            ends = provider.service.wait_for_jobs(jobs, timeout_s=options.timeout)
            return joint_state(list(ends.values()))
    except KeyboardInterrupt:
        say(f"the job goes on: qiskit-qoro result {options.job_id} shows its results later")
        raise


def _what_came(
    provider: QoroProvider, options: argparse.Namespace, status: JobStatus
) -> PrimitiveResult[PubResult] | list[dict[str, Any]]:
    """The PUBs of a primitive's job; of other jobs the circuits, in order, as ``--json`` shows them."""
    job = provider.retrieve_job(options.job_id)
    may_be_raw = options.partial or status is JobStatus.COMPLETED
    if isinstance(job, QoroJob):
        if may_be_raw and _is_no_run(outcome := job.outcome()):
            return _of_labels(outcome)
        try:
            return _of_run(job.result(partial=options.partial))
        except JobFailedError as error:
            error.reword(lambda text: text.replace("result(partial=True) gives", "--partial shows"))
            raise
    try:
        if status is JobStatus.COMPLETED or not options.partial:
            return job.result()
    except QoroInputError as error:
        say(f"{error.message}. These are the raw results:")
    outcomes = [provider.service.get_job_outcome(each) for each in references(options)]
    return [circuit for outcome in outcomes for circuit in _of_labels(outcome)]


def _is_no_run(outcome: JobOutcome) -> bool:
    """Whether Qiskit's ``Result`` has no form for it: expectation values, or parts of a primitive's job."""
    labels = (*outcome.results, *outcome.failures)
    return any(kind_of_label(label) in RESULT_READERS for label in labels) or not all(
        map(_are_counts, outcome.results.values())
    )


def _are_counts(values: Mapping[str, float]) -> bool:
    return all(isinstance(value, int) for value in values.values())


def _of_run(result: Result) -> list[dict[str, Any]]:
    """The circuits of ``backend.run()``, with their names and registers."""
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
    circuits = [
        {"name": _name(label), "counts" if _are_counts(values) else "values": dict(values)}
        for label, values in outcome.results.items()
    ]
    return circuits + [{"name": _name(label), "reason": reason} for label, reason in outcome.failures.items()]


def _name(label: str) -> str:
    index = index_of_label(label)
    return label if index is None else str(index)


def _print_circuits(circuits: Sequence[Mapping[str, Any]], rows: int | None) -> None:
    for index, circuit in enumerate(circuits[:rows]):
        if len(circuits) > 1:
            print_table(Text(f"{index}: {circuit['name']}"))
        if "counts" in circuit:
            print_counts(circuit["counts"], rows=rows)
        elif "values" in circuit:
            _print_values(circuit["values"])
        else:
            print_table(Text(f"failed: {circuit['reason']}"))
    say_rest(len(circuits), rows, "circuits")


def _print_values(values: Mapping[str, float]) -> None:
    table = Table(box=None)
    table.add_column("word", no_wrap=True)
    table.add_column("value", justify="right")
    for word, value in values.items():
        table.add_row(word, f"{value:.12g}")
    print_table(table)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected seconds of 0 or more, got {text!r}")
    return seconds
