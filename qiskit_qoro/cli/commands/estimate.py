"""``qiskit-qoro estimate``: compute expectation values of observables."""

from __future__ import annotations

import argparse

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.programs.executing import add_job_options, execute
from qiskit_qoro.cli.programs.execution_options import add_accuracy_options, add_execution_options
from qiskit_qoro.cli.programs.observables import add_observable_option
from qiskit_qoro.cli.programs.reading import add_files_argument
from qiskit_qoro.cli.service_options import add_budget_option, add_service_options

__all__ = ["COMMAND"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_files_argument(parser)
    add_observable_option(parser, required=True, meaning="the observables")
    add_accuracy_options(parser)
    add_execution_options(parser)
    add_job_options(parser)
    add_budget_option(parser)
    add_service_options(parser)


COMMAND = Command(
    "estimate",
    "compute expectation values of observables",
    "Compute the expectation values of observables in the states that programs prepare. Simulators compute "
    "them exactly, unless --shots asks for samples. Final measurements are ignored.",
    _add_arguments,
    execute,
)
"""The command ``estimate``."""
