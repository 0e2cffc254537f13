"""Random circuits with parameters and their values, and a comparison with results that another provider
fetches.

A case is determined by its seed, which is in the message of a failing test. ``--cases N`` runs *N* times as
many cases. The simulator has a fixed seed too, so that a failure is repeatable.
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
    """Makes random circuits, shapes, values and options from a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        loose = [Parameter(name) for name in ("θ", "a0", "pi", "q[0]")]
        symbols = [*loose[: self.up_to(5) - 1], *ParameterVector("v", self.up_to(12))]
        self.symbols = symbols if self.chance(0.7) else []

    def up_to(self, most: int) -> int:
        return int(self.rng.integers(1, most + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def some(self, options: Sequence[Any], count: int) -> list[Any]:
        return [options[index] for index in self.rng.permutation(len(options))[:count].tolist()]

    def pauli_string(self, width: int, letters: str) -> str:
        return "".join(self.rng.choice(list(letters), width))

    # --- circuits -------------------------------------------------------------------------------------

    def circuit(self, width: int, length: int) -> QuantumCircuit:
        """Return a circuit without measurements. Some of its qubits may be idle."""
        left = self.up_to(width)
        registers = [QuantumRegister(size, name) for size, name in ((left, "q"), (width - left, "r")) if size]
        circuit = QuantumCircuit(*registers, global_phase=self.angle(), metadata={"width": width})
        if self.chance(0.2):
            circuit.initialize(random_statevector(2, seed=self.rng).data, self.pick(circuit.qubits))
        used = self.some(circuit.qubits, self.up_to(width))
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
        size = self.up_to(width)
        hamiltonian = SparsePauliOp([self.pauli_string(size, "IXYZ")], [0.7])
        gates: list[Callable[[], Gate]] = [
            lambda: UnitaryGate(random_unitary(2**size, seed=self.rng)),
            lambda: DiagonalGate(np.exp(1j * self.rng.uniform(-3, 3, 2**size)).tolist()),
            lambda: PauliEvolutionGate(hamiltonian, time=self.angle()),
            lambda: PauliGate(self.pauli_string(size, "IXYZ")),
            lambda: PermutationGate(self.rng.permutation(size).tolist()),
            lambda: StatePreparation(random_statevector(2**size, seed=self.rng).data).inverse(),
            lambda: MCXGate(size, ctrl_state=self.up_to(2**size) - 1),
        ]
        return self.pick(gates)()

    def composite(self, width: int) -> Gate:
        """Return a gate of gates. If it has no parameters it may be controlled, so that its phases matter."""
        inner = QuantumCircuit(self.up_to(max(width - 1, 1)), name="größe 2", global_phase=self.angle())
        for _ in range(3):
            gate = self.standard(width)
            if gate.num_qubits <= inner.num_qubits:
                inner.append(gate, self.some(inner.qubits, gate.num_qubits))
        gate = inner.to_gate().inverse() if self.chance(0.5) else inner.to_gate()
        if inner.parameters or self.chance(0.5):
            return gate
        return gate.control(1, ctrl_state=self.up_to(2) - 1, annotated=False)

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
        """Transpile a circuit for a line of qubits; return it unchanged if a parameter would be lost."""
        wide = circuit.num_qubits + self.up_to(3) - 1
        compiled = transpile(
            circuit,
            coupling_map=CouplingMap.from_line(wide),
            basis_gates=self.pick(BASES),
            initial_layout=self.some(range(wide), circuit.num_qubits) if self.chance(0.7) else None,
            # Qiskit 2.0 has bugs in passes of the higher levels.
            optimization_level=self.up_to(2) - 1,
            seed_transpiler=self.up_to(1000),
        )
        return compiled if compiled.parameters == circuit.parameters else circuit

    # --- values and options ---------------------------------------------------------------------------

    def shapes(self) -> tuple[Shape, Shape]:
        """Return two shapes that can be broadcast together. Some are empty."""
        lengths = self.rng.choice([0, 1, 2, 3], self.up_to(4) - 1, p=[0.06, 0.2, 0.4, 0.34]).tolist()
        return self.broadcastable_to(lengths), self.broadcastable_to(lengths)

    def broadcastable_to(self, shape: Sequence[int]) -> Shape:
        """Return a shape with fewer dimensions, some of length 1."""
        kept = shape[self.up_to(len(shape) + 1) - 1 :]
        return tuple(1 if self.chance(0.3) else length for length in kept)

    def values(self, circuit: QuantumCircuit, shape: Shape) -> Any:
        """Return values of the circuit's parameters in a form that Qiskit accepts. Rows may be equal."""
        parameters = list(circuit.parameters)
        if not parameters:
            return BindingsArray({}, shape=shape)
        rows = self.rng.normal(size=(*shape, len(parameters))) * self.pick([1.0, 3.0])
        if shape and shape[0] and self.chance(0.3):
            rows[:] = rows[:1]
        if self.chance(0.5):
            return rows
        order = self.rng.permutation(len(parameters)).tolist()
        cut = self.up_to(len(order))
        parts = {tuple(parameters[k] for k in part): rows[..., part] for part in (order[:cut], order[cut:])}
        return BindingsArray({key: part for key, part in parts.items() if key}, shape=shape)

    def options(self) -> dict[str, Any]:
        """Return options of a primitive."""
        return {
            "execution_config": MaestroConfig(seed=self.up_to(10**6)),
            "max_parameter_rows_per_job": self.pick([None, None, 1, 2, 5]),
        }


@contextmanager
def _maker(seed: int) -> Iterator[Maker]:
    try:
        yield Maker(seed)
    except BaseException as error:
        error.add_note(f"seed {seed}")
        raise


@pytest.fixture(scope="session")
def make() -> Callable[[int], AbstractContextManager[Maker]]:
    """A context manager that gives the maker of a seed, and adds the seed to errors inside the block."""
    return _maker


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run one batch of cases, or as many as requested with ``--cases``."""
    if "batch" in metafunc.fixturenames:
        metafunc.parametrize("batch", range(metafunc.config.getoption("--cases")))


@pytest.fixture(scope="session")
def other_provider(local_service: LocalService) -> Iterator[QoroProvider]:
    """A provider without a journal, which knows a job only from the service."""
    with QoroProvider(local_service.token, base_url=local_service.url, journal=False) as provider:
        yield provider


@pytest.fixture
def assert_same_elsewhere(other_provider: QoroProvider, tmp_path: Path) -> Callable[[QoroPrimitiveJob], None]:
    """Assert that another provider gets the same result, by the job's identifier and from a file."""

    def check(job: QoroPrimitiveJob) -> None:
        path = tmp_path / "job"
        job.save(path)
        try:
            again = (other_provider.retrieve_job(job.job_id()) if job.job_ids else job).result()
        except QoroInputError as error:
            # A large postprocessor does not fit into the labels; the file has it.
            if "did not fit" not in str(error):
                raise
        else:
            assert_same(again, job.result())
        assert_same(other_provider.load_job(path).result(), job.result())

    return check


def assert_same(first: PrimitiveResult[Any], second: PrimitiveResult[Any]) -> None:
    for one, other in zip(first, second, strict=True):
        assert list(one.data) == list(other.data)
        assert one.data.shape == other.data.shape
        for left, right in zip(one.data.values(), other.data.values(), strict=True):
            np.testing.assert_array_equal(getattr(left, "array", left), getattr(right, "array", right))
