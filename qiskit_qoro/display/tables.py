"""Tables that fit the width of a terminal.

A column has a priority. If a table is too wide, columns that may be shortened are shortened first, as far as
they allow. If that is not enough, the column with the highest number of its priority is left out, and so on.
Identifiers and numbers are never shortened. In a file or a pipe the table has all columns, and its cells have
their full text.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, TextIO

from qiskit_qoro.printable import printable_line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

__all__ = ["Cell", "Column", "Table", "screen_width", "shorten", "status_style"]

_UNKNOWN_WIDTH = 80
_GAP = 2  # spaces between columns

_STATUS_STYLES = {
    "COMPLETED": "green",
    "online": "green",
    "FAILED": "red",
    "TIMEOUT": "red",
    "NOT_SUBMITTED": "red",
    "INTERRUPTED": "red",
    "offline": "red",
    "CANCELLED": "yellow",
    "RUNNING": "yellow",
    "PENDING": "yellow",
    "SUBMITTING": "yellow",
    "SUBMITTED": "yellow",
    "GONE": "dim",
    "DELETED": "dim",
}


def status_style(status: str) -> str:
    """Return the style of a status: green if it is good, red if it is bad, yellow if it may still change."""
    return _STATUS_STYLES.get(status, "")


def screen_width(stream: TextIO | None = None) -> int | None:
    """Return the columns of the terminal that a stream is, or ``None`` if it is none.

    Args:
        stream: The stream, by default standard output.
    """
    stream = sys.stdout if stream is None else stream
    # sys.stdout is None in a process without a console.
    if stream is None or not stream.isatty():
        return None
    chosen = os.environ.get("COLUMNS", "")
    if chosen.isdecimal() and int(chosen) > 0:
        return int(chosen)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _UNKNOWN_WIDTH
    except (OSError, ValueError):  # not a terminal of the operating system
        return _UNKNOWN_WIDTH


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: The heading.
        priority: A column with 0 is always shown. Of the others, the highest numbers are left out first.
        is_right: Whether the column is aligned right.
        least: The width to which longer cells may be shortened, or ``None`` if they must not be.
    """

    heading: str
    priority: int = 0
    is_right: bool = False
    least: int | None = None


@dataclass(frozen=True)
class Cell:
    """A cell of a table. Control characters and markup in its texts have no effect.

    Attributes:
        text: The text in a terminal.
        full: The text in a file or a pipe, or ``None`` for the same.
        style: The style of ``rich`` in a terminal.
        widens: Whether the full text is also shown in a terminal that has room for it.
    """

    text: str
    full: str | None = None
    style: str = ""
    widens: bool = False


