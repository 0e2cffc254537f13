"""The table of promises in the documentation: it is complete, and the tests that it names exist."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.service import QoroService

ROOT = Path(__file__).parents[1]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
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


def sections() -> dict[str, list[tuple[str, str]]]:
    """Heading to the rows of its table. A row is a promise and the tests that check it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in (ROOT / "docs/reference/promises.md").read_text().splitlines():
        if line.startswith("## "):
            rows = found.setdefault(line[3:], [])
        elif line.startswith("| ") and not line.startswith("| promise"):
            promise, tests = re.split(r"(?<!\\)\|", line.strip("| "))
            rows.append((promise.strip(), tests.strip()))
    return found


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


ROWS = [(heading, *row) for heading, rows in sections().items() for row in rows]


@pytest.mark.parametrize(("heading", "promise", "tests"), ROWS)
def test_every_promise_names_existing_tests(heading: str, promise: str, tests: str) -> None:
    named = TEST.findall(tests)
    assert named
    assert TEST.sub("", tests).strip() == ""
    for path, name in named:
        assert name in names_in(path), f"{path} has no {name}"


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
    assert sections().keys() == {"QoroService", *METHODS, "ExecutionConfig"}
