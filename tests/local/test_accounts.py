from __future__ import annotations

import pytest

from qiskit_qoro.local.accounts import Account, Accounts

ALICE, BOB = Account("alice"), Account("bob")
ACCOUNTS = Accounts({"token-a": ALICE, "token-b": BOB})


@pytest.mark.parametrize(("token", "account"), [("token-a", ALICE), ("token-b", BOB)])
def test_a_token_stands_for_its_account(token: str, account: Account) -> None:
    assert ACCOUNTS.authenticate(f"Bearer {token}") == account


def test_the_scheme_is_read_in_either_case() -> None:
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
def test_anything_else_stands_for_nobody(header: str | None) -> None:
    assert ACCOUNTS.authenticate(header) is None


def test_tokens_stay_out_of_the_repr() -> None:
    assert "token-a" not in repr(ACCOUNTS)
