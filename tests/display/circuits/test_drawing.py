"""Circuits as SVG: wires, boxes, colours that can be read, and texts that are escaped."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from qiskit_qoro.display.circuits.drawing import draw_circuit
from qiskit_qoro.display.circuits.layout import Condition, Family, Operation, Shape, Wires, arrange

HOSTILE = '</text><script>alert("1")</script>&\x1b[31m'
WIRES = Wires([("q", "0"), ("q", "1"), ("anc", "")], [("c", 2), ("flag", 1)])
OPERATIONS = [
    Operation("H", (0,), family=Family.BASIS, tooltip="h q[0]"),
    Operation("X", (1,), (0,), shape=Shape.NOT, family=Family.PAULI),
    Operation("Z", (2,), (0,), shape=Shape.DOT, family=Family.PHASE),
    Operation("swap", (0, 2), shape=Shape.SWAP, family=Family.PAULI),
    Operation("barrier", (0, 1, 2), shape=Shape.BARRIER),
    Operation("RZZ", (2, 0), (), "π/2", family=Family.PHASE),
    Operation("X", (1,), condition=Condition(0, "= 3")),
    Operation("measure", (0,), shape=Shape.MEASURE, bit=(0, 1), family=Family.MEASURE),
]


def draw(wires: Wires = WIRES, operations: list[Operation] = OPERATIONS) -> str:
    return draw_circuit("Circuit", "3 qubits", arrange(wires, operations))


def elements(markup: str, name: str) -> list[ET.Element]:
    return list(ET.fromstring(markup).iter(name))


def texts(markup: str) -> list[str]:
    return ["".join(element.itertext()) for element in elements(markup, "text")]


def test_a_drawing_has_a_title_a_description_and_its_natural_size() -> None:
    root = ET.fromstring(draw())
    assert (root.tag, root.get("role"), root.get("class")) == ("svg", "img", "circuit")
    assert [(child.tag, child.text) for child in root][:2] == [("title", "Circuit"), ("desc", "3 qubits")]
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"


def test_wires_and_registers_have_their_names() -> None:
    assert texts(draw())[:7] == ["q0", "q1", "anc", "c", "2", "flag", "1"]


def test_every_wire_reaches_the_end() -> None:
    markup = draw()
    root = ET.fromstring(markup)
    wires = elements(markup, "path")[0].get("d") or ""
    ends = re.findall(r"M[\d.]+ [\d.]+H([\d.]+)", wires)
    assert ends == [root.get("width")] * 3
    # A classical register is a double line.
    for path in elements(markup, "path")[1:3]:
        assert re.findall(r"H([\d.]+)", path.get("d") or "") == [root.get("width")] * 2


def test_boxes_have_their_names_angles_numbers_and_tooltips() -> None:
    markup = draw()
    assert {"H", "RZZ", "π/2", "0", "1", "= 3"} <= set(texts(markup))
    assert "h q[0]" in [element.text for element in elements(markup, "title")]


def test_everything_is_inside_the_drawing() -> None:
    markup = draw()
    root = ET.fromstring(markup)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for element in (*elements(markup, "rect"), *elements(markup, "text")):
        assert 0 <= float(element.attrib["x"]) <= width - float(element.get("width", 0))
        assert 0 <= float(element.attrib["y"]) <= height - float(element.get("height", 0))


def test_a_measurement_without_an_arrow_names_its_bit() -> None:
    wide = Wires([("q", str(index)) for index in range(13)], [("c", 13)])
    measured = Operation("measure", (3,), (), "c3", Shape.MEASURE, bit=(0, 3))
    assert "c3" in texts(draw(wide, [measured]))
    assert "c3" not in texts(draw(WIRES, [replace(measured, targets=(2,), bit=(0, 1))]))


def test_a_conditional_measurement_has_an_arrow_and_a_condition() -> None:
    measured = Operation("measure", (0,), shape=Shape.MEASURE, bit=(1, 0), condition=Condition(0, "= 2"))
    markup = draw(operations=[measured])
    (dot,) = elements(markup, "circle")
    (box,) = elements(markup, "rect")
    assert float(dot.attrib["cx"]) > float(box.attrib["x"]) + float(box.attrib["width"]) / 2
    assert {"0", "= 2"} <= set(texts(markup))


def test_the_same_circuit_gives_the_same_drawing() -> None:
    assert draw() == draw()


def test_texts_are_escaped() -> None:
    wires = Wires([(HOSTILE, "")], [(HOSTILE, 1)])
    operation = Operation(HOSTILE, (0,), (), HOSTILE, condition=Condition(0, HOSTILE), tooltip=HOSTILE)
    markup = draw_circuit(HOSTILE, HOSTILE, arrange(wires, [operation]))
    assert "script" not in {element.tag for element in ET.fromstring(markup).iter()}
    assert "\x1b" not in markup
    assert sum("<script>" in text for text in texts(markup)) == 5


def test_nothing_needs_a_style_attribute() -> None:
    assert all("style" not in element.attrib for element in ET.fromstring(draw()).iter())


def test_a_circuit_without_qubits_has_no_drawing() -> None:
    assert draw(Wires([]), []) == ""


def test_a_circuit_without_operations_has_its_wires() -> None:
    assert texts(draw(operations=[]))[:3] == ["q0", "q1", "anc"]
