"""Charts and drawings of the pages. What these functions return is our own SVG, which needs no escaping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from markupsafe import Markup

from qiskit_qoro.display.charts import MAX_BARS, Bar, bar_chart
from qiskit_qoro.display.times import exact_time
from qiskit_qoro.pages.results.program_drawing import draw_program
from qiskit_qoro.pages.views import Counts, JobView, Outcome

__all__ = ["ChartPart", "chart_of", "drawing_of", "timeline_of"]


@dataclass(frozen=True)
class ChartPart:
    """A chart or a drawing with what is said below it.

    Attributes:
        svg: The SVG element; empty if there is nothing to draw.
        caption: What it shows and what is left out; may be empty.
    """

    svg: Markup = field(default_factory=Markup)
    caption: str = ""


def chart_of(outcome: Outcome | None) -> ChartPart:
    """Draw an outcome: counts and probabilities as bars, expectation values with their errors.

    Args:
        outcome: The outcome, or ``None`` if there is nothing yet.
    """
    if not isinstance(outcome, Counts):
        return ChartPart()
    bars = [Bar(name, count) for name, count in islice(outcome.counts.items(), MAX_BARS)]
    title = "The most frequent outcomes"
    return ChartPart(_own(bar_chart(title, title, bars, value_label="count")))


def timeline_of(job: JobView, now: datetime) -> ChartPart:
    """Draw the life of a job.

    Args:
        job: The job.
        now: The present. A job that has not ended lasts until now.
    """
    caption = ", ".join(f"{event.status} {exact_time(event.time or now, now=now)}" for event in job.events)
    return ChartPart(caption=caption)


def drawing_of(program: str | None, parameters: Mapping[str, float] = {}) -> ChartPart:
    """Draw the circuit of a program.

    Args:
        program: OpenQASM, or ``None`` if it is unknown. A template may have names as angles.
        parameters: The parameters of a template with their values, in order.

    Returns:
        The drawing, in its natural size, and the circuit in words. Both are empty if the text cannot be
        drawn.
    """
    svg, words = ("", "") if program is None else draw_program(program, parameters)
    return ChartPart(_own(svg), words)


def _own(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - our own SVG, whose texts are escaped
