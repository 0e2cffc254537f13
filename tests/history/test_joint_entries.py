"""Jobs that consist of several service jobs: each is one entry of the list."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import responses

from qiskit_qoro import JobList, QoroProvider
from qiskit_qoro.history import Journal, JournalRecorder, complete_job_id
from qiskit_qoro.history.journal_entry import Stage, joint_status
from qiskit_qoro.history.listing import MAX_STATUS_POLLS
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

URL = "http://qoro.invalid/api"
NOW = datetime.now(UTC)
A = "4f38be34-e1a8-47f1-b230-c8fb89f4150c"
B = "9ab01c22-77f0-4dd1-8a7e-0a5a7f9f7f10"
C = "77aa01c2-0000-4dd1-8a7e-0a5a7f9f7f10"


class Book:
    """A journal into which a test writes, and the provider that lists it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.provider = QoroProvider("token", base_url=URL, journal=path)

    def record(
        self,
        job_id: str,
        *,
        hours: float = 0.0,
        tag: str = "t",
        circuits: int = 1,
        kind: JobKind = JobKind.ESTIMATOR,
        names: tuple[str, ...] = (),
        bodies: tuple[bytes, ...] = (),
    ) -> None:
        """Record a service job, submitted some hours ago."""
        journal = Journal(self.path, now=lambda: NOW - timedelta(hours=hours))
        facts = SubmissionFacts(kind, "qoro_maestro", tag, circuits, names=names, bodies=bodies)
        number = journal.begin(URL, facts)
        journal.set_job_id(number, job_id)
        journal.set_stage(number, Stage.SUBMITTED)

    def join(self, *job_ids: str) -> None:
        JournalRecorder(Journal(self.path), URL).joined(job_ids)

    def ids(self, **conditions: object) -> list[str | None]:
        """Return the identifiers in the list, without asking the service."""
        jobs = self.provider.jobs(refresh=False, **conditions)  # type: ignore[arg-type]
        return [entry.job_id for entry in jobs]


def short_ids(book: Book) -> list[str]:
    """Return the identifiers in the table of a narrow terminal."""
    _, *rows = book.provider.jobs(refresh=False).table(NOW).lines(60)
    return [row.plain.split()[0] for row in rows]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "journal.sqlite3")


@pytest.fixture
def joint(book: Book) -> Book:
    """A job of two service jobs, between an older and a newer job."""
    book.record("old", hours=5, kind=JobKind.RUN)
    book.record(A, hours=3, circuits=2)
    book.record(B, hours=1, circuits=3)
    book.join(A, B)
    book.record("new", tag="other", kind=JobKind.RUN)
    return book


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as wire:
        yield wire


def scripted(wire: responses.RequestsMock, **statuses: str | int) -> None:
    """Script the answers for the jobs A, B, ..., or the codes of errors."""
    for name, status in statuses.items():
        address = f"{URL}/job/{globals().get(name, name)}/status/"
        if isinstance(status, int):
            wire.get(address, status=status, json={"error": "no"})
        else:
            wire.get(address, json={"status": status})


# --- one entry ------------------------------------------------------------------------------------------


def test_service_jobs_that_belong_together_are_one_entry(joint: Book) -> None:
    assert joint.ids() == ["new", f"{A}+{B}", "old"]
    entry = joint.provider.jobs(refresh=False)[1]
    assert entry.num_circuits == 5
    assert entry.time == NOW - timedelta(hours=3)
    assert entry.status == "SUBMITTED"
    assert pickle.loads(pickle.dumps(entry)) == entry
    table = joint.provider.jobs(refresh=False).to_pandas()
    assert list(table["job_id"]) == ["new", f"{A}+{B}", "old"]
    assert list(table["num_circuits"]) == [1, 5, 1]


def test_the_short_form_in_a_table_stands_for_the_whole_job(joint: Book) -> None:
    assert short_ids(joint) == ["new", "4f38be34", "old"]
    assert joint.provider.journal is not None
    first = complete_job_id("4f38be34", joint.provider.journal)
    assert joint.provider.journal.joined_with(first) == [A, B]


def test_an_identifier_without_a_short_form_is_shown_whole(book: Book) -> None:
    for job_id in ("j1", "j2"):
        book.record(job_id)
    book.join("j1", "j2")
    assert short_ids(book) == ["j1+j2"]


def test_a_job_whose_oldest_entries_were_removed_shows_what_is_known(joint: Book) -> None:
    journal = Journal(joint.path, max_entries=3)
    journal.begin(URL, SubmissionFacts(JobKind.RUN, "b", "newest", 1))
    assert joint.ids() == [None, "new", f"{A}+{B}"]
    assert joint.provider.jobs(refresh=False)[2].num_circuits == 3


def test_jobs_that_are_not_yet_joined_and_journals_of_older_releases_have_an_entry_each(joint: Book) -> None:
    with closing(sqlite3.connect(joint.path)) as database, database:
        database.execute("DROP TABLE joint_jobs")
    assert joint.ids() == ["new", B, A, "old"]
    assert joint.ids(text=f"{A}+") == []


def test_a_resubmitted_job_and_the_original_are_two_entries(joint: Book) -> None:
    joint.record(C)
    joint.join(A, C)  # B had failed
    assert joint.ids() == [f"{A}+{C}", "new", f"{A}+{B}", "old"]
    again, _, original, _ = joint.provider.jobs(refresh=False)
    assert again.time == NOW
    assert original.num_circuits == 5
    assert short_ids(joint) == ["77aa01c2", "new", "9ab01c22", "old"]
    assert joint.provider.journal is not None
    assert joint.provider.journal.joined_with(C) == [A, C]
    assert joint.provider.journal.joined_with(B) == [A, B]


