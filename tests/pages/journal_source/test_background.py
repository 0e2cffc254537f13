"""Values that are fetched in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.pages.journal_source.background import ERROR_AGE_S, Answer, Background
from qiskit_qoro.pages.journal_source.contents import size_of_circuits
from qiskit_qoro.pages.journal_source.source import MAX_CACHED

LONG_S = 60.0


class Gate:
    """A fetch that ends when the test lets it."""

    def __init__(self, value: object = "value") -> None:
        self.value = value
        self.opened = threading.Event()
        self.calls = 0

    def fetch(self) -> object:
        self.calls += 1
        assert self.opened.wait(LONG_S)
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> str:
        self.now += seconds
        return "moved"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


def test_a_value_that_is_there_soon_is_returned_at_once_and_kept() -> None:
    background = Background(10, patience_s=LONG_S)
    assert background.known("key") == Answer()
    assert background.look("key", lambda: "value") == Answer("value")
    assert background.look("key", lambda: "another") == Answer("value")
    assert background.known("key") == Answer("value")


def test_a_slow_value_is_pending_and_is_not_fetched_twice(gate: Gate) -> None:
    background = Background(10, patience_s=0.01)
    assert background.look("key", gate.fetch) == Answer(is_pending=True)
    assert background.look("key", gate.fetch) == Answer(is_pending=True)
    gate.opened.set()
    assert background.get("key", gate.fetch) == "value"
    assert background.look("key", gate.fetch) == Answer("value")
    assert gate.calls == 1


def test_after_one_wait_nobody_waits_for_a_slow_service(gate: Gate) -> None:
    time = Time()
    background = Background(10, patience_s=LONG_S, clock=time)
    started = threading.Thread(target=background.look, args=("key", gate.fetch))
    started.start()
    while not gate.calls:
        pass
    time.now += LONG_S
    # With a wait, these would take a minute each.
    assert background.look("key", gate.fetch).is_pending
    assert background.look("another", gate.fetch).is_pending
    gate.opened.set()
    started.join()


def test_a_page_waits_for_all_of_its_values_together(gate: Gate) -> None:
    time = Time()
    background = Background(10, patience_s=LONG_S, clock=time)
    assert background.look("soon", partial(time.move, LONG_S)) == Answer("moved")
    # The time of this page is used up. To wait again would take a minute.
    assert background.look("late", gate.fetch) == Answer(is_pending=True)
    gate.opened.set()
    time.now += 1
    assert background.get("late", gate.fetch) == "value"
    assert background.look("another", lambda: "value of the next page") == Answer("value of the next page")


def test_an_old_value_is_fetched_again_and_shown_meanwhile(gate: Gate) -> None:
    time = Time()
    background = Background(10, patience_s=0.01, clock=time)
    background.get("key", lambda: "old")
    assert background.look("key", gate.fetch, max_age_s=5) == Answer("old")
    time.now = 6
    assert background.look("key", gate.fetch, max_age_s=5) == Answer("old", is_pending=True)
    gate.opened.set()
    background.look("key", gate.fetch, max_age_s=5)


def test_an_error_is_kept_for_a_while_beside_the_older_value() -> None:
    time = Time()
    background = Background(10, patience_s=LONG_S, clock=time)
    error = QoroError("no answer")

    def fail() -> str:
        raise error

    background.get("key", lambda: "old")
    time.now = 10
    assert background.look("key", fail, max_age_s=5) == Answer("old", error)
    assert background.look("key", lambda: "new", max_age_s=5) == Answer("old", error)
    with pytest.raises(QoroError, match="no answer"):
        background.get("key", lambda: "new")
    time.now += ERROR_AGE_S + 1
    assert background.look("key", lambda: "new", max_age_s=5) == Answer("new")


def test_an_unexpected_error_is_logged_and_does_not_reach_the_page(
    caplog: pytest.LogCaptureFixture,
) -> None:
    background = Background(10, patience_s=LONG_S)
    with caplog.at_level(logging.ERROR):
        answer = background.look("key", lambda: 1 // 0)
    assert "ZeroDivisionError" in str(answer.error)
    assert "could not be fetched" in caplog.text


def test_the_values_that_were_used_least_recently_are_dropped() -> None:
    background = Background(3, patience_s=LONG_S)
    for key in ("a", "b", "c"):
        background.look(key, partial(str, key))
    background.look("a", lambda: "never")
    background.look("d", lambda: "d")
    assert [background.known(key).value is None for key in ("a", "b", "c", "d")] == [
        False,
        True,
        False,
        False,
    ]
    # A value that is larger than the cache is kept alone.
    background.look("large", lambda: "large", size=lambda _value: 100)
    assert background.known("large").value == "large"
    assert background.known("d").value is None


def test_what_is_known_of_a_job_of_100000_circuits_is_kept_with_its_outcomes() -> None:
    background = Background(MAX_CACHED, patience_s=LONG_S)
    sizes = {"contents": size_of_circuits(100_000), "rows": size_of_circuits(100_000), "block": 200}
    for key, size in sizes.items():
        background.look(key, partial(str, key), size=lambda _value, size=size: size)
    assert [background.known(key).value for key in sizes] == list(sizes)


def test_only_so_many_fetches_go_on_at_once(gate: Gate) -> None:
    background = Background(100, patience_s=0.001)
    for number in range(20):
        assert background.look(number, gate.fetch).is_pending
    assert gate.calls <= 8
    gate.opened.set()
    assert background.get(0, gate.fetch) == "value"


def test_values_are_forgotten_by_their_key() -> None:
    background = Background(10, patience_s=LONG_S)
    background.look(("state", "a"), lambda: 1)
    background.look(("state", "b"), lambda: 2)
    background.forget(lambda key: key == ("state", "a"))
    assert background.known(("state", "a")).value is None
    assert background.known(("state", "b")).value == 2
