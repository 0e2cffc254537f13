"""Draw the picture of the README: its circuit, and the counts that its Python block prints.

``python docs/draw_readme.py`` writes ``docs/readme.svg``. A test compares the file with the README.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "_ext"))

from drawn.ghz_counts import STYLE, draw_ghz_counts

__all__ = ["PICTURE", "picture_of_readme"]

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/readme.svg"


def picture_of_readme() -> str:
    """Return the picture of the counts in the comment of the README's Python block."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (counts,) = re.findall(r"get_counts\(\)\)  # (\{.*\})$", readme, re.MULTILINE)
    return draw_ghz_counts(ast.literal_eval(counts)).svg("readme", STYLE) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(picture_of_readme(), encoding="utf-8")
