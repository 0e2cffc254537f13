"""``qiskit-qoro whoami``: show which account the commands use."""

from __future__ import annotations

import argparse
from typing import Any

from qiskit_qoro.accounts import SavedAccount
from qiskit_qoro.cli.account_check import fetch_balance
from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import print_fields, print_json
from qiskit_qoro.cli.providers import missing_token
from qiskit_qoro.cli.service_options import add_account_option
from qiskit_qoro.errors import QoroError
from qiskit_qoro.service.credentials import Credentials, find_credentials, is_token_set, list_accounts

__all__ = ["COMMAND"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_account_option(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def _execute(options: argparse.Namespace) -> None:
    if options.account is None and not is_token_set():
        raise missing_token("", "use the local service with --local")
    credentials = find_credentials(account=options.account)
    try:
        with options.provider_class(credentials.token, base_url=credentials.url) as provider:
            balance = fetch_balance(provider.service)
    except QoroError:
        # What is known without the service is useful even then.
        _show(options, credentials, None, is_accepted=False)
        raise
    _show(options, credentials, balance, is_accepted=True)


def _show(
    options: argparse.Namespace, credentials: Credentials, balance: str | None, *, is_accepted: bool
) -> None:
    # A damaged file of accounts does not matter if the token comes from elsewhere.
    saved = _saved_accounts()
    if options.json:
        print_json(
            {
                "account": credentials.account,
                "token_from": credentials.source,
                "base_url": credentials.url,
                "accepted": is_accepted,
                "balance": balance,
                "saved_accounts": [_to_json(account) for account in saved],
            }
        )
        return
    names = (f"{account.name} (the default)" if account.is_default else account.name for account in saved)
    print_fields(
        {
            "account": credentials.account,
            "token from": credentials.source,
            "service": credentials.url,
            "credits": balance,
            "saved accounts": ", ".join(names) or None,
        }
    )


def _saved_accounts() -> list[SavedAccount]:
    try:
        return list_accounts()
    except QoroError:
        return []


def _to_json(account: SavedAccount) -> dict[str, Any]:
    return {
        "account": account.name,
        "base_url": account.url,
        "default": account.is_default,
        "time": account.saved.isoformat(timespec="seconds"),
    }


COMMAND = Command(
    "whoami",
    "show the account in use",
    "Show which account the commands use: where its token comes from, the address of its service, and its "
    "credits if the service tells them. The token is not shown.",
    _add_arguments,
    _execute,
)
"""The command ``whoami``."""
