"""Write a constraints file that pins each dependency to the lowest version that pyproject.toml allows.

`tox -e lowest` uses it, so that the bounds are written in pyproject.toml only.
"""

import re
import sys
import tomllib
from pathlib import Path

REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\d.]+)(,<[\d.]+)?")


def lowest(requirement: str) -> str:
    """Pin one requirement: ``qiskit>=2.0,<3`` becomes ``qiskit==2.0``."""
    match = REQUIREMENT.fullmatch(requirement)
    if match is None:
        sys.exit(f"pyproject.toml: expected 'name>=version' or 'name>=version,<version', got {requirement!r}")
    return f"{match['name']}=={match['version']}\n"


if __name__ == "__main__":
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    requirements = project["dependencies"] + extras["local"] + extras["visualization"]
    Path(sys.argv[1]).write_text("".join(map(lowest, requirements)), encoding="utf-8")
