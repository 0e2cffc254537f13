"""The OpenQASM 2 parser: what it accepts, and the position and reason of its errors."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qasm2
from qiskit.quantum_info import Operator

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm import GATES, Limits, parse_program

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
WITH_POSITION = re.compile(r"line \d+, column \d+: \S")


def angle(expression: str) -> str:
    return f"{HEADER}qreg q[1];\nrx({expression}) q[0];\n"


def chain_of_definitions(levels: int, uses: int) -> str:
    lines = ["gate g0 a { x a; }"]
    lines += [f"gate g{level} a {{ {f'g{level - 1} a; ' * uses}}}" for level in range(1, levels + 1)]
    return HEADER + "\n".join(lines) + f"\nqreg q[1];\ng{levels} q[0];\n"


CRASHERS = {
    "a gate that calls itself": HEADER + "gate a x { a x; } qreg q[1]; a q[0];",
    "gates that call each other": HEADER + "gate a x { b x; } gate b x { a x; } qreg q[1]; a q[0];",
    "20,000 nested brackets": angle("(" * 20_000 + "1" + ")" * 20_000),
    "25 nested brackets": angle("(" * 25 + "1" + ")" * 25),
    "25 nested functions": angle("sin(" * 25 + "1" + ")" * 25),
    "brackets nested after stray closing ones": angle("1))))))))" + "(" * 25 + "1" + ")" * 25),
    "nesting that a comment interrupts": angle("(//;\n" * 25 + "1" + ")" * 25),
    "a sum of 300,000 terms": angle("1+" * 300_000 + "1"),
    "a chain of a million minuses": angle("-" * 1_000_000 + "1"),
    "a long second expression": HEADER + f"qreg q[1]; u2(1, {'1+' * 5000}1) q[0];",
    "a deep expression inside a definition": HEADER
    + f"gate f(t) a {{ rx({'(' * 30}t{')' * 30}) a; }} qreg q[1];",
    "definitions 50,000 deep": chain_of_definitions(50_000, 1),
    "a definition that doubles itself 40 times": chain_of_definitions(40, 2),
    "a classical register of 10^9 bits": HEADER + "qreg q[1]; creg c[1000000000]; measure q[0] -> c[0];",
    "a quantum register of 10^8 bits": HEADER + "qreg q[100000000];",
    "many large registers": HEADER + "".join(f"qreg q{index}[9999];" for index in range(5)),
    "a size with 5,000 digits": HEADER + "qreg q[1" + "0" * 5000 + "];",
    "an index with 25 digits": HEADER + "qreg q[1]; x q[" + "9" * 25 + "];",
    "wide registers used as a whole": HEADER + "qreg q[10000];\n" + "h q;" * 2000,
    "wide barriers": HEADER + "qreg q[10000];\n" + "barrier q;" * 2000,
    "many conditions": HEADER + "qreg q[100]; creg c[1];\n" + "if (c == 1) x q;\n" * 1000,
    "conditions on a wide register": HEADER + "qreg q[1]; creg c[100000];\n" + "if (c == 1) x q[0];\n" * 11,
    "a large gate used often": chain_of_definitions(15, 2) + "g15 q[0];\n" * 100,
}


@pytest.mark.parametrize("text", CRASHERS.values(), ids=CRASHERS.keys())
def test_a_program_that_would_crash_or_block_the_engine_is_refused_with_its_position(text: str) -> None:
    with pytest.raises(QoroInputError, match=WITH_POSITION):
        parse_program(text)


MISTAKES = {
    HEADER + "gate h a { x a; } qreg q[1];": "'h' is already defined",
    HEADER + "qreg q[1]; qreg q[2];": "'q' is already defined",
    HEADER + "qreg h[1];": "'h' is already defined",
    HEADER + "qreg q[1]; u3(1, 2) q[0];": "'u3' takes 3 parameters",
    HEADER + "gate f a { nothing a; } qreg q[1];": "'nothing' is not defined",
    HEADER + "qreg q[2]; cx q[0], q[0];": "duplicate",
    HEADER + "qreg q[2]; x q[2];": "out-of-range",
    HEADER + "opaque f a; qreg q[1]; f q[0];": "opaque",
    HEADER + "qreg q[1]; creg c[2]; if (c == " + "9" * 5000 + ") x q[0];": "longer than 4096",
    HEADER + "qreg q[1]; rx(1/0) q[0];": "divide by zero",
    HEADER + "qreg q[1]; rx(ln(-1)) q[0];": "ln",
    'include "/etc/passwd"; qreg q[1];': "unable to find",
    'include "../qelib1.inc"; qreg q[1];': "unable to find",
    "OPENQASM 3.0; qubit q;": "expected a program in OpenQASM 2.0",
    "OPENQASM 2.0; qreg q[1]; h q[0];": 'include "qelib1.inc"',
    HEADER + "qreg q[1]; \x00": "token",
    HEADER + "qreg q[1]; é": "non-ASCII",
    "OPENQASM 2.0; \ud800": "surrogate",
    "": "empty",
    " \n\t": "empty",
}


@pytest.mark.parametrize(("text", "reason"), MISTAKES.items())
def test_an_error_contains_its_reason_and_position(text: str, reason: str) -> None:
    with pytest.raises(QoroInputError, match=WITH_POSITION) as caught:
        parse_program(text)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEADER, "declares no qubits"),
        (HEADER + "qreg q[0];", "declares no qubits"),
        (angle("1e999"), r"operation 0 \(rx\) has the angle inf"),
        (angle("(-8)^(1/3)"), "nan"),
        (
            HEADER + "qreg q[1]; creg c[1]; if (c == 1) rx(1e999) q[0];",
            r"operation 0 \(rx\) has the angle inf",
        ),
        (HEADER + "//" + "x" * 16 * 1024 * 1024, "at most"),
        (b"OPENQASM 2.0;", "bytes"),
    ],
)
def test_an_error_without_position_contains_its_reason(text: str, reason: str) -> None:
    with pytest.raises(QoroInputError, match=reason):
        parse_program(text)


def test_lines_and_columns_are_counted_from_one() -> None:
    with pytest.raises(QoroInputError, match=r"^line 3, column 1: 'h' is already defined"):
        parse_program(HEADER + "gate h a { x a; }")
    with pytest.raises(QoroInputError, match=r"^line 4, column 3: "):
        parse_program(HEADER + "qreg q[1];\n  creg c[123456789];")


def test_no_file_is_read(tmp_path, monkeypatch) -> None:
    (tmp_path / "mine.inc").write_text("gate mine a { U(0, 0, 0) a; }")
    monkeypatch.chdir(tmp_path)
    for name in ("mine.inc", "./mine.inc", str(tmp_path / "mine.inc")):
        with pytest.raises(QoroInputError, match="unable to find"):
            parse_program(f'include "{name}"; qreg q[1];')


@pytest.mark.parametrize(
    "name",
    [
        "r",
        "iswap",
        "dcx",
        "ecr",
        "cs",
        "csdg",
        "rxx",
        "ryy",
        "rzz",
        "rzx",
        "ccz",
        "rccx",
        "rc3x",
        "c3x",
        "c3sqrtx",
        "c4x",
    ],
)
def test_a_gate_that_the_engine_does_not_know_has_to_be_defined(name: str) -> None:
    with pytest.raises(QoroInputError, match="define it with 'gate'"):
        parse_program(f"{HEADER}qreg q[5]; {name} q[0], q[1], q[2], q[3], q[4];")
    parse_program(f"{HEADER}gate {name}(t) a, b {{ cx a, b; rz(t) b; }} qreg q[2]; {name}(1) q[0], q[1];")


@pytest.mark.parametrize("name", GATES)
def test_every_gate_of_the_table_is_qiskits_gate(name: str) -> None:
    spec = GATES[name]
    angles = [0.1 * (index + 1) for index in range(spec.num_params)]
    operands = ", ".join(f"q[{index}]" for index in range(spec.num_qubits))
    call = f"{name}({', '.join(map(str, angles))})" if angles else name
    circuit = parse_program(f"{HEADER}qreg q[{spec.num_qubits}]; {call} {operands};")
    assert [(item.name, item.params) for item in circuit.data] == [(name, angles)]
    assert Operator(circuit) == Operator(spec.constructor(*angles))


def test_the_built_in_gates_need_no_include() -> None:
    circuit = parse_program("OPENQASM 2.0; qreg q[2]; U(1, 2, 3) q[0]; CX q[0], q[1];")
    assert dict(circuit.count_ops()) == {"u": 1, "cx": 1}


def test_a_definition_of_the_program_overrides_the_table() -> None:
    circuit = parse_program(HEADER + "gate swap a, b { x a; } qreg q[2]; swap q[0], q[1];")
    expected = QuantumCircuit(2)
    expected.x(0)
    assert Operator(circuit) == Operator(expected)


def test_an_exported_program_with_definitions_is_parsed() -> None:
    circuit = QuantumCircuit(3, 2)
    circuit.ryy(0.3, 0, 1)
    circuit.ecr(1, 2)
    circuit.dcx(0, 2)
    circuit.unitary(np.eye(4)[[1, 0, 3, 2]], [0, 1])
    assert Operator(parse_program(qasm2.dumps(circuit))).equiv(Operator(circuit))


def test_an_unused_opaque_gate_is_accepted() -> None:
    assert parse_program(HEADER + "opaque f a; qreg q[1]; x q[0];").count_ops()["x"] == 1


def test_comments_may_contain_any_text() -> None:
    text = HEADER + "// ((((((((((((((((((((((( größer; gate\nqreg q[1]; // creg c[1000000000];\nx q[0];"
    assert parse_program(text).count_ops() == {"x": 1}


def test_programs_within_the_limits_are_parsed() -> None:
    conditional = "if (c == 1) x q[0];" * 10
    assert len(parse_program(HEADER + "qreg q[1]; creg c[10000];" + conditional).data) == 10
    assert (
        len(
            parse_program(HEADER + "qreg q[1]; creg c[50];" + conditional, limits=Limits(operations=500)).data
        )
        == 10
    )
    with pytest.raises(QoroInputError, match="as 50 or more"):
        parse_program(HEADER + "qreg q[1]; creg c[51];" + conditional, limits=Limits(operations=500))
    assert parse_program(angle("(" * 12 + "1" + ")" * 12)).data[0].params == [1.0]
    assert parse_program(angle("1+" * 1000 + "1")).data[0].params == [1001.0]
    assert parse_program(chain_of_definitions(10, 2)).count_ops() == {"g10": 1}
    wide = parse_program(HEADER + "qreg q[10000]; creg c[10000]; h q; barrier q; measure q -> c;")
    assert wide.count_ops()["measure"] == 10_000


@pytest.mark.parametrize("number", ["3", "4", str(2**31), str(2**64), "9" * 4000])
def test_a_register_may_be_compared_with_a_number_that_does_not_fit(number: str) -> None:
    (operation,) = parse_program(f"{HEADER}qreg q[1]; creg c[2]; if (c == {number}) x q[0];").data
    assert operation.operation.condition[0].size == 2


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (Limits(qubits=2), "qreg q[3];"),
        (Limits(clbits=2), "qreg q[1]; creg c[3];"),
        (Limits(operations=2), "qreg q[1]; x q[0]; x q[0]; x q[0];"),
        (Limits(operations=2), "qreg q[3]; x q;"),
        (Limits(definitions=1), "gate a x { } gate b x { } qreg q[1];"),
        (Limits(definition_depth=1), "gate a x { } gate b x { a x; } qreg q[1];"),
        (Limits(nesting=1), "qreg q[1]; rx(((((((((1))))))))) q[0];"),
        (Limits(expression_chars=10), "qreg q[1]; rx(1 + 1 + 1 + 1) q[0];"),
    ],
)
def test_each_limit_can_be_set(limits: Limits, text: str) -> None:
    parse_program(HEADER + text)
    with pytest.raises(QoroInputError, match=WITH_POSITION):
        parse_program(HEADER + text, limits=limits)


def test_the_limit_for_the_text_counts_bytes() -> None:
    text = HEADER + "qreg q[1]; // ééé"
    parse_program(text, limits=Limits(text_bytes=len(text) + 3))
    with pytest.raises(QoroInputError, match="longer than"):
        parse_program(text, limits=Limits(text_bytes=len(text) + 2))


TOKENS = (
    "gate |qreg |creg |if|(|)|[|]|{|}|;|,|q|c|x |rx|==|->|measure |1|0.5|1e9|pi|-|^|//|\n|"
    "'|opaque |barrier |reset |é"
)
PIECES = st.sampled_from([*TOKENS.split("|"), HEADER, "qreg q[2];"])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=30))
def test_random_text_is_parsed_or_refused(pieces: list[str]) -> None:
    try:
        circuit = parse_program("".join(pieces))
    except QoroInputError:
        return
    assert circuit.num_qubits
