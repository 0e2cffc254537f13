"""The credits of the accounts: what each holds, and every change of it, in the service's database.

An account is opened with a grant. A job that completes is charged, in the transaction that completes it; one
that fails or is cancelled costs nothing. A job starts only if its account can pay for it besides those that
are running, so that no balance falls below zero.

Amounts are whole hundredths in the database and :class:`~decimal.Decimal` outside it, never floats. Every
function works within a transaction of the caller. An owner without an account is not billed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.store.records import CreditsShort
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction
from qiskit_qoro.models.jobs import JobStatus, JobType

__all__ = [
    "PRICES",
    "STARTING_GRANT",
    "charge_job",
    "check_credit",
    "check_grant",
    "open_account",
    "read_balance",
    "read_transactions",
    "why_unpaid",
]

PRICES: Mapping[JobType, Decimal] = {
    JobType.EXECUTE: Decimal("0.01"),
    JobType.EXPECTATION: Decimal("0.01"),
    JobType.VALIDATE: Decimal("0.01"),
}
"""Credits for each circuit, or, for a characterization, for each variable."""

STARTING_GRANT = Decimal("500.00")
"""What an account starts with, unless it is said otherwise."""

_LARGEST_GRANT = Decimal(10) ** 15


def check_grant(amount: Decimal | int | str) -> Decimal:
    """An amount that an account can start with, with two decimals.

    Raises:
        QoroInputError: It is no decimal number, below 0, too large, or finer than hundredths.
    """
    try:
        value = Decimal(amount)
        exact = value.quantize(Decimal("0.01"))
    except (InvalidOperation, TypeError, ValueError):
        value, exact = Decimal(-1), Decimal(0)
    if isinstance(amount, float | bool) or value != exact or not 0 <= value <= _LARGEST_GRANT:
        raise QoroInputError(
            f"credits is {amount!r}, expected a Decimal from 0 to {_LARGEST_GRANT:f} in hundredths"
        )
    return exact


def open_account(database: sqlite3.Connection, name: str, grant: Decimal, now: datetime) -> None:
    """Open an account with a grant; one that is there keeps what it has."""
    time = now.isoformat()
    row = database.execute("SELECT 1 FROM accounts WHERE name = ?", (name,)).fetchone()
    if row is None:
        database.execute("INSERT INTO accounts VALUES (?, 0, 0, ?, ?)", (name, time, time))
        _book(database, name, _hundredths(grant), "PURCHASE", "Starting grant", None, now)


def read_balance(database: sqlite3.Connection, name: str) -> CreditBalance | None:
    """What an account holds, ``None`` where there is none of this name."""
    row = database.execute(
        "SELECT balance, total_used, created_at, updated_at FROM accounts WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return None
    balance, used, created_at, updated_at = row
    return CreditBalance(
        _credits(balance),
        _credits(used) if used else Decimal(0),
        datetime.fromisoformat(created_at),
        datetime.fromisoformat(updated_at),
    )


def read_transactions(
    database: sqlite3.Connection, name: str, *, limit: int, offset: int
) -> tuple[int, list[CreditTransaction]]:
    """How many transactions an account has, and some of them, the newest first."""
    count = database.execute("SELECT count(*) FROM transactions WHERE account = ?", (name,)).fetchone()[0]
    rows = database.execute(
        "SELECT number, amount, balance_after, transaction_type, description, job_id, created_at"
        " FROM transactions WHERE account = ? ORDER BY number DESC LIMIT ? OFFSET ?",
        (name, limit, offset),
    ).fetchall()
    return int(count), [_transaction(row) for row in rows]


def check_credit(database: sqlite3.Connection, name: str) -> None:
    """Refuse to open a job for an account that could not pay for a single circuit.

    Raises:
        CreditsShort: It could not.
    """
    balance = read_balance(database, name)
    if balance is not None and balance.balance < min(PRICES.values()):
        raise CreditsShort(
            f"the balance is {balance.balance}, a circuit costs {min(PRICES.values())}: buy credits first"
        )


def why_unpaid(database: sqlite3.Connection, number: int) -> str | None:
    """Why the account of a job cannot pay for it besides its jobs that are running; ``None`` if it can."""
    (owner,) = database.execute("SELECT owner FROM jobs WHERE number = ?", (number,)).fetchone()
    balance = read_balance(database, owner)
    if balance is None:
        return None
    running = database.execute(
        "SELECT number FROM jobs WHERE owner = ? AND status = ? AND number != ?",
        (owner, JobStatus.RUNNING.value, number),
    ).fetchall()
    reserved = sum((_price(database, other)[0] for (other,) in running), start=Decimal(0))
    price, _ = _price(database, number)
    if price <= balance.balance - reserved:
        return None
    spoken_for = f", of which jobs that are running take {reserved}" if reserved else ""
    return f"it costs {price}, the account cannot pay for it: the balance is {balance.balance}{spoken_for}"


def charge_job(database: sqlite3.Connection, number: int, now: datetime) -> None:
    """Charge a job that has just completed to its account."""
    owner, job_id = database.execute("SELECT owner, job_id FROM jobs WHERE number = ?", (number,)).fetchone()
    if read_balance(database, owner) is not None:
        price, description = _price(database, number)
        _book(database, owner, -_hundredths(price), "CHARGE", description, job_id, now)


def _price(database: sqlite3.Connection, number: int) -> tuple[Decimal, str]:
    """What a job costs, and what for."""
    query = "SELECT job_type FROM jobs WHERE number = ?"
    job_type = JobType(database.execute(query, (number,)).fetchone()[0])
    if job_type is JobType.VALIDATE:
        query = "SELECT problem FROM analyses WHERE job = ?"
        row = database.execute(query, (number,)).fetchone()
        units = 0 if row is None else _num_variables(json.loads(row[0]))
        description = f"Characterization of {units} variable{'' if units == 1 else 's'}"
    else:
        query = "SELECT count(*) FROM circuits WHERE job = ?"
        units = int(database.execute(query, (number,)).fetchone()[0])
        description = f"{job_type} of {units} circuit{'' if units == 1 else 's'}"
    return PRICES[job_type] * units, description


def _num_variables(problem: Mapping[str, Any]) -> int:
    """The variables of a problem that has been accepted; comma keys may have more than they name."""
    qubo = problem["qubo"]
    if "_format" in qubo:
        return int(qubo["n"])
    declared = (problem.get("options") or {}).get("n_qubits")
    if declared is not None:
        return int(declared)
    states = problem.get("reference_states") or problem.get("target_states") or ()
    named = 1 + max((int(index) for key in qubo for index in key.split(",")), default=-1)
    return max(named, *map(len, states), 0)


def _book(
    database: sqlite3.Connection,
    name: str,
    amount: int,
    kind: str,
    description: str,
    job_id: str | None,
    now: datetime,
) -> None:
    database.execute(
        "UPDATE accounts SET balance = balance + ?, total_used = total_used + ?, updated_at = ?"
        " WHERE name = ?",
        (amount, max(0, -amount), now.isoformat(), name),
    )
    (balance,) = database.execute("SELECT balance FROM accounts WHERE name = ?", (name,)).fetchone()
    database.execute(
        "INSERT INTO transactions"
        " (account, amount, balance_after, transaction_type, description, job_id, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (name, amount, balance, kind, description, job_id, now.isoformat()),
    )


def _transaction(row: tuple[Any, ...]) -> CreditTransaction:
    number, amount, balance_after, kind, description, job_id, created_at = row
    return CreditTransaction(
        number,
        _credits(amount),
        _credits(balance_after),
        kind,
        description,
        job_id,
        datetime.fromisoformat(created_at),
    )


def _hundredths(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def _credits(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)
