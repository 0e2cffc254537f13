"""Programs whose state vector is too large run with the cheapest exact method, or are refused."""

import math
import random

import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit.synthesis import synth_qft_full

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.methods import choose_method, slow_method_advice
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import estimate, read_engine_program, sample
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.jobs import ResultDetails
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm.write.writer import write_program

GIB = 2**30
STATEVECTOR, MPS = SimulationMethod.Statevector, SimulationMethod.MatrixProductState
STABILIZER, PAULI = SimulationMethod.Stabilizer, SimulationMethod.PauliPropagator
METHODS = {method.name: method for method in SimulationMethod}


def dense(num_qubits, depth, seed=1):
    rng = random.Random(seed)
    circuit = QuantumCircuit(num_qubits)
    for layer in range(depth):
        for qubit in range(num_qubits):
            circuit.u(*(rng.uniform(0, 3) for _ in range(3)), qubit)
        for qubit in range(layer % 2, num_qubits - 1, 2):
            circuit.cx(qubit, qubit + 1)
    return circuit


def kicked_ising(num_qubits, steps):
    circuit = QuantumCircuit(num_qubits)
    for _ in range(steps):
        for first in (0, 1):
            for qubit in range(first, num_qubits - 1, 2):
                circuit.rzz(0.7, qubit, qubit + 1)
        circuit.rx(0.6, range(num_qubits))
    return circuit


def nearly_clifford(num_qubits, num_gates=600, seed=2):
    rng = random.Random(seed)
    circuit = QuantumCircuit(num_qubits)
    for _ in range(num_gates):
        first, second = rng.sample(range(num_qubits), 2)
        circuit.h(first)
        circuit.cx(first, second)
        circuit.s(second)
    back = circuit.inverse()
    circuit.rx(0.3, 0)
    circuit.ry(0.4, 1)
    return circuit.compose(back)


def z_on(num_qubits, *positions):
    return "".join("Z" if position in positions else "I" for position in range(num_qubits))


def choice_for(circuit, *pauli_strings, limit=GIB, **options):
    program = read_engine_program(write_program(circuit).text)
    return choose_method(
        program,
        MaestroConfig(**options),
        sampling=not pauli_strings,
        memory_limit_bytes=limit,
        pauli_strings=pauli_strings or None,
    )


def estimated(circuit, pauli_strings, limit=GIB, **options):
    details = []
    values = estimate(
        write_program(circuit).text,
        pauli_strings,
        EngineSettings(MaestroConfig(**options)),
        memory_limit_bytes=limit,
        report=details.append,
    )
    return values, METHODS[details[-1].method]


def exact(circuit, pauli_strings):
    state = Statevector(circuit)
    return [state.expectation_value(SparsePauliOp(string[::-1])).real for string in pauli_strings]


@pytest.mark.parametrize(
    ("circuit", "pauli_strings", "method"),
    [
        (dense(100, 3), [z_on(100, 50)], STATEVECTOR),
        (dense(100, 3), [z_on(100, k) for k in range(0, 100, 7)], STATEVECTOR),
        (kicked_ising(100, 5), ["Z" * 100], MPS),
        (nearly_clifford(60), [z_on(60, 5), z_on(60, 0, 1)], PAULI),
        (nearly_clifford(60), [z_on(60, 5)], PAULI),
    ],
)
def test_expectation_values_of_large_programs_use_the_cheapest_method(circuit, pauli_strings, method):
    assert choice_for(circuit, *pauli_strings).method is method


def test_pauli_propagation_through_nearly_clifford_circuits_is_exact(cases):
    for seed in range(2 * cases):
        circuit = nearly_clifford(10, 30, seed)
        pauli_strings = [z_on(10, 0), z_on(10, 1), z_on(10, 0, 1, 5)]
        values, method = estimated(circuit, pauli_strings, simulation_type=PAULI)
        assert method is PAULI
        assert values == pytest.approx(exact(circuit, pauli_strings), abs=1e-9)


def test_a_small_causal_cone_of_100_qubits_gives_the_value_of_the_cone():
    values, method = estimated(dense(100, 3), [z_on(100, 50), z_on(100, 51, 52), z_on(100, 0)])
    assert method is STATEVECTOR
    # The same gates on the qubits 44 to 59 contain the cones of the first two strings.
    part = QuantumCircuit(16)
    for item in dense(100, 3).data:
        indices = [item.qubits[0]._index - 44, item.qubits[-1]._index - 44]
        if 0 <= min(indices) <= max(indices) < 16:
            part.append(item.operation, sorted(set(indices)))
    assert values[:2] == pytest.approx(exact(part, [z_on(16, 6), z_on(16, 7, 8)]), abs=1e-12)


