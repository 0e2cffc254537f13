"""Programs as drawings: what is drawn for each operation, the circuit in words, and limits."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit.library import efficient_su2
from qiskit.circuit.random import random_circuit

from qiskit_qoro.display.circuits.layout import MAX_COLUMNS, MAX_QUBITS
from qiskit_qoro.jobs.sent_programs import SentProgram
from qiskit_qoro.pages.results.charts import drawing_of
from qiskit_qoro.qasm.gates import GATES, UNKNOWN_GATES
from qiskit_qoro.qasm.write.writer import write_program

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter("text")]


def tooltips(svg: str) -> list[str]:
    """The tooltips of the operations, without the title of the drawing."""
    return [element.text or "" for element in ET.fromstring(svg).iter("title")][1:]


def draw(text: str, parameters: dict[str, float] | None = None) -> str:
    return drawing_of(HEAD + text, parameters or {}).svg


# --- what is drawn --------------------------------------------------------------------------------------


def test_wires_have_the_names_of_their_registers() -> None:
    shown = texts(draw("qreg q[2]; qreg anc[1]; creg c[2]; creg flag[1]; h q[0];"))
    assert shown[:7] == ["q0", "q1", "anc", "c", "2", "flag", "1"]


@pytest.mark.parametrize("name", sorted({*GATES, *UNKNOWN_GATES} - {"delay"}))
def test_every_gate_has_a_drawing(name: str) -> None:
    num_qubits = {"c4x": 5, "c3x": 4, "rc3x": 4, "c3sqrtx": 4, "rccx": 3, "ccz": 3}.get(name, 2)
    num_params = {"rxx": 1, "ryy": 1, "rzz": 1, "rzx": 1, "r": 2}.get(name, 0)
    if name == "r":
        num_qubits = 1
    if name in GATES:
        num_qubits, num_params = GATES[name].num_qubits, GATES[name].num_params
    angles = f"({', '.join(['0.5'] * num_params)})" if num_params else ""
    qubits = ", ".join(f"q[{index}]" for index in range(num_qubits))
    assert tooltips(draw(f"qreg q[5]; {name}{angles} {qubits};")) == [f"{name}{angles} {qubits}"]


def test_a_control_is_a_dot_and_a_target_has_its_name() -> None:
    svg = draw("qreg q[2]; crx(pi/4) q[1], q[0];")
    (dot,) = ET.fromstring(svg).iter("circle")
    (box,) = ET.fromstring(svg).iter("rect")
    assert float(dot.attrib["cy"]) > float(box.attrib["y"]) + float(box.attrib["height"])
    assert texts(svg)[2:] == ["RX", "π/4"]


def test_a_gate_that_is_used_in_another_way_is_a_box() -> None:
    assert texts(draw("gate cx a { h a; } qreg q[1]; cx q[0];"))[1:] == ["cx"]


@pytest.mark.parametrize(
    ("angle", "shown"),
    [
        ("pi/2", "π/2"),
        ("-pi", "−π"),
        ("3*pi/4", "3π/4"),
        ("1.5707963267948966", "π/2"),
        (repr(-3 * math.pi / 4), "−3π/4"),
        (repr(16 * math.pi), "16π"),
        ("0", "0"),
        ("-0.0", "0"),
        ("0.12345", "0.123"),
        ("-1e-9", "−1e−09"),
        ("1.57", "1.57"),
    ],
)
def test_an_angle_is_a_fraction_of_pi_or_has_few_digits(angle: str, shown: str) -> None:
    assert texts(draw(f"qreg q[1]; rx({angle}) q[0];"))[1:] == ["RX", shown]


def test_a_template_shows_its_names_and_the_tooltips_their_values() -> None:
    svg = draw("qreg q[1]; u(theta[0], 2*β, 0.5) q[0];", {"theta[0]": 0.25, "β": 2.0})
    assert texts(svg)[1:] == ["U", "theta[0], 2*β, 0.5"]
    assert tooltips(svg) == ["u(theta[0], 2*β, 0.5) q; theta[0] = 0.25"]


def test_a_long_name_is_cut_but_its_tooltip_is_not() -> None:
    name = "a_gate_with_a_very_long_name"
    svg = draw(f"gate {name} a, b {{ cx a, b; }} qreg q[3]; {name} q[2], q[0];")
    assert texts(svg)[3:] == ["0", "1", "a_gate_with_a…"]
    assert tooltips(svg) == [f"{name} q[2], q[0]"]


def test_a_measurement_names_its_bit_and_a_condition_its_value() -> None:
    svg = draw("qreg q[2]; creg a[1]; creg b[3]; measure q[0] -> b[2]; if (b == 4) x q[1]; reset q[0];")
    assert texts(svg)[6:] == ["2", "= 4", "X", "|0⟩"]
    assert tooltips(svg) == ["measure q[0] → b[2]", "if b = 4: x q[1]", "reset q[0]"]


def test_texts_of_a_program_are_escaped() -> None:
    name = "<script>alert(1)</script>"
    svg = draw(f"qreg q[1]; rx({name}) q[0];", {name: 1.0})
    assert "script" not in {element.tag for element in ET.fromstring(svg).iter()}
    assert any("<script>" in text for text in texts(svg))


# --- in words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_words_agree_with_qiskit(seed: int) -> None:
    circuit = random_circuit(4, 5, max_operands=2, measure=True, seed=seed)
    text = write_program(circuit).text
    parsed = qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    words = drawing_of(text).caption
    assert words.startswith(f"4 qubits, 4 classical bits, depth {parsed.depth()}. Operations: ")
    for name, number in parsed.count_ops().items():
        assert f"{number} {name}" in words or "others" in words


def test_barriers_keep_operations_apart_but_do_not_count() -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.barrier()
    circuit.h(1)
    assert circuit.depth() == 2
    assert "depth 2" in drawing_of(qasm2.dumps(circuit)).caption


def test_a_condition_waits_for_its_register() -> None:
    text = "qreg q[2]; creg c[1]; h q[0]; measure q[0] -> c[0]; if (c == 1) x q[1];"
    assert "depth 3" in drawing_of(HEAD + text).caption


def test_the_description_for_screen_readers_is_the_caption() -> None:
    part = drawing_of(qasm2.dumps(QuantumCircuit(2)))
    assert ET.fromstring(part.svg).findtext("desc") == part.caption == "2 qubits, depth 0."


def test_a_sent_program_and_its_template_have_the_same_shape(backend) -> None:
    circuit = efficient_su2(3, reps=1)
    job = backend.run(
        circuit.assign_parameters([0.1] * circuit.num_parameters).measure_all(inplace=False), shots=1
    )
    (program,) = job.programs()
    assert isinstance(program, SentProgram)
    part = drawing_of(program.template or program.text, program.parameters)
    assert f"depth {program.to_circuit().depth()}." in part.caption


# --- limits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [MAX_COLUMNS, MAX_COLUMNS + 1])
def test_operations_that_are_not_drawn_are_counted(number: int) -> None:
    part = drawing_of(HEAD + "qreg q[1];" + "h q[0];" * number)
    assert texts(part.svg).count("H") == MAX_COLUMNS
    left_out = " The drawing leaves out 1 operation." if number > MAX_COLUMNS else ""
    assert part.caption == f"1 qubit, depth {number}. Operations: {number} h.{left_out}"


@pytest.mark.parametrize("number", [MAX_QUBITS, MAX_QUBITS + 1])
def test_qubits_that_are_not_drawn_are_counted(number: int) -> None:
    part = drawing_of(HEAD + f"qreg q[{number}]; h q;")
    assert texts(part.svg).count("H") == MAX_QUBITS
    assert ("leaves out the last 1 qubit." in part.caption) == (number > MAX_QUBITS)


def test_a_circuit_for_a_device_has_no_idle_qubits_in_its_drawing() -> None:
    program = (
        "qreg q[127]; creg c[2]; h q[3]; barrier q; cx q[3], q[120]; barrier q[5], q[6]; "
        "measure q[3] -> c[0]; measure q[120] -> c[1];"
    )
    part = drawing_of(HEAD + program)
    assert texts(part.svg)[:2] == ["q3", "q120"]
    assert "cx q[3], q[120]" in tooltips(part.svg)
    assert part.caption == (
        "127 qubits, 2 classical bits, depth 3. Operations: 2 barrier, 2 measure, 1 h, 1 cx. "
        "The drawing leaves out 125 qubits without operations."
    )


@pytest.mark.parametrize("text", ["qreg q[12]; h q[3];", "qreg q[13];", "qreg q[13]; barrier q;"])
def test_idle_qubits_of_other_circuits_are_drawn(text: str) -> None:
    part = drawing_of(HEAD + text)
    assert "q0" in texts(part.svg)
    assert "leaves out" not in part.caption


def test_registers_that_are_not_drawn_are_counted() -> None:
    registers = "".join(f"creg c{index}[1];" for index in range(14))
    part = drawing_of(HEAD + f"qreg q[1]; {registers} measure q[0] -> c13[0];")
    assert "The drawing leaves out the last 2 classical registers." in part.caption
    assert texts(part.svg)[-1] == "c13"


def test_long_names_do_not_widen_a_drawing() -> None:
    name = "a" * 5000
    part = drawing_of(HEAD + f"qreg {name}[1]; creg b{name}[1]; gate g{name} x {{ h x; }} g{name} {name};")
    assert max(map(len, texts(part.svg))) == 14
    assert max(map(len, tooltips(part.svg))) == 300


@given(st.text(), st.sampled_from(["", HEAD, HEAD + "qreg q[3]; creg c[2]; h q; "]))
def test_any_text_has_a_drawing_or_none(text: str, head: str) -> None:
    svg = drawing_of(head + text, {"theta": 0.5}).svg
    assert not svg or ET.fromstring(svg).tag == "svg"


@given(st.data())
def test_a_damaged_program_has_a_drawing_or_none(data: st.DataObject) -> None:
    text = (
        HEAD
        + "qreg q[3]; creg c[2]; gate g(a) x,y { rz(a) y; } g(pi/2) q[0],q[1]; if(c==1) cx q[2],q[1]; h q;"
    )
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 9)))
    damaged = text[:start] + data.draw(st.text("()[]{};,=->q0pi/*", max_size=5)) + text[end:]
    svg = drawing_of(damaged).svg
    assert not svg or ET.fromstring(svg).tag == "svg"


def test_a_program_of_100_000_gates_is_drawn_in_part() -> None:
    part = drawing_of(HEAD + "qreg q[70];" + "".join(f"h q[{n % 70}];\n" for n in range(100_000)))
    assert texts(part.svg).count("H") == MAX_QUBITS * MAX_COLUMNS
    assert "Among the first 12,000 operations: 12,000 h." in part.caption
    assert "leaves out more than 9,600 operations" in part.caption


@pytest.mark.parametrize(
    "text", [None, "", "nonsense", "OPENQASM 3.0; qubit q;", "qreg q[2]; h q[7];", "creg c[1];"]
)
def test_a_text_that_cannot_be_read_has_no_drawing(text: str | None) -> None:
    part = drawing_of(text)
    assert (part.svg, part.caption) == ("", "")


def test_the_same_program_gives_the_same_drawing() -> None:
    text = write_program(random_circuit(5, 5, seed=1)).text
    assert drawing_of(text) == drawing_of(text)
