"""``qiskit-qoro backends``: list the backends."""

from __future__ import annotations

import argparse

from rich.table import Table
from rich.text import Text

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.cli.output import print_json, print_table
from qiskit_qoro.cli.service_options import add_common, choose_provider

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "execute"]

NAME = "backends"
HELP = "list the backends"
DESCRIPTION = "List what circuits can run on."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_common(parser)


def execute(options: argparse.Namespace) -> None:
    """Run the command."""
    with choose_provider(options) as provider:
        found = provider.backends()
    if options.json:
        print_json(
            [
                {
                    "name": backend.name,
                    "kind": _kind(backend),
                    "num_qubits": backend.num_qubits,
                    "operational": backend.is_operational,
                    "access_level": backend.system.access_level,
                    "supports_expval": backend.system.supports_expval,
                }
                for backend in found
            ]
        )
        return
    table = Table(box=None)
    for heading in ("name", "kind", "qubits", "operational", "access"):
        table.add_column(heading, justify="right" if heading == "qubits" else "left")
    for backend in found:
        operational = "yes" if backend.is_operational else "no"
        access = backend.system.access_level
        cells = (backend.name, _kind(backend), str(backend.num_qubits), operational, access)
        table.add_row(*map(Text, cells))
    print_table(table)


def _kind(backend: QoroBackend) -> str:
    return "simulator" if backend.is_simulator else "QPU system"