@pytest.mark.parametrize("method", [STATEVECTOR, MPS, PAULI])
def test_every_method_gives_the_same_values(method, cases):
    for seed in range(cases):
        circuit = kicked_ising(12, 2) if method is PAULI else dense(12, 4, seed)
        pauli_strings = [z_on(12, 3), z_on(12, 0, 11), "XYIIIIIIIIIZ"]
        values, used = estimated(circuit, pauli_strings, simulation_type=method)
        assert used is method
        assert values == pytest.approx(exact(circuit, pauli_strings), abs=1e-9)


@pytest.mark.parametrize("limit_qubits", [9, 12])
def test_a_small_memory_limit_leads_to_another_method_with_the_same_values(limit_qubits, cases):
    for seed in range(2 * cases):
        circuit = kicked_ising(12, 2 + seed % 2)
        pauli_strings = [z_on(12, 5), z_on(12, 0, 11), "XYIIIIIIIIIZ", "Z" * 12]
        values, method = estimated(circuit, pauli_strings, limit=16 * 2**limit_qubits)
        assert (method is STATEVECTOR) is (limit_qubits == 12)
        assert values == pytest.approx(exact(circuit, pauli_strings), abs=1e-9)


def test_the_cone_may_be_as_large_as_the_memory_allows():
    circuit = dense(60, 9)  # the cone of a qubit in the middle has 18 qubits
    needed = 16 * 2**18
    assert choice_for(circuit, z_on(60, 30), limit=needed).method is STATEVECTOR
    assert choice_for(circuit, z_on(60, 30), limit=needed - 1).method is not STATEVECTOR


def test_a_requested_state_vector_uses_the_causal_cones():
    values, method = estimated(dense(100, 2), [z_on(100, 50)], simulation_type=STATEVECTOR)
    assert (len(values), method) == (1, STATEVECTOR)
    with pytest.raises(QoroInputError, match="100 qubits is too large"):
        estimated(dense(100, 2), ["Z" * 100], simulation_type=STATEVECTOR)


@pytest.mark.parametrize(
    "circuit",
    [
        dense(40, 3),
        kicked_ising(60, 4),
        synth_qft_full(50),
        kicked_ising(50, 1).compose(synth_qft_full(50)),
    ],
    ids=["shallow", "weak", "fourier", "fourier of a product"],
)
def test_weakly_entangled_programs_are_sampled_from_a_matrix_product_state(circuit):
    measured = circuit.copy()
    measured.rx(0.3, 0)
    measured.measure_all()
    choice = choice_for(measured)
    assert choice.method is MPS
    counts = sample(write_program(measured).text, 5, EngineSettings(), memory_limit_bytes=GIB)
    assert sum(counts.values()) == 5


def test_a_few_measured_qubits_of_a_wide_program_are_sampled_from_their_causal_cone(assert_sampled_from):
    circuit = dense(60, 40)
    circuit.barrier()
    part = dense(4, 3, seed=5)
    wide = QuantumCircuit(64, 3)
    wide.compose(circuit, range(4, 64), inplace=True)
    wide.compose(part, range(4), inplace=True)
    wide.measure([2, 0], [0, 2])
    details = []
    counts = sample(
        write_program(wide).text,
        4000,
        EngineSettings(MaestroConfig(seed=1)),
        memory_limit_bytes=GIB,
        report=details.append,
    )
    assert details[0].method == STATEVECTOR.name
    assert details[0].reason.endswith("the measurements depend on 4 of 64 qubits")
    expected = Statevector(part).probabilities_dict([2, 0])
    assert_sampled_from(counts, {f"{bits[0]}0{bits[1]}": value for bits, value in expected.items()})


@pytest.mark.parametrize("body", ["reset q[0];", "measure q[3] -> c[0]; x q[3];", "if (c == 1) x q[3];"])
def test_a_program_that_depends_on_chance_is_sampled_as_a_whole(body):
    text = f"qreg q[40]; creg c[1]; {write_program(dense(40, 30)).text.split('creg')[0].split(';', 3)[3]}"
    program = read_engine_program(f'OPENQASM 2.0; include "qelib1.inc"; {text} {body} measure q[0] -> c[0];')
    assert program.measured_part() is program


