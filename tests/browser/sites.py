"""The sites that the tests open: their pages, and how a browser signs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from playwright.sync_api import Page

__all__ = ["SECTIONS", "Site"]

SECTIONS = {
    "jobs": "/pages/jobs",
    "systems": "/pages/systems",
    "workers": "/pages/workers",
    "credits": "/pages/credits",
    "characterizations": "/pages/characterizations",
}
"""The pages in the navigation."""


@dataclass(frozen=True)
class Site:
    """Pages that are served.

    Attributes:
        url: Scheme, host and port.
        address: Returns a new address that signs in.
        pages: The name of each page, and its path.
        expected_messages: Parts of messages that its pages may write to the console.
    """

    url: str
    address: Callable[[], str]
    pages: Mapping[str, str] = field(default_factory=dict)
    expected_messages: tuple[str, ...] = ()

    def sign_in(self, page: Page) -> Page:
        """Sign in with a one-time code, and wait for the list of jobs."""
        page.goto(self.address())
        page.wait_for_url("**/pages/jobs")
        return page
