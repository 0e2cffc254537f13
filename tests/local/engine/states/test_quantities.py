"""States that the engine computes, compared with Qiskit's ``Statevector`` of the same text."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit.quantum_info import Pauli, Statevector

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.states.quantities import MAX_MARGINAL_QUBITS, compute_states
from qiskit_qoro.models.config import SimulationMethod
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.states import MAX_STATE_QUBITS, StateQuantity, StateRequest
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.read.parser import parse_program

PLAIN = EngineSettings()
MPS = EngineSettings(MaestroConfig(simulation_type=SimulationMethod.MatrixProductState))
TOLERANCE = 1e-12
HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
# Fewer bytes than any state vector needs.
NO_MEMORY = 1


def random_text(rng, num_qubits, idle, gates=25):
    """Draw gates of all kinds with random angles. Qubits in ``idle`` stay idle."""
    circuit = QuantumCircuit(num_qubits)
    busy = [qubit for qubit in range(num_qubits) if qubit not in idle]
    for name in rng.choice(list(GATES), gates):
        spec = GATES[name]
        if spec.num_qubits <= len(busy):
            qubits = [int(qubit) for qubit in rng.choice(busy, spec.num_qubits, replace=False)]
            circuit.append(spec.constructor(*rng.uniform(-6, 6, spec.num_params)), qubits)
    return qasm2.dumps(circuit)


def state_of(text):
    return Statevector(parse_program(text))


def compute(text, quantity, settings=PLAIN, limit=None, **fields):
    request = StateRequest(quantity, **fields)
    return compute_states([text], request, settings, memory_limit_bytes=limit)[0]


def ghz(num_qubits, phase=0.0):
    chain = "".join(f"cx q[{qubit}],q[{qubit + 1}];\n" for qubit in range(num_qubits - 1))
    return f"{HEADER}qreg q[{num_qubits}];\nh q[0];\np({phase}) q[0];\n{chain}"


@pytest.mark.parametrize("seed", range(6))
def test_quantities_of_random_programs_are_those_of_qiskit(seed, request):
    for case in range(request.config.getoption("--cases")):
        check_random_program(np.random.default_rng([seed, case]))


def check_random_program(rng):
    num_qubits = int(rng.integers(1, 6))
    idle = {int(qubit) for qubit in rng.choice(num_qubits, rng.integers(0, num_qubits), replace=False)}
    texts = [random_text(rng, num_qubits, idle) for _ in range(3)]
    states = [state_of(text) for text in texts]
    state = states[0]
    found = compute(texts[0], StateQuantity.STATEVECTOR)
    assert found == pytest.approx(state.data, abs=TOLERANCE)
    qubits = [int(qubit) for qubit in rng.permutation(num_qubits)[: rng.integers(1, num_qubits + 1)]]
    bitstrings = [format(int(index), f"0{num_qubits}b") for index in rng.integers(0, 2**num_qubits, 4)]
    for settings in (PLAIN, MPS):
        found = compute(texts[0], StateQuantity.PROBABILITIES, settings, qubits=tuple(qubits))
        assert found == pytest.approx(state.probabilities(qubits), abs=TOLERANCE)
        found = compute(texts[0], StateQuantity.AMPLITUDES, settings, bitstrings=tuple(bitstrings))
        assert found == pytest.approx([state.data[int(text, 2)] for text in bitstrings], abs=TOLERANCE)
        assert compute(texts[0], StateQuantity.MIRROR_FIDELITY, settings) == pytest.approx(1, abs=TOLERANCE)
        expected = np.array([[abs(one.inner(other)) ** 2 for other in states] for one in states])
        rows = compute_states(texts, StateRequest(StateQuantity.FIDELITIES), settings)
        assert np.array(rows) == pytest.approx(expected, abs=TOLERANCE)
        rows = compute_states(texts, StateRequest(StateQuantity.FIDELITIES, split=2), settings)
        assert np.array(rows[:2]) == pytest.approx(expected[:2, 2:], abs=TOLERANCE)
        assert rows[2] is None
        check_evolution(rng, texts, settings)


def check_evolution(rng, texts, settings):
    initial, block = map(parse_program, texts[:2])
    strings = tuple("".join(rng.choice(list("IXYZ"), block.num_qubits)) for _ in range(4))
    request = StateRequest(StateQuantity.EVOLUTION, repetitions=3, observables=strings)
    found, nothing = compute_states(texts[:2], request, settings)
    state, expected = Statevector(initial), []
    for _ in range(4):
        expected.append([state.expectation_value(Pauli(string[::-1])).real for string in strings])
        state = state.evolve(block)
    assert found == pytest.approx(np.array(expected), abs=TOLERANCE)
    assert nothing is None


def test_programs_on_different_qubits_share_one_numbering():
    header = f"{HEADER}qreg q[4];\n"
    texts = [f"{header}ry(0.4) q[1];\n", f"{header}rx(0.3) q[3];\nid q[0];\n", header]
    for settings in (PLAIN, MPS):
        rows = compute_states(texts, StateRequest(StateQuantity.FIDELITIES), settings)
        one, other = np.cos(0.2) ** 2, np.cos(0.15) ** 2
        expected = [[1, one * other, one], [one * other, 1, other], [one, other, 1]]
        assert np.array(rows) == pytest.approx(np.array(expected))
    for text in texts:
        assert compute(text, StateQuantity.STATEVECTOR) == pytest.approx(state_of(text).data)
    check_evolution(np.random.default_rng(4), texts[:2], PLAIN)


@pytest.mark.parametrize("method", ["TensorNetwork", "PauliPropagator"])
def test_an_evolution_can_use_other_methods(method):
    check_evolution(
        np.random.default_rng(1),
        [random_text(np.random.default_rng(seed), 4, {2}, 12) for seed in (1, 2)],
        EngineSettings(MaestroConfig(simulation_type=SimulationMethod[method])),
    )


def test_global_phases_of_definitions_count():
    text = (
        f"{HEADER}gate half(a) q {{ rz(a) q; u1(a) q; }}\nqreg q[2];\nhalf(pi/2) q[1];\nrz(pi) q[0];\n"
        "cu3(0.3, 1, 2) q[0],q[1];\nsx q[0];\n"
    )
    assert compute(text, StateQuantity.STATEVECTOR) == pytest.approx(state_of(text).data, abs=TOLERANCE)


def test_final_measurements_and_resets_of_idle_qubits_are_ignored():
    text = f"{HEADER}qreg q[2];\ncreg c[2];\nreset q[1];\nh q[0];\nbarrier q;\nmeasure q -> c;\n"
    assert compute(text, StateQuantity.PROBABILITIES) == pytest.approx([0.5, 0.5, 0, 0])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("reset q[0];", "a reset"),
        ("measure q[0] -> c[0];\nx q[0];", "a mid-circuit measurement"),
        ("if (c == 1) x q[0];", "a condition"),
    ],
)
def test_programs_whose_state_depends_on_chance_are_refused(line, reason):
    text = f"{HEADER}qreg q[1];\ncreg c[1];\nh q[0];\n{line}\n"
    with pytest.raises(QoroInputError, match=f"contains {reason}, so its state depends on chance"):
        compute(text, StateQuantity.STATEVECTOR)


def test_wide_programs_have_amplitudes_fidelities_and_a_few_probabilities():
    one, other = ghz(50), ghz(50, phase=1.0)
    bitstrings = ("0" * 50, "1" * 50, "0" * 49 + "1")
    found = compute(other, StateQuantity.AMPLITUDES, bitstrings=bitstrings)
    assert found == pytest.approx([0.5**0.5, 0.5**0.5 * np.exp(1j), 0], abs=1e-9)
    rows = compute_states([one, other], StateRequest(StateQuantity.FIDELITIES), PLAIN)
    overlap = abs(1 + np.exp(1j)) ** 2 / 4
    assert np.array(rows) == pytest.approx(np.array([[1, overlap], [overlap, 1]]), abs=1e-9)
    found = compute(one, StateQuantity.PROBABILITIES, qubits=(49, 3, 20))
    assert found == pytest.approx([0.5, 0, 0, 0, 0, 0, 0, 0.5], abs=1e-9)


def test_probabilities_from_expectation_values_are_those_of_the_state():
    rng = np.random.default_rng(5)
    width = MAX_STATE_QUBITS + 1
    # A random state of five qubits among many others, so that the whole state vector is not needed.
    inner = random_text(rng, 5, set()).replace("qreg q[5]", f"qreg q[{width}]")
    text = inner + "".join(f"h q[{qubit}];\n" for qubit in range(5, width))
    qubits = (3, 0, 4, 1)
    found = compute(text, StateQuantity.PROBABILITIES, qubits=(*qubits, 10))
    expected = state_of(inner.replace(f"q[{width}]", "q[5]")).probabilities(list(qubits))
    assert found == pytest.approx(np.concatenate([expected, expected]) / 2, abs=TOLERANCE)


def test_the_width_of_results_is_limited():
    width = MAX_STATE_QUBITS + 1
    text = f"{HEADER}qreg q[{width}];\nh q[{MAX_STATE_QUBITS}];\n"
    for quantity in (StateQuantity.STATEVECTOR, StateQuantity.PROBABILITIES):
        with pytest.raises(QoroInputError, match=r"of 22 qubits would not fit .* at most 21 qubits"):
            compute(text, quantity)
    busy = ghz(width)
    qubits = tuple(range(MAX_MARGINAL_QUBITS))
    assert len(compute(busy, StateQuantity.PROBABILITIES, qubits=qubits)) == 1024
    with pytest.raises(QoroInputError, match=r"at most 10 busy qubits .* got 11"):
        compute(busy, StateQuantity.PROBABILITIES, qubits=(*qubits, 10))


def test_without_memory_for_a_state_vector_the_state_is_a_matrix_product_state():
    found = compute(ghz(4), StateQuantity.AMPLITUDES, limit=NO_MEMORY, bitstrings=("1111",))
    assert found == pytest.approx([0.5**0.5])
    with pytest.raises(QoroInputError, match="the amplitudes of 4 qubits need"):
        compute(ghz(4), StateQuantity.STATEVECTOR, limit=NO_MEMORY)


@pytest.mark.parametrize(
    ("text", "limit", "method", "reason"),
    [
        (ghz(3), None, "Statevector", "the state vector fits in the memory"),
        (ghz(3), NO_MEMORY, "MatrixProductState", "a state vector of 3 qubits does not fit"),
        (ghz(50), None, "MatrixProductState", "a state vector of 50 qubits does not fit"),
    ],
)
def test_the_method_is_reported_with_its_reason(text, limit, method, reason):
    reports = []
    request = StateRequest(StateQuantity.MIRROR_FIDELITY)
    compute_states([text], request, PLAIN, memory_limit_bytes=limit, report=reports.append)
    assert reports[0].method == method
    assert reports[0].reason.startswith(reason)
    assert len(reports) == 1


def test_truncation_lowers_the_mirror_fidelity():
    rng = np.random.default_rng(2)
    text = f"{HEADER}qreg q[8];\n"
    for _ in range(5):
        text += "".join(f"ry({rng.uniform(0, 6)}) q[{qubit}];\n" for qubit in range(8))
        text += "".join(f"cx q[{qubit}],q[{qubit + 1}];\n" for qubit in range(7))
    truncated = EngineSettings(MaestroConfig(simulation_type=1, max_bond_dimension=2))
    assert compute(text, StateQuantity.MIRROR_FIDELITY, truncated) < 0.9
    assert compute(text, StateQuantity.MIRROR_FIDELITY, MPS) == pytest.approx(1)


@pytest.mark.parametrize(
    ("texts", "request_", "message"),
    [
        ([ghz(2), ghz(3)], StateRequest(StateQuantity.FIDELITIES), r"same number of qubits, got \[2, 3\]"),
        (
            [ghz(2)],
            StateRequest(StateQuantity.FIDELITIES, split=1),
            "split: expected less than the 1 circuits",
        ),
        (
            [ghz(2)],
            StateRequest(StateQuantity.EVOLUTION, repetitions=1, observables=("ZZ",)),
            "expected two circuits",
        ),
        ([ghz(2)], StateRequest(StateQuantity.AMPLITUDES, bitstrings=("0",)), "expected 2 characters"),
        ([ghz(2)], StateRequest(StateQuantity.PROBABILITIES, qubits=(2,)), "indices below 2, got 2"),
    ],
)
def test_requests_that_do_not_fit_the_programs_are_refused(texts, request_, message):
    with pytest.raises(QoroInputError, match=message):
        compute_states(texts, request_, PLAIN)


def test_methods_without_state_vectors_are_refused():
    settings = EngineSettings(MaestroConfig(simulation_type=SimulationMethod.Stabilizer))
    with pytest.raises(QoroInputError, match=r"Stabilizer \(2\) cannot compute this, expected Statevector"):
        compute(ghz(2), StateQuantity.STATEVECTOR, settings)
