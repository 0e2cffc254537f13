"""Measure, and write the measurements into the documentation: ``python benchmarks [NAME ...]``.

Without names and without ``--quick``, everything is measured but the cluster. The record is then written to
``docs/reference/benchmarks.json``. The name ``cluster`` measures what concerns a cluster, which has a record
of its own. Otherwise the rows are only printed. The build of the documentation fills in the pages, and draws
the pictures, from the records.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from machine import describe_machine, load
from pages import CLUSTER_RECORD, MAIN_RECORD, NO_ROW, RECORDS, ROOT, fill_in
from record import Comparison, Record, compare
from rows import Row
from tables import goal_text, seconds_text

TOPICS = (
    "small_jobs",
    "first_job",
    "circuits",
    "sweeps",
    "programs",
    "public_programs",
    "results",
    "gradients",
    "states",
    "methods",
    "web_pages",
)
TIMELINE = "timeline"
CLUSTER = "cluster"
CLUSTER_TOPICS = ("stores", "service_costs", "cluster_ratios", "cluster_curve", "cluster_sharing")


@dataclass(frozen=True)
class Part:
    """What is measured and recorded together.

    Attributes:
        record: The file of the record.
        names: What is measured.
    """

    record: Path
    names: tuple[str, ...]


MAIN_PART = Part(MAIN_RECORD, (*TOPICS, TIMELINE))
CLUSTER_PART = Part(CLUSTER_RECORD, CLUSTER_TOPICS)


def main() -> int:
    """Run the program and return its exit code."""
    options = _parse()
    if options.check:
        return _check()
    part = CLUSTER_PART if CLUSTER in options.names else MAIN_PART
    names = _expand(options.names) or list(part.names)
    failed: list[str] = []
    record = _measure(names, failed, quick=options.quick, peer=options.peer, postgresql=options.postgresql)
    is_complete = not options.quick and set(names) >= set(part.names)
    _print_goals(record)
    if options.compare:
        recorded = Record.read(part.record)
        comparisons = compare(recorded, record)
        _print_comparisons(comparisons)
        record = replace(recorded, second_run=_second_run(record, comparisons))
    if is_complete:
        record.write(part.record)
        print(f"written: {part.record.relative_to(ROOT)}")
    if failed:
        print(f"failed, see above: {', '.join(failed)}")
    return 1 if failed else 0


def _expand(names: list[str]) -> list[str]:
    """Return the topics that names stand for."""
    expanded = ([*CLUSTER_TOPICS] if name == CLUSTER else [name] for name in names)
    return [topic for topics in expanded for topic in topics]


def _second_run(record: Record, comparisons: list[Comparison]) -> dict[str, Any]:
    """Return what the record keeps of a second run."""
    return {
        "run": record.run,
        "goals": {key: [row.achieved(goal) for goal in row.goals] for key, row in record.rows.items()},
        "comparisons": [asdict(each) for each in comparisons],
    }


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.partition("\n")[0])
    known = (*TOPICS, TIMELINE, CLUSTER, *CLUSTER_TOPICS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known)}")
    parser.add_argument(
        "--quick", action="store_true", help="measure little, to see whether everything works"
    )
    parser.add_argument(
        "--compare", action="store_true", help="compare with the record; a complete run is added to it"
    )
    parser.add_argument(
        "--check", action="store_true", help="only check the pages and the functions they name"
    )
    parser.add_argument("--peer", type=Path, help="a Python interpreter that has qoro-divi")
    parser.add_argument(
        "--postgresql",
        metavar="ADDRESS",
        help="a PostgreSQL database to compare SQLite with, such as postgresql://user@host/name; two schemas "
        "are made in it and dropped",
    )
    options = parser.parse_args()
    if options.quick and options.compare:
        parser.error("a quick run does less work: compare a normal one")
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; expected {', '.join(known)}")
    return options


def _measure(
    names: list[str], failed: list[str], *, quick: bool, peer: Path | None, postgresql: str | None
) -> Record:
    machine, load_before = describe_machine(), load()
    begin, start = datetime.now(UTC), time.perf_counter()
    print(f"{machine['processors']} processors, load average {load_before}", flush=True)
    rows: dict[str, Row] = {}
    topics = [name for name in names if name != TIMELINE]
    for row in _rows(topics, failed, quick=quick, peer=peer, postgresql=postgresql):
        rows[row.key] = row
        _print_row(row)
    timeline = None
    if TIMELINE in names:
        from timeline import measure_timeline  # noqa: PLC0415  it has its own processes

        timeline = measure_timeline(20 if quick else 200)
        for transport, measured in timeline.items():
            print(
                f"timeline, {transport}: {seconds_text(measured['total_s'])}, {len(measured['steps'])} steps"
            )
    minutes = (time.perf_counter() - start) / 60
    print(f"{minutes:.1f} minutes, load average {load()}")
    run = {
        "begin": f"{begin:%d %B %Y, %H:%M} UTC",
        "minutes": minutes,
        "load_before": load_before,
        "load_after": load(),
    }
    return Record(machine, run, rows, timeline)


def _rows(
    names: list[str], failed: list[str], *, quick: bool, peer: Path | None, postgresql: str | None
) -> Iterator[Row]:
    """Measure topics. Those that fail are added to ``failed``."""
    from bench import Bench  # noqa: PLC0415  `--check` needs none of the packages that are measured

    with Bench(quick=quick, peer=peer, postgresql=postgresql) as bench:
        for name in names:
            print(f"== {name}", flush=True)
            try:
                yield from importlib.import_module(f"topics.{name}").measure(bench)
            except Exception:  # do not lose what has been measured
                failed.append(name)
                traceback.print_exc()


def _print_row(row: Row) -> None:
    print(row.work)
    for name, timing in row.timings.items():
        ratio = "" if name == row.first else f"{row.ratio(name, row.first):8.2f}"
        print(f"    {name:52} {seconds_text(timing.median_s):>9} {ratio}")
    if row.topic in CLUSTER_TOPICS and row.values:
        print(f"    {row.values}")
    sys.stdout.flush()


def _print_goals(record: Record) -> None:
    print("== goals")
    goals = [(row, goal) for row in record.rows.values() for goal in row.goals]
    for row, goal in goals:
        achieved = row.achieved(goal)
        shown = f"{achieved:.2f}" if goal.than or goal.count else seconds_text(achieved)
        print(f"{'met   ' if row.is_met(goal) else 'missed'} {shown:>9}  {goal_text(goal):28} {row.work}")
    print(f"{sum(row.is_met(goal) for row, goal in goals)} of {len(goals)} goals are met")


def _print_comparisons(comparisons: list[Comparison]) -> None:
    print("== compared with the record")
    for each in comparisons:
        verdict = "      " if each.agrees else "DIFFER"
        print(f"{verdict} {each.recorded:10.3g} -> {each.now:<10.3g} {each.key}: {each.what}")
    print(f"{sum(each.agrees for each in comparisons)} of {len(comparisons)} agree within noise")


def _check() -> int:
    from timeline import check_steps  # noqa: PLC0415  nothing else needs the package

    complaints = []
    for name, record in RECORDS.items():
        try:
            filled = fill_in((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"), Record.read(record))
            if NO_ROW in filled:
                complaints.append(f"docs/{name}.md shows a row that is not in {record.name}")
        except (KeyError, TypeError) as error:
            complaints.append(
                f"docs/{name}.md has a placeholder that {record.name} cannot fill in: {error!r}"
            )
    complaints += [f"timeline: {target} does not exist" for target in check_steps()]
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
