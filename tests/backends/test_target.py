"""The transpiler targets: their width, their instructions, and circuits transpiled for them."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import PauliEvolutionGate, QFTGate
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Clifford, Operator, SparsePauliOp, Statevector
from qiskit.transpiler import Target, TranspilerError

from qiskit_qoro.backends.target import SIMULATOR_WIDTH, build_qpu_target, build_simulator_target
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.devices import DeviceProperties, OperationProperties, QubitProperties
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster
from qiskit_qoro.qasm import GATES, parse_program, write_program
from qiskit_qoro.qasm.gates import CLIFFORD_GATES

CLUSTER = SimulatorCluster("qoro_maestro")
LEVELS = range(4)
CONTROL_FLOW = {"if_else", "switch_case", "for_loop", "break_loop", "continue_loop", "box"}


def qpu(q_bits: int, status: str = "online") -> QPU:
    return QPU(f"qpu-{q_bits}", q_bits, status, "superconducting")


def test_a_simulator_target_has_every_gate_of_the_engine_and_no_coupling() -> None:
    target = build_simulator_target(CLUSTER)
    assert set(target.operation_names) == {*GATES, "measure", "reset", "delay", *CONTROL_FLOW}
    assert target.num_qubits == SIMULATOR_WIDTH
    assert target.build_coupling_map() is None
    assert target.dt is None
    assert build_simulator_target(CLUSTER, num_qubits=3).num_qubits == 3


def random_clifford_circuit(num_qubits: int, num_gates: int, seed: int) -> QuantumCircuit:
    rng = random.Random(seed)
    circuit = QuantumCircuit(num_qubits)
    for _ in range(num_gates):
        name = rng.choice(sorted(CLIFFORD_GATES))
        getattr(circuit, name)(*rng.sample(range(num_qubits), GATES[name].num_qubits))
    return circuit


def test_the_transpiler_prefers_clifford_gates_on_a_simulator() -> None:
    target = build_simulator_target(CLUSTER)
    circuit = random_clifford_circuit(40, 600, seed=1)
    assert circuit.count_ops().keys() == CLIFFORD_GATES
    transpiled = transpile(circuit, target=target, optimization_level=1)
    assert transpiled.count_ops().keys() <= CLIFFORD_GATES
    assert transpiled.num_qubits == 40
    # A product of gates that is not a Clifford gate is still merged.
    merged = QuantumCircuit(1)
    merged.rz(0.1, 0)
    merged.rx(0.2, 0)
    merged.rz(0.3, 0)
    assert transpile(merged, target=target, optimization_level=1).size() == 1


@pytest.mark.parametrize("width", [SIMULATOR_WIDTH, SIMULATOR_WIDTH + 1, 2**32 - 1])
def test_only_a_target_of_the_usual_width_has_an_entry_for_each_qubit(width: int) -> None:
    target = build_simulator_target(CLUSTER, num_qubits=width)
    is_usual = width == SIMULATOR_WIDTH
    assert (target.qargs_for_operation_name("u3") is not None) is is_usual
    assert target.qargs_for_operation_name("h") is None
    assert target.qargs_for_operation_name("cp") is None
    assert target.build_coupling_map() is None


@pytest.mark.parametrize("width", [0, -1, True, 2.0, None])
def test_an_invalid_width_is_refused(width: object) -> None:
    with pytest.raises(QoroInputError, match="num_qubits"):
        build_simulator_target(CLUSTER, num_qubits=width)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("qpus", "expected"),
    [
        ((qpu(5), qpu(20), qpu(7)), 20),
        ((qpu(5), qpu(20, "offline")), 5),
        ((qpu(5, "maintenance"), qpu(20, "offline")), 20),
        ((qpu(0), qpu(5, "offline")), 5),
        ((qpu(2**32), qpu(5)), 5),
        ((qpu(2**32 - 1), qpu(5)), 2**32 - 1),
    ],
)
def test_the_width_of_a_system_is_that_of_its_widest_operational_qpu(
    qpus: tuple[QPU, ...], expected: int
) -> None:
    assert build_qpu_target(QPUSystem("system", qpus)).num_qubits == expected


@pytest.mark.parametrize("qpus", [(), (qpu(0),), (qpu(2**32), qpu(10**30))])
def test_the_error_for_a_system_without_a_known_width_names_it(qpus: tuple[QPU, ...]) -> None:
    with pytest.raises(QoroInputError, match="'system' has no QPU with a known number of qubits"):
        build_qpu_target(QPUSystem("system", qpus))


DEVICE = DeviceProperties(
    operations=(
        *(OperationProperties("sx", (qubit,), 1e-4 * (qubit + 1), 4e-8) for qubit in range(3)),
        *(OperationProperties("rz", (qubit,), 0.0, 0.0) for qubit in range(3)),
        OperationProperties("cz", (0, 1), 5e-3, 1e-7),
        OperationProperties("cx", (2, 1), 6e-3),
        OperationProperties("measure", (2,), 0.02, 1e-6),
    ),
    qubits=(QubitProperties(1e-4, 8e-5), QubitProperties(), QubitProperties(2e-4)),
    dt_s=1e-9,
)


def device_target(properties: DeviceProperties, q_bits: int = 3) -> Target:
    qpu = QPU("qpu", q_bits, "online", "superconducting", properties=properties)
    return build_qpu_target(QPUSystem("system", (qpu,)))


def test_the_target_of_a_qpu_has_its_gates_coupling_errors_durations_and_decay_times() -> None:
    target = device_target(DEVICE)
    assert set(target.operation_names) == {
        *("sx", "rz", "cz", "cx", "measure", "reset", "delay"),
        *CONTROL_FLOW,
    }
    # "cz" is the same in both directions, "cx" is not.
    assert set(target.build_coupling_map().get_edges()) == {(0, 1), (1, 0), (2, 1)}
    assert (target["cz"][1, 0].error, target["cz"][1, 0].duration) == (5e-3, 1e-7)
    assert (target["cx"][2, 1].error, target["cx"][2, 1].duration) == (6e-3, None)
    assert (target["sx"][2,].error, target["measure"][2,].error) == (pytest.approx(3e-4), 0.02)
    assert target.dt == 1e-9
    assert [(qubit.t1, qubit.t2) for qubit in target.qubit_properties] == [
        (1e-4, 8e-5),
        (None, None),
        (2e-4, None),
    ]
    assert set(target.qargs_for_operation_name("delay")) == {(0,), (1,), (2,)}


def test_operations_that_the_target_cannot_hold_are_left_out() -> None:
    odd = [("teleport", (0, 1)), ("sx", (3,)), ("cz", (0, 0)), ("cz", (0,)), ("x", ()), ("measure", (0, 1))]
    properties = replace(
        DEVICE, operations=(*DEVICE.operations, *(OperationProperties(*each) for each in odd))
    )
    assert str(device_target(properties)) == str(device_target(DEVICE))


def test_without_a_known_gate_all_qubits_are_connected() -> None:
    for operations in ((), (OperationProperties("teleport", (0, 1)), OperationProperties("measure", (0,)))):
        target = device_target(DeviceProperties(operations))
        assert target.build_coupling_map() is None
        assert target.num_qubits == 3
        assert set(GATES) < set(target.operation_names)


@pytest.mark.parametrize("missing", [0, 2])
def test_decay_times_are_left_out_unless_each_qubit_has_a_place(missing: int) -> None:
    assert device_target(replace(DEVICE, qubits=DEVICE.qubits[:missing])).qubit_properties is None


def test_the_target_describes_the_widest_operational_qpu() -> None:
    small = QPU("small", 2, "online", "s", properties=replace(DEVICE, qubits=()))
    large = QPU("large", 3, "offline", "s", properties=DEVICE)
    target = build_qpu_target(QPUSystem("system", (small, large)))
    assert target.num_qubits == 2
    assert set(target.build_coupling_map().get_edges()) == {(0, 1), (1, 0)}
    assert build_qpu_target(QPUSystem("system", (large, QPU("unknown", 3, "online", "s")))).dt is None


def test_a_target_survives_pickling() -> None:
    target = build_simulator_target(CLUSTER)
    assert set(pickle.loads(pickle.dumps(target)).operation_names) == set(target.operation_names)


@pytest.mark.parametrize("level", LEVELS)
def test_a_transpiled_circuit_keeps_its_width_and_its_barriers_delays_and_resets(level: int) -> None:
    circuit = QuantumCircuit(3, 1)
    circuit.initialize([0.6, 0.8], 0)
    circuit.h(1)
    circuit.barrier()
    circuit.delay(100, 1)
    circuit.reset(2)
    circuit.measure(0, 0)
    compiled = transpile(circuit, target=build_simulator_target(CLUSTER), optimization_level=level)
    assert compiled.num_qubits == 3
    assert {"barrier", "delay", "measure"} <= set(compiled.count_ops())
    assert parse_program(write_program(compiled).text).num_qubits == 3


@pytest.mark.parametrize("level", LEVELS)
def test_the_transpiler_refuses_a_while_loop(level: int) -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((0, 0)):
        circuit.h(0)
        circuit.measure(0, 0)
    with pytest.raises(TranspilerError, match="while_loop"):
        transpile(circuit, target=build_simulator_target(CLUSTER), optimization_level=level)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", range(5))
def test_transpiled_circuits_are_written_gate_by_gate(seed: int, level: int) -> None:
    circuit = random_circuit(4, 5, seed=seed, max_operands=4)
    circuit.append(QFTGate(3), [0, 1, 3])
    circuit.append(PauliEvolutionGate(SparsePauliOp(["XXI", "IZZ"]), 0.3), [1, 2, 3])
    circuit.append(Clifford(QuantumCircuit(2)), [0, 1])
    circuit.mcx([0, 1, 2], 3, ctrl_state=2)
    compiled = transpile(
        circuit, target=build_simulator_target(CLUSTER), optimization_level=level, seed_transpiler=seed
    )
    assert set(compiled.count_ops()) <= set(GATES)
    reread = parse_program(write_program(compiled).text)
    assert [item.name for item in reread.data] == [item.name for item in compiled.data]
    assert Statevector(reread).equiv(Statevector(compiled)), seed
    exact = Operator(circuit.decompose("PauliEvolution"))
    assert Operator.from_circuit(compiled).equiv(exact), seed
