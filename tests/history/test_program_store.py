"""The programs in the journal: what is kept, the limits, older and newer releases, damaged files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from qiskit_qoro import QoroError, QoroInputError, QoroProvider
from qiskit_qoro.history import PROGRAMS_VARIABLE, Journal, find_program_limit, read_submissions
from qiskit_qoro.history.program_store import DEFAULT_LIMIT_BYTES
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

SERVICE = "https://qoro.invalid/api"
BODIES = (b'{"tag":"t"}', b'{"circuits":{}}')
FACTS = SubmissionFacts(JobKind.RUN, "qoro_maestro", "t", 1, names=("bell", "other"), bodies=BODIES)

# The table and the statements of the first version of the journal.
OLD_SCHEMA = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, job_id TEXT, service TEXT NOT NULL, backend TEXT, kind TEXT NOT NULL,
    time TEXT NOT NULL, tag TEXT NOT NULL, num_circuits INTEGER NOT NULL, stage TEXT NOT NULL, status TEXT,
    reason TEXT, host TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT NOT NULL, structure BLOB
);
CREATE INDEX jobs_by_id ON jobs (job_id);
PRAGMA application_id = 1364152911;
PRAGMA user_version = 1;
"""
OLD_INSERT = """
INSERT INTO jobs (service, backend, kind, time, tag, num_circuits, stage, host, pid, started, structure)
VALUES ('s', 'b', 'run', '2026-11-01T00:00:00.000000+00:00', 't', 1, 'submitted', 'h', 1, '0', NULL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def submit(journal: Journal, job_id: str, facts: SubmissionFacts = FACTS) -> int:
    number = journal.begin(SERVICE, facts)
    assert number is not None
    journal.set_job_id(number, job_id)
    return number


def run_sql(path: Path, statements: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(statements)


@pytest.mark.parametrize("in_file", [True, False])
@pytest.mark.parametrize("size", [10, 100_000])
def test_the_bodies_and_names_of_a_submission_are_kept(path: Path, in_file: bool, size: int) -> None:
    journal = Journal(path if in_file else None)
    bodies = (b'{"tag":"t"}', b"[" + b"1,2," * size + b"3]", b"{}")
    submit(journal, "a", replace(FACTS, bodies=bodies, structure=b"structure"))
    (submission,) = read_submissions(journal, ["a"])
    assert (submission.request, *submission.uploads) == bodies
    facts = submission.facts
    assert (facts.kind, facts.target, facts.tag, facts.num_circuits) == (JobKind.RUN, "qoro_maestro", "t", 1)
    assert (facts.names, facts.structure) == (("bell", "other"), b"structure")


def test_the_oldest_programs_are_removed_first(path: Path) -> None:
    body = b"x" * 1000
    journal = Journal(path, program_limit_bytes=10 * 1024)
    numbers = [submit(journal, f"j{index}", replace(FACTS, bodies=(body, b"{}"))) for index in range(30)]
    kept = [journal.programs_of(number).bodies is not None for number in numbers]
    assert kept == sorted(kept)  # the newest are kept
    assert 4 <= sum(kept) <= 10
    with closing(sqlite3.connect(path)) as database:
        (stored,) = database.execute("SELECT sum(length(bodies)) FROM programs").fetchone()
    assert stored <= 10 * 1024
    with pytest.raises(
        QoroInputError, match=r"j0 are not available: later jobs needed the space.*0\.00977 MiB"
    ):
        read_submissions(journal, ["j29", "j0"])


@pytest.mark.parametrize("size", [1, 90, 160, 500, 1279])
def test_all_programs_together_stay_below_the_limit(path: Path, size: int) -> None:
    journal = Journal(path, program_limit_bytes=10 * 1024)
    for index in range(200):
        submit(journal, f"j{index}", replace(FACTS, bodies=(b"x" * (1 + (index * size) % 1279), b"")))
        with closing(sqlite3.connect(path)) as database:
            (stored,) = database.execute("SELECT sum(length(bodies)) FROM programs").fetchone()
        assert stored <= 10 * 1024


def test_one_job_may_use_a_share_of_the_limit_only(path: Path) -> None:
    journal = Journal(path, program_limit_bytes=8000)
    submit(journal, "small", replace(FACTS, bodies=(b"x" * 999, b"x")))
    submit(journal, "large", replace(FACTS, bodies=(b"x" * 1000, b"x")))
    assert len(read_submissions(journal, ["small"])) == 1
    with pytest.raises(QoroInputError, match=r"the journal keeps at most .* MiB of one job"):
        read_submissions(journal, ["large"])


def test_programs_can_be_switched_off(path: Path) -> None:
    journal = Journal(path, program_limit_bytes=0)
    number = submit(journal, "a")
    assert journal.programs_of(number).bodies is None
    assert journal.jobs(text="bell") == []  # no names either
    assert BODIES[1] not in path.read_bytes()
    assert b"bell" not in path.read_bytes()


@pytest.mark.parametrize(
    ("setting", "limit_bytes"),
    [("", DEFAULT_LIMIT_BYTES), ("off", 0), (" OFF ", 0), ("0", 0), ("3", 3 * 2**20), ("1000", 1000 * 2**20)],
)
def test_the_limit_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, path: Path, setting: str, limit_bytes: int
) -> None:
    monkeypatch.setenv(PROGRAMS_VARIABLE, setting)
    assert find_program_limit() == limit_bytes
    with QoroProvider("token", base_url=SERVICE, journal=path) as provider:
        assert provider.journal is not None
        assert provider.journal.program_limit_bytes == limit_bytes


@pytest.mark.parametrize("setting", ["much", "-1", "1.5", "1e3", "９", "9999999"])
def test_an_invalid_limit_is_refused(monkeypatch: pytest.MonkeyPatch, path: Path, setting: str) -> None:
    monkeypatch.setenv(PROGRAMS_VARIABLE, setting)
    with pytest.raises(
        QoroInputError, match=f"{PROGRAMS_VARIABLE} is '{setting}', expected off, or how many"
    ):
        QoroProvider("token", base_url=SERVICE, journal=path)


def test_a_loop_of_many_jobs_does_not_grow_without_bound() -> None:
    journal = Journal(None, max_entries=50, program_limit_bytes=2**20)
    numbers = [submit(journal, f"j{index}") for index in range(300)]
    with journal._database.transaction(writes=False) as database:
        assert database is not None
        (count,) = database.execute("SELECT count(*) FROM programs").fetchone()
    assert 50 <= count <= 60  # rows without an entry are removed now and then
    assert journal.programs_of(numbers[-1]).bodies == BODIES


# --- older and newer releases ---------------------------------------------------------------------------


def test_a_journal_of_an_older_release_gains_the_table(path: Path) -> None:
    run_sql(path, OLD_SCHEMA + OLD_INSERT + "; UPDATE jobs SET job_id = 'old';")
    journal = Journal(path)
    with pytest.raises(QoroInputError, match="was off, or an older release submitted the job"):
        read_submissions(journal, ["old"])
    journal.remove_programs_of("s", "old")
    submit(journal, "new")
    assert len(read_submissions(journal, ["new"])) == 1
    assert [entry.job_id for entry in journal.entries()] == ["new", "old"]
    with pytest.raises(QoroInputError, match="was off, or an older release submitted the job"):
        read_submissions(journal, ["old"])


def test_an_older_release_can_write_into_the_journal(path: Path) -> None:
    journal = Journal(path)
    submit(journal, "new")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        assert database.execute("PRAGMA application_id").fetchone() == (0x514F524F,)
    run_sql(
        path,
        OLD_INSERT + "; DELETE FROM jobs WHERE number <= 0; UPDATE jobs SET job_id = 'old' WHERE number = 2;",
    )
    assert [entry.job_id for entry in journal.entries()] == ["old", "new"]
    submit(journal, "newer")
    assert len(read_submissions(journal, ["new", "newer"])) == 2
    with pytest.raises(QoroInputError, match="older release"):
        read_submissions(journal, ["old"])


def test_a_new_journal_has_the_table_of_the_first_version(path: Path) -> None:
    submit(Journal(path), "a")
    with closing(sqlite3.connect(path)) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(jobs)")]
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(OLD_SCHEMA)
        assert columns == [row[1] for row in database.execute("PRAGMA table_info(jobs)")]


@pytest.mark.parametrize("damage", ["'text'", "x'31ff'", "x'7a'", "5"])
def test_damaged_programs_are_an_error(path: Path, damage: str) -> None:
    journal = Journal(path)
    submit(journal, "a")
    run_sql(path, f"UPDATE programs SET bodies = {damage};")
    with pytest.raises(QoroError, match="cannot be used: the record of the programs is"):
        read_submissions(journal, ["a"])
