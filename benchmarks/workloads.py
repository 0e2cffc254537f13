"""Circuits, observables and programs that several topics use. Each is the same in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp

__all__ = [
    "H2",
    "bell",
    "bound_circuits",
    "different_texts",
    "h2_ansatz",
    "random_gates",
    "random_observable",
    "random_rows",
    "random_sweep",
    "random_text",
    "ring_ansatz",
    "successive",
]

H2 = SparsePauliOp(
    ["II", "IZ", "ZI", "ZZ", "XX"],
    [
        -1.052373245772859,
        0.39793742484318045,
        -0.39793742484318045,
        -0.01128010425623538,
        0.18093119978423156,
    ],
)
"""The Hamiltonian of a hydrogen molecule."""


def bell() -> QuantumCircuit:
    """Return a Bell pair whose two qubits are measured."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def h2_ansatz() -> QuantumCircuit:
    """Return the ansatz for the hydrogen molecule."""
    return efficient_su2(2, ["ry"], reps=1)


def random_observable(num_qubits: int, num_strings: int) -> SparsePauliOp:
    """Return an observable of distinct random Pauli strings with random weights."""
    rng = np.random.default_rng(num_qubits)
    strings: set[str] = set()
    while len(strings) < num_strings:
        strings.add("".join(rng.choice(list("IXYZ"), num_qubits)))
    return SparsePauliOp(sorted(strings), rng.normal(size=num_strings))


def random_rows(circuit: QuantumCircuit, rows: int) -> NDArray[np.float64]:
    """Return rows of random angles, one for each parameter of a circuit."""
    return np.random.default_rng(rows).uniform(-np.pi, np.pi, (rows, circuit.num_parameters))


def random_sweep(num_qubits: int, rows: int, num_strings: int = 20) -> tuple[Any, ...]:
    """Return a PUB for an estimator. Every angle of every row is different."""
    circuit = efficient_su2(num_qubits, reps=3)
    return circuit, random_observable(num_qubits, num_strings), random_rows(circuit, rows)


def successive(circuit: QuantumCircuit) -> Iterator[NDArray[np.float64]]:
    """Yield other angles every time, as an optimizer tries them."""
    return cycle(random_rows(circuit, 500))


def ring_ansatz(num_qubits: int = 5, layers: int = 3) -> QuantumCircuit:
    """Return layers of two rotations of each qubit and a ring of CX gates, with a final measurement."""
    circuit = QuantumCircuit(num_qubits, num_qubits)
    for layer in range(layers):
        for qubit in range(num_qubits):
            circuit.ry(Parameter(f"y_{layer}_{qubit}"), qubit)
            circuit.rz(Parameter(f"z_{layer}_{qubit}"), qubit)
        for qubit in range(num_qubits):
            circuit.cx(qubit, (qubit + 1) % num_qubits)
    circuit.measure(range(num_qubits), range(num_qubits))
    return circuit


def bound_circuits(number: int) -> list[QuantumCircuit]:
    """Return circuits that differ in their angles only."""
    ansatz = ring_ansatz()
    return [ansatz.assign_parameters(row) for row in random_rows(ansatz, number)]


def random_gates(num_qubits: int, num_gates: int) -> QuantumCircuit:
    """Return random rotations (every second gate), CX and H gates, with a final measurement."""
    rng = random.Random(1)
    circuit = QuantumCircuit(num_qubits, num_qubits)
    for _ in range(num_gates):
        first, second = rng.sample(range(num_qubits), 2)
        if rng.random() < 0.5:
            getattr(circuit, rng.choice(["rx", "ry", "rz"]))(rng.uniform(-3, 3), first)
        elif rng.random() < 0.6:
            circuit.cx(first, second)
        else:
            circuit.h(first)
    circuit.measure(range(num_qubits), range(num_qubits))
    return circuit


def random_text(num_gates: int, *, definition: str = "") -> str:
    """Return an OpenQASM 2 program of 20 qubits with random gates, after an optional gate definition."""
    rng = random.Random(1)
    lines = [f'OPENQASM 2.0;\ninclude "qelib1.inc";\n{definition}qreg q[20];', "creg c[20];"]
    for _ in range(num_gates):
        first, second = rng.sample(range(20), 2)
        if rng.random() < 0.5:
            lines.append(f"{rng.choice(['rx', 'ry', 'rz'])}({rng.uniform(-3, 3)!r}) q[{first}];")
        elif rng.random() < 0.6:
            lines.append(f"cx q[{first}],q[{second}];")
        else:
            lines.append(f"h q[{first}];")
    return "\n".join([*lines, "measure q -> c;"])


def different_texts(number: int, num_qubits: int = 5, num_gates: int = 25) -> list[str]:
    """Return OpenQASM 2 programs of random gates. No two of them have the same gates."""
    rng = random.Random(number)

    def gate() -> str:
        first, second = rng.sample(range(num_qubits), 2)
        return rng.choice(
            (f"h q[{first}];", f"ry({rng.uniform(-3, 3)!r}) q[{first}];", f"cx q[{first}],q[{second}];")
        )

    head = f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{num_qubits}];\ncreg c[{num_qubits}];\n'
    return [head + "\n".join(gate() for _ in range(num_gates)) + "\nmeasure q -> c;\n" for _ in range(number)]
