"""The machines of a cluster, summed up and in the order in which they are shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qiskit_qoro.pages.views import ClusterView, MachineView

__all__ = ["Machines", "Refusal", "machines_of"]

_MAX_SHOWN = 200
_MAX_NAMES = 3
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Refusal:
    """Workers that the service does not use for the same reason: their names as a text, and the reason."""

    names: str
    reason: str


@dataclass(frozen=True)
class Machines:
    """The machines of a cluster.

    Attributes:
        shown: Those that are shown: refused ones first, then those that have lost processes.
        num_left_out: How many others there are.
        num_used: How many the service uses.
        num_refused: How many it does not use.
        num_busy: How many processes work.
        num_processes: How many processes there are.
        refusals: Why workers are not used.
    """

    shown: Sequence[MachineView]
    num_left_out: int
    num_used: int
    num_refused: int
    num_busy: int
    num_processes: int
    refusals: Sequence[Refusal]


def machines_of(cluster: ClusterView) -> Machines:
    """Sum up and sort the machines of a cluster."""
    ordered = sorted(cluster.machines, key=_order)
    used = [machine for machine in ordered if not machine.refusal]
    return Machines(
        ordered[:_MAX_SHOWN],
        len(ordered[_MAX_SHOWN:]),
        len(used),
        len(ordered) - len(used),
        sum(machine.num_busy for machine in used),
        sum(machine.processes for machine in used),
        _refusals(ordered),
    )


def _order(machine: MachineView) -> tuple[bool, bool, list[tuple[int, str]]]:
    # Numbers in names are compared as numbers: node2 comes before node10.
    parts = [(int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBER.split(machine.name)]
    return not machine.refusal, not machine.num_lost, parts


def _refusals(machines: Sequence[MachineView]) -> list[Refusal]:
    """Return the reasons, each once, because machines are often wrong in the same way."""
    names: dict[str, list[str]] = {}
    for machine in machines:
        if machine.refusal:
            names.setdefault(machine.refusal, []).append(machine.name)
    return [Refusal(_listed(found), reason) for reason, found in names.items()]


def _listed(names: Sequence[str]) -> str:
    shown, others = names[:_MAX_NAMES], len(names[_MAX_NAMES:])
    more = [f"{others:,} more"] if others else []
    *first, last = [*shown, *more]
    return f"{', '.join(first)} and {last}" if first else last
