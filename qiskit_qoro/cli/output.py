"""Output of the commands: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import logging
import select
import sys
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from qiskit_qoro.cli.streams import discard
from qiskit_qoro.display.tables import Cell, Column, Table, screen_width
from qiskit_qoro.printable import printable_line

__all__ = [
    "DEFAULT_ROWS",
    "messages_on_stderr",
    "print_counts",
    "print_fields",
    "print_heading",
    "print_json",
    "print_line",
    "print_table",
    "say",
    "say_lines",
    "say_omitted",
    "say_whole_lines",
    "waiting_for_job",
]

DEFAULT_ROWS = 32
"""The most rows that a table shows, unless the user requests all."""

_LONGEST_BAR, _SHORTEST_BAR, _BAR_GAP = 40, 8, 2
_EIGHTHS = "▏▎▍▌▋▊▉█"
_UNLIMITED_WIDTH = 10_000
_LONGEST_LINE = 1_000  # of a log; a pipe that takes any text takes at least 4096 bytes
# Of no importance, but without it rich ignores the width in some terminals.
_HEIGHT = 25


def print_table(table: RenderableType) -> None:
    """Print a table to standard output."""
    # In a file or a pipe no line is folded or cut.
    Console(width=screen_width() or _UNLIMITED_WIDTH, height=_HEIGHT).print(table)


def print_line(text: str, *, style: str = "", prefix: str = "", prefix_style: str = "") -> None:
    """Print a line to standard output.

    Args:
        text: The line. Escape sequences and markup in it have no effect.
        style: The style of ``rich`` on a terminal.
        prefix: What precedes the text.
        prefix_style: The style of the prefix.
    """
    line = Text.assemble((prefix, prefix_style), (printable_line(text), style))
    Console(width=_UNLIMITED_WIDTH, height=_HEIGHT).print(line)


def print_heading(text: str, *, is_first: bool) -> None:
    """Print the heading of one of several tables, after an empty line unless it is the first one."""
    if not is_first:
        print_line("")
    print_line(text, style="bold")


def print_fields(fields: Mapping[str, object]) -> None:
    """Print names and values to standard output, one pair per line. Omit values that are ``None``.

    Args:
        fields: Name to value. A value may be a cell, whose full text is shown if there is room for it.
    """
    rows = [
        (name, value if isinstance(value, Cell) else str(value))
        for name, value in fields.items()
        if value is not None
    ]
    columns = (Column("", least=8), Column("", least=12))
    print_table(Table(columns, rows, show_header=False))


def print_counts(counts: Mapping[str, int], *, rows: int | None = DEFAULT_ROWS) -> None:
    """Print the most frequent outcomes, with bars, to standard output.

    Args:
        counts: Outcome to count.
        rows: The most outcomes to print, or ``None`` for all.
    """
    total, most = sum(counts.values()), max(counts.values(), default=0)
    # Outcomes with the same count are in alphabetical order, so that the output does not vary.
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown: list[tuple[str, ...]] = [
        (outcome, str(count), f"{count / total:.1%}") for outcome, count in ranked[:rows]
    ]
    columns = [
        Column("outcome", least=12),
        Column("count", is_right=True),
        Column("share", 1, is_right=True),
    ]
    bar_width = _bar_width(Table(columns, shown))
    if bar_width:
        columns.append(Column("", 2))
        shown = [
            (*row, _bar(count / most if most else 0, bar_width))
            for row, (_, count) in zip(shown, ranked, strict=False)
        ]
    print_table(Table(columns, shown))
    say_omitted(len(ranked), rows, "outcomes")


def _bar_width(table: Table) -> int:
    """Return how wide the bars next to a table are, 0 if there is no room for them."""
    width = screen_width()
    room = _LONGEST_BAR if width is None else width - table.full_width - _BAR_GAP
    return 0 if room < _SHORTEST_BAR else min(room, _LONGEST_BAR)


def _bar(share: float, width: int) -> str:
    """Return a bar of characters.

    Args:
        share: The length of the bar, from 0 to 1.
        width: The characters of the longest bar.
    """
    if not _can_encode(_EIGHTHS):
        return "#" * round(share * width)
    whole, eighths = divmod(round(share * width * 8), 8)
    return _EIGHTHS[-1] * whole + (_EIGHTHS[eighths - 1] if eighths else "")


def _can_encode(text: str) -> bool:
    """Whether the encoding of the output has all characters of a text."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def say_omitted(number: int, rows: int | None, what: str) -> None:
    """Print to standard error how many items a table omits, if it omits any.

    Args:
        number: The number of items.
        rows: The number of items that the table shows at most, or ``None`` for all.
        what: The name of the items, in the plural.
    """
    if rows is not None and number > rows:
        say(f"and {number - rows} more {what}; --json lists them all")


