"""``qiskit-qoro plan``: show what ``run`` or ``estimate`` would send, without sending it."""

from __future__ import annotations

import argparse

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.programs.executing import execute
from qiskit_qoro.cli.programs.execution_options import add_accuracy_options, add_execution_options
from qiskit_qoro.cli.programs.observables import add_observable_option
from qiskit_qoro.cli.programs.reading import add_files_argument
from qiskit_qoro.cli.service_options import add_budget_option, add_service_options

__all__ = ["COMMAND"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_files_argument(parser)
    add_observable_option(parser, required=False, meaning="plan expectation values instead of counts")
    add_accuracy_options(parser)
    add_execution_options(parser)
    add_budget_option(parser)
    add_service_options(parser)
    parser.set_defaults(plan=True, detach=False, out=None)


COMMAND = Command(
    "plan",
    "show what 'run' or 'estimate' would send",
    "Show the jobs that 'run', or with --observable 'estimate', would submit. No job is submitted.",
    _add_arguments,
    execute,
)
"""The command ``plan``."""
