"""``qiskit-qoro credits``: show the credits of the account and its latest transactions."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import cell, new_table, print_fields, print_json, print_table
from qiskit_qoro.cli.service_options import add_service_options, open_provider
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.account import MAX_TRANSACTIONS

__all__ = ["COMMAND"]

_FIELDS = ("created_at", "transaction_type", "amount", "balance_after", "job_id", "description")
_AMOUNTS = ("amount", "balance_after")


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
    print_fields({"balance": balance.get("balance"), "used so far": balance.get("total_used")})
    if latest is not None:
        table = new_table(
            [field.replace("_", " ") for field in _FIELDS],
            right=[field.replace("_", " ") for field in _AMOUNTS],
        )
        for transaction in latest:
            fields = transaction if isinstance(transaction, Mapping) else {"description": transaction}
            values = (fields.get(field) for field in _FIELDS)
            table.add_row(*(cell("-" if value in (None, "") else str(value)) for value in values))
        print_table(table)


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
