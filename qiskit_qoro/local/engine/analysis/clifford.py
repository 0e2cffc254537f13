"""Recognize Clifford programs by the matrices of their gates, and write them for the stabilizer simulator.

The stabilizer simulator accepts only the gates of :data:`~qiskit_qoro.qasm.gates.CLIFFORD_GATES`, which have
no angles. Transpilers write the same program in other gates: a Hadamard gate as ``u2(0,pi)``, a controlled Z
gate as ``cp(pi)``, and a product of two-qubit gates as rotations by multiples of pi/8 around a controlled
rotation. This module reads the text of an engine program, line by line:

- It multiplies the one-qubit gates on a qubit until another operation needs the qubit. This product is called
  *pending*.
- If both pending products and a two-qubit gate are Clifford gates, they are written.
- Otherwise it multiplies them, and factors the product into a two-qubit Clifford gate and one-qubit gates
  after it. The Clifford gate is written, and the one-qubit gates become pending. If there are no such factors
  yet, the product is an *open block*, which further gates on the same qubits may complete.
- At the end every pending product has to be a Clifford gate. Before a measurement, a diagonal factor does not
  matter.

A matrix counts as a Clifford gate if no element differs by more than :data:`TOLERANCE`. Global phases are
ignored, because nothing controls the gates of a program.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt
from qiskit.quantum_info import Clifford

from qiskit_qoro.local.engine.analysis.gate_list import gate_matrix
from qiskit_qoro.qasm.gates import CLIFFORD_GATES, GATES

__all__ = ["TOLERANCE", "CliffordForm", "find_clifford_form"]

TOLERANCE = 1e-12
"""How much an element of a matrix may differ from that of a Clifford gate."""

# A line of an engine program: its condition, the operation with its angles, and the operands.
_LINE = re.compile(r"(if \([^)]*\) )?([a-z0-9]+(?:\([^)]*\))?) (.*);")
_DECLARATIONS = frozenset({"qreg", "creg", "include"})

# The gates of a program have few different angles, but a sweep may have new ones in each row.
_CACHE_SIZE = 4096

Matrix = npt.NDArray[np.complex128]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CliffordForm:
    """A program with Clifford gates only, or why there is none.

    Attributes:
        text: The program in gates that the stabilizer simulator accepts, or ``None``.
        obstacle: A gate that makes the program differ from every Clifford program, or ``None``.
    """

    text: str | None
    obstacle: str | None


def find_clifford_form(text: str) -> CliffordForm:
    """Write a program with Clifford gates only, if it is a Clifford program.

    Args:
        text: The text of an engine program.
    """
    return _Rewriter().rewrite(text)


class _NotCliffordError(Exception):
    """The program is not a Clifford program. The argument is the gate that is reported."""


@dataclass(frozen=True)
class _Block:
    """A product of gates on two qubits that is not written yet.

    Attributes:
        qubits: The qubits. The first one is the lower bit of the matrix, as in Qiskit.
        matrix: The product.
        cause: The gate to report if the product cannot be written.
    """

    qubits: tuple[str, str]
    matrix: Matrix
    cause: str


class _Rewriter:
    """Rewrites one program."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        # For each qubit the pending product: the number of a Clifford gate, or any other matrix.
        self._pending: dict[str, int | Matrix] = {}
        # For each qubit whose pending product is a matrix, the gate to report.
        self._causes: dict[str, str] = {}
        # The open blocks, under both of their qubits. A pending product follows the block of its qubit.
        self._blocks: dict[str, _Block] = {}
        self._has_measurement = False

    def rewrite(self, text: str) -> CliffordForm:
        try:
            for line in text.splitlines():
                self._read(line)
            # What happens to a qubit after the last measurements does not change the counts.
            if not self._has_measurement:
                for qubit in dict.fromkeys([*self._blocks, *self._pending]):
                    self._write_pending(qubit)
        except _NotCliffordError as error:
            return CliffordForm(None, str(error))
        return CliffordForm("".join(self._lines), None)

    def _read(self, line: str) -> None:
        match = _LINE.fullmatch(line)
        if match is None or match[2] in _DECLARATIONS:
            self._lines.append(f"{line}\n")
            return
        condition, operation, operands = match.groups()
        if operation == "measure":
            self._has_measurement = True
            qubit = operands.partition(" ")[0]
            if condition is None:
                self._write_before_measurement(qubit)
            else:
                self._write_pending(qubit)
            self._lines.append(f"{line}\n")
        elif condition is not None:
            self._write_conditional(condition, operation, operands.split(","))
        elif operation == "reset":
            self._write_pending(operands, is_reset=True)
            self._lines.append(f"{line}\n")
        elif "," in operands:
            self._apply(operation, operands.split(","))
        else:
            self._multiply(_one_qubit(operation), operands, operation)

    def _multiply(self, factor: int | Matrix, qubit: str, cause: str) -> None:
        """Multiply a one-qubit gate into the pending product of its qubit."""
        before = self._pending.get(qubit, _IDENTITY)
        if isinstance(factor, int) and isinstance(before, int):
            self._pending[qubit] = _products()[factor][before]
            return
        matrix = _matrix(factor) @ _matrix(before)
        number = _clifford_number(matrix)
        if number is None:
            self._pending[qubit] = matrix
            self._causes.setdefault(qubit, cause)
        else:
            self._pending[qubit] = number
            self._causes.pop(qubit, None)

    def _apply(self, operation: str, qubits: Sequence[str]) -> None:
        """Apply a gate on two or more qubits."""
        if len(qubits) > 2:  # no such gate in the table is a Clifford gate
            raise _NotCliffordError(operation)
        first, second = qubits
        for qubit in qubits:
            block = self._blocks.get(qubit)
            if block is not None and set(block.qubits) != {first, second}:
                self._close(block)
        block = self._blocks.get(first)
        pending = [self._pending.pop(qubit, _IDENTITY) for qubit in qubits]
        if block is None and all(isinstance(factor, int) for factor in pending):
            gates = _two_qubit_gates(operation)
            if gates is not None:
                for qubit, factor in zip(qubits, pending, strict=True):
                    self._write_one_qubit(factor, qubit)
                self._write_gates("", gates, qubits)
                return
        causes = [self._causes.pop(qubit, None) for qubit in qubits]
        matrix = gate_matrix(operation) @ np.kron(_matrix(pending[1]), _matrix(pending[0]))
        if block is not None:
            previous = block.matrix if block.qubits == (first, second) else _SWAP @ block.matrix @ _SWAP
            matrix, causes = matrix @ previous, [block.cause]
        cause = next(filter(None, causes), operation)
        block = _Block((first, second), matrix, cause)
        if not self._write_block(block):
            self._blocks |= {first: block, second: block}

    def _close(self, block: _Block) -> None:
        """Write a block whose qubits are needed by another operation."""
        if not self._write_block(block):
            raise _NotCliffordError(block.cause)

    def _write_block(self, block: _Block) -> bool:
        """Write the Clifford factor of a block if it has one. Its other factors become pending."""
        factors = _factor(block.matrix)
        if factors is None:
            return False
        gates, residues = factors
        self._write_gates("", gates, block.qubits)
        for qubit, residue in zip(block.qubits, residues, strict=True):
            self._blocks.pop(qubit, None)
            # Gates after the block may already be pending.
            after = self._pending.pop(qubit, _IDENTITY)
            number = _clifford_number(residue)
            self._multiply(residue if number is None else number, qubit, block.cause)
            self._multiply(after, qubit, block.cause)
        return True

    def _write_pending(self, qubit: str, *, is_reset: bool = False) -> None:
        """Write everything that acts on a qubit, except for one-qubit gates before a reset."""
        block = self._blocks.get(qubit)
        if block is not None:
            self._close(block)
        pending = self._pending.pop(qubit, _IDENTITY)
        cause = self._causes.pop(qubit, None)
        if is_reset:
            return
        if not isinstance(pending, int):
            raise _NotCliffordError(cause)
        self._write_one_qubit(pending, qubit)

    def _write_before_measurement(self, qubit: str) -> None:
        """Write everything that acts on a qubit, except for a diagonal factor.

        Before a measurement, such a factor does not change the probabilities. After it, the qubit is in a
        basis state, so the factor is a global phase.
        """
        block = self._blocks.get(qubit)
        if block is not None:
            self._close(block)
        pending = self._pending.get(qubit, _IDENTITY)
        if not isinstance(pending, int):
            number = _measured_alike(pending)
            if number is not None:
                self._pending[qubit] = number
                self._causes.pop(qubit, None)
        self._write_pending(qubit)

    def _write_conditional(self, condition: str, operation: str, qubits: Sequence[str]) -> None:
        for qubit in qubits:
            self._write_pending(qubit)
        gates = _gates(operation)
        if gates is None:
            raise _NotCliffordError(operation)
        self._write_gates(condition, gates, qubits)

    def _write_one_qubit(self, number: int | Matrix, qubit: str) -> None:
        if isinstance(number, int):
            self._lines += [f"{name} {qubit};\n" for name in _one_qubit_cliffords()[number]]

    def _write_gates(self, condition: str, gates: _Gates, qubits: Sequence[str]) -> None:
        for name, positions in gates:
            operands = ",".join([qubits[position] for position in positions])
            self._lines.append(f"{condition}{name} {operands};\n")


