"""``qiskit-qoro cancel`` and ``qiskit-qoro delete``: stop a job, or remove it from the service."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import print_json, say
from qiskit_qoro.cli.providers import open_provider_of_job, service_jobs
from qiskit_qoro.cli.service_options import add_job_argument
from qiskit_qoro.history.job_changes import Change, change_each
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.service import QoroService

__all__ = ["CANCEL", "DELETE"]


def _execute(change: Change, done: str, options: argparse.Namespace) -> None:
    """Change a job and print what was done.

    Args:
        change: The call that changes one service job.
        done: The past participle of the change, which is also its key in the JSON.
        options: The options of the command.
    """
    with open_provider_of_job(options) as provider:
        _change_each(change, done, provider.service, service_jobs(options))
    if options.json:
        print_json({"job_id": options.job_id, done: True})
    else:
        say(f"job {options.job_id} has been {done}")


def _change_each(change: Change, done: str, service: QoroService, jobs: Sequence[ExecutionResult]) -> None:
    """Change the service jobs of a job. It is enough if one of them can still be changed.

    A primitive's job consists of several service jobs, and some may have ended or be gone. The others are
    changed nevertheless.
    """
    changes = change_each(change, service, [str(job.job_id) for job in jobs])
    changes.raise_failure(done)
    if not changes.done:
        raise next(iter(changes.unchanged.values()))


CANCEL = Command(
    "cancel",
    "cancel a job",
    "Cancel a job that is pending or running. It is an error if the job has ended.",
    add_job_argument,
    partial(_execute, QoroService.cancel_job, "cancelled"),
)
"""The command ``cancel``."""

DELETE = Command(
    "delete",
    "delete a job and its results",
    "Delete a job and its results from the service. The command does not ask for confirmation.",
    add_job_argument,
    partial(_execute, QoroService.delete_job, "deleted"),
)
"""The command ``delete``."""
