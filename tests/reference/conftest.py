"""The exact outcome distribution of a circuit, and statistical tests of counts against it.

:func:`exact_distribution` simulates a circuit with density matrices and with Qiskit's matrices of the gates.
It keeps one state for each content of the classical bits: a measurement splits a state in two, and control
flow depends on the bits.

Counts are compared with the distribution in two ways, both with a negligible probability of a false alarm:

- The total variation distance. For *N* shots over *K* outcomes its expectation is at most ``sqrt(K / N) /
  2``. By McDiarmid's inequality it exceeds this by *d* with a probability of at most ``exp(-2 N d²)``, which
  is set to 1e-9.
- Pearson's chi-square test at a significance of 1e-9. Each outcome that is expected 50 times or more is a
  class of its own, and all others together are one class. So far in the tail, the distribution of the
  statistic is only approximately known; in the worst case the significance is 1e-7.

Outcomes with probability 0 must not occur at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log, sqrt
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Clbit, Gate
from qiskit.circuit.classical import expr
from qiskit.circuit.controlflow import CASE_DEFAULT
from qiskit.quantum_info import DensityMatrix, Operator
from scipy.special import chdtrc

FALSE_ALARM = 1e-9
MIN_EXPECTED_COUNT = 50

Distribution = dict[str, float]
Check = Callable[[Mapping[str, int], QuantumCircuit, int], None]
CheckDrawn = Callable[[Mapping[str, int], Distribution, int, str], None]


@dataclass(frozen=True)
class Branch:
    """One content of the classical bits, with the state of the qubits in this case.

    Attributes:
        bits: The classical bits.
        state: The density matrix. Its trace is the probability of these bits.
        jump: The name of the jump that was reached, if the rest of the block is skipped.
    """

    bits: tuple[int, ...]
    state: np.ndarray
    jump: str = ""


def exact_distribution(circuit: QuantumCircuit) -> Distribution:
    """Return the probability of each key of ``get_counts``. Each classical bit has to be in a register."""
    start = Branch((0,) * circuit.num_clbits, DensityMatrix.from_int(0, 2**circuit.num_qubits).data)
    index_of = {bit: index for bits in (circuit.qubits, circuit.clbits) for index, bit in enumerate(bits)}
    result: defaultdict[str, float] = defaultdict(float)
    for branch in run_block(circuit, index_of, start):
        result[counts_key(circuit, branch.bits)] += probability(branch.state)
    return dict(result)


def run_block(block: QuantumCircuit, index_of: Mapping[Any, int], start: Branch) -> list[Branch]:
    """Run a block; ``index_of`` maps its bits to indices in the whole circuit.

    Branches with equal bits are merged, so that their number stays small.
    """
    branches = [start]
    for instruction in block.data:
        merged: dict[tuple[Any, ...], Branch] = {}
        for branch in branches:
            for end in [branch] if branch.jump else run_instruction(instruction, index_of, branch):
                key = (end.bits, end.jump)
                known = merged.get(key)
                merged[key] = end if known is None else replace(end, state=end.state + known.state)
        branches = list(merged.values())
    return branches


def run_instruction(instruction: Any, index_of: Mapping[Any, int], branch: Branch) -> list[Branch]:
    name, operation = instruction.name, instruction.operation
    qubits = [index_of[bit] for bit in instruction.qubits]
    if name in {"barrier", "delay"}:
        return [branch]
    if name in {"break_loop", "continue_loop"}:
        return [replace(branch, jump=name)]
    if name == "measure":
        clbit = index_of[instruction.clbits[0]]
        return [
            Branch((*branch.bits[:clbit], value, *branch.bits[clbit + 1 :]), state)
            for value, state in split_by_outcome(branch.state, qubits[0])
        ]
    if name == "reset":
        return [
            replace(branch, state=flip(state, qubits[0]) if value else state)
            for value, state in split_by_outcome(branch.state, qubits[0])
        ]
    if name in {"if_else", "switch_case", "for_loop", "box"}:
        outer = [*instruction.qubits, *instruction.clbits]

        def inside(block: QuantumCircuit, start: Branch) -> list[Branch]:
            inner = zip([*block.qubits, *block.clbits], outer, strict=True)
            return run_block(block, {bit: index_of[of] for bit, of in inner}, start)

        return list(run_control_flow(name, operation, index_of, branch, inside))
    if isinstance(operation, Gate):
        return [replace(branch, state=evolve(branch.state, Operator(operation).data, qubits))]
    return [replace(branch, state=DensityMatrix(branch.state).evolve(operation, qubits).data)]


def run_control_flow(
    name: str,
    operation: Any,
    index_of: Mapping[Any, int],
    branch: Branch,
    inside: Callable[..., list[Branch]],
) -> Iterator[Branch]:
    if name == "box":
        yield from inside(operation.blocks[0], branch)
    elif name == "if_else":
        condition = operation.condition
        if isinstance(condition, expr.Expr):
            chosen = evaluate(condition, index_of, branch.bits)
        else:
            chosen = evaluate(condition[0], index_of, branch.bits) == condition[1]
        blocks = [*operation.blocks, None]
        block = blocks[0] if chosen else blocks[1]
        yield from [branch] if block is None else inside(block, branch)
    elif name == "switch_case":
        value = evaluate(operation.target, index_of, branch.bits)
        for values, block in operation.cases_specifier():
            if any(one is CASE_DEFAULT or one == value for one in values):
                yield from inside(block, branch)
                return
        yield branch
    else:
        yield from run_loop(operation, branch, inside)


def run_loop(operation: Any, branch: Branch, inside: Callable[..., list[Branch]]) -> Iterator[Branch]:
    values, parameter, body = operation.params
    running = [branch]
    for value in values:
        block = body if parameter is None else body.assign_parameters({parameter: value}, strict=False)
        ends = [end for one in running for end in inside(block, one)]
        yield from (replace(end, jump="") for end in ends if end.jump == "break_loop")
        running = [replace(end, jump="") for end in ends if end.jump != "break_loop"]
    yield from running


def evaluate(node: Any, index_of: Mapping[Any, int], bits: Sequence[int]) -> int:
    """Return the value of a bit, a register or an expression."""
    if isinstance(node, Clbit):
        return bits[index_of[node]]
    if isinstance(node, ClassicalRegister):
        return sum(bits[index_of[bit]] << place for place, bit in enumerate(node))
    if isinstance(node, expr.Var):
        return evaluate(node.var, index_of, bits)
    if isinstance(node, expr.Value):
        return int(node.value)
    if isinstance(node, expr.Index):
        return evaluate(node.target, index_of, bits) >> evaluate(node.index, index_of, bits) & 1
    modulus = 2 ** getattr(node.type, "width", 1)
    if isinstance(node, expr.Cast):
        operand = evaluate(node.operand, index_of, bits)
        return operand % modulus if hasattr(node.type, "width") else int(operand != 0)
    if isinstance(node, expr.Unary):
        return (modulus - 1) ^ evaluate(node.operand, index_of, bits)
    left, right = evaluate(node.left, index_of, bits), evaluate(node.right, index_of, bits)
    python = {
        "BIT_AND": "&", "BIT_OR": "|", "BIT_XOR": "^", "LOGIC_AND": "&", "LOGIC_OR": "|", "EQUAL": "==",
        "NOT_EQUAL": "!=", "LESS": "<", "LESS_EQUAL": "<=", "GREATER": ">", "GREATER_EQUAL": ">=",
        "SHIFT_LEFT": "<<", "SHIFT_RIGHT": ">>", "ADD": "+", "SUB": "-", "MUL": "*",
    }  # fmt: skip
    return int(eval(f"{left} {python[node.op.name]} {right}")) % modulus


def evolve(state: np.ndarray, matrix: np.ndarray, qubits: list[int]) -> np.ndarray:
    """Apply a matrix to some qubits, as ``DensityMatrix.evolve`` does, but faster."""
    size, count = len(state).bit_length() - 1, len(qubits)
    rows = [size - 1 - qubit for qubit in reversed(qubits)]
    columns = [size + row for row in rows]
    before = list(range(2 * size))
    new = dict(zip(rows + columns, range(2 * size, 2 * size + 2 * count), strict=True))
    after = [new.get(axis, axis) for axis in before]
    factor = matrix.reshape((2,) * 2 * count)
    product = np.einsum(
        factor,
        [new[row] for row in rows] + rows,
        factor.conj(),
        [new[column] for column in columns] + columns,
        state.reshape((2,) * 2 * size),
        before,
        after,
    )
    return product.reshape(state.shape)


def flip(state: np.ndarray, qubit: int) -> np.ndarray:
    """Apply an X gate."""
    swapped = np.arange(len(state)) ^ 1 << qubit
    return state[np.ix_(swapped, swapped)]


def split_by_outcome(state: np.ndarray, qubit: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the possible outcomes of a measurement, each with the state after it."""
    ones = np.arange(len(state)) >> qubit & 1
    for value in (0, 1):
        kept = ones == value
        part = state * np.outer(kept, kept)
        if probability(part) > 1e-14:
            yield value, part


