"""``qiskit-qoro status``: where a job stands."""

from __future__ import annotations

import argparse

from qiskit_qoro.cli.output import print_fields, print_json
from qiskit_qoro.cli.service_options import add_job, choose_provider_of_job, references
from qiskit_qoro.models.jobs import joint_state

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "execute"]

NAME = "status"
HELP = "show where a job stands"
DESCRIPTION = "Ask the service where a job stands, and show what the journal of this machine knows of it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_job(parser)


def execute(options: argparse.Namespace) -> None:
    """Run the command."""
    with choose_provider_of_job(options) as provider:
        jobs = references(options)
        states = {str(job.job_id): provider.service.get_job_state(job) for job in jobs}
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
        "circuits": sum(each.num_circuits for each in entries if each) if all(entries) else None,
    }
    several = {job_id: each.status.value for job_id, each in states.items()} if len(states) > 1 else {}
    if options.json:
        print_json(fields | ({"jobs": several} if several else {}))
        return
    run_time = None if state.run_time_s is None else f"{state.run_time_s:g} s"
    named = {"job_id": "job", "run_time": "run time"}
    shown = fields | {"run_time": run_time, "final": None} | several
    print_fields({named.get(name, name): value for name, value in shown.items()})
