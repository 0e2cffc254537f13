"""The check that the built pages load nothing from other hosts."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "_ext"))

from offline import addresses


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.html", '<script src="https://other.example/a.js"></script>'),
        ("page.html", '<img alt="" src="//other.example/a.png"/>'),
        ("page.html", '<img srcset="small.png 1x, https://other.example/a.png 2x"/>'),
        ("page.html", '<link rel="stylesheet" href="https://other.example/a.css"/>'),
        ("page.html", '<p style="background: url(https://other.example/a.png)">'),
        ("site.css", '@import "https://other.example/a.css";'),
        ("site.css", "@font-face { src: url('https://other.example/a.woff2'); }"),
    ],
)
def test_what_a_page_loads_from_another_host_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    (found,) = addresses(tmp_path / name)
    assert "other.example/a." in found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.html", '<a href="https://other.example/">A link</a> <script src="../_static/a.js"></script>'),
        ("page.html", "<p>Open https://other.example/ in the browser.</p>"),
        ("site.css", "/* https://other.example/ */ p { background: url(a.png); }"),
    ],
)
def test_links_texts_and_own_files_are_fine(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(addresses(tmp_path / name)) == []
