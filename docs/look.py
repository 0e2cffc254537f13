"""Open every page of the built documentation in Chromium, and print what is wrong with it.

``python docs/look.py`` builds the pages first, in a folder of its own. With the argument ``FOLDER`` it looks
at pages that exist.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from chromium import chromium_arguments, find_chromium
from playwright.async_api import Browser, Page, TimeoutError, async_playwright

DOCS = Path(__file__).parent
INSPECTION = (DOCS / "look.js").read_text(encoding="utf-8")
WIDTHS = (1400, 400)
# No code is clipped in a window of this width.
WIDTH_OF_CODE = 1200
SEARCHED = "histogram"
TABS = 4


@dataclass
class Look:
    """What was found on a page.

    Attributes:
        page: The file.
        faults: What is wrong, and in which windows.
        links: The addresses of the links to other pages.
    """

    page: Path
    faults: dict[str, list[str]] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)

    def add(self, fault: str, window: str = "") -> None:
        """Add a fault, or another window to a fault."""
        self.faults.setdefault(fault, []).append(window)


def watch(tab: Page, look: Look) -> None:
    """Record errors of the console, and requests that fail or leave the site."""
    tab.on("console", lambda said: said.type in ("error", "warning") and look.add(f"console: {said.text}"))
    tab.on("pageerror", lambda error: look.add(f"uncaught: {error}"))
    tab.on("requestfailed", lambda request: look.add(f"a request fails: {request.url}"))
    tab.on(
        "request",
        lambda request: (
            urlsplit(request.url).scheme in ("file", "data", "blob")
            or look.add(f"a request leaves the site: {request.url}")
        ),
    )


async def look_at(browser: Browser, file: Path) -> Look:
    """Open a page in all windows, light and dark."""
    look = Look(file)
    tab = await browser.new_page()
    watch(tab, look)
    await tab.goto(file.as_uri())
    await tab.evaluate(f"async () => {{ {INSPECTION} await openAll(); }}")
    found = await tab.evaluate(f"() => {{ {INSPECTION} return [faultsOfContent(), links()]; }}")
    for fault in found[0]:
        look.add(fault)
    look.links.update(found[1])
    for theme in ("light", "dark"):
        await tab.emulate_media(color_scheme=theme)
        checks = f"unreadableCode().concat(codeOfOtherTheme('{theme}'))"
        for fault in await tab.evaluate(f"() => {{ {INSPECTION} return {checks}; }}"):
            look.add(fault, theme)
        for width in WIDTHS:
            await tab.set_viewport_size({"width": width, "height": 900})
            for fault in await tab.evaluate(f"() => {{ {INSPECTION} return faultsOfLayout(); }}"):
                look.add(fault, f"{theme}, {width} px")
    await tab.set_viewport_size({"width": WIDTH_OF_CODE, "height": 900})
    for fault in await tab.evaluate(f"() => {{ {INSPECTION} return clippedCode(); }}"):
        look.add(fault, f"{WIDTH_OF_CODE} px")
    await tab.close()
    return look


async def search(browser: Browser, file: Path) -> Look:
    """Search a word."""
    look = Look(file)
    tab = await browser.new_page()
    await tab.goto(f"{file.as_uri()}?q={SEARCHED}")
    try:
        await tab.locator("#search-results li a").first.wait_for()
    except TimeoutError:
        look.add(f"the search does not find {SEARCHED!r}")
    await tab.close()
    return look


async def look_at_all(folder: Path) -> list[Look]:
    """Look at the pages of a site, some at a time."""
    pages = [page for page in sorted(folder.rglob("*.html")) if "_modules" not in page.parts]
    if not pages:
        raise SystemExit(f"{folder} has no pages: build them with `sphinx-build docs FOLDER`")
    free = asyncio.Semaphore(TABS)

    async def take(page: Path) -> Look:
        async with free:
            return await look_at(browser, page)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=chromium_arguments())
        looks = await asyncio.gather(*map(take, pages), search(browser, folder / "search.html"))
        await browser.close()
    return [*looks]


@cache
def names_in(page: Path) -> set[str]:
    """The names in a page that a link can refer to."""
    return set(re.findall(r'\s(?:id|name)="([^"]+)"', page.read_text(encoding="utf-8")))


def broken(links: set[str]) -> Iterator[str]:
    """The links whose file or place does not exist."""
    for link in sorted(links):
        parts = urlsplit(link)
        target = Path(unquote(parts.path))
        if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in names_in(target)):
            yield link


def main() -> int:
    """Look at the pages, and print a line for each fault."""
    if sys.argv[1:]:
        folder = Path(sys.argv[1]).resolve()
    else:
        folder = DOCS / "_build/look/html"
        subprocess.run(["sphinx-build", "-W", "-q", "-j", "auto", "-b", "html", DOCS, folder], check=True)
    looks = asyncio.run(look_at_all(folder))
    for look in looks:
        for link in broken(look.links):
            look.add(f"a link is broken: {link.removeprefix(folder.as_uri())}")
        for fault, windows in look.faults.items():
            where = ", ".join(filter(None, [str(look.page.relative_to(folder)), *windows]))
            print(f"{where}: {fault}")
    faults = sum(len(look.faults) for look in looks)
    print(f"{len(looks) - 1} pages, {faults or 'no'} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
