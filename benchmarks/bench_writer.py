"""Compare the speed of our OpenQASM 2 writer with that of Qiskit's exporter, on the same circuits."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from qiskit import QuantumCircuit, qasm2, transpile
from qiskit.circuit.library import QFTGate, efficient_su2

from qiskit_qoro.backends.target import build_simulator_target
from qiskit_qoro.models.systems import SimulatorCluster
from qiskit_qoro.qasm import write_program

REPEATS = 7


def seconds(call: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return median(times)


def ansatz(num_qubits: int, reps: int) -> QuantumCircuit:
    circuit = efficient_su2(num_qubits, reps=reps)
    return circuit.assign_parameters([0.1 * k for k in range(circuit.num_parameters)])


def fourier(num_qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(num_qubits)
    circuit.append(QFTGate(num_qubits), range(num_qubits))
    return circuit


def main() -> None:
    target = build_simulator_target(SimulatorCluster("qoro_maestro"))
    circuits = {
        "efficient_su2, 100 qubits, 50 repetitions": ansatz(100, 50),
        "efficient_su2, 5 qubits, 3 repetitions": ansatz(5, 3),
        "Fourier transform, 60 qubits": fourier(60),
    }
    print(f"{'circuit':45} {'gates':>7} {'ours':>10} {'qasm2.dumps':>12} {'ratio':>6}")
    for name, circuit in circuits.items():
        isa = transpile(circuit, target=target, optimization_level=1)
        ours, theirs = seconds(lambda c=isa: write_program(c)), seconds(lambda c=isa: qasm2.dumps(c))
        print(f"{name:45} {isa.size():7} {ours * 1e3:7.2f} ms {theirs * 1e3:9.2f} ms {theirs / ours:6.1f}")


if __name__ == "__main__":
    main()
