"""``qiskit-qoro login`` and ``qiskit-qoro logout``: save and delete accounts of this machine."""

from __future__ import annotations

import argparse
import os

from qiskit_qoro.accounts import DEFAULT_NAME, AccountFile, SavedAccount, check_name
from qiskit_qoro.cli.account_check import fetch_balance
from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.completers import offer_accounts
from qiskit_qoro.cli.output import print_fields, print_json, say
from qiskit_qoro.cli.token_input import is_interactive, read_token
from qiskit_qoro.display.times import ago
from qiskit_qoro.errors import AuthenticationError, QoroError, QoroInputError
from qiskit_qoro.models.secret import Secret
from qiskit_qoro.service.credentials import (
    CLOUD_URL,
    TOKEN_VARIABLE,
    URL_VARIABLE,
    account_file,
    check_base_url,
    check_token,
    describe_token_setting,
    is_encrypted,
    is_filled_text,
)
from qiskit_qoro.user_files import shown_path

__all__ = ["LOGIN", "LOGOUT"]


def _add_login_arguments(parser: argparse.ArgumentParser) -> None:
    offer_accounts(
        parser.add_argument(
            "name",
            nargs="?",
            default=DEFAULT_NAME,
            metavar="NAME",
            help="a name for the account (default %(default)s)",
        )
    )
    parser.add_argument(
        "--url",
        metavar="URL",
        help=f"the address of its service (default: its saved address, else {URL_VARIABLE}, else the cloud)",
    )
    parser.add_argument("--default", action="store_true", help="make it the default account")
    parser.add_argument(
        "--no-check",
        dest="check",
        action="store_false",
        help="save the token without asking the service whether it is valid",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def _login(options: argparse.Namespace) -> None:
    name, file = check_name(options.name), account_file()
    before = file.read().get(name)
    url = _address(options, before)
    token = _read(url, before)
    balance = _check(options, token, url) if options.check else None
    saved = file.save(name, token, url, make_default=options.default)
    if options.json:
        print_json(
            {
                "account": name,
                "base_url": url,
                "default": saved.is_default,
                "replaced": before is not None,
                "checked": options.check,
                "balance": balance,
                "path": str(file.path),
            }
        )
    else:
        shown_name = f"{name} (the default)" if saved.is_default else name
        print_fields({"account": shown_name, "service": url, "credits": balance})
    if before is not None:
        say(f"replaced the account {name!r} that was saved {ago(before.saved, now=options.now())}")
    say(f"saved in {shown_path(file.path)}, which only you can read")
    if not is_encrypted(url):
        say(f"the connection to {url} is not encrypted: others in the network can read the token")
    other = describe_token_setting()
    if other is not None:
        say(f"commands use {other} instead, unless you choose the account with --account {name}")


def _address(options: argparse.Namespace, before: SavedAccount | None) -> str:
    if options.url:
        return check_base_url(options.url, "--url")
    if before is not None:
        return check_base_url(before.url, f"the address of the saved account {before.name!r}")
    setting = os.environ.get(URL_VARIABLE) or CLOUD_URL
    return check_base_url(setting, f"the environment variable {URL_VARIABLE}")


def _read(url: str, before: SavedAccount | None) -> Secret:
    """Read the token. A person may keep the saved one, to change something else."""
    can_keep = before is not None and before.url == url and is_interactive()
    hint = "; Enter keeps the saved one" if can_keep else ""
    token = read_token(f"Token for {url} (not shown{hint}): ")
    if not is_filled_text(token):
        if before is not None and can_keep:
            return before.token
        raise QoroInputError("the token is empty, nothing is saved: copy it again")
    if token.reveal().startswith(f"{TOKEN_VARIABLE}="):
        raise QoroInputError(f"expected the token only, without {TOKEN_VARIABLE}=; nothing is saved")
    return check_token(token)


def _check(options: argparse.Namespace, token: Secret, url: str) -> str | None:
    """Ask the service whether it accepts a token, and return the credits if it tells them."""
    try:
        with options.provider_class(token, base_url=url) as provider:
            return fetch_balance(provider.service)
    except AuthenticationError as error:
        raise QoroError(
            f"nothing is saved, because {url} does not accept the token: copy it again"
        ) from error
    except QoroError as error:
        raise QoroError(
            f"nothing is saved, because the token could not be checked: {error.message}. To save it without "
            "asking the service, use --no-check"
        ) from error


def _add_logout_arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    offer_accounts(
        which.add_argument("name", nargs="?", metavar="NAME", help="the account (by default the default one)")
    )
    which.add_argument("--all", action="store_true", help="delete all saved accounts")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def _logout(options: argparse.Namespace) -> None:
    file = account_file()
    deleted = file.delete(_chosen(options, file))
    left = file.read()
    default = next((account.name for account in left.values() if account.is_default), None)
    if options.json:
        print_json({"deleted": [account.name for account in deleted], "default": default})
    else:
        names = ", ".join(account.name for account in deleted)
        print_fields({"deleted": names, "still saved": ", ".join(left) or None})
    if left and default is None:
        say("no account is the default now: 'qiskit-qoro login NAME --default' makes one the default")
    other = describe_token_setting()
    if other is not None:
        say(f"commands still use {other}")


def _chosen(options: argparse.Namespace, file: AccountFile) -> list[str]:
    accounts = file.read()
    if not accounts:
        raise QoroInputError(f"no account is saved in {shown_path(file.path)}")
    if options.all:
        return list(accounts)
    if options.name is not None:
        return [options.name]
    default = file.default()
    if default is None and len(accounts) > 1:
        raise QoroInputError(f"expected the name of an account: {', '.join(accounts)}")
    return [default.name] if default is not None else list(accounts)


LOGIN = Command(
    "login",
    "save a token as an account",
    "Save a token as an account of this machine, which the commands and QoroProvider(account=NAME) use. The "
    "token is read from a prompt that does not show it, or from standard input if that is no terminal. The "
    "service is asked whether it accepts the token.",
    _add_login_arguments,
    _login,
)
"""The command ``login``."""

LOGOUT = Command(
    "logout",
    "delete a saved account",
    "Delete a saved account from this machine. The token itself stays valid.",
    _add_logout_arguments,
    _logout,
)
"""The command ``logout``."""
