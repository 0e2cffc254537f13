"""Pages of long lists: which rows a request asks for, and the addresses of the other pages.

The query has ``page``, from 1, and ``rows``. Values that make no sense count as the nearest one that does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from urllib.parse import urlencode

__all__ = ["SIZES", "Paging", "address_with", "page_query", "paged"]

SIZES = (25, 50, 100, 200)
"""The numbers of rows to choose from."""

_DEFAULT_SIZE = 50
_MAX_PAGE = 10**9


class _Listed(Protocol):
    @property
    def total(self) -> int: ...


_Found = TypeVar("_Found", bound=_Listed)


@dataclass(frozen=True)
class Paging:
    """A page of a list.

    Attributes:
        number: The number of the page, from 1.
        size: The largest number of rows.
        total: The number of rows of all pages.
        path: The path of the list, with the prefix.
        query: The other parameters of the query.
        back_text: The text of the link to the page before.
        on_text: The text of the link to the next page.
    """

    number: int
    size: int
    total: int
    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    back_text: str = "Newer"
    on_text: str = "Older"

    sizes = SIZES
    default_size = _DEFAULT_SIZE

    @property
    def num_pages(self) -> int:
        """The number of pages, at least 1."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The number of the first row of the page, from 1."""
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        """The number of the last row of the page."""
        return min(self.total, self.number * self.size)

    def address(self, number: int) -> str:
        """Return the address of another page."""
        return self._address(number, self.size)

    def address_of_size(self, size: int) -> str:
        """Return the address of the page of another size that has the first row of this page."""
        return self._address((self.first - 1) // size + 1, size)

    def _address(self, number: int, size: int) -> str:
        page = "" if number == 1 else str(number)
        rows = "" if size == _DEFAULT_SIZE else str(size)
        return address_with(self.path, self.query, page=page, rows=rows)


def address_with(path: str, query: Mapping[str, Sequence[str]], **changes: str | Sequence[str]) -> str:
    """Return an address with a query.

    Args:
        path: The path, with the prefix.
        query: The parameters with all their values.
        changes: New values of parameters. An empty one leaves out the parameter.
    """
    changed = {name: (value,) if isinstance(value, str) else tuple(value) for name, value in changes.items()}
    pairs = [(name, value) for name, values in {**query, **changed}.items() for value in values if value]
    return f"{path}?{urlencode(pairs, errors='replace')}" if pairs else path


def page_query(query: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return the parameters of a query that say which page of a list is asked for."""
    return {name: query.get(name, ()) for name in ("page", "rows")}


def paged(
    path: str,
    query: Mapping[str, Sequence[str]],
    fetch: Callable[[int, int], _Found],
    *,
    default_row: int = 0,
    back_text: str = "Newer",
    on_text: str = "Older",
) -> tuple[_Found, Paging]:
    """Fetch the page of a list that a query asks for; the last one if there are fewer pages.

    Args:
        path: The path of the list, with the prefix.
        query: The parameters of the query with all their values.
        fetch: Returns rows and the number of all rows. The arguments are the number of rows, and how many to
            leave out at the beginning.
        default_row: The position, from 0, of a row on the page if the query does not say which page.
        back_text: The text of the link to the page before.
        on_text: The text of the link to the next page.
    """
    size = min(SIZES, key=lambda size: abs(size - _number(query, "rows", _DEFAULT_SIZE)))
    number = min(max(1, _number(query, "page", default_row // size + 1)), _MAX_PAGE)
    found = fetch(size, (number - 1) * size)
    paging = Paging(number, size, found.total, path, query, back_text, on_text)
    if number > paging.num_pages:
        number = paging.num_pages
        found = fetch(size, (number - 1) * size)
        paging = Paging(number, size, found.total, path, query, back_text, on_text)
    return found, paging


def _number(query: Mapping[str, Sequence[str]], name: str, default: int) -> int:
    try:
        return int((query.get(name) or (str(default),))[-1])
    except ValueError:
        return default
