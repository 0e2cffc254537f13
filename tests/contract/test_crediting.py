"""Credits: the balance and the pages of transactions."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

AMOUNT = re.compile(r"-?\d+(\.\d+)?")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture(autouse=True)
def idle_service(service: Any) -> None:
    """Wait for the jobs of other tests, which would change the balance during a test."""
    service.wait_idle()


def transactions(service: Any, page: int, page_size: int) -> Any:
    answer = service.call("GET", f"/credits/transactions/?page={page}&page_size={page_size}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_balance_has_amounts_as_decimal_text_and_times_in_utc(service: Any) -> None:
    answer = service.call("GET", "/credits/")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) >= {"balance", "total_used", "created_at", "updated_at"}
    assert all(AMOUNT.fullmatch(body[key]) for key in ("balance", "total_used"))
    assert all(TIME.fullmatch(body[key]) for key in ("created_at", "updated_at"))


def test_a_transaction_has_amounts_a_type_a_description_and_a_time(service: Any) -> None:
    service.run({"a": service.bell})
    item = transactions(service, 1, 1)["results"][0]
    assert set(item) >= {
        "id",
        "amount",
        "balance_after",
        "transaction_type",
        "description",
        "job_id",
        "created_at",
    }
    assert AMOUNT.fullmatch(item["amount"])
    assert AMOUNT.fullmatch(item["balance_after"])
    assert TIME.fullmatch(item["created_at"])


def test_pages_link_to_each_other(service: Any) -> None:
    for _ in range(2):
        service.run({"a": service.bell})
    first, second = transactions(service, 1, 1), transactions(service, 2, 1)
    assert first["previous"] is None
    assert first["total_pages"] == first["count"] >= 3
    assert [len(page["results"]) for page in (first, second)] == [1, 1]
    following = service.session.get(first["next"], timeout=60).json()
    assert following["results"] == second["results"]
    assert service.session.get(second["previous"], timeout=60).json()["results"] == first["results"]
    last = transactions(service, first["total_pages"], 1)
    assert last["next"] is None


def test_a_page_has_20_transactions_by_default(service: Any) -> None:
    body = service.call("GET", "/credits/transactions/").json()
    assert len(body["results"]) == min(20, body["count"])


def test_balances_and_amounts_add_up(service: Any) -> None:
    service.run({"a": service.bell, "b": service.bell})
    newest = transactions(service, 1, 2)["results"]
    after, before = newest[0], newest[1]
    assert Decimal(before["balance_after"]) + Decimal(after["amount"]) == Decimal(after["balance_after"])
    assert service.call("GET", "/credits/").json()["balance"] == after["balance_after"]


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "page=-1", "page_size=0", "page_size=101", "page_size=", "page=1.5"]
)
def test_an_invalid_page_or_page_size_is_refused_and_named(service: Any, query: str) -> None:
    answer = service.call("GET", f"/credits/transactions/?{query}")
    assert answer.status_code == 400
    assert service.says(answer, query.split("=", maxsplit=1)[0])


def test_a_page_after_the_last_one_is_not_found(service: Any) -> None:
    assert service.call("GET", "/credits/transactions/?page=1000000").status_code == 404
