"""Accounts and tokens from files, so that no token is on a command line, which other users can read.

The file of accounts is in TOML. It has a table for each account, with its tokens and the fields of
:class:`~qiskit_qoro.local.web.accounts.Account`::

    [accounts.ann]
    tokens = ["a token of ann", "another one"]
    tier = "PAID"
    credits = 2500.00
    quota = { unfinished_jobs = 100, running_jobs = 4, circuits_per_day = 100000 }

A file that other users can read, or that its group can change, is refused. The group may read it: a service
manager gives secrets to a service in files of root that one group can read.
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.store.quotas import Quota
from qiskit_qoro.local.web.accounts import Account, Tier
from qiskit_qoro.models.secret import Secret
from qiskit_qoro.storage import is_private_to_group

__all__ = [
    "account_of_text",
    "by_token",
    "quota_of_text",
    "read_account_file",
    "read_token_file",
    "with_quotas",
]

_LIMIT_BYTES = 1_000_000
_QUOTA_KEYS = {"jobs": "unfinished_jobs", "running": "running_jobs", "circuits": "circuits_per_day"}
_OPTIONS = tuple(field.name for field in fields(Account) if field.name != "name")


def read_token_file(path: Path) -> Secret:
    """Read a token from a file. White space around it does not count.

    Raises:
        QoroInputError: The file cannot be read, others may use it, or it is empty.
    """
    token = Secret(_read(path, "token").reveal().strip())
    if not token.reveal():
        raise QoroInputError(f"the file {path} is empty, expected a token")
    return token


def read_account_file(path: Path) -> list[tuple[str, Account]]:
    """Read the tokens and accounts of a file, in its order.

    Raises:
        QoroInputError: The file cannot be read, others may use it, or it is no valid file of accounts. The
            message contains no token.
    """
    tables = _parse(path)
    found: list[tuple[str, Account]] = []
    for name, table in tables.items():
        try:
            found += _tokens_of(name, table)
        except QoroInputError as error:
            raise QoroInputError(f"the file of accounts {path}: account {name!r}: {error.message}") from error
    return found


def account_of_text(text: str) -> tuple[str, Account]:
    """Return the token and the account of ``NAME:TOKEN[:TIER[:CREDITS]]``.

    Raises:
        QoroInputError: The text has another form, or a value is invalid. The message contains no token.
    """
    name, *rest = text.split(":")
    if not 1 <= len(rest) <= 3 or not rest[0]:
        raise QoroInputError(f"expected NAME:TOKEN[:TIER[:CREDITS]] for account {name!r}")
    token, *terms = rest
    values: dict[str, Any] = dict(zip(("tier", "credits"), terms, strict=False))
    try:
        return token, _account(name, values)
    except QoroInputError as error:
        raise QoroInputError(f"account {name!r}: {error.message}") from error


def quota_of_text(text: str) -> tuple[str, Quota]:
    """Return the name of an account and the quota of ``NAME:jobs=N,running=N,circuits=N``.

    Raises:
        QoroInputError: The text has another form, or a value is invalid.
    """
    name, colon, limits = text.rpartition(":")
    values: dict[str, int] = {}
    for limit in limits.split(","):
        key, _, number = limit.partition("=")
        # `int` would accept signs, spaces and underscores.
        if not colon or key not in _QUOTA_KEYS or _QUOTA_KEYS[key] in values or not number.isdecimal():
            raise QoroInputError(
                f"got {text!r}, expected NAME:jobs=N,running=N,circuits=N, with one or more of these limits"
            )
        values[_QUOTA_KEYS[key]] = int(number)
    return name, Quota(**values)


def with_quotas(
    accounts: list[tuple[str, Account]], quotas: list[tuple[str, Quota]]
) -> list[tuple[str, Account]]:
    """Return accounts with other quotas.

    Args:
        accounts: Tokens and their accounts.
        quotas: Names of accounts and their quotas.

    Raises:
        QoroInputError: There is no account with a name, or it has two quotas.
    """
    names = {account.name for _, account in accounts}
    by_name: dict[str, Quota] = {}
    for name, quota in quotas:
        if name not in names:
            raise QoroInputError(
                f"there is a quota for account {name!r}, expected one of {', '.join(sorted(names)) or 'none'}"
            )
        if by_name.setdefault(name, quota) is not quota:
            raise QoroInputError(f"there are two quotas for account {name!r}, expected one")
    return [
        (token, replace(account, quota=by_name.get(account.name, account.quota)))
        for token, account in accounts
    ]


def by_token(accounts: list[tuple[str, Account]]) -> dict[str, Account]:
    """Return a mapping from token to account.

    Raises:
        QoroInputError: Two accounts have the same token.
    """
    mapping = dict(accounts)
    if len(mapping) != len(accounts):
        raise QoroInputError("two accounts have the same token, expected a different token for each account")
    return mapping


def _parse(path: Path) -> Mapping[str, Any]:
    """Return the table of each account."""
    content = _read(path, "accounts")
    try:
        document = tomllib.loads(content.reveal(), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        # The message names the place, and no text of the file. The cause has the whole document.
        reason = str(error)
    else:
        tables = document.get("accounts")
        if document.keys() == {"accounts"} and isinstance(tables, dict) and tables:
            return tables
        reason = "it has other tables, or none"
    raise QoroInputError(
        f"the file of accounts {path} expects a table [accounts.NAME] for each account: {reason}"
    )


def _tokens_of(name: str, table: object) -> list[tuple[str, Account]]:
    """Return each token of an account with the account."""
    values = dict(table) if isinstance(table, dict) else {}
    tokens = values.pop("tokens", None)
    if not isinstance(tokens, list) or not tokens or not all(isinstance(token, str) for token in tokens):
        raise QoroInputError('expected tokens = ["…"], a list of one or more texts')
    account = _account(name, values)
    return [(token, account) for token in tokens]


def _account(name: str, values: Mapping[str, Any]) -> Account:
    unknown = [key for key in values if key not in _OPTIONS]
    if unknown:
        raise QoroInputError(f"unknown key {unknown[0]!r}, expected {', '.join(('tokens', *_OPTIONS))}")
    if isinstance(values.get("tier"), str):
        tier = values["tier"].upper()
        if tier not in set(Tier):
            raise QoroInputError(f"tier is {values['tier']!r}, expected {' or '.join(Tier)}")
        values = {**values, "tier": tier}
    return Account(name, **values)


def _read(path: Path, content: str) -> Secret:
    """Read a text file whose content others may not see.

    Args:
        path: The file.
        content: What the file contains, in the messages.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LIMIT_BYTES:
            raise QoroInputError(f"the file {path} is not a regular file of up to 1 MB, expected {content}")
        if not is_private_to_group(found):
            raise QoroInputError(
                f"other users of this machine may use the tokens in {path} (its mode is "
                f"{stat.S_IMODE(found.st_mode):04o}): correct this with 'chmod 600 {path}', and replace the "
                "tokens if somebody may have read them"
            )
        return Secret(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise QoroInputError(f"the file {path} is not text in UTF-8, expected {content}") from None
    except OSError as error:
        raise QoroInputError(f"the file {path} cannot be read: {error.strerror or error}") from error
