"""The documentation against the package: nothing public is missing on its pages, no link leads nowhere."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import qiskit_qoro

ROOT = Path(__file__).parents[1]
DIRECTIVE = re.compile(r"^\.\. auto(module|class|function):: (\S+)\n((?:   :.*\n)*)", re.MULTILINE)
EXPLAINED_FROM = 40  # the column of the picture of the layers where the names end
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")


def names_of_directive(kind: str, target: str, options: str) -> set[str]:
    """The objects that a directive of autodoc prints, each as its module and its name."""
    if kind != "module":
        return {target}
    named, left_out = (
        re.search(rf"^   :{option}:(.*)", options, re.MULTILINE) for option in ("members", "exclude-members")
    )
    if named is None:
        return set()
    names = set(named[1].replace(",", " ").split() or import_module(target).__all__)
    names -= set(left_out[1].replace(",", " ").split()) if left_out else set()
    return {f"{target}.{name}" for name in names}


def documented() -> set[str]:
    pages = (ROOT / "docs/reference" / name for name in ("api.rst", "errors.rst"))
    directives = DIRECTIVE.findall("\n".join(page.read_text(encoding="utf-8") for page in pages))
    return {name for directive in directives for name in names_of_directive(*directive)}


@pytest.mark.parametrize("name", [name for name in qiskit_qoro.__all__ if name != "__version__"])
def test_every_public_name_is_on_a_page_of_the_reference(name: str) -> None:
    assert f"{getattr(qiskit_qoro, name).__module__}.{name}" in documented()


def test_the_picture_of_the_layers_shows_those_that_are_checked() -> None:
    page = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    (picture,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    shown: list[list[str]] = []
    for line in picture.splitlines():
        names = line[:EXPLAINED_FROM].split()
        if line.startswith(" "):  # goes on with the line before
            shown[-1] += names
        else:
            shown.append(names)

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (
        contract["layers"] for contract in contracts if contract.get("containers") == [qiskit_qoro.__name__]
    )
    assert shown == [layer.split(" | ") for layer in layers]


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md"])
def test_links_of_pages_that_are_not_built_lead_somewhere(page: str) -> None:
    path = ROOT / page
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    assert targets
    assert [target for target in targets if not (path.parent / target).exists()] == []
