"""The promises in the documentation: the list is complete, and the tests that it names check something.

A named test has to be collected by pytest and to contain an assertion. For the promise of a method it has to
use this method and the argument that the promise is about. Each is searched for in the source of the test
and of the fixtures, functions and constants of its module that it uses.
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.service import QoroService

ROOT = Path(__file__).parents[1]
TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")
METHODS = (
    "cancel_job",
    "characterize_and_validate",
    "delete_job",
    "fetch_qpu_systems",
    "fetch_simulator_clusters",
    "get_credit_balance",
    "get_credit_transactions",
    "get_execution_config",
    "get_job_results",
    "poll_job_status",
    "set_execution_config",
    "submit_circuit_templates",
    "submit_circuits",
    "test_connection",
)

# Tests pass these arguments without their names, and invent names for further keywords.
PASSED_BY_POSITION = {"auth_token", "config", "execution_result", "kwargs", "templates"}


Tests = tuple[tuple[str, str], ...]


@cache
def sections() -> dict[str, list[tuple[str, Tests]]]:
    """Heading to its promises. Each has the files and the names of the tests that check it."""
    table = tomllib.loads((ROOT / "docs/reference/promises.toml").read_text(encoding="utf-8"))
    return {
        heading: [(row["promise"], tuple(map(file_and_name, row["tests"]))) for row in rows]
        for heading, rows in table.items()
    }


def file_and_name(test: str) -> tuple[str, str]:
    found = TEST.fullmatch(test)
    assert found, f"not the identifier of a test: {test}"
    return found[1], found[2]


@cache
def module(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


@cache
def definitions(path: str) -> dict[str, list[ast.AST]]:
    """Name to its definitions in a test module: functions, fixtures, classes and constants."""
    found: dict[str, list[ast.AST]] = {}
    for node in module(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.setdefault(node.name, []).append(node)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in filter(None, targets):
            for name in ast.walk(target):
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).append(node)
    return found


@cache
def source_of(path: str, test: str) -> tuple[ast.AST, ...]:
    """The nodes of a test, and of everything in its module that it uses."""
    nodes: list[ast.AST] = []
    todo, seen = [test], set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for definition in definitions(path).get(name, []):
            for node in ast.walk(definition):
                nodes.append(node)
                if isinstance(node, ast.Name):
                    todo.append(node.id)
                elif isinstance(node, ast.arg):  # a fixture has the name of an argument
                    todo.append(node.arg)
    return tuple(nodes)


def asserts(node: ast.AST) -> bool:
    """Whether a node is an assertion: ``assert``, ``pytest.raises``, ``pytest.warns`` or one of NumPy's."""
    if isinstance(node, ast.Assert):
        return True
    name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return name in ("pytest.raises", "pytest.warns") or "assert_" in name


def words_in(node: ast.AST) -> Iterator[str]:
    """The identifiers in a node, and the words in its text."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.arg | ast.keyword) and node.arg:
        yield node.arg
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from re.findall(r"\w+", node.value)


@cache
def words_of(path: str, test: str) -> frozenset[str]:
    return frozenset(word for node in source_of(path, test) for word in words_in(node))


ROWS = [(heading, *row) for heading, rows in sections().items() for row in rows]
NAMED = sorted({named for _, _, tests in ROWS for named in tests})


def test_every_promise_names_at_least_one_test() -> None:
    assert [promise for _, promise, tests in ROWS if not tests] == []


def test_no_promise_is_made_twice() -> None:
    promises = [(heading, promise) for heading, promise, _ in ROWS]
    assert len(promises) == len(set(promises))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_named_test_exists_once_and_contains_an_assertion(path: str, name: str) -> None:
    (test,) = definitions(path).get(name, [None])
    assert isinstance(test, ast.FunctionDef), f"{path} has no {name}"
    assert any(map(asserts, source_of(path, name)))
    decorators = [ast.unparse(decorator) for decorator in test.decorator_list]
    assert not [text for text in decorators if re.search(r"mark\.(skip|xfail)|pytest\.fixture", text)]


def test_every_named_test_is_collected() -> None:
    nodes = [f"{path}::{name}" for path, name in NAMED]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *nodes],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    collected = {line.partition("[")[0] for line in done.stdout.splitlines()}
    assert [node for node in nodes if node not in collected] == []


@pytest.mark.parametrize(("heading", "promise", "tests"), [row for row in ROWS if row[0] in METHODS])
def test_a_test_of_a_method_uses_it(heading: str, promise: str, tests: Tests) -> None:
    del promise
    # The contract tests build the requests by themselves, so they call no method of the client.
    assert any(path.startswith("tests/contract/") or heading in words_of(path, name) for path, name in tests)


@pytest.mark.parametrize(("heading", "promise", "tests"), ROWS)
def test_a_test_of_an_argument_or_of_a_field_uses_it(heading: str, promise: str, tests: Tests) -> None:
    del heading
    about, separator, _ = promise.partition(":")
    names = set(re.findall(r"`(\w+)`", about)) - PASSED_BY_POSITION if separator else set()
    used = {word for path, name in tests for word in words_of(path, name)}
    assert names <= used


@pytest.mark.parametrize("method", METHODS)
def test_every_argument_of_every_method_has_a_promise(method: str) -> None:
    promised = " ".join(promise for promise, _ in sections()[method])
    for parameter in inspect.signature(getattr(QoroService, method)).parameters:
        assert parameter == "self" or f"`{parameter}`" in promised


def test_every_client_argument_and_configuration_field_has_a_promise() -> None:
    page = sections()
    client = " ".join(promise for promise, _ in page["QoroService"])
    for name in (
        "auth_token",
        "job_config",
        "execution_config",
        "polling_interval",
        "max_retries",
        "track_depth",
    ):
        assert f"`{name}`" in client
    configuration = " ".join(promise for promise, _ in page["ExecutionConfig"])
    for field in fields(ExecutionConfig):
        assert f"`{field.name}`" in configuration


def test_the_table_has_exactly_the_expected_sections() -> None:
    assert sections().keys() == {"QoroService", "Jobs", "Budgets", "Displays", *METHODS, "ExecutionConfig"}
