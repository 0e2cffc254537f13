"""Random PUBs through the sampler, against the distributions that Qiskit computes.

The joint distribution of all registers has to be the exact one, by the two tests of the ``conftest.py`` of
this directory's parent. Their significance is 1e-9 for each element of a PUB: by Bonferroni's correction 1e-6
for a thousand of them, or 1e-4 in the worst case.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit
from qiskit.primitives import DataBin
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit.quantum_info import Statevector

from qiskit_qoro import QoroBackend, QoroPrimitiveJob, QoroSampler

Maker = Any  # that of conftest.py
Check = Callable[[Mapping[str, int], QuantumCircuit, int], None]
CheckDrawn = Callable[[Mapping[str, int], Mapping[str, float], int, str], None]

BATCH = 4

# Qiskit computes the matrix of an evolution so.
pytestmark = pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")


def measured_circuit(maker: Maker) -> QuantumCircuit:
    """A circuit of up to 8 qubits that is measured at its end."""
    circuit = maker.circuit(maker.upto(8), maker.upto(12) - 1)
    add_registers(maker, circuit, maker.upto(9))
    for _ in range(maker.upto(6)):
        circuit.measure(maker.pick(circuit.qubits), maker.pick(circuit.clbits))
    if maker.chance(0.3):
        circuit.measure_all()
    return circuit


def dynamic_circuit(maker: Maker) -> QuantumCircuit:
    """A circuit of up to 3 qubits that goes on after its measurements, as they say."""
    circuit = maker.circuit(maker.upto(3), 2)
    circuit.h(circuit.qubits)
    add_registers(maker, circuit, maker.upto(4))
    for _ in range(maker.upto(3)):
        circuit.measure(maker.pick(circuit.qubits), maker.pick(circuit.clbits))
        register = maker.pick([item for item in circuit.cregs if len(item)])
        number = maker.upto(2 ** len(register)) - 1
        with circuit.if_test(maker.pick([(maker.pick(circuit.clbits), 1), (register, number)])) as otherwise:
            maker.append_gate(circuit, circuit.qubits)
            if maker.chance(0.3):
                circuit.reset(maker.pick(circuit.qubits))
        if maker.chance(0.5):
            with otherwise:
                maker.append_gate(circuit, circuit.qubits)
                circuit.measure(maker.pick(circuit.qubits), maker.pick(circuit.clbits))
    circuit.measure(maker.pick(circuit.qubits), maker.pick(circuit.clbits))
    return circuit


def add_registers(maker: Maker, circuit: QuantumCircuit, count: int) -> None:
    """Registers that share bits, in any order, one of them empty, and bits in none."""
    bits = [Clbit() for _ in range(count)]
    circuit.add_bits(bits)
    circuit.add_register(ClassicalRegister(bits=maker.some(bits, maker.upto(count)), name="größe 1"))
    if maker.chance(0.6):
        circuit.add_register(ClassicalRegister(bits=maker.some(bits, maker.upto(count)), name="c-1"))
    if maker.chance(0.4):
        circuit.add_register(ClassicalRegister(maker.upto(3) - 1, "if"))


def writes_once(circuit: QuantumCircuit) -> bool:
    """Whether no bit is measured into twice: Qiskit 2.0 may change the order of such measurements."""
    written = [item.clbits[0] for item in circuit.data if item.name == "measure"]
    return len(set(written)) == len(written)


def complete_copy(circuit: QuantumCircuit) -> QuantumCircuit:
    """Qiskit binds the gates inside of control flow in place, also those of a copy."""
    return pickle.loads(pickle.dumps(circuit))


def final_distribution(circuit: QuantumCircuit) -> dict[str, float]:
    """The probability of each joint outcome, for a circuit whose measurements are its end."""
    measurements = [item for item in circuit.data if item.name == "measure"]
    source = {item.clbits[0]: circuit.find_bit(item.qubits[0]).index for item in measurements}
    bare = QuantumCircuit(circuit.qubits)
    bare.data = [item for item in circuit.data if item.name != "measure"]
    result: Counter[str] = Counter()
    for number, probability in enumerate(Statevector(bare).probabilities()):
        if probability > 1e-14:
            pieces = [
                "".join(str(number >> source[bit] & 1 if bit in source else 0) for bit in reversed(register))
                for register in reversed(circuit.cregs)
            ]
            result[" ".join(pieces)] += float(probability)
    return dict(result)


def joint_counts(data: DataBin, place: tuple[int, ...]) -> Counter[str]:
    """All registers of each shot together, the first one rightmost."""
    columns = [
        bits.get_bitstrings(place or None) if bits.num_bits else [""] * bits.num_shots
        for bits in reversed(list(data.values()))
    ]
    return Counter(" ".join(shot) for shot in zip(*columns, strict=True))


def test_samples_have_the_joint_distribution_that_qiskit_says(
    backend: QoroBackend,
    make: Callable[[int], Any],
    assert_sampled_from: Check,
    assert_drawn_from: CheckDrawn,
    assert_same_elsewhere: Callable[[QoroPrimitiveJob], None],
    batch: int,
) -> None:
    for seed in range(20_000 + batch * BATCH, 20_000 + (batch + 1) * BATCH):
        with make(seed) as maker:
            wanted, pubs = [], []
            for _ in range(maker.upto(3)):
                is_dynamic = maker.chance(0.3)
                circuit = dynamic_circuit(maker) if is_dynamic else measured_circuit(maker)
                can_be_transpiled = not is_dynamic and writes_once(circuit)
                sent = maker.transpiled(circuit) if can_be_transpiled and maker.chance(0.6) else circuit
                values = maker.values(circuit, maker.shapes()[0])
                wanted.append((circuit, SamplerPub.coerce((circuit, values)), is_dynamic))
                pubs.append((sent, values, maker.pick([None, 100, 1000, 3000])))
            job = QoroSampler(backend, options=maker.options()).run(pubs, shots=2000)

            for (circuit, reference, is_dynamic), pub, result in zip(wanted, pubs, job.result(), strict=True):
                shots = pub[2] or 2000
                assert result.metadata == {"shots": shots, "circuit_metadata": pub[0].metadata}
                sizes = {register.name: len(register) for register in circuit.cregs}
                assert {name: bits.num_bits for name, bits in result.data.items()} == sizes
                assert list(result.data) == list(sizes)
                assert {bits.shape for bits in result.data.values()} == {reference.shape}
                for place in np.ndindex(reference.shape):
                    bound = reference.parameter_values.bind(complete_copy(circuit), place)
                    counts = joint_counts(result.data, place)
                    if is_dynamic:
                        assert_sampled_from(counts, bound, shots)
                    else:
                        assert_drawn_from(counts, final_distribution(bound), shots, "measured last")
            if seed % 3 == 0:
                assert_same_elsewhere(job)
