"""The simulated QPUs work with Qiskit's transpiler: coupling, scheduling and noise-aware layout."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit_aer import AerSimulator

from qiskit_qoro import MaestroConfig, NoiseModel, QoroBackend, QoroProvider, merge_virtual_gates

NAMES = ["local_qpu", "local_heavy_hex"]


def ghz(width: int) -> QuantumCircuit:
    circuit = QuantumCircuit(width)
    circuit.h(0)
    for qubit in range(width - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return circuit


@pytest.fixture(params=NAMES)
def qpu(request: pytest.FixtureRequest, provider: QoroProvider) -> QoroBackend:
    return provider.get_backend(request.param)


@pytest.mark.parametrize("level", range(4))
def test_transpiled_circuits_use_the_gates_and_pairs_of_the_device_and_run(
    qpu: QoroBackend, level: int
) -> None:
    compiled = transpile(ghz(5), qpu, optimization_level=level, seed_transpiler=1)
    assert set(compiled.count_ops()) <= {"rz", "sx", "x", "cz", "measure", "barrier"}
    edges = set(qpu.coupling_map.get_edges())
    places = [
        tuple(compiled.find_bit(bit).index for bit in item.qubits) for item in compiled.get_instructions("cz")
    ]
    assert places
    assert edges.issuperset(places)
    counts = qpu.run(compiled, shots=500).result().get_counts()
    assert counts["00000"] + counts["11111"] > 350


def test_circuits_that_were_not_transpiled_run(qpu: QoroBackend) -> None:
    circuit = QuantumCircuit(7)
    circuit.h(0)
    circuit.cx(0, 6)
    circuit.ccx(0, 6, 3)
    circuit.measure_all()
    counts = qpu.run(circuit, shots=500).result().get_counts()
    assert counts["0000000"] + counts["1001001"] > 250


def test_scheduling_fills_the_idle_time_with_delays(qpu: QoroBackend) -> None:
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.cz(0, 1)
    circuit.measure_all()
    compiled = transpile(circuit, qpu, scheduling_method="alap", initial_layout=[0, 1], optimization_level=0)
    delays = [
        item for item in compiled.get_instructions("delay") if compiled.find_bit(item.qubits[0]).index == 1
    ]
    # The other qubit waits for the pulse of 40 ns.
    assert [(item.operation.duration, item.operation.unit) for item in delays] == [(40, "dt")]
    assert compiled.estimate_duration(qpu.target, unit="s") == pytest.approx(40e-9 + 100e-9 + 1e-6)
    assert qpu.run(compiled, shots=100).result().get_counts().get("01", 0) > 80


def error(circuit: QuantumCircuit, qpu: QoroBackend) -> float:
    """The probability that something goes wrong, by the errors of the target."""
    success = 1.0
    for item in circuit.data:
        if item.name in ("sx", "x", "cz", "measure"):
            success *= (
                1 - qpu.target[item.name][tuple(circuit.find_bit(bit).index for bit in item.qubits)].error
            )
    return 1 - success


def test_noise_aware_layout_moves_a_circuit_to_better_qubits(provider: QoroProvider) -> None:
    qpu = provider.get_backend("local_heavy_hex")
    worst = max(qpu.target["cz"], key=lambda pair: qpu.target["cz"][pair].error)
    fixed = transpile(ghz(2), qpu, initial_layout=list(worst), optimization_level=0)
    moved = transpile(ghz(2), qpu, optimization_level=3, seed_transpiler=1)
    assert error(moved, qpu) < 0.6 * error(fixed, qpu)
    shots = 4000
    wrong = [
        sum(count for bits, count in counts.items() if bits in ("01", "10")) / shots
        for counts in qpu.run([fixed, moved], shots=shots).result().get_counts()
    ]
    assert wrong[1] < wrong[0]


def test_other_simulations_of_the_target_have_the_same_noise(
    backend: QoroBackend, provider: QoroProvider
) -> None:
    device = provider.get_backend("local_qpu")
    circuit = QuantumCircuit(3)
    for layer in range(3):
        for qubit in range(3):
            circuit.ry(0.3 + 0.4 * qubit + layer, qubit)
        circuit.cx([0, 1], [1, 2])
    circuit.measure_all()
    compiled = transpile(circuit, device, initial_layout=[1, 3, 4], optimization_level=1)
    shots = 50_000
    config = MaestroConfig(noise_model=NoiseModel.from_backend(device))
    own = device.run(compiled, shots=shots).result().get_counts()
    jobs = {
        "noise model": backend.run(merge_virtual_gates(compiled), shots=shots, execution_config=config),
        "Aer": AerSimulator.from_backend(device).run(compiled, shots=shots, seed_simulator=1),
        "ideal": backend.run(compiled, shots=shots),
    }
    distances = {}
    for name, job in jobs.items():
        other = job.result().get_counts()
        distances[name] = sum(abs(own.get(key, 0) - other.get(key, 0)) for key in own | other) / 2 / shots
    assert max(distances["noise model"], distances["Aer"]) < 0.015 < 0.03 < distances["ideal"], distances
