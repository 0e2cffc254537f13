"""Events are written in order by a thread, and the service never waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from qiskit_qoro.local.job_log.event_log import EVENTS_PER_SECOND, EventLog
from qiskit_qoro.local.job_log.log_lines import line_of_event
from qiskit_qoro.local.service_events import EventKind, ServiceEvent

NOON = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
JOINED = ServiceEvent(kind=EventKind.WORKER_JOINED, worker="w1", host="lab", processes=2)
LEFT = ServiceEvent(kind=EventKind.WORKER_LEFT, worker="w1", host="lab")


def text_log(
    write: Callable[[Sequence[str]], None], clock: Callable[[], float] = lambda: 0.0
) -> EventLog[str]:
    return EventLog(write, lambda event, _: event.text, clock=clock, now=lambda: NOON)


def test_events_are_written_in_order_before_the_log_ends() -> None:
    lines: list[str] = []
    with text_log(lines.extend) as log:
        log.report(JOINED)
        log.report(LEFT)
    assert lines == [JOINED.text, LEFT.text]


def test_an_event_without_a_line_is_left_out() -> None:
    lines: list[str] = []

    def write(given: Sequence[object]) -> None:
        lines.extend(map(str, given))

    started = ServiceEvent(kind=EventKind.SERVICE_STARTED, address="http://x/api")
    with EventLog(write, line_of_event, now=lambda: NOON) as log:
        log.report(started)
        log.report(LEFT)
    assert lines == ["12:00:00 worker w1 on lab has left"]


def test_the_events_of_a_kind_beyond_a_limit_are_counted() -> None:
    lines: list[str] = []
    time = 0.0
    with text_log(lines.extend, lambda: time) as log:
        for _ in range(EVENTS_PER_SECOND + 7):
            log.report(JOINED)
        log.report(LEFT)
        time = 1.0
        log.report(JOINED)
        for _ in range(EVENTS_PER_SECOND):
            log.report(LEFT)
    assert lines[: EVENTS_PER_SECOND + 1] == [*[JOINED.text] * EVENTS_PER_SECOND, LEFT.text]
    assert lines[EVENTS_PER_SECOND + 1 :] == [
        "7 events of the kind worker_joined left out",
        JOINED.text,
        *[LEFT.text] * EVENTS_PER_SECOND,
    ]


def test_events_that_are_left_out_are_counted_at_the_end_of_the_log() -> None:
    lines: list[str] = []
    with text_log(lines.extend) as log:
        for _ in range(EVENTS_PER_SECOND + 1):
            log.report(JOINED)
    assert lines[-1] == "1 event of the kind worker_joined left out"


def test_reporting_does_not_wait_while_nobody_reads_the_lines() -> None:
    is_blocked, is_read = threading.Event(), threading.Event()
    times = iter(range(10**9))

    def write(lines: Sequence[str]) -> None:
        is_blocked.set()
        is_read.wait()

    try:
        with text_log(write, lambda: float(next(times))) as log:
            log.report(JOINED)
            assert is_blocked.wait(30)
            for _ in range(2000):
                log.report(JOINED)
    finally:
        is_read.set()


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("I/O operation on closed file")])
def test_a_stream_that_is_closed_does_not_end_the_log(error: Exception) -> None:
    lines: list[str] = []

    def write(given: Sequence[str]) -> None:
        if given == [JOINED.text]:
            raise error
        lines.extend(given)

    with text_log(write) as log:
        log.report(JOINED)
        log.report(LEFT)
    assert lines == [LEFT.text]
