"""The credits of the accounts: balances, prices, and every transaction, in the service's database.

An account is opened with a grant. A job is charged when it completes, in the database transaction that
completes it. A job that fails or is cancelled costs nothing. A job starts only if its account can pay for it
in addition to the account's running jobs, so no balance falls below zero.

Amounts are whole hundredths in the database and :class:`~decimal.Decimal` outside it, never floats. Every
function works within the caller's transaction. An owner without an account is not billed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.store.store_errors import BalanceTooLowError
from qiskit_qoro.models.arguments import integer_of
from qiskit_qoro.models.costs import Prices
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction
from qiskit_qoro.models.jobs import JobStatus, JobType

__all__ = [
    "PRICES",
    "STARTING_GRANT",
    "charge_job",
    "check_balance",
    "check_grant",
    "cost_of_job",
    "open_account",
    "read_balance",
    "read_costs",
    "read_transactions",
    "unaffordable_reason",
]

PRICES = Prices(per_circuit=Decimal("0.01"), per_variable=Decimal("0.01"))
"""The prices of the service. It announces them with the balance."""

STARTING_GRANT = Decimal("500.00")
"""The default number of credits that an account starts with."""

_MAX_GRANT = Decimal(10) ** 15


def check_grant(amount: Decimal | int | str) -> Decimal:
    """Check the number of credits that an account starts with.

    Returns:
        The amount, with two decimals.

    Raises:
        QoroInputError: The amount is not a decimal number, is negative, too large, or finer than hundredths.
    """
    number = integer_of(amount)
    amount = amount if number is None else number
    try:
        value = Decimal(amount)
        exact = value.quantize(Decimal("0.01"))
    except (InvalidOperation, TypeError, ValueError):
        value, exact = Decimal(-1), Decimal(0)  # two values that the check below rejects
    # A float usually differs from the decimal number in the source, and a bool is an int for Python.
    if isinstance(amount, float | bool) or value != exact or not 0 <= value <= _MAX_GRANT:
        raise QoroInputError(
            f"credits is {amount!r}, expected a Decimal from 0 to {_MAX_GRANT:f} in hundredths"
        )
    return exact


def open_account(connection: sqlite3.Connection, name: str, grant: Decimal, now: datetime) -> None:
    """Open an account with a grant. An account that exists already keeps its balance."""
    time = _text(now)
    row = connection.execute("SELECT 1 FROM accounts WHERE name = ?", (name,)).fetchone()
    if row is None:
        connection.execute("INSERT INTO accounts VALUES (?, 0, 0, ?, ?)", (name, time, time))
        _add_transaction(connection, name, _to_hundredths(grant), "PURCHASE", "Starting grant", None, now)


def read_balance(connection: sqlite3.Connection, name: str) -> CreditBalance | None:
    """Read the balance of an account; return ``None`` if there is no such account."""
    row = connection.execute(
        "SELECT balance, total_used, created_at, updated_at FROM accounts WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return None
    balance, used, created_at, updated_at = row
    return CreditBalance(
        _from_hundredths(balance),
        _from_hundredths(used) if used else Decimal(0),
        datetime.fromisoformat(created_at),
        datetime.fromisoformat(updated_at),
    )


def read_transactions(
    connection: sqlite3.Connection, name: str, *, limit: int, offset: int
) -> tuple[int, list[CreditTransaction]]:
    """Read some transactions of an account, newest first.

    Returns:
        The number of all transactions of the account, and ``limit`` of them from ``offset`` on.
    """
    count = connection.execute("SELECT count(*) FROM transactions WHERE account = ?", (name,)).fetchone()[0]
    rows = connection.execute(
        "SELECT number, amount, balance_after, transaction_type, description, job_id, created_at"
        " FROM transactions WHERE account = ? ORDER BY number DESC LIMIT ? OFFSET ?",
        (name, limit, offset),
    ).fetchall()
    return int(count), [_transaction_from_row(row) for row in rows]


def read_costs(
    connection: sqlite3.Connection, name: str, *, since: datetime
) -> list[tuple[datetime, Decimal]]:
    """Read what an account has paid from a time on.

    Returns:
        The beginning and the cost of each quarter of an hour with a charge, oldest first. Days begin at a
        quarter of an hour in every time zone, so the caller can add them up to days of any time zone.
    """
    # All times are in UTC and have the same form, so their texts are in their order.
    rows = connection.execute(
        "SELECT substr(created_at, 1, 14) AS hour, substr(created_at, 15, 2) / 15 AS quarter, -sum(amount)"
        " FROM transactions WHERE account = ? AND amount < 0 AND created_at >= ?"
        " GROUP BY hour, quarter ORDER BY hour, quarter",
        (name, since.astimezone(UTC).isoformat()),
    ).fetchall()
    return [
        (datetime.fromisoformat(f"{hour}{15 * quarter:02}:00+00:00"), _from_hundredths(cost))
        for hour, quarter, cost in rows
    ]


def check_balance(connection: sqlite3.Connection, name: str) -> None:
    """Check that an account can pay for at least one circuit.

    Raises:
        BalanceTooLowError: It cannot.
    """
    balance = read_balance(connection, name)
    if balance is not None and balance.balance < PRICES.per_circuit:
        raise BalanceTooLowError(
            f"the balance is {balance.balance}, a circuit costs {PRICES.per_circuit}: buy credits first"
        )


def unaffordable_reason(connection: sqlite3.Connection, number: int) -> str | None:
    """Return why the account of a job cannot pay for it, or ``None`` if it can.

    Running jobs are charged only when they complete, so their prices are subtracted from the balance first.
    """
    (owner,) = connection.execute("SELECT owner FROM jobs WHERE number = ?", (number,)).fetchone()
    balance = read_balance(connection, owner)
    if balance is None:  # the owner is not billed
        return None
    running = connection.execute(
        "SELECT number FROM jobs WHERE owner = ? AND status = ? AND number != ?",
        (owner, JobStatus.RUNNING.value, number),
    ).fetchall()
    reserved = sum((_price(connection, other)[0] for (other,) in running), start=Decimal(0))
    price, _ = _price(connection, number)
    if price <= balance.balance - reserved:
        return None
    reservation = f", of which {reserved} is reserved for running jobs" if reserved else ""
    return f"the account cannot pay for it: it costs {price}, the balance is {balance.balance}{reservation}"


def charge_job(connection: sqlite3.Connection, number: int, now: datetime) -> None:
    """Charge a job that has just completed to the account of its owner."""
    query = "SELECT owner, job_id FROM jobs WHERE number = ?"
    owner, job_id = connection.execute(query, (number,)).fetchone()
    if read_balance(connection, owner) is not None:
        price, description = _price(connection, number)
        _add_transaction(connection, owner, -_to_hundredths(price), "CHARGE", description, job_id, now)


def cost_of_job(connection: sqlite3.Connection, number: int, status: JobStatus) -> tuple[Decimal, bool]:
    """Return what a job costs, and whether that is an estimate because the job has not ended.

    Args:
        connection: The database.
        number: The job.
        status: Its status.
    """
    if not status.is_final:
        return _price(connection, number)[0], True
    query = "SELECT owner, job_id FROM jobs WHERE number = ?"
    owner, job_id = connection.execute(query, (number,)).fetchone()
    query = "SELECT sum(amount) FROM transactions WHERE account = ? AND job_id = ?"
    (amount,) = connection.execute(query, (owner, job_id)).fetchone()
    return _from_hundredths(-(amount or 0)), False


def _price(connection: sqlite3.Connection, number: int) -> tuple[Decimal, str]:
    """The price of a job, and the description for its transaction."""
    query = "SELECT job_type FROM jobs WHERE number = ?"
    job_type = JobType(connection.execute(query, (number,)).fetchone()[0])
    if job_type is JobType.VALIDATE:
        query = "SELECT problem FROM analyses WHERE job = ?"
        row = connection.execute(query, (number,)).fetchone()  # None: the problem has not been submitted
        units = 0 if row is None else _num_variables(json.loads(row[0]))
        price = PRICES.per_variable * units
        description = f"Characterization of {units} variable{'' if units == 1 else 's'}"
    else:
        query = "SELECT count(*) FROM circuits WHERE job = ?"
        units = int(connection.execute(query, (number,)).fetchone()[0])
        price = PRICES.per_circuit * units
        description = f"{job_type} of {units} circuit{'' if units == 1 else 's'}"
    return price, description


def _num_variables(problem: Mapping[str, Any]) -> int:
    """The number of variables of a validated problem.

    A problem with comma keys may have variables without coefficients. Then the option ``n_qubits`` or the
    length of the states shows how many there are.
    """
    qubo = problem["qubo"]
    if "_format" in qubo:
        return int(qubo["n"])
    declared = (problem.get("options") or {}).get("n_qubits")
    if declared is not None:
        return int(declared)
    states = problem.get("reference_states") or problem.get("target_states") or ()
    in_keys = 1 + max((int(index) for key in qubo for index in key.split(",")), default=-1)
    return max(in_keys, *map(len, states), 0)


def _add_transaction(
    connection: sqlite3.Connection,
    name: str,
    amount: int,
    kind: str,
    description: str,
    job_id: str | None,
    now: datetime,
) -> None:
    """Change a balance and record the change, so that the transactions always add up to the balance."""
    connection.execute(
        "UPDATE accounts SET balance = balance + ?, total_used = total_used + ?, updated_at = ?"
        " WHERE name = ?",
        (amount, max(0, -amount), _text(now), name),
    )
    (balance,) = connection.execute("SELECT balance FROM accounts WHERE name = ?", (name,)).fetchone()
    connection.execute(
        "INSERT INTO transactions"
        " (account, amount, balance_after, transaction_type, description, job_id, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (name, amount, balance, kind, description, job_id, _text(now)),
    )


def _transaction_from_row(row: tuple[Any, ...]) -> CreditTransaction:
    number, amount, balance_after, kind, description, job_id, created_at = row
    return CreditTransaction(
        number,
        _from_hundredths(amount),
        _from_hundredths(balance_after),
        kind,
        description,
        job_id,
        datetime.fromisoformat(created_at),
    )


def _text(time: datetime) -> str:
    return time.isoformat(timespec="seconds")


def _to_hundredths(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def _from_hundredths(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)
