"""What Qiskit says that a circuit does, and how far counts may be from it.

:func:`exact_distribution` follows every branch of a circuit with Qiskit's ``Statevector``. Sampled counts are
held to it by their total variation distance, with a bound that no false alarm in a lifetime passes: for
*N* shots over *K* outcomes the expected distance is at most ``sqrt(K / N) / 2``, and by McDiarmid's
inequality it exceeds that by *d* with a probability of at most ``exp(-2 N d²)``, which is set to 1e-9.
Outcomes that cannot occur may not occur at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from math import log, sqrt

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator, Statevector

FALSE_ALARM = 1e-9
PROJECTORS = (Operator(np.diag([1, 0])), Operator(np.diag([0, 1])))

Distribution = dict[str, float]
Check = Callable[[Mapping[str, int], QuantumCircuit, int], None]


def exact_distribution(circuit: QuantumCircuit) -> Distribution:
    """The probability of each key of ``get_counts``, for a circuit all of whose bits are in registers."""
    branches = [((0,) * circuit.num_clbits, Statevector.from_int(0, 2**circuit.num_qubits))]
    for instruction in circuit.data:
        qubits = [circuit.find_bit(bit).index for bit in instruction.qubits]
        clbits = [circuit.find_bit(bit).index for bit in instruction.clbits]
        if instruction.name in {"barrier", "delay"}:
            continue
        if instruction.name not in {"measure", "reset"}:
            branches = [(bits, state.evolve(instruction.operation, qubits)) for bits, state in branches]
            continue
        split = []
        for bits, state in branches:
            for value, projector in enumerate(PROJECTORS):
                part = state.evolve(projector, qubits)
                if abs(part.inner(part)) < 1e-14:
                    continue
                if instruction.name == "measure":
                    split.append((tuple(value if k in clbits else bit for k, bit in enumerate(bits)), part))
                else:
                    split.append((bits, part.evolve(Operator.from_label("X"), qubits) if value else part))
        branches = split
    result: defaultdict[str, float] = defaultdict(float)
    for bits, state in branches:
        result[key_of(circuit, bits)] += abs(state.inner(state))
    return dict(result)


def key_of(circuit: QuantumCircuit, bits: tuple[int, ...]) -> str:
    """All classical bits as Qiskit writes them: the first register and its first bit rightmost."""
    return " ".join(
        "".join(str(bits[circuit.find_bit(bit).index]) for bit in reversed(register))
        for register in reversed(circuit.cregs)
    )


def _check(counts: Mapping[str, int], circuit: QuantumCircuit, shots: int) -> None:
    exact = exact_distribution(circuit)
    assert sum(exact.values()) == pytest.approx(1)
    assert sum(counts.values()) == shots
    assert set(counts) <= set(exact)
    distance = sum(abs(counts.get(key, 0) / shots - p) for key, p in exact.items()) / 2
    assert distance <= sqrt(len(exact) / shots) / 2 + sqrt(log(1 / FALSE_ALARM) / (2 * shots))


@pytest.fixture(scope="session")
def assert_sampled_from() -> Check:
    """Asserts that counts are those of a circuit, as far as their number can tell."""
    return _check
