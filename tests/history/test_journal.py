"""The journal: its entries, its file, unusable files, abandoned submissions, and its path."""

from __future__ import annotations

import copy
import logging
import os
import pickle
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.history import JOURNAL_VARIABLE, Journal, JournalRecorder, find_journal
from qiskit_qoro.history.journal import MAX_ENTRIES, MAX_STRUCTURES
from qiskit_qoro.history.journal_database import FileDatabase, JournalUnusableError, MemoryDatabase
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.history.listing import MAX_STATUS_POLLS
from qiskit_qoro.history.processes import LONGEST_SUBMISSION, ProcessMark, is_abandoned, mark_of_this_process
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

FACTS = SubmissionFacts(JobKind.RUN, "qoro_maestro", "bells", 3)
CLOUD = "https://qoro.invalid/api"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "qiskit-qoro" / "journal.sqlite3"


@pytest.fixture
def journal(path: Path) -> Journal:
    return Journal(path)


def submit(journal: Journal, job_id: str | None = "j1", facts: SubmissionFacts = FACTS) -> None:
    number = journal.begin(CLOUD, facts)
    if job_id is not None:
        journal.set_job_id(number, job_id)
        journal.set_stage(number, Stage.SUBMITTED)


# --- entries --------------------------------------------------------------------------------------------


def test_each_step_of_a_submission_is_recorded(journal: Journal) -> None:
    number = journal.begin(CLOUD, FACTS)
    (entry,) = journal.entries()
    assert (entry.job_id, entry.stage, entry.listed_status) == (None, Stage.SUBMITTING, "SUBMITTING")
    assert (entry.service, entry.backend, entry.kind) == (CLOUD, "qoro_maestro", JobKind.RUN)
    assert (entry.tag, entry.num_circuits) == ("bells", 3)
    assert abs(entry.time - datetime.now(UTC)) < timedelta(minutes=1)

    journal.set_job_id(number, "j1")
    assert [entry.job_id for entry in journal.entries()] == ["j1"]
    journal.set_stage(number, Stage.SUBMITTED)
    assert [entry.listed_status for entry in journal.entries()] == ["SUBMITTED"]
    journal.set_statuses([(number or 0, "RUNNING")])
    assert [entry.listed_status for entry in journal.entries()] == ["RUNNING"]


def test_a_failed_submission_keeps_its_reason_short(journal: Journal) -> None:
    journal.set_stage(journal.begin(CLOUD, FACTS), Stage.FAILED, "no credits " * 1000)
    (entry,) = journal.entries()
    assert entry.listed_status == "NOT_SUBMITTED"
    assert entry.reason is not None
    assert entry.reason.startswith("no credits")
    assert len(entry.reason) == 300


def test_a_reason_with_a_lone_surrogate_is_recorded(journal: Journal) -> None:
    recorder = JournalRecorder(journal, CLOUD)
    recorder.failed(recorder.begin(FACTS), "the service said a\ud800b")
    assert [(entry.stage, entry.reason) for entry in journal.entries()] == [
        (Stage.FAILED, "the service said a?b")
    ]


def test_entries_are_selected_by_each_condition_newest_first(path: Path) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    moments = iter(noon + timedelta(hours=hour) for hour in range(100))
    journal = Journal(path, now=lambda: next(moments))
    for job_id, target, tag in [("a", "one", "x"), ("b", "two", "x"), ("c", "two", "y")]:
        submit(journal, job_id, SubmissionFacts(JobKind.OTHER, target, tag, 1))

    def ids(**conditions: object) -> list[str | None]:
        return [job.job_id for job in journal.jobs(**conditions)]  # type: ignore[arg-type]

    assert ids() == ["c", "b", "a"]
    assert ids(service=CLOUD) == ["c", "b", "a"]
    assert ids(service="https://elsewhere.invalid") == []
    assert ids(backend="two") == ["c", "b"]
    assert ids(tag="x") == ["b", "a"]
    assert ids(since=noon + timedelta(hours=1)) == ["c", "b"]
    assert ids(limit=1) == ["c"]
    assert ids(backend="two", tag="x") == ["b"]


