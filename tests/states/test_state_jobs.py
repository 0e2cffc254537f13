"""The methods of a backend that compute states, on the local service and on services without them."""

from __future__ import annotations

import numpy as np
import pytest
import responses
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import efficient_su2
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Pauli, SparseObservable, SparsePauliOp, Statevector, state_fidelity

from qiskit_qoro import (
    DeviceConfig,
    ExecutionCancelledError,
    ExecutionConfig,
    JobFailedError,
    JobStatus,
    MaestroConfig,
    QoroBackend,
    QoroInputError,
    QoroService,
    SimulationMethod,
    SimulatorCluster,
    WireError,
)
from qiskit_qoro.models.states import StateQuantity, StateRequest
from qiskit_qoro.service.submission import Measurement
from qiskit_qoro.states.programs import write_state_program

CIRCUIT = random_circuit(4, 5, seed=11)
OTHER = random_circuit(4, 5, seed=12)
STATE = Statevector(CIRCUIT)


@pytest.fixture
def qpu(provider):
    return provider.get_backend("local_qpu")


@pytest.mark.parametrize("seed", range(3))
def test_a_state_vector_is_that_of_qiskit(backend, seed):
    circuit = random_circuit(5, 6, seed=seed)
    circuit.global_phase = seed - 1.0
    expected = Statevector(circuit)
    circuit.measure_all()
    found = backend.statevector(circuit, tag="states")
    assert isinstance(found, Statevector)
    assert np.abs(found.data - expected.data).max() < 1e-12


def test_a_transpiled_circuit_has_the_same_state(backend):
    transpiled = transpile(CIRCUIT, backend, optimization_level=2)
    assert np.abs(backend.statevector(transpiled).data - STATE.data).max() < 1e-12


def test_probabilities_are_in_the_order_of_qiskit(backend):
    assert backend.probabilities(CIRCUIT) == pytest.approx(STATE.probabilities(), abs=1e-12)
    for qubits in ([2, 0], np.array([3]), (0, 1, 2, 3)):
        found = backend.probabilities(CIRCUIT, qubits)
        assert found == pytest.approx(STATE.probabilities([int(qubit) for qubit in qubits]), abs=1e-12)


def test_an_amplitude_has_qubit_0_on_the_right(backend):
    circuit = QuantumCircuit(3)
    circuit.ry(0.4, 0)
    circuit.s(0)
    assert backend.amplitude(circuit, "001") == pytest.approx(1j * np.sin(0.2))
    assert backend.amplitude(circuit, "100") == 0


def test_fidelities_of_circuits_and_of_lists(backend):
    expected = state_fidelity(STATE, Statevector(OTHER))
    one = backend.fidelity(CIRCUIT, OTHER)
    assert isinstance(one, float)
    assert one == pytest.approx(expected, abs=1e-12)
    whole = np.array([[1, expected], [expected, 1]])
    assert backend.fidelity([CIRCUIT, OTHER]) == pytest.approx(whole, abs=1e-12)
    assert backend.fidelity([CIRCUIT, OTHER], [OTHER]) == pytest.approx(whole[:, 1:], abs=1e-12)
    assert backend.fidelity(CIRCUIT, [OTHER, CIRCUIT]) == pytest.approx([expected, 1], abs=1e-12)
    assert backend.fidelity([OTHER, CIRCUIT], CIRCUIT) == pytest.approx([expected, 1], abs=1e-12)


def test_options_choose_the_method(backend):
    exact = MaestroConfig(simulation_type=SimulationMethod.MatrixProductState)
    circuit = efficient_su2(8, reps=3)
    circuit = circuit.assign_parameters(np.linspace(0, 3, circuit.num_parameters))
    assert backend.mirror_fidelity(circuit) == pytest.approx(1)
    assert backend.mirror_fidelity(circuit, execution_config=exact) == pytest.approx(1)
    truncated = backend.mirror_fidelity(circuit, execution_config=ExecutionConfig(bond_dimension=1))
    assert truncated < 0.999


def test_an_evolution_has_a_row_for_each_number_of_repetitions(backend):
    block = random_circuit(4, 2, seed=3)
    operators = [
        SparsePauliOp(["ZIII", "IIXY"], [2, -0.5]),
        SparsePauliOp("IIIZ"),
        SparsePauliOp("XXII", -1),
        SparsePauliOp(["IIII", "ZIII", "IXII", "ZXII"], [0.25] * 4),
    ]
    observables = [operators[0], "IIIZ", Pauli("-XXII"), SparseObservable("0+II")]
    found = backend.evolve(block, observables, 3, initial=CIRCUIT)
    assert found.shape == (4, 4)
    state, expected = STATE, []
    for _ in range(4):
        expected.append([state.expectation_value(operator).real for operator in operators])
        state = state.evolve(block)
    assert found == pytest.approx(np.array(expected), abs=1e-12)
    assert backend.evolve(block, "IIIZ", 3, initial=CIRCUIT) == pytest.approx(found[:, 1], abs=1e-12)
    assert backend.evolve(block, "IIII", 0) == pytest.approx([1])


