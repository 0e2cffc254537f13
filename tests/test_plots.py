"""Qiskit's plots and drawings of counts, states and circuits, with what the extra ``visualization`` installs.

The plots of maps are in ``tests/backends/test_map_plots.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from qiskit import QuantumCircuit, transpile
from qiskit.visualization import (
    plot_bloch_multivector,
    plot_distribution,
    plot_histogram,
    plot_state_city,
    plot_state_hinton,
    plot_state_paulivec,
    plot_state_qsphere,
    timeline_drawer,
)

from qiskit_qoro import QoroBackend, QoroProvider, QoroSampler


@pytest.fixture(autouse=True)
def without_windows() -> Iterator[None]:
    """Draw without a display, and close all figures."""
    before = mpl.get_backend()
    mpl.use("Agg")
    yield
    plt.close("all")
    mpl.use(before)


@pytest.fixture
def backend(provider: QoroProvider) -> QoroBackend:
    return provider.get_backend()


@pytest.fixture
def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    return circuit


def heights(figure: Figure) -> list[float]:
    return [bar.get_height() for bar in figure.axes[0].patches]


def test_a_histogram_has_the_counts_of_a_run(backend: QoroBackend, bell: QuantumCircuit) -> None:
    bell.measure_all()
    counts = backend.run(bell, shots=200).result().get_counts()
    assert heights(plot_histogram(counts)) == [counts["00"], counts["11"]]
    assert heights(plot_distribution(counts)) == pytest.approx([counts["00"] / 200, counts["11"] / 200])


def test_a_histogram_compares_the_circuits_of_a_run(backend: QoroBackend, bell: QuantumCircuit) -> None:
    bell.measure_all()
    one = QuantumCircuit(2)
    one.x(0)
    one.measure_all()
    result = backend.run([bell, one], shots=100).result()
    figure = plot_histogram(result.get_counts(), legend=["bell", "one"])
    drawn = sorted(height for height in heights(figure) if height > 0)
    assert drawn == sorted([*result.get_counts(0).values(), 100])
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["bell", "one"]


def test_a_histogram_has_the_counts_of_a_sampler(backend: QoroBackend, bell: QuantumCircuit) -> None:
    bell.measure_all()
    pub = QoroSampler(backend).run([bell], shots=100).result()[0]
    counts = pub.data.meas.get_counts()
    assert heights(plot_histogram(counts)) == [counts["00"], counts["11"]]
    assert sum(heights(plot_histogram(pub.join_data().get_int_counts()))) == 100


@pytest.mark.parametrize(
    "plot",
    [plot_state_city, plot_state_hinton, plot_state_paulivec, plot_state_qsphere, plot_bloch_multivector],
)
def test_a_computed_state_can_be_plotted(
    plot: Callable[..., Any], backend: QoroBackend, bell: QuantumCircuit
) -> None:
    assert isinstance(plot(backend.statevector(bell)), Figure)


def test_a_computed_state_can_be_drawn_as_text(backend: QoroBackend, bell: QuantumCircuit) -> None:
    assert r"|00\rangle" in backend.statevector(bell).draw("latex_source")


@pytest.mark.parametrize("name", ["qoro_maestro", "local_heavy_hex"])
def test_a_transpiled_circuit_can_be_drawn(name: str, provider: QoroProvider, bell: QuantumCircuit) -> None:
    compiled = transpile(bell, provider.get_backend(name), seed_transpiler=1)
    assert isinstance(compiled.draw("mpl", idle_wires=False), Figure)


def test_the_timeline_of_a_scheduled_circuit_has_the_durations_of_the_device(
    provider: QoroProvider, bell: QuantumCircuit
) -> None:
    qpu = provider.get_backend("local_qpu")
    scheduled = transpile(bell, qpu, scheduling_method="alap", seed_transpiler=1)
    assert isinstance(timeline_drawer(scheduled, target=qpu.target), Figure)
