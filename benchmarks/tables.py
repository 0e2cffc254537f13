"""The tables of a record, as Markdown, and the texts of numbers in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from measuring import Timing, quartiles
from record import Record
from rows import OURS, SOCKET, Goal, Row

__all__ = [
    "bytes_text",
    "goal_text",
    "goals_table",
    "number_text",
    "seconds_text",
    "slowest_programs",
    "table",
    "timeline_tables",
    "topic_tables",
]

_NOT_MEASURED = "This has not been measured in the run of this page."
_LANES = {"caller": "your thread", "service": "handler", "runner": "runner", "worker": "worker"}
_TRANSPORTS = {"embedded": OURS, "socket": SOCKET}
_SLOWEST = 12
_SPACE = "\N{NO-BREAK SPACE}"


def seconds_text(seconds: float) -> str:
    """Return a time with a suitable unit and about three digits."""
    unit, factor = _unit(seconds)
    return f"{number_text(seconds * factor)}{_SPACE}{unit}"


def _unit(seconds: float) -> tuple[str, float]:
    """Return the unit that suits a time, and how many of it a second has."""
    if seconds >= 1:
        return "s", 1
    return ("ms", 1e3) if seconds >= 1e-3 else ("µs", 1e6)


def goal_text(goal: Goal) -> str:
    """Return a goal as a phrase."""
    if goal.count:
        return f"fewer than {goal.limit:g}"
    return f"≤ {goal.limit:g} × {goal.than}" if goal.than else f"≤ {seconds_text(goal.limit)}"


def number_text(value: float) -> str:
    """Return a number with about three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def bytes_text(amount: int) -> str:
    """Return an amount of memory."""
    shown = number_text(amount / 1e6) if amount >= 1e6 else f"<{_SPACE}1"
    return f"{shown}{_SPACE}MB"


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table."""
    lines = [list(titles)]
    lines += [["---"] * len(lines[0]), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def goals_table(record: Record) -> str:
    """Return the table of all goals."""
    second = record.second_run.get("goals", {})
    has_socket = any(SOCKET in row.timings for row in record.rows.values())
    lines = []
    for row in record.rows.values():
        for place, goal in enumerate(row.goals):
            line = ["" if place else row.work, goal_text(goal), _achieved(row, goal, row.achieved(goal))]
            line.append("**missed**" if not row.is_met(goal) else "met")
            if has_socket:
                line.append(_achieved(row, goal, row.achieved(goal, SOCKET)) if SOCKET in row.timings else "")
            if second:
                line.append(_achieved(row, goal, second[row.key][place]) if row.key in second else "")
            lines.append(line)
    titles = ("work", "goal", "measured", "")
    return table(titles + ("over a socket",) * has_socket + ("second run",) * bool(second), lines)


def _achieved(row: Row, goal: Goal, achieved: float) -> str:
    if goal.count:
        return f"{achieved:g} of {row.values['programs']}"
    return f"{achieved:.2f}" if goal.than else seconds_text(achieved)


def topic_tables(record: Record, topic: str) -> str:
    """Return the tables of a topic, one for each row."""
    rows = [row for row in record.rows.values() if row.topic == topic and row.timings]
    if not rows:
        return _NOT_MEASURED
    return "\n\n".join(_row(row) for row in rows)


def _row(row: Row) -> str:
    has_cpu = any(timing.cpu_s is not None for timing in row.timings.values())
    has_memory = any(timing.memory_bytes is not None for timing in row.timings.values())
    has_difference = "differences" in row.values
    titles = [row.work, "time", "quartiles", "ratio"]
    titles += ["CPU time", "CPU time of workers"] * has_cpu + ["memory", "memory of workers"] * has_memory
    titles += ["difference"] * has_difference
    lines = []
    for name, timing in row.timings.items():
        line = [name, seconds_text(timing.median_s), _spread(timing)]
        line.append("1" if name == row.first else f"{row.ratio(name, row.first):.2f}")
        if has_cpu:
            line += [_optional(seconds_text, timing.cpu_s), _optional(seconds_text, timing.children_cpu_s)]
        if has_memory:
            line.append(_optional(bytes_text, timing.memory_bytes))
            line.append(_optional(bytes_text, timing.children_memory_bytes))
        if has_difference:
            line.append(f"{row.values['differences'][name]:.0e}")
        lines.append(line)
    notes = _notes(row)
    return table(titles, lines) + (f"\n\n{notes}" if notes else "")


def _spread(timing: Timing) -> str:
    low, high = quartiles(timing.turns_s)
    _, factor = _unit(high)
    return f"{number_text(low * factor)}{_SPACE}–{_SPACE}{seconds_text(high)}"


def _optional(text: Callable[[Any], str], value: float | None) -> str:
    return "" if not value else text(value)


def _notes(row: Row) -> str:
    notes = []
    if "difference" in row.values:
        notes.append(f"The largest difference between the results is {row.values['difference']:.0e}.")
    if "chosen" in row.values:
        notes.append(f"The automatic choice is `{row.values['chosen']}`.")
    if "bytes" in row.values:
        sizes = [f"{size:,} bytes {name}" for name, size in row.values["bytes"].items()]
        notes.append(f"The request bodies have {', and '.join(sizes)}.")
    if "computed_s" in row.values:
        notes.append(
            f"The local service, with one worker, computed them in {seconds_text(row.values['computed_s'])}."
        )
    return " ".join(notes)


def slowest_programs(record: Record) -> str:
    """Return sentences about the public programs, and a table of those that compare worst with Aer."""
    row = record.rows.get("public-programs")
    if row is None:
        return _NOT_MEASURED
    programs = sorted(row.values["all"], key=lambda program: -program[4])
    families = Counter(program[0] for program in programs if program[4] > row.values["limit"])
    ours_s, aer_s = row.values["seconds"]
    text = (
        f"{row.values['slower']} of {row.values['programs']} programs take more than "
        f"{row.values['limit']} times as long as with Aer. The median of the ratios is "
        f"{row.values['ratio']:.2f}. All programs together take the local service {seconds_text(ours_s)} and "
        f"Aer {seconds_text(aer_s)}."
    )
    if families:
        named = ", ".join(f"`{name}` ({number})" for name, number in families.most_common())
        text += f" The slower ones are of these families: {named}."
    lines = [
        [f"`{name}`", str(qubits), seconds_text(ours_s), seconds_text(aer_s), f"{ratio:.2f}"]
        for name, qubits, ours_s, aer_s, ratio in programs[:_SLOWEST]
    ]
    titles = ("program", "qubits", "local service", "Aer", "ratio")
    return f"{text} The programs with the largest ratios are:\n\n{table(titles, lines)}"


def timeline_tables(record: Record) -> str:
    """Return a table of the steps of a small job for each transport."""
    if record.timeline is None:
        return _NOT_MEASURED
    tables = []
    for transport, name in _TRANSPORTS.items():
        measured = record.timeline[transport]
        lines = [
            [_LANES[lane], step, seconds_text(begin), seconds_text(end - begin)]
            for lane, step, begin, end in measured["steps"]
        ]
        total = seconds_text(measured["total_s"])
        tables.append(table((f"{name}, {total} in total", "step", "begins after", "takes"), lines))
    return "\n\n".join(tables)
