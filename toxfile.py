"""Let tox find the interpreters that pyenv has installed, also if they are not on the search path.

tox loads this file by its name. An interpreter that is still missing appears as SKIP in tox's summary.
"""

import os
from pathlib import Path

PYENV_ROOT = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
# Last in the search path: an interpreter that the caller has put there is preferred.
os.environ["PATH"] = os.pathsep.join(
    [os.environ.get("PATH", os.defpath), *map(str, sorted(PYENV_ROOT.glob("versions/3.*/bin"), reverse=True))]
)
