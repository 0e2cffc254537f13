"""Print a pattern of the environments of `tox -m ci` that `.ci/run` leaves out, to save time.

It tests the oldest and the newest interpreter that are installed. `tox` has already tested the one that runs
this program. The workflow for pull requests tests all interpreters.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import toxfile  # it adds pyenv's folders to the search path


def is_installed(version: str) -> bool:
    """Whether an interpreter runs. Pyenv's search path has programs for versions that are not selected."""
    programs = (Path(folder) / f"python{version}" for folder in os.environ["PATH"].split(os.pathsep))
    return any(
        subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode == 0
        for program in programs
        if program.is_file()
    )


def left_out(versions: Sequence[str], installed: Sequence[str], tested: str) -> list[str]:
    """The versions that need no test: between the oldest and the newest one, or tested before.

    A version that is not installed stays, so that tox names it.
    """
    return [version for version in versions if version in (*installed[1:-1], tested)]


if __name__ == "__main__":
    configuration = Path(toxfile.__file__).with_name("tox.ini").read_text(encoding="utf-8")
    (labels,) = re.findall(r"^ *ci = (.*)", configuration, re.MULTILINE)
    versions = re.findall(r"\bpy(3\.\d+)", labels)
    found = left_out(versions, [*filter(is_installed, versions)], "{}.{}".format(*sys.version_info))
    print("^py({})$".format("|".join(map(re.escape, found))))
