"""The layers of the package, from the contract that import-linter checks."""

import tomllib
from pathlib import Path

from drawn.canvas import Canvas
from drawn.packages import package

__all__ = ["draw_layers", "inner_layers", "layers"]

_PROJECT = Path(__file__).parents[3] / "pyproject.toml"
_WIDTH, _HEIGHT, _GAP = 720, 36, 14
_CODE_PX = 8.2


def layers() -> list[list[str]]:
    """Return the names of each layer, from top to bottom."""
    return _layers()["qiskit_qoro"]


def inner_layers() -> dict[str, list[list[str]]]:
    """Return the layers of each package that has layers of its own."""
    return {name.partition(".")[2]: found for name, found in _layers().items() if "." in name}


def _layers() -> dict[str, list[list[str]]]:
    contracts = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    return {
        contract["containers"][0]: [layer.split(" | ") for layer in contract["layers"]]
        for contract in contracts
        if contract["type"] == "layers"
    }


def draw_layers() -> Canvas:
    """Draw each layer as a row of boxes."""
    rows = layers()
    listed = "; ".join(", ".join(row) for row in rows)
    canvas = Canvas(
        _WIDTH,
        len(rows) * (_HEIGHT + _GAP),
        "The layers of qiskit-qoro",
        f"Each row is a layer. It may import only what is below it. From top to bottom: {listed}.",
    )
    for place, row in enumerate(rows):
        y = place * (_HEIGHT + _GAP) + _GAP / 2
        wanted = [len(name) * _CODE_PX + 14 for name in row]
        space = (_WIDTH - 10 * (len(row) - 1) - sum(wanted)) / len(row)
        x = 0.0
        for name, width in zip(row, wanted, strict=True):
            box = canvas.box(x, y, width + space, _HEIGHT, package(name))
            x += box.width + 10
        if place:
            canvas.arrow((_WIDTH / 2, y - _GAP), (_WIDTH / 2, y))
    return canvas
