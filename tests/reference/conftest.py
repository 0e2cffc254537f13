"""What Qiskit says that a circuit does, and how far counts may be from it.

:func:`exact_distribution` follows a circuit with Qiskit's ``DensityMatrix``, one for each content of the
classical bits: measurements go both ways, and control flow as the bits say. Sampled counts are
held to it in two ways, each with a bound that no false alarm in a lifetime passes:

- by their total variation distance: for *N* shots over *K* outcomes its expectation is at most
  ``sqrt(K / N) / 2``, and by McDiarmid's inequality it exceeds that by *d* with a probability of at most
  ``exp(-2 N d²)``, which is set to 1e-9;
- by Pearson's chi-square at a significance of 1e-9, over the outcomes that are expected 50 times or more, and
  all others together. So far out the statistic's distribution is not exact: it is 1e-7 in the worst case.

Outcomes that cannot occur may not occur at all.
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
from qiskit.circuit import ClassicalRegister, Clbit
from qiskit.circuit.classical import expr
from qiskit.circuit.controlflow import CASE_DEFAULT
from qiskit.quantum_info import DensityMatrix, Operator
from scipy.stats import chi2

FALSE_ALARM = 1e-9
OFTEN = 50
PROJECTORS = (Operator(np.diag([1, 0])), Operator(np.diag([0, 1])))
FLIP = Operator.from_label("X")

Distribution = dict[str, float]
Check = Callable[[Mapping[str, int], QuantumCircuit, int], None]
CheckDrawn = Callable[[Mapping[str, int], Distribution, int, str], None]


@dataclass(frozen=True)
class Branch:
    """What the classical bits hold, and the state if they do; its trace is how likely that is."""

    bits: tuple[int, ...]
    state: DensityMatrix
    jump: str = ""


def exact_distribution(circuit: QuantumCircuit) -> Distribution:
    """The probability of each key of ``get_counts``, for a circuit all of whose bits are in registers."""
    start = Branch((0,) * circuit.num_clbits, DensityMatrix.from_int(0, 2**circuit.num_qubits))
    places = {bit: index for bits in (circuit.qubits, circuit.clbits) for index, bit in enumerate(bits)}
    result: defaultdict[str, float] = defaultdict(float)
    for branch in run_block(circuit, places, start):
        result[key_of(circuit, branch.bits)] += probability(branch.state)
    return dict(result)


def run_block(block: QuantumCircuit, places: Mapping[Any, int], start: Branch) -> list[Branch]:
    """The branches in which a block ends; ``places`` tells where its bits stand in the whole circuit."""
    branches = [start]
    for instruction in block.data:
        merged: dict[tuple[Any, ...], Branch] = {}
        for branch in branches:
            for end in [branch] if branch.jump else run_instruction(instruction, places, branch):
                key = (end.bits, end.jump)
                known = merged.get(key)
                merged[key] = end if known is None else replace(end, state=end.state + known.state)
        branches = list(merged.values())
    return branches


def run_instruction(instruction: Any, places: Mapping[Any, int], branch: Branch) -> list[Branch]:
    name, operation = instruction.name, instruction.operation
    qubits = [places[bit] for bit in instruction.qubits]
    if name in {"barrier", "delay"}:
        return [branch]
    if name in {"break_loop", "continue_loop"}:
        return [replace(branch, jump=name)]
    if name == "measure":
        clbit = places[instruction.clbits[0]]
        return [
            Branch((*branch.bits[:clbit], value, *branch.bits[clbit + 1 :]), state)
            for value, state in measured(branch.state, qubits)
        ]
    if name == "reset":
        return [
            replace(branch, state=state.evolve(FLIP, qubits) if value else state)
            for value, state in measured(branch.state, qubits)
        ]
    if name in {"if_else", "switch_case", "for_loop", "box"}:
        outer = [*instruction.qubits, *instruction.clbits]

        def inside(block: QuantumCircuit, start: Branch) -> list[Branch]:
            inner = zip([*block.qubits, *block.clbits], outer, strict=True)
            return run_block(block, {bit: places[of] for bit, of in inner}, start)

        return list(run_control_flow(name, operation, places, branch, inside))
    return [replace(branch, state=branch.state.evolve(operation, qubits))]


def run_control_flow(
    name: str, operation: Any, places: Mapping[Any, int], branch: Branch, inside: Callable[..., list[Branch]]
) -> Iterator[Branch]:
    if name == "box":
        yield from inside(operation.blocks[0], branch)
    elif name == "if_else":
        condition = operation.condition
        if isinstance(condition, expr.Expr):
            chosen = worth(condition, places, branch.bits)
        else:
            chosen = worth(condition[0], places, branch.bits) == condition[1]
        blocks = [*operation.blocks, None]
        block = blocks[0] if chosen else blocks[1]
        yield from [branch] if block is None else inside(block, branch)
    elif name == "switch_case":
        value = worth(operation.target, places, branch.bits)
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


def worth(node: Any, places: Mapping[Any, int], bits: Sequence[int]) -> int:
    """What a bit, a register or an expression holds."""
    if isinstance(node, Clbit):
        return bits[places[node]]
    if isinstance(node, ClassicalRegister):
        return sum(bits[places[bit]] << place for place, bit in enumerate(node))
    if isinstance(node, expr.Var):
        return worth(node.var, places, bits)
    if isinstance(node, expr.Value):
        return int(node.value)
    if isinstance(node, expr.Index):
        return worth(node.target, places, bits) >> worth(node.index, places, bits) & 1
    modulus = 2 ** getattr(node.type, "width", 1)
    if isinstance(node, expr.Cast):
        operand = worth(node.operand, places, bits)
        return operand % modulus if hasattr(node.type, "width") else int(operand != 0)
    if isinstance(node, expr.Unary):
        return (modulus - 1) ^ worth(node.operand, places, bits)
    left, right = worth(node.left, places, bits), worth(node.right, places, bits)
    python = {
        "BIT_AND": "&", "BIT_OR": "|", "BIT_XOR": "^", "LOGIC_AND": "&", "LOGIC_OR": "|", "EQUAL": "==",
        "NOT_EQUAL": "!=", "LESS": "<", "LESS_EQUAL": "<=", "GREATER": ">", "GREATER_EQUAL": ">=",
        "SHIFT_LEFT": "<<", "SHIFT_RIGHT": ">>", "ADD": "+", "SUB": "-", "MUL": "*",
    }  # fmt: skip
    return int(eval(f"{left} {python[node.op.name]} {right}")) % modulus


def measured(state: DensityMatrix, qubits: list[int]) -> Iterator[tuple[int, DensityMatrix]]:
    for value, projector in enumerate(PROJECTORS):
        part = state.evolve(projector, qubits)
        if probability(part) > 1e-14:
            yield value, part


def probability(state: DensityMatrix) -> float:
    return float(np.trace(state.data).real)


def key_of(circuit: QuantumCircuit, bits: tuple[int, ...]) -> str:
    """All classical bits as Qiskit writes them: the first register and its first bit rightmost."""
    return " ".join(
        "".join(str(bits[circuit.find_bit(bit).index]) for bit in reversed(register))
        for register in reversed(circuit.cregs)
    )


def _check(counts: Mapping[str, int], circuit: QuantumCircuit, shots: int) -> None:
    _check_drawn(counts, exact_distribution(circuit), shots, circuit.name)


def _check_drawn(counts: Mapping[str, int], exact: Distribution, shots: int, name: str) -> None:
    assert sum(exact.values()) == pytest.approx(1), name
    assert sum(counts.values()) == shots, name
    assert set(counts) <= set(exact), name
    distance = sum(abs(counts.get(key, 0) / shots - p) for key, p in exact.items()) / 2
    assert distance <= sqrt(len(exact) / shots) / 2 + sqrt(log(1 / FALSE_ALARM) / (2 * shots)), name
    assert significance(counts, exact, shots) > FALSE_ALARM, name


def significance(counts: Mapping[str, int], exact: Distribution, shots: int) -> float:
    """How likely counts are to fit this badly if they are of this distribution."""
    often = [key for key, p in exact.items() if p * shots >= OFTEN]
    pairs = [(counts.get(key, 0), exact[key] * shots) for key in often]
    rest = (shots - sum(found for found, _ in pairs), shots - sum(expected for _, expected in pairs))
    if rest[1] >= OFTEN:
        pairs.append(rest)
    statistic = sum((found - expected) ** 2 / expected for found, expected in pairs)
    return float(chi2.sf(statistic, max(len(pairs) - 1, 1)))


@pytest.fixture(scope="session")
def assert_sampled_from() -> Check:
    """Asserts that counts are those of a circuit, as far as their number can tell."""
    return _check


@pytest.fixture(scope="session")
def assert_drawn_from() -> CheckDrawn:
    """Asserts that counts are drawn from a distribution, as far as their number can tell."""
    return _check_drawn
