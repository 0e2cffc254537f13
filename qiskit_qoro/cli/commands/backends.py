"""``qiskit-qoro backends``: list the backends."""

from __future__ import annotations

import argparse

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import print_json, print_table, say
from qiskit_qoro.cli.providers import open_provider
from qiskit_qoro.cli.service_options import add_service_options
from qiskit_qoro.display.tables import Cell, Column, Table

__all__ = ["COMMAND"]

_COLUMNS = (
    Column("name"),
    Column("kind", 2),
    Column("qubits", is_right=True),
    Column("operational", 1),
    Column("access", 3),
)


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
    if found:
        print_table(Table(_COLUMNS, map(_row, found)))
    else:
        say("no backends")


def _row(backend: QoroBackend) -> tuple[Cell | str, ...]:
    operational = Cell("yes", style="green") if backend.is_operational else Cell("no", style="red")
    return backend.name, _kind(backend), str(backend.num_qubits), operational, backend.system.access_level


def _kind(backend: QoroBackend) -> str:
    return "simulator" if backend.is_simulator else "QPU system"


COMMAND = Command(
    "backends", "list the backends", "List the backends that can run circuits.", add_service_options, _execute
)
"""The command ``backends``."""
