"""``qiskit-qoro backends``: list the backends."""

from __future__ import annotations

import argparse

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import cell, new_table, print_json, print_table
from qiskit_qoro.cli.service_options import add_service_options, open_provider

__all__ = ["COMMAND"]


def _execute(options: argparse.Namespace) -> None:
    with open_provider(options) as provider:
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
    table = new_table(("name", "kind", "qubits", "operational", "access"), right=("qubits",))
    for backend in found:
        operational = "yes" if backend.is_operational else "no"
        access = backend.system.access_level
        cells = (backend.name, _kind(backend), str(backend.num_qubits), operational, access)
        table.add_row(*map(cell, cells))
    print_table(table)


def _kind(backend: QoroBackend) -> str:
    return "simulator" if backend.is_simulator else "QPU system"


COMMAND = Command(
    "backends", "list the backends", "List the backends that can run circuits.", add_service_options, _execute
)
"""The command ``backends``."""