_Gates = Sequence[tuple[str, tuple[int, ...]]]
"""Names of gates, and for each the positions of its qubits."""


@lru_cache(_CACHE_SIZE)
def _gates(operation: str) -> _Gates | None:
    """Return a gate as named Clifford gates, or ``None``."""
    num_qubits = GATES[operation.partition("(")[0]].num_qubits
    if operation in CLIFFORD_GATES:
        return ((operation, tuple(range(num_qubits))),)
    if num_qubits == 1:
        number = _one_qubit(operation)
        return tuple((name, (0,)) for name in _one_qubit_cliffords()[number]) if type(number) is int else None
    return _two_qubit_gates(operation) if num_qubits == 2 else None


# --- one-qubit gates --------------------------------------------------------------------------------------

_IDENTITY = 0


@cache
def _one_qubit_cliffords() -> tuple[tuple[str, ...], ...]:
    """Return the 24 one-qubit Clifford gates as short sequences of named gates. The first is the identity."""
    found: list[tuple[str, ...]] = []
    matrices: list[Matrix] = []
    for length in range(3):
        for sequence in product(("x", "y", "z", "h", "s", "sdg", "sx", "sxdg"), repeat=length):
            matrix = _sequence_matrix(sequence)
            if not any(_equal_up_to_phase(matrix, other) for other in matrices):
                found.append(sequence)
                matrices.append(matrix)
    return tuple(found)


