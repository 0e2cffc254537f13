"""``qiskit-qoro credits``: the account's credits and what became of them."""

from __future__ import annotations

import argparse

from rich.table import Table
from rich.text import Text

from qiskit_qoro.cli.output import print_fields, print_json, print_table
from qiskit_qoro.cli.service_options import add_common, choose_provider
from qiskit_qoro.service.account import MAX_TRANSACTIONS

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "execute"]

NAME = "credits"
HELP = "show the credits of the account"
DESCRIPTION = "Show the credits of the account that the token stands for."

_HEADINGS = ("created_at", "transaction_type", "amount", "balance_after", "job_id", "description")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "--transactions",
        type=int,
        default=0,
        metavar="N",
        help=f"show the last N transactions too, {MAX_TRANSACTIONS} at most",
    )
    add_common(parser)


def execute(options: argparse.Namespace) -> None:
    """Run the command."""
    with choose_provider(options) as provider:
        balance = provider.service.get_credit_balance()
        latest = (
            provider.service.get_credit_transactions(page_size=options.transactions)["results"]
            if options.transactions
            else None
        )
    if options.json:
        print_json(balance if latest is None else {**balance, "transactions": latest})
        return
    print_fields({"balance": balance["balance"], "used so far": balance["total_used"]})
    if latest is not None:
        table = Table(box=None)
        for heading in _HEADINGS:
            is_amount = heading in {"amount", "balance_after"}
            table.add_column(heading.replace("_", " "), justify="right" if is_amount else "left")
        for transaction in latest:
            table.add_row(*(Text(str(transaction.get(heading) or "-")) for heading in _HEADINGS))
        print_table(table)
