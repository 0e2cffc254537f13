"""Draw the pictures of the documentation from a record, as SVG on a white ground.

The ground makes them readable on light and on dark pages. The same record gives the same files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from record import Record
from rows import OURS, SOCKET
from tables import seconds_text

__all__ = ["draw", "save", "styled"]

_BLUE, _ORANGE, _GREEN, _PURPLE, _GREY = "#1f5fa8", "#c75d00", "#2d7d3a", "#7a4ca0", "#666666"
_LANES = {
    "caller": ("your thread", _BLUE),
    "service": ("handlers of the service", _GREEN),
    "runner": ("runner of the service", _PURPLE),
    "worker": ("worker process", _ORANGE),
}
_RATIOS = (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 20, 50)
_STYLE = {
    "svg.fonttype": "path",  # so that the labels have the same width everywhere
    "svg.hashsalt": "qiskit-qoro",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(record: Record, folder: Path) -> None:
    """Draw all pictures whose rows have been measured.

    Args:
        record: The measurements.
        folder: Where the pictures go.
    """
    with styled():
        _draw_goals(record, folder / "goals.svg")
        if "public-programs" in record.rows:
            _draw_programs(record, folder / "public-programs.svg")
        if record.timeline is not None:
            for transport, measured in record.timeline.items():
                _draw_timeline(measured, folder / f"timeline-{transport}.svg")


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the style of the pictures, whatever the settings of Matplotlib are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="svg", facecolor="white", bbox_inches="tight", metadata={"Date": None})


def _draw_goals(record: Record, path: Path) -> None:
    """Draw the ratio of each goal that compares two contenders, and the limit of the goal."""
    goals = [(row, goal) for row in record.rows.values() for goal in row.goals if goal.than]
    figure = Figure(figsize=(9, 0.45 * len(goals) + 1.2))
    axes = figure.add_subplot()
    for place, (row, goal) in enumerate(goals):
        ours, socket = row.achieved(goal), row.achieved(goal, SOCKET) if SOCKET in row.timings else None
        axes.plot([goal.limit] * 2, [place - 0.35, place + 0.35], color=_ORANGE, linewidth=3)
        axes.plot(ours, place, "o", color=_BLUE, markersize=8)
        if socket is not None:
            axes.plot(socket, place, "o", color=_BLUE, markersize=8, fillstyle="none")
    axes.set_yticks(range(len(goals)), [f"{_plain(row.work)}\n÷ {_plain(goal.than)}" for row, goal in goals])
    axes.tick_params(axis="y", labelsize=8)
    axes.set_ylim(len(goals) - 0.4, -0.6)
    axes.set_xscale("log")
    _label_ratios(axes.xaxis)
    axes.axvline(1, color=_GREY, linewidth=1, linestyle=":")
    axes.grid(axis="x", color="#e4e4e4")
    axes.set_axisbelow(True)
    axes.set_xlabel("time divided by that of the other program; shorter is further left")
    marks: list[Any] = [
        axes.plot([], [], "o", color=_BLUE, label=OURS)[0],
        axes.plot([], [], "o", color=_BLUE, fillstyle="none", label=SOCKET)[0],
        axes.plot([], [], color=_ORANGE, linewidth=3, label="goal, at most")[0],
    ]
    axes.legend(handles=marks, loc="lower center", bbox_to_anchor=(0.3, 1), ncols=3, frameon=False)
    save(figure, path)


def _label_ratios(axis: Axis) -> None:
    """Label the ratios on a logarithmic axis that are within its limits."""
    low, high = axis.get_view_interval()
    axis.set_ticks([ratio for ratio in _RATIOS if low <= ratio <= high])
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(lambda _value, _: "")


def _plain(text: str) -> str:
    return text.replace("`", "")


def _draw_programs(record: Record, path: Path) -> None:
    """Draw the ratio of each public program over the time of Aer."""
    row = record.rows["public-programs"]
    figure = Figure(figsize=(8, 4.2))
    axes = figure.add_subplot()
    points = axes.scatter(
        [program[3] * 1e3 for program in row.values["all"]],
        [program[4] for program in row.values["all"]],
        c=[program[1] for program in row.values["all"]],
        s=14,
        cmap="viridis",
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    _label_ratios(axes.yaxis)
    axes.axhline(1, color=_GREY, linewidth=1, linestyle=":")
    axes.axhline(row.values["limit"], color=_ORANGE, linewidth=1.5, label=f"{row.values['limit']} times Aer")
    axes.set_xlabel("time with Aer, ms")
    axes.set_ylabel("time divided by that with Aer")
    axes.grid(color="#e4e4e4")
    axes.set_axisbelow(True)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False)
    figure.colorbar(points, label="qubits", ticks=range(2, 23, 4))
    save(figure, path)


def _draw_timeline(measured: dict[str, Any], path: Path) -> None:
    """Draw each step of a job as a bar on a line of its own, in the order in which the steps begin."""
    steps = measured["steps"]
    figure = Figure(figsize=(9, 0.26 * len(steps) + 1.3))
    axes = figure.add_subplot()
    total_ms = measured["total_s"] * 1e3
    for place, (lane, name, begin, end) in enumerate(steps):
        _draw_bar(axes, place, name, begin * 1e3, end * 1e3, colour=_LANES[lane][1], total_ms=total_ms)
    axes.set_ylim(len(steps) - 0.4, -0.6)
    axes.set_xlim(0, total_ms * 1.02)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color="#e4e4e4")
    axes.set_axisbelow(True)
    axes.set_xlabel("milliseconds since run() was called")
    shown = [colour for lane, colour in _LANES.items() if any(step[0] == lane for step in steps)]
    axes.legend(
        handles=[Patch(color=colour, label=label) for label, colour in shown],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(shown),
        frameon=False,
    )
    save(figure, path)


def _draw_bar(
    axes: Axes, place: int, name: str, begin: float, end: float, *, colour: str, total_ms: float
) -> None:
    """Draw a step, with its name on the side where there is more room."""
    axes.barh(place, max(end - begin, total_ms / 400), left=begin, height=0.72, color=colour)
    label = f"{name}, {seconds_text((end - begin) / 1e3)}"
    margin = total_ms / 100
    if total_ms - end > begin:
        axes.text(end + margin, place, label, va="center", ha="left", fontsize=9)
    else:
        axes.text(begin - margin, place, label, va="center", ha="right", fontsize=9)
