"""``qiskit-qoro systems``: list the QPU systems with their QPUs, and the simulator clusters."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from qiskit_qoro.cli.output import print_json, print_table
from qiskit_qoro.cli.service_options import add_common, choose_provider
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "execute"]

NAME = "systems"
HELP = "list the QPU systems and simulator clusters"
DESCRIPTION = "List the simulator clusters, and the QPU systems with what the service says of each QPU."

_HEADINGS = ("system", "kind", "access", "QPU", "qubits", "status", "technology", "vendor")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_common(parser)


def execute(options: argparse.Namespace) -> None:
    """Run the command."""
    with choose_provider(options) as provider:
        clusters = provider.service.fetch_simulator_clusters()
        systems = provider.service.fetch_qpu_systems()
    if options.json:
        print_json([*map(_cluster_to_json, clusters), *map(_system_to_json, systems)])
        return
    table = Table(box=None)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right" if heading == "qubits" else "left")
    for cluster in clusters:
        table.add_row(*map(Text, (cluster.name, "simulator", cluster.access_level, *["-"] * 5)))
    for system in systems:
        own = (system.name, "QPU system", system.access_level)
        for qpu in system.qpus:
            about = (qpu.nickname, str(qpu.q_bits), qpu.status, qpu.system_kind, qpu.vendor_type or "-")
            table.add_row(*map(Text, (*own, *about)))
        if not system.qpus:
            table.add_row(*map(Text, (*own, *["-"] * 5)))
    print_table(table)


def _cluster_to_json(cluster: SimulatorCluster) -> dict[str, Any]:
    return {"kind": "simulator", "operational": cluster.is_operational, **asdict(cluster)}


def _system_to_json(system: QPUSystem) -> dict[str, Any]:
    return {"kind": "QPU system", "operational": system.is_operational, **asdict(system)}
