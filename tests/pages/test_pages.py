"""What every page has in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .sample import SampleSource
from .serving import Served, serve_pages

PAGES = ["jobs", "systems", "workers", "credits", "characterizations"]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serve_pages({"local": SampleSource()}) as served:
        yield served


@pytest.mark.parametrize("page", PAGES)
def test_a_signed_in_browser_sees_each_page(served: Served, page: str) -> None:
    answer = served.browser().get(f"{served.url}/pages/{page}")
    assert answer.status_code == 200
    assert page in answer.text.lower()


@pytest.mark.parametrize("page", PAGES)
def test_a_browser_that_is_not_signed_in_sees_the_form_only(served: Served, page: str) -> None:
    answer = served.visitor().get(f"{served.url}/pages/{page}")
    assert answer.status_code == 401
    assert "One-time code" in answer.text
