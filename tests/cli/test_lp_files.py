"""Problems in the LP format."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qiskit_optimization import QuadraticProgram
from qiskit_optimization.translators import to_docplex_mp

from qiskit_qoro import QoroInputError
from qiskit_qoro.cli.lp_files import read_lp

MAXCUT = r"""\ MaxCut of a triangle
MINIMIZE
 cost: - 2 a - 2 b
       - 2 c + [ 4 a * b + 4 a*c + 4 b * c ] / 2
Binary
 a b c
End
what follows is ignored
"""


def random_program(seed: int) -> QuadraticProgram:
    """A program with variables of all kinds, and with linear constraints."""
    choose = random.Random(seed)
    program = QuadraticProgram("random")
    for index in range(6):
        if choose.random() < 0.6:
            program.binary_var(f"x{index}")
        elif choose.random() < 0.5:
            program.integer_var(choose.randint(-5, 0), choose.randint(1, 9), f"i_{index}")
        else:
            program.continuous_var(choose.choice([0, -1.5]), choose.choice([2.5, 1e20]), f"c.{index}")
    names = [variable.name for variable in program.variables]

    def coefficient() -> float:
        return choose.choice([1.0, -1.0, choose.randint(-9, 9) or 2.0, round(choose.uniform(-3, 3), 4)])

    linear = {name: coefficient() for name in names}
    quadratic = {(choose.choice(names), choose.choice(names)): coefficient() for _ in range(8)}
    goal = choose.choice([program.minimize, program.maximize])
    goal(choose.choice([0, 2.5, -1]), linear, quadratic)
    for index in range(choose.randint(0, 4)):
        some = {name: coefficient() for name in choose.sample(names, 3)}
        program.linear_constraint(some, choose.choice(["<=", ">=", "=="]), choose.randint(-4, 4), f"k{index}")
    return program


@pytest.mark.parametrize("seed", range(40))
def test_what_docplex_writes_is_read(seed: int) -> None:
    program = random_program(seed)
    found = read_lp(to_docplex_mp(program).export_as_lp_string())
    assert found.objective.sense == program.objective.sense
    assert found.objective.constant == pytest.approx(program.objective.constant)
    kinds = {variable.name: (variable.vartype, variable.lowerbound) for variable in program.variables}
    assert {each.name: (each.vartype, each.lowerbound) for each in found.variables} == kinds
    for point in range(5):
        choose = random.Random(point)
        values = {name: choose.randint(0, 3) for name in kinds}
        wanted = [values[variable.name] for variable in program.variables]
        given = [values[variable.name] for variable in found.variables]
        assert found.objective.evaluate(given) == pytest.approx(program.objective.evaluate(wanted))
        for left, right in zip(found.linear_constraints, program.linear_constraints, strict=True):
            assert (left.sense, left.rhs) == (right.sense, pytest.approx(right.rhs))
            assert left.evaluate(given) == pytest.approx(right.evaluate(wanted))


def test_forms_that_other_programs_write() -> None:
    program = read_lp(
        "max 2 x - 3y + 5 + [ x^2 - x * y ]\n"
        "st\n x + y =< 1\n c2: - x + - 2 y > -3\n z = 2\n"
        "bounds\n -Inf <= y <= 4\n 1 <= z\n z <= 6\n x FREE\n w = 1\n"
        "gen\n z\nbin\n w\nend"
    )
    by_name = {variable.name: variable for variable in program.variables}
    assert program.objective.evaluate({"x": 2, "y": 1, "z": 0, "w": 0}) == 4 - 3 + 5 + 4 - 2
    bounds = {name: (each.lowerbound, each.upperbound) for name, each in by_name.items()}
    infinity = float("inf")
    assert bounds == {"x": (-infinity, infinity), "y": (-infinity, 4), "z": (1, 6), "w": (1, 1)}
    senses = [(each.sense.label, each.rhs) for each in program.linear_constraints]
    assert senses == [("<=", 1), (">=", -3), ("==", 2)]


def test_an_lp_file_is_characterized(tmp_path: Path, answer: Callable[..., Any]) -> None:
    (tmp_path / "maxcut.lp").write_text(MAXCUT)
    found = answer("characterize", "maxcut.lp", "--preset", "deep")
    assert found["hardness"]["cost_min"] == -2
    assert found["hardness"]["ground_state_degeneracy"] == 6


def test_constraints_become_penalties(tmp_path: Path, answer: Callable[..., Any]) -> None:
    (tmp_path / "one.lp").write_text(MAXCUT.replace("Binary", "Subject To\n a + b + c = 1\nBinary"))
    found = answer("characterize", "one.lp", "--preset", "deep", "--target-state", "100")
    assert found["hardness"]["ground_state_degeneracy"] == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file has no objective"),
        ("min\n x +\nend", "expected a variable, got 'nothing'"),
        ("min\n [ x ] / 2\nend", "expected '\\*' or '\\^ 2' after x"),
        ("min\n [ x ^ 3 ] / 2\nend", "expected x \\^ 2, got another exponent"),
        ("min\n [ x * y\nend", "expected a variable or ']'"),
        ("min\n x <= 2\nend", "expected the end of the objective, got '<='"),
        ("min\n x\nst\n x\nend", "expected <=, >= or ="),
        ("min\n x\nst\n x <= y\nend", "expected a number, got 'y'"),
        ("min\n x\nst\n [ x * x ] <= 1\nend", "a constraint is quadratic"),
        ("min\n x\nbounds\n x 5\nend", "expected <=, >= or ="),
        ("min\n x\ngen\n x\nend", "the integer variable x has no upper or lower bound"),
        ("min\n x\nsos\n s: S1:: x:1\nend", "the section 'sos' is not supported"),
        ("min\n x + y : z\nend", "unexpected ':' after 'y'"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(QoroInputError, match=message):
        read_lp(text)


def test_without_qiskit_optimization_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qiskit_optimization", None)
    with pytest.raises(QoroInputError, match="pip install qiskit-optimization"):
        read_lp(MAXCUT)
