"""Draw the picture of the page about scale: the measured curve, and what the formula says beyond it."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from plots import save, styled
from record import Record
from scale import CIRCUIT_TIMES_S, CURVES, most_circuits_per_s
from tables import seconds_text

__all__ = ["draw_cluster"]

_COLOURS = ("#1f5fa8", "#c75d00", "#2d7d3a", "#7a4ca0")
_GREY = "#666666"
_MOST_PROCESSES = 10_000


def draw_cluster(record: Record, folder: Path) -> None:
    """Draw the picture into a folder, if its rows have been measured."""
    if not {*CURVES, "cost-different"} <= set(record.rows):
        return
    with styled():
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_measured(left, record)
        _draw_extrapolation(right, record)
        save(figure, folder / "cluster-curve.svg")


def _draw_measured(axes: Axes, record: Record) -> None:
    """Draw throughput over processes, relative to one process."""
    for colour, (key, label) in zip(_COLOURS, CURVES.items(), strict=False):
        points = record.rows[key].values["points"]
        numbers = [point["processes"] for point in points]
        axes.plot(
            numbers,
            [point["per_s"] / points[0]["per_s"] for point in points],
            "o-",
            color=colour,
            label=f"{label} ({points[0]['per_s']:,.0f} per second with one)",
        )
    axes.plot(numbers, numbers, ":", color=_GREY, label="proportional")
    axes.axhline(record.machine["processors"], color=_GREY, linewidth=1, linestyle="--")
    axes.text(numbers[-1], record.machine["processors"], "processors of the machine", ha="right", va="top")
    axes.set_xticks(numbers)
    axes.set_xlabel("engine processes")
    axes.set_ylabel("circuits per second ÷ those of one process")
    axes.set_title("measured", loc="left")
    axes.legend(frameon=False, loc="upper left", fontsize=8)


def _draw_extrapolation(axes: Axes, record: Record) -> None:
    """Draw min(n / T, 1 / c) for circuits of several times."""
    limit = most_circuits_per_s(record)
    for colour, circuit_s in zip(_COLOURS, CIRCUIT_TIMES_S, strict=True):
        corner = min(limit * circuit_s, _MOST_PROCESSES)
        axes.plot(
            [1, max(corner, 1), _MOST_PROCESSES],
            [
                min(1 / circuit_s, limit),
                min(corner / circuit_s, limit),
                min(_MOST_PROCESSES / circuit_s, limit),
            ],
            color=colour,
            label=f"circuits of {seconds_text(circuit_s)}",
        )
    axes.axhline(limit, color=_GREY, linewidth=1, linestyle="--")
    axes.text(1, limit, f" the service: {limit:,.0f} circuits per second", va="bottom")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(top=3 * limit)
    axes.set_xlabel("engine processes, each with a processor of its own")
    axes.set_ylabel("circuits per second")
    axes.set_title("extrapolated", loc="left")
    axes.legend(frameon=False, loc="lower right", fontsize=8)
