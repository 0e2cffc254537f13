"""ExecutionConfig and JobConfig: validation, overriding, and the payload."""

import copy
import dataclasses
import pickle
from fractions import Fraction

import numpy as np
import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import (
    API_META_KEYS,
    DEFAULT_SHOTS,
    ExecutionConfig,
    JobConfig,
    SimulationMethod,
    Simulator,
)
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster

FULL = ExecutionConfig(
    bond_dimension=16,
    truncation_threshold=1e-8,
    simulator=Simulator.QCSim,
    simulation_method=SimulationMethod.MatrixProductState,
    api_meta={"optimization_level": 2, "layout_method": "sabre"},
    noisy_device="ibm_fake_fez",
    noise_realizations=3,
    noise_scaling_factor=0.5,
)
PAYLOAD = {
    "bond_dimension": 16,
    "truncation_threshold": 1e-8,
    "simulator_type": 1,
    "simulation_type": 1,
    "api_meta": {"optimization_level": 2, "layout_method": "sabre"},
    "noisy_device": "ibm_fake_fez",
    "noise_realizations": 3,
    "noise_scaling_factor": 0.5,
}


# --- ExecutionConfig ----------------------------------------------------------------------------------


def test_enumerations_have_the_numbers_of_the_wire_format():
    assert {item.name: item.value for item in Simulator} == {
        "QiskitAer": 0,
        "QCSim": 1,
        "CompositeQiskitAer": 2,
        "CompositeQCSim": 3,
        "GpuSim": 4,
        "QuestSim": 5,
        "DistributedGpu": 6,
        "DistributedMpiGpu": 7,
    }
    assert Simulator["Gpu"] is Simulator.GpuSim
    assert {item.name: item.value for item in SimulationMethod} == {
        "Statevector": 0,
        "MatrixProductState": 1,
        "Stabilizer": 2,
        "TensorNetwork": 3,
        "PauliPropagator": 4,
        "ExtendedStabilizer": 5,
        "PathIntegral": 6,
        "DensityMatrix": 7,
        "MatrixProductOperator": 8,
    }


def test_the_payload_has_the_names_and_numbers_of_the_wire_format():
    assert FULL.to_payload() == PAYLOAD
    assert [type(FULL.to_payload()[key]) for key in ("simulator_type", "simulation_type")] == [int, int]
    assert ExecutionConfig.wire_names() == PAYLOAD.keys()


def test_the_payload_has_only_the_fields_that_are_set():
    assert ExecutionConfig().to_payload() == {}
    assert ExecutionConfig(truncation_threshold=0, noise_scaling_factor=0, api_meta={}).to_payload() == {
        "truncation_threshold": 0.0,
        "noise_scaling_factor": 0.0,
        "api_meta": {},
    }


def test_a_configuration_is_built_from_a_response():
    assert ExecutionConfig.from_response(PAYLOAD) == FULL
    assert ExecutionConfig.from_response({}) == ExecutionConfig()
    assert ExecutionConfig.from_response(dict.fromkeys(PAYLOAD)) == ExecutionConfig()
    assert ExecutionConfig.from_response(PAYLOAD | {"unknown_key": 1}) == FULL


@pytest.mark.parametrize("kind", [Simulator, SimulationMethod])
def test_an_unknown_number_is_kept_shown_compared_copied_and_sent(kind):
    unknown = kind(90)
    assert (unknown, int(unknown), unknown.value, unknown.name, str(unknown)) == (
        90,
        90,
        90,
        "Unknown90",
        "90",
    )
    assert repr(unknown) == f"<{kind.__name__}.Unknown90: 90>"
    assert (unknown == kind(90), unknown != kind(91), {unknown: 1}[kind(90)]) == (True, True, 1)
    assert pickle.loads(pickle.dumps(unknown)) == copy.deepcopy(unknown) == copy.copy(unknown) == unknown
    assert isinstance(pickle.loads(pickle.dumps(unknown)), kind)
    assert unknown not in list(kind)
    for value in ("90", 90.5, None, "Unknown90"):
        with pytest.raises(ValueError, match="is not a valid"):
            kind(value)


