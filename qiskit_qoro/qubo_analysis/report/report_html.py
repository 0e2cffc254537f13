"""Write a report as an HTML fragment: one section with inline CSS, without scripts or external resources.

It starts with pictures and ends with tables. The template escapes every value.
"""

from __future__ import annotations

from itertools import groupby

from qiskit_qoro.display.templating import template_environment
from qiskit_qoro.qubo_analysis.report.figures import figure_values, format_value
from qiskit_qoro.qubo_analysis.report.pictures import draw_pictures
from qiskit_qoro.qubo_analysis.report.report_json import report_to_json
from qiskit_qoro.qubo_analysis.report.report_values import CharacterizationReport

__all__ = ["render_html"]

CONSTRAINT_COLUMNS = (
    ("Constraint", "type"),
    ("Bound", "bound"),
    ("Satisfied by all states", "satisfied_by_uniform"),
    ("by states of lowest cost", "satisfied_by_ground_states"),
    ("by results of QAOA", "satisfied_by_qaoa"),
)
"""The columns of the table of constraints: their headings and the names of their figures. The last three are
shares from 0 to 1."""


def render_html(report: CharacterizationReport) -> str:
    """Return a report as a self-contained HTML fragment.

    Args:
        report: The report.
    """
    body = report_to_json(report)
    figures = groupby(figure_values(body), key=lambda item: item.figure.group)
    constraints = [
        [format_value(item[key]) if item[key] is not None else "" for _, key in CONSTRAINT_COLUMNS]
        for item in body["report"].get("constraint_diagnostics", ())
    ]
    return (
        template_environment("qiskit_qoro.qubo_analysis.report")
        .get_template("report.html")
        .render(
            pictures=draw_pictures(body["report"]),
            recommendations=body["recommendations"],
            groups=[(group, list(items)) for group, items in figures],
            constraint_headings=[heading for heading, _ in CONSTRAINT_COLUMNS],
            constraints=constraints,
        )
    )
