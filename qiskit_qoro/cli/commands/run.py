"""``qiskit-qoro run``: run programs and show their counts."""

from __future__ import annotations

import argparse

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.programs.executing import add_job_options, execute
from qiskit_qoro.cli.programs.execution_options import add_execution_options, add_shots_option
from qiskit_qoro.cli.programs.observables import add_observable_option
from qiskit_qoro.cli.programs.reading import add_files_argument
from qiskit_qoro.cli.service_options import add_budget_option, add_service_options
from qiskit_qoro.models.config import DEFAULT_SHOTS
from qiskit_qoro.service.credentials import TOKEN_VARIABLE

__all__ = ["COMMAND"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_files_argument(parser)
    add_shots_option(
        parser,
        f"number of shots of each circuit (default {DEFAULT_SHOTS}); with --observable, sample the values "
        "with this number of shots",
    )
    add_observable_option(
        parser, required=False, meaning="compute expectation values instead of counts, see 'estimate'"
    )
    add_execution_options(parser)
    add_job_options(parser)
    add_budget_option(parser)
    add_service_options(parser)
    parser.set_defaults(precision=None)


COMMAND = Command(
    "run",
    "run programs and show their counts",
    "Run programs in OpenQASM 2 or 3 as one job, and show their counts. They run in the cloud if "
    f"{TOKEN_VARIABLE} is set or an account is saved, and on the local service otherwise.",
    _add_arguments,
    execute,
)
"""The command ``run``."""
