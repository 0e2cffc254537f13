"""What the file of saved accounts contains, and how it is written.

The file is JSON::

    {
      "version": 1,
      "default": "work",
      "accounts": {
        "work": {"token": "...", "url": "https://...", "saved": "2026-11-29T10:00:00+00:00"}
      }
    }

Functions that have the content or a token in a variable raise nothing, because tools show the variables of a
traceback.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qiskit_qoro.display.cards import Badge, Card, Hinted
from qiskit_qoro.display.times import ago, exact_time, local_now
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.secret import Secret
from qiskit_qoro.printable import printable_line

__all__ = ["SavedAccount", "check_name", "decode_accounts", "encode_accounts"]

_VERSION = 1
_PASSWORD = re.compile(r"[^/]*//[^/]*@")
_NAME = re.compile(r"(?!-)[\w.@+-]{1,64}")


@dataclass(frozen=True)
class SavedAccount:
    """An account that is saved on this machine.

    Attributes:
        name: Its name.
        url: The address of its service. The token is sent to no other address.
        token: The token. ``reveal()`` returns it.
        saved: When it was saved.
        is_default: Whether it is used where no other token is given.
    """

    name: str
    url: str
    token: Secret
    saved: datetime
    is_default: bool = False

    def __repr__(self) -> str:
        default = ", the default" if self.is_default else ""
        return f"<SavedAccount {self.name!r}: {printable_line(self.url)}{default}>"

    def _repr_html_(self) -> str:
        now = local_now()
        return Card(
            "Account",
            self.name,
            badge=Badge("default", "good") if self.is_default else None,
            rows=[
                ("service", self.url),
                ("saved", Hinted(ago(self.saved, now=now), exact_time(self.saved, now=now))),
            ],
            code=f"QoroProvider(account={self.name!r})",
        ).to_html()


def check_name(name: object) -> str:
    """Return a valid name of an account.

    Raises:
        QoroInputError: It is something else.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise QoroInputError(
            f"the name of an account is {printable_line(repr(name))}, expected up to 64 letters, digits and "
            "characters of '.@+_-', without a '-' at the beginning"
        )
    return name


def decode_accounts(content: Secret) -> dict[str, SavedAccount] | str:
    """Return the accounts in the content of a file, sorted by name, or what is wrong with it."""
    damaged = "is damaged: {}. Repair it, or move it away and log in again"
    try:
        document = json.loads(content.reveal())
    except (ValueError, RecursionError):
        return damaged.format("it is not JSON")
    if not isinstance(document, dict) or not isinstance(document.get("version"), int):
        return damaged.format("it has no version")
    if document["version"] > _VERSION:
        return "was written by a newer version of qiskit-qoro: upgrade this one"
    entries, default = document.get("accounts"), document.get("default")
    if document["version"] < 1 or not isinstance(entries, dict):
        return damaged.format("it has no accounts")
    accounts = {}
    for name in sorted(entries):
        account = _decode_account(name, entries[name], is_default=name == default)
        if account is None:
            return damaged.format(f"account {printable_line(repr(name[:64]))} is invalid")
        accounts[name] = account
    if default is not None and default not in list(accounts):  # it may be anything
        return damaged.format("its default is none of its accounts")
    return accounts


def _decode_account(name: str, entry: Any, *, is_default: bool) -> SavedAccount | None:
    """Return an account in the file, or ``None`` if it is invalid."""
    if not _NAME.fullmatch(name) or not isinstance(entry, dict):
        return None
    try:
        saved = datetime.fromisoformat(entry["saved"])
    except (KeyError, TypeError, ValueError):
        return None
    if not all(isinstance(entry.get(key), str) for key in ("token", "url")):
        return None
    if _PASSWORD.match(entry["url"]):  # which would be shown with the address
        return None
    return SavedAccount(name, entry["url"], Secret(entry["token"]), saved, is_default)


def encode_accounts(accounts: Mapping[str, SavedAccount]) -> bytes:
    """Write the content of the file."""
    entries = {
        name: {
            "token": account.token.reveal(),
            "url": account.url,
            "saved": account.saved.isoformat(timespec="seconds"),
        }
        for name, account in sorted(accounts.items())
    }
    default = next((name for name, account in accounts.items() if account.is_default), None)
    document = {"version": _VERSION, "default": default, "accounts": entries}
    return (json.dumps(document, indent=2) + "\n").encode()
