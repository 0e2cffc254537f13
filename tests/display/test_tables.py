"""Tables that fit the width of a terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from qiskit_qoro.display.tables import Cell, Column, Table, shorten

JOB = "4f38be34-e1a8-47f1-b230-c8fb89f4150c"
COLUMNS = (
    Column("job"),
    Column("tag", 2, least=6),
    Column("circuits", 3, is_right=True),
    Column("status"),
)


def table() -> Table:
    return Table(
        COLUMNS, [(Cell("4f38be34", JOB, widens=True), "nightly run", "12", Cell("RUNNING", style="yellow"))]
    )


def lines(width: int | None, shown: Table | None = None, *, ascii_only: bool = False) -> list[str]:
    return [line.plain for line in (shown or table()).lines(width, ascii_only=ascii_only)]


def test_a_terminal_with_room_shows_full_identifiers() -> None:
    assert lines(80) == [
        "job                                   tag          circuits  status",
        f"{JOB}  nightly run        12  RUNNING",
    ]


def test_identifiers_are_short_if_they_would_not_fit() -> None:
    assert lines(60) == [
        "job       tag          circuits  status",
        "4f38be34  nightly run        12  RUNNING",
    ]


def test_a_column_is_shortened_before_one_is_left_out() -> None:
    assert lines(39)[1] == "4f38be34  nightly r…        12  RUNNING"
    assert lines(39, ascii_only=True)[1] == "4f38be34  nightly..         12  RUNNING"
    assert lines(35) == [
        "job       tag     circuits  status",
        "4f38be34  night…        12  RUNNING",
    ]


def test_columns_with_a_high_priority_number_are_left_out_first() -> None:
    assert lines(34) == ["job       tag          status", "4f38be34  nightly run  RUNNING"]
    assert lines(24) == ["job       status", "4f38be34  RUNNING"]


def test_nothing_is_broken_if_even_the_most_important_columns_do_not_fit() -> None:
    assert lines(5) == ["job       status", "4f38be34  RUNNING"]


@pytest.mark.parametrize("width", range(17, 100))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(cell_len, lines(width))) <= width


def test_a_file_has_the_full_text_of_all_columns() -> None:
    expected = [
        "job                                   tag          circuits  status",
        f"{JOB}  nightly run        12  RUNNING",
    ]
    assert lines(None) == expected
    assert str(table()).splitlines() == expected
    file = StringIO()
    Console(file=file, width=200).print(table())
    assert file.getvalue().splitlines() == expected


@pytest.mark.parametrize(("width", "job"), [(60, "4f38be34"), (80, JOB)])
def test_rich_prints_a_table_that_fits_the_console(width: int, job: str) -> None:
    file = StringIO()
    Console(file=file, width=width, force_terminal=True, color_system=None).print(table())
    assert file.getvalue().splitlines()[1].split()[0] == job


def test_control_characters_and_markup_have_no_effect() -> None:
    hostile = Table((Column("tag"),), [("[red]a\x1b[2J\n",), (Cell("b", "\x9b", "green"),)], note="\x07[b]")
    assert lines(None, hostile) == ["tag", r"[red]a\x1b[2J\n", r"\x9b", r"\x07[b]"]


def test_wide_characters_take_two_columns() -> None:
    wide = Table((Column("tag", least=3), Column("n")), [("量子計算", "1")])
    assert lines(8, wide) == ["tag    n", "量子…  1"]
    assert shorten("量子", 4) == "量子"
    assert shorten("量子", 3) == "量…"
    assert shorten("abc", 0) == ""


def test_a_table_without_rows_or_headings_has_no_lines() -> None:
    assert lines(40, Table((Column("a"), Column("b", 1)), [], show_header=False)) == []
    assert lines(40, Table((Column("a"), Column("b", 1)), [])) == ["a  b"]
