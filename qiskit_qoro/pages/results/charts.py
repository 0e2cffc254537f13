"""Charts and drawings of the pages. What these functions return is our own SVG, which needs no escaping.

A chart of counts or probabilities shows the most frequent outcomes in ascending order, as in Qiskit's
histograms. The tables beside them begin with the most frequent outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice

from markupsafe import Markup

from qiskit_qoro.display.charts import MAX_BARS, Bar, bar_chart, column_chart
from qiskit_qoro.display.drawing import NARROW
from qiskit_qoro.display.line_chart import MAX_LINES, line_chart
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.display.timeline import Stage, timeline
from qiskit_qoro.display.times import duration, exact_time
from qiskit_qoro.display.value_chart import ValueBar, value_chart
from qiskit_qoro.history.journal_entry import ListedStatus
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.pages.results.outcomes import summary_of
from qiskit_qoro.pages.results.program_drawing import draw_program
from qiskit_qoro.pages.views import Counts, Gradients, JobView, Outcome, StateValues, Values

__all__ = ["ChartPart", "chart_of", "drawing_of", "timeline_of"]

# If there are more outcomes than a chart can show, it shows this many.
_SELECTED = 16
# The times of a job may be rounded to milliseconds. Its run time is not.
_PRECISION_S = 0.002
_LONGEST_COLUMN_LABEL = 6
_CHANGING = frozenset({JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING, JobStatus.PAUSED}) | {
    ListedStatus.SUBMITTING,
    ListedStatus.SUBMITTED,
}


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
    if isinstance(outcome, Counts):
        words = f"{summary_of(outcome)}, of {counted(outcome.shots, 'shot')}"
        return _histogram(outcome.counts, outcome.num_left_out, outcome.shots, "count", words)
    if isinstance(outcome, StateValues) and outcome.series:
        return _evolution(outcome)
    if isinstance(outcome, StateValues):
        words = f"Probabilities: {outcome.description}"
        return _histogram(outcome.probabilities, outcome.num_left_out, 1.0, "probability", words)
    if isinstance(outcome, Values):
        return _values(outcome)
    if isinstance(outcome, Gradients):
        return _gradients(outcome)
    return ChartPart()


def timeline_of(job: JobView, now: datetime) -> ChartPart:
    """Draw the life of a job.

    Args:
        job: The job.
        now: The present. A job that has not ended lasts until now.
    """
    stages = _stages(job, now)
    has_ended = bool(stages) and stages[-1].status not in _CHANGING
    if len(stages) - has_ended == 0:
        return ChartPart()  # only the end is known
    words = "; ".join(_describe(stage, now) for stage in stages)
    svg = timeline("Life of the job", words, stages, has_ended=has_ended, now=now, width=NARROW)
    first, last = stages[0].time, stages[-1].time
    caption = ""
    if has_ended and first is not None and last is not None and len(stages) > 1:
        caption = f"{duration((last - first).total_seconds())} from the submission to the end"
    return ChartPart(_own(svg), caption)


def drawing_of(program: str | None, parameters: Mapping[str, float] = {}) -> ChartPart:
    """Draw the circuit of a program.

    Args:
        program: OpenQASM, or ``None`` if it is unknown. A template may have names as angles.
        parameters: The parameters of a template with their values, in order.

    Returns:
        The drawing, in its natural size, and the circuit in words. Both are empty if the text cannot be
        drawn.
    """
    return ChartPart() if program is None else _drawing(program, tuple(parameters.items()))


# The page of a running job is rendered every few seconds, mostly with the same circuit.
@lru_cache(maxsize=16)
def _drawing(program: str, parameters: tuple[tuple[str, float], ...]) -> ChartPart:
    svg, words = draw_program(program, dict(parameters))
    return ChartPart(_own(svg), words)


def _own(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - our own SVG, whose texts are escaped


def _histogram(
    sizes: Mapping[str, float], num_left_out: int, whole: float, value_label: str, words: str
) -> ChartPart:
    total = len(sizes) + num_left_out
    number = total if total <= MAX_BARS else _SELECTED
    ranked = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:number]
    bars = [Bar(name, size) for name, size in sorted(ranked)]
    if not bars:
        return ChartPart()
    caption = ""
    if total > len(bars):
        share = sum(bar.value for bar in bars) / whole if whole else 0.0
        of_all = "of the shots" if value_label == "count" else "of the probability"
        caption = f"The {len(bars)} most frequent of {total:,} outcomes: {share:.1%} {of_all}"
    title = "The most frequent outcomes" if caption else "The outcomes"
    if len(bars) <= _SELECTED and max(len(bar.label) for bar in bars) <= _LONGEST_COLUMN_LABEL:
        svg = column_chart(title, words, bars, x_label="outcome", value_label=value_label, width=NARROW)
    else:
        svg = bar_chart(title, words, bars, value_label=value_label, width=NARROW)
    return ChartPart(_own(svg), caption)


def _evolution(outcome: StateValues) -> ChartPart:
    svg = line_chart(
        "Expectation values after each repetition",
        outcome.description,
        outcome.series,
        x_label="repetition",
        value_label="expectation value",
        width=NARROW,
    )
    shown, total = min(len(outcome.series), MAX_LINES), len(outcome.series)
    return ChartPart(_own(svg), _left_out(shown, total, "values") if svg else "")


def _values(outcome: Values) -> ChartPart:
    bars = [
        ValueBar(outcome.short_names.get(name, name), value, outcome.errors.get(name))
        for name, value in islice(outcome.values.items(), MAX_BARS)
    ]
    svg = value_chart(
        "Expectation values", summary_of(outcome), bars, value_label="expectation value", width=NARROW
    )
    return ChartPart(_own(svg), _left_out(len(bars), len(outcome.values) + outcome.num_left_out, "values"))


def _gradients(outcome: Gradients) -> ChartPart:
    """Draw the derivatives of the only observable, or else the values of all of them."""
    if len(outcome.gradients) != 1:
        values = Values(outcome.values, num_left_out=outcome.num_left_out)
        return _values(values)
    (gradient,) = outcome.gradients.values()
    bars = [ValueBar(name, value) for name, value in islice(gradient.items(), MAX_BARS)]
    svg = value_chart("Derivatives", summary_of(outcome), bars, value_label="derivative", width=NARROW)
    total = len(gradient) + outcome.num_parameters_left_out
    return ChartPart(_own(svg), _left_out(len(bars), total, "derivatives"))


def _left_out(shown: int, total: int, what: str) -> str:
    return f"The first {shown} of {total:,} {what}" if total > shown else ""


def _stages(job: JobView, now: datetime) -> list[Stage]:
    """Return the statuses of a job with their durations."""
    events = job.events
    stages = []
    for index, event in enumerate(events):
        is_last = index == len(events) - 1
        end = now if is_last else events[index + 1].time
        length = None if event.time is None or end is None else (end - event.time).total_seconds()
        if is_last and event.status not in _CHANGING:
            length = None
        elif event.status == JobStatus.RUNNING and _is_run_time(job.row.duration_s, length):
            length = job.row.duration_s
        stages.append(Stage(event.status, event.time, length))
    return stages


def _is_run_time(run_time_s: float | None, length_s: float | None) -> bool:
    """Whether the run time that the service reports says better how long a job ran than its times do."""
    return run_time_s is not None and (length_s is None or abs(run_time_s - length_s) <= _PRECISION_S)


def _describe(stage: Stage, now: datetime) -> str:
    since = "" if stage.time is None else f" at {exact_time(stage.time, now=now)}"
    lasted = "" if stage.duration_s is None else f", for {duration(stage.duration_s)}"
    return f"{stage.status.replace('_', ' ').capitalize()}{since}{lasted}"
