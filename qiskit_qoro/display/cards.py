"""Cards: compact HTML boxes that show an object in a notebook.

A card is self-contained. It has no scripts, loads nothing, and follows the light or dark theme of JupyterLab,
VS Code, Colab, the classic notebook and Sphinx. All texts are escaped, so they may come from a service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from qiskit_qoro.display.templating import template_environment

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Badge", "Card", "CardTable", "Hinted", "Level", "Link", "Picture", "level_of_status"]

Level = Literal["neutral", "active", "good", "warning", "bad"]
"""The meaning of the colour of a badge."""

_LEVELS: dict[str, Level] = {
    "RUNNING": "active",
    "SUBMITTING": "active",
    "COMPLETED": "good",
    "CANCELLED": "warning",
    "INTERRUPTED": "warning",
    "GONE": "warning",
    "PAUSED": "warning",
    "FAILED": "bad",
    "INSUFFICIENT_CREDITS": "bad",
    "TIMED_OUT": "bad",
    "NOT_SUBMITTED": "bad",
}


def level_of_status(status: str) -> Level:
    """Return the level of a job's status. It is neutral for a status that is not known."""
    return _LEVELS.get(status, "neutral")


@dataclass(frozen=True)
class Badge:
    """A word in colour beside the title of a card, such as a status."""

    text: str
    level: Level = "neutral"


@dataclass(frozen=True)
class Hinted:
    """A text with a hint that appears when the mouse rests on it, such as the exact time of ``3 min ago``."""

    text: str
    hint: str


@dataclass(frozen=True)
class Link:
    """A text that leads to an address, in another tab.

    Attributes:
        text: The text.
        address: The address. It is trusted: it must not be one that others have chosen.
    """

    text: str
    address: str


@dataclass(frozen=True)
class CardTable:
    """A table in a card.

    Attributes:
        headings: The headings of the columns.
        rows: The cells of each row.
        title: A line above the table. A folded table shows only this line until it is clicked.
        is_folded: Whether the table is folded.
        numbers: The indices of the columns that hold numbers. They are aligned to the right.
        statuses: The indices of the columns that hold the status of a job. They become badges.
        texts: The indices of the columns that hold sentences or lists. Where there is no room for the whole
            text, it takes several lines. Other cells never do: the table scrolls instead.
        more: A line below the table, such as ``and 3 more circuits``.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str | Hinted]]
    title: str = ""
    is_folded: bool = False
    numbers: Sequence[int] = ()
    statuses: Sequence[int] = ()
    texts: Sequence[int] = ()
    more: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture in a card.

    Attributes:
        markup: The HTML or SVG of the picture. It is trusted: it must not hold the text of others unescaped.
        caption: A line below the picture.
    """

    markup: str
    caption: str = ""


@dataclass(frozen=True)
class Card:
    """The content of a card. Whatever is empty is left out.

    Attributes:
        title: What the card shows, such as ``Job``.
        name: The name of the object, such as an identifier.
        badge: A word in colour, such as a status.
        progress: The finished part of the work, from 0 to 1.
        pictures: Pictures, such as plots.
        rows: Name and value of each property.
        tables: Tables.
        code: Python code that the user can copy.
        note: A remark.
    """

    title: str
    name: str = ""
    badge: Badge | None = None
    progress: float | None = None
    pictures: Sequence[Picture] = ()
    rows: Sequence[tuple[str, str | Hinted | Link]] = ()
    tables: Sequence[CardTable] = ()
    code: str = ""
    note: str = ""

    def to_html(self) -> str:
        """Return the card as a self-contained HTML fragment."""
        return _environment().get_template("card.html").render(card=self)


@cache
def _environment() -> Environment:
    environment = template_environment("qiskit_qoro.display")
    environment.filters["level"] = level_of_status
    return environment
