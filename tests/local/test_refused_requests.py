"""Refused requests are reported, but not each of many."""

from __future__ import annotations

from qiskit_qoro.local.refused_requests import RefusedRequests
from qiskit_qoro.local.service_events import EventKind, ServiceEvent
from qiskit_qoro.local.web.answered_requests import AnsweredRequest


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def refused(status: int = 401, account: str | None = None, client: str = "10.0.0.1") -> AnsweredRequest:
    return AnsweredRequest("get_status", status, 0.001, account, client)


def test_the_first_refusal_is_reported_at_once_and_the_others_after_ten_seconds() -> None:
    events: list[ServiceEvent] = []
    clock = Clock()
    refusals = RefusedRequests(events.append, clock)
    for time in (0.0, 1.0, 9.9, 10.0, 11.0):
        clock.time = time
        refusals.observe(refused())
    assert [event.count for event in events] == [1, 3]
    assert events[0] == ServiceEvent(
        kind=EventKind.REQUESTS_REFUSED,
        client="10.0.0.1",
        count=1,
        reason="missing or unknown token",
        status="401",
    )
    refusals.close()
    assert [event.count for event in events] == [1, 3, 1]


def test_accounts_and_clients_are_reported_apart() -> None:
    events: list[ServiceEvent] = []
    refusals = RefusedRequests(events.append, Clock())
    refusals.observe(refused())
    refusals.observe(refused(client="10.0.0.2"))
    refusals.observe(refused(429, "ann"))
    refusals.observe(refused(429, "ann", client="10.0.0.2"))
    assert [(event.status, event.account, event.client) for event in events] == [
        ("401", None, "10.0.0.1"),
        ("401", None, "10.0.0.2"),
        ("429", "ann", None),
    ]


def test_other_answers_are_not_reported() -> None:
    events: list[ServiceEvent] = []
    refusals = RefusedRequests(events.append, Clock())
    for status in (200, 400, 404, 409, 500):
        refusals.observe(refused(status))
    refusals.close()
    assert events == []


def test_beyond_a_thousand_clients_the_others_are_reported_together() -> None:
    events: list[ServiceEvent] = []
    clock = Clock()
    refusals = RefusedRequests(events.append, clock)
    for number in range(1010):
        refusals.observe(refused(client=f"10.0.{number // 256}.{number % 256}"))
    assert len(events) == 1001
    assert (events[-1].client, events[-1].count) == (None, 1)
    clock.time = 20.0  # the others are forgotten
    refusals.observe(refused(client="10.1.0.0"))
    assert (events[-1].client, events[-1].count) == ("10.1.0.0", 1)
