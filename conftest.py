"""Executes every Python block of README.md and docs/: each page in order, in one namespace."""

import os

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

# What the pages submit does not belong into the journal of whoever runs them.
os.environ["QISKIT_QORO_JOURNAL"] = "off"

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["README.md", "docs/**/*.md"],
).pytest()
