"""A bound program that runs as a row of a template gives the same engine program, or the same error."""

from __future__ import annotations

import random

import pytest
from qiskit.exceptions import QiskitError

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.engine_program import NATIVE_GATES, EngineProgram
from qiskit_qoro.local.engine.simulator import read_engine_program
from qiskit_qoro.local.engine.template_cache import Template, TemplateCache, TemplateRow
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.read.bound_programs import split_program

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\nqreg idle[1];\ncreg c[3];\ncreg d[1];\n'
ANGLES = ["0.3", "-1.25e-3", "pi/2", "-pi", "3*pi/4", "pi*0.3", "2*pi", "0", "-0", "1e17", "7", "5.5e-12"]
STATEMENTS = [
    "measure q[0] -> c[1];",
    "measure q -> c;",
    "reset q[1];",
    "barrier q;",
    "if(c==2) rx({}) q[0];",
    "if(c==1) x q[0];",
    "rz(2*({})) q[0];",
    "ry(-({})) q[2];",
    "rx(sin({})) q[1];",
    "p(1/({})) q[1];",
    "// rx({}) q[0];\n",
    "passes({},{}) q[0],q[1];",
    "computes({}) q[2];",
    "fixed q[1];",
]
GATE_DEFINITIONS = (
    "gate passes(x,y) a,b {{ rx(x) a; cx a,b; rz(y) b; }}\n"
    "gate computes(x) a {{ rx(x/2) a; rz(-x) a; }}\n"
    "gate fixed a {{ rx({}) a; }}\n"
)
BROKEN = ["rx({}) q[7];", "rx({},{}) q[0];", "rx({}) q[0]", "gate g({}) a {{ x a; }}", "nothing({}) q[0];"]


def draw_programs(rng: random.Random, num_programs: int) -> list[str]:
    """Return programs that differ only in their angles."""
    lines = [HEADER, GATE_DEFINITIONS]
    for _ in range(rng.randint(1, 10)):
        if rng.random() < 0.4:
            lines.append(rng.choice(STATEMENTS))
        else:
            name, gate = rng.choice([item for item in GATES.items() if item[1].num_params])
            qubits = ",".join(rng.sample(["q[0]", "q[1]", "q[2]"], gate.num_qubits))
            lines.append(f"{name}({','.join(['{}'] * gate.num_params)}) {qubits};")
    if rng.random() < 0.2:
        lines.insert(rng.randint(2, len(lines)), rng.choice(BROKEN))
    form = "\n".join(lines)
    count = form.replace("{{", "").count("{}")
    return [form.format(*(draw_angle(rng) for _ in range(count))) for _ in range(num_programs)]


def draw_angle(rng: random.Random) -> str:
    return rng.choice(ANGLES) if rng.random() < 0.5 else repr(rng.gauss(0, 3))


def result_or_error(function: object, *args: object, **options: object) -> EngineProgram | str:
    try:
        return function(*args, **options)  # type: ignore[operator,no-any-return]
    except (QoroInputError, QiskitError) as error:  # Qiskit refuses angles of 1e17 in native gates
        return str(error)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"measure": False},
        {"basis_gates": frozenset({"cx", "rz", "sx", "x", "id", "u3"})},
        {"basis_gates": NATIVE_GATES},
    ],
    ids=["all gates", "without measurements", "basis gates", "native gates"],
)
@pytest.mark.parametrize("seed", range(60))
def test_the_program_of_a_row_is_that_of_its_text(seed: int, options: dict[str, object]) -> None:
    texts = draw_programs(random.Random(seed), 5)
    skeletons = set()
    cache = TemplateCache()
    for text in texts:
        bound = split_program(text)
        assert bound is not None
        skeletons.add(bound.skeleton)
        row = TemplateRow(cache, Template(*bound.skeleton.template()), bound.angles, text)
        expected = result_or_error(read_engine_program, text, **options)
        assert result_or_error(row.read, **options) == expected, text
    assert len(skeletons) == 1
