"""OpenQASM 2 programs that everybody can generate: those of mqt.bench, and circuits of Qiskit's library.

mqt.bench contains algorithms and arithmetic circuits. The texts have gate definitions and several registers
where the circuits have them. They are the same in every run with the same versions of the packages, except
for the names of some gates.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from mqt.bench import BenchmarkLevel, get_benchmark
from mqt.bench.benchmarks import get_available_benchmark_names
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit.library import (
    QFTGate,
    efficient_su2,
    hidden_linear_function,
    iqp,
    pauli_two_design,
    quantum_volume,
    real_amplitudes,
    zz_feature_map,
)
from qiskit.quantum_info import random_clifford

__all__ = ["CorpusProgram", "programs", "renamed"]

# Wider or longer programs take seconds in every simulator, and are left out.
_MAX_AMPLITUDE_UPDATES = 2**29
_MAX_TEXT_BYTES = 500_000

# mqt.bench takes seconds or minutes to generate larger circuits of these families.
_LARGEST = {"grover": 7, "multiplier": 12, "qwalk": 7, "rg_qft_multiplier": 12, "shor": 0}

# Arguments of families that would be random otherwise.
_ARGUMENTS = {"graphstate": {"seed": 1}}

_REGISTER = re.compile(r"^[qc]reg (\w+)\[", re.MULTILINE)


@dataclass(frozen=True)
class CorpusProgram:
    """A program.

    Attributes:
        name: Its family.
        num_qubits: Its number of qubits.
        text: OpenQASM 2.
    """

    name: str
    num_qubits: int
    text: str


def programs(sizes: Sequence[int]) -> Iterator[CorpusProgram]:
    """Generate the programs with the given numbers of qubits, as far as a family has them."""
    for name in sorted(get_available_benchmark_names()):
        for size in (size for size in sizes if size <= _LARGEST.get(name, size)):
            yield from _program(name, lambda name=name, size=size: _of_mqt_bench(name, size))
    for family in (
        _su2,
        _amplitudes,
        _design,
        _features,
        _fourier,
        _hidden,
        _instantaneous,
        _volume,
        _clifford,
    ):
        for size in sizes:
            yield from _program(f"qiskit{family.__name__}", lambda family=family, size=size: family(size))


def renamed(program: CorpusProgram, number: int) -> str:
    """Return the text with other names of registers, so that no cache of texts knows it."""
    text = program.text
    for name in set(_REGISTER.findall(text)):
        text = re.sub(rf"\b{name}(?=\[| ->|;)", f"{name}_{number}", text)
    return text


def _program(name: str, make: Callable[[], QuantumCircuit]) -> Iterator[CorpusProgram]:
    try:
        circuit = make()
        text = qasm2.dumps(circuit)
    except Exception:  # of many classes: the family has no circuit of this size, or none in OpenQASM 2
        return
    if len(text) > _MAX_TEXT_BYTES:
        return
    updates = circuit.decompose(reps=3).size() << circuit.num_qubits
    if circuit.num_qubits <= 22 and updates <= _MAX_AMPLITUDE_UPDATES:
        yield CorpusProgram(name, circuit.num_qubits, text)


def _of_mqt_bench(name: str, size: int) -> QuantumCircuit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        circuit = get_benchmark(
            name, BenchmarkLevel.INDEP, size, random_parameters=True, **_ARGUMENTS.get(name, {})
        )
    if not any(instruction.operation.name == "measure" for instruction in circuit.data):
        circuit.measure_all()
    return circuit


def _bound(circuit: QuantumCircuit) -> QuantumCircuit:
    rng = np.random.default_rng(circuit.num_qubits)
    bound = circuit.assign_parameters(rng.uniform(-np.pi, np.pi, circuit.num_parameters))
    bound.measure_all()
    return bound


def _su2(size: int) -> QuantumCircuit:
    return _bound(efficient_su2(size, reps=3))


def _amplitudes(size: int) -> QuantumCircuit:
    return _bound(real_amplitudes(size, reps=3, entanglement="full"))


def _design(size: int) -> QuantumCircuit:
    return _bound(pauli_two_design(size, reps=3, seed=1))


def _features(size: int) -> QuantumCircuit:
    return _bound(zz_feature_map(size, reps=2))


def _fourier(size: int) -> QuantumCircuit:
    circuit = QuantumCircuit(size)
    circuit.append(QFTGate(size), range(size))
    return _bound(circuit)


def _hidden(size: int) -> QuantumCircuit:
    upper = np.triu(np.random.default_rng(size).integers(0, 2, (size, size)))
    return _bound(hidden_linear_function(upper | upper.T))


def _instantaneous(size: int) -> QuantumCircuit:
    upper = np.triu(np.random.default_rng(size).integers(0, 8, (size, size)))
    return _bound(iqp(upper | upper.T))


def _volume(size: int) -> QuantumCircuit:
    return _bound(quantum_volume(size, depth=min(size, 5), seed=1).decompose())


def _clifford(size: int) -> QuantumCircuit:
    return _bound(random_clifford(size, seed=1).to_circuit())
