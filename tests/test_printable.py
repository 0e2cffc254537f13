"""Escaping of characters that are not safe to print."""

from __future__ import annotations

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.printable import printable_line, printable_text, quoted_name

TERMINAL = {
    "\x1b[31mred\x1b[0m": r"\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07": r"\x1b]0;title\x07",
    "back\x08\x08": r"back\x08\x08",
    "over\rwritten": r"over\rwritten",
    "\x9b31m": r"\x9b31m",
    "\x7f": r"\x7f",
    "abc\u202edef\u202c": r"abc\u202edef\u202c",
    "\u2066x\u2069": r"\u2066x\u2069",
    "zero\u200bwidth\ufeff": r"zero\u200bwidth\ufeff",
    "line\u2028separator": r"line\u2028separator",
    "lone \udc80 surrogate": r"lone \udc80 surrogate",
}
HARMLESS = [
    "",
    "plain text",
    "[red]no markup[/red]",
    "Übung 量子 ψ θ_0",
    "no-break\u00a0space",
    "👩\u200d🔬",
    "می\u200cخواهم",
]


@pytest.mark.parametrize(("text", "shown"), TERMINAL.items())
def test_characters_that_a_terminal_executes_are_escaped(text: str, shown: str) -> None:
    assert printable_line(text) == shown
    assert printable_text(text) == shown


@pytest.mark.parametrize("text", HARMLESS)
def test_other_characters_stay(text: str) -> None:
    assert printable_line(text) == text
    assert printable_text(text) == text


def test_a_text_keeps_its_lines_and_a_line_does_not() -> None:
    assert printable_text("a\n\tb\x1b") == "a\n\tb\\x1b"
    assert printable_line("a\n\tb\x1b") == r"a\n\tb\x1b"


def test_the_message_of_an_error_is_safe_to_print_however_it_is_changed() -> None:
    error = QoroInputError("the tag \x1b[2J is too long")
    error.extend("\x1b[0m")
    error.introduce("\u202e")
    assert str(error) == r"\u202e: the tag \x1b[2J is too long. \x1b[0m"
    error.reword(lambda message: f"{message}\x07")
    assert error.message.endswith(r"\x07")
    assert error.args == (error.message,)


def test_long_names_are_shortened_in_messages() -> None:
    assert quoted_name("bell") == "'bell'"
    assert quoted_name("x" * 60) == f"'{'x' * 60}'"
    assert quoted_name("x" * 61) == f"'{'x' * 59}…'"