def test_an_entry_is_found_by_the_identifier_of_its_job(journal: Journal) -> None:
    submit(journal, "e1", SubmissionFacts(JobKind.ESTIMATOR, "qoro_maestro", "t", 9))
    found = journal.find("e1")
    assert found is not None
    assert found.kind is JobKind.ESTIMATOR
    assert journal.find("never-was") is None
    assert [JobKind.of_letter(letter) for letter in ("r", "s", "e", "z", None)] == [
        JobKind.RUN,
        JobKind.SAMPLER,
        JobKind.ESTIMATOR,
        JobKind.OTHER,
        JobKind.OTHER,
    ]


def test_the_number_of_entries_is_limited(path: Path) -> None:
    journal = Journal(path, max_entries=3)
    for index in range(7):
        submit(journal, f"j{index}")
    assert [entry.job_id for entry in journal.entries()] == ["j6", "j5", "j4"]


def test_the_limits_of_the_journal_are_those_of_its_page() -> None:
    page = (Path(__file__).parents[2] / "docs/explanation/journal.md").read_text(encoding="utf-8")
    text = " ".join(page.split())
    assert f"It keeps the last {MAX_ENTRIES:,}" in text
    assert f"last {MAX_STRUCTURES} submissions" in text
    assert f"asks the service about up to {MAX_STATUS_POLLS} unfinished jobs" in text


def test_only_the_latest_entries_keep_their_structures(
    journal: Journal,
) -> None:
    for index in range(MAX_STRUCTURES + 1):
        submit(journal, f"j{index}", replace(FACTS, structure=b"meaning %d" % index))
    assert journal.structure_of("j0") is None
    assert journal.structure_of("j1") == b"meaning 1"
    assert journal.structure_of(f"j{MAX_STRUCTURES}") == b"meaning %d" % MAX_STRUCTURES
    assert journal.structure_of("never-was") is None
    assert len(journal.entries()) == MAX_STRUCTURES + 1


# --- the file -------------------------------------------------------------------------------------------


def test_reading_a_journal_that_does_not_exist_creates_no_file(path: Path) -> None:
    journal = Journal(path)
    assert journal.entries() == []
    assert journal.find("j1") is None
    assert not path.parent.exists()


def test_only_the_owner_can_read_the_file(journal: Journal, path: Path) -> None:
    submit(journal)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_everyone_could_read_becomes_private(journal: Journal, path: Path) -> None:
    submit(journal)
    side_file = path.with_name(path.name + "-journal")
    side_file.touch()
    for file in (path, side_file):
        file.chmod(0o644)
    assert len(journal.entries()) == 1
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(side_file.stat().st_mode) == 0o600


def test_a_full_disk_is_named_as_the_reason(journal: Journal, path: Path) -> None:
    def fill() -> None:
        with FileDatabase(path).transaction(writes=True) as database:
            assert database is not None
            database.execute("PRAGMA max_page_count = 8")
            database.execute("UPDATE jobs SET structure = ?", (b"x" * 100_000,))

    submit(journal)
    with pytest.raises(JournalUnusableError, match=r"cannot be used: database or disk is full"):
        fill()
    assert len(journal.entries()) == 1


def test_copies_and_pickles_write_to_the_same_file(journal: Journal) -> None:
    submit(journal, "original")
    submit(copy.deepcopy(journal), "copied")
    submit(pickle.loads(pickle.dumps(journal)), "pickled")
    assert [entry.job_id for entry in journal.entries()] == ["pickled", "copied", "original"]


def test_a_copy_of_a_journal_in_memory_is_empty() -> None:
    journal = Journal(None)
    submit(journal)
    assert len(journal.entries()) == 1
    assert pickle.loads(pickle.dumps(journal)).entries() == []


