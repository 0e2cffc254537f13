"""Visit pages as a browser without scripts does: read them, follow links, send forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser

import requests

from qiskit_qoro.local import LocalService
from qiskit_qoro.pages.opening import open_local_pages
from qiskit_qoro.pages.source import Source

from .reading import ReadPage, read_page
from .serving import serve_pages

__all__ = ["Form", "Visit", "open_visit", "visit_service"]


@dataclass
class Form:
    """A form: where it leads, what it sends, and the elements around it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    around: tuple[str, ...] = ()


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._around: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values["action"], values.get("method", "get"), around=(*self._around,)))
        elif tag == "input" and self.forms:
            self.forms[-1].fields.append((values["name"], values.get("value", "")))
        if tag in {"details", "table", "nav"}:
            self._around.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"details", "table", "nav"}:
            self._around.remove(tag)


@dataclass
class Visit:
    """A signed-in browser without scripts.

    Attributes:
        url: Scheme, host and port.
        browser: The cookies.
        answer: The last answer.
    """

    url: str
    browser: requests.Session
    answer: requests.Response = field(default_factory=requests.Response)

    def get(self, path: str, headers: Mapping[str, str] = {}) -> ReadPage:
        """Load a page; without scripts every page is whole."""
        self.answer = self.browser.get(self.url + path, headers=dict(headers))
        return read_page(self.answer.text)

    def part(self, path: str, seen: str = "") -> requests.Response:
        """Ask for the live part of a page, as htmx does."""
        headers = {"HX-Request": "true", "X-Seen": seen}
        return self.browser.get(self.url + path, headers=headers)

    def forms(self, ending: str = "") -> list[Form]:
        """The forms of the page whose path ends like this."""
        parser = _Forms()
        parser.feed(self.answer.text)
        return [form for form in parser.forms if form.action.partition("?")[0].endswith(ending)]

    def send(self, form: Form) -> ReadPage:
        """Send a form by POST and follow where it leads."""
        self.answer = self.browser.post(
            self.url + form.action, data=form.fields, headers={"Origin": self.url}
        )
        return read_page(self.answer.text)


@contextmanager
def open_visit(source: Source) -> Iterator[Visit]:
    """Serve the pages of a source, and sign in."""
    with serve_pages({"local": source}) as served:
        yield Visit(served.url, served.browser())


@contextmanager
def visit_service(service: LocalService) -> Iterator[Visit]:
    """Show the pages of a local service, and sign in to its own account."""
    pages = open_local_pages(service)
    with requests.Session() as browser:
        browser.trust_env = False
        browser.get(pages.address()).raise_for_status()
        yield Visit(pages.url.removesuffix("/pages/"), browser)
