"""``qiskit-qoro cancel`` and ``qiskit-qoro delete``: end a job, or have the service forget it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qiskit_qoro.cli.output import print_json, say
from qiskit_qoro.cli.service_options import add_job, choose_provider_of_job, references
from qiskit_qoro.errors import ConflictError, NotFoundError, QoroError
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.service import QoroService

__all__ = ["CANCEL", "DELETE"]


@dataclass(frozen=True)
class _Change:
    """A command that changes a job; its fields have the names that the modules of the others have."""

    NAME: str
    HELP: str
    DESCRIPTION: str
    done: str
    call: Callable[[QoroService, ExecutionResult], object]

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what the command takes."""
        add_job(parser)

    def execute(self, options: argparse.Namespace) -> None:
        """Run the command."""
        with choose_provider_of_job(options) as provider:
            self._change(provider.service, references(options))
        if options.json:
            print_json({"job_id": options.job_id, self.done: True})
        else:
            say(f"job {options.job_id} has been {self.done}")

    def _change(self, service: QoroService, jobs: Sequence[ExecutionResult]) -> None:
        """Change those of several jobs that have not come to an end before; it is an error if all have."""
        errors: list[QoroError] = []
        for job in jobs:
            try:
                self.call(service, job)
            except QoroError as error:
                errors.append(error)
        serious = [error for error in errors if not isinstance(error, ConflictError | NotFoundError)]
        if serious or len(errors) == len(jobs):
            raise (serious or errors)[0]


CANCEL = _Change(
    "cancel",
    "cancel a job",
    "Cancel a job that waits or runs. It is an error where it has come to an end.",
    "cancelled",
    QoroService.cancel_job,
)
"""The command ``cancel``."""

DELETE = _Change(
    "delete",
    "delete a job and its results",
    "Delete a job and its results from the service, without asking twice.",
    "deleted",
    QoroService.delete_job,
)
"""The command ``delete``."""