@pytest.mark.parametrize("key", ["simulator_type", "simulation_type"])
@pytest.mark.parametrize("number", [9, 90, -1])
def test_a_configuration_with_an_unknown_number_survives_everything(key, number):
    config = ExecutionConfig.from_response({key: number})
    assert config.to_payload() == {key: number}
    assert ExecutionConfig(bond_dimension=2).override(config).to_payload() == {
        "bond_dimension": 2,
        key: number,
    }
    assert pickle.loads(pickle.dumps(config)) == copy.deepcopy(config) == config
    assert str(number) in repr(config)
    assert MaestroConfig.from_execution_config(config).to_payload() == {key: number}


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ({"bond_dimension": "16"}, {"bond_dimension": 16}),
        ({"bond_dimension": 16.0}, {"bond_dimension": 16}),
        ({"truncation_threshold": "1e-8"}, {"truncation_threshold": 1e-8}),
        ({"simulator_type": "1"}, {"simulator_type": 1}),
        ({"simulator_type": "qcsim"}, {"simulator_type": 1}),
        ({"simulation_type": " MatrixProductState "}, {"simulation_type": 1}),
        ({"noisy_device": 5}, {"noisy_device": "5"}),
        (
            {"noise_realizations": "3", "noise_scaling_factor": "0.5"},
            {"noise_realizations": 3, "noise_scaling_factor": 0.5},
        ),
        (
            {"api_meta": {"optimization_level": "2", "new": [None]}},
            {"api_meta": {"optimization_level": 2, "new": [None]}},
        ),
    ],
)
def test_every_clear_form_of_a_value_in_a_response_is_read(data, read, caplog):
    assert ExecutionConfig.from_response(data).to_payload() == read
    assert not caplog.records


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ({"bond_dimension": "many"}, {}),
        ({"bond_dimension": 0}, {}),
        ({"truncation_threshold": 1.0}, {}),
        ({"truncation_threshold": True}, {}),
        ({"simulator_type": "Fast"}, {}),
        ({"simulation_type": []}, {}),
        ({"noisy_device": ""}, {}),
        ({"noise_scaling_factor": "2"}, {}),
        ({"api_meta": "none"}, {}),
        (
            {"api_meta": {"optimization_level": "high", "layout_method": "sabre"}},
            {"api_meta": {"layout_method": "sabre"}},
        ),
    ],
)
def test_an_unreadable_value_in_a_response_is_left_out_and_logged(data, read, caplog):
    config = ExecutionConfig.from_response(data | {"noise_realizations": 2})
    assert config.to_payload() == read | {"noise_realizations": 2}
    assert next(iter(data)) in caplog.text


def test_a_payload_is_read_strictly():
    assert ExecutionConfig.from_payload(PAYLOAD) == FULL
    for wrong in (
        {"simulator_type": 90},
        {"bond_dimension": "16"},
        {"api_meta": {"optimization_level": "2"}},
    ):
        with pytest.raises(QoroInputError, match=f"^{next(iter(wrong))}"):
            ExecutionConfig.from_payload(wrong)


def test_the_fields_have_the_documented_order():
    config = ExecutionConfig(4, 0.1, Simulator.GpuSim, SimulationMethod.Stabilizer, {})
    assert (config.bond_dimension, config.truncation_threshold) == (4, 0.1)
    assert (config.simulator, config.simulation_method) == (Simulator.GpuSim, SimulationMethod.Stabilizer)
    assert config.api_meta == {}


def test_an_override_replaces_the_fields_that_are_set_and_changes_neither_configuration():
    base = ExecutionConfig(bond_dimension=4, truncation_threshold=0.1, api_meta={"resilience_level": 1})
    other = ExecutionConfig(bond_dimension=8, truncation_threshold=0, api_meta={"optimization_level": 1})
    merged = base.override(other)
    assert merged == ExecutionConfig(
        bond_dimension=8, truncation_threshold=0.0, api_meta={"optimization_level": 1}
    )
    assert base.bond_dimension == 4
    assert FULL.override(ExecutionConfig()) == FULL == ExecutionConfig().override(FULL)


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("bond_dimension", np.int64(4), 4),
        ("truncation_threshold", np.float64(0.5), 0.5),
        ("truncation_threshold", Fraction(1, 2), 0.5),
        ("simulator", 1, Simulator.QCSim),
        ("simulation_method", 5, SimulationMethod.ExtendedStabilizer),
        ("noise_scaling_factor", 1, 1.0),
    ],
)
def test_numbers_of_any_kind_are_stored_as_python_numbers(field, value, stored):
    kept = getattr(ExecutionConfig(**{field: value}), field)
    assert (kept, type(kept)) == (stored, type(stored))


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("bond_dimension", [0, -1, 1.5, "4", True, float("nan")]),
        ("truncation_threshold", [-0.1, 1, 1.5, "0.1", True, float("nan"), float("inf"), 10**400]),
        ("simulator", [8, -1, "QCSim", True, 1.0, SimulationMethod]),
        ("simulation_method", [9, "Statevector", False]),
        ("api_meta", [5, "x", [], {1: 2}]),
        ("noisy_device", ["", 5]),
        ("noise_realizations", [0, 1.0, "3", True]),
        ("noise_scaling_factor", [-0.1, 1.1, "1", True, float("nan")]),
    ],
)
def test_an_invalid_value_is_refused_with_the_name_of_the_field_and_the_expected_values(field, values):
    for value in values:
        with pytest.raises(QoroInputError, match=rf"{field} is .*expected"):
            ExecutionConfig(**{field: value})


