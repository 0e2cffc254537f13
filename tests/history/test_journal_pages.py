"""The jobs of a journal by page: the same jobs and statuses as in the list, selected by SQLite."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.history import Journal, JournalPages, Selection, list_recorded
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

URL = "https://qoro.invalid/api"
OTHER = "https://other.invalid/api"
STATUSES = (
    "PENDING",
    "RUNNING",
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "TIMED_OUT",
    "GONE",
    "DELETED",
    "NEW",
    None,
)


def record(
    journal: Journal,
    job_id: str | None,
    *,
    service: str = URL,
    kind: JobKind = JobKind.ESTIMATOR,
    tag: str = "t",
    stage: Stage | None = Stage.SUBMITTED,
    reason: str | None = None,
    status: str | None = None,
    bodies: tuple[bytes, ...] = (),
) -> int:
    """Record a service job. Without a stage, its submission has not ended."""
    number = journal.begin(service, SubmissionFacts(kind, "qoro_maestro", tag, 2, bodies=bodies))
    assert number is not None
    if job_id is not None:
        journal.set_job_id(number, job_id)
    if stage is not None:
        journal.set_stage(number, stage, reason)
    if status is not None:
        journal.set_statuses([(number, status)])
    return number


def forget_process(path: Path, number: int) -> None:
    """Let an entry look as if the submitting process had ended."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE jobs SET started = '0' WHERE number = ?", (number,))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def random_journal(path: Path, random: Random) -> Journal:
    """A journal with jobs in all states, alone, joined, and joined again after a resubmission."""
    journal = Journal(path)
    singles: list[str] = []
    for index in range(60):
        job_id = None if random.random() < 0.1 else f"job-{index}"
        number = record(
            journal,
            job_id,
            kind=random.choice(list(JobKind)),
            tag=random.choice(("a", "b", "100%")),
            stage=random.choice((*Stage, None)),
            status=random.choice(STATUSES),
        )
        if random.random() < 0.5:
            forget_process(path, number)
        if job_id is not None:
            singles.append(job_id)
    random.shuffle(singles)
    for first in range(0, 24, 3):
        journal.set_joined(URL, singles[first : first + 3])
        if random.random() < 0.5:  # one of the service jobs was submitted again
            journal.set_joined(URL, [singles[first], singles[first + 1], singles[24 + first]])
    return journal


@pytest.mark.parametrize("seed", range(8))
def test_pages_have_the_jobs_and_the_statuses_of_the_list(path: Path, seed: int) -> None:
    random = Random(seed)
    journal = random_journal(path, random)
    pages = JournalPages(journal, URL)
    conditions: list[dict[str, object]] = [{}, {"tag": "100%"}, {"text": "b-1"}, {"kind": ["run", "sampler"]}]
    for condition in conditions:
        listed = list_recorded(journal, Selection(limit=None, **condition))  # type: ignore[arg-type]
        given = dict(condition)
        kinds = given.pop("kind", None)
        wanted = None if kinds is None else [JobKind(kind) for kind in kinds]  # type: ignore[attr-defined]
        whole = pages.page(limit=1000, kinds=wanted, **given)  # type: ignore[arg-type]
        assert [job.job_id for job in whole.jobs] == [entry.job_id for entry in listed]
        assert whole.total == len(listed)
        assert whole.by_status == Counter(entry.status for entry in listed)
        for status in {entry.status for entry in listed} - {"NEW"}:
            expected = list_recorded(journal, Selection(limit=None, status=status, **condition))  # type: ignore[arg-type]
            selected = pages.page(limit=1000, statuses={status}, kinds=wanted, **given)  # type: ignore[arg-type]
            assert [job.job_id for job in selected.jobs] == [entry.job_id for entry in expected]
            assert selected.total == len(expected)
            assert selected.by_status == whole.by_status
        parts = [
            job
            for offset in range(0, whole.total, 7)
            for job in pages.page(limit=7, offset=offset, kinds=wanted, **given).jobs  # type: ignore[arg-type]
        ]
        assert parts == list(whole.jobs)


def test_a_list_that_asks_nobody_selects_by_status_in_the_same_way(path: Path) -> None:
    journal = random_journal(path, Random(1))
    everything = list_recorded(journal, Selection(limit=None))
    for status in ("COMPLETED", "INTERRUPTED", "GONE", "NOT_SUBMITTED", "SUBMITTED", "SUBMITTING"):
        expected = [entry for entry in everything if entry.status == status]
        assert list(list_recorded(journal, Selection(limit=None, status=status))) == expected
        assert list(list_recorded(journal, Selection(limit=2, status=status))) == expected[:2]


