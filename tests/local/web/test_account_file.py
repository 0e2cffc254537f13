"""Accounts and tokens from files."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local import Account, Quota, Tier
from qiskit_qoro.local.web.account_file import (
    by_token,
    quota_of_text,
    read_account_file,
    read_token_file,
    with_quotas,
)

ACCOUNTS = """
[accounts.ann]
tokens = ["ann-token", "ann-notebook"]
tier = "paid"
credits = 2500.10
quota = { unfinished_jobs = 100, circuits_per_day = 5000 }

[accounts."bo b"]
tokens = ["bo-token"]
"""


def private(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "accounts.toml"


def test_an_account_has_the_tokens_and_the_values_of_its_table(file: Path) -> None:
    ann = Account("ann", Tier.PAID, Decimal("2500.10"), Quota(unfinished_jobs=100, circuits_per_day=5000))
    assert by_token(read_account_file(private(file, ACCOUNTS))) == {
        "ann-token": ann,
        "ann-notebook": ann,
        "bo-token": Account("bo b"),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expects a table"),
        ("accounts = 3", "expects a table"),
        ("[accounts]", "expects a table"),
        ("[account.ann]\ntokens = ['secret']", "expects a table"),
        ("x = 1\n[accounts.ann]\ntokens = ['secret']", "expects a table"),
        ("[accounts.ann]\ntokens = ['secret'", "at end of document"),
        ("[accounts.ann]\ntokens = secret", "Invalid value (at line 2, column 10)"),
        ("[accounts]\nann = 'secret'", "account 'ann': expected tokens = "),
        ("[accounts.ann]\ntier = 'PAID'", "account 'ann': expected tokens = "),
        ("[accounts.ann]\ntokens = 'secret'", "expected tokens = "),
        ("[accounts.ann]\ntokens = []", "expected tokens = "),
        ("[accounts.ann]\ntokens = ['secret', 3]", "expected tokens = "),
        (
            "[accounts.ann]\ntokens = ['secret']\ntoken = 'secret'",
            "unknown key 'token', expected tokens, tier",
        ),
        ("[accounts.ann]\ntokens = ['secret']\nname = 'bo'", "unknown key 'name'"),
        (
            "[accounts.ann]\ntokens = ['secret']\ntier = 'GOLD'",
            "account 'ann': tier is 'GOLD', expected FREE or",
        ),
        ("[accounts.ann]\ntokens = ['secret']\ntier = 1", "tier is 1"),
        ("[accounts.ann]\ntokens = ['secret']\ncredits = true", "credits is True, expected a Decimal"),
        ("[accounts.ann]\ntokens = ['secret']\ncredits = '-1'", "credits is '-1'"),
        ("[accounts.ann]\ntokens = ['secret']\nquota = 3", "quota is 3, expected a Quota"),
        (
            "[accounts.ann]\ntokens = ['secret']\nquota = { running_jobs = 0 }",
            "running_jobs is 0, expected 1 or more",
        ),
        (b"[accounts.\xff]", "is not text in UTF-8"),
    ],
)
def test_a_faulty_file_is_refused_without_showing_a_token(
    file: Path, text: str | bytes, expected: str
) -> None:
    with pytest.raises(QoroInputError, match=re.escape(expected)) as caught:
        read_account_file(private(file, text))
    assert str(file) in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o644])
@pytest.mark.parametrize("read", [read_account_file, read_token_file])
def test_a_file_that_others_may_use_is_refused(file: Path, read: object, mode: int) -> None:
    private(file, ACCOUNTS).chmod(mode)
    with pytest.raises(QoroInputError, match=rf"its mode is {mode:04o}\): correct this with 'chmod 600"):
        read(file)  # type: ignore[operator]


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o640])
def test_a_file_that_its_group_may_read_is_accepted(file: Path, mode: int) -> None:
    private(file, ACCOUNTS).chmod(mode)
    assert read_account_file(file)


def test_the_token_of_a_file_has_no_white_space_around_it(file: Path) -> None:
    token = read_token_file(private(file, " our-token\n"))
    assert token.reveal() == "our-token"


@pytest.mark.parametrize(
    ("text", "expected"), [("\n", "is empty, expected a token"), (b"\xff", "is not text in UTF-8")]
)
def test_a_file_without_a_token_is_refused(file: Path, text: str | bytes, expected: str) -> None:
    with pytest.raises(QoroInputError, match=expected):
        read_token_file(private(file, text))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(QoroInputError, match="cannot be read: No such file"):
        read_account_file(tmp_path / "missing")
    with pytest.raises(QoroInputError, match="is not a regular file"):
        read_token_file(tmp_path)


def test_a_token_of_two_accounts_is_refused(file: Path) -> None:
    accounts = read_account_file(private(file, ACCOUNTS.replace("bo-token", "ann-token")))
    with pytest.raises(QoroInputError, match="two accounts have the same token"):
        by_token(accounts)


def test_a_text_names_an_account_and_its_limits() -> None:
    limits = Quota(unfinished_jobs=100, running_jobs=4, circuits_per_day=5000)
    assert quota_of_text("a:nn:jobs=100,running=4,circuits=5000") == ("a:nn", limits)
    assert quota_of_text("ann:circuits=5") == ("ann", Quota(circuits_per_day=5))


@pytest.mark.parametrize(
    "text",
    [
        "ann",
        "jobs=3",
        "ann:",
        "ann:jobs",
        "ann:jobs=",
        "ann:jobs=-1",
        "ann:jobs= 1",
        "ann:shots=3",
        "ann:jobs=1,",
    ],
)
def test_another_text_is_no_quota(text: str) -> None:
    expected = f"got {text!r}, expected NAME:jobs=N,running=N,circuits=N"
    with pytest.raises(QoroInputError, match=re.escape(expected)):
        quota_of_text(text)


def test_a_limit_that_is_repeated_or_zero_is_refused() -> None:
    with pytest.raises(QoroInputError, match="expected NAME:jobs=N"):
        quota_of_text("ann:jobs=1,jobs=2")
    with pytest.raises(QoroInputError, match="unfinished_jobs is 0, expected 1 or more"):
        quota_of_text("ann:jobs=0")


def test_accounts_get_their_quotas_and_the_others_keep_theirs() -> None:
    bo = Account("bo", quota=Quota(running_jobs=1))
    accounts = [("one", Account("ann")), ("two", Account("ann")), ("three", bo)]
    quota = Quota(unfinished_jobs=3)
    limited = Account("ann", quota=quota)
    assert with_quotas(accounts, [("ann", quota)]) == [("one", limited), ("two", limited), ("three", bo)]
    with pytest.raises(QoroInputError, match="quota for account 'cat', expected one of ann, bo"):
        with_quotas(accounts, [("cat", quota)])
    with pytest.raises(QoroInputError, match="two quotas for account 'ann', expected one"):
        with_quotas(accounts, [("ann", quota), ("ann", Quota(running_jobs=1))])