def test_a_reversible_classical_circuit_of_60_qubits_is_sampled():
    circuit = QuantumCircuit(60)
    circuit.x([0, 1, 3])
    for qubit in range(57):
        circuit.ccx(qubit, qubit + 1, qubit + 2)
        circuit.cx(qubit + 1, qubit + 2)
        circuit.cswap(qubit, qubit + 1, qubit + 2)
    circuit.measure_all()
    assert choice_for(circuit).method is MPS


def test_a_dense_program_of_50_qubits_is_refused_with_its_cost_and_what_helps():
    circuit = dense(50, 50)
    for pauli_strings in ([], [z_on(50, 25)]):
        with pytest.raises(QoroInputError, match="50 qubits") as caught:
            choice_for(circuit, *pauli_strings)
        message = str(caught.value)
        for part in ("50 qubits", "bond dimension of 2^25", "GiB", "years"):
            assert part in message
        for help_with in ("max_bond_dimension", "simulation_type", "time_limit_s"):
            assert help_with in message
        # Of a service, and of the workers of a cluster.
        for more_memory in ("memory_limit_bytes", "larger --memory or fewer --processes"):
            assert more_memory in message


def test_a_dense_program_that_depends_on_chance_is_not_refused():
    circuit = dense(50, 50)
    circuit.reset(0)
    circuit.measure_all()
    choice = choice_for(circuit)
    assert choice.method is MPS
    assert "a reset" in choice.reason


@pytest.mark.parametrize("options", [{"max_bond_dimension": 8}, {"simulation_type": MPS}])
def test_a_requested_matrix_product_state_is_never_refused(options):
    choice = choice_for(dense(50, 50), **options)
    assert (choice.method, choice.reason) == (MPS, "it was requested")


def test_27_to_30_dense_qubits_use_a_state_vector_if_memory_allows_and_are_refused_otherwise():
    circuit = dense(28, 40)
    needed = round(3.5 * 16 * 2**28)
    assert choice_for(circuit, limit=needed).method is STATEVECTOR
    with pytest.raises(QoroInputError, match=r"28 qubits needs 14\.00 GiB.*bond dimension of 16384"):
        choice_for(circuit, limit=needed - 1)


@pytest.mark.parametrize(
    ("circuit", "method"),
    [
        (dense(17, 40), STATEVECTOR),  # takes less than a second
        (dense(26, 3), MPS),  # the cone of all qubits takes several seconds
        (dense(26, 40), STATEVECTOR),  # a matrix product state would be as large as the state vector
        (nearly_clifford(26), PAULI),
    ],
)
def test_expectation_values_that_would_take_long_on_a_state_vector_use_a_much_faster_method(circuit, method):
    choice = choice_for(circuit, "Z" * circuit.num_qubits, limit=2**40)
    assert choice.method is method
    assert ("a state vector is estimated to take" in choice.reason) is (method is not STATEVECTOR)
    # Counts always use a state vector that fits.
    assert choice_for(circuit, limit=2**40).method is STATEVECTOR


def test_an_aer_simulator_uses_no_causal_cones():
    choice = choice_for(dense(100, 3), z_on(100, 50), simulator_type=Simulator.QiskitAer)
    assert choice.method is MPS


def test_a_composite_simulator_names_an_alternative():
    with pytest.raises(
        QoroInputError, match=r"use simulation_type MatrixProductState \(1\), with simulator_"
    ):
        choice_for(dense(40, 3), simulator_type=Simulator.CompositeQCSim)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("MatrixProductState", "max_bond_dimension"),
        ("PauliPropagator", "a larger pp_coefficient_threshold"),
        ("Statevector", "fewer qubits"),
        (None, "time_limit_s"),
    ],
)
def test_the_advice_for_a_slow_method_names_what_helps(method, expected):
    advice = slow_method_advice(ResultDetails(method))
    assert expected in advice
    assert "time_limit_s" in advice


def test_a_transpiled_angle_of_a_template_may_make_it_a_clifford_circuit():
    circuit = QuantumCircuit(40)
    for qubit in range(39):
        circuit.cp(math.pi, qubit, qubit + 1)
        circuit.u(math.pi / 2, 0, math.pi, qubit)
    assert choice_for(circuit).method is STABILIZER
