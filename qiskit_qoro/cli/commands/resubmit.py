"""``qiskit-qoro resubmit``: submit the programs of a job again."""

from __future__ import annotations

import argparse

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.commands.result import show_result
from qiskit_qoro.cli.output import DEFAULT_ROWS, say
from qiskit_qoro.cli.programs.executing import add_detach_option, show_detached
from qiskit_qoro.cli.providers import open_provider_of_job
from qiskit_qoro.cli.service_options import add_budget_option, add_job_argument
from qiskit_qoro.errors import QoroInputError

__all__ = ["COMMAND"]

# The hint in the message of the method, and what it means for the command.
_PYTHON_HINT, _HINT = "resubmit() submits all", "leave --failed-only out to submit all"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--failed-only", action="store_true", help="submit only the circuits or service jobs that failed"
    )
    add_detach_option(parser)
    add_budget_option(parser)
    add_job_argument(parser)
    # Of the command `result`, which shows the results of the new job.
    parser.set_defaults(wait=True, timeout=None, partial=False, rows=DEFAULT_ROWS)


def _execute(options: argparse.Namespace) -> None:
    with open_provider_of_job(options) as provider:
        before = options.job_id
        try:
            job = provider.retrieve_job(before).resubmit(failed_only=options.failed_only)
        except QoroInputError as error:
            error.reword(lambda text: text.replace(_PYTHON_HINT, _HINT))
            raise
        options.job_id = job.job_id()
        about = {
            "job_id": options.job_id,
            "resubmitted": before,
            "base_url": provider.service.base_url,
        }
        if options.detach:
            show_detached(options, about)
            return
        say(f"job {options.job_id}, which repeats job {before}")
        show_result(provider, options)


COMMAND = Command(
    "resubmit",
    "submit the programs of a job again",
    "Submit the programs of a job again as a new job with the same options, and show its results. The "
    "journal of this machine keeps the programs.",
    _add_arguments,
    _execute,
)
"""The command ``resubmit``."""