class Table:
    """A table that is printed with as many columns as fit.

    Args:
        columns: The columns.
        rows: The cells of each row, one for each column.
        note: A line below the table, or ``None``.
        show_header: Whether the headings are printed.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Cell | str]],
        *,
        note: str | None = None,
        show_header: bool = True,
    ) -> None:
        self.columns = tuple(columns)
        self.rows = [[_printable(cell) for cell in row] for row in rows]
        self.note = note
        self.show_header = show_header
        # The widths of columns that have been computed.
        self._widths: dict[tuple[int, _Form], int] = {}

    def __str__(self) -> str:
        return "\n".join(line.plain for line in self.lines(None))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        is_on_screen = console.is_terminal or console.is_jupyter
        fits = not is_on_screen and self.full_width <= options.max_width
        yield from self.lines(None if fits else options.max_width, ascii_only=options.ascii_only)

    def lines(self, width: int | None, *, ascii_only: bool = False) -> Iterator[Text]:
        """Yield the lines of the table.

        Args:
            width: The width of the terminal, or ``None`` for the full text of all columns.
            ascii_only: Whether the end of a shortened cell is marked with ASCII characters.
        """
        from rich.text import Text  # noqa: PLC0415 - most programs print no table

        layout = self._full_layout() if width is None else self._fit(width)
        mark = ".." if ascii_only else "…"
        if self.show_header:
            yield layout.line([Cell(column.heading, style="bold") for column in self.columns], mark)
        for row in self.rows:
            yield layout.line(row, mark)
        if self.note is not None:
            note = printable_line(self.note)
            yield Text(note, overflow="fold")

    @property
    def full_width(self) -> int:
        """The columns of a terminal that the table with its full text takes."""
        return self._full_layout().width

    def _full_layout(self) -> _Layout:
        return self._layout(dict.fromkeys(range(len(self.columns)), _Form.FULL))

    def _fit(self, width: int) -> _Layout:
        """Choose the columns that are shown, and their widths."""
        forms = dict.fromkeys(range(len(self.columns)), _Form.SHORT)
        while (layout := self._layout(forms)).least_width > width:
            droppable = [place for place in forms if self.columns[place].priority]
            if not droppable:
                break
            del forms[max(droppable, key=lambda place: (self.columns[place].priority, place))]
        for place in forms:
            wide = self._layout(layout.forms | {place: _Form.WIDE})
            layout = wide if wide.width <= width else layout
        return layout.shortened_to(width)

    def _layout(self, forms: dict[int, _Form]) -> _Layout:
        widths = {place: self._column_width(place, form) for place, form in forms.items()}
        return _Layout(self.columns, widths, forms)

    def _column_width(self, place: int, form: _Form) -> int:
        if (place, form) not in self._widths:
            heading = [self.columns[place].heading] if self.show_header else []
            texts = [_text(row[place], form) for row in self.rows]
            self._widths[place, form] = max(map(_width, (*heading, *texts)), default=0)
        return self._widths[place, form]


class _Form(Enum):
    """Which text of its cells a column shows."""

    SHORT = 0
    WIDE = 1  # the full text of cells that widen
    FULL = 2


@dataclass(frozen=True)
class _Layout:
    """The shown columns of a table.

    Attributes:
        columns: All columns.
        widths: The width of each shown column, by its place.
        forms: What each shown column shows, by its place.
    """

    columns: tuple[Column, ...]
    widths: dict[int, int]
    forms: dict[int, _Form]

    @property
    def width(self) -> int:
        return _joined(self.widths.values())

    @property
    def least_width(self) -> int:
        return _joined(self._least(place) for place in self.widths)

    def _least(self, place: int) -> int:
        least, width = self.columns[place].least, self.widths[place]
        return width if least is None else min(width, max(least, len(self.columns[place].heading)))

    def shortened_to(self, width: int) -> _Layout:
        """Shorten the widest columns until the table fits."""
        widths = dict(self.widths)
        while _joined(widths.values()) > width:
            room = [place for place in widths if widths[place] > self._least(place)]
            if not room:
                break
            widths[max(room, key=lambda place: widths[place])] -= 1
        return _Layout(self.columns, widths, self.forms)

    def line(self, row: Sequence[Cell], mark: str) -> Text:
        """Return a line with the cells of a row."""
        from rich.text import Text  # noqa: PLC0415 - as above

        line = Text(no_wrap=True, overflow="ignore", end="\n")
        for number, (place, width) in enumerate(self.widths.items()):
            line.append(" " * _GAP if number else "")
            text = shorten(_text(row[place], self.forms[place]), width, mark=mark)
            space = " " * (width - _width(text))
            line.append(space if self.columns[place].is_right else "")
            line.append(text, style=row[place].style or None)
            line.append("" if self.columns[place].is_right else space)
        line.rstrip()
        return line


def shorten(text: str, width: int, *, mark: str = "…") -> str:
    """Cut a text that is wider than ``width``, and mark its end.

    Args:
        text: A line.
        width: The columns of a terminal that the text may take.
        mark: Stands for the omitted rest.
    """
    from rich.cells import set_cell_size  # noqa: PLC0415 - as above

    if _width(text) <= width:
        return text
    return set_cell_size(text, max(0, width - len(mark))).rstrip() + mark[: max(0, width)]


def _width(text: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415 - as above

    return cell_len(text)


def _joined(widths: Iterable[int]) -> int:
    every = list(widths)
    return sum(every) + _GAP * max(0, len(every) - 1)


def _text(cell: Cell, form: _Form) -> str:
    shows_full = form is _Form.FULL or (form is _Form.WIDE and cell.widens)
    return cell.full if shows_full and cell.full is not None else cell.text


def _printable(cell: Cell | str) -> Cell:
    if isinstance(cell, str):
        return Cell(printable_line(cell))
    full = None if cell.full is None else printable_line(cell.full)
    return replace(cell, text=printable_line(cell.text), full=full)
