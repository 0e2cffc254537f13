"""Drawn figures as files, for places without the style sheets of the pages."""

from pathlib import Path

from drawn.canvas import Canvas

__all__ = ["svg_file"]

_SHEET = Path(__file__).parents[2] / "_static/drawings.css"
_ON_WHITE = """
svg.drawing {
  --color-background-border: #eeebee; --color-background-primary: #ffffff;
  --color-background-secondary: #f8f9fb; --color-brand-content: #0a4bff; --color-foreground-muted: #6b6f76;
  --color-foreground-primary: #000000; --color-foreground-secondary: #5a5c63;
  --font-size--small: 0.8em;
  --font-stack: -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif;
  --font-stack--monospace: ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace;
  background: white; max-width: none; min-width: 0; width: auto;
}
"""


def svg_file(drawing: Canvas) -> str:
    """Return a figure with the style of a page in light colours."""
    return drawing.svg("drawing", _SHEET.read_text(encoding="utf-8") + _ON_WHITE)