def probability(state: np.ndarray) -> float:
    return float(np.trace(state).real)


def counts_key(circuit: QuantumCircuit, bits: tuple[int, ...]) -> str:
    """Return classical bits as a key of ``get_counts``: first register and first bit rightmost."""
    return " ".join(
        "".join(str(bits[circuit.find_bit(bit).index]) for bit in reversed(register))
        for register in reversed(circuit.cregs)
    )


def _assert_sampled_from(counts: Mapping[str, int], circuit: QuantumCircuit, shots: int) -> None:
    _assert_drawn_from(counts, exact_distribution(circuit), shots, circuit.name)


def _assert_drawn_from(counts: Mapping[str, int], exact: Distribution, shots: int, name: str) -> None:
    assert sum(exact.values()) == pytest.approx(1), name
    assert sum(counts.values()) == shots, name
    assert set(counts) <= set(exact), name
    distance = sum(abs(counts.get(key, 0) / shots - p) for key, p in exact.items()) / 2
    assert distance <= sqrt(len(exact) / shots) / 2 + sqrt(log(1 / FALSE_ALARM) / (2 * shots)), name
    assert significance(counts, exact, shots) > FALSE_ALARM, name


def significance(counts: Mapping[str, int], exact: Distribution, shots: int) -> float:
    """Return the p-value of Pearson's chi-square test."""
    frequent = [key for key, p in exact.items() if p * shots >= MIN_EXPECTED_COUNT]
    pairs = [(counts.get(key, 0), exact[key] * shots) for key in frequent]
    rest = (shots - sum(found for found, _ in pairs), shots - sum(expected for _, expected in pairs))
    if rest[1] >= MIN_EXPECTED_COUNT:
        pairs.append(rest)
    statistic = sum((found - expected) ** 2 / expected for found, expected in pairs)
    return float(chdtrc(max(len(pairs) - 1, 1), statistic))


@pytest.fixture(scope="session", name="exact_distribution")
def _exact_distribution() -> Callable[[QuantumCircuit], Distribution]:
    """Return the probability of each key of ``get_counts``."""
    return exact_distribution


@pytest.fixture(scope="session")
def assert_sampled_from() -> Check:
    """Assert that counts are samples of a circuit, as far as statistics can tell."""
    return _assert_sampled_from


@pytest.fixture(scope="session")
def assert_drawn_from() -> CheckDrawn:
    """Assert that counts are samples of a distribution, as far as statistics can tell."""
    return _assert_drawn_from


@pytest.fixture(scope="session")
def is_long_run(request: pytest.FixtureRequest) -> bool:
    """Whether more random cases were requested with ``--cases``. Tests of fixed size are then larger too."""
    return int(request.config.getoption("--cases")) > 1
