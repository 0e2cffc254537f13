"""Fill in the pages of the documentation that show measurements. The build of the documentation does it.

The texts of these pages have placeholders in double braces, which a record fills in. So a page contains no
number that somebody has typed:

==============================================  ========================================================
``{{goals}}``                                   the table of the goals
``{{table TOPIC}}``                             the rows of a topic
``{{machine}}``, ``{{second_run}}``             sentences about the run, and about a second one
``{{slowest}}``                                 the public programs that compare worst with Aer
``{{timeline}}``, ``{{jobs}}``                  the steps of a small job, and how many jobs were measured
``{{ours}}``, ``{{socket}}``                    the names of these contenders
``{{time KEY | CONTENDER}}``                    a median time
``{{ratio KEY | CONTENDER | OTHER}}``           the median of the ratios of two contenders
``{{costs}}`` and others                        see :mod:`scale`
==============================================  ========================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from record import TOLERANCE, Comparison, Record
from rows import OURS, SOCKET
from scale import FILLERS as SCALE_FILLERS
from tables import (
    goals_table,
    number_text,
    seconds_text,
    slowest_programs,
    table,
    timeline_tables,
    topic_tables,
)

__all__ = ["CLUSTER_RECORD", "MAIN_RECORD", "NO_ROW", "RECORDS", "ROOT", "fill_in"]

ROOT = Path(__file__).parents[1]
MAIN_RECORD = ROOT / "docs/reference/benchmarks.json"
CLUSTER_RECORD = ROOT / "docs/reference/benchmarks-cluster.json"
RECORDS = {
    "explanation/performance": MAIN_RECORD,
    "explanation/scale": CLUSTER_RECORD,
    "reference/benchmarks": MAIN_RECORD,
}
"""The pages, by their names in ``docs/``, and the records that they show."""

NO_ROW = "(not measured)"
"""What a page shows if its record has no such row."""

_PLACEHOLDER = re.compile(r"\{\{(\w+) ?([^}]*)\}\}")


def fill_in(text: str, record: Record) -> str:
    """Return the text of a page with measurements in place of its placeholders.

    Raises:
        KeyError: A placeholder has an unknown name.
    """

    def filled(found: re.Match[str]) -> str:
        arguments = [argument.strip() for argument in found[2].split("|")] if found[2] else []
        return _FILLERS[found[1]](record, *arguments)

    return _PLACEHOLDER.sub(filled, text)


def _machine(record: Record) -> str:
    machine, run = record.machine, record.run
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items() if version)
    return (
        f"The run began on {run['begin']} and took {run['minutes']:.0f} minutes. The machine has "
        f"{machine['processors']} processors ({machine['processor']}), "
        f"{machine['memory_bytes'] / 2**30:.0f} GiB of memory and {machine['system']}. The load average was "
        f"{run['load_before']} before the run and {run['load_after']} after it; the benchmarks themselves "
        f"cause most of the latter. The versions are Python {machine['python']}, {packages}."
    )


def _second_run(record: Record) -> str:
    if not record.second_run:
        return "There has been no second run."
    run = record.second_run["run"]
    found = [Comparison(**each) for each in record.second_run["comparisons"]]
    different = [each for each in found if not each.agrees]
    text = (
        f"A second run began on {run['begin']}, with a load average of {run['load_before']}. "
        f"{len(found) - len(different)} of its {len(found)} ratios agree with those of the first one: their "
        f"quartiles overlap if they are widened by {TOLERANCE:.0%}."
    )
    if not different:
        return text
    rows = [
        [record.rows[each.key].work, each.what, number_text(each.recorded), number_text(each.now)]
        for each in different
    ]
    return f"{text} These differ:\n\n{table(('work', 'contender', 'first run', 'second run'), rows)}"


def _jobs(record: Record) -> str:
    return "" if record.timeline is None else f"{record.timeline['embedded']['jobs']:,}"


def _time(record: Record, key: str, name: str) -> str:
    row = record.rows.get(key)
    return NO_ROW if row is None else seconds_text(row.timings[name].median_s)


def _ratio(record: Record, key: str, name: str, other: str) -> str:
    row = record.rows.get(key)
    return NO_ROW if row is None else f"{row.ratio(name, other):.2f}"


_FILLERS: dict[str, Callable[..., str]] = {
    "goals": goals_table,
    "table": topic_tables,
    "machine": _machine,
    "second_run": _second_run,
    "slowest": slowest_programs,
    "timeline": timeline_tables,
    "jobs": _jobs,
    "ours": lambda _record: OURS,
    "socket": lambda _record: SOCKET,
    "time": _time,
    "ratio": _ratio,
    **SCALE_FILLERS,
}
