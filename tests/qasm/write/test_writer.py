"""The writer: what it writes and what it refuses.

``tests/reference`` compares programs of random circuits with the circuits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import maestro
import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Gate, Instruction, Parameter, Qubit
from qiskit.circuit.library import DiagonalGate, PauliGate, RXGate
from qiskit.quantum_info import Operator, random_unitary

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm import parse_program, write_program
from qiskit_qoro.qasm.write.style import IDEAL, ProgramStyle

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def test_the_text_is_flat_and_in_order() -> None:
    circuit = QuantumCircuit(3, 2)
    circuit.h(0)
    circuit.cu(0.5, 0, -0.25, 1, 2, 0)
    circuit.delay(100, 1)
    circuit.barrier(0, 2)
    circuit.reset(1)
    circuit.measure(2, 0)
    program = write_program(circuit)
    assert program.text == HEADER + (
        "qreg q[3];\ncreg c[2];\nh q[0];\ncu(0.5,0.0,-0.25,1.0) q[2],q[0];\nbarrier q[0],q[2];\n"
        "reset q[1];\nmeasure q[2] -> c[0];\n"
    )
    assert (program.num_qubits, program.num_clbits, program.qubits) == (3, 2, (0, 1, 2))


def test_the_same_circuit_gives_the_same_text() -> None:
    circuit = QuantumCircuit(3)
    for count in (1, 2, 3):
        circuit.unitary(random_unitary(2**count, seed=count), range(count))
    circuit.append(DiagonalGate([1, -1, 1j, -1j]), [0, 2])
    circuit.append(PauliGate("XYZ"), [0, 1, 2])
    assert write_program(circuit) == write_program(circuit) == write_program(circuit.copy())


def test_bits_of_any_registers_are_written_by_index() -> None:
    shared = [Clbit() for _ in range(3)]
    circuit = QuantumCircuit([Qubit()], QuantumRegister(2, "pi"), [Clbit()])
    circuit.add_register(ClassicalRegister(bits=shared[:2], name="Meas-1"))
    circuit.add_register(ClassicalRegister(bits=shared[::-1], name="sin"))
    circuit.add_register(ClassicalRegister(0, "empty"))
    circuit.measure([0, 1, 2, 0], [shared[2], shared[0], 0, shared[2]])
    lines = write_program(circuit).text.removeprefix(HEADER).splitlines()
    measured = [f"measure q[{qubit}] -> c[{clbit}];" for qubit, clbit in [(0, 3), (1, 1), (2, 0), (0, 3)]]
    assert lines == ["qreg q[3];", "creg c[4];", *measured]


def test_measurements_inside_an_instruction_write_its_bits() -> None:
    part = QuantumCircuit(2, 2, name="part")
    part.x(0)
    part.measure([0, 1], [1, 0])
    circuit = QuantumCircuit(3, 3)
    circuit.append(part.to_instruction(), [2, 0], [0, 2])
    assert write_program(circuit).text.splitlines()[4:] == [
        "x q[2];",
        "measure q[2] -> c[2];",
        "measure q[0] -> c[0];",
    ]


def test_idle_qubits_can_be_left_out() -> None:
    circuit = QuantumCircuit(127, 2)
    circuit.h(100)
    circuit.delay(10, 7)
    circuit.barrier()
    circuit.cx(100, 3)
    circuit.measure([100, 3], [0, 1])
    program = write_program(circuit, style=IDEAL)
    assert program.qubits == (3, 100)
    assert (program.num_qubits, program.num_clbits) == (2, 2)
    assert program.text.splitlines()[4:] == [
        "h q[1];",
        "barrier q[0],q[1];",
        "cx q[1],q[0];",
        "measure q[1] -> c[0];",
        "measure q[0] -> c[1];",
    ]


@pytest.mark.parametrize("name", ["barrier", "delay"])
def test_a_gate_named_barrier_or_delay_is_written_as_a_gate(name: str) -> None:
    gate = QuantumCircuit(2, name=name)
    gate.cx(0, 1)
    circuit = QuantumCircuit(3)
    circuit.append(gate.to_gate(), [2, 1])
    program = write_program(circuit, style=IDEAL)
    assert program.qubits == (1, 2)
    assert program.text.splitlines()[3:] == ["cx q[1],q[0];"]


@pytest.mark.parametrize("drop", [True, False])
@pytest.mark.parametrize("num_qubits", [0, 1, 2])
def test_a_program_has_at_least_one_qubit(num_qubits: int, drop: bool) -> None:
    program = write_program(QuantumCircuit(num_qubits), style=ProgramStyle(drop_idle_qubits=drop))
    assert program.num_qubits == max(1, 1 if drop else num_qubits)
    assert program.qubits == tuple(range(min(num_qubits, 1) if drop else num_qubits))
    assert parse_program(program.text).num_qubits == program.num_qubits
    assert program.num_clbits == 0
    assert "creg" not in program.text


ANGLES = [
    0.1,
    -0.0,
    0.0,
    1e-17,
    -1e-17,
    5e-324,
    1.5e300,
    -1.7976931348623157e308,
    math.pi,
    1 / 3,
    1e16,
    1e22,
    123456789.125,
]


@pytest.mark.parametrize("angle", ANGLES)
def test_an_angle_is_read_back_as_the_same_float(angle: float) -> None:
    circuit = QuantumCircuit(1)
    circuit.rz(angle, 0)
    text = write_program(circuit).text
    (reread,) = parse_program(text).data[0].params
    assert (reread, math.copysign(1, reread)) == (angle, math.copysign(1, angle))
    assert maestro.simple_estimate(text, "Z")["expectation_values"] == [1.0]


def test_random_angles_are_read_back_exactly() -> None:
    rng = np.random.default_rng(11)
    angles = [float(value) for value in rng.uniform(-1, 1, 500) * 10.0 ** rng.integers(-20, 20, 500)]
    circuit = QuantumCircuit(1)
    for angle in angles:
        circuit.rx(angle, 0)
    assert [item.params[0] for item in parse_program(write_program(circuit).text).data] == angles


@pytest.mark.parametrize("angle", [1e-9, 1.25, 1e5, 2.5e-5, 100.0, 1234567.875])
def test_the_engine_reads_an_angle_as_qiskit_does(angle: float) -> None:
    circuit = QuantumCircuit(1)
    circuit.rx(angle, 0)
    values = maestro.simple_estimate(write_program(circuit).text, "Y;Z")["expectation_values"]
    assert values == pytest.approx([-math.sin(angle), math.cos(angle)], abs=1e-9, rel=1e-9)


@pytest.mark.parametrize("value", [2, np.float64(2), np.float32(2), np.int64(2)])
def test_a_number_of_any_real_type_is_an_angle(value: float) -> None:
    circuit = QuantumCircuit(1)
    circuit.append(RXGate(value), [0])
    assert "rx(2.0) q[0];" in write_program(circuit).text


def test_a_bound_expression_is_an_angle() -> None:
    first, second = Parameter("first"), Parameter("second")
    circuit = QuantumCircuit(1)
    circuit.rx(2 * first + second, 0)
    bound = circuit.assign_parameters({first: 0.25, second: 1})
    assert "rx(1.5) q[0];" in write_program(bound).text
    assert "rx(0.0) q[0];" in write_program(_with_expression(0 * (first + 1j).bind({first: 1}))).text


def _with_expression(expression: object) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.append(RXGate(expression), [0])
    return circuit


def unbound() -> QuantumCircuit:
    return _with_expression(2 * Parameter("theta"))


def unbound_inside() -> QuantumCircuit:
    inner = QuantumCircuit(1, name="inner")
    inner.rx(Parameter("theta"), 0)
    circuit = QuantumCircuit(1)
    circuit.append(inner.to_gate(), [0])
    return circuit


def unbound_in_an_unknown_gate() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.rzz(Parameter("theta"), 0, 1)
    return circuit


def not_a_number() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.rx(math.nan, 0)
    return circuit


def infinite_in_an_unknown_gate() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.rzz(math.inf, 0, 1)
    return circuit


def variable() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.add_var("flag", True)
    return circuit


def opaque_gate() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.append(Gate("h", 1, []), [0])
    return circuit


class _Endless(Instruction):
    def __init__(self) -> None:
        super().__init__("endless", 1, 0, [])

    def _define(self) -> None:
        self.definition = QuantumCircuit(1)
        self.definition.append(_Endless(), [0])


def endless() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.append(_Endless(), [0])
    return circuit


def fails_when_expanded() -> QuantumCircuit:
    return parse_program(HEADER + "gate f(t) a { rx(1/t) a; } qreg q[1]; f(0) q[0];")


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (unbound, r"instruction 0 \(rx\): .*theta.*assign_parameters"),
        (unbound_inside, r"instruction 0 \(inner\): .*theta"),
        (unbound_in_an_unknown_gate, r"instruction 0 \(rzz\): .*theta"),
        (not_a_number, r"instruction 0 \(rx\): its angle is nan"),
        (infinite_in_an_unknown_gate, r"instruction 0 \(rzz\): its angle is inf"),
        (variable, r"instruction 0 \(store\): .*real-time variables"),
        (opaque_gate, r"instruction 0 \(h\): .*no definition"),
        (endless, r"instruction 0 \(endless\): .*nested"),
        (fails_when_expanded, r"instruction 0 \(f\): its definition fails: .*zero"),
    ],
)
def test_the_error_names_the_instruction_that_cannot_be_written(
    builder: Callable[[], QuantumCircuit], message: str
) -> None:
    with pytest.raises(QoroInputError, match=message):
        write_program(builder())


def test_the_error_contains_the_index_in_the_circuit() -> None:
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.barrier()
    circuit.rx(Parameter("theta"), 0)
    with pytest.raises(QoroInputError, match=r"instruction 2 \(rx\)"):
        write_program(circuit)


def test_a_text_that_is_too_long_for_the_service_is_refused() -> None:
    circuit = QuantumCircuit(1000)
    for _ in range(2500):
        circuit.barrier()
    with pytest.raises(QoroInputError, match=r"1\d{7} characters, at most 16777216 .* split"):
        write_program(circuit)


def test_delays_are_written_in_seconds_if_the_style_keeps_them() -> None:
    circuit = QuantumCircuit(2)
    circuit.delay(200, 0, unit="ns")
    circuit.delay(3, 1)
    circuit.x(0)
    circuit.delay(1.5, 0, unit="us")
    text = write_program(circuit, style=ProgramStyle(keep_delays=True, dt_s=1e-9)).text
    assert text.splitlines()[2:] == [
        "gate qoro_delay(seconds) q { }",
        "qreg q[2];",
        f"qoro_delay({200 * 1e-9}) q[0];",
        f"qoro_delay({3 * 1e-9}) q[1];",
        "x q[0];",
        "qoro_delay(1.5e-06) q[0];",
    ]
    assert parse_program(text).count_ops() == {"qoro_delay": 3, "x": 1}
    # Without dt, and without the qubits that have nothing but delays.
    style = ProgramStyle(drop_idle_qubits=True, keep_delays=True)
    assert write_program(circuit, style=style).text.count("qoro_delay(") == 1 + 2
    assert "delay" not in write_program(circuit).text


def test_the_number_of_idle_qubits_is_known() -> None:
    circuit = QuantumCircuit(4)
    circuit.x(2)
    circuit.barrier()
    circuit.delay(1, 0)
    assert write_program(circuit).num_idle_qubits == 3
    assert write_program(circuit, style=IDEAL).num_idle_qubits == 0


def test_ecr_is_written_with_one_cx() -> None:
    circuit = QuantumCircuit(2)
    circuit.ecr(1, 0)
    reread = parse_program(write_program(circuit).text)
    assert reread.count_ops()["cx"] == 1
    assert Operator(reread).equiv(Operator(circuit))
