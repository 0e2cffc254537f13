"""The notebooks that the documentation offers for download: their Markdown, cells and pictures."""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

sys.path.append(str(Path(__file__).parents[1] / "docs/_ext"))
from drawn import DRAWINGS
from notebook_markdown import to_jupyter
from page_notebooks import notebook_of_page

LAYERS = DRAWINGS["layers"]().title
TITLES = {"../guides/cloud.md": "Use the cloud", "../guides/jobs.md#many-jobs": "Many jobs"}


@pytest.mark.parametrize(
    ("myst", "expected"),
    [
        pytest.param(
            "# Title\n\nText with `code` and $x^2$.", "# Title\n\nText with `code` and $x^2$.", id="text"
        ),
        pytest.param("See [](../guides/cloud.md).", "See *Use the cloud*.", id="link without text"),
        pytest.param("[](../guides/jobs.md#many-jobs)", "*Many jobs*", id="link to a heading"),
        pytest.param("See [the\n`jobs`](../guides/jobs.md#x).", "See the\n`jobs`.", id="link with text"),
        pytest.param("[Qiskit](https://example.org/a)", "[Qiskit](https://example.org/a)", id="other site"),
        pytest.param("`[a](b.md)`", "`[a](b.md)`", id="code that looks like a link"),
        pytest.param("{py:meth}`~a.b.Class.run` of {py:class}`a.Class`", "`run()` of `a.Class`", id="names"),
        pytest.param("(label)=\n{#name}\n% a comment\ntext", "text", id="labels and comments"),
        pytest.param(
            "::::{tab-set}\n:::{tab-item} One\n[b](c.md)\n:::\n:::{tab-item} Two\n```text\na\n```\n:::\n::::",
            "**One**\n\nb\n\n**Two**\n\n```text\na\n```",
            id="tabs",
        ),
        pytest.param("```{code-block} python\nf(x)\n```", "```python\nf(x)\n```", id="code block"),
        pytest.param(
            "```{terminal}\n:stop: end\n\nqiskit-qoro jobs\n```",
            "```shell\nqiskit-qoro jobs\n```",
            id="terminal",
        ),
        pytest.param("```text\n:::{note}\n[a](b.md)\n```", "```text\n:::{note}\n[a](b.md)\n```", id="code"),
        pytest.param(
            "```{figure} a.png\n:alt: A bar\n\nThe [caption](b.md).\n```",
            "![A bar](a.png)\n\nThe caption.",
            id="figure",
        ),
        pytest.param(
            "```{drawing} layers\nThe [caption](b.md).\n```",
            f"![{LAYERS}](drawing:layers)\n\nThe caption.",
            id="drawing",
        ),
        pytest.param(
            "Before\n\n```{events}\n```\n\nAfter",
            "Before\n\n*The web page has a table here.*\n\nAfter",
            id="table",
        ),
        pytest.param(
            "1. One:\n\n   :::{dropdown} Two\n   Three\n   :::",
            "1. One:\n\n   **Two**\n\n   Three",
            id="list",
        ),
    ],
)
def test_the_markdown_of_a_page_becomes_markdown_that_jupyter_shows(myst: str, expected: str) -> None:
    assert to_jupyter(myst, TITLES.__getitem__) == expected


def test_a_directive_that_no_notebook_shows_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot show the directive 'sidebar'"):
        to_jupyter("::::{tab-set}\n:::{sidebar} Title\nText\n:::\n::::", str)


def page(*cells: NotebookNode, folder: Path = Path()) -> NotebookNode:
    return notebook_of_page(new_notebook(cells=list(cells)), folder, str)


def code(source: str, *tags: str) -> NotebookNode:
    outputs = [new_output("stream", name=name, text="text") for name in ("stdout", "stderr")]
    return new_code_cell(source, metadata={"tags": list(tags), "mystnb": {}}, outputs=outputs)


def test_hidden_cells_and_empty_cells_are_left_out() -> None:
    cells = page(new_markdown_cell("(label)="), code("f()"), code("assert f()", "remove-cell")).cells
    assert [cell.source for cell in cells] == ["f()"]


def test_cells_keep_the_outputs_that_the_page_shows() -> None:
    plain, folded, silent = page(
        code("a"), code("b", "hide-input", "remove-stderr"), code("c", "remove-output")
    ).cells
    assert [[output.name for output in cell.outputs] for cell in (plain, folded, silent)] == [
        ["stdout", "stderr"],
        ["stdout"],
        [],
    ]
    assert (plain.metadata, folded.metadata) == ({}, {"jupyter": {"source_hidden": True}})


def test_a_notebook_contains_the_pictures_of_its_page(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"picture")
    (cell,) = page(new_markdown_cell("![A bar](a.png) ![](missing.png)"), folder=tmp_path).cells
    assert cell.source == "![A bar](attachment:a.png) ![](missing.png)"
    assert {name: base64.b64decode(data["image/png"]) for name, data in cell.attachments.items()} == {
        "a.png": b"picture"
    }


def test_a_notebook_contains_the_drawings_of_its_page() -> None:
    (cell,) = page(new_markdown_cell("```{drawing} layers\nThe layers.\n```")).cells
    assert cell.source == f"![{LAYERS}](attachment:layers.svg)\n\nThe layers."
    svg = base64.b64decode(cell.attachments["layers.svg"]["image/svg+xml"]).decode()
    assert {*re.findall(r"var\((--[\w-]+)\)", svg)} <= {*re.findall(r"(--[\w-]+):", svg)}, (
        "a colour is missing"
    )


def test_a_notebook_is_valid_and_the_same_each_time() -> None:
    first, second = (page(new_markdown_cell("Text"), code("f()")) for _ in range(2))
    nbformat.validate(first)
    assert first == second
