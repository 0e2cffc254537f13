"""A browser that records errors in the console, blocked content, requests to other origins, and dialogs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request

__all__ = ["Watched"]

# htmx reports a request that it ends because a newer one replaces it.
_REPLACED = "htmx:sendAbort"


@dataclass
class Watched:
    """A context of the browser, with cookies of its own.

    Attributes:
        context: The context.
        origin: The origin that all requests should go to.
        expected: Parts of messages in the console that are expected, such as a status code.
        dialogs: The texts of the dialogs that were shown.
    """

    context: BrowserContext
    origin: str
    expected: list[str] = field(default_factory=lambda: [_REPLACED])
    dialogs: list[str] = field(default_factory=list)
    _messages: list[str] = field(default_factory=list)
    _foreign: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # The console also reports what the Content-Security-Policy blocks.
        self.context.on("console", self._keep_message)
        self.context.on("weberror", lambda error: self._messages.append(f"uncaught: {error.error}"))
        self.context.on("request", self._keep_foreign)
        self.context.on("dialog", self._accept)

    def page(self, address: str = "") -> Page:
        """Open a page in a new tab."""
        page = self.context.new_page()
        if address:
            page.goto(address)
        return page

    def expect_messages(self, *parts: str) -> None:
        """Accept messages in the console that contain one of some texts."""
        self.expected += parts

    def check(self) -> None:
        """Fail if something has happened that must not."""
        found = [text for text in self._messages if not _contains(text, self.expected)]
        found += [f"request to another origin: {address}" for address in self._foreign]
        if found:
            raise AssertionError("\n".join(found))

    def _keep_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            self._messages.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _keep_foreign(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != self.origin and parts.scheme not in {"about", "data"}:
            self._foreign.append(request.url)

    def _accept(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.accept()


def _contains(text: str, parts: Iterable[str]) -> bool:
    return any(part in text for part in parts)
