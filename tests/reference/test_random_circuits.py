"""Random circuits with every supported instruction, compared with their exact distributions.

Each circuit is determined by its seed, which is in the message of a failing test. ``--cases N`` runs *N*
times as many circuits. The significance is that of ``conftest.py``: 1e-9 for each circuit, so a false alarm
among a thousand circuits has a probability of 1e-6, or 1e-4 in the worst case. The simulator has a fixed
seed, so that a failure is repeatable.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.classical import expr, types
from qiskit.circuit.library import HGate, RXGate, UnitaryGate, XGate, YGate, get_standard_gate_name_mapping
from qiskit.quantum_info import random_clifford, random_unitary

from qiskit_qoro import QoroBackend

RandomGate = Callable[[np.random.Generator], Gate]
Check = Callable[[Mapping[str, int], QuantumCircuit, int], None]
SHOTS = 2000
BATCH = 8  # circuits in one job
STANDARD_GATES = {
    name: gate
    for name, gate in get_standard_gate_name_mapping().items()
    if isinstance(gate, Gate) and gate.num_qubits <= 3
}
EXPRESSIONS = ("not", "and", "or", "xor", "equal", "less", "index", "cast", "bits", "register", "sum")


class Builder:
    """Builds one random circuit from a seed.

    ``budget`` limits the number of operations. An operation inside a loop costs as much as the loop repeats
    it.
    """

    def __init__(self, seed: int, gates: Sequence[RandomGate]) -> None:
        self.gates = gates
        self.rng = np.random.default_rng(seed)
        first = ClassicalRegister(self.up_to(3), "first")
        second = ClassicalRegister(self.up_to(2), "second")
        registers = [first, second]
        if self.chance(0.3):
            mixed = [*second, *first]
            self.rng.shuffle(mixed)  # type: ignore[arg-type]
            registers.append(ClassicalRegister(bits=mixed[: self.up_to(3)], name="shared"))
        self.circuit = QuantumCircuit(QuantumRegister(self.up_to(3), "q"), *registers)
        self.weight = 1
        self.budget = 40
        self.numbers = itertools.count()

    def up_to(self, most: int) -> int:
        return int(self.rng.integers(1, most + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def build(self) -> QuantumCircuit:
        self.circuit.h(self.circuit.qubits)
        self.circuit.measure(self.pick(self.circuit.qubits), self.pick(self.circuit.clbits))
        self.block(self.up_to(6) + 2, depth=0, in_loop=False)
        self.circuit.measure(self.pick(self.circuit.qubits), self.pick(self.circuit.clbits))
        return self.circuit

    def block(self, length: int, depth: int, *, in_loop: bool) -> None:
        kinds = [self.gate, self.gate, self.measure, self.measure, self.reset, self.barrier]
        nested = [self.if_test, self.if_test, self.switch, self.for_loop, self.box]
        for _ in range(length):
            if self.budget <= 0:
                return
            self.budget -= self.weight
            if depth < 3 and self.chance(0.45):
                self.pick(nested)(depth, in_loop)
            else:
                self.pick(kinds)()

    def gate(self) -> None:
        circuit = self.circuit
        gate = self.pick(self.gates)(self.rng)
        if gate.num_qubits <= circuit.num_qubits:
            qubits = [circuit.qubits[k] for k in self.rng.permutation(circuit.num_qubits)[: gate.num_qubits]]
            circuit.append(gate, qubits)

    def measure(self) -> None:
        self.circuit.measure(self.pick(self.circuit.qubits), self.pick(self.circuit.clbits))

    def reset(self) -> None:
        self.circuit.reset(self.pick(self.circuit.qubits))

    def barrier(self) -> None:
        self.circuit.barrier()

    def condition(self) -> Any:
        kind = self.rng.random()
        if kind < 0.35:
            return (self.pick(self.circuit.clbits), self.chance(0.5))
        if kind < 0.6:
            register = self.pick(self.circuit.cregs)
            return (register, int(self.rng.integers(2 ** len(register))))
        return self.boolean(2)

    def boolean(self, depth: int) -> expr.Expr:
        """Return a Boolean expression."""
        circuit = self.circuit
        kind = self.pick(EXPRESSIONS if depth else EXPRESSIONS[-5:])
        register = self.pick(circuit.cregs)
        number = int(self.rng.integers(2 ** len(register)))
        if kind == "not":
            return self.pick([expr.logic_not, expr.bit_not])(self.boolean(depth - 1))
        if kind in {"and", "or", "xor", "equal"}:
            operation = {
                "and": (expr.logic_and, expr.bit_and),
                "or": (expr.logic_or, expr.bit_or),
                "xor": (expr.bit_xor, expr.not_equal),
                "equal": (expr.equal,),
            }[kind]
            return self.pick(operation)(self.boolean(depth - 1), self.boolean(depth - 1))
        if kind == "less":
            return self.pick([expr.less, expr.greater_equal])(register, number)
        if kind == "index":
            return expr.index(register, int(self.rng.integers(len(register))))
        if kind == "cast":
            return expr.cast(expr.lift(register), types.Bool())
        if kind == "bits":
            return expr.lift(self.pick(circuit.clbits))
        if kind == "register":
            return self.pick([expr.equal, expr.not_equal])(register, number)
        return expr.equal(expr.bit_xor(register, number), self.pick([0, number]))

    def if_test(self, depth: int, in_loop: bool) -> None:
        with self.circuit.if_test(self.condition()) as otherwise:
            self.block(self.up_to(3), depth + 1, in_loop=in_loop)
            self.jump(in_loop)
        if self.chance(0.5):
            with otherwise:
                self.block(self.up_to(3), depth + 1, in_loop=in_loop)
                self.jump(in_loop)

    def jump(self, in_loop: bool) -> None:
        if in_loop and self.chance(0.3):
            if self.chance(0.5):
                self.circuit.break_loop()
            else:
                self.circuit.continue_loop()

    def switch(self, depth: int, in_loop: bool) -> None:
        register = self.pick(self.circuit.cregs)
        target = self.pick([register, self.pick(self.circuit.clbits), expr.bit_not(register)])
        width = 1 if target in self.circuit.clbits else len(register)
        values = [int(value) for value in self.rng.permutation(2**width)]
        with self.circuit.switch(target) as case:
            for _ in range(self.up_to(3)):
                taken = [values.pop() for _ in range(min(self.up_to(2), len(values)))]
                if taken:
                    with case(*taken):
                        self.block(self.up_to(2), depth + 1, in_loop=in_loop)
            if self.chance(0.5):
                with case(case.DEFAULT):
                    self.block(self.up_to(2), depth + 1, in_loop=in_loop)

    def for_loop(self, depth: int, in_loop: bool) -> None:
        times = self.up_to(3)
        # Qiskit 2.0 refuses two loop parameters with the same name.
        with (
            self.weighted(times),
            self.circuit.for_loop(range(times), Parameter(f"k{next(self.numbers)}")) as k,
        ):
            self.circuit.rx(0.4 * k + 0.3, self.pick(self.circuit.qubits))
            self.block(self.up_to(3), depth + 1, in_loop=True)

    def box(self, depth: int, in_loop: bool) -> None:
        with self.circuit.box():
            self.block(self.up_to(2), depth + 1, in_loop=False)

    @contextmanager
    def weighted(self, factor: int) -> Iterator[None]:
        self.weight *= factor
        yield
        self.weight //= factor


def standard(rng: np.random.Generator) -> Gate:
    gate = STANDARD_GATES[str(rng.choice(list(STANDARD_GATES)))]
    return gate.base_class(*rng.uniform(-3, 3, len(gate.params)))


def controlled(rng: np.random.Generator) -> Gate:
    gate = [XGate(), YGate(), HGate(), RXGate(float(rng.uniform(-3, 3)))][int(rng.integers(4))]
    count = int(rng.integers(1, 3))
    return gate.control(count, ctrl_state=int(rng.integers(2**count)), annotated=False)


def unitary(rng: np.random.Generator) -> Gate:
    return UnitaryGate(random_unitary(2 ** int(rng.integers(1, 4)), seed=rng))


def defined(rng: np.random.Generator) -> Gate:
    """Return a gate of gates, with phases that matter only if it is controlled."""
    inner = QuantumCircuit(2, name="größe 2", global_phase=0.3)
    inner.ecr(0, 1)
    inner.rzz(float(rng.uniform()), 1, 0)
    outer = QuantumCircuit(3, name="if", global_phase=-0.7)
    outer.append(inner.to_gate(), [1, 0])
    outer.append(inner.to_gate().inverse().control(1, ctrl_state=0, annotated=False), [0, 2, 1])
    outer.compose(random_clifford(3, seed=rng).to_circuit(), inplace=True)
    return outer.to_gate()


COMPILED = (standard, standard, standard, controlled, unitary)
GATES = (*COMPILED, defined)


def build(seed: int, gates: Sequence[RandomGate] = GATES) -> QuantumCircuit:
    circuit = Builder(seed, gates).build()
    circuit.name = f"seed {seed}"
    return circuit


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run one batch of circuits, or as many as requested with ``--cases``."""
    if "batch" in metafunc.fixturenames:
        metafunc.parametrize("batch", range(metafunc.config.getoption("--cases")))


def test_random_dynamic_circuits_have_the_exact_distribution(
    backend: QoroBackend, assert_sampled_from: Check, batch: int
) -> None:
    seeds = range(batch * BATCH, (batch + 1) * BATCH)
    circuits = [build(seed) for seed in seeds]

    result = backend.run(circuits, shots=SHOTS, seed_simulator=batch).result()

    for index, circuit in enumerate(circuits):
        assert_sampled_from(result.get_counts(index), circuit, SHOTS)


def test_transpiled_random_circuits_have_the_exact_distribution(
    backend: QoroBackend, assert_sampled_from: Check, batch: int
) -> None:
    seeds = range(10_000 + batch * BATCH, 10_000 + (batch + 1) * BATCH)
    # In Qiskit 2.0, level 2 does not transpile defined gates inside of blocks, so there are none.
    circuits = [build(seed, COMPILED) for seed in seeds]
    compiled = [
        transpile(circuit, backend, optimization_level=seed % 4, seed_transpiler=seed)
        for seed, circuit in zip(seeds, circuits, strict=True)
    ]

    result = backend.run(compiled, shots=SHOTS, seed_simulator=batch).result()

    for index, circuit in enumerate(circuits):
        assert_sampled_from(result.get_counts(index), circuit, SHOTS)
