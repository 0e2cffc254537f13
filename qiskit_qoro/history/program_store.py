"""The programs of submitted jobs, which the journal keeps: the bodies of the requests that submitted them.

The table is an addition to the first version of the journal. Older releases ignore it. It is created when it
is first needed, so that journals of older releases gain it too. A row belongs to the entry with its number.

Strategy: all rows together keep a limited number of bytes, and the oldest are removed first. Each row has the
total of the bytes that were ever kept, up to and including its own. So the rows that have to go are those
whose total is further below the newest one than the limit, and no sum over all rows is needed. A job that
would need too large a share of the limit is not kept; its row has only its size.

Small bodies are kept as they are, because their programs are compressed already. Large ones mostly consist of
numbers, which the fastest compression halves.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.submissions import SubmissionFacts
from qiskit_qoro.wire.json_values import encodable_text
from qiskit_qoro.wire.text import inflate

__all__ = [
    "DEFAULT_LIMIT_BYTES",
    "MAX_SHARE",
    "KeptPrograms",
    "PackedPrograms",
    "has_programs",
    "insert_programs",
    "pack_programs",
    "read_programs",
    "remove_programs",
    "share_bytes",
]

DEFAULT_LIMIT_BYTES = 64 * 2**20
"""The default limit for the programs of all jobs in a journal."""

MAX_SHARE = 8
"""One job may need at most one part in so many of the limit."""

_MAX_NAMES_LENGTH = 1000
_MAX_SIZE = 2**30  # a damaged row must not exhaust the memory
_LEAST_COMPRESSED = 16 * 2**10  # below this size, compression takes longer than writing the file

_CREATE = """
CREATE TABLE IF NOT EXISTS programs (
    number INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    total INTEGER NOT NULL,
    names TEXT NOT NULL,
    bodies BLOB
)
"""
_TOTALS = """
SELECT (SELECT total FROM programs ORDER BY number DESC LIMIT 1),
       (SELECT total FROM programs ORDER BY number LIMIT 1)
