"""The drawn figures of the documentation: they can be read, and what they show is true."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import maestro
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp, Statevector

from qiskit_qoro import QoroProvider
from qiskit_qoro.models.config import JobConfig
from qiskit_qoro.models.jobs import JobStatus

sys.path.append(str(Path(__file__).parents[1] / "docs"))
sys.path.append(str(Path(__file__).parents[1] / "docs/_ext"))

from draw_readme import PICTURE, picture_of_readme
from drawn import DRAWINGS
from drawn.bit_orders import ORDERS
from drawn.canvas import Canvas
from drawn.layers import layers
from drawn.packages import package

PROGRAM = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\nx q[0];\n'
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_an_image_with_a_title_and_a_description(name: str) -> None:
    root = ET.fromstring(DRAWINGS[name]().svg("figure"))

    labels = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    assert root.get("role") == "img"
    assert all(labels[identifier] for identifier in root.get("aria-labelledby", "").split())
    assert len(list(root.iter(f"{SVG}text"))) > 5


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_has_no_colours_of_its_own(name: str) -> None:
    root = ET.fromstring(DRAWINGS[name]().svg("figure"))

    assert {key for element in root.iter() for key in element.attrib} & {"fill", "stroke", "style"} == set()


def test_the_figure_of_the_layers_shows_all_of_them() -> None:
    texts = DRAWINGS["layers"]().texts

    assert list(texts) == [f"`{name}`" for layer in layers() for name in layer]


def test_the_timeline_shows_every_final_status() -> None:
    shown = " ".join(DRAWINGS["job-timeline"]().texts)

    assert {status for status in JobStatus if status.is_final and f"`{status}`" not in shown} == set()


def test_the_picture_of_the_readme_shows_the_counts_of_its_python_block() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture_of_readme(), "run `python docs/draw_readme.py`"
    ET.fromstring(picture_of_readme())


def test_a_package_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"qiskit_qoro\.manager, which does not exist"):
        package("manager")


def test_a_text_that_does_not_fit_into_its_box_is_an_error() -> None:
    canvas = Canvas(200, 100, "a figure", "a box")
    canvas.box(0, 0, 100, 40, "a short text")
    with pytest.raises(ValueError, match="needs about"):
        canvas.box(0, 0, 100, 40, "a text that is much too long")


def test_a_box_outside_of_the_figure_is_an_error() -> None:
    canvas = Canvas(200, 100, "a figure", "a box")
    canvas.box(100, 60, 100, 40, "inside")
    with pytest.raises(ValueError, match="needs to be larger"):
        canvas.box(101, 60, 100, 40, "outside")


@pytest.fixture
def examples() -> dict[str, str]:
    return {order.what: order.example for order in ORDERS}


def test_the_order_of_qiskit_is_that_of_the_figure(examples: dict[str, str]) -> None:
    circuit = QuantumCircuit(3)
    circuit.x(0)

    assert set(Statevector(circuit).probabilities_dict()) == {examples["Qiskit's counts"]}
    values = {
        label: Statevector(circuit).expectation_value(SparsePauliOp(label)).real for label in ("IIZ", "ZII")
    }
    assert [label for label, value in values.items() if value == -1] == [examples["Qiskit's Pauli labels"]]


def test_the_order_of_the_service_is_that_of_the_figure(examples: dict[str, str]) -> None:
    with QoroProvider.local() as provider:
        client = provider.service
        counted = client.submit_circuits(
            {"a": f"{PROGRAM}measure q -> c;"}, override_job_config=JobConfig(shots=3)
        )
        estimated = client.submit_circuits({"a": PROGRAM}, ham_ops="ZII;IIZ")
        client.wait_for_jobs([counted, estimated])
        counts, values = (client.fetch_results(job.job_id).results["a"] for job in (counted, estimated))

    assert counts == {examples["the service's counts"]: 3}
    assert [text for text, value in values.items() if value == -1] == [
        examples["the service's Pauli strings"]
    ]


def test_the_order_of_the_engine_is_that_of_the_figure(examples: dict[str, str]) -> None:
    counts = maestro.simple_execute(f"{PROGRAM}measure q -> c;", shots=3)["counts"]
    values = dict(
        zip(("ZII", "IIZ"), maestro.simple_estimate(PROGRAM, "ZII;IIZ")["expectation_values"], strict=True)
    )

    assert counts == {examples["the engine's counts"]: 3}
    assert [text for text, value in values.items() if value == -1] == [examples["the engine's Pauli strings"]]
