"""Sign in and out, other accounts, and a service that stops."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pictured_jobs import ghz
from playwright.sync_api import expect

from qiskit_qoro import QoroProvider
from qiskit_qoro.local import Account

from .conftest import OpenBrowser
from .services import Running, run_service

OTHER_TOKEN = "token-of-alice"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A service with two accounts, each of which has a job."""
    with run_service(accounts={OTHER_TOKEN: Account("alice")}) as running:
        running.backend.run(ghz(2), shots=10, tag="mine").result()
        with QoroProvider(OTHER_TOKEN, base_url=running.service.url, journal=False) as alice:
            alice.get_backend("qoro_maestro").run(ghz(2), shots=10, tag="hers").result()
        yield running


@pytest.mark.parametrize("has_scripts", [True, False])
def test_an_address_signs_in_once_and_the_code_leaves_the_address(
    running: Running, open_browser: OpenBrowser, has_scripts: bool
) -> None:
    address = running.site.address()
    page = open_browser(running.site.url, java_script_enabled=has_scripts).page(address)
    page.wait_for_url("**/pages/jobs")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    other = open_browser(running.site.url)
    other.expect_messages("401")
    page = other.page(address)
    expect(page.get_by_role("alert")).to_contain_text("has been used")


@pytest.mark.parametrize("has_scripts", [True, False])
def test_each_account_sees_its_own_jobs(
    running: Running, open_browser: OpenBrowser, has_scripts: bool
) -> None:
    mine = running.site.sign_in(open_browser(running.site.url).page())
    hers = open_browser(running.site.url, java_script_enabled=has_scripts)
    hers.expect_messages("401", "404")
    page = hers.page(f"{running.site.url}/pages/jobs")
    page.get_by_label("One-time code or token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    page.get_by_label("One-time code or token").fill(OTHER_TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/pages/jobs")
    expect(page.get_by_role("row").filter(has_text="hers")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("mine")
    expect(page.get_by_role("banner")).to_contain_text("alice")
    expect(mine.get_by_role("row").filter(has_text="mine")).to_be_visible()
    expect(mine.locator("main")).not_to_contain_text("hers")
    link = mine.get_by_role("rowheader").get_by_role("link").get_attribute("href")
    assert page.goto(running.site.url + str(link)).status == 404


@pytest.mark.parametrize("has_scripts", [True, False])
def test_after_signing_out_the_back_button_shows_nothing(
    running: Running, open_browser: OpenBrowser, has_scripts: bool
) -> None:
    browser = open_browser(running.site.url, java_script_enabled=has_scripts)
    browser.expect_messages("401")
    page = running.site.sign_in(browser.page())
    page.get_by_role("rowheader").get_by_role("link").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("One-time code or token")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("One-time code or token")).to_be_visible()
    assert "mine" not in page.content()


def test_a_lost_connection_is_announced_until_it_is_back(running: Running, open_browser: OpenBrowser) -> None:
    browser = open_browser(running.site.url)
    browser.expect_messages("ERR_INTERNET_DISCONNECTED", "htmx:")
    page = running.site.sign_in(browser.page())
    browser.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    browser.context.set_offline(False)
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.get_by_role("row").filter(has_text="mine")).to_be_visible()


def test_a_service_that_starts_again_asks_to_sign_in(open_browser: OpenBrowser) -> None:
    with run_service() as first:
        port = urlsplit(first.site.url).port
        browser = open_browser(first.site.url)
        browser.expect_messages(
            "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "htmx:", "401"
        )
        page = first.site.sign_in(browser.page())
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    with run_service(port=port) as second:
        expect(page.get_by_label("One-time code or token")).to_be_visible()
        second.site.sign_in(page)
        expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
