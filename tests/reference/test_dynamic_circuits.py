"""Typical dynamic circuits on the backend, compared with their exact distributions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Clbit, Parameter
from qiskit.circuit.classical import expr
from qiskit.primitives import BackendSamplerV2
from qiskit.transpiler import generate_preset_pass_manager

from qiskit_qoro import JobConfig, QoroBackend, QoroProvider

Check = Callable[[Mapping[str, int], QuantumCircuit, int], None]
SHOTS = 4000


def teleportation() -> QuantumCircuit:
    circuit = QuantumCircuit(
        QuantumRegister(3), *(ClassicalRegister(1, name) for name in ("sent_z", "sent_x", "received"))
    )
    circuit.u(0.7, 0.3, -1.1, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((circuit.cregs[1], 1)):
        circuit.x(2)
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.z(2)
    circuit.u(-0.7, 1.1, -0.3, 2)
    circuit.measure(2, 2)
    return circuit


def repetition_code() -> QuantumCircuit:
    """Return a repetition code with random errors and two rounds of syndrome measurement and correction."""
    circuit = QuantumCircuit(
        QuantumRegister(5), ClassicalRegister(2, "syndrome"), ClassicalRegister(3, "data")
    )
    for qubit, angle in enumerate((0.5, 0.9, 0.3)):
        circuit.rx(angle, qubit)
    with circuit.for_loop(range(2)):
        circuit.reset([3, 4])
        circuit.cx([0, 1, 1, 2], [3, 3, 4, 4])
        circuit.measure([3, 4], [0, 1])
        with circuit.switch(circuit.cregs[0]) as case:
            for value, qubit in ((1, 0), (3, 1), (2, 2)):
                with case(value):
                    circuit.x(qubit)
    circuit.measure(range(3), range(2, 5))
    return circuit


def repeat_until_success() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(1, "done"), ClassicalRegister(1, "out"))
    with circuit.for_loop(range(4)):
        circuit.reset(0)
        circuit.ry(1.2, 0)
        circuit.crx(0.8, 0, 1)
        circuit.measure(0, 0)
        with circuit.if_test((0, 1)):
            circuit.break_loop()
        circuit.x(1)
    circuit.measure(1, 1)
    return circuit


def its_own_condition() -> QuantumCircuit:
    """Return branches that measure into the register that they test, with operations after it."""
    circuit = QuantumCircuit(2, 2)
    circuit.ry(1.0, 0)
    circuit.ry(1.9, 1)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((circuit.cregs[0], 1)) as otherwise:
        circuit.h(0)
        circuit.measure(0, 1)
        circuit.ry(0.4, 1)
    with otherwise:
        circuit.h(1)
        circuit.measure(1, 0)
        circuit.ry(0.7, 1)
        circuit.reset(0)
    circuit.measure(1, 1)
    return circuit


def loose_and_shared_bits() -> QuantumCircuit:
    """Return conditions on bits that are not adjacent, in registers that share them in another order."""
    clbits = [Clbit() for _ in range(4)]
    circuit = QuantumCircuit(
        QuantumRegister(2),
        clbits,
        ClassicalRegister(bits=[clbits[3], clbits[0]], name="ends"),
        ClassicalRegister(bits=clbits, name="all"),
    )
    circuit.ry(0.8, 0)
    circuit.ry(2.1, 1)
    circuit.measure([0, 1], [0, 3])
    with circuit.if_test((circuit.cregs[0], 2)) as otherwise:
        circuit.x(0)
    with otherwise:
        circuit.h(0)
    circuit.measure([0, 1], [1, 2])
    return circuit


def wide() -> QuantumCircuit:
    """Return a comparison of a register of 40 bits, with an ``else`` branch."""
    circuit = QuantumCircuit(2, 40)
    circuit.ry(1.1, 0)
    circuit.measure(0, 30)
    with circuit.if_test((circuit.cregs[0], 2**30)) as otherwise:
        circuit.ry(0.6, 1)
        circuit.measure(1, 2)
    with otherwise:
        circuit.x(1)
        circuit.measure(1, 7)
    return circuit


def angles_and_logic() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 3)
    circuit.h(range(3))
    circuit.measure(range(2), range(2))
    first, second, _ = circuit.clbits
    with circuit.for_loop((1, 3, 4), Parameter("k")) as k:
        with circuit.if_test(expr.logic_and(first, expr.logic_not(second))):
            circuit.rx(0.3 * k, 2)
        with circuit.if_test(expr.less(circuit.cregs[0], 2)):
            circuit.initialize(np.sqrt([0.2, 0.8]), 2)
    circuit.measure(2, 2)
    return circuit


def compared_as_a_whole_and_by_bits() -> QuantumCircuit:
    """Return conditions on a wide register and on one of its bits, with jumps and branches that change both.

    With 12 bits, a condition on one bit is true for more values of the register than can be written.
    """
    circuit = QuantumCircuit(3, 12)
    circuit.ry(1, 0)
    circuit.measure(0, 10)
    circuit.h(1)
    circuit.measure(1, 3)
    with circuit.for_loop(range(2)):
        with circuit.if_test((circuit.cregs[0], 2**10 + 2**3)) as otherwise:
            circuit.ry(0.4, 2)
            circuit.measure(2, 3)
            with circuit.if_test((3, 1)) as left:
                circuit.x(0)
                circuit.break_loop()
            with left:
                circuit.reset(0)
            circuit.ry(0.3, 0)
        with otherwise:
            circuit.ry(0.8, 1)
            circuit.measure(1, 3)
            with circuit.switch(circuit.cregs[0]) as case:
                with case(0, 2**3):
                    circuit.h(0)
                    circuit.measure(0, 10)
                    circuit.continue_loop()
                with case(2**10):
                    circuit.ry(0.2, 2)
            circuit.ry(0.1, 2)
        circuit.h(1)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def wider_than_any_comparison() -> QuantumCircuit:
    """Return a condition on a register of 66 bits and on another register."""
    first, second = ClassicalRegister(66, "first"), ClassicalRegister(2, "second")
    circuit = QuantumCircuit(QuantumRegister(3), first, second)
    circuit.ry(1, 0)
    circuit.measure(0, first[65])
    circuit.h(1)
    circuit.measure(1, second[1])
    with circuit.if_test(expr.logic_and(expr.equal(first, 2**65), expr.equal(second, 2))) as otherwise:
        circuit.x(2)
    with otherwise:
        circuit.ry(0.4, 2)
    circuit.measure(2, first[0])
    return circuit


def chain() -> QuantumCircuit:
    """Return nested ``else`` branches that all change the bit they test."""
    circuit = QuantumCircuit(2, 1)
    with ExitStack() as stack:
        for step in range(14):
            circuit.ry(0.5 + step / 5, 0)
            circuit.measure(0, 0)
            with circuit.if_test((0, 1)) as otherwise:
                circuit.measure(1, 0)
                circuit.ry(0.3, 1)
            stack.enter_context(otherwise)
    circuit.measure(1, 0)
    return circuit


def cases() -> QuantumCircuit:
    """Return a switch whose cases change a bit of its target."""
    circuit = QuantumCircuit(3, 4)
    circuit.h([0, 1])
    circuit.measure([0, 1, 0, 1], [0, 1, 2, 3])
    with circuit.switch(circuit.cregs[0]) as case:
        for value in range(13):
            with case(value):
                circuit.h(0)
                circuit.measure(0, 0)
                circuit.ry(value / 4, 2)
        with case(case.DEFAULT):
            circuit.measure(0, 3)
            circuit.h(2)
    circuit.measure(2, 1)
    return circuit


CIRCUITS = [
    teleportation,
    repetition_code,
    repeat_until_success,
    its_own_condition,
    loose_and_shared_bits,
    wide,
    angles_and_logic,
    compared_as_a_whole_and_by_bits,
    wider_than_any_comparison,
    chain,
    cases,
]


@pytest.mark.parametrize("level", [None, 0, 1, 2, 3])
def test_dynamic_circuits_have_the_exact_distribution(
    backend: QoroBackend, assert_sampled_from: Check, level: int | None
) -> None:
    circuits = [build() for build in CIRCUITS]

    compiled = circuits if level is None else transpile(circuits, backend, optimization_level=level)
    result = backend.run(compiled, shots=SHOTS, seed_simulator=level).result()

    for index, circuit in enumerate(circuits):
        assert_sampled_from(result.get_counts(index), circuit, SHOTS)


def test_a_teleported_state_arrives(backend: QoroBackend) -> None:
    counts = backend.run(teleportation(), shots=200).result().get_counts()

    assert {key[0] for key in counts} == {"0"}
    assert len(counts) == 4


def test_qiskits_sampler_returns_the_registers_of_a_dynamic_circuit(
    backend: QoroBackend, assert_sampled_from: Check
) -> None:
    circuit = repetition_code()
    compiled = generate_preset_pass_manager(2, backend=backend).run(circuit)

    data = BackendSamplerV2(backend=backend).run([compiled], shots=SHOTS).result()[0].data

    pairs = zip(data.data.get_bitstrings(), data.syndrome.get_bitstrings(), strict=True)
    together = [f"{high} {low}" for high, low in pairs]
    assert_sampled_from({key: together.count(key) for key in set(together)}, circuit, SHOTS)


def test_the_client_accepts_a_dynamic_circuit_and_keeps_its_bits_in_order(provider: QoroProvider) -> None:
    circuit = QuantumCircuit(2, 3)
    circuit.x(0)
    circuit.measure(0, 2)
    with circuit.if_test(expr.logic_and(circuit.clbits[2], expr.logic_not(circuit.clbits[0]))):
        circuit.x(1)
    circuit.measure(1, 1)

    submitted = provider.service.submit_circuits({"dynamic": circuit}, override_job_config=JobConfig(shots=9))

    provider.service.poll_job_status(submitted, loop_until_complete=True, verbose=False)
    assert provider.service.get_job_results(submitted).results == {"dynamic": {"110": 9}}


def test_conditions_work_on_a_noisy_qpu(provider: QoroProvider) -> None:
    qpu = provider.get_backend("local_qpu")
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)) as otherwise:
        circuit.x(1)
        circuit.reset(0)
        circuit.measure(0, 0)
        circuit.x(0)
    with otherwise:
        circuit.reset(1)
    circuit.measure([0, 1], [0, 1])

    counts = qpu.run(transpile(circuit, qpu), shots=2000).result().get_counts()

    # Readout errors of a few percent, and the errors of six gates. The bound is 10 standard deviations away.
    assert counts["11"] > 1600
