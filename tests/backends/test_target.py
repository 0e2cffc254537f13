"""The transpiler targets: their width, their instructions, and circuits transpiled for them."""

from __future__ import annotations

import pickle

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import PauliEvolutionGate, QFTGate
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Clifford, Operator, SparsePauliOp, Statevector
from qiskit.transpiler import TranspilerError

from qiskit_qoro.backends.target import SIMULATOR_WIDTH, build_qpu_target, build_simulator_target
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster
from qiskit_qoro.qasm import GATES, parse_program, write_program

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
