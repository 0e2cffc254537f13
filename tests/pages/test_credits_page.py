"""The page of the credits: balance, prices, the cost per day, and the ledger with its pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import QoroProvider
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction, LimitUse
from qiskit_qoro.pages.local_source.source import LocalSource
from qiskit_qoro.pages.views import CreditsView

from .reading import ReadPage
from .sample import NOW, SampleSource, job_id
from .visiting import open_visit

BALANCE = CreditBalance(Decimal("12.50"), Decimal("0.50"), NOW, NOW)
HEADINGS = ["Number", "Time", "Type", "Description", "Job", "Amount", "Balance"]


class Credits(SampleSource):
    def __init__(self, view: CreditsView) -> None:
        super().__init__([])
        self._view = view

    def credits(self, *, limit: int, offset: int) -> CreditsView:
        return self._view


def read(view: CreditsView) -> ReadPage:
    with open_visit(Credits(view)) as visit:
        return visit.get("/pages/credits")


def days(*costs: str) -> list[tuple[date, Decimal]]:
    first = NOW.date() - timedelta(days=len(costs) - 1)
    return [(first + timedelta(days=place), Decimal(cost)) for place, cost in enumerate(costs)]


def test_the_limits_of_an_account_are_shown_with_their_use() -> None:
    quota = [LimitUse("unfinished_jobs", 1000, 3), LimitUse("circuits_per_day", 100_000, 1200)]
    page = read(CreditsView(BALANCE, [], [], 0, quota=quota))
    assert page.facts["Unfinished jobs"] == "3 of 1,000"
    assert page.facts["Circuits today"] == "1,200 of 100,000"


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    with serve(workers=1) as service:
        yield service


def test_the_numbers_are_those_that_a_client_gets(service: LocalService) -> None:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    with QoroProvider(service.token, base_url=service.address, link=service.link) as provider:
        jobs = [provider.get_backend().run([circuit] * size, shots=10) for size in (1, 25)]
        for job in jobs:
            job.result()
        balance = provider.service.get_credit_balance()
        listed = provider.service.get_credit_transactions()["results"]
    with open_visit(LocalSource(service.parts, "local", "QoroProvider()")) as visit:
        page = visit.get("/pages/credits")
    used = Decimal(balance["total_used"])
    assert used == Decimal("0.26")
    assert page.facts["Balance"] == f"{Decimal(balance['balance']):,}"
    assert page.facts["Used in total"] == "0.26"
    assert page.facts["Used in 30 days"] == "0.26"
    assert page.facts["Price of one circuit"] == "0.01"
    assert page.facts["Price of one variable of a characterization"] == "0.01"
    per_day, ledger = page.tables
    assert sum(Decimal(cost) for _, cost in per_day.rows) == used
    assert ledger.headings == HEADINGS
    assert [Decimal(row[5].replace("−", "-").replace(",", "")) for row in ledger.rows] == [
        Decimal(item["amount"]) for item in listed
    ]
    assert [row[3] for row in ledger.rows] == [item["description"] for item in listed]
    shown = [address for _, address in page.links if "/jobs/" in address]
    assert shown == [f"/pages/jobs/{job.job_id()}" for job in reversed(jobs)]


def test_amounts_have_a_sign_and_lead_to_the_job() -> None:
    transactions = [
        CreditTransaction(2, Decimal("-0.125"), Decimal("-1234.5"), "CHARGE", "<b>", job_id(1), NOW),
        CreditTransaction(1, Decimal(1000), Decimal("1000.00"), "PURCHASE", "Grant", None, NOW),
    ]
    page = read(CreditsView(BALANCE, [], transactions, 2))
    (table,) = page.tables
    assert [[row[0], *row[2:]] for row in table.rows] == [
        ["2", "charge", "<b>", "00000001", "−0.125", "−1,234.50"],
        ["1", "purchase", "Grant", "–", "+1,000.00", "1,000.00"],
    ]
    assert "The prices of the service are not known." in page.text


def test_the_chart_has_a_column_for_each_day_and_its_figures_in_a_table() -> None:
    page = read(CreditsView(BALANCE, [], [], 0, days("0", "0.5", "0", "1.25")))
    assert page.facts["Used in 4 days"] == "1.75"
    (svg,) = (attributes for tag, attributes in page.tags if tag == "svg")
    assert svg["role"] == "img"
    assert "From 2026-11-27 to 2026-11-30: 1.75 credits." in page.text
    assert "The highest cost is 1.25 credits on 2026-11-30." in page.text
    assert len([tag for tag, _ in page.tags if tag == "rect"]) == 4
    assert page.tables[0].rows == [["2026-11-30", "1.25"], ["2026-11-28", "0.50"]]
    assert "The other days have cost nothing." in page.text


def test_days_without_cost_have_no_chart() -> None:
    page = read(CreditsView(BALANCE, [], [], 0, days("0", "0")))
    assert "svg" not in [tag for tag, _ in page.tags]
    assert "Nothing was charged in the last 2 days." in page.text
    assert "There are no transactions yet." in page.text


def test_a_service_that_does_not_tell_the_balance_says_why() -> None:
    page = read(CreditsView(None, [], [], 0, note="This service does not show <credits>."))
    assert "This service does not show <credits>." in page.text
    assert not page.facts
    assert not page.tables


def test_the_ledger_has_pages_newest_first() -> None:
    with open_visit(SampleSource()) as visit:
        first = visit.get("/pages/credits?rows=25")
        numbers = [row[0] for row in first.tables[-1].rows]
        assert (len(numbers), numbers[0], numbers[-1]) == (25, "120", "96")
        assert "1–25 of 120" in first.text
        (older,) = (address for text, address in first.links if text == "Older")
        second = visit.get(older)
        assert second.tables[-1].rows[0][0] == "95"
        last = visit.get("/pages/credits?rows=25&page=99")
        assert [row[0] for row in last.tables[-1].rows][-1] == "1"
