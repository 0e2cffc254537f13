"""Histograms of counts as pictures. This needs ``matplotlib``."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from itertools import islice
from typing import Any

from qiskit_qoro.printable import printable_line

__all__ = ["MAX_OUTCOMES", "MAX_PANELS", "draw_histograms"]

MAX_OUTCOMES = 32
"""A panel shows at most this many outcomes: the most frequent ones."""

MAX_PANELS = 32
"""A picture has at most this many panels: those of the first circuits."""

_COLOUR = "#4c78c8"
_INCHES_PER_BAR, _LEAST_INCHES, _PANEL_INCHES = 0.32, 4.5, 2.6
_LEAST_BARS = 4
# A panel with more bars has neither numbers above the bars nor horizontal labels.
_FEW_BARS, _SHORT_LABEL, _LONGEST_LABEL = 16, 4, 24
_DPI = 150


def draw_histograms(counts: Mapping[str, Mapping[str, int]], *, kind: str) -> bytes:
    """Draw a panel with a histogram for each circuit, up to :data:`MAX_PANELS`.

    Args:
        counts: The name of each circuit to its counts. There is at least one circuit. The outcomes are shown
            in ascending order.
        kind: The format: ``png`` or ``svg``.

    Returns:
        The content of the file. It is the same for the same counts and release of ``matplotlib``.
    """
    from matplotlib import style  # noqa: PLC0415 - an optional extra
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    counts = dict(islice(counts.items(), MAX_PANELS))
    num_bars = max(_LEAST_BARS, *(min(len(values), MAX_OUTCOMES) for values in counts.values()))
    width = max(_LEAST_INCHES, 1.2 + _INCHES_PER_BAR * num_bars)
    # The picture must not depend on the settings of the user. The identifiers in SVG are random otherwise.
    with style.context(["default", {"svg.hashsalt": "qiskit-qoro", "svg.fonttype": "none"}]):
        # A figure without pyplot needs no display.
        figure = Figure(figsize=(width, _PANEL_INCHES * len(counts)), layout="constrained")
        panels = figure.subplots(len(counts), 1, squeeze=False)[:, 0]
        for panel, (name, values) in zip(panels, counts.items(), strict=True):
            _draw(panel, name, values, num_bars)
        content = BytesIO()
        figure.savefig(content, format=kind, dpi=_DPI, metadata={"Date": None} if kind == "svg" else None)
    return content.getvalue()


def _draw(panel: Any, name: str, counts: Mapping[str, int], num_bars: int) -> None:
    """Draw a panel, with room for ``num_bars`` bars."""
    ranked = sorted(counts, key=lambda outcome: (-counts[outcome], outcome))
    outcomes = sorted(ranked[:MAX_OUTCOMES])
    labels = [_label(printable_line(outcome)) for outcome in outcomes]
    bars = panel.bar(range(len(labels)), [counts[outcome] for outcome in outcomes], color=_COLOUR, width=0.75)
    is_short = len(labels) <= _FEW_BARS and max(map(len, labels), default=0) <= _SHORT_LABEL
    # A name is no formula, even if it contains dollar signs.
    panel.set_xticks(
        range(len(labels)), labels, rotation=0 if is_short else 90, family="monospace", parse_math=False
    )
    panel.set_title(printable_line(name), loc="left", fontsize="medium", parse_math=False)
    if omitted := ranked[MAX_OUTCOMES:]:
        rest = sum(counts[outcome] for outcome in omitted)
        note = f"without {len(omitted)} more outcomes, {rest / sum(counts.values()):.1%} of the shots"
        panel.set_title(note, loc="right", fontsize="small")
    panel.set_ylabel("count")
    panel.set_xlim(-0.75, num_bars - 0.25)
    panel.spines[["top", "right"]].set_visible(False)
    panel.margins(y=0.12)
    if len(labels) <= _FEW_BARS:
        panel.bar_label(bars, fontsize="small", padding=2)


def _label(outcome: str) -> str:
    """Leave out the middle of a long outcome."""
    half = _LONGEST_LABEL // 2
    return outcome if len(outcome) <= _LONGEST_LABEL else f"{outcome[:half]}…{outcome[1 - half :]}"
