"""The program of a row equals the one from its resolved text, whether the template could be prepared or
not."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp, Statevector

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.program import write_engine_program
from qiskit_qoro.local.engine.template_cache import Template, TemplateCache
from qiskit_qoro.local.workers.task_runs import run_task
from qiskit_qoro.local.workers.tasks import CircuitTask
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.qasm.read.parser import parse_program
from qiskit_qoro.wire.substitution import resolve_template

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n'
NAMES = ("a", "b")
SPECIAL = [0.0, -0.0, -0.5, math.pi / 2, -math.pi, 3 * math.pi / 2, 1e-7, -1e16, 5e-324, 1.0, 2.0]

TEMPLATES = {
    "names only": "rx(a) q[0];ry(b) q;u3(a,b,0.5) q[1];cx q[0],q[1];rz(a) q[2];measure q->c;",
    "a first gate that is Clifford for some values": "rz(a) q[0];h q[1];t q[2];p(b) q[2];",
    "expressions": "rx(2*a) q[0];ry(-b) q;rz(a^2-b) q[1];p(2-a) q[2];rx(sin(a)*b) q[0];u2(a,-a) q[1];",
    "in a comment": "rx( // a b\n a ) q[0]; // a",
    "a gate passes its angle on": "gate f(x) r,s {cx r,s;rz(x) s;cx r,s;} f(a) q[0],q[1]; f(2*b) q[1],q[2];",
    "a gate computes with its angle": "gate f(x) r {rx(2*x) r; rz(x) r;} f(a) q[0];",
    "a gate folds its angle": "gate f(x) r {rx(sqrt(x^2)) r; rz(-(-x)) r; rz(x-x) r;} f(a) q[0];",
    "a name in the body of a gate": "gate f(x) r {rx(2*a) r; rz(x) r;} f(b) q[0];",
    "a name beside an angle of the gate": "gate f(x) r {rx(x*a) r;} f(b) q[0];",
    "conditions": "h q[0];measure q[0]->c[0];if(c==1) rx(a) q[1];if(c==1) rz(b) q;",
    "two-qubit gates": "cu3(a,b,0.2) q[0],q[1];crx(a) q[1],q[0];cu(a,b,0.1,2*a) q[2],q[1];",
    "expressions without a value for some rows": "rx(1/a) q[0]; ry(ln(b)) q[1];",
    "a name outside an angle": "rx(a) q[b];",
    "no names": "h q;",
    "a gate parameter named like a template name": "gate f(a) r {rx(a) r;} f(b) q[0];",
    "a syntax error": "rx(a) q[0]",
}


def program_or_error(text: str, **options: object) -> EngineProgram | str:
    try:
        return write_engine_program(parse_program(text), **options)  # type: ignore[arg-type]
    except QoroInputError as error:
        return str(error)


def row_or_error(cache: TemplateCache, template: Template, values: list[float], **options: object) -> object:
    try:
        return cache.program(template, values, **options)  # type: ignore[arg-type]
    except QoroInputError as error:
        return str(error)


@pytest.mark.parametrize("body", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize(
    "options", [{}, {"measure": False}, {"basis_gates": frozenset({"cx", "rz", "sx", "x", "id", "u3"})}]
)
def test_the_program_of_a_row_equals_the_one_from_its_resolved_text(
    body: str, options: dict[str, object]
) -> None:
    rng = random.Random(5)
    cache, template = TemplateCache(), Template(HEADER + body, NAMES)
    rows = [[first, second] for first in SPECIAL for second in rng.sample(SPECIAL, 3)]
    rows += [[rng.gauss(0, 3), rng.gauss(0, 3)] for _ in range(20)]
    for values in rows:
        text = resolve_template(template.text, NAMES, values)
        assert row_or_error(cache, template, values, **options) == program_or_error(text, **options), values


STRANGE_NAMES = {
    "brackets": ("w_0[0]", "w_0[1]"),
    "letters of any script": ("θ", "β[0]"),
    "delimiters": ("f(x,y;z)", "}"),
    "a comment": ("a//b", "c//"),
    "one inside the other": ("a+a", "a"),
    "digits": ("7", "77"),
    "words of the language": ("pi", "measure"),
    "a space": ("x y", "x  y"),
}


@pytest.mark.parametrize("names", STRANGE_NAMES.values(), ids=STRANGE_NAMES)
def test_a_name_may_be_any_text(names: tuple[str, str]) -> None:
    first, second = names
    body = f"rx({first}) q[0];ry(2*{second}-1) q;cx q[0],q[1];u3({second}, {first} ,0.5) q[1]; // {first}"
    cache, template = TemplateCache(), Template(HEADER + body, names)
    for values in [(0.3, -1.2), (-0.5, 1e-7), (math.pi / 2, 0.0)]:
        text = HEADER + (
            f"rx({values[0]}) q[0];ry(2*{values[1]}-1) q;cx q[0],q[1];u3({values[1]},{values[0]},0.5) q[1];"
        )
        assert row_or_error(cache, template, list(values)) == program_or_error(text)
    # The rows were filled in, not parsed singly.
    assert cache.prepare(template) is not None


def test_more_templates_than_the_cache_keeps_are_not_mixed_up() -> None:
    cache = TemplateCache()
    for _ in range(3):
        for index in range(20):
            template = Template(f"{HEADER}rx({index}*a) q[0];", NAMES)
            assert (
                cache.program(template, [1.0, 0.0]).text.endswith(f"rx({float(index)}) q[0];\n") or index == 0
            )


# --- results ------------------------------------------------------------------------------------------


def random_template(rng: random.Random, num_qubits: int) -> tuple[str, QuantumCircuit, int]:
    """The text of a random template, the same circuit in Qiskit, and the number of parameters."""
    theta = ParameterVector("theta", 4)
    circuit = QuantumCircuit(num_qubits)
    lines = [f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{num_qubits}];']
    for _ in range(12):
        index, factor = rng.randrange(4), rng.choice([0.5, 2.0, 3.0])
        name = f"theta_{index}"
        text, angle = rng.choice(
            [
                (name, theta[index]),
                (f"-{name}", -theta[index]),
                (f"{factor}*{name}", factor * theta[index]),
                (f"{name}/{factor}-pi", theta[index] / factor - math.pi),
                (repr(factor), factor),
            ]
        )
        first, second = rng.sample(range(num_qubits), 2)
        gate = rng.choice(["rx", "ry", "rz", "p", "cp", "crx", "cx", "h"])
        if gate in {"rx", "ry", "rz", "p"}:
            lines.append(f"{gate}({text}) q[{first}];")
            getattr(circuit, gate)(angle, first)
        elif gate in {"cp", "crx"}:
            lines.append(f"{gate}({text}) q[{first}],q[{second}];")
            getattr(circuit, gate)(angle, first, second)
        elif gate == "cx":
            lines.append(f"cx q[{first}],q[{second}];")
            circuit.cx(first, second)
        else:
            lines.append(f"h q[{first}];")
            circuit.h(first)
    return "\n".join(lines), circuit, 4


def cases() -> Iterator[tuple[CircuitTask, CircuitTask, QuantumCircuit]]:
    """Rows of random templates: as a template with values, as resolved text, and bound by Qiskit."""
    for seed in range(25):
        rng = random.Random(seed)
        width = rng.randrange(2, 5)
        text, circuit, size = random_template(rng, width)
        names = tuple(f"theta_{index}" for index in range(size))
        pauli_strings = tuple("".join(rng.choices("IXYZ", k=width)) for _ in range(5))
        for _ in range(4):
            values = tuple(rng.choice([rng.gauss(0, 2), math.pi / 2, 0.0]) for _ in names)
            bound = resolve_template(text, names, values)
            known = {theta: values[theta.index] for theta in circuit.parameters}
            yield (
                CircuitTask("row", text, pauli_strings=pauli_strings, names=names, values=values),
                CircuitTask("row", bound, pauli_strings=pauli_strings),
                circuit.assign_parameters(known),
            )


def test_values_of_random_templates_agree_with_bound_circuits_and_with_qiskit() -> None:
    cache = TemplateCache()
    for row, bound, circuit in cases():
        values = run_task(row, cache).result
        assert values is not None
        assert values == run_task(bound, cache).result
        state = Statevector(circuit)
        expected = {
            pauli_string: state.expectation_value(SparsePauliOp(pauli_string[::-1])).real
            for pauli_string in values
        }
        assert values == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("device", [None, "local_qpu"])
def test_counts_of_a_template_equal_those_of_bound_circuits_with_the_same_seed(device: str | None) -> None:
    text = HEADER + "rx(a) q[0];ry(2*b) q[1];cx q[0],q[1];h q[2];measure q -> c;"
    cache = TemplateCache()
    settings = engine_settings(MaestroConfig(seed=7) if device is None else DeviceConfig({"SEED": 7}), device)
    for values in [(0.3, 1.2), (-0.5, math.pi / 4)]:
        row = CircuitTask("row", text, shots=500, settings=settings, names=NAMES, values=values)
        bound = CircuitTask("row", resolve_template(text, NAMES, values), shots=500, settings=settings)
        counts = run_task(row, cache).result
        assert counts is not None
        assert sum(counts.values()) == 500
        assert counts == run_task(bound, cache).result


def test_a_row_with_an_error_is_refused_with_line_and_column_and_the_next_row_runs() -> None:
    cache = TemplateCache()
    text = HEADER + "rx(1/a) q[0];"
    bad = run_task(CircuitTask("bad", text, pauli_strings=("Z",), names=("a",), values=(0.0,)), cache)
    assert bad.result is None
    assert bad.reason is not None
    assert bad.reason.startswith("line 5, column 5: cannot divide by zero")
    good = run_task(CircuitTask("good", text, pauli_strings=("Z",), names=("a",), values=(2.0,)), cache)
    assert good.result == pytest.approx({"Z": math.cos(0.5)}, abs=1e-12)
