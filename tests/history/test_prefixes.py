"""Identifiers that are given by their first characters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import responses

from qiskit_qoro import QoroInputError, QoroProvider
from qiskit_qoro.history import Journal, JournalRecorder, complete_job_id
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

URL = "http://qoro.invalid/api"
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
FIRST = "4f38be34-e1a8-47f1-b230-c8fb89f4150c"
SECOND = "4f38be34-e2b9-4c1e-9f3f-1f6f2a1b0c9d"
OTHER = "9ab01c22-77f0-4dd1-8a7e-0a5a7f9f7f10"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal with three jobs, two of which begin alike."""
    path = tmp_path / "journal.sqlite3"
    ages = ((OTHER, 2, ""), (SECOND, 26, "weekly"), (FIRST, 3, "nightly"))
    for job_id, hours, tag in ages:
        book = Journal(path, now=lambda hours=hours: NOW - timedelta(hours=hours))  # type: ignore[misc]
        book.set_job_id(book.begin(URL, SubmissionFacts(JobKind.RUN, "qoro_maestro", tag, 1)), job_id)
    return Journal(path)


@pytest.mark.parametrize("text", ["9ab0", "9ab01c22", "9ab01c22-77f0", OTHER])
def test_a_prefix_stands_for_the_only_job_that_begins_with_it(journal: Journal, text: str) -> None:
    assert complete_job_id(text, journal) == OTHER


def test_an_ambiguous_prefix_is_refused_with_the_time_and_tag_of_each_candidate(journal: Journal) -> None:
    with pytest.raises(QoroInputError, match="type more characters") as caught:
        complete_job_id("4f38be34", journal, now=NOW)
    assert caught.value.message == (
        f"2 jobs begin with '4f38be34', type more characters: {FIRST} (3 h ago, tag 'nightly'), "
        f"{SECOND} (1 d ago, tag 'weekly')"
    )
    assert complete_job_id("4f38be34-e1", journal) == FIRST


def test_many_candidates_are_counted(journal: Journal) -> None:
    for number in range(7):
        entry = journal.begin(URL, SubmissionFacts(JobKind.RUN, "qoro_maestro", "", 1))
        journal.set_job_id(entry, f"job-{number}")
    with pytest.raises(QoroInputError, match=r"^7 jobs begin with 'job-', .* and 2 more$"):
        complete_job_id("job-", journal)


def test_an_identifier_is_complete_if_another_one_begins_with_it(journal: Journal) -> None:
    for job_id in ("job-1", "job-10"):
        journal.set_job_id(journal.begin(URL, SubmissionFacts(JobKind.RUN, "b", "", 1)), job_id)
    assert complete_job_id("job-1", journal) == "job-1"


@pytest.mark.parametrize("text", ["0badc0de", "0bad", "0badc0de-1a2b"])
def test_an_unknown_prefix_is_refused_and_the_error_says_what_was_searched(
    journal: Journal, text: str
) -> None:
    with pytest.raises(QoroInputError, match="not a complete identifier") as caught:
        complete_job_id(text, journal)
    assert caught.value.message == (
        f"'{text}' is not a complete identifier of a job, and no job in the journal of this machine begins "
        "with it"
    )
    with pytest.raises(QoroInputError, match="there is no journal on this machine to look it up in"):
        complete_job_id(text, None)


@pytest.mark.parametrize("text", ["0badc0de-e1a8-47f1-b230-c8fb89f4150c", "never-was", "j1", "4f3"])
def test_other_identifiers_are_left_to_the_service(journal: Journal, text: str) -> None:
    assert complete_job_id(text, journal) == text
    assert complete_job_id(text, None) == text


def test_only_jobs_of_the_service_are_searched(journal: Journal) -> None:
    number = journal.begin("local:/data/jobs.db", SubmissionFacts(JobKind.RUN, "b", "", 1))
    journal.set_job_id(number, "9ab01c22-0000-4dd1-8a7e-0a5a7f9f7f10")
    assert complete_job_id("9ab01c22", journal, URL) == OTHER
    with pytest.raises(QoroInputError, match="2 jobs begin with"):
        complete_job_id("9ab01c22", journal)


def test_a_damaged_journal_knows_no_prefixes(tmp_path: Path) -> None:
    path = tmp_path / "damaged.sqlite3"
    path.write_bytes(b"not a database" * 100)
    assert complete_job_id("job-", Journal(path)) == "job-"
    assert Journal(path).job_ids() == []


def test_the_provider_retrieves_a_job_by_a_prefix(journal: Journal) -> None:
    with responses.RequestsMock() as wire:
        wire.get(f"{URL}/job/{OTHER}/status/", json={"status": "COMPLETED"})
        job = QoroProvider("t", base_url=URL, journal=str(journal.path)).retrieve_job("9ab01c22")
    assert job.job_id() == OTHER


def test_the_service_jobs_of_one_job_are_found_by_each_of_them(journal: Journal) -> None:
    assert journal.joined_with(FIRST) == [FIRST]
    JournalRecorder(journal, URL).joined([SECOND, FIRST])
    assert journal.joined_with(FIRST) == journal.joined_with(SECOND) == [SECOND, FIRST]
    assert journal.joined_with(OTHER) == [OTHER]


def test_joint_jobs_are_forgotten_with_their_entries(journal: Journal) -> None:
    JournalRecorder(journal, URL).joined(["gone-1", "gone-2"])
    JournalRecorder(journal, URL).joined([SECOND, FIRST])
    assert journal.joined_with("gone-1") == ["gone-1"]
    assert journal.joined_with(FIRST) == [SECOND, FIRST]


def test_a_journal_that_cannot_be_used_knows_no_joint_jobs(tmp_path: Path) -> None:
    path = tmp_path / "damaged.sqlite3"
    path.write_bytes(b"not a database" * 100)
    assert Journal(path).joined_with("a") == ["a"]
    assert Journal(tmp_path / "missing.sqlite3").joined_with("a") == ["a"]