# --- conditions -----------------------------------------------------------------------------------------


def test_a_limit_counts_whole_jobs_and_cuts_none(joint: Book) -> None:
    assert joint.ids(limit=2) == ["new", f"{A}+{B}"]
    assert joint.ids(limit=1) == ["new"]
    assert joint.ids(limit=1, tag="t") == [f"{A}+{B}"]


def test_conditions_select_whole_jobs(joint: Book) -> None:
    whole = f"{A}+{B}"
    assert joint.ids(kind="estimator") == [whole]
    assert joint.ids(tag="t") == [whole, "old"]
    assert joint.ids(backend="qoro_maestro", limit=2) == ["new", whole]
    # The time is that of the first service job.
    assert joint.ids(since=timedelta(hours=2)) == ["new"]
    assert joint.ids(since=timedelta(hours=4)) == ["new", whole]
    assert joint.ids(until=timedelta(hours=2)) == [whole, "old"]
    for text in (B[:12].upper(), A, f"{A}+{B[:4]}"):
        assert joint.ids(text=text) == [whole]


def test_a_name_in_any_of_the_service_jobs_selects_the_whole_job(book: Book) -> None:
    book.record(A, names=("alpha",), bodies=(b"{}",))
    book.record(B, names=("beta",), bodies=(b"{}",))
    book.join(A, B)
    assert book.ids(text="beta") == [f"{A}+{B}"]


def test_a_condition_on_the_status_is_on_the_joint_status(joint: Book, wire: responses.RequestsMock) -> None:
    scripted(wire, A="COMPLETED", B="RUNNING", new="COMPLETED", old="FAILED")
    assert [entry.job_id for entry in joint.provider.jobs(status="running")] == [f"{A}+{B}"]
    assert joint.ids(status="COMPLETED") == ["new"]


# --- statuses -------------------------------------------------------------------------------------------


def test_each_service_job_is_asked_about_and_recorded(joint: Book, wire: responses.RequestsMock) -> None:
    scripted(wire, A="COMPLETED", B="FAILED", new="RUNNING", old="COMPLETED")
    assert [entry.status for entry in joint.provider.jobs()] == ["RUNNING", "FAILED", "COMPLETED"]
    journal = Journal(joint.path)
    assert [getattr(journal.find(job_id), "status", None) for job_id in (A, B)] == ["COMPLETED", "FAILED"]


def test_a_failed_job_is_unfinished_as_long_as_a_service_job_runs(
    joint: Book, wire: responses.RequestsMock
) -> None:
    scripted(wire, A="RUNNING", B="FAILED")
    (entry,) = joint.provider.jobs(kind="estimator")
    assert (entry.status, entry.is_unfinished, entry.may_run) == ("FAILED", True, True)


def test_jobs_that_were_not_completely_asked_about_are_counted(
    book: Book, wire: responses.RequestsMock
) -> None:
    for index in range(MAX_STATUS_POLLS // 2 + 1):
        pair = [f"job-{index}-{part}" for part in "ab"]
        for job_id in pair:
            book.record(job_id)
            if index:
                scripted(wire, **{job_id: "PENDING"})
        book.join(*pair)
    jobs = book.provider.jobs()
    assert [entry.status for entry in jobs] == ["PENDING"] * (MAX_STATUS_POLLS // 2) + ["SUBMITTED"]
    assert jobs.not_asked == 1


@pytest.mark.parametrize(
    ("statuses", "joint_one"),
    [
        ("COMPLETED COMPLETED", "COMPLETED"),
        ("COMPLETED SUBMITTED", "RUNNING"),
        ("PENDING SUBMITTED", "PENDING"),
        ("RUNNING PENDING", "RUNNING"),
        ("CANCELLED FAILED RUNNING", "FAILED"),
        ("DELETED DELETED", "DELETED"),
        ("COMPLETED DELETED", "GONE"),
        ("FAILED GONE", "GONE"),
        ("COMPLETED INTERRUPTED", "INTERRUPTED"),
        ("COMPLETED A_NEW_STATUS", "RUNNING"),
    ],
)
def test_the_joint_status(statuses: str, joint_one: str) -> None:
    given = statuses.split()
    assert joint_status(given) == joint_status(reversed(given)) == joint_one


# --- all jobs at once -----------------------------------------------------------------------------------


def listed(book: Book) -> JobList:
    return book.provider.jobs(kind="estimator", refresh=False)


def test_cancel_tries_each_service_job_and_returns_the_job_once(
    joint: Book, wire: responses.RequestsMock
) -> None:
    wire.post(f"{URL}/job/{A}/cancel/", status=409, json={"error": "it has ended"})
    wire.post(f"{URL}/job/{B}/cancel/", json={})
    assert listed(joint).cancel() == [f"{A}+{B}"]


def test_delete_tries_the_service_jobs_that_are_left(joint: Book, wire: responses.RequestsMock) -> None:
    for job_id in (A, B):
        wire.delete(f"{URL}/job/{job_id}", status=204)
    assert listed(joint).delete() == [f"{A}+{B}"]
    assert [entry.status for entry in listed(joint)] == ["DELETED"]
    assert listed(joint).delete() == []


def test_wait_returns_the_joint_status(joint: Book, wire: responses.RequestsMock) -> None:
    scripted(wire, A="COMPLETED", B=404)
    (entry,) = listed(joint).wait(timeout=10)
    assert entry.status == "GONE"
    assert not entry.is_unfinished
