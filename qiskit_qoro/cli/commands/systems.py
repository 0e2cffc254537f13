"""``qiskit-qoro systems``: list the simulator clusters, and the QPU systems with their QPUs."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from itertools import chain
from typing import Any

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import print_json, print_table, say
from qiskit_qoro.cli.providers import open_provider
from qiskit_qoro.cli.service_options import add_service_options
from qiskit_qoro.display.tables import Cell, Column, Table
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster

__all__ = ["COMMAND"]

_COLUMNS = (
    Column("system"),
    Column("kind", 3),
    Column("access", 6),
    Column("QPU", 2),
    Column("qubits", is_right=True),
    Column("status", 1),
    Column("technology", 4, least=10),
    Column("vendor", 5),
)
_NO_QPU = ["-"] * 5
"""The cells from ``QPU`` to ``vendor`` of a system without a QPU."""


def _execute(options: argparse.Namespace) -> None:
    with open_provider(options) as provider:
        clusters = provider.service.fetch_simulator_clusters()
        systems = provider.service.fetch_qpu_systems()
    if options.json:
        print_json([*map(_cluster_to_json, clusters), *map(_system_to_json, systems)])
        return
    rows = [*map(_cluster_row, clusters), *chain(*map(_system_rows, systems))]
    if rows:
        print_table(Table(_COLUMNS, rows))
    else:
        say("no systems")


def _cluster_row(cluster: SimulatorCluster) -> tuple[Cell | str, ...]:
    return cluster.name, "simulator", cluster.access_level, *_NO_QPU


def _system_rows(system: QPUSystem) -> list[tuple[Cell | str, ...]]:
    about = (system.name, "QPU system", system.access_level)
    return [(*about, *_about_qpu(qpu)) for qpu in system.qpus] or [(*about, *_NO_QPU)]


def _about_qpu(qpu: QPU) -> tuple[Cell | str, ...]:
    status = Cell(qpu.status, style="" if qpu.is_operational else "red")
    return qpu.nickname, str(qpu.q_bits), status, qpu.system_kind, qpu.vendor_type or "-"


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
