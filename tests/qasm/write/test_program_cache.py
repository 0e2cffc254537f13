"""The cache of programs gives the same programs as the writer."""

from __future__ import annotations

import copy
import math
import pickle
import random
from collections.abc import Callable

import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import RZZGate
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Operator

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm import write_program, write_template
from qiskit_qoro.qasm.write.program_cache import ProgramCache
from qiskit_qoro.qasm.write.structure import structure_of
from qiskit_qoro.qasm.write.style import IDEAL, WHOLE_CIRCUIT

NUMBERS = (0.0, -0.0, 1e-17, -1e300, math.pi)


def _with_other_numbers(circuit: QuantumCircuit, rng: random.Random) -> QuantumCircuit:
    changed = circuit.copy_empty_like()
    for item in circuit.data:
        if item.is_standard_gate() and item.params:
            numbers = [rng.choice((rng.uniform(-7, 7), *NUMBERS)) for _ in item.params]
            changed.append(item.replace(params=numbers))
        else:
            changed.append(item)
    return changed


def test_random_circuits_of_equal_structure_have_the_programs_that_the_writer_writes() -> None:
    cache, rng = ProgramCache(), random.Random(7)
    for seed in range(60):
        first = random_circuit(4, 4, measure=seed % 2 == 0, reset=seed % 3 == 0, seed=seed)
        style = IDEAL if seed % 2 else WHOLE_CIRCUIT
        for circuit in (first, *(_with_other_numbers(first, rng) for _ in range(4))):
            assert cache.write_program(circuit, style=style) == write_program(circuit, style=style)


def _has_accessed_operations(circuit: QuantumCircuit) -> QuantumCircuit:
    assert all(item.operation.name == item.name for item in circuit.data)
    return circuit


def _from_text(circuit: QuantumCircuit) -> QuantumCircuit:
    return qasm2.loads(write_program(circuit).text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)


@pytest.mark.parametrize("prepare", [_has_accessed_operations, _from_text])
def test_the_numbers_of_gates_that_are_objects_of_python_are_filled_in_too(
    prepare: Callable[[QuantumCircuit], QuantumCircuit],
) -> None:
    cache = ProgramCache()
    for angle in (0.1, 0.2, 0.3, 0.4):
        circuit = QuantumCircuit(2)
        circuit.rx(angle, 0)
        circuit.u(angle, -angle, 0.5, 1)
        circuit.crz(3 * angle, 0, 1)
        circuit.measure_all()
        program = cache.write_program(prepare(circuit))
        assert program == write_program(circuit)
        assert str(3 * angle) in program.text


def test_the_numbers_of_gates_without_a_name_are_filled_in_too() -> None:
    cache = ProgramCache()
    for angle in (0.1, 0.2, 0.3):
        circuit = QuantumCircuit(3)
        circuit.rzz(angle, 0, 1)
        circuit.rxx(-angle, 1, 2)
        circuit.r(angle, 2 * angle, 0)  # computes with its angles
        assert cache.write_program(circuit) == write_program(circuit)


def _change_a_qubit(circuit: QuantumCircuit) -> None:
    circuit.data[1] = circuit.data[1].replace(qubits=circuit.qubits[1:])


def _change_a_gate(circuit: QuantumCircuit) -> None:
    other = QuantumCircuit(1)
    other.ry(0.25, 0)
    circuit.data[0] = circuit.data[0].replace(operation=other.data[0].operation)


def _change_a_clbit(circuit: QuantumCircuit) -> None:
    circuit.data[-1] = circuit.data[-1].replace(clbits=circuit.clbits[:1])


