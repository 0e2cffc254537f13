"""Report requests that were refused because of their token or their number."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qiskit_qoro.local.service_events import EventKind, Report, ServiceEvent
from qiskit_qoro.local.web.answered_requests import AnsweredRequest

__all__ = ["RefusedRequests"]

_REASONS: Mapping[int, str] = {
    401: "missing or unknown token",
    429: "too many requests or jobs",
}
_INTERVAL_S = 10.0
# An attacker may use any number of addresses.
_MAX_KNOWN = 1000

_Sender = tuple[int, str | None, str | None]
"""A status code, and the account or the client."""


@dataclass
class _Refusals:
    """The last report of a sender, by the clock, and the number of its refusals since then."""

    reported_at: float
    number: int = 0


class RefusedRequests:
    """Reports refused requests: the first one of an account or client, and then the others all ten seconds.

    Several threads may use it.

    Args:
        report: Takes the events.
        clock: Returns seconds from an arbitrary start.
    """

    def __init__(self, report: Report, clock: Callable[[], float] = time.monotonic) -> None:
        self._report = report
        self._clock = clock
        self._lock = threading.Lock()
        self._by_sender: dict[_Sender, _Refusals] = {}

    def observe(self, request: AnsweredRequest) -> None:
        """Take a request that was answered."""
        if request.status not in _REASONS:
            return
        sender = (request.status, request.account, None if request.account else request.client)
        with self._lock:
            sender, number = self._count(sender)
        if number:
            self._report(_event(sender, number))

    def close(self) -> None:
        """Report the refusals that are not reported yet."""
        with self._lock:
            rest = [(sender, found.number) for sender, found in self._by_sender.items() if found.number]
            self._by_sender.clear()
        for sender, number in rest:
            self._report(_event(sender, number))

    def _count(self, sender: _Sender) -> tuple[_Sender, int]:
        """Count a refusal, and return for whom it counts and how many to report now."""
        now = self._clock()
        if len(self._by_sender) >= _MAX_KNOWN and sender not in self._by_sender:
            self._forget_old(now)
        if len(self._by_sender) >= _MAX_KNOWN and sender not in self._by_sender:
            sender = (sender[0], None, None)
        found = self._by_sender.setdefault(sender, _Refusals(now - _INTERVAL_S))
        found.number += 1
        if now - found.reported_at < _INTERVAL_S:
            return sender, 0
        number, found.number, found.reported_at = found.number, 0, now
        return sender, number

    def _forget_old(self, now: float) -> None:
        """Forget the senders that have nothing left to report."""
        for sender, found in list(self._by_sender.items()):
            if not found.number and now - found.reported_at >= _INTERVAL_S:
                del self._by_sender[sender]


def _event(sender: _Sender, number: int) -> ServiceEvent:
    status, account, client = sender
    return ServiceEvent(
        kind=EventKind.REQUESTS_REFUSED,
        account=account,
        client=client,
        count=number,
        reason=_REASONS[status],
        status=str(status),
    )
