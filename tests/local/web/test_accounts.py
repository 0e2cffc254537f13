"""Authentication by token, and the limits of the tiers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.store.store_errors import AccessDeniedError
from qiskit_qoro.local.web.accounts import (
    BOND_DIMENSION_CAPS,
    LOCAL_ACCOUNT,
    Account,
    Accounts,
    Tier,
    check_tier,
)
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig

ALICE, BOB = Account("alice"), Account("bob")
ACCOUNTS = Accounts({"token-a": ALICE, "token-b": BOB})


@pytest.mark.parametrize(("token", "account"), [("token-a", ALICE), ("token-b", BOB)])
def test_a_token_authenticates_its_account(token: str, account: Account) -> None:
    assert ACCOUNTS.authenticate(f"Bearer {token}") == account


def test_the_scheme_bearer_is_case_insensitive() -> None:
    assert ACCOUNTS.authenticate("bearer token-a") == ALICE


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "token-a",
        "Basic token-a",
        "Bearer token-",
        "Bearer token-aa",
        "Bearer tökén",
    ],
)
def test_any_other_header_authenticates_no_account(header: str | None) -> None:
    assert ACCOUNTS.authenticate(header) is None


def test_the_repr_contains_no_token() -> None:
    assert "token-a" not in repr(ACCOUNTS)


def test_a_deactivated_token_authenticates_no_account() -> None:
    accounts = Accounts({"one": ALICE, "two": ALICE})
    accounts.deactivate("one")
    accounts.deactivate("one")
    assert accounts.authenticate("Bearer one") is None
    assert accounts.authenticate("Bearer two") == ALICE
    with pytest.raises(QoroInputError, match="no such token") as raised:
        accounts.deactivate("three-SECRET")
    assert "SECRET" not in str(raised.value)


def test_an_account_is_active_as_long_as_one_of_its_tokens_is() -> None:
    accounts = Accounts({"one": ALICE, "two": ALICE, "three": BOB})
    accounts.deactivate("one")
    assert accounts.is_active("alice")
    accounts.deactivate("two")
    assert not accounts.is_active("alice")
    assert accounts.is_active("bob")
    assert not accounts.is_active("carol")


FREE, PAID = Account("free"), Account("paid", Tier.PAID)


def test_an_account_is_of_the_free_tier_by_default() -> None:
    assert (FREE.tier, FREE.credits) == (Tier.FREE, Decimal("500.00"))
    assert Account("x", "PAID").tier is Tier.PAID  # type: ignore[arg-type]


def is_allowed(account: Account, config: AnyConfig | None) -> bool:
    try:
        check_tier(account, config)
    except AccessDeniedError:
        return False
    return True


@pytest.mark.parametrize("account", [PAID, LOCAL_ACCOUNT])
def test_only_the_free_tier_limits_the_bond_dimension(account: Account) -> None:
    assert BOND_DIMENSION_CAPS == {Tier.FREE: 32, Tier.PAID: None}
    assert is_allowed(account, ExecutionConfig(bond_dimension=4096))


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (ExecutionConfig(bond_dimension=33), "bond_dimension is 33, the tier FREE allows at most 32"),
        (MaestroConfig(max_bond_dimension=64), "max_bond_dimension is 64"),
    ],
)
def test_a_bond_dimension_over_the_limit_is_denied(config: AnyConfig, named: str) -> None:
    with pytest.raises(AccessDeniedError, match=named):
        check_tier(FREE, config)


@pytest.mark.parametrize(
    "config",
    [
        None,
        ExecutionConfig(),
        ExecutionConfig(bond_dimension=32),
        MaestroConfig(max_bond_dimension=32),
        DeviceConfig({"SEED": 1}),
    ],
)
def test_a_configuration_within_the_limit_is_allowed(config: AnyConfig | None) -> None:
    assert is_allowed(FREE, config)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, "name is ''"),
        ({"name": "x", "tier": "GOLD"}, "tier is 'GOLD', expected one of FREE, PAID"),
        ({"name": "x", "credits": Decimal(-1)}, "credits is"),
        ({"name": "x", "credits": Decimal("0.001")}, "credits is"),
        ({"name": "x", "credits": Decimal("NaN")}, "credits is"),
        ({"name": "x", "credits": Decimal("1e20")}, "credits is"),
        ({"name": "x", "credits": 5.0}, "credits is 5.0"),
        ({"name": "x", "credits": "plenty"}, "credits is 'plenty'"),
    ],
)
def test_invalid_fields_of_an_account_are_refused_and_named(fields: dict[str, object], named: str) -> None:
    with pytest.raises(QoroInputError, match=named):
        Account(**fields)  # type: ignore[arg-type]
