"""Who may call: tokens and the accounts they stand for."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Account", "Accounts"]


@dataclass(frozen=True)
class Account:
    """An owner of jobs.

    Attributes:
        name: What its jobs are stored under; it outlives the token.
    """

    name: str


@dataclass(frozen=True)
class Accounts:
    """The accounts by token.

    Attributes:
        tokens: Token to account. It is kept out of the repr.
    """

    tokens: Mapping[str, Account] = field(repr=False)

    def authenticate(self, authorization: str | None) -> Account | None:
        """The account that a header ``Authorization: Bearer <token>`` stands for.

        Args:
            authorization: The header's value, ``None`` where it is missing.

        Returns:
            The account, ``None`` where there is none. Every token is compared in full, so that the time
            taken tells nothing about them.
        """
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = None
        for token, account in self.tokens.items():
            if hmac.compare_digest(token.encode(), given.strip().encode(errors="surrogateescape")):
                found = account
        return found
