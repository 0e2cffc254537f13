"""What holds for every page: accessible, readable on a narrow screen, usable with the keyboard, no errors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenBrowser
from .sites import Site

NARROW, WIDE = 400, 1400


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_core_finds_no_violation(
    site: Site, open_browser: OpenBrowser, violations: Callable[[Page], list[str]], scheme: str, width: int
) -> None:
    browser = open_browser(site.url, color_scheme=scheme, viewport={"width": width, "height": 900})
    page = browser.page(site.url)
    browser.expect_messages("401")
    found = {"sign-in": violations(page)}
    site.sign_in(page)
    browser.expect_messages("404")
    for name, path in {**site.pages, "error": "/pages/nowhere"}.items():
        page.goto(site.url + path)
        found[name] = violations(page)
    assert "\n".join(f"{name}: {problem}" for name, problems in found.items() for problem in problems) == ""


def test_no_page_is_wider_than_a_narrow_screen(site: Site, open_browser: OpenBrowser) -> None:
    browser = open_browser(site.url, viewport={"width": NARROW, "height": 900})
    page = site.sign_in(browser.page())
    widths = {}
    for name, path in site.pages.items():
        page.goto(site.url + path)
        widths[name] = page.evaluate("() => document.scrollingElement.scrollWidth")
    assert {name: width for name, width in widths.items() if width > NARROW} == {}


def test_every_page_has_a_title_a_heading_and_marks_its_place_in_the_navigation(
    site: Site, open_browser: OpenBrowser
) -> None:
    browser = open_browser(site.url)
    page = site.sign_in(browser.page())
    titles = set()
    for path in site.pages.values():
        page.goto(site.url + path)
        titles.add(page.title())
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        expect(page.locator("nav [aria-current=page]")).to_have_count(1)
    assert len(titles) == len(site.pages)


def test_the_keyboard_reaches_the_content_first_and_then_each_page(
    site: Site, open_browser: OpenBrowser
) -> None:
    page = site.sign_in(open_browser(site.url).page())
    page.goto(site.url + site.pages["jobs"])
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    expect(page.locator(":focus")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    names = []
    page.goto(site.url + site.pages["jobs"])
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(page.evaluate("() => document.activeElement.innerText"))
    shown = page.get_by_role("banner").locator("nav a").all_inner_texts()
    assert [name for name in names if name in shown] == shown
