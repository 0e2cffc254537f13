"""The files that repeat what pyproject.toml says: the pre-commit hooks, tox and the workflow."""

from __future__ import annotations

import configparser
import json
import os
import re
import runpy
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from qiskit_qoro.local.installation import CLUSTER_INSTALL_COMMAND, INSTALL_COMMAND

ROOT = Path(__file__).parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture
def supported_versions() -> list[str]:
    """The Python versions in the classifiers, for example ``3.11``."""
    found = (
        re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", classifier)
        for classifier in PYPROJECT["project"]["classifiers"]
    )
    return [match[1] for match in found if match]


def test_pre_commit_uses_the_versions_of_the_lint_and_types_groups() -> None:
    config = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    hooks = [set(json.loads(line)) for line in re.findall(r"additional_dependencies: (\[.*\])", config)]
    groups = PYPROJECT["dependency-groups"]

    assert {*groups["lint"], *groups["types"]} == set().union(*hooks)
    assert set(groups["types"]) in hooks


def test_tox_and_the_workflow_run_every_supported_version_of_python(supported_versions: list[str]) -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")

    assert re.findall(r"\bpy(3\.\d+)", tox["tox"]["labels"]) == supported_versions
    assert re.findall(r"^ +(3\.\d+)$", workflow, re.MULTILINE) == supported_versions


@pytest.mark.parametrize(
    ("installed", "tested", "expected"),
    [
        (["3.11", "3.12", "3.13"], "3.11", ["3.11", "3.12"]),
        (["3.11", "3.12", "3.13"], "3.12", ["3.12"]),
        (["3.11", "3.12", "3.13", "3.14"], "3.14", ["3.12", "3.13", "3.14"]),
        (["3.11", "3.12"], "3.11", ["3.11"]),
        (["3.13"], "3.13", ["3.13"]),
    ],
)
def test_ci_leaves_out_the_middle_interpreters_and_the_one_that_was_tested(
    monkeypatch: pytest.MonkeyPatch, installed: list[str], tested: str, expected: list[str]
) -> None:
    # The program extends both paths. They are restored after the test.
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PATH", os.environ["PATH"])
    left_out = runpy.run_path(str(ROOT / ".ci/left_out.py"))["left_out"]

    assert left_out(["3.11", "3.12", "3.13", "3.14"], installed, tested) == expected


def test_the_source_distribution_lists_only_paths_that_exist() -> None:
    included = PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]

    assert not [path for path in included if not (ROOT / path.lstrip("/")).exists()]


@pytest.mark.parametrize(
    ("command", "extra"), [(INSTALL_COMMAND, "local"), (CLUSTER_INSTALL_COMMAND, "cluster")]
)
def test_the_command_that_installs_an_extra_names_its_requirements(command: str, extra: str) -> None:
    program, *requirements = shlex.split(command.removeprefix("python -m pip "))
    assert program == "install"
    assert requirements == PYPROJECT["project"]["optional-dependencies"][extra]


def test_nothing_tells_users_to_install_the_package_from_an_index_before_there_is_a_release() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.rst")]
    sources = [*(ROOT / "qiskit_qoro").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
    command = re.compile(r"pip install [^\n&]*\bqiskit-qoro\b")
    assert [path for path in (*pages, *sources) if command.search(path.read_text(encoding="utf-8"))] == []


def test_what_serves_the_local_service_serves_the_pages_of_the_journal() -> None:
    extras = PYPROJECT["project"]["optional-dependencies"]
    assert extras["web"] == [name for name in extras["local"] if not name.startswith("qoro-maestro")]
