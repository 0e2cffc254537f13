"""Short forms of identifiers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.display.identifiers import short_identifiers


def test_an_identifier_is_shortened_to_eight_characters() -> None:
    assert short_identifiers(["4f38be34-e1a8", "9ab01c22-77f0"]) == {
        "4f38be34-e1a8": "4f38be34",
        "9ab01c22-77f0": "9ab01c22",
    }


def test_identifiers_that_begin_alike_have_longer_short_forms() -> None:
    found = short_identifiers(["4f38be34-e1a8", "4f38be34-e2b9", "4f38be3", "j1"])
    assert found == {
        "4f38be34-e1a8": "4f38be34-e1",
        "4f38be34-e2b9": "4f38be34-e2",
        "4f38be3": "4f38be3",
        "j1": "j1",
    }


def test_an_identifier_is_told_apart_from_those_that_are_not_shown() -> None:
    found = short_identifiers(["4f38be34-e1a8"], among=["4f38be34-e2b9", "9ab01c22-77f0"])
    assert found == {"4f38be34-e1a8": "4f38be34-e1"}


@given(st.sets(st.text("ab", min_size=1, max_size=12)))
def test_a_short_form_is_an_identifier_or_begins_no_other_one(identifiers: set[str]) -> None:
    for identifier, short in short_identifiers(identifiers, least=3).items():
        alike = {other for other in identifiers if other.startswith(short)}
        assert short == identifier or alike == {identifier}