@cache
def _clifford_matrices() -> tuple[Matrix, ...]:
    return tuple(_sequence_matrix(names) for names in _one_qubit_cliffords())


@cache
def _products() -> tuple[tuple[int, ...], ...]:
    """Return the multiplication table of the one-qubit Clifford gates."""
    matrices = _clifford_matrices()
    return tuple(
        tuple(number for right in matrices if (number := _clifford_number(left @ right)) is not None)
        for left in matrices
    )


def _clifford_number(matrix: Matrix) -> int | None:
    """Return the number of the Clifford gate that a one-qubit matrix equals up to its phase, or ``None``."""
    matches = (
        number for number, found in enumerate(_clifford_matrices()) if _equal_up_to_phase(matrix, found)
    )
    return next(matches, None)


def _measured_alike(matrix: Matrix) -> int | None:
    """Return a Clifford gate that differs from a one-qubit matrix by a diagonal factor only, or ``None``."""
    for number, clifford in enumerate(_clifford_matrices()):
        factor = matrix @ clifford.conj().T
        if max(abs(factor[0, 1]), abs(factor[1, 0])) <= TOLERANCE:
            return number
    return None


@lru_cache(_CACHE_SIZE)
def _one_qubit(operation: str) -> int | Matrix:
    """Return the number of a one-qubit gate if it is a Clifford gate, otherwise its matrix."""
    matrix = gate_matrix(operation)
    number = _clifford_number(matrix)
    return matrix if number is None else number


def _matrix(factor: int | Matrix) -> Matrix:
    return _clifford_matrices()[factor] if isinstance(factor, int) else factor


def _sequence_matrix(names: Sequence[str]) -> Matrix:
    matrix: Matrix = np.eye(2, dtype=np.complex128)
    for name in names:
        matrix = gate_matrix(name) @ matrix
    return matrix


def _equal_up_to_phase(first: Matrix, second: Matrix) -> bool:
    # The phase is the quotient of the elements where the second matrix is largest.
    index = np.unravel_index(int(np.argmax(np.abs(second))), second.shape)
    phase = first[index] / second[index]
    return bool(abs(abs(phase) - 1) <= TOLERANCE and np.abs(first - phase * second).max() <= TOLERANCE)


# --- two-qubit gates --------------------------------------------------------------------------------------

_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
# The two-qubit Pauli operators; number 4 * k + l has Pauli operator l on the first qubit.
_BASIS = np.array([np.kron(second, first) for second, first in product(_PAULIS, repeat=2)])
_SWAP = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])

