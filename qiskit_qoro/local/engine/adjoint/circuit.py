"""Exact expectation values and gradients of a circuit, by adjoint differentiation of its state vector.

The state vector of all rows is computed once, going forward through the circuit. Then the circuit is undone
gate by gate, for the state and for each observable applied to it. At each gate with an angle, the derivative
follows from a 2x2 matrix of overlaps of the two vectors. So a gradient costs about as much as three values,
whatever the number of angles.

This is done in NumPy. The engine has adjoint derivatives too, but they are slower: see the computation alone
in ``docs/reference/benchmarks.md``.

Every gate is a 2x2 matrix on a target qubit, with none, one or two control qubits, except for swaps. The
overlaps on a qubit do not change while gates act on the other qubits. Therefore gates on single qubits are
combined to :mod:`steps <qiskit_qoro.local.engine.adjoint.steps>`, each for several qubits and gates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qiskit_qoro.local.engine.adjoint.matrices import Matrices
from qiskit_qoro.local.engine.adjoint.pauli_sum import PauliSum
from qiskit_qoro.local.engine.adjoint.steps import BLOCK_QUBITS, BlockStep, ExchangeStep, Step, TargetStep

__all__ = ["AdjointCircuit", "GateCall"]

Floats = npt.NDArray[np.float64]

# Gate -> the gate on its target.
_BASES: Mapping[str, str] = {
    "u1": "p",
    "u3": "u",
    "cy": "y",
    "cz": "z",
    "ch": "h",
    "csx": "sx",
    "crx": "rx",
    "cry": "ry",
    "crz": "rz",
    "cp": "p",
    "cu1": "p",
    "cu3": "u",
}
# Gate that exchanges amplitudes -> the gate on its targets.
_EXCHANGES: Mapping[str, str] = {"cx": "x", "ccx": "x", "swap": "swap", "cswap": "swap"}
_TABLE_BYTES = 1 << 26
_DIAGONAL = frozenset({"id", "z", "s", "sdg", "t", "tdg", "rz", "p"})


@dataclass(frozen=True)
class GateCall:
    """A gate of the table of gates, with its angles and qubits.

    Attributes:
        name: The name.
        angles: An ``int`` is the index of a free angle, a ``float`` is a constant.
        qubits: The qubits.
    """

    name: str
    angles: tuple[float | int, ...]
    qubits: tuple[int, ...]


class AdjointCircuit:
    """A circuit that is prepared for values and gradients.

    Args:
        gates: The gates, in order.
        num_qubits: The number of qubits, at least 1.
        num_angles: The number of free angles.
        table_bytes: The maximum memory of permutations that are kept.
    """

    def __init__(
        self,
        gates: Iterable[GateCall],
        num_qubits: int,
        num_angles: int,
        *,
        table_bytes: int = _TABLE_BYTES,
    ) -> None:
        self._num_qubits = num_qubits
        self._num_angles = num_angles
        self._matrices = Matrices()
        self._steps: list[Step] = []
        # Matrices on a qubit that are not in a step yet. They commute with the steps on other qubits, so all
        # of them wait until one of them has to be applied. Then many of them are combined.
        pending: dict[int, list[int]] = {}
        for gate in gates:
            base = _BASES.get(gate.name, gate.name)
            if len(gate.qubits) == 1:
                if base != "id":
                    number = self._matrices.add(base, gate.angles)
                    pending.setdefault(gate.qubits[0], []).append(number)
                continue
            if not pending.keys().isdisjoint(gate.qubits):
                self._add_blocks(pending)
                pending = {}
            if base in _EXCHANGES:
                self._add_exchange(_EXCHANGES[base], gate.qubits)
            else:
                self._add_target([self._matrices.add(base, gate.angles)], gate.qubits)
        self._add_blocks(pending)
        self._tabulate_exchanges(table_bytes)

    @property
    def num_bytes(self) -> int:
        """The memory of the permutations that are kept."""
        return sum(step.num_bytes for step in self._steps if isinstance(step, ExchangeStep))

    def values_and_gradients(self, observables: Sequence[PauliSum], angles: Floats) -> tuple[Floats, Floats]:
        """Compute the expectation values of observables and their derivatives.

        Args:
            observables: The observables.
            angles: The free angles of each row, shape (rows, angles).

        Returns:
            The values, shape (rows, observables), and the derivatives, shape (rows, observables, angles).
        """
        num_rows = len(angles)
        gradients = np.zeros((self._num_angles, len(observables), num_rows))
        matrices, left = self._matrices.evaluate(angles)
        products = [step.product(matrices) for step in self._steps]
        state = np.zeros((1, num_rows, 1 << self._num_qubits), dtype=np.complex128)
        state[..., 0] = 1
        for step, product in zip(self._steps, products, strict=True):
            state = step.apply(state, product)
        # The first of these states is that of the circuit, the others are the observables applied to it.
        states = np.concatenate([state, *(observable.apply(state) for observable in observables)])
        values = np.einsum("ri,kri->rk", state[0].conj(), states[1:]).real
        differentiable = [index for index, step in enumerate(self._steps) if step.is_differentiable]
        overlaps = np.zeros((len(matrices), len(observables), num_rows, 2, 2), dtype=np.complex128)
        # The steps before the first one with an angle need not be undone.
        first = differentiable[0] if differentiable else len(self._steps)
        for index in range(len(self._steps) - 1, first - 1, -1):
            step = self._steps[index]
            if step.is_differentiable:
                step.store_overlaps(states, matrices, overlaps)
            if index > first:
                states = step.apply(states, products[index], undo=True)
        self._matrices.differentiate(overlaps, matrices, left, gradients)
        return values, gradients.transpose(2, 1, 0)

    def _add_blocks(self, pending: Mapping[int, list[int]]) -> None:
        """Add steps for matrices on single qubits."""
        for lowest in range(0, self._num_qubits, BLOCK_QUBITS):
            qubits = range(lowest, min(lowest + BLOCK_QUBITS, self._num_qubits))
            numbers_of = [pending.get(qubit, []) for qubit in qubits]
            busy = [place for place, numbers in enumerate(numbers_of) if numbers]
            if len(busy) == 1:
                self._add_target(numbers_of[busy[0]], [qubits[busy[0]]])
            elif busy:
                free = [place for place in busy if any(map(self._matrices.is_free, numbers_of[place]))]
                self._steps.append(BlockStep(numbers_of, lowest, self._num_qubits, differentiable=free))

    def _add_target(self, numbers: Sequence[int], qubits: Sequence[int]) -> None:
        """Add a step with matrices on the last of some qubits; the others are its controls."""
        step = TargetStep(
            numbers,
            qubits[:-1],
            qubits[-1],
            self._num_qubits,
            is_diagonal=all(self._matrices.names[number] in _DIAGONAL for number in numbers),
            is_differentiable=any(map(self._matrices.is_free, numbers)),
        )
        self._steps.append(step)

    def _add_exchange(self, name: str, qubits: Sequence[int]) -> None:
        """Add a gate that exchanges amplitudes. Consecutive ones become one step."""
        last = self._steps[-1] if self._steps else None
        if not isinstance(last, ExchangeStep):
            last = ExchangeStep(self._num_qubits)
            self._steps.append(last)
        num_targets = 2 if name == "swap" else 1
        last.add(qubits[:-num_targets], qubits[-num_targets:])

    def _tabulate_exchanges(self, table_bytes: int) -> None:
        """Compute the permutations of exchanges, unless they take too much memory."""
        exchanges = [step for step in self._steps if isinstance(step, ExchangeStep)]
        if sum(step.table_bytes for step in exchanges) <= table_bytes:
            for step in exchanges:
                step.tabulate()
