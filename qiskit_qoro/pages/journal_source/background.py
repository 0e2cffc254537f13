"""Fetch values in the background, so that a page never waits for a slow service.

A page asks for a value and waits for it a moment. If the value is not there in time, the page is shown
without it, or with the last one, and the live part of the page gets it later. A fetch is never started twice
at the same time. Errors are values too: they are kept for a while before the next attempt.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from qiskit_qoro.errors import QoroError

__all__ = ["ERROR_AGE_S", "PATIENCE_S", "Answer", "Background"]

_log = logging.getLogger(__name__)

PATIENCE_S = 0.1
"""So long a page waits for all of its values together, in seconds."""

ERROR_AGE_S = 5.0
"""After an error, so many seconds pass before the next attempt."""

_MAX_FETCHES = 8
_PAGE_S = 0.5  # a page is made within this time
_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


@dataclass(frozen=True)
class Answer(Generic[_T_co]):
    """What is known of a value.

    Attributes:
        value: The value, perhaps an older one; ``None`` if there is none yet.
        error: Why the last attempt failed, or ``None``.
        is_pending: Whether the value is being fetched.
    """

    value: _T_co | None = None
    error: QoroError | None = None
    is_pending: bool = False


class _Fetch:
    """A fetch that is going on."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.ended = threading.Event()


@dataclass(frozen=True)
class _Kept:
    value: object
    error: QoroError | None
    time: float
    size: int


class Background:
    """Values by key that are fetched in threads. Methods may be called from any thread.

    Args:
        max_size: The maximum total size of the values. The ones that were used least recently are dropped.
        patience_s: How long a thread waits in several calls of :meth:`look` that follow each other.
        clock: Returns seconds from an arbitrary start.
    """

    def __init__(
        self,
        max_size: int,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_size = max_size
        self._patience_s = patience_s
        self._clock = clock
        self._lock = threading.Lock()  # guards everything below
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._fetches: dict[Hashable, _Fetch] = {}
        self._size = 0
        self._patience = threading.local()  # what is left of it for the page of this thread, and until when

    def look(
        self,
        key: Hashable,
        fetch: Callable[[], _T],
        *,
        max_age_s: float = math.inf,
        size: Callable[[_T], int] = lambda _value: 1,
    ) -> Answer[_T]:
        """Return what is known of a value. Fetch it if it is not known, or too old, and wait a moment.

        Args:
            key: The key.
            fetch: Fetches the value, in a thread. It may raise a :class:`QoroError`.
            max_age_s: The largest age of a value that is not fetched again, in seconds.
            size: Returns the size of a value.
        """
        with self._lock:
            kept = self._fresh(key, max_age_s)
            if kept is not None:
                return _answer(kept, is_pending=False)
            began = self._clock()
            wait_s = self._wait_s(began)
            going = self._fetches.get(key) or self._start(key, fetch, size)
        if going is not None and wait_s:
            going.ended.wait(wait_s)
            self._remember_wait(wait_s, began)
        with self._lock:
            return _answer(self._kept.get(key), is_pending=key in self._fetches or going is None)

    def get(
        self, key: Hashable, fetch: Callable[[], _T], *, size: Callable[[_T], int] = lambda _value: 1
    ) -> _T:
        """Return a value; fetch it if it is not known. Other fetches call this, and wait as long as it takes.

        Args:
            key: The key.
            fetch: As for :meth:`look`.
            size: As for :meth:`look`.

        Raises:
            QoroError: The value could not be fetched.
        """
        with self._lock:
            kept = self._fresh(key, math.inf)
            going = self._fetches.get(key)
        if kept is None and going is not None:
            going.ended.wait()
            with self._lock:
                kept = self._kept.get(key)
        if kept is None:
            value = fetch()
            with self._lock:
                self._keep(key, value, None, size(value))
            return value
        if kept.error is not None:
            raise kept.error
        return cast("_T", kept.value)

    def put(self, key: Hashable, value: object) -> None:
        """Keep a value that another fetch has brought along."""
        with self._lock:
            self._keep(key, value, None, 1)

    def known(self, key: Hashable) -> Answer[Any]:
        """Return what is known of a value, without fetching it."""
        with self._lock:
            return _answer(self._kept.get(key), is_pending=key in self._fetches)

    def forget(self, predicate: Callable[[Hashable], bool]) -> None:
        """Drop the values whose key meets a condition, so that they are fetched again."""
        with self._lock:
            for key in list(filter(predicate, self._kept)):
                self._size -= self._kept.pop(key).size

    def _fresh(self, key: Hashable, max_age_s: float) -> _Kept | None:
        """Return what is kept for a key if it is not too old, with the lock held."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        limit_s = max_age_s if kept.error is None else ERROR_AGE_S
        return kept if self._clock() - kept.time <= limit_s else None

    def _keep(self, key: Hashable, value: object, error: QoroError | None, size: int) -> None:
        """Keep a value or an error, with the lock held."""
        previous = self._kept.pop(key, None)
        if previous is not None:
            self._size -= previous.size
            if error is not None:  # the older value is better than none
                value, size = previous.value, previous.size
        self._kept[key] = _Kept(value, error, self._clock(), size)
        self._size += size
        while self._size > self._max_size and len(self._kept) > 1:
            self._size -= self._kept.popitem(last=False)[1].size

    def _start(self, key: Hashable, fetch: Callable[[], _T], size: Callable[[_T], int]) -> _Fetch | None:
        """Start a fetch, with the lock held; return ``None`` if there are too many already."""
        if len(self._fetches) >= _MAX_FETCHES:
            return None
        going = self._fetches[key] = _Fetch(self._clock())
        # The thread must not keep the process alive: a request may take minutes.
        name = "qoro-pages-fetch"
        threading.Thread(target=self._run, args=(key, going, fetch, size), name=name, daemon=True).start()
        return going

    def _wait_s(self, now: float) -> float:
        """How long to wait now. If an older fetch has kept a page waiting, the service is slow."""
        begun = now - self._patience_s
        if any(going.started <= begun for going in self._fetches.values()):
            return 0.0
        # A page looks at several values, one after the other.
        is_same_page = now < getattr(self._patience, "end", now)
        return self._patience.left_s if is_same_page else self._patience_s

    def _remember_wait(self, wait_s: float, began: float) -> None:
        """Remember how long the page of this thread may still wait for its other values."""
        now = self._clock()
        self._patience.left_s = max(0.0, wait_s - (now - began))
        self._patience.end = now + _PAGE_S

    def _run(self, key: Hashable, going: _Fetch, fetch: Callable[[], _T], size: Callable[[_T], int]) -> None:
        value: _T | None = None
        error: QoroError | None = None
        used = 1
        try:
            value = fetch()
            used = size(value)
        except QoroError as failure:
            error = failure
        except Exception as failure:
            _log.exception("a value of the web pages could not be fetched")
            error = QoroError(f"an unexpected error: {type(failure).__name__}")
        with self._lock:
            self._keep(key, value, error, used)
            self._fetches.pop(key, None)
        going.ended.set()


def _answer(kept: _Kept | None, *, is_pending: bool) -> Answer[Any]:
    if kept is None:
        return Answer(is_pending=is_pending)
    return Answer(kept.value, kept.error, is_pending)
