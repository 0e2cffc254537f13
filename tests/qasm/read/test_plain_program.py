"""Plain programs: what is recognised without the parser means the same to the parser."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm import GATES, Limits, parse_program
from qiskit_qoro.qasm.read.plain_program import read_plain_program

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
DECLARATIONS = HEADER + "qreg q[3];\nqreg r_2[2];\ncreg c[3];\ncreg d[2];\n"
ANGLES = [
    *("0", "1", "-2", "+3", "0.5", "-.25", ".5", "5.", "1e3", "1.5E-3", "-0", "123456789012345"),
    *("pi", "-pi", "pi/2", "-pi/4", "3*pi/4", "-0.5*pi", "pi*0.25", "-pi*2", "2*pi", "0.1*pi/3", "+pi"),
    *("pi/0", "01", "1e999", "1..5", "2pi", "pi/", "pi*", "e5", "pi pi", "1/2", "(1)", "sin(1)", "1e", "--1"),
]
QUBITS = ["q[0]", "q[1]", "q[2]", "r_2[0]", "r_2[1]", "q", "r_2", "q[3]", "s[0]", "c[0]", "q[00]", "q[ 0]"]
SPACES = ["", " ", "\n", "\t", "\r\n", "  "]


def draw_operation(rng: random.Random) -> str:
    """Return an operation, which is often valid."""
    space = rng.choice(SPACES)
    kind = rng.random()
    if kind < 0.1:
        source, target = rng.choice(
            [("q", "c"), ("q[1]", "c[2]"), ("r_2[0]", "d[0]"), ("r_2", "c"), ("c", "q")]
        )
        return f"measure {source}{space}->{space}{target}{space};"
    if kind < 0.15:
        qubits = [rng.choice(QUBITS) for _ in range(rng.randint(1, 3))]
        return f"barrier {f'{space},'.join(qubits)};"
    if kind < 0.2:
        return f"reset {rng.choice(QUBITS)};"
    if kind < 0.23:
        return rng.choice(
            ["qreg z[1];", ";", "if(c==1) x q[0];", "// comment\n", "gate g a { x a; }", "h;", "x()q;"]
        )
    name = rng.choice([*GATES, "U", "CX", "rzz", "foo"])
    spec = GATES.get(name, GATES["cu"])
    good = QUBITS[:5] if rng.random() < 0.9 else QUBITS
    count = spec.num_qubits if rng.random() < 0.97 else rng.randint(1, 4)
    operands = rng.sample(good, count) if rng.random() < 0.95 else rng.choices(good, k=count)
    angles = [rng.choice(ANGLES[:23] if rng.random() < 0.97 else ANGLES) for _ in range(spec.num_params)]
    call = f"{name}{space}({f'{space},{space}'.join(angles)}){space}" if angles else f"{name} {space}"
    return f"{call}{f'{space},{space}'.join(operands)}{space};"


def is_recognised(text: str) -> bool:
    """Check a text that may be a plain program against the parser; return whether it is one."""
    plain = read_plain_program(text)
    if plain is None:
        return False
    circuit = parse_program(text)  # never refuses what was recognised
    assert (plain.num_qubits, plain.num_clbits) == (circuit.num_qubits, circuit.num_clbits)
    expected = [
        (item.name, item.params, [circuit.find_bit(bit).index for bit in item.qubits])
        for item in circuit.data
    ]
    found = []
    for operation, text_of_operands in plain.statements:
        name, angles = plain.gate(operation)
        groups, _ = plain.operands(text_of_operands)
        bits = [bit for group in groups for bit in group]
        if name == "barrier":
            found.append((name, angles, list(dict.fromkeys(bits))))
        elif len(groups) == 1:
            found += [(name, angles, [bit]) for bit in bits]
        else:
            found.append((name, angles, bits))
    assert found == expected
    return True


@pytest.mark.parametrize("seed", range(20))
def test_a_recognised_program_means_the_same_to_the_parser(seed: int) -> None:
    rng = random.Random(seed)
    recognised = 0
    for _ in range(50):
        lines = [draw_operation(rng) for _ in range(rng.randint(1, 6))]
        recognised += is_recognised(DECLARATIONS + rng.choice(SPACES).join(lines))
    assert recognised > 5


PIECES = st.sampled_from(
    [
        *(HEADER, "OPENQASM 2.0;", 'include "qelib1.inc";', "qreg q[2];", "creg c[2];", "qreg c[1];"),
        *("qreg q[0];", "qreg h[1];", "qreg pi[1];", "h q;", "h q[0];", "h q[2];", "cx q[0],q[1];"),
        *("cx q[1],q[1];", "cx q,c;", "measure q->c;", "measure q[0]->c[1];", "measure c->q;", "rx(pi/2) q;"),
        *("u2(pi,0) q[1];", "barrier q,q;", "barrier c;", "reset q[0];", "reset c;", ";", " ", "\f", "\x00"),
        *("é", "//", "}", "u3(1,2) q;", "id q[0]"),
    ]
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=12))
def test_random_text_is_not_recognised_unless_the_parser_accepts_it(pieces: list[str]) -> None:
    is_recognised(HEADER + "".join(pieces))
    is_recognised("".join(pieces))


@pytest.mark.parametrize(
    "body",
    [
        "h q[0]; cx q[0],q[1]; ccx q[0], q[1], q[2]; measure q -> c; barrier q; reset q[1];",
        "rx(pi/2) q[0];\r\nu2(0,pi) q[1];\r\ncu(0.1,-2,3e-5,pi*0.5) q[2],r_2[1];",
        "\th\tq ;\n\n",
        "",
    ],
)
def test_typical_programs_are_recognised(body: str) -> None:
    assert is_recognised(DECLARATIONS + body)


@pytest.mark.parametrize(
    "body",
    [
        "h q[3];",
        "h c[0];",
        "cx q[0],q[0];",
        "ccx q[0],q[1],q[0];",
        "ccx q[0],q[1],q[1];",
        "cx q,r_2;",
        "measure q -> d;",
        "measure c -> q;",
        "measure q[0] -> c;",
        "u3(1,2) q[0];",
        "rx q[0];",
        "h(1) q[0];",
        "h s[0];",
        "h q[0]",
        "rx(theta) q[0];",
        "if(c==0) h q[0];",
        "h q[0]; // comment",
        "qreg t[1]; h t; qreg u[1];",
        "rzz(1) q[0],q[1];",
    ],
)
def test_other_programs_are_left_to_the_parser(body: str) -> None:
    assert read_plain_program(DECLARATIONS + body) is None


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (Limits(qubits=2), "qreg q[3];"),
        (Limits(clbits=2), "qreg q[1]; creg c[3];"),
        (Limits(operations=2), "qreg q[1]; x q[0]; x q[0]; x q[0];"),
        (Limits(operations=2), "qreg q[3]; x q;"),
        (Limits(operations=2), "qreg q[3]; barrier q;"),
        (Limits(operations=2), "qreg q[3]; creg c[3]; measure q -> c;"),
        (Limits(text_bytes=60), "qreg q[1]; x q[0]; x q[0]; x q[0];"),
    ],
)
def test_a_program_beyond_a_limit_is_left_to_the_parser(limits: Limits, text: str) -> None:
    assert read_plain_program(HEADER + text) is not None
    assert read_plain_program(HEADER + text, limits=limits) is None
    with pytest.raises(QoroInputError, match=r"at most|more than"):
        parse_program(HEADER + text, limits=limits)


def test_a_program_at_each_limit_is_recognised() -> None:
    text = HEADER + "qreg q[3]; creg c[3]; x q; measure q -> c;"
    limits = Limits(text_bytes=len(text), qubits=3, clbits=3, operations=6)
    assert read_plain_program(text, limits=limits) is not None
    assert read_plain_program(text, limits=Limits(operations=5)) is None


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "qreg q[1];" + " " * 1_000_000 + "x",
        HEADER + "qreg q[1]; " + "barrier q" + ",q" * 500_000,
        HEADER + "qreg q[1];" * 100_000 + "!",
        HEADER + "qreg q[1]; rx(" + "1" * 1_000_000 + ") q[0]",
        HEADER + "qreg q[1]; rx(0." + "1" * 1_000_000 + ") q[0]",
        HEADER + "qreg " + "q" * 1_000_000,
        HEADER + "qreg q[2]; " + "cx q[0],q[1]; " * 70_000 + "cx q[0],q[0];",
    ],
    ids=["spaces", "barrier", "declarations", "digits", "decimals", "name", "duplicate at the end"],
)
def test_a_long_text_that_is_not_recognised_takes_no_more_than_linear_time(text: str) -> None:
    assert read_plain_program(text) is None
