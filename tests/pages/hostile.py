"""Values of the pages with a given text in every place for a text, and a reader of what a browser sees."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from html.parser import HTMLParser
from itertools import zip_longest
from typing import Any

from qiskit_qoro.pages.views import (
    CharacterizationView,
    CircuitsPage,
    CircuitView,
    CreditsView,
    JobFilter,
    JobsPage,
    JobView,
    SourceFacts,
    TargetView,
    WorkersView,
)

# Pictures and paths of our own are not escaped.
_OWN = {
    (CharacterizationView, "pictures"): (("title", "caption", '<svg viewBox="0 0 1 1"></svg>'),),
    (SourceFacts, "docs_path"): "/docs",
}


def variants(hint: Any, text: str) -> list[Any]:
    """Build values of a type, with the text wherever a text is allowed.

    There is one value for each alternative of a union, so that all of them occur.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return [value for one in arguments for value in variants(one, text)]
    if origin is not None and issubclass(origin, Mapping):
        keys = variants(arguments[0], text)
        return [dict.fromkeys(keys, value) for value in variants(arguments[1], text)]
    if origin is tuple and Ellipsis not in arguments:
        return [tuple(one) for one in _combined([variants(one, text) for one in arguments])]
    if origin is not None and issubclass(origin, frozenset | set):
        return [frozenset(arguments[0])] if issubclass(arguments[0], Enum) else [frozenset({text})]
    if origin is not None and issubclass(origin, Sequence):
        return [tuple(variants(arguments[0], text) * 2)]
    if is_dataclass(hint):
        return _objects(typing.cast("type", hint), text)
    return _plain(hint, text)


def _plain(hint: Any, text: str) -> list[Any]:
    plain: dict[Any, list[Any]] = {
        str: [text],
        int: [3],
        float: [0.5],
        bool: [True],
        Decimal: [Decimal("1.50")],
        datetime: [datetime(2026, 11, 30, 11, 0, tzinfo=UTC)],
        date: [date(2026, 11, 30)],
        type(None): [None],
        None: [None],
    }
    if hint in plain:
        return plain[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)
    raise TypeError(f"there is no rule for {hint}")


def _objects(kind: type, text: str) -> list[Any]:
    """Build instances. The checks of a value are left out, because other services may send anything."""
    hints = typing.get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    found = []
    for values in _combined([variants(hints[name], text) for name in names]):
        one = object.__new__(kind)
        for name, value in zip(names, values, strict=True):
            object.__setattr__(one, name, _OWN.get((kind, name), value))
        found.append(one)
    return found


def _combined(columns: Sequence[list[Any]]) -> list[list[Any]]:
    """Combine the variants of several places, so that each variant occurs in at least one combination."""
    longest = max(map(len, columns), default=1)
    rows = zip_longest(*columns)
    return [
        [column[index % len(column)] for column in columns]
        for index, _ in zip(range(longest), rows, strict=True)
    ]


class HostileSource:
    """A source that has a text everywhere.

    Args:
        text: The text.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.facts: SourceFacts = self._first(SourceFacts)

    def _all(self, kind: type) -> list[Any]:
        return variants(kind, self._text)

    def _first(self, kind: type) -> Any:
        return self._all(kind)[0]

    def jobs(self, condition: JobFilter, *, limit: int, offset: int) -> JobsPage:
        rows = [row for page in self._all(JobsPage) for row in page.rows]
        page: JobsPage = self._first(JobsPage)
        object.__setattr__(page, "rows", rows)
        return page

    def refresh(self) -> None:
        pass

    def job(self, job_id: str) -> JobView:
        """Return a variant: the last digit of the identifier says which one."""
        view: JobView = self._variant(JobView, job_id)
        if view.row.job_id is None:  # a job that has a page has an identifier
            object.__setattr__(view, "row", replace(view.row, job_id=self._text))
        return view

    def _variant(self, kind: type, job_id: str) -> Any:
        found = self._all(kind)
        return found[int(job_id[-1]) % len(found)] if job_id[-1:].isdigit() else found[0]

    def circuits(self, job_id: str, *, status: str, limit: int, offset: int) -> CircuitsPage:
        return self._first(CircuitsPage)

    def circuit(self, job_id: str, position: int) -> CircuitView | None:
        return self._variant(CircuitView, job_id)

    def characterization(self, job_id: str) -> CharacterizationView | None:
        return self._first(CharacterizationView)

    def report(self, job_id: str) -> str | None:
        return self._text

    def targets(self) -> list[TargetView]:
        return self._all(TargetView)

    def workers(self) -> WorkersView:
        return self._first(WorkersView)

    def credits(self, *, limit: int, offset: int) -> CreditsView:
        return self._first(CreditsView)

    def cancel(self, job_id: str) -> str:
        return self._text

    def delete(self, job_id: str) -> str:
        return self._text

    def resubmit(self, job_id: str) -> str:
        return self._text


class Outline(HTMLParser):
    """The elements of a page with their attributes, as a browser reads them, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def visible(self) -> str:
        """The text that people see or hear."""
        return "".join([*self.texts, *self.values_of("title", "alt", "aria-label", "placeholder")])

    @property
    def shape(self) -> set[tuple[str, tuple[str, ...]]]:
        """The kinds of elements with the names of their attributes."""
        return {(tag, tuple(sorted(attributes))) for tag, attributes in self.elements}

    def values_of(self, *names: str) -> list[str]:
        """The values of all attributes with one of the names."""
        return [
            attributes[name] or "" for _, attributes in self.elements for name in names if name in attributes
        ]
