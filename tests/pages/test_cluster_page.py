"""The page of the workers if they are those of a cluster."""

from __future__ import annotations

import time

from qiskit_qoro.pages.views import ClusterView

from .machines import ADDRESS, OLD, ClusterSource, cluster, machine
from .reading import ReadPage
from .sample import job_id
from .visiting import open_visit

PROBLEM = f"the scheduler at {ADDRESS} does not answer"


def read(shown: ClusterView) -> ReadPage:
    with open_visit(ClusterSource(shown)) as visit:
        return visit.get("/pages/workers")


def test_each_machine_has_its_state_its_jobs_and_its_equipment() -> None:
    gpu = machine(
        2,
        num_busy=3,
        job_ids=[job_id(7)],
        num_other_jobs=2,
        devices=("GPU",),
        tags=("big", "new"),
        num_lost=1,
    )
    page = read(ClusterView(ADDRESS, [machine(1, name="alone", host="alone"), gpu]))
    (table,) = page.tables
    assert [heading.split()[0] for heading in table.headings] == [
        "Worker", "State", "Jobs", "Lost", "Memory", "Cores", "Devices", "Methods", "Tags", "Since",
    ]  # fmt: skip
    first, second = (" | ".join(" ".join(cell.split()) for cell in row[:-1]) for row in table.rows)
    # One that has lost processes comes first.
    assert first == (
        "node2 node2.lab.example | busy 3 of 4 | 00000007 2 of other accounts | 1 | 8.0 GiB | 16 | "
        "CPU, GPU | all | big, new"
    )
    assert second == "alone | idle 0 of 4 | – | 0 | 8.0 GiB | 16 | CPU | all | –"
    assert ("00000007", f"/pages/jobs/{job_id(7)}") in page.links


def test_the_summary_adds_up_the_machines_that_are_used() -> None:
    page = read(
        ClusterView(
            ADDRESS,
            [
                machine(1, num_busy=2),
                machine(2, memory_limit_bytes=64 << 30),
                machine(3, refusal=OLD, memory_limit_bytes=128 << 30),
            ],
        )
    )
    assert page.facts["Workers"] == "2 and 1 refused"
    assert page.facts["Busy processes"] == "2 of 8"
    assert page.facts["Memory of a circuit, at most"] == "64 GiB"
    assert f"Cluster at {ADDRESS}" in page.text


def test_refused_workers_come_first_and_share_a_reason() -> None:
    machines = [machine(number, refusal=OLD) for number in (12, 2, 3, 4, 5)]
    page = read(ClusterView(ADDRESS, [machine(1), machine(9, refusal="it has <another> engine"), *machines]))
    assert (2, "6 workers are not used") in page.headings
    assert f"node2, node3, node4 and 2 more: {OLD}" in page.text
    assert "node9: it has <another> engine" in page.text
    (table,) = page.tables
    names = [row[0].split()[0] for row in table.rows]
    assert names == ["node2", "node3", "node4", "node5", "node9", "node12", "node1"]
    assert table.rows[0][1] == "refused"


def test_a_cluster_without_refused_workers_names_none() -> None:
    assert "not used" not in read(ClusterView(ADDRESS, [machine(1)])).text


def test_why_no_job_can_run_is_the_first_thing_on_the_page() -> None:
    page = read(ClusterView(ADDRESS, [], PROBLEM))
    assert page.headings[:2] == [(1, "Workers"), (2, "No job can run now")]
    assert f"{PROBLEM.capitalize()}. Jobs wait" in page.text
    assert "No worker is connected to the cluster" in page.text
    assert page.facts["Memory of a circuit, at most"] == "unknown"


def test_methods_that_a_machine_lacks_are_named() -> None:
    page = read(ClusterView(ADDRESS, [machine(1, missing_methods=("Stabilizer", "TensorNetwork"))]))
    assert page.tables[0].rows[0][7] == "not Stabilizer, TensorNetwork"


def test_many_jobs_of_a_machine_are_counted() -> None:
    page = read(ClusterView(ADDRESS, [machine(1, job_ids=[job_id(number) for number in range(9)])]))
    assert " ".join(page.tables[0].rows[0][2].split()).endswith("and 7 more")


def test_beyond_200_machines_only_those_without_a_problem_are_left_out() -> None:
    page = read(cluster(260))
    (table,) = page.tables
    assert len(table.rows) == 200
    assert "and 60 more workers without a problem" in page.text
    assert page.facts["Workers"] == "249 and 11 refused"
    assert sum(row[1] == "refused" for row in table.rows) == 11


def test_a_page_with_100_machines_takes_less_than_300_ms() -> None:
    with open_visit(ClusterSource(cluster(100))) as visit:
        visit.get("/pages/workers")  # compiles the template
        # Server and browser are in this process. What others do meanwhile does not count.
        start = time.process_time()
        page = visit.get("/pages/workers")
        duration_s = time.process_time() - start
    assert len(page.tables[0].rows) == 100
    assert duration_s < 0.3


def test_the_jobs_page_says_why_jobs_wait() -> None:
    with open_visit(ClusterSource(cluster(1), PROBLEM)) as visit:
        page = visit.get("/pages/jobs")
    assert (2, "Waiting jobs cannot run now") in page.headings
    assert f"{PROBLEM.capitalize()}. They run" in page.text
    assert ("See the workers", "/pages/workers") in page.links


def test_the_jobs_page_says_nothing_if_jobs_can_run() -> None:
    with open_visit(ClusterSource(cluster(1))) as visit:
        assert "cannot run" not in visit.get("/pages/jobs").text
