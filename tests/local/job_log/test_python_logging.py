"""What the service and its libraries write to Python's logging becomes events."""

from __future__ import annotations

import io
import logging
import threading
import warnings

import pytest

from qiskit_qoro.local.job_log.python_logging import reported_messages
from qiskit_qoro.local.service_events import EVENT_KEY, EventKind, Level, ServiceEvent

LOGGER = logging.getLogger("qiskit_qoro.local.runner")


def test_messages_of_any_logger_are_reported_with_their_level() -> None:
    events: list[ServiceEvent] = []
    with reported_messages(events.append):
        LOGGER.error("job %s failed", "j1")
        logging.getLogger("uvicorn.error").warning("slow")
        LOGGER.info("unimportant")
    LOGGER.error("after the end", extra={"is_expected": True})
    assert [(event.level, event.text, event.logger) for event in events] == [
        (Level.ERROR, "job j1 failed", "qiskit_qoro.local.runner"),
        (Level.WARNING, "slow", "uvicorn.error"),
    ]


def test_an_error_has_its_traceback() -> None:
    events: list[ServiceEvent] = []
    with reported_messages(events.append):
        try:
            raise RuntimeError("of the engine")
        except RuntimeError:
            LOGGER.exception("job j1 failed")
    trace = events[0].traceback
    assert trace is not None
    assert trace.startswith("Traceback")
    assert trace.endswith("RuntimeError: of the engine\n")


def test_a_record_may_be_an_event_of_another_kind() -> None:
    events: list[ServiceEvent] = []
    with reported_messages(events.append):
        LOGGER.error("the disk is full", extra={EVENT_KEY: EventKind.STORAGE_FAILED})
    assert [(event.kind, event.text) for event in events] == [(EventKind.STORAGE_FAILED, "the disk is full")]


def test_a_warning_is_reported() -> None:
    events: list[ServiceEvent] = []
    with reported_messages(events.append):
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert [(event.text, event.logger) for event in events] == [("old", "py.warnings")]


def test_an_error_that_ends_a_thread_is_reported() -> None:
    events: list[ServiceEvent] = []

    def fail() -> None:
        raise RuntimeError("nobody catches it")

    with reported_messages(events.append):
        thread = threading.Thread(target=fail, name="the-thread")
        thread.start()
        thread.join()
    assert [event.text for event in events] == ["the thread the-thread has ended because of an error"]
    assert "nobody catches it" in (events[0].traceback or "")


def test_other_handlers_of_the_package_are_silent_only_meanwhile() -> None:
    stream = io.StringIO()
    package, handler = logging.getLogger("qiskit_qoro"), logging.StreamHandler(stream)
    package.addHandler(handler)
    try:
        with reported_messages(lambda event: None):
            LOGGER.error("meanwhile")
        LOGGER.error("afterwards")
    finally:
        package.removeHandler(handler)
    assert stream.getvalue() == "afterwards\n"


def test_a_report_that_fails_does_not_disturb_the_one_who_logs(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(event: ServiceEvent) -> None:
        raise ZeroDivisionError(event.text)

    with reported_messages(fail):
        LOGGER.error("job %s failed", "j1")
    assert "ZeroDivisionError: job j1 failed" in capsys.readouterr().err
