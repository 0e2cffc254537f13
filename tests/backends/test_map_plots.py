"""Qiskit's plots of the map of a backend.

Qiskit lays out and draws these maps with the programs of Graphviz. A stand-in takes their place, so that the
tests do not depend on what is installed: it keeps the graph that it receives, and returns a white picture.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from qiskit.visualization import plot_error_map, plot_gate_map

from qiskit_qoro import QPU, QoroBackend, QoroInputError, QoroProvider, QPUSystem
from qiskit_qoro.models.devices import DeviceProperties

NAMES = ["local_qpu", "local_heavy_hex"]

STAND_IN = f"""#!{sys.executable}
import sys
from pathlib import Path
from PIL import Image
if "-V" not in sys.argv:
    Path(__file__).with_name("graph.dot").write_bytes(sys.stdin.buffer.read())
    Image.new("RGB", (120, 80), "white").save(sys.stdout.buffer, "PNG")
"""

# Qiskit looks for Graphviz only once in a process, so the plots have a process of their own.
PLOTS = """
import json, sys, warnings
from pathlib import Path
warnings.simplefilter("error")
# Of pyparsing, which Matplotlib 3.8 to 3.10 uses.
warnings.filterwarnings("ignore", ".* deprecated(,| -) use", DeprecationWarning)
import matplotlib
matplotlib.use("Agg")
from matplotlib import pyplot
from qiskit import transpile, QuantumCircuit
from qiskit.visualization import plot_circuit_layout, plot_error_map, plot_gate_map
from qiskit_qoro import QoroProvider

circuit = QuantumCircuit(2)
circuit.cz(0, 1)
drawn = {}
with QoroProvider.local() as provider:
    for name in sys.argv[2:]:
        backend = provider.get_backend(name)
        placed = transpile(circuit, backend, initial_layout=[1, 2], optimization_level=0)
        for key, plot in {
            "gates": lambda: plot_gate_map(backend),
            "errors": lambda: plot_error_map(backend),
            "layout": lambda: plot_circuit_layout(placed, backend),
        }.items():
            figure = plot()
            drawn[f"{key} of {name}"] = {
                "title": figure.get_suptitle(),
                "titles": [axes.get_title() for axes in figure.axes],
                "bars": [bar.get_width() for axes in figure.axes for bar in axes.patches],
                "graph": Path(sys.argv[1], "graph.dot").read_text(),
            }
            pyplot.close(figure)
print(json.dumps(drawn))
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the figures of all plots have, and the graphs that were drawn."""
    folder = tmp_path_factory.mktemp("graphviz")
    for name in ("dot", "neato"):
        (folder / name).write_text(STAND_IN)
        (folder / name).chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PLOTS, folder, *NAMES],
        env=os.environ | {"PATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


def edges(graph: str) -> set[tuple[int, int]]:
    pairs = re.findall(r"^\s*(\d+) -[->] (\d+)", graph, flags=re.MULTILINE)
    return {(min(int(a), int(b)), max(int(a), int(b))) for a, b in pairs}


@pytest.fixture(params=NAMES)
def qpu(request: pytest.FixtureRequest, provider: QoroProvider) -> QoroBackend:
    return provider.get_backend(request.param)


def properties_of(backend: QoroBackend) -> DeviceProperties:
    assert isinstance(backend.system, QPUSystem)
    qpu = backend.system.widest_qpu
    assert qpu is not None
    assert qpu.properties is not None
    return qpu.properties


def test_the_gate_map_has_the_pairs_of_the_device(qpu: QoroBackend, drawn: dict[str, dict[str, Any]]) -> None:
    assert edges(drawn[f"gates of {qpu.name}"]["graph"]) == set(properties_of(qpu).pairs)


def test_the_error_map_has_the_error_rates_of_the_device(
    qpu: QoroBackend, drawn: dict[str, dict[str, Any]]
) -> None:
    figure = drawn[f"errors of {qpu.name}"]
    properties = properties_of(qpu)
    assert edges(figure["graph"]) == set(properties.pairs)
    assert figure["title"] == f"{qpu.name} Error Map"
    readout = sorted(100 * properties.error("measure", qubit) for qubit in range(qpu.num_qubits))
    assert sorted(figure["bars"]) == pytest.approx(readout)
    one = [100 * properties.error("sx", qubit) for qubit in range(qpu.num_qubits)]
    two = [100 * properties.error("cz", *pair) for pair in properties.pairs]
    titles = " ".join(figure["titles"])
    assert f"H error rate (%) [Avg. = {round(sum(one) / len(one), 3)}]" in titles
    assert f"CNOT error rate (%) [Avg. = {round(sum(two) / len(two), 3)}]" in titles


def test_the_layout_of_a_circuit_marks_its_qubits(qpu: QoroBackend, drawn: dict[str, dict[str, Any]]) -> None:
    graph = drawn[f"layout of {qpu.name}"]["graph"]
    assert len(re.findall(r'fillcolor="black".*label="[01]"', graph)) == 2


@pytest.mark.parametrize("draw", [plot_gate_map, plot_error_map])
def test_a_simulator_has_no_map(draw: Any, provider: QoroProvider) -> None:
    with pytest.raises(QoroInputError, match="'qoro_maestro' is a simulator: it connects all qubits"):
        draw(provider.get_backend())


def test_elsewhere_the_coupling_map_of_a_simulator_is_none(provider: QoroProvider) -> None:
    assert provider.get_backend().coupling_map is None


@pytest.mark.parametrize("draw", [plot_gate_map, plot_error_map])
def test_a_device_without_reported_couplings_has_no_map(draw: Any, provider: QoroProvider) -> None:
    system = QPUSystem("ions", (QPU("aria", 5, "online", "ion"),))
    with pytest.raises(QoroInputError, match="'ions' has no map: the service does not report which"):
        draw(QoroBackend(system, provider.service))
