"""Random circuits with conditions on wide registers, compared with their exact distributions.

The conditions of a circuit come from a small pool, so most of them are repeated while the register is
unchanged, and after it has changed. The engine compares with numbers of 31 bits, so the widths are around 31,
32, 63 and 64, and much wider. The text is read back by Qiskit and compared exactly, and it is run by the
engine and its counts are tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.classical import expr

from qiskit_qoro import QoroBackend
from qiskit_qoro.qasm import parse_program, write_program

Distribution = dict[str, float]
Check = Callable[[Mapping[str, int], QuantumCircuit, int], None]
WIDTHS = (30, 31, 32, 33, 62, 63, 64, 65, 100, 151)
SHOTS = 1000
BATCH = 10


class Builder:
    """Builds one random circuit from a seed.

    Only a few bits of the wide register are ever measured, among them its first and its last one. Conditions
    compare with values of these bits, so that they are often true.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.width = WIDTHS[seed % len(WIDTHS)]
        self.wide = ClassicalRegister(self.width, "wide")
        self.narrow = ClassicalRegister(2, "narrow")
        self.circuit = QuantumCircuit(QuantumRegister(2), self.wide, self.narrow, name=f"seed {seed}")
        middle = [int(bit) for bit in self.rng.choice(self.width - 2, 2, replace=False) + 1]
        self.hot = [0, *middle, self.width - 1]
        self.budget = 14
        self.tests_single_bits = self.chance(0.3)
        self.pool = [self.condition() for _ in range(3)]

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def value(self) -> int:
        return sum(1 << bit for bit in self.hot if self.chance(0.4))

    def condition(self) -> Any:
        kind = self.rng.random()
        if self.tests_single_bits and kind < 0.3:
            return (self.wide[self.pick(self.hot)], self.chance(0.5))
        if kind < 0.7:
            return (self.wide, self.value())
        if kind < 0.8:
            return expr.not_equal(self.wide, self.value())
        if kind < 0.9:
            return expr.logic_and(expr.equal(self.wide, self.value()), self.narrow[0])
        return expr.logic_or(expr.equal(self.wide, self.value()), expr.equal(self.narrow, 1))

    def build(self) -> QuantumCircuit:
        self.circuit.h([0, 1])
        for bit in self.hot:
            self.circuit.ry(0.7, 0)
            self.circuit.measure(0, self.wide[bit])
        self.block(7, 0)
        self.circuit.measure([0, 1], self.narrow)
        return self.circuit

    def block(self, length: int, depth: int) -> None:
        for _ in range(length):
            self.budget -= 1
            if self.budget < 0:
                return
            kind = self.rng.random()
            if kind < 0.45 and depth < 2:
                self.branch(depth)
            elif kind < 0.5 and depth < 2:
                self.loop(depth)
            elif kind < 0.58 and depth < 2:
                self.switch(depth)
            elif kind < 0.7:
                self.circuit.measure(self.pick([0, 1]), self.wide[self.pick(self.hot)])
            elif kind < 0.75:
                self.circuit.measure(self.pick([0, 1]), self.pick(list(self.narrow)))
            elif kind < 0.8:
                self.circuit.reset(self.pick([0, 1]))
            else:
                self.circuit.ry(float(self.rng.uniform(0.3, 2.5)), self.pick([0, 1]))

    def branch(self, depth: int) -> None:
        """Append branches with the same condition. Some of them change bits that the condition tests."""
        condition = self.pick(self.pool)
        for _ in range(int(self.rng.integers(1, 4))):
            with self.circuit.if_test(condition) as otherwise:
                self.circuit.ry(0.9, self.pick([0, 1]))
                if self.chance(0.4):
                    self.block(2, depth + 1)
            if self.chance(0.3):
                with otherwise:
                    self.circuit.ry(1.7, self.pick([0, 1]))
                    if self.chance(0.4):
                        self.block(2, depth + 1)

    def loop(self, depth: int) -> None:
        with self.circuit.for_loop(range(2)):
            with self.circuit.if_test(self.pick(self.pool)), ExitStack() as inner:
                if self.chance(0.5):
                    inner.enter_context(self.circuit.if_test(self.pick(self.pool)))
                self.circuit.x(0)
                if self.chance(0.5):
                    self.circuit.break_loop()
                else:
                    self.circuit.continue_loop()
            self.block(2, depth + 1)

    def switch(self, depth: int) -> None:
        values = {self.value() for _ in range(3)}
        with self.circuit.switch(self.wide) as case:
            for value in sorted(values):
                with case(value):
                    self.circuit.ry(0.6, self.pick([0, 1]))
                    self.block(1, depth + 1)
            if self.chance(0.5):
                with case(case.DEFAULT):
                    self.circuit.x(1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run one batch of circuits, or as many as requested with ``--cases``."""
    if "batch" in metafunc.fixturenames:
        metafunc.parametrize("batch", range(metafunc.config.getoption("--cases")))


def test_qiskit_reads_the_text_with_the_same_distribution(
    exact_distribution: Callable[[QuantumCircuit], Distribution], batch: int
) -> None:
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        circuit = Builder(seed).build()
        expected = {key.replace(" ", ""): p for key, p in exact_distribution(circuit).items()}

        program = write_program(circuit, keep_clbit_order=(seed + batch) % 2 == 0)
        found: Distribution = {}
        for key, probability in exact_distribution(parse_program(program.text)).items():
            bits = key.replace(" ", "")[::-1]
            own = "".join(bits[position] for position in program.clbits)[::-1]
            found[own] = found.get(own, 0) + probability
            assert bits.count("1") == own.count("1"), f"seed {seed}: a scratch bit is not 0 at the end"

        # Branches whose probability is a rounding error may occur in one of them only.
        keys = {key for both in (found, expected) for key, p in both.items() if p > 1e-12}
        assert {key: found.get(key, 0) for key in keys} == pytest.approx(
            {key: expected.get(key, 0) for key in keys}, abs=1e-9
        ), f"seed {seed}"


def test_the_engine_samples_the_exact_distribution(
    backend: QoroBackend, assert_sampled_from: Check, batch: int
) -> None:
    circuits = [Builder(seed).build() for seed in range(batch * BATCH, (batch + 1) * BATCH)]

    result = backend.run(circuits, shots=SHOTS, seed_simulator=batch).result()

    for index, circuit in enumerate(circuits):
        assert_sampled_from(result.get_counts(index), circuit, SHOTS)
