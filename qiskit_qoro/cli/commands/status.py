"""``qiskit-qoro status``: show the status of a job."""

from __future__ import annotations

import argparse

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import print_fields, print_json, print_line, print_table
from qiskit_qoro.cli.providers import open_provider_of_job, service_jobs
from qiskit_qoro.cli.service_options import add_job_argument
from qiskit_qoro.display.identifiers import short_identifiers
from qiskit_qoro.display.tables import Cell, Column, Table, status_style
from qiskit_qoro.display.times import ago, duration, exact_time
from qiskit_qoro.errors import QoroError
from qiskit_qoro.jobs.experiment_results import name_from_label
from qiskit_qoro.models.jobs import (
    ID_SEPARATOR,
    ExecutionResult,
    JobState,
    JobStatus,
    joint_state,
    summarize_failures,
)
from qiskit_qoro.service import QoroService
from qiskit_qoro.wire.results import FAILED_JOB_PREFIX

__all__ = ["COMMAND"]

_FAILURES = frozenset({JobStatus.FAILED, JobStatus.INSUFFICIENT_CREDITS, JobStatus.TIMED_OUT})


def _execute(options: argparse.Namespace) -> None:
    with open_provider_of_job(options) as provider:
        states = {str(job.job_id): provider.service.get_job_state(job) for job in service_jobs(options)}
        entries = [provider.journal.find(job_id) for job_id in states] if provider.journal else [None]
        state, entry = joint_state(list(states.values())), entries[0]
        failed = next((job_id for job_id, each in states.items() if each.status in _FAILURES), None)
        reason = None if failed is None else _failure_reason(provider.service, failed)
    fields = {
        "job_id": options.job_id,
        "status": state.status.value,
        "reason": reason,
        "final": all(each.status.is_final for each in states.values()),
        "run_time": state.run_time_s,
        "backend": entry.backend if entry else None,
        "kind": entry.kind.value if entry else None,
        "tag": entry.tag if entry else None,
        "time": entry.time.isoformat(timespec="seconds") if entry else None,
        # The sum is known only if the journal has every service job.
        "circuits": sum(each.num_circuits for each in entries if each) if all(entries) else None,
        "finished": state.num_finished,
    }
    parts = {job_id: each.status.value for job_id, each in states.items()} if len(states) > 1 else {}
    if options.json:
        print_json(fields | ({"jobs": parts} if parts else {}))
        return
    now = options.now()
    known = provider.journal.job_ids() if provider.journal else []
    short_ids = short_identifiers(states, among=known)
    short_id = ID_SEPARATOR.join(short_ids[job_id] for job_id in states)
    print_fields(
        {
            "job": Cell(short_id, options.job_id, widens=True),
            "status": Cell(state.status.value, style=status_style(state.status.value)),
            "run time": None if state.run_time_s is None else duration(state.run_time_s),
            "backend": fields["backend"],
            "kind": fields["kind"],
            "tag": fields["tag"] or None,
            "time": Cell(ago(entry.time, now=now), exact_time(entry.time, now=now)) if entry else None,
            "circuits": _describe_circuits(state, fields["circuits"]),
        }
    )
    if reason is not None:
        # A table would cut it.
        print_line("")
        print_line(f"failed: {reason}", style="red")
    if parts:
        rows = [
            (Cell(short_ids[job_id], job_id, widens=True), Cell(status, style=status_style(status)))
            for job_id, status in parts.items()
        ]
        print_line("")
        print_table(Table((Column("service job"), Column("status")), rows))


def _failure_reason(service: QoroService, job_id: str) -> str:
    """Return why a service job failed. Its status is shown even if the reason cannot be read."""
    try:
        outcome = service.get_job_outcome(ExecutionResult(job_id=job_id))
    except QoroError as error:
        return f"the reason could not be read ({error})"
    if not outcome.failures:
        return (outcome.reason or "the service gave no reason").removeprefix(FAILED_JOB_PREFIX)
    failures = (f"circuit {name_from_label(label)}: {reason}" for label, reason in outcome.failures.items())
    return summarize_failures(failures, len(outcome.failures))


def _describe_circuits(state: JobState, recorded: int | None) -> str | None:
    """Say how many circuits the job has, and how many are finished if the service reports it."""
    if state.num_finished is not None and state.num_circuits is not None and not state.status.is_final:
        return f"{state.num_finished} of {state.num_circuits} finished"
    return None if recorded is None else str(recorded)


COMMAND = Command(
    "status",
    "show the status of a job",
    "Ask the service for the status of a job, and show it together with the job's entry in the journal of "
    "this machine.",
    add_job_argument,
    _execute,
)
"""The command ``status``."""
