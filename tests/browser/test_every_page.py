"""What holds for every page: accessible, readable on a narrow screen, usable with the keyboard, no errors."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from .conftest import FindViolations, OpenBrowser
from .sites import Site

NARROW, WIDE = 400, 1400


def test_axe_core_finds_no_violation(
    site: Site, open_browser: OpenBrowser, violations: FindViolations
) -> None:
    browser = open_browser(site.url)
    browser.expect_messages("401", "404", *site.expected_messages)
    page = browser.page(site.url)
    found = problems_of("sign-in", page, violations)
    site.sign_in(page)
    for name, path in {**site.pages, "error": "/pages/nowhere"}.items():
        page.goto(site.url + path)
        found += problems_of(name, page, violations)
    assert "\n".join(found) == ""


def problems_of(name: str, page: Page, violations: FindViolations) -> list[str]:
    """Check the page that is shown in both colour schemes and in two widths."""
    found = []
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        # The scheme changes nothing but colours, and all rules take a while.
        for scheme, rules in (("light", ()), ("dark", ("color-contrast",))):
            page.emulate_media(color_scheme=scheme)
            problems = violations(page, *rules)
            found += [f"{name}, {scheme}, {width} pixels: {problem}" for problem in problems]
    return found


def test_no_page_is_wider_than_a_narrow_screen(site: Site, open_browser: OpenBrowser) -> None:
    browser = open_browser(site.url, viewport={"width": NARROW, "height": 900})
    browser.expect_messages(*site.expected_messages)
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
    browser.expect_messages(*site.expected_messages)
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
