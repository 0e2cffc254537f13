"""Bring the statuses in the journal up to date, in the background."""

from __future__ import annotations

from dataclasses import dataclass

from qiskit_qoro.errors import AuthenticationError
from qiskit_qoro.history import MAX_STATUS_POLLS, Journal, JournalPages, ask_statuses
from qiskit_qoro.pages.journal_source.background import Background
from qiskit_qoro.pages.journal_source.client import JournalClient

__all__ = ["INTERVAL_S", "Statuses"]

INTERVAL_S = 3.0
"""The service is asked about unfinished jobs again after so many seconds at the earliest."""

_TIME_LIMIT_S = 30.0
_KEY = ("statuses",)


@dataclass(frozen=True)
class _Update:
    """What came of asking.

    Attributes:
        num_unknown: The number of unfinished service jobs about which the service has not answered.
        note: Why it has not; empty if it has answered everything that it was asked.
    """

    num_unknown: int
    note: str


class Statuses:
    """Asks a service about the unfinished jobs of a journal, newest first.

    Args:
        journal: The journal, which records the answers.
        pages: The jobs of the service.
        background: Asks in a thread, and never twice at the same time.
    """

    def __init__(self, journal: Journal, pages: JournalPages, background: Background) -> None:
        self._journal = journal
        self._pages = pages
        self._background = background

    @property
    def note(self) -> str:
        """Why statuses may be out of date; empty if they are not."""
        update: _Update | None = self._background.known(_KEY).value
        return "" if update is None else update.note

    def num_unknown(self, num_unfinished: int) -> int:
        """Return how many of the unfinished jobs of a page may have another status by now.

        Args:
            num_unfinished: The unfinished jobs, as far as the journal knows.
        """
        update: _Update | None = self._background.known(_KEY).value
        return num_unfinished if update is None else min(num_unfinished, update.num_unknown)

    def refresh(self, client: JournalClient) -> None:
        """Begin to ask about unfinished jobs, unless that was done a moment ago."""
        self._background.look(_KEY, lambda: self._ask(client), max_age_s=INTERVAL_S)

    def _ask(self, client: JournalClient) -> _Update:
        entries, total = self._pages.unfinished(limit=MAX_STATUS_POLLS)
        if not entries:
            return _Update(0, "")
        deadline = client.service().deadline(_TIME_LIMIT_S)
        states, errors = ask_statuses(self._journal, entries, client.service, deadline=deadline)
        for entry in entries:
            if entry.number in states:
                # The list shows the progress and the duration, too.
                self._background.put(("state", entry.job_id), states[entry.number])
        note = ""
        if errors:
            refused = isinstance(errors[-1], AuthenticationError)
            reason = "The service refuses the token" if refused else "The service did not answer as expected"
            note = f"{reason}, so these are the last known statuses: {errors[-1]}"
        return _Update(total - len(states), note)
