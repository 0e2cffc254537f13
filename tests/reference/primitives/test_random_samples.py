"""Random PUBs on the sampler, compared with the exact distributions of their circuits.

The joint distribution of all registers is compared by the two tests of ``tests/reference/conftest.py``. Their
significance is 1e-9 for each element of a PUB. For a thousand elements it is 1e-6 by Bonferroni's correction,
or 1e-4 in the worst case.
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

Maker = Any  # the class in conftest.py
Check = Callable[[Mapping[str, int], QuantumCircuit, int], None]
CheckDrawn = Callable[[Mapping[str, int], Mapping[str, float], int, str], None]

BATCH = 5

# Qiskit's computation of the matrix of an evolution warns.
pytestmark = pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")


def measured_circuit(maker: Maker) -> QuantumCircuit:
    """Return a circuit of up to 8 qubits with final measurements."""
    circuit = maker.circuit(maker.up_to(8), maker.up_to(12) - 1)
    add_registers(maker, circuit, maker.up_to(9))
    for _ in range(maker.up_to(6)):
        circuit.measure(maker.pick(circuit.qubits), maker.pick(circuit.clbits))
    if maker.chance(0.3):
        circuit.measure_all()
    return circuit


def dynamic_circuit(maker: Maker) -> QuantumCircuit:
    """Return a circuit of up to 3 qubits with operations that depend on measurements."""
    circuit = maker.circuit(maker.up_to(3), 2)
    circuit.h(circuit.qubits)
    add_registers(maker, circuit, maker.up_to(4))
    for _ in range(maker.up_to(3)):
        circuit.measure(maker.pick(circuit.qubits), maker.pick(circuit.clbits))
        register = maker.pick([item for item in circuit.cregs if len(item)])
        number = maker.up_to(2 ** len(register)) - 1
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
    """Add registers that share bits in any order, possibly an empty register, and bits without a register."""
    bits = [Clbit() for _ in range(count)]
    circuit.add_bits(bits)
    circuit.add_register(ClassicalRegister(bits=maker.some(bits, maker.up_to(count)), name="größe 1"))
    if maker.chance(0.6):
        circuit.add_register(ClassicalRegister(bits=maker.some(bits, maker.up_to(count)), name="c-1"))
    if maker.chance(0.4):
        circuit.add_register(ClassicalRegister(maker.up_to(3) - 1, "if"))


def writes_once(circuit: QuantumCircuit) -> bool:
    """Whether no bit is written twice. Qiskit 2.0 may change the order of such measurements."""
    written = [item.clbits[0] for item in circuit.data if item.name == "measure"]
    return len(set(written)) == len(written)


def complete_copy(circuit: QuantumCircuit) -> QuantumCircuit:
    """Copy a circuit and all of its operations. Qiskit binds operations inside control flow in place."""
    return pickle.loads(pickle.dumps(circuit))


def final_distribution(circuit: QuantumCircuit) -> dict[str, float]:
    """Return the probability of each joint outcome of a circuit with final measurements."""
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


def joint_counts(data: DataBin, index: tuple[int, ...]) -> Counter[str]:
    """Count the shots by the content of all registers together, with the first register rightmost."""
    columns = [
        bits.get_bitstrings(index or None) if bits.num_bits else [""] * bits.num_shots
        for bits in reversed(list(data.values()))
    ]
    return Counter(" ".join(shot) for shot in zip(*columns, strict=True))


def test_samples_have_the_exact_joint_distribution(
    backend: QoroBackend,
    make: Callable[[int], Any],
    assert_sampled_from: Check,
    assert_drawn_from: CheckDrawn,
    assert_same_elsewhere: Callable[[QoroPrimitiveJob], None],
    batch: int,
) -> None:
    for seed in range(20_000 + batch * BATCH, 20_000 + (batch + 1) * BATCH):
        with make(seed) as maker:
            references, pubs = [], []
            for _ in range(maker.up_to(3)):
                is_dynamic = maker.chance(0.3)
                circuit = dynamic_circuit(maker) if is_dynamic else measured_circuit(maker)
                can_be_transpiled = not is_dynamic and writes_once(circuit)
                sent = maker.transpiled(circuit) if can_be_transpiled and maker.chance(0.6) else circuit
                values = maker.values(circuit, maker.shapes()[0])
                references.append((circuit, SamplerPub.coerce((circuit, values)), is_dynamic))
                pubs.append((sent, values, maker.pick([None, 100, 1000, 3000])))
            job = QoroSampler(backend, options=maker.options()).run(pubs, shots=2000)

            for (circuit, reference, is_dynamic), pub, result in zip(
                references, pubs, job.result(), strict=True
            ):
                shots = pub[2] or 2000
                expected = {"shots": shots, "circuit_metadata": pub[0].metadata}
                assert expected.items() <= result.metadata.items()
                sizes = {register.name: len(register) for register in circuit.cregs}
                assert {name: bits.num_bits for name, bits in result.data.items()} == sizes
                assert list(result.data) == list(sizes)
                assert {bits.shape for bits in result.data.values()} == {reference.shape}
                for index in np.ndindex(reference.shape):
                    bound = reference.parameter_values.bind(complete_copy(circuit), index)
                    counts = joint_counts(result.data, index)
                    if is_dynamic:
                        assert_sampled_from(counts, bound, shots)
                    else:
                        assert_drawn_from(counts, final_distribution(bound), shots, f"seed {seed}")
            if seed % 3 == 0:
                assert_same_elsewhere(job)
