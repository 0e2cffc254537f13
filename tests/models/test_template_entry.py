"""TemplateEntry: accepted forms of the arguments, and refused ones."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from qiskit_qoro import QoroInputError, TemplateEntry


def entry(
    names: Any = ("a", "b"), sets: Any = (("x", (1.0, 2.0)),), text: Any = "rx(a) q[0];"
) -> TemplateEntry:
    return TemplateEntry(template_qasm=text, parameter_names=names, parameter_sets=sets)


@pytest.mark.parametrize(
    "sets",
    [
        [("x", [0.5, -2])],
        (["x", (0.5, np.float32(-2))],),
        [("x", np.array([0.5, -2.0]))],
        {"x": [0.5, -2]},
        zip(["x"], np.array([[0.5, -2.0]]), strict=True),
        (pair for pair in [("x", iter([0.5, -2]))]),
    ],
)
def test_values_of_any_kind_become_floats(sets: Any) -> None:
    template = entry(["a", "b"], sets)
    assert template.parameter_names == ("a", "b")
    assert template.parameter_sets == (("x", (0.5, -2.0)),)
    assert {type(value) for _, values in template.parameter_sets for value in values} == {float}
    assert template == entry(("a", "b"), [("x", (0.5, -2.0))])
    assert hash(template) == hash(entry(("a", "b"), [("x", (0.5, -2.0))]))


@pytest.mark.parametrize(
    "change", [None, ("x", 2.5), ("a", [1.0, 2.0]), ("é", [1, 2]), ("y", (1e308, 1e308))]
)
def test_many_sets_are_the_same_whether_they_are_checked_together_or_singly(change: Any) -> None:
    sets: list[Any] = [(label, [0.1 * place, -2.0]) for place, label in enumerate("abcde")]
    if change is not None:
        sets.insert(3, change)

    def outcome(given: Any) -> Any:
        try:
            return entry(sets=given).parameter_sets
        except QoroInputError as error:
            return str(error)

    # A generator is checked set by set.
    assert outcome(sets) == outcome(pair for pair in sets)


def test_the_rows_of_a_matrix_are_parameter_sets() -> None:
    rows = np.arange(6.0).reshape(3, 2)
    template = entry(sets=[(f"row {index}", row) for index, row in enumerate(rows)])
    assert dict(template.parameter_sets) == {"row 0": (0, 1), "row 1": (2, 3), "row 2": (4, 5)}


def test_a_template_without_parameters_has_one_circuit_for_each_label() -> None:
    assert entry((), [("x", ()), ("y", [])]).parameter_sets == (("x", ()), ("y", ()))


def test_a_name_may_be_any_text() -> None:
    names = ("w_0[0]", "β[0]", "θ", "2b", "layer.0 weight", "'", " ", "pi", "名")
    assert entry(names, [("x", range(len(names)))]).parameter_names == names


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": 5}, "template_qasm is 5"),
        ({"names": "ab"}, "parameter_names is 'ab', expected a list"),
        ({"names": None}, "parameter_names is None"),
        ({"names": ["a", 5]}, "parameter_names[1] is 5"),
        ({"names": ["a", ""]}, "parameter_names[1] is '', expected Unicode text that is not empty"),
        ({"names": ["a", "\ud800"]}, "parameter_names[1] is '\\ud800', expected Unicode text"),
        ({"names": ["a", "a"]}, "parameter_names[1] repeats 'a'"),
        ({"sets": 5}, "parameter_sets is 5, expected a list of (label, values)"),
        ({"sets": "xy"}, "parameter_sets is 'xy'"),
        ({"sets": ["xy"]}, "parameter_sets[0] is 'xy', expected (label, values)"),
        ({"sets": [(1, (1, 2))]}, "parameter_sets[0] is (1, (1, 2))"),
        ({"sets": [("x", 1, 2)]}, "parameter_sets[0] is ('x', 1, 2)"),
        ({"sets": [("x", (1, 2)), ("x", (1, 2))]}, "parameter_sets[1]: the label 'x' occurs twice"),
        ({"sets": [("x", (1,))]}, "parameter_sets[0] ('x') has 1 values, expected 2, one for each name"),
        ({"sets": [("x", (1, 2, 3))]}, "has 3 values, expected 2"),
        ({"sets": [("x", 1.5)]}, "parameter_sets[0] ('x') has the values 1.5, expected a list"),
        ({"sets": [("x", "12")]}, "has the values '12'"),
        ({"sets": [("x", np.eye(2))]}, "the value of 'a' is not a finite number"),
    ],
)
def test_an_invalid_argument_is_refused_with_its_index(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(QoroInputError, match=re.escape(message)):
        entry(**changes)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), 10**400, True, np.True_, "1", None, 1j, Decimal(1)]
)
def test_a_value_must_be_a_finite_real_number(value: Any) -> None:
    with pytest.raises(ValueError, match=r"'x'.: the value of 'b' is not a finite number"):
        entry(sets=[("x", (1.0, value))])


def test_finite_values_with_an_overflowing_sum_are_accepted() -> None:
    largest = 1.7976931348623157e308

    assert entry(["a", "b"], [("x", (largest, largest))]).parameter_sets == (("x", (largest, largest)),)


def test_the_values_are_iterated_once() -> None:
    assert entry(["a", "b"], [("x", iter([0.5, 2]))]).parameter_sets == (("x", (0.5, 2.0)),)
