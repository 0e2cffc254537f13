"""Draw the pictures of a tutorial again: ``python docs/tutorials/draw_pictures.py docs/tutorials/noise.md``.

The program executes the Python blocks of the page in order. Each picture of the page is the figure that the
blocks before it left in the variable ``figure``. The error map is drawn here, because it needs Graphviz, and
the page does not.
"""

from __future__ import annotations

import os
import re
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from PIL import Image
from qiskit.visualization import plot_error_map

os.environ["QISKIT_QORO_JOURNAL"] = "off"
mpl.use("Agg")

_PARTS = re.compile(
    r"^```python\n(?P<code>.*?)^```$|^!\[[^]]*\]\((?P<picture>[^)]+)\)$", re.MULTILINE | re.DOTALL
)
_COLOURS = 64


def main() -> None:
    """Draw all pictures of the page that the command line names."""
    page = Path(sys.argv[1])
    names: dict[str, Any] = {}
    for part in _PARTS.finditer(page.read_text(encoding="utf-8")):
        if part["code"]:
            exec(part["code"], names)
        elif part["picture"].endswith("error-map.png"):
            device = names["provider"].get_backend("local_heavy_hex")
            save(
                plot_error_map(device, figsize=(11, 8), show_title=False),
                page.parent / part["picture"],
                dpi=60,
            )
        else:
            save(names["figure"], page.parent / part["picture"], dpi=90)


def save(figure: Any, path: Path, dpi: int) -> None:
    """Write a figure as a small PNG."""
    buffer = BytesIO()
    figure.savefig(buffer, dpi=dpi, bbox_inches="tight")
    Image.open(buffer).convert("RGB").quantize(_COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
