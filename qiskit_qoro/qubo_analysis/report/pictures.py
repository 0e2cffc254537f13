"""The pictures of a characterization: the landscape of the mean cost, probabilities, and sensitivities.

They are drawn from the JSON of an answer. It may come from another service, so a value that cannot be read is
left out, and so is a picture without values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, nan
from typing import Any

from qiskit_qoro.display.charts import MAX_BARS, Bar, bar_chart, column_chart
from qiskit_qoro.display.heat_map import Grid, heat_map
from qiskit_qoro.display.scales import format_number
from qiskit_qoro.models.loose import read_number
from qiskit_qoro.qubo_analysis.report.report_reading import read_scores, read_states
from qiskit_qoro.qubo_analysis.report.report_values import StateProbability

__all__ = ["ReportPicture", "draw_pictures"]

# A larger landscape is not drawn.
_MAX_POINTS = 10_000

# For each list of scores: its name, the title of its picture, the label of the axis, and the meaning.
_SENSITIVITIES = (
    (
        "sensitivity",
        "Sensitivity to each variable",
        "sensitivity",
        "The mean change of a result's cost if the variable flips, divided by the range of all costs.",
    ),
    (
        "structural_sensitivity",
        "Influence of each variable",
        "relative influence",
        "The root mean square change of all costs if the variable flips, divided by the largest one.",
    ),
)


@dataclass(frozen=True)
class ReportPicture:
    """A picture with its title and a line that explains it.

    Attributes:
        title: The title.
        caption: What the picture shows. It holds no text of a service.
        svg: The picture.
    """

    title: str
    caption: str
    svg: str


def draw_pictures(report: Mapping[str, Any]) -> list[ReportPicture]:
    """Draw the pictures of a characterization.

    Args:
        report: The object ``report`` of an answer.
    """
    found = [_landscape(report), _probabilities(report)]
    found += [_sensitivity(report, *texts) for texts in _SENSITIVITIES]
    return [picture for picture in found if picture is not None]


# --- the landscape --------------------------------------------------------------------------------------


def _landscape(report: Mapping[str, Any]) -> ReportPicture | None:
    section = report.get("energy_landscape")
    if not isinstance(section, Mapping):
        return None
    gammas, betas = _positions(section.get("gamma")), _positions(section.get("beta"))
    rows = _table(section.get("expectation"), len(gammas), len(betas))
    if rows is None:
        return None
    # One row of the picture for each β, one column for each γ, both ascending.
    x_order, y_order = _ascending(gammas), _ascending(betas)
    x, y = [gammas[i] for i in x_order], [betas[k] for k in y_order]
    values = [[rows[i][k] for i in x_order] for k in y_order]
    if not (_is_uniform(x) and _is_uniform(y)):
        return None
    points = [(values[row][column], column, row) for column in range(len(x)) for row in range(len(y))]
    finite = [point for point in points if isfinite(point[0])]
    if not finite:
        return None
    value, column, row = min(finite)
    where = f"{format_number(value)} at γ = {format_number(x[column])}, β = {format_number(y[row])}"
    title = "Mean cost over the angles of the circuit"
    caption = f"The circle marks the lowest of {len(x)} × {len(y)} points."
    labels = {"x_label": "cost angle γ / rad", "y_label": "mixer angle β / rad", "value_label": "mean cost"}
    grid = Grid(x, y, values, **labels, marked=(column, row), mark_label=f"lowest mean cost: {where}")
    return ReportPicture(title, caption, heat_map(title, f"{caption} It is {where}.", grid))


def _positions(value: object) -> list[float]:
    """Read a list of numbers; an empty list if it is none."""
    numbers = [read_number(item) for item in value] if isinstance(value, list | tuple) else []
    found = [number for number in numbers if number is not None]
    return found if len(found) == len(numbers) else []


def _table(value: object, rows: int, columns: int) -> list[list[float]] | None:
    """Read a table of this size. Values that are no finite numbers become NaN."""
    if not isinstance(value, list | tuple) or len(value) != rows or not 0 < rows * columns <= _MAX_POINTS:
        return None
    if any(not isinstance(row, list | tuple) or len(row) != columns for row in value):
        return None
    return [[nan if (number := read_number(item)) is None else number for item in row] for row in value]


def _ascending(values: Sequence[float]) -> list[int]:
    return sorted(range(len(values)), key=values.__getitem__)


def _is_uniform(positions: Sequence[float]) -> bool:
    """Whether ascending positions have equal distances, as the cells of a heat map have."""
    steps = [after - before for before, after in pairwise(positions)]
    return not steps or max(steps) - min(steps) <= 1e-6 * max(steps)


# --- probabilities and sensitivities --------------------------------------------------------------------


def _probabilities(report: Mapping[str, Any]) -> ReportPicture | None:
    states = read_states(report.get("state_probabilities"))
    if not states:
        return None
    # Rounded, so that equally likely states keep the order of the service.
    states.sort(key=lambda state: -round(state.probability, 12))
    marked, meaning = _marked_states(report, states)
    bars = [
        Bar(f"★ {item.state}" if item.state in marked else item.state, item.probability, item.state in marked)
        for item in states
    ]
    total = sum(item.probability for item in states[:MAX_BARS])
    title = "Likeliest states"
    caption = " ".join(
        (
            *([f"★ {meaning}."] if marked else ()),
            f"The probability of all bars together is {format_number(total)}.",
            *_not_shown(len(states), "states"),
            "Variable 0 is the first character.",
        )
    )
    return ReportPicture(title, caption, bar_chart(title, caption, bars, value_label="probability"))


def _marked_states(report: Mapping[str, Any], states: Sequence[StateProbability]) -> tuple[set[str], str]:
    """Return the target states and what they are; without targets, the states with the lowest cost."""
    targets = {item.state for item in states if item.is_target}
    if targets:
        return targets, "target state"
    lowest = read_number(report.get("exact_ground_energy"))
    if lowest is None:
        return set(), ""
    highest_lowest = lowest + 1e-9 * max(1.0, abs(lowest))
    return {
        item.state for item in states if item.cost is not None and item.cost <= highest_lowest
    }, "state with the lowest cost"


def _sensitivity(
    report: Mapping[str, Any], key: str, title: str, label: str, meaning: str
) -> ReportPicture | None:
    scores = read_scores(report.get(key))
    if not scores:
        return None
    # All variables in their order, or those with the highest scores.
    if len(scores) > MAX_BARS:
        scores.sort(key=lambda item: -item[1])
    bars = [Bar(str(variable), score) for variable, score in scores]
    caption = " ".join((meaning, *_not_shown(len(bars), "variables")))
    svg = column_chart(title, caption, bars, x_label="variable", value_label=label)
    return ReportPicture(title, caption, svg)


def _not_shown(count: int, what: str) -> list[str]:
    return [f"{count - MAX_BARS} more {what} are not shown."] if count > MAX_BARS else []