"""
_INSERT = """
INSERT OR REPLACE INTO programs (number, size, total, names, bodies)
SELECT ?, ?, ? + ifnull((SELECT total FROM programs ORDER BY number DESC LIMIT 1), 0), ?, ?
"""
# Between two checks, jobs of less than one such part of the limit need less than one share together.
_CHECK_INTERVAL, _FEW_PARTS = 8, 64
_PLAIN, _COMPRESSED = b"0", b"1"  # the first byte of `bodies`
_SEPARATOR = b"\n"  # a rendered body contains none


@dataclass(frozen=True)
class PackedPrograms:
    """The programs of a submission, as a row of the table keeps them.

    Attributes:
        size: The size of the request bodies, in bytes.
        names: The names of the circuits, one in each line, as far as they fit.
        bodies: The encoded bodies, or ``None`` if they are too large to be kept.
    """

    size: int
    names: str
    bodies: bytes | None


@dataclass(frozen=True)
class KeptPrograms:
    """What the table has of a job.

    Attributes:
        bodies: The request bodies, or ``None`` if they are not kept.
        size: Their size in bytes, or ``None`` if there is no row.
        was_removed: Whether there is no row because later jobs needed the space.
        names: The names of the circuits, as far as they are known.
    """

    bodies: tuple[bytes, ...] | None
    size: int | None
    was_removed: bool = False
    names: tuple[str, ...] = ()


def share_bytes(limit_bytes: int) -> int:
    """The largest size of the bodies of one job, for a limit of all jobs."""
    return limit_bytes // MAX_SHARE


def pack_programs(facts: SubmissionFacts, limit_bytes: int) -> PackedPrograms | None:
    """Encode the programs of a submission; return ``None`` if there are none or none are kept."""
    if not facts.bodies or not limit_bytes:
        return None
    size = sum(map(len, facts.bodies))
    names = encodable_text("\n".join(facts.names)[:_MAX_NAMES_LENGTH])
    if size > share_bytes(limit_bytes):
        return PackedPrograms(size, names, None)
    joined = _SEPARATOR.join(facts.bodies)
    packed = _PLAIN + joined if size < _LEAST_COMPRESSED else _COMPRESSED + zlib.compress(joined, 1)
    return PackedPrograms(size, names, packed)


def insert_programs(
    database: sqlite3.Connection, number: int, packed: PackedPrograms, *, limit_bytes: int, max_entries: int
) -> None:
    """Insert the row of a new entry, and remove the rows that are above the limits.

    Args:
        database: A connection in a transaction that writes.
        number: The number of the entry.
        packed: Its programs.
        limit_bytes: The limit for all rows together.
        max_entries: The largest number of entries of the journal.
    """
    row = (number, packed.size, len(packed.bodies or b""), packed.names, packed.bodies)
    try:
        database.execute(_INSERT, row)
    except sqlite3.OperationalError:  # the journal is new, or of an older release
        database.execute(_CREATE)
        database.execute(_INSERT, row)
    # Each further statement takes as long as the insertion, so small jobs are checked now and then only.
    if number % _CHECK_INTERVAL == 0 or packed.size > limit_bytes // _FEW_PARTS:
        _remove_oldest(database, limit_bytes)
        # The entries of these rows have been removed.
        database.execute("DELETE FROM programs WHERE number <= ?", (number - max_entries,))


def _remove_oldest(database: sqlite3.Connection, limit_bytes: int) -> None:
    """Remove the oldest rows if all rows together have come close to the limit."""
    newest, oldest = database.execute(_TOTALS).fetchone()
    share = share_bytes(limit_bytes)
    # The difference leaves out the oldest row, which may need one share. Another share is for the jobs until
    # the next check.
    if newest is None or newest - oldest <= limit_bytes - 2 * share:
        return
    # More than necessary, so that this is not repeated at each check. The scan ends at the first row that
    # stays.
    keep_bytes = limit_bytes - 3 * share
    keep = "SELECT number FROM programs WHERE total > ? ORDER BY number LIMIT 1"
    database.execute(f"DELETE FROM programs WHERE number < ({keep})", (newest - keep_bytes,))  # noqa: S608


def remove_programs(database: sqlite3.Connection, service: str, job_id: str) -> None:
    """Remove the programs of a job. The connection is in a transaction that writes."""
    if has_programs(database):
        database.execute(
            "DELETE FROM programs WHERE number IN (SELECT number FROM jobs WHERE service = ? AND job_id = ?)",
            (service, job_id),
        )


def has_programs(database: sqlite3.Connection) -> bool:
    """Whether a journal has the table. Journals of older releases do not."""
    found = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'programs'"
    return bool(database.execute(found).fetchone()[0])


def read_programs(database: sqlite3.Connection, number: int) -> KeptPrograms:
    """Read the programs of an entry.

    Args:
        database: A connection in a transaction.
        number: The number of the entry.

    Raises:
        WireError: The row is damaged.
    """
    if not has_programs(database):
        return KeptPrograms(None, None)
    row = database.execute("SELECT size, names, bodies FROM programs WHERE number = ?", (number,)).fetchone()
    if row is None:
        # If the first row counts more bytes than its own, rows before it have been removed.
        first = "SELECT number, total - ifnull(length(bodies), 0) FROM programs ORDER BY number LIMIT 1"
        oldest, num_removed_bytes = database.execute(first).fetchone() or (0, 0)
        return KeptPrograms(None, None, was_removed=number < oldest and num_removed_bytes > 0)
    size, names, packed = row
    bodies = None if packed is None else tuple(_unpack(packed, size))
    return KeptPrograms(bodies, size, names=tuple(filter(None, str(names).split("\n"))))


def _unpack(packed: object, size: int) -> Sequence[bytes]:
    # SQLite does not enforce column types, so a damaged file can contain anything.
    if not isinstance(packed, bytes) or packed[:1] not in (_PLAIN, _COMPRESSED):
        raise WireError("the record of the programs is damaged, or of a newer release: update qiskit-qoro")
    joined = packed[1:]
    if packed[:1] == _COMPRESSED:
        # Besides the bodies there is a separator between any two of them.
        limit_bytes = min(2 * int(size), _MAX_SIZE)
        joined = inflate(joined, "the record of the programs", limit_bytes=limit_bytes)
    return joined.split(_SEPARATOR)
