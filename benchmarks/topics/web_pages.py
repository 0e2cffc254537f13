"""The web pages of a local service with many jobs and of one with few, from the request to the last byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from bench import Bench
from many_jobs import serve_many_jobs
from measuring import wait_for_children
from rows import Goal, Row

TOPIC = "web_pages"
LIMIT_S = 0.3
MANY, FEW = 10_000, 10

PATHS: Mapping[str, str] = {
    "newest jobs": "/jobs",
    "oldest jobs": "/jobs?page={last}",
    "200 rows": "/jobs?rows=200",
    "oldest completed jobs": "/jobs?status=COMPLETED&page={last}",
    "jobs with a tag": "/jobs?tag=energy",
    "jobs with a text": "/jobs?text=energy",
    "no job has the text": "/jobs?text=nothing",
    "jobs of a kind": "/jobs?kind=estimator",
    "job of one circuit": "/jobs/{small}",
    "job of many rows": "/jobs/{sweep}",
    "the last rows": "/jobs/{sweep}?page={last}",
    "job of many circuits": "/jobs/{batch}",
    "the last circuits": "/jobs/{batch}?page={last}",
    "the failed circuits": "/jobs/{batch}?status=FAILED",
    "the result of the last circuit": "/jobs/{batch}?circuit={last_circuit}",
    "targets": "/systems",
    "processes": "/workers",
    "newest transactions": "/credits",
    "oldest transactions": "/credits?page={last}",
    "characterizations": "/characterizations",
}
"""What a page shows, and its path."""

NOT_IN_JOURNAL = ("/workers",)


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    with (
        serve_many_jobs(bench.amount(MANY, 100), workers=bench.workers) as many,
        serve_many_jobs(FEW, workers=bench.workers) as few,
    ):
        wait_for_children()
        for source, pages in zip(("local service", "journal"), zip(many, few, strict=True), strict=True):
            for name, path in PATHS.items():
                if source == "journal" and path in NOT_IN_JOURNAL:
                    continue
                yield bench.measure(
                    f"page-{source}-{name}".replace(" ", "-"),
                    TOPIC,
                    f"{source}, the page `{path.partition('?')[0]}`: {name}",
                    {
                        f"{each.num_jobs:,} jobs, rows and circuits": partial(each.fetch, path)
                        for each in pages
                    },
                    goals=(Goal(LIMIT_S),),
                    seconds=1.0,
                )
