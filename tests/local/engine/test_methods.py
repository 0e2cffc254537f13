"""Configurations that the engine does not support are refused, and the default method fits the program."""

import psutil
import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.analysis.costs import statevector_bytes
from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.methods import (
    choose_method,
    default_memory_limit,
)
from qiskit_qoro.local.engine.program import write_engine_program
from qiskit_qoro.local.engine.simulator import sample
from qiskit_qoro.local.engine.supported import check_config
from qiskit_qoro.models.config import API_META_KEYS, ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm.read.parser import parse_program

GIB = 2**30
ONE = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'


def program(width, gate="h"):
    return write_engine_program(
        parse_program(f'OPENQASM 2.0; include "qelib1.inc"; qreg q[{width}]; {gate} q;')
    )


def chosen(width, gate="h", *, sampling=True, limit=GIB, **config):
    return choose_method(
        program(width, gate), MaestroConfig(**config), sampling=sampling, memory_limit_bytes=limit
    )


@pytest.mark.parametrize(
    ("width", "gate", "sampling", "method"),
    [
        (16, "h", True, SimulationMethod.Statevector),
        (17, "h", True, SimulationMethod.Stabilizer),
        (17, "h", False, SimulationMethod.Stabilizer),
        (24, "t", True, SimulationMethod.Statevector),
        (25, "t", True, SimulationMethod.MatrixProductState),
        (25, "h", True, SimulationMethod.Stabilizer),
        (26, "t", False, SimulationMethod.Statevector),
        (27, "t", False, SimulationMethod.MatrixProductState),
        (70, "h", True, SimulationMethod.Stabilizer),
        (70, "t", False, SimulationMethod.MatrixProductState),
    ],
)
def test_large_clifford_circuits_use_stabilizers_and_others_a_state_vector_that_fits_in_a_gibibyte(
    width, gate, sampling, method
):
    choice = chosen(width, gate, sampling=sampling)
    assert (choice.simulator, choice.method) == (Simulator.QCSim, method)


def test_31_qubits_never_use_a_state_vector():
    assert chosen(31, "t", limit=2**60).method is SimulationMethod.MatrixProductState


def test_a_bond_dimension_without_a_method_means_a_matrix_product_state():
    assert chosen(3, max_bond_dimension=4).method is SimulationMethod.MatrixProductState
    assert chosen(3, singular_value_threshold=0.1).method is SimulationMethod.MatrixProductState


def test_the_requested_method_is_used():
    config = {"simulator_type": Simulator.QiskitAer, "simulation_type": SimulationMethod.Stabilizer}
    choice = chosen(3, **config)
    assert (choice.simulator, choice.method) == (Simulator.QiskitAer, SimulationMethod.Stabilizer)


def test_the_stabilizer_method_refuses_other_gates_by_name():
    with pytest.raises(QoroInputError, match="contains t: use MatrixProductState"):
        chosen(3, "t", simulation_type=SimulationMethod.Stabilizer)


def test_a_state_vector_beyond_memory_is_refused_with_an_alternative():
    with pytest.raises(QoroInputError, match=r"25 qubits needs 1\.75 GiB.*1\.00 GiB.*MatrixProductState"):
        chosen(25, "t", simulation_type=SimulationMethod.Statevector)


def test_a_composite_simulator_beyond_memory_is_refused_with_an_alternative():
    with pytest.raises(QoroInputError, match=r"MatrixProductState \(1\), with simulator_type QCSim"):
        chosen(25, "t", simulator_type=Simulator.CompositeQCSim)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"simulator": Simulator.GpuSim}, "GpuSim.*not available, expected one of QiskitAer"),
        ({"simulator": 0, "simulation_method": 4}, "QiskitAer.*does not support.*PauliPropagator"),
        ({"simulator": 0, "simulation_method": 5}, "QiskitAer.*does not support.*ExtendedStabilizer"),
        (
            {"simulator": 2, "simulation_method": 1},
            "CompositeQiskitAer.*expected a simulation_type among Statevector",
        ),
        ({"simulator": 3, "bond_dimension": 4}, "CompositeQCSim.*does not support.*MatrixProductState"),
        (
            {"simulation_method": 0, "bond_dimension": 4},
            "bond_dimension needs the simulation_type MatrixProductState",
        ),
        ({"simulation_method": 2, "truncation_threshold": 0.1}, "truncation_threshold needs"),
        ({"noisy_device": "fez"}, "noisy_device: there is no device 'fez'"),
        ({"noise_realizations": 3}, "noise_realizations needs a noisy_device"),
        ({"noise_scaling_factor": 0.5}, "noise_scaling_factor needs a noisy_device"),
        ({"api_meta": {"colour": 1}}, "unknown key 'colour'.*optimization_level"),
    ],
)
def test_a_configuration_that_is_not_supported_is_refused_with_the_supported_values(fields, message):
    with pytest.raises(QoroInputError, match=message):
        check_config(ExecutionConfig(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"bond_dimension": 4, "truncation_threshold": 0.0},
        {"simulator": 0, "simulation_method": 1, "bond_dimension": 4},
        {"api_meta": {"optimization_level": 1, "layout_method": "sabre"}},
    ],
)
def test_a_supported_configuration_is_accepted_and_run(fields):
    config = ExecutionConfig(**fields)
    check_config(config)
    assert sample(ONE, 5, engine_settings(config, None)) == {"1": 5}


def test_all_known_keys_of_api_meta_are_accepted():
    text = {"layout_method", "routing_method"}
    config = ExecutionConfig(api_meta={key: "sabre" if key in text else 1 for key in API_META_KEYS})
    check_config(config)
    assert sample(ONE, 5, engine_settings(config, None)) == {"1": 5}


def test_the_memory_limit_is_a_share_of_the_free_memory():
    assert statevector_bytes(20, sampling=False) == 2**24
    assert statevector_bytes(20, sampling=True) == 3.5 * 2**24
    free = psutil.virtual_memory().available
    assert default_memory_limit() == pytest.approx(free / 2, rel=0.2)
    assert default_memory_limit(engines=8) == pytest.approx(free / 9, rel=0.2)
