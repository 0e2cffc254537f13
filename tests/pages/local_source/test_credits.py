"""The credits of an account: the balance, the transactions of a page, and the cost per day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from qiskit_qoro.local import Account, LocalService, serve
from qiskit_qoro.local.store.ledger import read_costs
from qiskit_qoro.pages.local_source.credits import credits_of


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    """A service whose account "many" has paid 0.01 every 20 minutes, 10,000 times."""
    accounts = {"many-token": Account("many"), "other-token": Account("other")}
    with serve(workers=1, accounts=accounts) as service:
        now = service.parts.database.now()
        rows = [
            ("many", -1, 5000 - number, "CHARGE", "", f"{now - timedelta(minutes=20 * (9999 - number))!s}")
            for number in range(10_000)
        ]
        with service.parts.database.transaction() as connection:
            connection.executemany(
                "INSERT INTO transactions"
                " (account, amount, balance_after, transaction_type, description, created_at)"
                " VALUES (?, ?, ?, ?, ?, replace(?, ' ', 'T'))",
                rows,
            )
        yield service


def test_a_page_has_some_transactions_and_the_number_of_all(service: LocalService) -> None:
    found = credits_of(service.parts, "many", limit=3, offset=2)
    numbers = [item.number for item in found.transactions]
    assert found.total == 10_001
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 3
    newest = credits_of(service.parts, "many", limit=1, offset=0).transactions[0]
    assert newest.number == numbers[0] + 2


def test_the_cost_per_day_is_the_sum_of_the_charges_of_that_day(service: LocalService) -> None:
    by_day = credits_of(service.parts, "many", limit=1, offset=0).by_day
    assert len(by_day) == 30
    # 72 charges a day, except on the days on which clocks change by an hour.
    whole_days = {cost for _, cost in by_day[1:-1]}
    assert Decimal("0.72") in whole_days
    assert whole_days <= {Decimal("0.69"), Decimal("0.72"), Decimal("0.75")}


def test_grants_and_other_accounts_are_no_cost(service: LocalService) -> None:
    found = credits_of(service.parts, "other", limit=5, offset=0)
    assert [item.transaction_type for item in found.transactions] == ["PURCHASE"]
    assert {cost for _, cost in found.by_day} == {Decimal(0)}
    assert found.prices == [
        ("one circuit", Decimal("0.01")),
        ("one variable of a characterization", Decimal("0.01")),
    ]


def test_costs_are_read_from_a_time_on_and_added_up_by_quarters_of_an_hour(service: LocalService) -> None:
    database = service.parts.database
    with database.read() as connection:
        newest = read_costs(connection, "many", since=database.now() - timedelta(hours=24, minutes=10))
        everything = read_costs(connection, "many", since=database.now() - timedelta(days=1000))
    assert sum(cost for _, cost in newest) == Decimal("0.73")
    assert len(newest) == 73
    assert {time.minute % 15 for time, _ in everything} == {0}
    assert sum(cost for _, cost in everything) == Decimal(100)
    assert [time for time, _ in everything] == sorted(time for time, _ in everything)
