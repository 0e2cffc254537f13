"""Private files and transactions of SQLite."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from qiskit_qoro.storage import (
    create_private_file,
    link_target,
    restrict_access,
    transaction,
    write_private_file,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_new_file_is_private_whatever_the_umask_is(tmp_path: Path) -> None:
    create_private_file(tmp_path / "new.db")
    assert mode(tmp_path / "new.db") == 0o600


def test_an_existing_file_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    path.write_text("text")
    path.chmod(0o644)
    before = path.stat()
    create_private_file(path)
    assert path.read_text() == "text"
    assert path.stat().st_mode == before.st_mode


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("exists", [False, True])
def test_a_written_file_is_private_whether_it_existed_or_not(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "saved"
    if exists:
        path.write_text("something longer than the new content")
        path.chmod(0o666)
    write_private_file(path, b"content")
    assert mode(path) == 0o600
    assert path.read_bytes() == b"content"


def test_a_device_can_be_written_and_keeps_its_mode() -> None:
    before = mode(Path(os.devnull))
    write_private_file(Path(os.devnull), b"content")
    assert mode(Path(os.devnull)) == before


@pytest.mark.parametrize(
    ("before", "after"), [(0o644, 0o600), (0o666, 0o600), (0o440, 0o400), (0o600, 0o600)]
)
def test_access_to_a_database_and_its_side_files_is_restricted(
    tmp_path: Path, before: int, after: int
) -> None:
    files = [tmp_path / f"jobs.db{suffix}" for suffix in ("", "-journal", "-wal", "-shm")]
    other = tmp_path / "jobs.db-other"
    for file in (*files, other):
        file.touch()
        file.chmod(before)
    restrict_access(tmp_path / "jobs.db")
    assert [mode(file) for file in files] == [after] * 4
    assert mode(other) == before


def test_the_target_of_a_link_and_its_side_files_are_restricted(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, side = tmp_path / "real" / "jobs.db", tmp_path / "real" / "jobs.db-wal"
    for file in (target, side):
        file.touch()
        file.chmod(0o644)
    (tmp_path / "link.db").symlink_to(target)
    restrict_access(tmp_path / "link.db")
    assert mode(target) == mode(side) == 0o600


def test_only_regular_files_are_restricted() -> None:
    before = mode(Path(os.devnull))
    restrict_access(Path(os.devnull))
    assert mode(Path(os.devnull)) == before


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY, text TEXT)")
        yield connection


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT number FROM numbers")]


def insert(connection: sqlite3.Connection, *texts: str, error: BaseException | None = None) -> None:
    """Insert rows in one transaction, and raise an error at its end."""
    with transaction(connection):
        for text in texts:
            connection.execute("INSERT INTO numbers (text) VALUES (?)", (text,))
        if error is not None:
            raise error


def test_a_transaction_is_committed(connection: sqlite3.Connection) -> None:
    insert(connection, "first")
    assert not connection.in_transaction
    assert numbers(connection) == [1]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_exception_rolls_a_transaction_back(connection: sqlite3.Connection, error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        insert(connection, "first", error=error)
    assert caught.value is error
    assert not connection.in_transaction
    assert numbers(connection) == []


def test_a_full_database_is_the_cause_although_sqlite_has_rolled_back_by_itself(
    connection: sqlite3.Connection,
) -> None:
    connection.execute("PRAGMA max_page_count = 4")
    with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
        insert(connection, "first", "x" * 100_000)
    assert numbers(connection) == []


def test_a_commit_that_fails_is_rolled_back(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(
        "CREATE TABLE children (parent INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED)"
    )
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), transaction(connection):
        connection.execute("INSERT INTO children VALUES (7)")
    insert(connection, "first")
    assert numbers(connection) == [1]


def test_a_rollback_that_fails_does_not_hide_the_cause(connection: sqlite3.Connection) -> None:
    def fail() -> None:
        with transaction(connection):
            connection.close()  # so that no rollback is possible
            raise ValueError("the cause")

    with pytest.raises(ValueError, match="the cause") as caught:
        fail()
    assert "could not be rolled back either: Cannot operate on a closed database" in caught.value.__notes__[0]


def test_a_transaction_that_was_left_open_is_rolled_back_by_the_next_one(
    connection: sqlite3.Connection,
) -> None:
    connection.execute("BEGIN")
    connection.execute("INSERT INTO numbers VALUES (1, '')")
    insert(connection, "second")
    assert [text for (text,) in connection.execute("SELECT text FROM numbers")] == ["second"]


def test_a_link_stands_for_its_target_and_a_circle_of_links_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    assert link_target(tmp_path / "link") == tmp_path.resolve() / "target"
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(OSError, match="symbolic links"):
        link_target(tmp_path / "circle")