def test_a_wide_chain_evolves_as_a_matrix_product_state(backend):
    block = QuantumCircuit(60)
    block.rx(0.3, range(60))
    config = ExecutionConfig(bond_dimension=16)
    values = backend.evolve(block, "Z" + "I" * 59, 4, execution_config=config)
    assert values == pytest.approx(np.cos(0.3 * np.arange(5)), abs=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda backend: backend.statevector(QuantumCircuit(22)), "22 qubits, expected at most 21"),
        (lambda backend: backend.probabilities(QuantumCircuit(22)), "22 qubits, expected at most 21"),
        (lambda backend: backend.probabilities(CIRCUIT, [4]), "different indices from 0 to 3"),
        (lambda backend: backend.probabilities(CIRCUIT, [0, 0]), "different indices"),
        (lambda backend: backend.probabilities(CIRCUIT, []), "different indices"),
        (lambda backend: backend.amplitude(CIRCUIT, "000"), "expected 4 characters 0 or 1"),
        (lambda backend: backend.amplitude(CIRCUIT, 7), "bitstring is 7"),
        (lambda backend: backend.fidelity([]), "at least one circuit"),
        (lambda backend: backend.fidelity(CIRCUIT), "expected a second circuit"),
        (
            lambda backend: backend.fidelity(CIRCUIT, QuantumCircuit(2)),
            r"same number of qubits, got \[2, 4\]",
        ),
        (lambda backend: backend.fidelity([CIRCUIT, 1]), r"a\[1\] is int, expected a QuantumCircuit"),
        (lambda backend: backend.evolve(CIRCUIT, "Z", 1), "an observable has 1 qubits and the circuit 4"),
        (lambda backend: backend.evolve(CIRCUIT, "ZZZQ", 1), "'ZZZQ' cannot be read"),
        (lambda backend: backend.evolve(CIRCUIT, SparsePauliOp("ZZZZ", 1j), 1), "complex coefficients"),
        (lambda backend: backend.evolve(CIRCUIT, [], 1), "observables is empty"),
        (lambda backend: backend.evolve(CIRCUIT, "ZZZZ", -1), "repetitions is -1"),
        (
            lambda backend: backend.evolve(CIRCUIT, "Z" * 4, 1, initial=QuantumCircuit(1)),
            "initial has 1 qubits",
        ),
    ],
)
def test_wrong_arguments_are_refused(backend, call, message):
    with pytest.raises(QoroInputError, match=message):
        call(backend)


def test_the_widest_state_vector_arrives(backend, request):
    # That of 21 qubits, the limit, takes four seconds. So only runs with more cases try it.
    width = 21 if request.config.getoption("--cases") > 1 else 17
    circuit = QuantumCircuit(width)
    circuit.x(width - 1)
    found = backend.statevector(circuit)
    assert found.data[2 ** (width - 1)] == 1
    assert found.num_qubits == width


def test_qpu_systems_compute_no_states(qpu):
    with pytest.raises(QoroInputError, match="states are computed on simulators only"):
        qpu.statevector(CIRCUIT)


def test_options_of_qpus_are_refused(backend):
    with pytest.raises(QoroInputError, match="DeviceConfig is for QPU systems"):
        backend.statevector(CIRCUIT, execution_config=DeviceConfig({}))


def test_a_failed_job_names_the_reason_and_its_identifier(backend):
    config = MaestroConfig(simulation_type=SimulationMethod.Stabilizer)
    with pytest.raises(JobFailedError, match=r"job \S+ is FAILED: simulation_type Stabilizer") as caught:
        backend.statevector(CIRCUIT, execution_config=config)
    assert caught.value.job_id in str(caught.value)


def test_noise_is_refused(backend):
    config = ExecutionConfig(noisy_device="local_loud")
    with pytest.raises(JobFailedError, match="a state with noise has no state vector: remove the noise"):
        backend.statevector(CIRCUIT, execution_config=config)


def test_an_initialized_qubit_has_its_state(backend):
    circuit = QuantumCircuit(2)
    circuit.initialize([0.6, 0.8j], 1)
    assert backend.statevector(circuit).data == pytest.approx([0.6, 0, 0.8j, 0])


def test_the_arrays_of_a_job_can_be_read_by_its_identifier(backend):
    submitted = backend.service.submit_programs(
        {"a": write_state_program(CIRCUIT, "circuit")},
        Measurement(state=StateRequest(StateQuantity.STATEVECTOR)),
        override_job_config=backend.job_config(),
    )
    assert backend.service.wait_for_job(submitted).status is JobStatus.COMPLETED
    assert backend.service.get_state_arrays(submitted)["a"] == pytest.approx(STATE.data)
    with pytest.raises(WireError, match="the job computed states"):
        backend.provider.retrieve_job(submitted.job_id).result()


class InterruptingClock:
    """A clock whose user presses Ctrl-C during the first wait."""

    def __init__(self, ctrl_c):
        self.ctrl_c = ctrl_c

    def now(self):
        return 0.0

    def wait(self, seconds, event=None):
        self.ctrl_c()


def test_ctrl_c_cancels_the_job_and_the_error_has_its_identifier(local_service, ctrl_c):
    service = QoroService(local_service.token, base_url=local_service.url, clock=InterruptingClock(ctrl_c))
    backend = QoroBackend(SimulatorCluster("qoro_maestro"), service)
    with pytest.raises(ExecutionCancelledError, match="was cancelled") as caught:
        backend.statevector(CIRCUIT)
    assert caught.value.job_id in str(caught.value)


@responses.activate
def test_a_service_without_the_extension_is_named():
    responses.get("https://qoro.test/api/openapi.json", status=404)
    backend = QoroBackend(SimulatorCluster("cloud"), QoroService("token", base_url="https://qoro.test/api"))
    with pytest.raises(QoroInputError, match=r"https://qoro.test/api does not compute states, .*'states'"):
        backend.fidelity(CIRCUIT, OTHER)
