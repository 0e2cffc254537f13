"""``QoroBackend``: its attributes, copies, transpiling for it, and what a run sends and refuses."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.providers import BackendV2
from qiskit.transpiler import TranspilerError, generate_preset_pass_manager

import qiskit_qoro
from qiskit_qoro import (
    QPU,
    JobConfig,
    QoroAPIError,
    QoroBackend,
    QoroInputError,
    QoroProvider,
    QoroService,
    QPUSystem,
    SimulatorCluster,
)
from qiskit_qoro.backends.target import SIMULATOR_WIDTH
from qiskit_qoro.qasm import GATES

URL = "http://qoro.invalid/api"


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@pytest.fixture
def qpu(provider: QoroProvider) -> QoroBackend:
    return provider.get_backend("local_qpu")


# --- attributes -----------------------------------------------------------------------------------------


def test_a_simulator_backend_has_its_fixed_width_and_every_gate_of_the_engine(
    provider: QoroProvider, backend: QoroBackend
) -> None:
    assert isinstance(backend, BackendV2)
    assert backend.name == "qoro_maestro"
    assert type(backend.num_qubits) is int
    assert backend.num_qubits == SIMULATOR_WIDTH
    assert backend.max_circuits is None
    assert {*GATES, "measure", "reset", "delay", "if_else"} <= set(backend.operation_names)
    assert backend.coupling_map is None
    assert backend.dt is None
    assert backend.backend_version == qiskit_qoro.__version__
    assert (backend.is_simulator, backend.is_operational) == (True, True)
    assert backend.system == SimulatorCluster("qoro_maestro")
    assert backend.provider is provider
    assert backend.service is provider.service


def test_the_width_of_a_qpu_system_is_that_of_its_widest_qpu(qpu: QoroBackend) -> None:
    assert type(qpu.num_qubits) is int
    assert qpu.num_qubits == 7
    assert (qpu.is_simulator, qpu.is_operational) == (False, True)


def test_packages_written_for_qiskit_0_find_a_configuration(backend: QoroBackend, qpu: QoroBackend) -> None:
    simulator, device = backend.configuration(), qpu.configuration()
    assert (simulator.backend_name, simulator.simulator) == ("qoro_maestro", True)
    assert (device.backend_name, device.simulator) == ("local_qpu", False)
    assert device.num_qubits == device.n_qubits == qpu.num_qubits
    assert device.backend_version == qpu.backend_version
    assert set(device.basis_gates) == set(qpu.target.operation_names)
    assert (simulator.coupling_map, device.max_shots) == (None, None)
    assert [0, 1] in device.coupling_map
    assert [0, 6] not in device.coupling_map
    # Such packages divide by it to compute how many jobs their circuits need.
    assert -(-5000 // device.max_experiments) == 1


def test_an_offline_qpu_system_is_not_operational() -> None:
    system = QPUSystem("attic", (QPU("old", 5, "offline", "superconducting"),))
    backend = QoroBackend(system, QoroService("token", JobConfig(qpu_system=system), base_url=URL))

    assert backend.is_operational is False
    assert backend.num_qubits == 5


def test_the_repr_of_a_backend_has_its_name_its_width_and_its_address(
    backend: QoroBackend, qpu: QoroBackend
) -> None:
    assert (
        repr(backend) == f"<QoroBackend 'qoro_maestro': simulator, 1024 qubits, {backend.service.base_url}>"
    )
    assert repr(qpu) == f"<QoroBackend 'local_qpu': QPU system, 7 qubits, {qpu.service.base_url}>"


# --- copies ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("twin_of", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_of_a_used_backend_runs_circuits(backend: QoroBackend, twin_of: Any) -> None:
    backend.set_options(shots=33)
    backend.run(bell()).result()

    twin = twin_of(backend)

    assert (twin.name, twin.num_qubits, dict(twin.options)) == (
        backend.name,
        backend.num_qubits,
        dict(backend.options),
    )
    assert sum(twin.run(bell()).result().get_counts().values()) == 33


def test_a_pickled_backend_runs_circuits_in_another_process(backend: QoroBackend) -> None:
    script = """
