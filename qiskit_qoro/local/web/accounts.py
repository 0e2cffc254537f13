"""Who may call, and what: tokens, the accounts they stand for, and what each tier allows."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.store.ledger import STARTING_GRANT, check_grant
from qiskit_qoro.local.store.store_errors import AccessDeniedError
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig

__all__ = ["BOND_DIMENSION_CAPS", "LOCAL_ACCOUNT", "Account", "Accounts", "Tier", "check_tier"]


class Tier(StrEnum):
    """What an account may do; the value is the word for it."""

    FREE = "FREE"
    PAID = "PAID"


BOND_DIMENSION_CAPS: Mapping[Tier, int | None] = {Tier.FREE: 32, Tier.PAID: None}
"""The largest bond dimension that each tier may ask for, ``None`` for any."""


@dataclass(frozen=True)
class Account:
    """An owner of jobs.

    Attributes:
        name: What its jobs and its credits are stored under; it outlives the token.
        tier: What it may do.
        credits: What it starts with, 0 or more in hundredths.

    Raises:
        QoroInputError: The name is empty, the tier is none, or the credits are no such amount.
    """

    name: str
    tier: Tier = Tier.FREE
    credits: Decimal = STARTING_GRANT

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise QoroInputError(f"name is {self.name!r}, expected the name of an account")
        if self.tier not in set(Tier):
            raise QoroInputError(f"tier is {self.tier!r}, expected one of {', '.join(Tier)}")
        object.__setattr__(self, "tier", Tier(self.tier))
        object.__setattr__(self, "credits", check_grant(self.credits))


LOCAL_ACCOUNT = Account("local", Tier.PAID, Decimal("1000000.00"))
"""The account of the token that a service is started with: no cap, and more credits than anybody uses up."""


class Accounts:
    """The accounts by token, which can be taken back. It may be used from many threads.

    Args:
        tokens: Token to account. Several tokens may stand for one account.
    """

    def __init__(self, tokens: Mapping[str, Account]) -> None:
        self._tokens = dict(tokens)
        self._active = set(tokens)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Accounts of {', '.join(sorted({account.name for account in self._tokens.values()}))}>"

    def __iter__(self) -> Iterator[Account]:
        return iter(dict.fromkeys(self._tokens.values()))

    def authenticate(self, authorization: str | None) -> Account | None:
        """The account that a header ``Authorization: Bearer <token>`` stands for.

        Args:
            authorization: The header's value, ``None`` where it is missing.

        Returns:
            The account, ``None`` where there is none or the token is deactivated. Every token is compared in
            full, so that the time taken tells nothing about them.
        """
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = None
        for token, account in self._tokens.items():
            if hmac.compare_digest(token.encode(), given.strip().encode(errors="surrogateescape")):
                with self._lock:
                    found = account if token in self._active else None
        return found

    def deactivate(self, token: str) -> None:
        """Take a token back: whoever calls with it from now on is unknown.

        Raises:
            QoroInputError: There is no such token.
        """
        with self._lock:
            if token not in self._tokens:
                raise QoroInputError("there is no such token, expected one that the service takes")
            self._active.discard(token)


def check_tier(account: Account, config: AnyConfig | None) -> None:
    """Refuse a configuration that an account's tier does not allow.

    Raises:
        AccessDeniedError: The bond dimension is over the tier's cap.
    """
    if config is None or isinstance(config, DeviceConfig):
        return
    name, value = "bond_dimension", getattr(config, "bond_dimension", None)
    if isinstance(config, MaestroConfig):
        name, value = "max_bond_dimension", config.max_bond_dimension
    cap = BOND_DIMENSION_CAPS[account.tier]
    if cap is not None and value is not None and value > cap:
        raise AccessDeniedError(f"{name} is {value}, the tier {account.tier} allows at most {cap}")
