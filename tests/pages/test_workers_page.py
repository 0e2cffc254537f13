"""The page of the workers: processes, limits, losses, and methods."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import inf

import pytest

from qiskit_qoro.local import LocalService
from qiskit_qoro.pages.handlers.workers import format_bytes
from qiskit_qoro.pages.local_source.source import LocalSource
from qiskit_qoro.pages.views import WorkersView, WorkerView

from .reading import ReadPage
from .sample import NOW, SampleSource, job_id
from .visiting import open_visit

EMPTY = WorkersView([], 2)


class Workers(SampleSource):
    def __init__(self, view: WorkersView) -> None:
        super().__init__([])
        self._view = view

    def workers(self) -> WorkersView:
        return self._view


def read(view: WorkersView) -> ReadPage:
    with open_visit(Workers(view)) as visit:
        return visit.get("/pages/workers")


def test_each_process_has_its_state_its_job_and_its_memory() -> None:
    page = read(
        WorkersView(
            [
                WorkerView(11, job_id(7), True, 120 << 20, NOW, busy_since=NOW - timedelta(seconds=9)),
                WorkerView(12, None, True, None, NOW),
                WorkerView(13, None, False, 98 << 20, NOW),
                WorkerView(14, None, False, 12 << 20, None, is_ready=False),
            ],
            4,
        )
    )
    (table,) = page.tables
    assert table.headings == ["Process", "State", "Job", "Since", "Memory", "Started"]
    assert [row[:3] for row in table.rows] == [
        ["11", "busy", "00000007"],
        ["12", "busy", "of another account"],
        ["13", "idle", "–"],
        ["14", "starting", "–"],
    ]
    assert [row[4] for row in table.rows] == ["120 MiB", "–", "98 MiB", "12 MiB"]
    assert ("00000007", f"/pages/jobs/{job_id(7)}") in page.links
    assert page.facts["Busy"] == "2 of 4"


def test_the_reason_of_the_last_loss_is_shown() -> None:
    page = read(replace(EMPTY, num_lost=3, last_loss="killed by <signal> 9"))
    assert (2, "3 processes ended unexpectedly") in page.headings
    assert "killed by <signal> 9" in page.text
    assert page.facts["Lost"] == "3"
    assert "ended unexpectedly" not in read(EMPTY).text


def test_limits_and_jobs_are_shown() -> None:
    page = read(
        replace(EMPTY, memory_limit_bytes=3 << 30, time_limit_s=90.0, num_pending=1200, num_running=2)
    )
    assert page.facts["Memory of a circuit, at most"] == "3.0 GiB"
    assert page.facts["Time of a circuit, at most"] == "1 min 30 s"
    assert ("1,200", "/pages/jobs?status=PENDING") in page.links
    assert ("2", "/pages/jobs?status=RUNNING") in page.links


@pytest.mark.parametrize("limit_s", [None, inf])
def test_a_service_may_have_no_limits(limit_s: float | None) -> None:
    page = read(replace(EMPTY, time_limit_s=limit_s))
    assert page.facts["Memory of a circuit, at most"] == "no limit"
    assert page.facts["Time of a circuit, at most"] == "no limit"
    assert "No process is running" in page.text


def test_the_table_of_methods_has_a_column_for_each_device() -> None:
    page = read(replace(EMPTY, methods=[("Statevector", ("CPU", "GPU")), ("Stabilizer", ("CPU",))]))
    (table,) = page.tables
    assert table.headings == ["Method", "CPU", "GPU"]
    assert table.rows == [["Statevector", "available", "available"], ["Stabilizer", "available", "no"]]


def test_a_source_without_workers_has_no_page_of_them() -> None:
    source = SampleSource()
    source.facts = replace(source.facts, has_workers=False)
    with open_visit(source) as visit:
        page = visit.get("/pages/workers")
        assert visit.answer.status_code == 404
        assert "Workers" not in [text for text, _ in page.links]


def test_the_page_refreshes_every_two_seconds() -> None:
    (live,) = (attributes for _, attributes in read(EMPTY).tags if attributes.get("id") == "live")
    assert live["hx-get"] == "/pages/workers"
    assert live["hx-trigger"].startswith("every 2s")


def test_a_real_service_shows_its_processes_and_methods(local_service: LocalService) -> None:
    with open_visit(LocalSource(local_service.parts, "local", "QoroProvider()")) as visit:
        page = visit.get("/pages/workers")
    processes, methods = page.tables
    assert sorted(int(row[0]) for row in processes.rows) == list(local_service.worker_pids)
    assert page.facts["Busy"].endswith("of 2")
    assert page.facts["Time of a circuit, at most"] == "5 min"
    assert methods.headings[:2] == ["Method", "CPU"]
    assert ["Statevector", "available"] in [row[:2] for row in methods.rows]


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (98 << 20, "98 MiB"), (1 << 50, "1,024 TiB")],
)
def test_bytes_have_binary_units(size: int, text: str) -> None:
    assert format_bytes(size) == text