def test_only_the_jobs_of_a_service_are_shown(path: Path) -> None:
    journal = Journal(path)
    record(journal, "ours", tag="one")
    record(journal, "theirs", service=OTHER, tag="two", kind=JobKind.RUN)
    pages = JournalPages(journal, URL)
    assert [job.job_id for job in pages.page(limit=10).jobs] == ["ours"]
    assert pages.job("theirs") is None
    assert (pages.tags(limit=10), pages.kinds()) == (["one"], [JobKind.ESTIMATOR])
    everything = JournalPages(journal, None)
    assert [job.job_id for job in everything.page(limit=10).jobs] == ["theirs", "ours"]
    assert everything.tags(limit=10) == ["two", "one"]
    assert everything.tags(limit=1) == ["two"]
    assert everything.kinds() == [JobKind.RUN, JobKind.ESTIMATOR]


def test_the_reason_of_a_failed_submission_is_searched(path: Path) -> None:
    journal = Journal(path)
    record(journal, None, stage=Stage.FAILED, reason="InsufficientCreditsError: no credits")
    record(journal, "job")
    assert JournalPages(journal, URL).page(text="NO CREDITS", limit=10).total == 1


def test_a_job_is_found_by_each_of_its_service_jobs(path: Path) -> None:
    journal = Journal(path)
    for job_id in ("a", "b", "c"):
        record(journal, job_id)
    journal.set_joined(URL, ["a", "b"])
    pages = JournalPages(journal, URL)
    for job_id in ("a", "b", "a+b"):
        found = pages.job(job_id)
        assert found is not None
        assert found.job_id == "a+b"
        assert sorted(str(entry.job_id) for entry in found.entries) == ["a", "b"]
    # "b" was submitted again as "c": both jobs share "a".
    journal.set_joined(URL, ["a", "c"])
    older, newer = pages.job("a+b"), pages.job("a+c")
    assert older is not None
    assert newer is not None
    assert {entry.job_id for entry in older.entries} == {"a", "b"}
    assert {entry.job_id for entry in newer.entries} == {"a", "c"}
    assert pages.job("nothing") is None


def test_the_newest_unfinished_jobs_come_first_and_those_that_are_gone_last(path: Path) -> None:
    journal = Journal(path)
    record(journal, "gone", status="GONE")
    record(journal, "old", status="RUNNING")
    record(journal, "done", status="COMPLETED")
    record(journal, "deleted", status="DELETED")
    record(journal, None, stage=Stage.FAILED)
    record(journal, "new")
    record(journal, "strange", status="QUEUED_SOMEWHERE")
    pages = JournalPages(journal, URL)
    entries, total = pages.unfinished(limit=10)
    assert ([entry.job_id for entry in entries], total) == (["strange", "new", "old", "gone"], 4)
    entries, total = pages.unfinished(limit=2)
    assert ([entry.job_id for entry in entries], total) == (["strange", "new"], 4)
    assert pages.unfinished_by_backend() == {
        ("qoro_maestro", "RUNNING"): 1,
        ("qoro_maestro", "SUBMITTED"): 1,
        ("qoro_maestro", "QUEUED_SOMEWHERE"): 1,
        ("qoro_maestro", "GONE"): 1,
    }


def test_it_is_known_which_jobs_have_programs(path: Path) -> None:
    journal = Journal(path)
    record(journal, "without")
    pages = JournalPages(journal, URL)
    assert pages.with_programs(pages.page(limit=10).jobs) == set()
    for job_id in ("a", "b"):
        record(journal, job_id, bodies=(b"{}", b"{}"))
    journal.set_joined(URL, ["a", "b"])
    assert pages.with_programs(pages.page(limit=10).jobs) == {"a+b"}
    journal.remove_programs_of(URL, "b")
    assert pages.with_programs(pages.page(limit=10).jobs) == set()


def test_a_journal_that_does_not_exist_has_no_jobs(path: Path) -> None:
    pages = JournalPages(Journal(path), URL)
    assert (pages.page(limit=5).jobs, pages.page(limit=5).total) == ((), 0)
    assert (pages.tags(limit=5), pages.kinds(), pages.unfinished(limit=5)) == ([], [], ([], 0))
    assert pages.job("a") is None
    assert not path.exists()


def test_a_damaged_journal_is_an_error(path: Path) -> None:
    record(Journal(path), "a")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE jobs SET stage = 'nonsense'")
    with pytest.raises(QoroError, match="journal"):
        JournalPages(Journal(path), URL).page(limit=5)


def test_a_submission_on_another_machine_is_interrupted_after_a_day(path: Path) -> None:
    now = datetime.now(UTC)
    number = record(Journal(path, now=lambda: now), "a", stage=None)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE jobs SET host = 'elsewhere' WHERE number = ?", (number,))
    by_age = {
        hours: JournalPages(Journal(path, now=lambda hours=hours: now + timedelta(hours=hours)), URL)  # type: ignore[misc]
        .page(limit=1)
        .by_status
        for hours in (23, 25)
    }
    assert by_age == {23: {"SUBMITTING": 1}, 25: {"INTERRUPTED": 1}}
