"""``qiskit-qoro credits``: show the credits of the account and its latest transactions."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import print_fields, print_json, print_table, say
from qiskit_qoro.cli.providers import open_provider, service_name
from qiskit_qoro.cli.service_options import add_service_options
from qiskit_qoro.display.identifiers import short_identifiers
from qiskit_qoro.display.tables import Cell, Column, Table
from qiskit_qoro.display.times import ago, exact_time
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.account import MAX_TRANSACTIONS
from qiskit_qoro.wire.credits import announced_prices, announced_quota

__all__ = ["COMMAND"]

# Field of a transaction to its column.
_COLUMNS = {
    "created_at": Column("time"),
    "transaction_type": Column("type", 1),
    "amount": Column("amount", is_right=True),
    "balance_after": Column("balance", 3, is_right=True),
    "job_id": Column("job", 2),
    "description": Column("description", 4, least=12),
}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--transactions",
        type=int,
        default=0,
        metavar="N",
        help=f"show the last N transactions too, at most {MAX_TRANSACTIONS}",
    )
    add_service_options(parser)


def _execute(options: argparse.Namespace) -> None:
    with open_provider(options) as provider:
        balance = provider.service.get_credit_balance()
        latest = (
            _latest_transactions(provider.service, options.transactions) if options.transactions else None
        )
    if options.json:
        print_json(balance if latest is None else {**balance, "transactions": latest})
        return
    about = {
        "service": service_name(options, provider),
        "balance": balance.get("balance"),
        "used so far": balance.get("total_used"),
    }
    prices = provider.service.spending.prices(lambda: announced_prices(balance))
    if prices is not None:
        about["prices"] = str(prices)
    quota = announced_quota(balance)
    if quota:
        about["quota"] = ", ".join(f"{each.used:,} of {each.limit:,} {each.what}" for each in quota)
    print_fields(about)
    if latest == []:
        say("no transactions")
    elif latest:
        print_table("")
        print_table(_table(latest, options.now()))


def _table(transactions: Sequence[Any], now: datetime) -> Table:
    # A transaction of an unknown form is shown as its description.
    known = [item if isinstance(item, Mapping) else {"description": item} for item in transactions]
    short_ids = short_identifiers(item["job_id"] for item in known if isinstance(item.get("job_id"), str))
    return Table(
        list(_COLUMNS.values()),
        [[_cell(item, field, short_ids, now) for field in _COLUMNS] for item in known],
    )


def _cell(
    transaction: Mapping[str, Any], field: str, short_ids: Mapping[str, str], now: datetime
) -> Cell | str:
    value = transaction.get(field)
    if value in (None, ""):
        return "-"
    text = str(value)
    if field == "created_at":
        time = _time(text)
        return text if time is None else Cell(ago(time, now=now), exact_time(time, now=now))
    return Cell(short_ids[text], text, widens=True) if field == "job_id" and text in short_ids else text


def _time(text: str) -> datetime | None:
    """Read the time of a transaction. It is ``None`` if the service writes it in another way."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _latest_transactions(service: QoroService, number: int) -> list[Any]:
    """Fetch the latest transactions. The client does not check the fields of the service's answer."""
    results = service.get_credit_transactions(page_size=number).get("results")
    return results if isinstance(results, list) else []


COMMAND = Command(
    "credits",
    "show the credits of the account",
    "Show the credits of the account that the token belongs to.",
    _add_arguments,
    _execute,
)
"""The command ``credits``."""