# The numbers of the Pauli operators that act on one qubit only.
_ON_QUBIT = ((1, 2, 3), (4, 8, 12))

# Signs for the columns of a rotation. Each is a multiplication by a Pauli operator.
_SIGNS = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])

# A first test, which the test with TOLERANCE follows.
_NEARLY_ZERO = 1e-9


@lru_cache(_CACHE_SIZE)
def _two_qubit_gates(operation: str) -> _Gates | None:
    """Return a two-qubit gate as named Clifford gates, or ``None``."""
    if operation in CLIFFORD_GATES:
        return ((operation, (0, 1)),)
    return _gates_of_map(_pauli_map(gate_matrix(operation)))


def _factor(matrix: Matrix) -> tuple[_Gates, tuple[Matrix, Matrix]] | None:
    """Factor a two-qubit matrix into a Clifford gate and one-qubit gates after it.

    Returns:
        The Clifford gate and the gate on each qubit, or ``None`` if there are no such factors.
    """
    # The Clifford gate maps Pauli operators to Pauli operators, of which three act on the first qubit only.
    # The one-qubit gate then rotates these three. So they show how it rotates.
    pauli_map = _pauli_map(matrix)
    found = [_rotation(pauli_map, rows) for rows in _ON_QUBIT]
    first, second = found
    if first is None or second is None:
        return None
    clifford = np.kron(second, first).conj().T @ matrix
    gates = _gates_of_map(_pauli_map(clifford))
    return None if gates is None else (gates, (first, second))


def _rotation(pauli_map: Floats, rows: Sequence[int]) -> Matrix | None:
    """Return a one-qubit matrix that rotates Pauli operators as a map does.

    A Clifford gate before it may be missing.
    """
    others = [row for row in range(16) if row not in rows]
    columns = np.flatnonzero(np.abs(pauli_map[others]).max(axis=0) < _NEARLY_ZERO)
    if len(columns) != 3:
        return None
    rotation = pauli_map[list(rows)][:, columns]
    if np.linalg.det(rotation) < 0:
        rotation = -rotation
    # The sum of U P U^-1 P over the Pauli operators P, the identity included, is 2 tr(U^-1) U. One of the
    # choices of signs has a large trace.
    rotation = max((rotation * signs for signs in _SIGNS), key=np.trace)
    images = np.einsum("rc,rij->cij", rotation, _PAULIS[1:])
    total = np.eye(2) + np.einsum("cij,cjk->ik", images, _PAULIS[1:])
    return np.asarray(total / np.sqrt(abs(np.linalg.det(total))), dtype=np.complex128)


def _pauli_map(matrix: Matrix) -> Floats:
    """Return how a two-qubit matrix U maps Pauli operators: column P has the coefficients of U P U^-1."""
    images = matrix @ _BASIS @ matrix.conj().T
    coefficients = _BASIS.reshape(16, 16).conj() @ images.reshape(16, 16).T
    return np.asarray(coefficients.real / 4, dtype=np.float64)


def _gates_of_map(pauli_map: Floats) -> _Gates | None:
    """Return the gates of a Clifford gate, or ``None`` if the map is not that of a Clifford gate."""
    rounded = np.rint(pauli_map)
    if np.abs(pauli_map - rounded).max() > TOLERANCE or np.abs(rounded).sum() != 16:
        return None
    return _synthesize(rounded.astype(np.int8).tobytes())


@lru_cache(_CACHE_SIZE)
def _synthesize(rounded: bytes) -> _Gates:
    """Return gates for a map between Pauli operators, whose coefficients are -1, 0 or 1."""
    pauli_map = np.frombuffer(rounded, dtype=np.int8).reshape(16, 16)
    # Rows of a tableau: the images of X and Z on each qubit, as X bits, Z bits and a sign.
    table = np.zeros((4, 5), dtype=bool)
    for row, column in enumerate((1, 4, 3, 12)):
        image = int(np.flatnonzero(pauli_map[:, column])[0])
        for qubit, letter in enumerate((image % 4, image // 4)):
            table[row, qubit] = letter in (1, 2)
            table[row, 2 + qubit] = letter in (2, 3)
        table[row, 4] = pauli_map[image, column] < 0
    circuit = Clifford(table).to_circuit()
    return tuple(
        (item.operation.name, tuple(circuit.find_bit(qubit).index for qubit in item.qubits))
        for item in circuit.data
    )