CHANGES: dict[str, Callable[[QuantumCircuit], object]] = {
    "append": lambda circuit: circuit.h(1),
    "remove": lambda circuit: circuit.data.pop(),
    "add bits": lambda circuit: circuit.add_bits(QuantumCircuit(1, 1).qubits),
    "barrier": lambda circuit: circuit.barrier(),
    "reverse": lambda circuit: circuit.data.reverse(),
    "qubit": _change_a_qubit,
    "gate": _change_a_gate,
    "clbit": _change_a_clbit,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_circuit_that_was_changed_in_place_is_written_anew(
    change: Callable[[QuantumCircuit], object],
) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.rx(0.25, 0)
    circuit.h(0)
    circuit.measure(1, 1)
    cache = ProgramCache()
    before = [cache.write_program(circuit) for _ in range(3)][-1]
    template = cache.write_template(circuit)
    change(circuit)
    assert cache.write_program(circuit) == write_program(circuit)
    assert cache.write_template(circuit) == write_template(circuit)
    assert cache.write_program(circuit) != before
    assert cache.write_template(circuit) != template


def test_a_gate_of_a_user_that_changes_in_place_is_written_anew() -> None:
    gate = Gate("mine", 1, [])
    gate.definition = QuantumCircuit(1)
    gate.definition.rx(0.5, 0)
    circuit = QuantumCircuit(1)
    circuit.append(gate, [0])
    cache = ProgramCache()
    assert structure_of(circuit) is None
    before = [cache.write_program(circuit) for _ in range(3)][-1]
    circuit.data[0].operation.definition.h(0)
    assert cache.write_program(circuit) == write_program(circuit) != before


def test_templates_that_differ_in_the_last_bits_of_a_number_or_in_their_style_are_different() -> None:
    cache, theta = ProgramCache(), Parameter("θ")
    for factor in (2.0, 2.0000000000000004):
        for angle in NUMBERS:
            for style in (IDEAL, WHOLE_CIRCUIT):
                circuit = QuantumCircuit(2)
                circuit.rx(factor * theta, 0)
                circuit.ry(angle, 0)
                cached = cache.write_template(circuit, style=style)
                written = write_template(circuit, style=style)
                assert cached == written
                assert list(map(str, cached.expressions)) == list(map(str, written.expressions))


@pytest.mark.parametrize("angle", [math.nan, math.inf])
def test_invalid_numbers_have_the_error_of_the_writer(angle: float) -> None:
    cache = ProgramCache()
    for number in (0.5, 0.25, 0.125):
        circuit = QuantumCircuit(1)
        circuit.rx(number, 0)
        cache.write_program(circuit)
    circuit = QuantumCircuit(1)
    circuit.rx(angle, 0)
    with pytest.raises(QoroInputError, match=r"instruction 0 \(rx\): its angle is (nan|inf)"):
        cache.write_program(circuit)


def test_copies_and_pickles_of_a_cache_write_the_same() -> None:
    cache = ProgramCache()
    circuit = QuantumCircuit(1)
    circuit.rx(0.5, 0)
    expected = [cache.write_program(circuit) for _ in range(3)][-1]
    for other in (copy.deepcopy(cache), pickle.loads(pickle.dumps(cache))):
        assert [other.write_program(circuit) for _ in range(3)] == [expected] * 3


def test_numbers_that_were_changed_in_an_operation_are_ignored_as_qiskit_does() -> None:
    cache = ProgramCache()
    for angle in (0.1, 0.2, 0.3):
        circuit, same = QuantumCircuit(2), QuantumCircuit(2)
        circuit.append(RZZGate(angle), [0, 1])  # the circuit keeps this object
        circuit.rzz(angle, 1, 0)
        circuit.data[0].operation.params[0] = 9.0
        same.rzz(angle, 0, 1)
        same.rzz(angle, 1, 0)
        assert Operator(circuit) == Operator(same)
        expected = write_program(same)
        assert write_program(circuit) == cache.write_program(circuit) == expected


def test_the_parameter_of_a_global_phase_may_have_any_name() -> None:
    cache = ProgramCache()
    for angle in (0.1, 0.2, 0.3):
        circuit = QuantumCircuit(1, global_phase=Parameter("number0"))
        circuit.rx(angle, 0)
        assert cache.write_program(circuit) == write_program(circuit)