def print_json(value: Any) -> None:
    """Print a value as JSON to standard output."""
    # JSON escapes all control characters except for DEL.
    sys.stdout.write(json.dumps(value, indent=2).replace("\x7f", "\\u007f") + "\n")


def say(text: str) -> None:
    """Print a line to standard error. On a terminal it is broken between words if it is too long."""
    line = printable_line(text)
    width = screen_width(sys.stderr)
    if width is not None:
        line = "\n".join(textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False))
    with _perhaps_unread():
        sys.stderr.write(f"{line}\n")


def say_lines(lines: Iterable[Text]) -> None:
    """Print lines to standard error, one line each: those that are too long are cut.

    A line is lost if standard error takes no more text, because a terminal is stopped or nobody reads a pipe.
    So this never blocks, and no other thread has to wait for the stream.
    """
    width = screen_width(sys.stderr) or _LONGEST_LINE
    console = Console(stderr=True, height=_HEIGHT)
    with _perhaps_unread():
        for line in lines:
            cut = line.copy()
            cut.truncate(width, overflow="ellipsis")
            if _takes_text(sys.stderr):
                # Rich itself would end the thread if nobody reads the stream any more.
                with console.capture() as printed:
                    console.print(cut, soft_wrap=True)
                sys.stderr.write(printed.get())


def say_whole_lines(lines: Iterable[str]) -> None:
    """Print lines to standard error that are not cut. They are lost as those of :func:`say_lines` are."""
    with _perhaps_unread():
        for line in lines:
            if _takes_text(sys.stderr):
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()


@contextmanager
def _perhaps_unread() -> Iterator[None]:
    """Write to standard error, which may be broken or closed: nobody may read the messages any more.

    That does not change the outcome of the command.
    """
    try:
        yield
    except OSError:
        discard(sys.stderr)
    except ValueError:  # it is closed
        pass


def _takes_text(stream: TextIO) -> bool:
    """Whether a short text can be written to a stream without waiting, as far as the system tells."""
    try:
        return bool(select.select([], [stream], [], 0)[1])
    except (OSError, ValueError):  # Windows knows that of sockets only; or it is a stream in memory
        return True


class _StderrHandler(logging.Handler):
    """Prints each log record as one line to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        say(f"qiskit-qoro: {record.levelname.lower()}: {' '.join(record.getMessage().split())}")


@contextmanager
def messages_on_stderr() -> Iterator[None]:
    """Print warnings and the log of this package to standard error, one line each, inside this context."""

    def show(message: Warning | str, *_place: object, **_options: object) -> None:
        say(f"qiskit-qoro: warning: {' '.join(str(message).split())}")

    logger, handler = logging.getLogger("qiskit_qoro"), _StderrHandler(logging.WARNING)
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            # Python would add the place in the source code.
            warnings.showwarning = show
            yield
    finally:
        logger.removeHandler(handler)


@contextmanager
def waiting_for_job(job_id: str, *, outlives_command: bool = True) -> Iterator[None]:
    """Wait for a job in this context. On Ctrl-C, print how to get the results later.

    Args:
        job_id: The identifier of the job.
        outlives_command: Whether the service keeps the job after the command has ended.
    """
    try:
        yield
    except KeyboardInterrupt:
        if outlives_command:
            say(f"job {job_id} continues: 'qiskit-qoro result {job_id}' shows its results later")
        raise
