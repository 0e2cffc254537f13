"""Random circuits with parameters, their values, and what another provider has of the jobs that run them.

A case is a number: the seed of everything in it, which a failing test tells. ``--cases N`` runs *N* times as
many. The simulator has a seed too, so that a run would not be a different one every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Gate, Parameter, ParameterVector, Qubit
from qiskit.circuit.library import (
    DiagonalGate,
    MCXGate,
    PauliEvolutionGate,
    PauliGate,
    PermutationGate,
    StatePreparation,
    UnitaryGate,
    get_standard_gate_name_mapping,
)
from qiskit.primitives import PrimitiveResult
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.quantum_info import SparsePauliOp, random_statevector, random_unitary
from qiskit.transpiler import CouplingMap

from qiskit_qoro import MaestroConfig, QoroPrimitiveJob, QoroProvider
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local import LocalService

STANDARD_GATES = [gate for gate in get_standard_gate_name_mapping().values() if isinstance(gate, Gate)]
BASES = (["rz", "sx", "x", "cx"], ["u", "cz"], ["rx", "ry", "rzz", "h"])

Shape = tuple[int, ...]


class Maker:
    """Makes what a case needs; everything is decided by the seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        loose = [Parameter(name) for name in ("θ", "a0", "pi", "q[0]")]
        symbols = [*loose[: self.upto(5) - 1], *ParameterVector("v", self.upto(12))]
        self.symbols = symbols if self.chance(0.7) else []

    def upto(self, most: int) -> int:
        return int(self.rng.integers(1, most + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def some(self, options: Sequence[Any], count: int) -> list[Any]:
        return [options[index] for index in self.rng.permutation(len(options))[:count].tolist()]

    def word(self, width: int, letters: str) -> str:
        return "".join(self.rng.choice(list(letters), width))

    # --- circuits -------------------------------------------------------------------------------------

    def circuit(self, width: int, length: int) -> QuantumCircuit:
        """A circuit without measurements; some of its qubits may be idle."""
        left = self.upto(width)
        registers = [QuantumRegister(size, name) for size, name in ((left, "q"), (width - left, "r")) if size]
        circuit = QuantumCircuit(*registers, global_phase=self.angle(), metadata={"width": width})
        if self.chance(0.2):
            circuit.initialize(random_statevector(2, seed=self.rng).data, self.pick(circuit.qubits))
        used = self.some(circuit.qubits, self.upto(width))
        for _ in range(length):
            self.append_gate(circuit, used)
        return circuit

    def append_gate(self, circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> None:
        if self.chance(0.05):
            circuit.barrier(qubits)
        kinds = [self.standard, self.standard, self.standard, self.library, self.composite]
        gate = self.pick(kinds)(min(len(qubits), 4))
        if gate.num_qubits <= len(qubits):
            circuit.append(gate, self.some(qubits, gate.num_qubits))

    def standard(self, _width: int) -> Gate:
        gate = self.pick(STANDARD_GATES)
        return gate.base_class(*(self.angle() for _ in gate.params))

    def library(self, width: int) -> Gate:
        size = self.upto(width)
        hamiltonian = SparsePauliOp([self.word(size, "IXYZ")], [0.7])
        gates: list[Callable[[], Gate]] = [
            lambda: UnitaryGate(random_unitary(2**size, seed=self.rng)),
            lambda: DiagonalGate(np.exp(1j * self.rng.uniform(-3, 3, 2**size)).tolist()),
            lambda: PauliEvolutionGate(hamiltonian, time=self.angle()),
            lambda: PauliGate(self.word(size, "IXYZ")),
            lambda: PermutationGate(self.rng.permutation(size).tolist()),
            lambda: StatePreparation(random_statevector(2**size, seed=self.rng).data).inverse(),
            lambda: MCXGate(size, ctrl_state=self.upto(2**size) - 1),
        ]
        return self.pick(gates)()

    def composite(self, width: int) -> Gate:
        """A gate of gates; without parameters it may be controlled, so that its phases matter."""
        inner = QuantumCircuit(self.upto(max(width - 1, 1)), name="größe 2", global_phase=self.angle())
        for _ in range(3):
            gate = self.standard(width)
            if gate.num_qubits <= inner.num_qubits:
                inner.append(gate, self.some(inner.qubits, gate.num_qubits))
        gate = inner.to_gate().inverse() if self.chance(0.5) else inner.to_gate()
        if inner.parameters or self.chance(0.5):
            return gate
        return gate.control(1, ctrl_state=self.upto(2) - 1, annotated=False)

    def angle(self) -> Any:
        number = float(self.pick([self.rng.uniform(-7, 7), self.rng.uniform(-1e-6, 1e-6), 0, np.pi / 2]))
        if not self.symbols or self.chance(0.4):
            return number
        a, b = self.pick(self.symbols), self.pick(self.symbols)
        expressions: list[Callable[[], Any]] = [
            lambda: a,
            lambda: -2 * a,
            lambda: a / 3 + number,
            lambda: a * b - number,
            lambda: (a + b).sin() * 2,
            lambda: (a**2 + 1).log() - b.cos(),
            lambda: (0.3 * a).exp() / (b**2 + 0.5),
            lambda: abs(a - b).arctan(),
        ]
        return self.pick(expressions)()

    def transpiled(self, circuit: QuantumCircuit) -> QuantumCircuit:
        """The circuit for qubits in a row, on some of them, or as it was where that loses parameters."""
        wide = circuit.num_qubits + self.upto(3) - 1
        compiled = transpile(
            circuit,
            coupling_map=CouplingMap.from_line(wide),
            basis_gates=self.pick(BASES),
            initial_layout=self.some(range(wide), circuit.num_qubits) if self.chance(0.7) else None,
            # Qiskit 2.0 has faults in passes of the higher levels.
            optimization_level=self.upto(2) - 1,
            seed_transpiler=self.upto(1000),
        )
        return compiled if compiled.parameters == circuit.parameters else circuit

    # --- values and options ---------------------------------------------------------------------------

    def shapes(self) -> tuple[Shape, Shape]:
        """Two shapes that can be broadcast."""
        lengths = self.rng.choice([0, 1, 2, 3], self.upto(4) - 1, p=[0.06, 0.2, 0.4, 0.34]).tolist()
        return self.part_of(lengths), self.part_of(lengths)

    def part_of(self, shape: Sequence[int]) -> Shape:
        kept = shape[self.upto(len(shape) + 1) - 1 :]
        return tuple(1 if self.chance(0.3) else length for length in kept)

    def values(self, circuit: QuantumCircuit, shape: Shape) -> Any:
        """Values of the circuit's parameters in one of the forms that Qiskit takes; rows may be equal."""
        parameters = list(circuit.parameters)
        if not parameters:
            return BindingsArray({}, shape=shape)
        rows = self.rng.normal(size=(*shape, len(parameters))) * self.pick([1.0, 3.0])
        if shape and shape[0] and self.chance(0.3):
            rows[:] = rows[:1]
        if self.chance(0.5):
            return rows
        order = self.rng.permutation(len(parameters)).tolist()
        cut = self.upto(len(order))
        parts = {tuple(parameters[k] for k in part): rows[..., part] for part in (order[:cut], order[cut:])}
        return BindingsArray({key: part for key, part in parts.items() if key}, shape=shape)

    def options(self) -> dict[str, Any]:
        """Options of a primitive."""
        return {
            "execution_config": MaestroConfig(seed=self.upto(10**6)),
            "max_parameter_rows_per_job": self.pick([None, None, 1, 2, 5]),
        }


@contextmanager
def _naming(seed: int) -> Iterator[Maker]:
    try:
        yield Maker(seed)
    except BaseException as error:
        error.add_note(f"seed {seed}")
        raise


@pytest.fixture(scope="session")
def make() -> Callable[[int], AbstractContextManager[Maker]]:
    """The maker of a seed; what fails within tells the seed."""
    return _naming


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the batches of cases that were asked for."""
    if "batch" in metafunc.fixturenames:
        metafunc.parametrize("batch", range(5 * metafunc.config.getoption("--cases")))


@pytest.fixture(scope="session")
def stranger(local_service: LocalService) -> Iterator[QoroProvider]:
    """A provider that knows of a job only what the service tells."""
    with QoroProvider(local_service.token, base_url=local_service.url, journal=False) as provider:
        yield provider


@pytest.fixture
def assert_same_elsewhere(stranger: QoroProvider, tmp_path: Path) -> Callable[[QoroPrimitiveJob], None]:
    """Asserts that another provider has the same result, by a job's identifier or from a file."""

    def check(job: QoroPrimitiveJob) -> None:
        path = tmp_path / "job"
        job.save(path)
        try:
            again = (stranger.retrieve_job(job.job_id()) if job.job_ids else job).result()
        except QoroInputError as error:
            if "did not fit" not in str(error):
                raise
        else:
            assert_same(again, job.result())
        assert_same(stranger.load_job(path).result(), job.result())

    return check


def assert_same(first: PrimitiveResult[Any], second: PrimitiveResult[Any]) -> None:
    for one, other in zip(first, second, strict=True):
        assert list(one.data) == list(other.data)
        assert one.data.shape == other.data.shape
        for left, right in zip(one.data.values(), other.data.values(), strict=True):
            np.testing.assert_array_equal(getattr(left, "array", left), getattr(right, "array", right))
