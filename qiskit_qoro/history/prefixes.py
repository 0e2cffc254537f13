"""Find the identifier that a prefix stands for, among the jobs in the journal.

The service cannot list jobs, so a prefix is only known for jobs that this machine submitted.
"""

from __future__ import annotations

import re
from datetime import datetime

from qiskit_qoro.display.times import ago, local_now
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history.journal import Journal
from qiskit_qoro.history.journal_entry import JournalEntry

__all__ = ["MIN_SEARCHED", "complete_job_id"]

MIN_SEARCHED = 4
"""The fewest characters that are taken for a prefix."""

_MAX_CANDIDATES = 5

_FULL = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# The beginning of an identifier of a service. Any other text may be an identifier of another form.
_BEGINNING = re.compile(r"[0-9a-fA-F]{4,8}|[0-9a-fA-F]{8}-[0-9a-fA-F-]*")


def complete_job_id(
    text: str, journal: Journal | None, service: str | None = None, *, now: datetime | None = None
) -> str:
    """Return the identifier of the job in the journal that begins with a text.

    Args:
        text: An identifier, or its first characters.
        journal: The journal, or ``None`` if there is none.
        service: Only jobs of this service, as the journal names it; ``None`` for jobs of all services.
        now: The present, by default the time of this machine.

    Returns:
        The identifier. The text itself, if no job in the journal begins with it and it may be the identifier
        of a job that the journal does not know.

    Raises:
        QoroInputError: Several jobs begin with the text, or it is too short for an identifier and no job
            begins with it.
    """
    if _FULL.fullmatch(text):
        return text
    found = [] if journal is None or len(text) < MIN_SEARCHED else journal.find_by_prefix(text, service)
    by_id = {str(entry.job_id): entry for entry in found}
    if text in by_id:
        return text
    if len(by_id) > 1:
        raise QoroInputError(_describe_candidates(text, list(by_id.values()), now or local_now()))
    if not by_id and _BEGINNING.fullmatch(text):
        where = "there is no journal on this machine to look it up in"
        if journal is not None:
            where = "no job in the journal of this machine begins with it"
        raise QoroInputError(f"{text!r} is not a complete identifier of a job, and {where}")
    return next(iter(by_id), text)


def _describe_candidates(text: str, entries: list[JournalEntry], now: datetime) -> str:
    described = []
    for entry in entries[:_MAX_CANDIDATES]:
        tag = f", tag {entry.tag!r}" if entry.tag else ""
        described.append(f"{entry.job_id} ({ago(entry.time, now=now)}{tag})")
    more = f" and {len(entries) - _MAX_CANDIDATES} more" if len(entries) > _MAX_CANDIDATES else ""
    return f"{len(entries)} jobs begin with {text!r}, type more characters: {', '.join(described)}{more}"
