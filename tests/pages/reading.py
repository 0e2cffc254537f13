"""Read a page as a person or a screen reader does: its headings, tables, links and texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["ReadPage", "Table", "read_page"]

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)


@dataclass
class Table:
    """A table of a page: its headings, and the texts of the cells of each row."""

    headings: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


@dataclass(eq=False)
class ReadPage(HTMLParser):
    """What a page contains.

    Attributes:
        text: The text of the page in one line.
        headings: Level and text of each heading.
        links: Text and address of each link.
        tables: The tables.
        facts: Name and value of all lists of properties.
        tags: Name and attributes of each element.
    """

    text: str = ""
    headings: list[tuple[int, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._term = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append((tag, values))
        if tag == "table":
            self.tables.append(Table())
        elif tag == "tr" and self.tables:
            self.tables[-1].rows.append([])
        if tag not in _VOID:
            self._open.append((tag, values, []))

    def handle_data(self, data: str) -> None:
        self.text += data
        for _, _, parts in self._open:
            parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, tag
        opened, attributes, parts = self._open.pop()
        assert opened == tag, f"{opened} ends with {tag}"
        text = " ".join("".join(parts).split())
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append((int(tag[1]), text))
        elif tag == "a":
            self.links.append((text, attributes.get("href", "")))
        elif tag == "th" and attributes.get("scope") == "col":
            self.tables[-1].headings.append(text)
        elif tag in {"td", "th"}:
            self.tables[-1].rows[-1].append(text)
        elif tag == "tr" and not self.tables[-1].rows[-1]:
            self.tables[-1].rows.pop()  # the row of the headings
        elif tag == "dt":
            self._term = text
        elif tag == "dd":
            self.facts[self._term] = text


def read_page(html: str) -> ReadPage:
    """Read a page. All of its elements end in the right order."""
    page = ReadPage()
    page.feed(html)
    page.close()
    page.text = " ".join(page.text.split())
    assert not page._open, page._open
    return page
