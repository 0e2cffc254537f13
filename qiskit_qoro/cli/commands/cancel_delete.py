"""``qiskit-qoro cancel`` and ``qiskit-qoro delete``: stop a job, or remove it from the service."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import print_json, say
from qiskit_qoro.cli.service_options import add_job_argument, open_provider_of_job, service_jobs
from qiskit_qoro.errors import ConflictError, NotFoundError, QoroError
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.service import QoroService

__all__ = ["CANCEL", "DELETE"]

_Change = Callable[[QoroService, ExecutionResult], object]


def _execute(change: _Change, done: str, options: argparse.Namespace) -> None:
    """Change a job and print what was done.

    Args:
        change: The call that changes one service job.
        done: The past participle of the change, which is also its key in the JSON.
        options: The options of the command.
    """
    with open_provider_of_job(options) as provider:
        _change_each(change, provider.service, service_jobs(options))
    if options.json:
        print_json({"job_id": options.job_id, done: True})
    else:
        say(f"job {options.job_id} has been {done}")


def _change_each(change: _Change, service: QoroService, jobs: Sequence[ExecutionResult]) -> None:
    """Change several service jobs. It is enough if one of them can still be changed.

    A primitive's job consists of several service jobs, and some may have ended (409) or be gone (404). The
    others are changed nevertheless. Any other error is raised after all jobs have been tried.
    """
    errors: list[QoroError] = []
    for job in jobs:
        try:
            change(service, job)
        except QoroError as error:
            errors.append(error)
    serious = [error for error in errors if not isinstance(error, ConflictError | NotFoundError)]
    if serious or len(errors) == len(jobs):
        raise (serious or errors)[0]


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
