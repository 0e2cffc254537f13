"""``qiskit-qoro status``: show the status of a job."""

from __future__ import annotations

import argparse

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import print_fields, print_json
from qiskit_qoro.cli.service_options import add_job_argument, open_provider_of_job, service_jobs
from qiskit_qoro.models.jobs import joint_state

__all__ = ["COMMAND"]


def _execute(options: argparse.Namespace) -> None:
    with open_provider_of_job(options) as provider:
        states = {str(job.job_id): provider.service.get_job_state(job) for job in service_jobs(options)}
        entries = [provider.journal.find(job_id) for job_id in states] if provider.journal else [None]
    state, entry = joint_state(list(states.values())), entries[0]
    fields = {
        "job_id": options.job_id,
        "status": state.status.value,
        "final": all(each.status.is_final for each in states.values()),
        "run_time": state.run_time_s,
        "backend": entry.backend if entry else None,
        "kind": entry.kind.value if entry else None,
        "tag": entry.tag if entry else None,
        "time": entry.time.isoformat(timespec="seconds") if entry else None,
        # The sum is known only if the journal has every service job.
        "circuits": sum(each.num_circuits for each in entries if each) if all(entries) else None,
    }
    parts = {job_id: each.status.value for job_id, each in states.items()} if len(states) > 1 else {}
    if options.json:
        print_json(fields | ({"jobs": parts} if parts else {}))
        return
    run_time = None if state.run_time_s is None else f"{state.run_time_s:g} s"
    shown_names = {"job_id": "job", "run_time": "run time"}
    shown = fields | {"run_time": run_time, "final": None} | parts
    print_fields({shown_names.get(name, name): value for name, value in shown.items()})


COMMAND = Command(
    "status",
    "show the status of a job",
    "Ask the service for the status of a job, and show it together with the job's entry in the journal of "
    "this machine.",
    add_job_argument,
    _execute,
)
"""The command ``status``."""
