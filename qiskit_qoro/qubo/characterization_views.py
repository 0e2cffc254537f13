"""How a characterization looks: a short text for terminals and a card for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Protocol

from qiskit_qoro.display.cards import Badge, Card, CardTable, Picture, level_of_status
from qiskit_qoro.display.tables import shorten, status_style
from qiskit_qoro.printable import printable_line
from qiskit_qoro.qubo_analysis.report.figures import figure_values
from qiskit_qoro.qubo_analysis.report.pictures import draw_pictures

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["card", "summary"]

_LEVEL_STYLES = {"action": "bold red", "warn": "bold magenta"}
# The card has the landscape and the states. The report has all pictures.
_PICTURES = 2
_LEAST_NAME = 8


class _Advice(Protocol):
    @property
    def level(self) -> str: ...
    @property
    def text(self) -> str: ...


class _Result(Protocol):
    @property
    def raw(self) -> Mapping[str, Any]: ...
    @property
    def job_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def recommendations(self) -> Sequence[_Advice]: ...


def summary(result: _Result, width: int) -> Text:
    """Return the most important figures and the recommendations, in lines of at most ``width`` characters.

    Texts of the service cannot be folded everywhere, so they may be longer.
    """
    from rich.text import Text  # noqa: PLC0415 - importing it takes a moment

    text = Text(no_wrap=True, overflow="ignore")
    text.append("Characterization", "bold")
    if result.status:
        text.append(": ").append(printable_line(result.status), status_style(result.status))
    if result.job_id:
        text.append(f"\njob {printable_line(result.job_id)}")
    rows = [
        (value.figure.name, printable_line(value.text), value.figure.meaning)
        for value in figure_values(result.raw, only_key_figures=True)
    ]
    if rows:
        text.append("\n")
    left, middle = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    # In a narrow terminal the names are shortened, because a number that is cut looks like another number.
    left = max(min(left, width - middle - 2), _LEAST_NAME)
    for name, value, meaning in rows:
        text.append(f"\n{shorten(name, left):<{left}}  {value}")
        if meaning and left + middle + len(meaning) + 4 <= width:
            text.append(" " * (middle - len(value) + 2)).append(meaning, "dim")
    if result.recommendations:
        text.append("\n")
    for advice in result.recommendations:
        level = printable_line(advice.level)
        line = f"{level}: {printable_line(advice.text)}"
        lines = wrap(line, width, subsequent_indent="  ", break_long_words=False)
        text.append(f"\n{level}", _LEVEL_STYLES.get(level, "bold"))
        text.append("\n".join(lines)[len(level) :])
    return text


def card(result: _Result) -> Card:
    """Return the card of a characterization."""
    report = result.raw.get("report")
    drawn = draw_pictures(report) if isinstance(report, Mapping) else []
    figures = list(figure_values(result.raw))
    table = [(value.figure.name, value.text, value.figure.meaning) for value in figures]
    return Card(
        "Characterization",
        result.job_id,
        badge=Badge(result.status, level_of_status(result.status)) if result.status else None,
        pictures=[Picture(each.svg, f"{each.title}. {each.caption}") for each in drawn[:_PICTURES]],
        rows=[
            *((value.figure.name, value.text) for value in figures if value.figure.is_key_figure),
            *((advice.level, advice.text) for advice in result.recommendations),
        ],
        tables=[CardTable(["figure", "value", "unit or meaning"], table, "All figures", is_folded=True)]
        if table
        else (),
        code=f"characterize(job_id={result.job_id!r}, service=provider.service)" if result.job_id else "",
        note="The attribute html is the whole report.",
    )
