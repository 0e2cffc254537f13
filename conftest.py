"""Execute every Python block of README.md and docs/: each page in order, in one namespace."""

import os

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

# Jobs of the examples must not appear in the journal of the person who runs them.
os.environ["QISKIT_QORO_JOURNAL"] = "off"

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["README.md", "docs/**/*.md"],
).pytest()