def test_a_journal_in_memory_can_be_used_after_ctrl_c_interrupted_its_creation() -> None:
    journal = Journal(None)

    def interrupt(_frame: object, event: str, function: object) -> None:
        if event == "c_call" and getattr(function, "__name__", "") == "execute":
            sys.setprofile(None)
            raise KeyboardInterrupt

    before = sys.getprofile()
    sys.setprofile(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            submit(journal)
    finally:
        sys.setprofile(before)
    submit(journal)
    assert len(journal.entries()) == 1


def test_a_signal_handler_may_use_a_journal_in_memory_during_a_transaction_of_its_thread() -> None:
    journal = Journal(None)
    database = MemoryDatabase()
    journal._database = database
    with database.transaction(writes=True):
        thread = threading.Thread(target=submit, args=(journal, "another thread"))
        thread.start()
        submit(journal, "the handler")
        assert thread.is_alive()
    thread.join(60)
    assert {entry.job_id for entry in journal.entries()} == {"another thread", "the handler"}


@pytest.mark.parametrize("place", ["file", "memory"])
def test_many_threads_write_at_once(place: str, path: Path) -> None:
    journal = Journal(path if place == "file" else None)

    def work(name: str) -> None:
        for index in range(10):
            submit(journal, f"{name}{index}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = journal.entries()
    assert {entry.job_id for entry in entries} == {f"{name}{index}" for name in "abcd" for index in range(10)}
    assert {entry.stage for entry in entries} == {Stage.SUBMITTED}


WRITER = """
import sys
from pathlib import Path
from qiskit_qoro.history import Journal
from qiskit_qoro.history.journal_database import FileDatabase, JournalUnusableError, MemoryDatabase
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts
journal = Journal(Path(sys.argv[1]))
for index in range(20):
    number = journal.begin("s", SubmissionFacts(JobKind.RUN, "b", "t", 1))
    journal.set_job_id(number, f"{sys.argv[2]}{index}")
    journal.set_stage(number, Stage.SUBMITTED)
"""


def test_several_processes_write_at_once(journal: Journal, path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], stderr=subprocess.PIPE, text=True)
        for name in "ab"
    ]
    for writer in writers:
        _, err = writer.communicate(timeout=60)
        assert (writer.returncode, err) == (0, "")
    assert {entry.job_id for entry in journal.entries()} == {f"{name}{i}" for name in "ab" for i in range(20)}


# --- a journal that cannot be used ----------------------------------------------------------------------


def spoil_by_directory(path: Path) -> None:
    path.mkdir(parents=True)


def spoil_by_file_in_the_way(path: Path) -> None:
    path.parent.parent.mkdir(parents=True)
    path.parent.write_text("no directory")


def spoil_by_damage(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"This is no database. " * 100)


def spoil_by_other_database(path: Path) -> None:
    path.parent.mkdir(parents=True)
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE theirs (value)")
    database.commit()
    database.close()


def spoil_by_newer_version(path: Path) -> None:
    Journal(path).begin(CLOUD, FACTS)
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.commit()
    database.close()


