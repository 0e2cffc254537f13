"""Choices of a filter as links: each leads to the same list with one condition more or less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.pages.handlers.paging import address_with

__all__ = ["Choice", "status_choices"]

# Statuses are listed in the order of the life of a job. Other ones follow.
_ORDER = {status.value: place for place, status in enumerate(JobStatus)}


@dataclass(frozen=True)
class Choice:
    """A link that changes a filter.

    Attributes:
        text: What it is about, such as a status.
        address: The address of the list with the change.
        number: The number of rows behind it, or ``None`` if unknown.
        is_on: Whether it applies now.
        name: The condition that it removes; empty if it does not remove one.
    """

    text: str
    address: str
    number: int | None = None
    is_on: bool = False
    name: str = ""


def status_choices(
    path: str,
    query: Mapping[str, Sequence[str]],
    by_status: Mapping[str, int],
    chosen: frozenset[str],
    *,
    several: bool,
) -> list[Choice]:
    """Return links that add a status to a filter or remove it. The first one removes all.

    Args:
        path: The path of the list, with the prefix.
        query: The parameters of the query with all their values.
        by_status: Status to number of rows.
        chosen: The statuses that apply now.
        several: Whether several statuses may apply. Otherwise a link replaces the one that applies.
    """
    known = sorted({*by_status, *chosen}, key=lambda status: (_ORDER.get(status, len(_ORDER)), status))
    choices = [Choice("All", address_with(path, query, status=()), sum(by_status.values()), not chosen)]
    for status in known:
        changed = chosen ^ {status} if several else {status} - chosen
        address = address_with(path, query, status=sorted(changed))
        choices.append(Choice(status, address, by_status.get(status, 0), status in chosen))
    return choices
