"""The table of events, and the events themselves."""

from __future__ import annotations

import logging
from dataclasses import fields
from string import Formatter

import pytest

from qiskit_qoro.local.service_events import EVENTS, FIELDS, EventKind, Level, ServiceEvent, guarded


def required(kind: EventKind) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(EVENTS[kind].text) if name]


def test_every_kind_is_in_the_table_and_every_field_belongs_to_a_kind() -> None:
    assert list(EVENTS) == list(EventKind)
    used = {name for kind in EventKind for name in (*required(kind), *EVENTS[kind].optional)}
    assert used == set(FIELDS)
    assert {item.name for item in fields(ServiceEvent)} - {"kind", "special_level"} == set(FIELDS)


@pytest.mark.parametrize("kind", EventKind)
def test_no_field_of_a_kind_is_both_required_and_optional(kind: EventKind) -> None:
    names = [*required(kind), *EVENTS[kind].optional]
    assert len(names) == len(set(names))
    assert list(EVENTS[kind].optional) == sorted(EVENTS[kind].optional)


def test_an_event_knows_its_text_its_level_and_its_fields() -> None:
    event = ServiceEvent(kind=EventKind.WORKER_JOINED, worker="w1", host="lab3", processes=4)
    assert event.text == "worker w1 on lab3 has joined: it runs 4 circuits at once"
    assert event.level is Level.INFO
    assert event.values() == {"host": "lab3", "processes": 4, "worker": "w1"}


def test_what_is_counted_is_in_the_singular_or_the_plural() -> None:
    event = ServiceEvent(kind=EventKind.WORKER_JOINED, worker="w1", host="lab3", processes=1)
    assert event.text.endswith("it runs 1 circuit at once")
    event = ServiceEvent(kind=EventKind.REQUESTS_REFUSED, count=1200, status="401", reason="no token")
    assert event.text == "1,200 requests refused with 401: no token"


def test_an_event_may_have_a_level_of_its_own() -> None:
    event = ServiceEvent(
        kind=EventKind.JOB_ENDED, special_level=Level.WARNING, job_id="j", status="FAILED", tag=""
    )
    assert (event.level, event.values()) == (Level.WARNING, {"job_id": "j", "status": "FAILED", "tag": ""})


def test_a_function_that_takes_events_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    taken: list[ServiceEvent] = []

    def take(event: ServiceEvent) -> None:
        taken.append(event)
        raise ZeroDivisionError("of the user")

    report = guarded(take)
    event = ServiceEvent(kind=EventKind.CLUSTER_CONNECTED, cluster="tls://lab:8786")
    with caplog.at_level(logging.ERROR):
        report(event)
        report(event)
    assert taken == [event, event]
    assert len(caplog.records) == 2
    assert "connected to the cluster at tls://lab:8786" in caplog.text
    assert "ZeroDivisionError: of the user" in caplog.text
