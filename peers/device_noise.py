"""Compare noise models of devices with those of Qiskit Aer, on the fake devices of ``qiskit-ibm-runtime``.

``python peers/device_noise.py`` needs these packages and the engine in one interpreter. For each device it
transpiles circuits of four and five qubits and computes the distribution of their outcomes twice, both times
with density matrices: with ``AerSimulator.from_backend``, and on the engine with ``NoiseModel.from_backend``.
The total variation distance of the two may be at most 0.01, except on one old device. The figures in the
table are the largest distance after ``merge_virtual_gates``, the same without it, and how far the noise moves
the outcomes.
"""

from __future__ import annotations

import itertools
import random
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import maestro
import numpy as np
from checking import run_checks
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import QFTGate
from qiskit.circuit.random import random_circuit
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import fake_provider

from qiskit_qoro import NoiseModel, merge_virtual_gates
from qiskit_qoro.qasm import write_program

LIMIT = 0.01
WIDTHS = (4, 5)


def circuits() -> Iterator[QuantumCircuit]:
    """A GHZ state, a Fourier transform of a superposition, a QAOA ansatz, and two random circuits."""
    rng = random.Random(5)
    for width in WIDTHS:
        ghz = QuantumCircuit(width)
        ghz.h(0)
        for qubit in range(width - 1):
            ghz.cx(qubit, qubit + 1)
        yield ghz
        fourier = QuantumCircuit(width)
        fourier.h(0)
        fourier.append(QFTGate(width), range(width))
        yield fourier
        ansatz = QuantumCircuit(width)
        ansatz.h(range(width))
        for _ in range(3):
            for qubit in range(width - 1):
                ansatz.rzz(rng.uniform(-1, 1), qubit, qubit + 1)
            for qubit in range(width):
                ansatz.rx(rng.uniform(-1, 1), qubit)
        yield ansatz
        for seed in (1, 2):
            yield random_circuit(width, 6, max_operands=2, seed=seed)


def on_used_qubits(circuit: QuantumCircuit) -> tuple[QuantumCircuit, list[int]]:
    """Leave out idle qubits of a transpiled circuit, and return the others."""
    used = sorted({circuit.find_bit(bit).index for item in circuit.data for bit in item.qubits})
    narrow = QuantumCircuit(len(used))
    for item in circuit.data:
        narrow.append(item.operation, [used.index(circuit.find_bit(bit).index) for bit in item.qubits])
    return narrow, used


def engine_probabilities(circuit: QuantumCircuit, model: NoiseModel) -> np.ndarray:
    """The probability of each state, with the indices of Qiskit, from the values of all products of Z."""
    width = circuit.num_qubits
    answer = maestro.full_noise_estimate(
        maestro.QasmToCirc().parse_and_translate(write_program(circuit).text),
        ["".join(letters) for letters in itertools.product("IZ", repeat=width)],
        model.replay(maestro.NoiseModel()),
        noise_realizations=1,
        config=maestro.SimulatorConfig(simulation_type=maestro.SimulationType.DensityMatrix),
    )
    tensor = np.array(answer["expectation_values"]).reshape((2,) * width)
    for axis in range(width):
        tensor = np.stack([tensor.sum(axis), np.subtract(*np.moveaxis(tensor, axis, 0))], axis) / 2
    return tensor.transpose().ravel()  # the engine's qubit 0 is leftmost


def with_readout_errors(probabilities: np.ndarray, errors: list[tuple[float, float]]) -> np.ndarray:
    """The distribution after measurements. Each error is the probability of 1 after 0, and of 0 after 1."""
    tensor = probabilities.reshape((2,) * len(errors)).transpose()  # qubit 0 first
    for qubit, (one, zero) in enumerate(errors):
        wrong = np.array([[1 - one, zero], [one, 1 - zero]])
        tensor = np.moveaxis(np.tensordot(wrong, tensor, (1, qubit)), 0, qubit)
    return tensor.transpose().ravel()


def distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).sum() / 2)


def compare(device: Any, limit: float = LIMIT) -> str:
    """Check the model of a device with all circuits."""
    model = NoiseModel.from_backend(device)
    transpiled = transpile(list(circuits()), device, optimization_level=1, seed_transpiler=3)
    narrowed = [on_used_qubits(circuit) for circuit in transpiled]
    saved = [circuit.copy() for circuit in transpiled]
    for circuit, (_, used) in zip(saved, narrowed, strict=True):
        circuit.save_probabilities(used)
    aer = AerSimulator.from_backend(device, method="density_matrix").run(saved).result()
    ideal = AerSimulator(method="density_matrix").run(saved).result()
    largest: dict[str, float] = {"merged": 0.0, "not merged": 0.0, "noise": 0.0}
    for index, (narrow, used) in enumerate(narrowed):
        readout = [(error, error) for error in (device.target["measure"][qubit,].error for qubit in used)]
        expected = with_readout_errors(aer.data(index)["probabilities"], readout)
        own = model.restricted_to(used).relabelled({old: new for new, old in enumerate(used)})
        own_readout = [
            (call["args"][1], call["args"][2]) for call in own.calls if call["method"] == "set_readout_error"
        ]
        for name, written in (("merged", merge_virtual_gates(narrow)), ("not merged", narrow)):
            found = with_readout_errors(engine_probabilities(written, own), own_readout)
            largest[name] = max(largest[name], distance(found, expected))
        largest["noise"] = max(largest["noise"], distance(expected, ideal.data(index)["probabilities"]))
    figures = ", ".join(f"{name} {value:.4f}" for name, value in largest.items())
    assert largest["merged"] <= limit, figures
    return figures


def manila_with_cx_gates() -> str:
    return compare(fake_provider.FakeManilaV2())


def almaden_with_u2_and_u3_gates() -> str:
    # Its two-qubit gates are noisy and take 0.25 to 0.82 µs. The engine has one duration for each qubit.
    return compare(fake_provider.FakeAlmadenV2(), limit=0.015)


def sherbrooke_with_ecr_gates() -> str:
    return compare(fake_provider.FakeSherbrooke())


def torino_with_cz_gates() -> str:
    return compare(fake_provider.FakeTorino())


def fez_with_cz_gates() -> str:
    return compare(fake_provider.FakeFez())


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    checks = (
        manila_with_cx_gates,
        almaden_with_u2_and_u3_gates,
        sherbrooke_with_ecr_gates,
        torino_with_cz_gates,
        fez_with_cz_gates,
    )
    sys.exit(run_checks(checks))
