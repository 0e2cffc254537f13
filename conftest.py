"""Execute every Python block of README.md and docs/: each page in order, in one namespace.

It also decides how many processes run the tests.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

# The examples must not use the journal and the accounts of the person who runs them.
os.environ["QISKIT_QORO_JOURNAL"] = "off"
os.environ["QISKIT_QORO_ACCOUNTS"] = "off"


@pytest.hookimpl(optionalhook=True)  # some environments of tox run few tests, without pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are processors, because some tests wait for other processes."""
    return (os.cpu_count() or 1) + 1


def _give_accounts(namespace: dict[str, Any]) -> None:
    """Let a page save accounts, in a folder of its own."""
    folder = namespace["folder_of_accounts"] = TemporaryDirectory()
    os.environ["QISKIT_QORO_ACCOUNTS"] = str(Path(folder.name) / "accounts.json")


def _take_accounts(namespace: dict[str, Any]) -> None:
    namespace["folder_of_accounts"].cleanup()
    os.environ["QISKIT_QORO_ACCOUNTS"] = "off"


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["README.md", "docs/**/*.md"],
    setup=_give_accounts,
    teardown=_take_accounts,
).pytest()
