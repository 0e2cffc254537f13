"""Where names occur in the text of a template."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.models.template_names import Occurrence, find_names, replace_names


def found(text: str, *names: str) -> list[str]:
    """The occurrences, each as its offset and the name."""
    return [f"{start} {names[index]}" for start, _, index in find_names(text, names)]


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("rx(w_0[0]) q[0];", ["w_0[0]"], ["3 w_0[0]"]),
        ("rx(w[1]+w[10]) q[0];", ["w[1]", "w[10]"], ["3 w[1]", "8 w[10]"]),
        ("rx(β[0]-θ) q[0];", ["θ", "β[0]"], ["3 β[0]", "8 θ"]),
        ("rx(2*x') q[0];", ["x", "x'"], ["5 x'"]),
        ("rx(x'') q[0];", ["x", "x'"], ["3 x'"]),
        ("a b c", ["a b", "b c", "a"], ["0 a b"]),
        ("a b c d", ["a b", "b c d"], ["2 b c d"]),
        ("a a a", ["a a"], ["0 a a"]),
        ("$ $$ $$$", ["$"], ["0 $", "2 $", "3 $", "5 $", "6 $", "7 $"]),
        ("$$$", ["$", "$$"], ["0 $$", "2 $"]),
        ("a\nb", ["a\nb"], ["0 a\nb"]),
        ("x.y-x", ["x.y", "x"], ["0 x.y", "4 x"]),
        ("1 + 10", ["1"], ["0 1"]),
        ("", ["a"], []),
        ("a", [], []),
    ],
)
def test_a_name_may_be_any_text(text: str, names: list[str], expected: list[str]) -> None:
    assert found(text, *names) == expected


@pytest.mark.parametrize("neighbour", ["a", "Z", "7", "_", "é", "θ", "名", "٣", "²"])
def test_a_name_beside_a_letter_digit_or_underscore_is_part_of_another_word(neighbour: str) -> None:
    assert found(f"{neighbour}x", "x") == found(f"x{neighbour}", "x") == []
    assert found(f"{neighbour}[0]", "[0]") == found(f"[0]{neighbour}", "[0]") == []


@pytest.mark.parametrize("neighbour", [*"()[]{},;+-*/^.'\" \n\t", "€", "→"])
def test_a_name_beside_any_other_character_is_found(neighbour: str) -> None:
    assert found(f"{neighbour}x{neighbour}", "x") == ["1 x"]


@given(
    st.text("ab_1[]θ .", max_size=30),
    st.lists(st.text("ab_1[]θ .", min_size=1, max_size=4), unique=True, max_size=6),
)
def test_occurrences_agree_with_a_search_for_one_name_after_the_other(text: str, names: list[str]) -> None:
    left, expected = text, []
    for name in sorted(names, key=len, reverse=True):
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        start = 0
        # Characters that are taken become a character that is in no name.
        while match := pattern.search(text, start):
            start = match.start() + 1
            if left[match.start() : match.end()] == name:
                expected.append(Occurrence(*match.span(), names.index(name)))
                left = left[: match.start()] + "\0" * len(name) + left[match.end() :]
    assert find_names(text, names) == sorted(expected)


def test_occurrences_are_replaced() -> None:
    names = ["a", "b[0]"]
    text = "rx(a) q[0]; ry(b[0]+a) q[1];"
    assert replace_names(text, find_names(text, names), ["1", "two"]) == "rx(1) q[0]; ry(two+1) q[1];"
