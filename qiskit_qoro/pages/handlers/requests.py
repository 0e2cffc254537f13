"""What a handler gets and returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from qiskit_qoro.pages.source import Source
from qiskit_qoro.pages.submissions import Submissions

__all__ = ["PageRequest", "Redirect", "Report"]


@dataclass(frozen=True)
class PageRequest:
    """A request of a signed-in account.

    Attributes:
        source: What the account may see and do.
        now: The present, in the time zone of the dates that are shown.
        prefix: The prefix of the addresses of all pages.
        path: The variable parts of the path.
        query: The parameters of the query. If one occurs several times, this has the last value.
        query_lists: The parameters of the query with all their values.
        is_part: Whether the browser only replaces the live part of a page.
        form: The fields of the form that was sent.
        submissions: The jobs that the session has submitted again.
    """

    source: Source
    now: datetime
    prefix: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    query_lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_part: bool = False
    form: Mapping[str, str] = field(default_factory=dict)
    submissions: Submissions = field(default_factory=Submissions)


@dataclass(frozen=True)
class Redirect:
    """Leads the browser to another page after a change, with a message.

    Attributes:
        path: The path below the prefix.
        message: What has happened.
        level: The colour of the message, as for badges.
    """

    path: str
    message: str = ""
    level: str = "good"


@dataclass(frozen=True)
class Report:
    """An HTML report that is not trusted. It is shown in a frame without scripts."""

    html: str
