"""The record of a run: its rows and what they depend on, as JSON; and the comparison with another run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Self

from measuring import quartiles
from rows import Row

__all__ = ["Comparison", "Record", "compare"]

_DIGITS = 4
# Two runs agree if their quartiles overlap when they are widened by this share.
TOLERANCE = 0.1


@dataclass(frozen=True)
class Record:
    """What a run has measured.

    Attributes:
        machine: Facts about the machine and the packages.
        run: When the run started, how long it took, and the load before it.
        rows: The rows, by their keys.
        timeline: The timeline of a small job, as :mod:`timeline` measures it.
        second_run: A second run of the same program: its ``run``, what it achieved of the goals of each row,
            and its comparisons with this one.
    """

    machine: dict[str, Any]
    run: dict[str, Any]
    rows: dict[str, Row]
    timeline: dict[str, Any] | None = None
    second_run: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write this record to a file."""
        data = {
            "machine": self.machine,
            "run": self.run,
            "second_run": self.second_run,
            "timeline": self.timeline,
            "rows": [row.to_json() for row in self.rows.values()],
        }
        path.write_text(_text(_rounded(data)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record from a file."""
        data = json.loads(path.read_text(encoding="utf-8"))
        rows = {row["key"]: Row.from_json(row) for row in data["rows"]}
        return cls(data["machine"], data["run"], rows, data["timeline"], data["second_run"])


@dataclass(frozen=True)
class Comparison:
    """A ratio of two contenders, or a value, in two runs."""

    key: str
    what: str
    recorded: float
    now: float
    agrees: bool


def compare(recorded: Record, now: Record) -> list[Comparison]:
    """Compare the ratios of two runs, as far as both have measured them.

    A ratio is the time of a contender divided by that of the first contender of the row. If a row has only
    one contender, its time is compared.
    """
    found = []
    for key, row in now.rows.items():
        if key not in recorded.rows:
            continue
        old = recorded.rows[key]
        for goal in row.goals:
            if goal.count:
                one, other = (float(each.values[goal.count]) for each in (old, row))
                found.append(Comparison(key, goal.count, one, other, abs(one - other) <= max(3, one / 3)))
        names = [name for name in row.timings if name in old.timings]
        for name in names if len(names) == 1 else names[1:]:
            samples = [
                each.timings[name].turns_s if len(names) == 1 else each.ratios(name, each.first)
                for each in (old, row)
            ]
            one, other = map(median, samples)
            found.append(Comparison(key, name, one, other, _overlap(*samples)))
    return found


def _overlap(one: list[float], other: list[float]) -> bool:
    (low, high), (other_low, other_high) = quartiles(one), quartiles(other)
    return low <= other_high * (1 + TOLERANCE) and other_low <= high * (1 + TOLERANCE)


def _rounded(value: Any) -> Any:
    """Round all numbers in some JSON, which have been measured with no more digits."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


def _text(data: dict[str, Any]) -> str:
    """Write JSON with one line for each entry and for each row, so that differences can be read."""
    lines = {key: json.dumps(value, ensure_ascii=False) for key, value in data.items()}
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in data["rows"])
    lines["rows"] = f"[\n{rows}\n]"
    return "{\n" + ",\n".join(f'"{key}": {line}' for key, line in lines.items()) + "\n}\n"