import pickle, sys
backend, circuit = pickle.load(sys.stdin.buffer)
print(sum(backend.run(circuit, shots=21).result().get_counts().values()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps((backend, bell())),
        capture_output=True,
        timeout=60,
        check=True,
    )

    assert (done.stdout.strip(), done.stderr) == (b"21", b"")


# --- transpiling ----------------------------------------------------------------------------------------


def test_circuits_are_transpiled_in_parallel_processes() -> None:
    script = """
from qiskit import QuantumCircuit, transpile
from qiskit.utils import should_run_in_parallel
from qiskit_qoro import QoroProvider
assert should_run_in_parallel(2)
circuits = []
for flips in range(8):
    circuit = QuantumCircuit(3)
    for qubit in range(3):
        if flips >> qubit & 1:
            circuit.x(qubit)
    circuit.measure_all()
    circuits.append(circuit)
with QoroProvider.local(workers=1) as provider:
    backend = provider.get_backend()
    backend.run(circuits[0], shots=1).result()
    compiled = transpile(circuits, backend, num_processes=2)
    counts = backend.run(compiled, shots=2).result().get_counts()
print(counts == [{format(flips, "03b"): 2} for flips in range(8)])
"""
    environment = {**os.environ, "QISKIT_PARALLEL": "TRUE", "QISKIT_IGNORE_USER_SETTINGS": "TRUE"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )

    assert (done.stdout.strip(), done.returncode) == ("True", 0), done.stderr


@pytest.mark.parametrize("level", range(4))
def test_a_preset_pass_manager_accepts_the_backend(backend: QoroBackend, level: int) -> None:
    compiled = generate_preset_pass_manager(level, backend).run(bell())

    assert set(backend.run(compiled, shots=100).result().get_counts()) == {"00", "11"}


@pytest.mark.parametrize("level", range(4))
def test_the_transpiler_refuses_a_circuit_that_is_too_wide(qpu: QoroBackend, level: int) -> None:
    circuit = QuantumCircuit(8)
    circuit.h(range(8))
    circuit.measure_all()

    with pytest.raises(TranspilerError, match="8"):
        transpile(circuit, qpu, optimization_level=level)


# --- what is refused, before anything is sent -----------------------------------------------------------


@pytest.fixture
def unreachable() -> Iterator[QoroBackend]:
    """A QPU system of 3 qubits whose service must not receive any request."""
    system = QPUSystem("small", (QPU("three", 3, "online", "superconducting"),))
    service = QoroService("token", JobConfig(qpu_system=system), base_url=URL)
    with responses.RequestsMock() as wire:
        yield QoroBackend(system, service)
        assert not wire.calls


@pytest.mark.parametrize(
    ("circuits", "complaint"),
    [
        ([], "at least one circuit, got an empty list"),
        ((), "at least one circuit"),
        (None, "got NoneType"),
        ("OPENQASM 2.0;", "got str: .*submit_circuits"),
        (5, "got int"),
        (iter([bell()]), "a list of them, got list_iterator"),
        ([bell(), "OPENQASM 2.0;"], "circuit 1: expected a QuantumCircuit, got str"),
        ([bell(), None], "circuit 1: expected a QuantumCircuit, got NoneType"),
    ],
)
def test_anything_but_circuits_is_refused(unreachable: QoroBackend, circuits: Any, complaint: str) -> None:
    with pytest.raises(QoroInputError, match=complaint):
        unreachable.run(circuits)


def test_the_error_for_a_free_parameter_names_circuit_and_instruction(unreachable: QoroBackend) -> None:
    circuit = QuantumCircuit(1, name="ansatz")
    circuit.h(0)
    circuit.rx(Parameter("θ"), 0)

    with pytest.raises(
        QoroInputError, match=r"circuit 1 \('ansatz'\): instruction 1 \(rx\): the parameter θ"
    ):
        unreachable.run([bell(), circuit])


def test_the_error_for_a_while_loop_names_circuit_and_instruction(unreachable: QoroBackend) -> None:
    circuit = QuantumCircuit(1, 1, name="teleport")
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.while_loop((0, 1)):
        circuit.h(0)
        circuit.measure(0, 0)

    with pytest.raises(QoroInputError, match=r"circuit 0 \('teleport'\): instruction 2 \(while_loop\)"):
        unreachable.run(circuit)


def test_a_run_refuses_a_circuit_that_is_too_wide(unreachable: QoroBackend) -> None:
    circuit = QuantumCircuit(9, name="wide")
    circuit.h([0, 2, 4, 6])

    with pytest.raises(QoroInputError, match=r"circuit 1 \('wide'\) uses 4 qubits, but 'small' has 3"):
        unreachable.run([bell(), circuit])


def test_the_extra_qubit_of_conditions_counts_towards_the_width(unreachable: QoroBackend) -> None:
    circuit = QuantumCircuit(3, 1)
    circuit.h(range(3))
    with circuit.if_test((0, 1)):
        circuit.measure(0, 0)
        circuit.x(0)

    with pytest.raises(
        QoroInputError, match=r"uses 4 qubits, one of them for its conditions, but 'small' has 3"
    ):
        unreachable.run(circuit)


def test_idle_qubits_do_not_count_towards_the_width(qpu: QoroBackend) -> None:
    circuit = QuantumCircuit(20, 1)
    circuit.x(19)
    circuit.measure(19, 0)

    counts = qpu.run(circuit, shots=1000).result().get_counts()

    assert counts["1"] > 900


# --- what is sent ---------------------------------------------------------------------------------------


def test_a_run_returns_after_the_upload(unreachable: QoroBackend) -> None:
    with responses.RequestsMock() as wire:
        wire.post(f"{URL}/job/init/", json={"job_id": "7"})
        wire.post(f"{URL}/job/7/add_circuits/", json={})

        job = unreachable.run(bell())

        assert [call.request.method for call in wire.calls] == ["POST", "POST"]
        opening = wire.calls[0].request.body.decode()
    assert job.job_id() == "7"
    assert '"qpu_system_name":"small"' in opening
    assert "simulator_cluster" not in opening


def test_a_run_records_the_depths_of_its_circuits() -> None:
    config = JobConfig(simulator_cluster="qoro_maestro")
    service = QoroService("token", config, track_depth=True, base_url=URL)
    flip = QuantumCircuit(1, 1)
    flip.x(0)
    flip.measure(0, 0)
    with responses.RequestsMock() as wire:
        wire.post(f"{URL}/job/init/", json={"job_id": "7"})
        wire.post(f"{URL}/job/7/add_circuits/", json={})

        QoroBackend(SimulatorCluster("qoro_maestro"), service).run([bell(), flip], shots=[5, 6])

    assert service.depth_history == [[3, 2]]


def test_the_error_of_a_refused_job_gives_the_reason_of_the_service(unreachable: QoroBackend) -> None:
    with responses.RequestsMock() as wire:
        wire.post(f"{URL}/job/init/", status=402, json={"error": "no credits left"})

        with pytest.raises(QoroAPIError, match="no credits left"):
            unreachable.run(bell())


def test_a_run_overrides_the_target_of_the_client(provider: QoroProvider, qpu: QoroBackend) -> None:
    assert provider.service.job_config.simulator_cluster is not None

    assert sum(qpu.run(bell(), shots=10, use_circuit_packing=True).result().get_counts().values()) == 10
