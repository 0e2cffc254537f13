"""Programs that measure nothing, and the warnings about them."""

from __future__ import annotations

import pytest

from qiskit_qoro.qasm.measurements import (
    ALL_ZERO,
    NO_REGISTER,
    describe_unmeasured,
    has_measurement,
    warn_unmeasured,
)

REGISTERS = "OPENQASM 2.0;\nqreg q[2];\ncreg c[2];\n"


@pytest.mark.parametrize(
    "text",
    [
        "measure q -> c;",
        "if(c==1) measure q[0] -> c[0];",
        "x q[0];measure q[0]->c[0];",
        "// no measure\nmeasure q -> c; // measure",
        "/* // */ measure q -> c;",
        "/* a */ x q[0]; /* b\n */measure q -> c;",
    ],
)
def test_a_measurement_is_found(text: str) -> None:
    assert has_measurement(REGISTERS + text)
    assert describe_unmeasured(REGISTERS + text) is None


@pytest.mark.parametrize(
    "text",
    [
        "x q[0];",
        "// measure q -> c;",
        "x q[0]; /* measure q -> c;\n*/",
        "// /*\nx q[0]; // */ measure q -> c;",
        "gate measure_x a { h a; }\nmeasure_x q[0];",
        "gate remeasure a { h a; }\nremeasure q[0];",
    ],
)
def test_names_and_comments_are_no_measurements(text: str) -> None:
    assert not has_measurement(REGISTERS + text)
    assert describe_unmeasured(REGISTERS + text) == ALL_ZERO


@pytest.mark.parametrize("comment", ["", "// creg c[2];\n", "/* creg c[2]; */"])
def test_a_program_without_classical_register_has_no_result(comment: str) -> None:
    assert describe_unmeasured(f"OPENQASM 2.0;\nqreg q[2];\n{comment}x q[0];") == NO_REGISTER


def test_there_is_one_warning_for_each_problem_at_the_line_of_the_caller() -> None:
    problems = {f"circuit {index}": ALL_ZERO for index in range(6)} | {"circuit 6": NO_REGISTER}
    remedy = "; measure it with measure_all(), or with 'measure q -> c;' in OpenQASM"
    with pytest.warns(UserWarning, match="measure it") as caught:
        warn_unmeasured(problems, stacklevel=1)
    assert [str(warning.message) for warning in caught] == [
        f"circuit 0 {ALL_ZERO}{remedy}. The same goes for circuit 1, circuit 2, circuit 3 and more",
        f"circuit 6 {NO_REGISTER}{remedy}",
    ]
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize(("count", "ending"), [(1, "OpenQASM"), (2, "for circuit 1"), (4, "2, circuit 3")])
def test_few_circuits_are_all_named(count: int, ending: str) -> None:
    with pytest.warns(UserWarning, match=f"{ending}$"):
        warn_unmeasured({f"circuit {index}": ALL_ZERO for index in range(count)}, stacklevel=1)


def test_without_problems_there_is_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    warn_unmeasured({}, stacklevel=1)
    assert list(recwarn) == []
