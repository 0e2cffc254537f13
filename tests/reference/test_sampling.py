"""Circuits on the backend, compared with their exact distributions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import log, sqrt
from typing import Any

import numpy as np
import pytest
import responses
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Clbit, Qubit
from qiskit.circuit.library import QFTGate
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import hellinger_fidelity

from qiskit_qoro import QoroBackend, QoroProvider
from qiskit_qoro.local import LocalService

Check = Callable[[Mapping[str, int], QuantumCircuit, int], None]
SHOTS = 4000
LEVELS = range(4)


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def ghz(width: int) -> QuantumCircuit:
    circuit = QuantumCircuit(width)
    circuit.h(0)
    for qubit in range(1, width):
        circuit.cx(qubit - 1, qubit)
    circuit.measure_all()
    return circuit


def odd_registers() -> QuantumCircuit:
    """Return a circuit with registers whose names are reserved or invalid in OpenQASM."""
    names = ("pi", "Größe-2 α", "IF")
    pieces = [ClassicalRegister(size, name) for size, name in zip((2, 1, 3), names, strict=True)]
    circuit = QuantumCircuit(QuantumRegister(4, "if"), QuantumRegister(2, "c"), *pieces)
    for qubit, angle in enumerate((0.4, 0.9, 1.4, 1.9, 2.4, 2.9)):
        circuit.ry(angle, qubit)
    circuit.cx(0, 5)
    circuit.measure([5, 0, 3, 1, 2, 4], range(6))
    return circuit


def partial() -> QuantumCircuit:
    """Return a circuit with unmeasured qubits and unused classical bits."""
    circuit = QuantumCircuit(4, 5)
    circuit.ry(1.0, 2)
    circuit.cx(2, 3)
    circuit.h(0)
    circuit.measure(3, 1)
    circuit.measure(0, 3)
    return circuit


def repeated() -> QuantumCircuit:
    """Return a circuit with repeated measurements, a reset, and gates after measurements."""
    circuit = QuantumCircuit(2, 3)
    circuit.ry(1.1, 0)
    circuit.measure(0, 0)
    circuit.ry(0.7, 0)
    circuit.cx(0, 1)
    circuit.measure(0, 1)
    circuit.measure(1, 2)
    circuit.reset(0)
    circuit.ry(0.6, 0)
    circuit.measure(0, 1)
    return circuit


def prepared() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 3)
    circuit.initialize(np.sqrt([0.1, 0.2, 0, 0.05, 0.25, 0, 0.3, 0.1]))
    circuit.append(QFTGate(3), range(3))
    circuit.barrier()
    circuit.delay(100, 1)
    circuit.measure(range(3), range(3))
    return circuit


@pytest.mark.parametrize("level", LEVELS)
def test_fixed_circuits_have_the_exact_distribution(
    backend: QoroBackend, assert_sampled_from: Check, level: int
) -> None:
    circuits = [bell(), odd_registers(), partial(), repeated(), prepared()]

    compiled = transpile(circuits, backend, optimization_level=level, seed_transpiler=level)
    result = backend.run(compiled, shots=SHOTS).result()

    for index, circuit in enumerate(compiled):
        assert_sampled_from(result.get_counts(index), circuit, SHOTS)
    # An initialisation cannot be simulated by the reference, so the last circuit is only compared above.
    for index, circuit in enumerate(circuits[:4]):
        assert_sampled_from(result.get_counts(index), circuit, SHOTS)


def test_random_circuits_have_the_exact_distribution(
    backend: QoroBackend, assert_sampled_from: Check
) -> None:
    circuits = []
    for seed in range(12):
        circuit = random_circuit(2 + seed % 4, 5, max_operands=4, seed=seed)
        circuit.measure_all()
        circuits.append(circuit)

    compiled = [
        transpile(circuit, backend, optimization_level=seed % 4, seed_transpiler=seed)
        for seed, circuit in enumerate(circuits)
    ]
    result = backend.run(compiled, shots=SHOTS).result()

    for index, circuit in enumerate(circuits):
        assert_sampled_from(result.get_counts(index), circuit, SHOTS)


def test_the_result_has_the_names_of_the_registers(backend: QoroBackend) -> None:
    circuit = odd_registers()

    header = backend.run(circuit, shots=10).result().results[0].header

    assert header["creg_sizes"] == [["pi", 2], ["Größe-2 α", 1], ["IF", 3]]
    assert header["memory_slots"] == 6


def test_a_ghz_state_of_70_qubits_has_two_outcomes(backend: QoroBackend) -> None:
    shots = 2000

    result = backend.run(transpile(ghz(70), backend, optimization_level=1), shots=shots).result()

    counts = result.get_counts()
    assert set(counts) == {"0" * 70, "1" * 70}
    assert set(result.data(0)["counts"]) == {"0x0", hex(2**70 - 1)}
    # By Hoeffding's inequality, the share is further from one half with a probability of 1e-9.
    assert abs(counts["0" * 70] / shots - 0.5) < sqrt(log(2e9) / (2 * shots))


def basis_state(value: int, width: int, angles: list[float]) -> QuantumCircuit:
    """Return a circuit that gives ``value``, made longer by rotations that do not change the outcome."""
    circuit = QuantumCircuit(width, width, name=f"value {value}")
    for angle in angles:
        circuit.rz(angle, value % width)
    for bit in range(width):
        if value >> bit & 1:
            circuit.x(bit)
    circuit.measure(range(width), range(width))
    return circuit


def test_300_circuits_in_one_job_have_different_shots(backend: QoroBackend) -> None:
    circuits = [basis_state(index % 64, 6, []) for index in range(300)]
    shots = [1 + index * 7 % 11 + (100 if index > 200 else 0) for index in range(300)]

    result = backend.run(circuits, shots=shots).result()

    assert result.get_counts() == [{format(k % 64, "06b"): shots[k]} for k in range(300)]
    assert [item.shots for item in result.results] == shots
    assert [item.header["name"] for item in result.results] == [circuit.name for circuit in circuits]


@pytest.mark.parametrize("with_different_shots", [False, True])
def test_many_circuits_are_sent_in_several_uploads_and_keep_their_order(
    local_service: LocalService, is_long_run: bool, with_different_shots: bool
) -> None:
    # Random angles are hard to compress. Both sizes need two uploads, the long run for more circuits.
    count, num_angles = (2000, 36) if is_long_run else (300, 240)
    angles = np.random.default_rng(7).uniform(0, 6, (count, num_angles)).tolist()
    circuits = [basis_state(index % 32, 5, angles[index]) for index in range(count)]
    shots: Any = [1 + index % 7 for index in range(count)] if with_different_shots else 3

    # Over a socket, so that the uploads can be counted.
    with QoroProvider(local_service.token, base_url=local_service.url) as provider:
        with responses.RequestsMock() as wire:
            wire.add_passthru(local_service.url)
            uploads = wire.add(responses.PassthroughResponse(responses.POST, re.compile(".*/add_circuits/$")))
            job = provider.get_backend("qoro_maestro").run(circuits, shots=shots)
        counts = job.result().get_counts()

    assert uploads.call_count >= 2
    assert counts == [{format(k % 32, "05b"): 1 + k % 7 if with_different_shots else 3} for k in range(count)]


def test_a_circuit_without_classical_bits_has_no_counts(backend: QoroBackend) -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)

    with pytest.warns(UserWarning, match="no classical register"):
        result = backend.run(circuit, shots=7, memory=True).result()

    assert (result.get_counts(), result.get_memory(), result.results[0].shots) == ({}, [], 7)


def test_bits_without_measurement_are_0(backend: QoroBackend) -> None:
    circuit = QuantumCircuit(1, 3)
    circuit.h(0)

    with pytest.warns(UserWarning, match="contains no measurement"):
        assert backend.run(circuit, shots=9).result().get_counts() == {"000": 9}


def test_circuits_without_gates_or_bits_run(backend: QoroBackend) -> None:
    only_bits = QuantumCircuit(0, 2)
    nothing = QuantumCircuit()

    with (
        pytest.warns(UserWarning, match="circuit 0 .* contains no measurement"),
        pytest.warns(UserWarning, match="circuit 1 .* has no classical register"),
    ):
        assert backend.run([only_bits, nothing], shots=5).result().get_counts() == [{"00": 5}, {}]


def test_idle_qubits_of_a_wide_circuit_are_not_simulated(backend: QoroBackend) -> None:
    circuit = QuantumCircuit(127, 2)
    circuit.h(3)
    circuit.cx(3, 120)
    circuit.t(120)  # not a Clifford gate, so 127 qubits could not be simulated
    circuit.measure([3, 120], [0, 1])

    assert set(backend.run(circuit, shots=200).result().get_counts()) == {"00", "11"}


def test_bits_outside_registers_are_measured(backend: QoroBackend) -> None:
    circuit = QuantumCircuit([Qubit(), Qubit(), Clbit(), Clbit()])
    circuit.x(1)
    circuit.measure([0, 1], [0, 1])

    assert backend.run(circuit, shots=5).result().get_counts() == {"10": 5}


def test_the_noise_of_the_local_qpu_is_visible_and_small(provider: QoroProvider) -> None:
    qpu = provider.get_backend("local_qpu")
    shots = 20_000

    counts = qpu.run(transpile(bell(), qpu, optimization_level=3), shots=shots).result().get_counts()

    wrong = (counts.get("01", 0) + counts.get("10", 0)) / shots
    # About 0.033 by the documented error rates. The bounds are 14 standard deviations away.
    assert 0.015 < wrong < 0.055
    assert hellinger_fidelity(counts, {"00": 1, "11": 1}) > 0.9
