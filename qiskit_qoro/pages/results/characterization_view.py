"""The characterization of a QUBO as a page shows it, from the answer of a service.

The figures and the pictures are those of the report. A value that is missing or cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from qiskit_qoro.pages.views import CharacterizationView
from qiskit_qoro.qubo.characterization import CharacterizationResult
from qiskit_qoro.qubo_analysis.report.figures import figure_values
from qiskit_qoro.qubo_analysis.report.pictures import draw_pictures

__all__ = ["characterization_view"]


def characterization_view(answer: Mapping[str, Any], *, has_report: bool) -> CharacterizationView:
    """Return what a page shows of a characterization.

    Args:
        answer: The answer of a service: ``hardness``, ``report`` and ``recommendations``, as far as it has
            them. :attr:`CharacterizationResult.raw` is one.
        has_report: Whether there is an HTML report.
    """
    report = answer.get("report")
    drawn = draw_pictures(report) if isinstance(report, Mapping) else []
    figures = list(figure_values(answer))
    return CharacterizationView(
        figures=[(value.figure.name, value.text) for value in figures if value.figure.is_key_figure],
        groups=[
            (group, [(value.figure.name, value.text, value.figure.meaning) for value in values])
            for group, values in groupby(figures, key=lambda value: value.figure.group)
        ],
        pictures=[(picture.title, picture.caption, picture.svg) for picture in drawn],
        recommendations=[
            (advice.level, advice.text) for advice in CharacterizationResult(answer).recommendations
        ],
        has_report=has_report,
    )
