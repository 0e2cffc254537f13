"""Draw the outputs of notebooks in the guides: ``python docs/draw_notebook.py``, or ``tox -e pictures``.

The Python blocks of each page in :data:`PAGES` are executed as the cells of a notebook. Headless Chromium
draws the output of the cell before each picture of the page. Identifiers of jobs are replaced by
fixed ones. Times depend on the machine, so look at the difference before you commit it.
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chromium import chromium_arguments, find_chromium
from draw_terminals import FIXED_IDS, PICTURES, UUID, replace_all, with_short_forms

GUIDES = Path(__file__).parent / "guides"
PAGES = [GUIDES / name for name in ("notebooks.md", "characterize.md", "plots.md")]
PAGE_WIDTH = 720  # pixels
MOST_HEIGHT = 1250  # pixels; the rest of a longer output is cut off
COLOURS = 256

_PARTS = re.compile(
    r"^```python\n(?P<code>.*?)^```$|^!\[[^]]*\]\((?P<picture>[^)]+)\)$", re.MULTILINE | re.DOTALL
)

PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 8px; background: {ground}; color: {text}; font: 13px system-ui, sans-serif; }}
.output {{ display: grid; grid-template-columns: 28px 1fr; gap: 8px; }}
.prompt {{ padding-top: 12px; color: {muted}; font: 12px ui-monospace, monospace; text-align: right; }}
pre {{ margin: 0; font: 13px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre-wrap; }}
</style><body data-theme="{theme}"><div class="output"><div class="prompt">[{number}]:</div>
<div>{output}</div></div></body>"""
THEMES = {
    "light": {"ground": "#ffffff", "text": "#1f2328", "muted": "#59636e"},
    "dark": {"ground": "#0d1117", "text": "#e6edf3", "muted": "#9198a1"},
}


def draw() -> None:
    """Execute each page as a notebook, and draw the output before each of its pictures."""
    for cell, number, name in (item for page in PAGES for item in executed_cells(page)):
        theme = "dark" if name.endswith("-dark") else "light"
        draw_cell(cell, number, theme, PICTURES / f"{name}.png")


def executed_cells(page: Path) -> Iterator[tuple[Any, int, str]]:
    """Yield each cell that has pictures, its number, and the name of each picture."""
    import nbformat  # noqa: PLC0415
    from nbclient import NotebookClient  # noqa: PLC0415

    cells, pictures = [], []
    for part in _PARTS.finditer(page.read_text(encoding="utf-8")):
        if part["code"]:
            cells.append(nbformat.v4.new_code_cell(part["code"].rstrip()))
        else:
            pictures.append((len(cells) - 1, Path(part["picture"]).stem))
    notebook = nbformat.v4.new_notebook(cells=cells)
    os.environ["QISKIT_QORO_JOURNAL"] = "off"
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    # The identifiers of all cells, in the order in which they appear, and their short forms.
    found = dict.fromkeys(UUID.findall(json.dumps(notebook)))
    names = with_short_forms(dict(zip(found, FIXED_IDS, strict=False)))
    for number, name in pictures:
        yield (
            nbformat.from_dict(json.loads(replace_all(json.dumps(notebook.cells[number]), names))),
            number + 1,
            name,
        )


def draw_cell(cell: Any, number: int, theme: str, path: Path) -> None:
    """Draw the output of a cell."""
    output = "".join(map(html_of, cell.outputs))
    page = PAGE.format(**THEMES[theme], theme=theme, number=number, output=output)
    take_picture(page, path, THEMES[theme]["ground"])


def html_of(output: Any) -> str:
    """Return an output of a cell in the form that a notebook prefers."""
    data = output.get("data", {"text/plain": output.get("text", "")})
    if "text/html" in data:
        return str(data["text/html"])
    if "image/png" in data:
        return f'<img src="data:image/png;base64,{data["image/png"].strip()}" style="max-width: 100%">'
    # The output of a progress line that has disappeared is empty.
    return f"<pre>{html.escape(data['text/plain'])}</pre>" if "text/plain" in data else ""


def take_picture(page: str, path: Path, ground: str) -> None:
    """Draw a page with Chromium, cut off the empty rest, and save it with few colours."""
    from PIL import Image, ImageChops  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        source, shot = Path(folder) / "page.html", Path(folder) / "page.png"
        source.write_text(page, encoding="utf-8")
        subprocess.run(
            [
                find_chromium(),
                *chromium_arguments(),
                "--headless",
                "--hide-scrollbars",
                f"--user-data-dir={folder}/profile",
                f"--window-size={PAGE_WIDTH},{MOST_HEIGHT}",
                f"--screenshot={shot}",
                source.as_uri(),
            ],
            check=True,
            capture_output=True,
        )
        image = Image.open(shot).convert("RGB")
    box = ImageChops.difference(image, Image.new("RGB", image.size, ground)).getbbox() or (0, 0, 1, 1)
    height = min(box[3] + 8, image.height)
    image.crop((0, 0, PAGE_WIDTH, height)).quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    draw()
