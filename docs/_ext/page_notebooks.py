"""Convert a page that MyST-NB has executed into a notebook for Jupyter."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from re import findall

import nbformat
from drawn import DRAWINGS
from drawn.files import svg_file
from nbformat import NotebookNode
from notebook_markdown import Titles, to_jupyter

__all__ = ["notebook_of_page"]

_MIME_TYPES = {".png": "image/png", ".svg": "image/svg+xml"}


def notebook_of_page(executed: NotebookNode, folder: Path, title_of: Titles) -> NotebookNode:
    """Convert an executed page. Hidden cells are left out, and pictures become parts of the notebook.

    Args:
        executed: The page, as MyST-NB keeps it.
        folder: The folder of the page. The paths of pictures begin there.
        title_of: Returns the title for a link without text.
    """
    cells = [
        _code(cell) if cell.cell_type == "code" else _text(to_jupyter(cell.source, title_of), folder)
        for cell in executed.cells
        if "remove-cell" not in _tags(cell)
    ]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    notebook = nbformat.v4.new_notebook(cells=[cell for cell in cells if cell.source], metadata=metadata)
    # nbformat chooses random names. With these, the file is the same after each build.
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    nbformat.validate(notebook)
    return notebook


def _tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", ()))


def _code(cell: NotebookNode) -> NotebookNode:
    """Return a code cell without the outputs that the page does not show."""
    tags = _tags(cell)
    outputs = [] if "remove-output" in tags else cell.outputs
    if "remove-stderr" in tags:
        outputs = [output for output in outputs if output.get("name") != "stderr"]
    is_hidden = bool(tags & {"hide-input", "remove-input"})
    return nbformat.v4.new_code_cell(
        cell.source,
        outputs=outputs,
        execution_count=cell.execution_count,
        metadata={"jupyter": {"source_hidden": True}} if is_hidden else {},
    )


def _text(text: str, folder: Path) -> NotebookNode:
    """Return a Markdown cell that contains its pictures."""
    attachments = {}
    for target in findall(r"!\[[^\]]*\]\(([^()\s]+)\)", text):
        name, content = _picture(target, folder)
        suffix = Path(name).suffix
        if content and suffix in _MIME_TYPES:
            attachments[name] = {_MIME_TYPES[suffix]: b64encode(content).decode()}
            text = text.replace(f"]({target})", f"](attachment:{name})")
    cell = nbformat.v4.new_markdown_cell(text)
    return NotebookNode(cell, attachments=attachments) if attachments else cell


def _picture(target: str, folder: Path) -> tuple[str, bytes]:
    """Return the name and the content of a picture. The content is empty if there is no such file."""
    if target.startswith("drawing:"):
        name = target.removeprefix("drawing:")
        return f"{name}.svg", svg_file(DRAWINGS[name]()).encode()
    file = folder / target
    return file.name, file.read_bytes() if file.is_file() else b""
