"""The tables of the page about scale, and the formula that it extrapolates with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from record import Record
from rows import Row
from tables import bytes_text, number_text, seconds_text, table

__all__ = ["CURVES", "FILLERS", "most_circuits_per_s", "most_processes"]

COSTS = ("cost-jobs", "cost-bound", "cost-different", "cost-sweep")
CURVES = {"curve-computing": "circuits that compute", "curve-waiting": "circuits that wait"}
CIRCUIT_TIMES_S = (0.001, 0.01, 0.1, 1.0)
CLUSTER = "cluster"
_ROLES = ("service", "scheduler", "workers", "engines")
_NOT_MEASURED = "This has not been measured yet."
_KINDS = ("local-pool", "cluster")


def most_circuits_per_s(record: Record, key: str = "cost-different") -> float:
    """Return how many circuits per second the process of the service can handle.

    It runs one thread at a time, because of Python's interpreter lock. So it has one second of processor time
    per second.
    """
    return 1 / float(record.rows[key].values["cpu_s"][CLUSTER]["total"])


def most_processes(record: Record, circuit_s: float, key: str = "cost-different") -> float:
    """Return how many engine processes the service can keep busy with circuits that take some time each."""
    return circuit_s * most_circuits_per_s(record, key)


def _costs(record: Record) -> str:
    """Return a table of the processor time of the service by parts, for each kind of work."""
    tables = []
    for row in _rows(record, COSTS):
        kinds = row.values["cpu_s"]
        parts = [part for part in kinds[next(iter(kinds))] if part != "total"]
        lines = [
            [kind, seconds_text(costs["total"]), *(_time(costs.get(part, 0.0)) for part in parts)]
            for kind, costs in kinds.items()
        ]
        tables.append(table((row.work, "in total", *parts), lines))
    return "\n\n".join(tables) or _NOT_MEASURED


def _time(seconds: float) -> str:
    return seconds_text(seconds) if seconds >= 5e-8 else ""


def _curve(record: Record) -> str:
    """Return a table of the points of both curves."""
    tables = []
    for row in _rows(record, CURVES):
        points = row.values["points"]
        first = points[0]
        lines = [
            [
                str(point["processes"]),
                number_text(point["per_s"]),
                f"{point['per_s'] / first['per_s']:.2f}",
                *(_time(point["cpu_s"].get(role, 0.0)) for role in _ROLES),
            ]
            for point in points
        ]
        titles = (
            f"processes: {row.work}",
            "per second",
            "of one process",
            *(f"CPU, {role}" for role in _ROLES),
        )
        tables.append(table(titles, lines))
    return "\n\n".join(tables) or _NOT_MEASURED


def _limits(record: Record) -> str:
    """Return a table of the engine processes that the service can keep busy."""
    rows = _rows(record, COSTS[1:])
    if not rows:
        return _NOT_MEASURED
    lines = [
        [
            row.work.partition(" of ")[2].partition(", for each")[0],
            number_text(most_circuits_per_s(record, row.key)),
            *(f"{max(1, int(most_processes(record, each, row.key))):,}" for each in CIRCUIT_TIMES_S),
        ]
        for row in rows
    ]
    titles = (
        "a job of",
        "circuits per second",
        *(f"of {seconds_text(each)} each" for each in CIRCUIT_TIMES_S),
    )
    return table(titles, lines)


def _idle(record: Record) -> str:
    """Return a table of the idle processes."""
    lines = []
    for row in _rows(record, [f"idle-{kind}" for kind in _KINDS]):
        for role, found in row.values["roles"].items():
            lines.append(
                [
                    row.work.partition(" of ")[0],
                    role,
                    str(found["processes"]),
                    f"{found['cpu_share']:.2%}",
                    bytes_text(round(found["memory_bytes"])),
                    bytes_text(round(found["own_memory_bytes"])),
                ]
            )
    titles = ("", "processes", "number", "of one processor", "memory of each", "of it not shared")
    return table(titles, lines) if lines else _NOT_MEASURED


def _store_rates(record: Record) -> str:
    """Return a table of what a database can do in a second."""
    jobs, results = record.rows.get("store-jobs"), record.rows.get("store-results")
    if jobs is None or results is None:
        return _NOT_MEASURED
    lines = []
    for name in jobs.timings:
        server = jobs.values["server_cpu_s"].get(name)
        lines.append(
            [
                name,
                number_text(jobs.values["units"] / jobs.timings[name].median_s),
                number_text(results.values["units"] / results.timings[name].median_s),
                _time((jobs.timings[name].cpu_s or 0.0) / jobs.values["units"]),
                "" if server is None else _time(server / jobs.values["units"]),
            ]
        )
    titles = (
        "",
        "jobs of one circuit per second",
        "results per second",
        "CPU for a job",
        "CPU of the server",
    )
    return table(titles, lines)


def _cost(record: Record, key: str, kind: str, part: str = "total") -> str:
    row = record.rows.get(key)
    return "(not measured)" if row is None else seconds_text(row.values["cpu_s"][kind][part])


def _rate(record: Record, key: str, kind: str) -> str:
    row = record.rows.get(key)
    return "(not measured)" if row is None else number_text(1 / row.values["cpu_s"][kind]["total"])


def _processes(record: Record, key: str, circuit_s: str) -> str:
    if key not in record.rows:
        return "(not measured)"
    return f"{max(1, int(most_processes(record, float(circuit_s), key))):,}"


def _scheduler(record: Record, what: str) -> str:
    """Return what the scheduler uses for each busy engine process, or how many of these it can serve."""
    row = record.rows.get("curve-waiting")
    if row is None:
        return "(not measured)"
    point = row.values["points"][-1]
    share = point["cpu_s"].get("scheduler", 0.0) * point["per_s"] / point["processes"]
    if what == "share":
        return f"{share:.2%}"
    return number_text(1 / share) if share else "(not measured)"


def _share(record: Record, key: str, kind: str, part: str) -> str:
    row = record.rows.get(key)
    if row is None:
        return "(not measured)"
    costs: dict[str, Any] = row.values["cpu_s"][kind]
    return f"{costs[part] / costs['total']:.0%}"


def _rows(record: Record, keys: Iterable[str]) -> list[Row]:
    return [record.rows[key] for key in keys if key in record.rows]


FILLERS = {
    "costs": _costs,
    "cost": _cost,
    "rate": _rate,
    "share": _share,
    "processes": _processes,
    "curve": _curve,
    "limits": _limits,
    "idle": _idle,
    "scheduler": _scheduler,
    "seconds": lambda _record, seconds: seconds_text(float(seconds)),
    "processors": lambda record: str(record.machine["processors"]),
    "store_rates": _store_rates,
}
"""The placeholders of the page."""
