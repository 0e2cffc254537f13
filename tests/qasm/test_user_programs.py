"""What is sent for a text: the engine accepts it, and it means what the text means."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import maestro
import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit.quantum_info import Operator

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm import Program, parse_program, write_program
from qiskit_qoro.qasm.user_programs import TextReader, parse_user_program, program_of_text

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
BODY = "qreg q[3];\ncreg c[3];\nx q[0];\nmeasure q -> c;\n"
BIG = 2**64


def run(text: str) -> str:
    """Run a deterministic program with the engine, as it is; return its only outcome, bit 0 on the right."""
    config = maestro.SimulatorConfig(simulator_type=maestro.SimulatorType.QCSim)
    ((outcome, _),) = maestro.simple_execute(text, config=config, shots=3)["counts"].items()
    return str(outcome)[::-1]


# Programs that flip the first qubit, and nothing else.
ACCEPTED = {
    "plain": HEADER + BODY,
    "no header": 'include "qelib1.inc";\n' + BODY,
    "a header without minor version": HEADER.replace("2.0", "2") + BODY,
    "a later minor version": HEADER.replace("2.0", "2.1") + BODY,
    "a minor version of two digits": HEADER.replace("2.0", "2.10") + BODY,
    "a byte order mark": "\ufeff" + HEADER + BODY,
    "Windows line ends": (HEADER + BODY).replace("\n", "\r\n"),
    "old Mac line ends": (HEADER + BODY).replace("\n", "\r"),
    "tabs": (HEADER + BODY).replace(" ", "\t"),
    "form feeds": "\f" + HEADER + "\v\f" + BODY,
    "a leading comment": "/* Written by hand.\n * On two lines. */\n" + HEADER + BODY,
    "a comment before the header": "// Written by hand.\n" + HEADER + BODY,
    "a comment inside of a statement": HEADER + BODY.replace("x q", "x /* flip; */ q"),
    "an empty comment": HEADER + "/**//***/" + BODY,
    "comments inside of comments": HEADER + "// /* \n/* // */" + BODY,
    "a comment in another language": HEADER + "// größer, 最初\n/* é */" + BODY,
    "a comment in a definition": HEADER + "gate f a { // twice\n x a; x a; /* done */ } " + BODY + "f q[1];",
    "a comment after a condition": HEADER + BODY + "if (c == 0) // never\n x q[1]; measure q -> c;",
    "a comment after a gate": HEADER + BODY.replace("x q", "x // flip\n q"),
    "single quotes": HEADER.replace('"', "'") + BODY,
    "empty statements": HEADER + "gate f a { x a; };\n" + BODY.replace(";\n", ";;\n"),
    "a comma at the end": HEADER + BODY + "cx q[1],q[2],;",
    "a barrier without qubits": HEADER + BODY + "barrier;",
    "a parameter that begins with pi": HEADER + "gate f(pi2) a { rx(pi2) a; } " + BODY + "f(0.1) q[0];",
    "an empty register": HEADER + "creg empty[0];" + BODY,
    "u0": HEADER + BODY.replace("x q[0];", "x q[0]; u0(2) q[0];"),
    "ccz": HEADER + BODY.replace("x q[0];", "x q[0]; ccz q[0],q[1],q[2];"),
    "delay": HEADER + BODY.replace("x q[0];", "x q[0]; delay(100) q[0];"),
    "an opaque delay": HEADER + "opaque delay(t) a;" + BODY.replace("x q[0];", "x q[0]; delay(100) q[0];"),
    "a condition that is never true": HEADER + BODY + "if (c == 8) x q[1]; measure q -> c;",
    "a huge condition that is never true": HEADER + BODY + f"if (c == {10**30}) x q[1]; measure q -> c;",
    "a conditional reset": HEADER + BODY + "x q[1]; measure q -> c; if (c == 3) reset q[1]; measure q -> c;",
    "a wide register": HEADER + "qreg q[3]; creg c[65]; if (c == 0) x q[0]; measure q[0] -> c[0];",
    "a number of 31 bits": HEADER + f"qreg q[3]; creg c[32]; x q[1]; measure q[1] -> c[31]; "
    f"if (c == {2**31 - 1}) x q[2]; measure q[2] -> c[1]; x q[0]; x q[1]; measure q[0] -> c[0]; "
    "measure q[1] -> c[31];",
    "a number of 32 bits": HEADER + f"qreg q[3]; creg c[32]; x q[1]; measure q[1] -> c[31]; "
    f"if (c == {2**31}) x q[0]; x q[1]; measure q[0] -> c[0]; measure q[1] -> c[31];",
    "a number of 65 bits": HEADER + f"qreg q[3]; creg c[65]; x q[1]; measure q[1] -> c[64]; "
    f"if (c == {BIG}) x q[0]; x q[1]; measure q[0] -> c[0]; measure q[1] -> c[64];",
}


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_the_engine_runs_what_is_sent(text: str) -> None:
    program, circuit = parse_user_program(text)
    assert program_of_text(text) == program
    assert (program.num_qubits, program.num_clbits) >= (circuit.num_qubits, circuit.num_clbits)
    assert program.clbits == tuple(range(circuit.num_clbits))
    assert int(run(program.text), 2) == 1
    # What is sent can be read again, by the local service for example.
    parse_program(program.text)


REGISTERS = "qreg q[3];\nqreg r[2];\ncreg c[3];\ncreg w[64];\n"
DEFINITIONS = "gate f(t) a { rx(t/2) a; }\ngate g a,b { cx a,b; h b; }\n"
OPERATIONS = [
    *(
        "h q[0];",
        "h q;",
        "cx q[0],r[1];",
        "cx q,r[0];",
        "ccx q[0],q[1],q[2];",
        "U(0.1,0,pi) q;",
        "CX q[0],q[1];",
    ),
    *("rx(-pi/2) q[1];", "rx(sin(0.3)^2) q[0];", "u2(pi,1e-3) r;", "f(0.3) q[0];", "g r,r;", "g q[0],r[0];"),
    *("measure q -> c;", "measure r[0] -> w[63];", "measure q[0]\n->\tc[1];", "reset q[0];", "reset r;"),
    *(
        "barrier q, r[0];",
        "barrier;",
        "f(pi,) q;",
        "g q[1],q[2],;",
        "h() r[1];",
        "u0(1) q[0];",
        "ccz q[0],q[1],q[2];",
    ),
    *("delay(3) q[0];", "rzz(0.2) q[0],q[2];", "r(0.1,0.2) q;", "iswap q[0],q[1];", "nope q[0];", "h q[3];"),
]
OTHERS = [
    *(
        "// größe\n",
        "/* x */",
        ";",
        " ",
        "\r\n",
        "\f",
        "creg z[0];",
        "qreg t[1]; h t;",
        "gate k x { };",
        "opaque o a;",
    ),
    *(
        "gate k(pix) x { rx(pix) x; } k(0.2) q[0];",
        "gate k x { /* c */ h x; // d\n } k q[0];",
        "rx(1e999) q[0];",
    ),
]
NUMBERS = [0, 1, 7, 8, 2**31 - 1, 2**31, 2**32, 2**63, 2**64, 10**25]


@pytest.mark.parametrize("seed", range(30))
def test_the_engine_accepts_whatever_the_client_accepts(seed: int) -> None:
    rng = random.Random(seed)
    accepted = 0
    for _ in range(20):
        parts = []
        for _ in range(rng.randint(1, 4)):
            kind = rng.random()
            prefix = f"if ({rng.choice('cw')}=={rng.choice(NUMBERS)}) " if kind < 0.4 else ""
            parts.append(prefix + rng.choice(OPERATIONS if kind < 0.8 else OTHERS))
        header = rng.choice(["\ufeff", "/* a */", ""]) + HEADER.replace(
            "2.0", rng.choice(["2.0", "2", "2.1"])
        )
        try:
            program = program_of_text(header + DEFINITIONS + REGISTERS + "\n".join(parts))
        except QoroInputError:
            continue
        maestro.QasmToCirc().parse_and_translate(program.text)
        parse_program(program.text)
        accepted += 1
    assert accepted > 5


ACCEPTED["comments between statements"] = (
    "// a\n\n// b\n"
    + HEADER
    + "// c\ngate f a { x a; } // d\n"
    + BODY.replace(";\n", "; // e\n// f\n")
    + "// g"
)
UNCHANGED = [
    "plain",
    "comments between statements",
    "no header",
    "Windows line ends",
    "tabs",
    "a comment before the header",
    "u0",
]


@pytest.mark.parametrize("name", [*UNCHANGED, "a wide register", "a number of 31 bits"])
def test_a_text_that_the_engine_accepts_is_sent_as_it_is(name: str) -> None:
    assert program_of_text(ACCEPTED[name]).text == ACCEPTED[name]


def test_a_text_with_other_refused_conditions_is_written_like_its_circuit() -> None:
    text = ACCEPTED["a number of 65 bits"]
    circuit = parse_program(text)
    assert program_of_text(text) == write_program(circuit, keep_clbit_order=True)
    assert program_of_text(text).num_clbits > circuit.num_clbits


@pytest.mark.parametrize("width", [65, 151, 301])
def test_each_further_operation_under_a_condition_on_a_wide_register_takes_one_line(width: int) -> None:
    def length(count: int) -> int:
        conditional = f"if (c == {2 ** (width - 1)}) x q[0]; " * count
        return len(program_of_text(f"{HEADER}qreg q[1]; creg c[{width}]; {conditional}").text.splitlines())

    assert length(400) - length(3) == 397


def test_a_circuit_exported_by_qiskit_is_accepted_with_delays_and_gates_of_its_library() -> None:
    circuit = QuantumCircuit(3)
    circuit.delay(100, 0)
    circuit.ccz(0, 1, 2)
    circuit.ecr(0, 1)
    program, parsed = parse_user_program(qasm2.dumps(circuit))
    circuit.data = [item for item in circuit.data if item.name != "delay"]
    assert Operator(parsed).equiv(Operator(circuit))
    run(program.text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/* no end\n" + HEADER + BODY, r"^line 1, column 1: the comment that begins here has no end"),
        (HEADER + "/* ok */ /*/" + BODY, r"^line 3, column 10: the comment that begins here has no end"),
        (
            HEADER + 'include "mine.inc";\n' + BODY,
            r"^line 3, column 9: .*'mine.inc'.*no file is read.*definitions",
        ),
        ('include "../qelib1.inc";' + BODY, r"^line 1, column 9: .*qelib1.inc is built in"),
        ('OPENQASM 2.0; include "stdgates.inc";' + BODY, r"^line 1, column 23: .*no file is read"),
        (HEADER + "x\u00a0q[0];", r"^line 3, column 2: the character U\+00A0 \(NO-BREAK SPACE\)"),
        (
            HEADER + "rx(\u03b8) q[0];",
            r"^line 3, column 4: the character U\+03B8 \(GREEK SMALL LETTER THETA\)",
        ),
        ("OPENQASM 4.0;" + BODY, r"^line 1, column 10: the program is OpenQASM 4, expected .* OpenQASM 2.0"),
        ("\ufeffOPENQASM 2.0;\nfoo q;", r"^line 2, column 1: 'foo' is not defined"),
        ("/* a\n b */ foo q;", r"^line 2, column 7: 'foo' is not defined"),
        ("OPENQASM 2.1; foo q;", r"^line 1, column 15: 'foo' is not defined"),
        (HEADER + "qreg r[2];\nr r[0];", r"^line 4, column 1: 'r' .*"),
        (HEADER + "qreg q[1];\nnope(1) q[0];", r"^line 4, column 1: 'nope' is not defined"),
    ],
)
def test_an_error_has_the_position_in_the_text_of_the_user(text: str, message: str) -> None:
    with pytest.raises(QoroInputError, match=message):
        program_of_text(text)


OPENQASM3 = """// Written by hand.
OPENQASM 3.0;
include "stdgates.inc";
qubit[3] q;
bit[3] c;
for int i in [0:2] { rx(pi / 3) q[0]; }
c[1] = measure q[0];
if (c[1]) { reset q[0]; x q[0]; } else { x q[2]; }
c[1] = measure q[2];
c[0] = measure q[0];
"""


@pytest.mark.parametrize("text", [OPENQASM3, "\ufeff" + OPENQASM3, OPENQASM3.replace("3.0", "3")])
def test_a_program_in_openqasm_3_is_written_like_its_circuit(text: str) -> None:
    program, circuit = parse_user_program(text)
    assert program == write_program(circuit, keep_clbit_order=True)
    assert int(run(program.text), 2) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("OPENQASM 3.0;\nqubit q; foo q;", r"^line 2, column 10: gate 'foo' is not defined"),
        ("OPENQASM 3.0;\nqubit q; if (", r"^line 2, column 14: unexpected"),
        ("OPENQASM 3.0;\nqubit q q q;", r"^line 2, column 9: unexpected 'q'"),
        ("OPENQASM 3.0;\nqubit q", r"^line 2, column \d+: unexpected end of the program"),
        ('OPENQASM 3.0;\ninclude "mine.inc"; qubit q;', r"^line 2, column 1: non-stdgates imports"),
        ("OPENQASM 3.0;\n" + "(" * 5000, "not valid OpenQASM 3: .*recursion"),
        ("OPENQASM 3.0;\nbit c;", "declares no qubits"),
        (
            'OPENQASM 3.0;\ninclude "stdgates.inc"; qubit q; bit c; c = measure q; while (c) { x q; }',
            "while_loop.*use a for loop",
        ),
    ],
)
def test_an_error_in_openqasm_3_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(QoroInputError, match=message):
        program_of_text(text)


def test_openqasm_3_without_its_importer_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qiskit_qasm3_import", None)
    with pytest.raises(QoroInputError, match=r"pip install qiskit-qasm3-import.*OpenQASM 2\.0"):
        program_of_text(OPENQASM3)


FORMS = [
    *(text + "rx({}) q[0];u2({},{}) q[1];" for text in ACCEPTED.values() if "{" not in text),
    HEADER + "gate g(a) b {{ rx({}) b; }}\nqreg q[2];g({}) q[0];",
    HEADER + "qreg q[2];// rx({}) q[0];\nry({}) q[1];rz(2*({})) q[1];",
    HEADER + "qreg q[2];rx({}) q[2];",
    HEADER + "qreg q[2];rx({},{}) q[1];",
    HEADER + "qreg q[2];rx({}) q[1]",
    HEADER + "qreg q[2];if({}) rx({}) q[1];",
]


@pytest.mark.parametrize("form", FORMS)
def test_texts_that_differ_only_in_numbers_are_sent_like_each_of_them_alone(form: str) -> None:
    def outcome(function: Callable[[str], Program], text: str) -> Program | str:
        try:
            return function(text)
        except QoroInputError as error:
            return str(error)

    rng = random.Random(4)
    angles = [
        "0.5",
        "-2",
        "1e-3",
        "pi/2",
        "3*pi/4",
        "1e99",
        "0",
        ".5",
        "01",
        "1e400",
        "theta",
        "1,2",
        "-1-1",
        " 7 ",
    ]
    reader = TextReader()
    for _ in range(40):
        text = form.format(*(rng.choice(angles[: rng.choice([7, 14])]) for _ in range(3)))
        assert outcome(reader.program_of_text, text) == outcome(program_of_text, text), text
