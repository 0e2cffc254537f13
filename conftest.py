"""Execute the Python blocks of README.md in order, in one namespace. The build executes the other pages.

This file also decides how many processes run the tests.
"""

import os

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


pytest_collect_file = Sybil(parsers=[PythonCodeBlockParser()], patterns=["README.md"]).pytest()
