"""Accounts: authentication by token, and the limits of each tier."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.store.ledger import STARTING_GRANT, check_grant
from qiskit_qoro.local.store.quotas import NO_QUOTA, Quota
from qiskit_qoro.local.store.store_errors import AccessDeniedError
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig

__all__ = ["BOND_DIMENSION_CAPS", "LOCAL_ACCOUNT", "Account", "Accounts", "Tier", "check_tier"]


class Tier(StrEnum):
    """The tier of an account, which limits what it may do."""

    FREE = "FREE"
    PAID = "PAID"


BOND_DIMENSION_CAPS: Mapping[Tier, int | None] = {Tier.FREE: 32, Tier.PAID: None}
"""The largest bond dimension that each tier may use, or ``None`` for no limit."""


@dataclass(frozen=True)
class Account:
    """An owner of jobs.

    Attributes:
        name: The name that its jobs and credits are stored under. Unlike a token it does not change.
        tier: The tier.
        credits: The credits that it starts with: 0 or more, in whole hundredths.
        quota: How many jobs and circuits it may have; without limits by default. A mapping with the fields of
            a :class:`~qiskit_qoro.local.Quota` is converted.

    Raises:
        QoroInputError: The name is empty, the tier is unknown, or the credits or the quota are invalid.
    """

    name: str
    tier: Tier = Tier.FREE
    credits: Decimal = STARTING_GRANT
    quota: Quota = NO_QUOTA

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise QoroInputError(f"name is {self.name!r}, expected non-empty text")
        if self.tier not in set(Tier):
            raise QoroInputError(f"tier is {self.tier!r}, expected one of {', '.join(Tier)}")
        object.__setattr__(self, "tier", Tier(self.tier))
        object.__setattr__(self, "credits", check_grant(self.credits))
        object.__setattr__(self, "quota", Quota.of(self.quota))


LOCAL_ACCOUNT = Account("local", Tier.PAID, Decimal("1000000.00"))
"""The service's own account, which has no bond dimension limit and practically unlimited credits."""


class Accounts:
    """The accounts of a service, by token. Tokens can be revoked. Methods may be called from any thread.

    Args:
        tokens: Token to account. Several tokens may belong to one account.
    """

    def __init__(self, tokens: Mapping[str, Account]) -> None:
        self._tokens = dict(tokens)
        self._lock = threading.Lock()
        self._active = set(tokens)  # without the revoked tokens; guarded by the lock

    def __repr__(self) -> str:
        return f"<Accounts of {', '.join(sorted({account.name for account in self._tokens.values()}))}>"

    def __iter__(self) -> Iterator[Account]:
        return iter(dict.fromkeys(self._tokens.values()))

    def authenticate(self, authorization: str | None) -> Account | None:
        """Find the account of a header ``Authorization: Bearer <token>``.

        Args:
            authorization: The value of the header, or ``None`` if it is missing.

        Returns:
            The account, or ``None`` if the token is missing, unknown or revoked.
        """
        scheme, _, credentials = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        received = credentials.strip().encode(errors="surrogateescape")
        found = None
        # Compare with every token, each in constant time, so that the time taken reveals nothing about them.
        for token, account in self._tokens.items():
            if hmac.compare_digest(token.encode(), received):
                with self._lock:
                    found = account if token in self._active else None
        return found

    def is_active(self, name: str) -> bool:
        """Whether the account with a name has a token that is not revoked."""
        with self._lock:
            return any(self._tokens[token].name == name for token in self._active)

    def deactivate(self, token: str) -> None:
        """Revoke a token. Requests with it are no longer authenticated.

        Raises:
            QoroInputError: There is no such token.
        """
        with self._lock:
            if token not in self._tokens:
                raise QoroInputError("there is no such token, expected a token of this service")
            self._active.discard(token)


def check_tier(account: Account, config: AnyConfig | None) -> None:
    """Check that the tier of an account allows a configuration.

    Raises:
        AccessDeniedError: The bond dimension exceeds the limit of the tier.
    """
    if config is None or isinstance(config, DeviceConfig):
        return
    if isinstance(config, MaestroConfig):
        name, value = "max_bond_dimension", config.max_bond_dimension
    else:
        name, value = "bond_dimension", config.bond_dimension
    cap = BOND_DIMENSION_CAPS[account.tier]
    if cap is not None and value is not None and value > cap:
        raise AccessDeniedError(f"{name} is {value}, the tier {account.tier} allows at most {cap}")