def spoil_by_older_version(path: Path) -> None:
    Journal(path).begin(CLOUD, FACTS)
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 0")
    database.commit()
    database.close()


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_by_directory,
        spoil_by_file_in_the_way,
        spoil_by_damage,
        spoil_by_other_database,
        spoil_by_newer_version,
        spoil_by_older_version,
    ],
)
def test_an_unusable_journal_does_not_stop_submissions_and_logs_one_warning(
    spoil: object, journal: Journal, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(path)  # type: ignore[operator]
    content = path.read_bytes() if path.is_file() else None
    with caplog.at_level(logging.WARNING):
        submit(journal, "j1")
        submit(journal, "j2")
        assert journal.find("j1") is None
    assert len(caplog.records) == 1
    assert str(path) in caplog.text
    assert "submitted, but not recorded" in caplog.text
    assert (path.read_bytes() if path.is_file() else None) == content


FULL_DISK = """
import logging, resource, signal, sys
from dataclasses import replace
from pathlib import Path
from qiskit_qoro.history import Journal
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

logging.basicConfig()
path = Path(sys.argv[1])
journal, facts = Journal(path), SubmissionFacts(JobKind.RUN, "qoro_maestro", "bells", 3)
journal.set_job_id(journal.begin("https://qoro.invalid/api", facts), "first")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, path.stat().st_size))
for _ in range(2):
    number = journal.begin("https://qoro.invalid/api", replace(facts, structure=b"x" * 200_000))
    journal.set_job_id(number, "second")
print(number, [entry.job_id for entry in journal.entries()])
"""


def test_a_full_disk_does_not_stop_submissions_and_damages_no_entry(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["None", "['first']"]
    (line,) = done.stderr.splitlines()
    assert line.startswith("WARNING:")
    assert f"the journal {path} cannot be used: " in line
    assert line.endswith("Jobs are submitted, but not recorded")
    assert [entry.job_id for entry in Journal(path).entries()] == ["first"]


@pytest.mark.parametrize("spoil", [spoil_by_damage, spoil_by_newer_version, spoil_by_older_version])
def test_reading_the_entries_of_an_unusable_journal_is_an_error(
    spoil: object, journal: Journal, path: Path
) -> None:
    spoil(path)  # type: ignore[operator]
    with pytest.raises(QoroError, match=r"journal\.sqlite3"):
        journal.entries()


def test_the_unfinished_transaction_of_a_killed_process_is_rolled_back(journal: Journal, path: Path) -> None:
    submit(journal, "whole")
    killed = (
        "import os, signal, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "database.execute('PRAGMA cache_size = 1'); database.execute('BEGIN IMMEDIATE')\n"
        "for i in range(2000):\n"
        '    database.execute("INSERT INTO jobs (service, kind, time, tag, num_circuits, stage, host, pid,'
        " started) VALUES ('s', 'run', '2026-11-20T00:00:00+00:00', 'half', 1, 'submitted', 'h', 1, '')\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", killed, str(path)], timeout=60, check=False)
    assert done.returncode == -9
    assert [entry.job_id for entry in journal.entries()] == ["whole"]
    submit(journal, "next")
    assert [entry.job_id for entry in journal.entries()] == ["next", "whole"]


# --- abandoned submissions ------------------------------------------------------------------------------

A_SECOND = timedelta(seconds=1)


def test_the_submission_of_a_running_process_is_not_abandoned() -> None:
    assert not is_abandoned(mark_of_this_process(), A_SECOND)


def test_the_submission_of_an_ended_process_is_abandoned() -> None:
    code = "from qiskit_qoro.history.processes import *; i = mark_of_this_process(); print(i.pid, i.started)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid, _, started = process.stdout.read().strip().partition(" ")
        mark = ProcessMark(mark_of_this_process().host, int(pid), started)
        if hasattr(os, "waitid"):  # Windows has no zombie processes
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            assert is_abandoned(mark, A_SECOND)
    assert process.returncode == 0
    assert is_abandoned(mark, A_SECOND)
    assert is_abandoned(ProcessMark(mark.host, mark.pid, ""), A_SECOND)


def test_a_process_with_the_same_number_and_another_start_is_another_process() -> None:
    mark = mark_of_this_process()
    assert is_abandoned(ProcessMark(mark.host, mark.pid, "another boot:17"), A_SECOND)


@pytest.mark.parametrize(
    ("difference_s", "is_another"), [(1.9, False), (-1.9, False), (2.1, True), (-2.1, True)]
)
def test_the_start_of_a_process_may_move_by_two_seconds(difference_s: float, is_another: bool) -> None:
    mark = mark_of_this_process()
    moved = replace(mark, started=str(float(mark.started) + difference_s))
    assert is_abandoned(moved, A_SECOND) is is_another


def test_the_submission_of_another_machine_is_abandoned_after_a_day() -> None:
    mark = ProcessMark("another-machine", 1, "boot:1")
    assert not is_abandoned(mark, LONGEST_SUBMISSION)
    assert is_abandoned(mark, LONGEST_SUBMISSION + A_SECOND)


# --- the path -------------------------------------------------------------------------------------------


def test_the_journal_is_in_the_data_directory_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(JOURNAL_VARIABLE)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    usual = find_journal(True)
    assert usual is not None
    assert usual.parts[-2:] == ("qiskit-qoro", "journal.sqlite3")
    if sys.platform != "win32":  # Windows does not take the directory from the environment
        assert (tmp_path / "home") in usual.parents
    if sys.platform.startswith("linux"):
        assert usual.relative_to(tmp_path) == Path("home/.local/share/qiskit-qoro/journal.sqlite3")
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
        assert find_journal(True) == tmp_path / "xdg" / "qiskit-qoro" / "journal.sqlite3"
        monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")
        assert find_journal(True) == usual


@pytest.mark.parametrize("word", ["off", "OFF", "0", "false"])
def test_the_environment_variable_can_switch_the_journal_off(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(JOURNAL_VARIABLE, word)
    assert find_journal(True) is None


def test_the_argument_overrides_the_environment_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(JOURNAL_VARIABLE, str(tmp_path / "a"))
    assert find_journal(True) == tmp_path / "a"
    assert find_journal(tmp_path / "b") == tmp_path / "b"
    assert find_journal(str(tmp_path / "b")) == tmp_path / "b"
    assert find_journal(False) is None
    monkeypatch.setenv(JOURNAL_VARIABLE, "off")
    assert find_journal(tmp_path / "b") == tmp_path / "b"


@pytest.mark.parametrize("argument", [None, 1, ""])
def test_an_invalid_journal_argument_is_refused(argument: object) -> None:
    with pytest.raises(QoroInputError, match="journal is"):
        find_journal(argument)  # type: ignore[arg-type]
