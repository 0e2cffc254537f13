"""``qiskit-qoro systems``: list the simulator clusters, and the QPU systems with their QPUs."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import cell, new_table, print_json, print_table
from qiskit_qoro.cli.service_options import add_service_options, open_provider
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster

__all__ = ["COMMAND"]

_HEADINGS = ("system", "kind", "access", "QPU", "qubits", "status", "technology", "vendor")
_NO_QPU = ["-"] * 5
"""The cells from ``QPU`` to ``vendor`` of a system without a QPU."""


def _execute(options: argparse.Namespace) -> None:
    with open_provider(options) as provider:
        clusters = provider.service.fetch_simulator_clusters()
        systems = provider.service.fetch_qpu_systems()
    if options.json:
        print_json([*map(_cluster_to_json, clusters), *map(_system_to_json, systems)])
        return
    table = new_table(_HEADINGS, right=("qubits",))
    for cluster in clusters:
        table.add_row(*map(cell, (cluster.name, "simulator", cluster.access_level, *_NO_QPU)))
    for system in systems:
        about_system = (system.name, "QPU system", system.access_level)
        for qpu in system.qpus:
            about_qpu = (qpu.nickname, str(qpu.q_bits), qpu.status, qpu.system_kind, qpu.vendor_type or "-")
            table.add_row(*map(cell, (*about_system, *about_qpu)))
        if not system.qpus:
            table.add_row(*map(cell, (*about_system, *_NO_QPU)))
    print_table(table)


def _cluster_to_json(cluster: SimulatorCluster) -> dict[str, Any]:
    return {"kind": "simulator", "operational": cluster.is_operational, **asdict(cluster)}


def _system_to_json(system: QPUSystem) -> dict[str, Any]:
    body = {"kind": "QPU system", "operational": system.is_operational, **asdict(system)}
    for qpu in body["qpus"]:
        del qpu["properties"]  # long, and not for people
    return body


COMMAND = Command(
    "systems",
    "list the simulator clusters and QPU systems",
    "List the simulator clusters, and the QPU systems with each of their QPUs.",
    add_service_options,
    _execute,
)
"""The command ``systems``."""
