"""The documentation: it covers all public names and layers, and its links have targets."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest

import qiskit_qoro

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from pages import RECORDS

ROOT = Path(__file__).parents[1]
DIRECTIVE = re.compile(r"^\.\. error-reference:: (\S+)$", re.MULTILINE)
TERM = re.compile(r"^(`.*)\n: ", re.MULTILINE)
MODULE = re.compile(r"`([\w/]+\.py)`")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")


def documented() -> dict[str, object]:
    """The documented objects by name: those in the table of pages, and those on the page of errors."""
    groups = tomllib.loads((ROOT / "docs/reference/api.toml").read_text(encoding="utf-8"))["groups"]
    pages = [(page["module"], page["names"]) for group in groups for page in group["pages"]]
    errors = (ROOT / "docs/reference/errors.rst").read_text(encoding="utf-8")
    pages += [(module, import_module(module).__all__) for module in DIRECTIVE.findall(errors)]
    return {name: getattr(import_module(module), name) for module, names in pages for name in names}


@pytest.mark.parametrize("name", [name for name in qiskit_qoro.__all__ if name != "__version__"])
def test_every_public_name_is_documented_in_the_reference(name: str) -> None:
    assert documented()[name] is getattr(qiskit_qoro, name)


def test_the_architecture_page_describes_every_package() -> None:
    page = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    described = {name for term in TERM.findall(page) for name in re.findall(r"`(\w+)`", term)}

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (
        contract["layers"] for contract in contracts if contract.get("containers") == [qiskit_qoro.__name__]
    )
    assert described == {name for layer in layers for name in layer.split(" | ")}


def test_every_module_on_the_architecture_page_exists() -> None:
    page = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    modules = set(MODULE.findall(page))
    assert modules
    assert {name for name in modules if not (ROOT / "qiskit_qoro" / name).exists()} == set()


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md"])
def test_links_of_pages_outside_the_built_documentation_have_targets(page: str) -> None:
    path = ROOT / page
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    assert targets
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_records_fill_in_the_pages_of_measurements_and_their_functions_exist() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize("name", RECORDS)
def test_no_measured_number_is_typed_into_the_text_of_a_page(name: str) -> None:
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    assert "{{" in text
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert re.findall(r"\d[\d.,]*\s?(?:ms|µs|s|seconds|MB|%|times)\b", prose) == []


# --- Python that pages show without running it -----------------------------------------------------------

SHOWN_PYTHON = re.compile(
    r"^( *`{3,})(?:\{code-block\} )?python\n(?P<code>.*?)^\1$", re.MULTILINE | re.DOTALL
)
TAB = re.compile(r"^:::\{tab-item\}.*?^:::$", re.MULTILINE | re.DOTALL)
BUILT_PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / "docs/reference").glob("*.rst")])


@pytest.mark.parametrize("page", BUILT_PAGES, ids=lambda page: page.name)
def test_python_that_a_page_does_not_run_is_valid_and_imports_names_that_exist(page: Path) -> None:
    for block in SHOWN_PYTHON.finditer(page.read_text(encoding="utf-8")):
        for statement in ast.walk(ast.parse(dedent(block["code"]))):
            if isinstance(statement, ast.ImportFrom) and str(statement.module).startswith("qiskit_qoro"):
                module = import_module(str(statement.module))
                assert [name.name for name in statement.names if not hasattr(module, name.name)] == []


@pytest.mark.parametrize("page", BUILT_PAGES, ids=lambda page: page.name)
def test_a_page_runs_its_python_except_in_tabs(page: Path) -> None:
    text = TAB.sub("", page.read_text(encoding="utf-8"))
    assert re.findall(r"^ *(?:```python\n|\.\. code-block:: python\n\n).*", text, re.MULTILINE) == []