META = {
    "optimization_level": (1, 1.5),
    "resilience_level": (0, "0"),
    "max_execution_time": (60, True),
    "transpilation_seed": (5, None),
    "layout_method": ("sabre", 1),
    "routing_method": ("sabre", ["sabre"]),
    "approximation_degree": (0.99, "high"),
}


@pytest.mark.parametrize("key", META)
def test_the_values_of_api_meta_have_their_types(key):
    good, bad = META[key]
    assert ExecutionConfig(api_meta={key: good}).api_meta == {key: good}
    with pytest.raises(QoroInputError, match=rf"api_meta\['{key}'\] is"):
        ExecutionConfig(api_meta={key: bad})


def test_unknown_keys_of_api_meta_are_left_to_the_service():
    assert META.keys() == API_META_KEYS
    assert ExecutionConfig(api_meta={"approximation_degree": 1, "new": [1]}).to_payload()["api_meta"][
        "new"
    ] == [1]


def test_a_configuration_does_not_share_its_mapping_with_the_caller():
    settings = {"optimization_level": 1}
    config = ExecutionConfig(api_meta=settings)
    settings["optimization_level"] = 2
    config.to_payload()["api_meta"]["optimization_level"] = 3
    assert config.api_meta == {"optimization_level": 1}


# --- JobConfig ----------------------------------------------------------------------------------------


def test_a_target_may_be_given_by_name():
    assert JobConfig(simulator_cluster="c").simulator_cluster == SimulatorCluster("c")
    assert JobConfig(qpu_system="q").target == QPUSystem("q")
    assert JobConfig(simulator_cluster=SimulatorCluster("c")).target.name == "c"
    assert JobConfig().target is None


def test_two_targets_are_refused():
    with pytest.raises(QoroInputError, match="both set"):
        JobConfig(simulator_cluster="c", qpu_system="q")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("shots", [0, -1, 1.5, "10", True]),
        ("simulator_cluster", ["", 5, QPUSystem("q")]),
        ("qpu_system", ["", SimulatorCluster("c")]),
        ("use_circuit_packing", [1, "yes"]),
        ("tag", [None, 5, "lone surrogate: \ud83d"]),
        ("force_sampling", [1, None]),
    ],
)
def test_an_invalid_job_setting_is_refused_with_its_name(field, values):
    for value in values:
        with pytest.raises(QoroInputError, match=rf"{field} is .*expected"):
            JobConfig(**{field: value})


def test_shots_are_stored_as_a_python_integer():
    assert type(JobConfig(shots=np.int64(5)).shots) is int
    assert DEFAULT_SHOTS == 1024


def test_a_job_override_replaces_the_fields_that_are_set():
    base = JobConfig(shots=10, simulator_cluster="c", tag="mine", use_circuit_packing=True)
    assert base.override(JobConfig()) == base
    assert base.override(JobConfig(shots=20, use_circuit_packing=False)) == JobConfig(
        shots=20, simulator_cluster="c", tag="mine", use_circuit_packing=False
    )
    assert base.override(JobConfig(tag="theirs", force_sampling=True)).tag == "theirs"


def test_a_target_in_an_override_replaces_the_other_kind_of_target():
    assert JobConfig(simulator_cluster="c").override(JobConfig(qpu_system="q")).target == QPUSystem("q")
    assert JobConfig(qpu_system="q").override(JobConfig(simulator_cluster="c")).target.name == "c"


# --- both ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [FULL, JobConfig(shots=5, qpu_system="q", tag="t")], ids=["engine", "job"])
def test_configurations_are_frozen_and_can_be_copied_and_pickled(config):
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"cannot assign to field 'shots'"):
        config.shots = 1
    assert copy.deepcopy(config) == pickle.loads(pickle.dumps(config)) == config
