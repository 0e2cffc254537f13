"""MaestroConfig: what its options accept, how they are shown, changed, and sent."""

from __future__ import annotations

import copy
import inspect
import logging
import pickle
import re
from typing import Any

import numpy as np
import pytest

from qiskit_qoro import MaestroConfig, NoiseModel, QoroInputError, SimulationMethod, Simulator
from qiskit_qoro.models.engine_options import OptionKind
from qiskit_qoro.models.maestro import ENGINE_OPTIONS

EXAMPLES: dict[OptionKind, Any] = {
    OptionKind.SIMULATOR: Simulator.QCSim,
    OptionKind.METHOD: SimulationMethod.PathIntegral,
    OptionKind.FLAG: True,
    OptionKind.MAPPING: {"distributed_a": "b", "mpi_c": "d"},
}


def example(name: str) -> Any:
    """A valid value of an option."""
    option = ENGINE_OPTIONS[name]
    if option.kind is OptionKind.CHOICE:
        return option.choices[-1]
    if option.kind is OptionKind.NUMBER:
        return 0.25
    return EXAMPLES.get(option.kind, 3)


FULL = MaestroConfig(**{name: example(name) for name in ENGINE_OPTIONS})


@pytest.mark.parametrize("name", ENGINE_OPTIONS)
def test_an_option_is_kept_shown_sent_and_read(name: str) -> None:
    value = example(name)
    config = MaestroConfig(**{name: value})
    assert getattr(config, name) == value
    assert config.options_set() == {name: value}
    assert config.to_payload() == {name: value}
    assert type(config.to_payload()[name]) in (int, float, bool, str, dict)
    assert MaestroConfig.from_payload(config.to_payload()) == config
    assert MaestroConfig.from_response(config.to_payload()) == config
    assert eval(repr(config)) == config
    assert repr(config).count("=") == 1
    assert config.reset(name) == MaestroConfig()


@pytest.mark.parametrize("name", ENGINE_OPTIONS)
def test_the_ends_of_a_range_are_accepted_and_what_is_beyond_is_refused(name: str) -> None:
    option = ENGINE_OPTIONS[name]
    step = 1 if option.kind is OptionKind.INTEGER else 1e-9
    accepted = [limit for limit in (option.least, option.most) if limit is not None]
    refused = [
        *([option.least - step] if option.least is not None else ()),
        *([option.most + step] if option.most is not None else ()),
        *(limit for limit in (option.above, option.below) if limit is not None),
    ]
    for value in accepted:
        assert getattr(MaestroConfig(**{name: value}), name) == value
    for value in refused:
        with pytest.raises(QoroInputError, match=f"^{name} is .*, expected {re.escape(option.expected)}"):
            MaestroConfig(**{name: value})


@pytest.mark.parametrize("name", ENGINE_OPTIONS)
@pytest.mark.parametrize("value", [b"x", object(), "warp", [1], 1j, float("nan")])
def test_a_value_of_another_kind_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(QoroInputError, match=f"^{name} is "):
        MaestroConfig(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gate_fusion", 1),
        ("max_simulators", True),
        ("max_simulators", 2.0),
        ("pp_coefficient_threshold", True),
        ("simulation_type", True),
        ("simulation_type", 9),
        ("simulator_type", Simulator),
        ("distributed_options", {"other": "x"}),
        ("distributed_options", {"mpi_x": 1}),
        ("distributed_options", {1: "x"}),
        ("mps_sampling", "Probabilities"),
    ],
)
def test_a_value_that_only_looks_similar_is_refused(name: str, value: object) -> None:
    with pytest.raises(QoroInputError, match=f"^{name} is "):
        MaestroConfig(**{name: value})


@pytest.mark.parametrize("value", [SimulationMethod.PauliPropagator, "PauliPropagator", "paulipropagator", 4])
def test_a_method_is_given_by_member_name_or_number(value: Any) -> None:
    assert MaestroConfig(simulation_type=value).simulation_type is SimulationMethod.PauliPropagator


@pytest.mark.parametrize("value", ["Gpu", "gpusim", 4, np.int64(4)])
def test_the_gpu_has_the_name_of_the_engine_too(value: Any) -> None:
    assert MaestroConfig(simulator_type=value).simulator_type is Simulator.GpuSim


@pytest.mark.parametrize("name", ENGINE_OPTIONS)
def test_a_scalar_of_numpy_counts_as_the_value_that_it_holds(name: str) -> None:
    value = example(name)
    if ENGINE_OPTIONS[name].kind is OptionKind.MAPPING:
        value = {key: np.str_(item) for key, item in value.items()}
    else:
        value = np.asarray(value.name if isinstance(value, Simulator | SimulationMethod) else value)[()]
    config = MaestroConfig(**{name: value})
    assert config == MaestroConfig(**{name: example(name)})
    assert "np." not in repr(config)


@pytest.mark.parametrize("name", ["noisy_device", "noise_scaling_factor"])
def test_fields_of_noisy_devices_are_refused_with_the_class_that_has_them(name: str) -> None:
    with pytest.raises(QoroInputError, match=f"'{name}' is a field of ExecutionConfig, not an option"):
        MaestroConfig(**{name: 1})


@pytest.mark.parametrize(
    ("given", "closest"),
    [
        ("bond_dimension", "max_bond_dimension"),
        ("truncation_threshold", "singular_value_threshold"),
        ("simulator", "simulator_type"),
        ("simulation_method", "simulation_type"),
        ("max_bond_dim", "max_bond_dimension"),
        ("pp_threshold", "pp_coefficient_threshold"),
        ("Seed", "seed"),
        ("noise", "noise_seed"),
    ],
)
def test_an_unknown_option_is_refused_with_the_closest_one(given: str, closest: str) -> None:
    message = f"^{given!r} is not an option of the engine, did you mean {closest!r}"
    for build in (
        lambda: MaestroConfig(**{given: 1}),
        lambda: MaestroConfig().override(**{given: 1}),
        lambda: FULL.reset("seed", given),
        lambda: MaestroConfig.from_payload({given: 1}),
    ):
        with pytest.raises(QoroInputError, match=message):
            build()


def test_options_are_overridden_and_reset_in_a_copy() -> None:
    config = MaestroConfig(seed=1, simulation_type="MatrixProductState", max_bond_dimension=8)
    changed = config.override(max_bond_dimension=16, seed=None, gate_fusion=False)
    assert changed.options_set() == {
        "simulation_type": SimulationMethod.MatrixProductState,
        "max_bond_dimension": 16,
        "gate_fusion": False,
    }
    assert changed.reset("simulation_type", "max_bond_dimension") == MaestroConfig(gate_fusion=False)
    assert config == MaestroConfig(seed=1, simulation_type=1, max_bond_dimension=8)
    assert config.override() == config.reset() == config
    with pytest.raises(QoroInputError, match="max_bond_dimension is 0"):
        config.override(max_bond_dimension=0)


def test_equal_options_are_equal_hash_equal_and_can_be_copied() -> None:
    model = NoiseModel()
    model.set_all_depolarizing(1, 0.01)
    for config in (MaestroConfig(), FULL, FULL.override(noise_model=model, noise_seed=3)):
        same = copy.deepcopy(config)
        assert same == config
        assert hash(same) == hash(config)
        assert pickle.loads(pickle.dumps(config)) == config
        assert eval(repr(config)) == config
    assert MaestroConfig(seed=1) != MaestroConfig(seed=2)
    assert MaestroConfig(gate_fusion=False) != MaestroConfig()
    assert len({MaestroConfig(seed=1), MaestroConfig(seed=1), FULL}) == 2


def test_only_what_is_set_is_shown() -> None:
    config = MaestroConfig(simulation_type=4, pp_coefficient_threshold=1e-4, gate_fusion=False)
    assert repr(config) == (
        "MaestroConfig(simulation_type='PauliPropagator', pp_coefficient_threshold=0.0001, gate_fusion=False)"
    )
    unknown = MaestroConfig(simulation_type=SimulationMethod(42))
    assert repr(unknown) == "MaestroConfig(simulation_type=SimulationMethod(42))"
    assert repr(MaestroConfig()) == "MaestroConfig()"


def test_a_long_noise_model_is_shown_by_its_number_of_calls() -> None:
    calls = [{"method": "set_all_depolarizing", "args": [1, 0.5]}]
    assert repr(MaestroConfig(noise_model=3 * calls)).count("set_all_depolarizing") == 3
    assert repr(MaestroConfig(noise_model=4 * calls)) == "MaestroConfig(noise_model=<4 calls>)"


def test_the_first_options_may_be_given_by_position() -> None:
    assert MaestroConfig(1, 1, 8, 0.5, 3) == MaestroConfig(
        simulator_type=1, simulation_type=1, max_bond_dimension=8, singular_value_threshold=0.5, seed=3
    )
    assert set(inspect.signature(MaestroConfig).parameters) == MaestroConfig.option_names()


def test_unknown_members_of_a_response_are_kept_and_sent_back() -> None:
    config = MaestroConfig.from_response({"simulator_type": 42, "simulation_type": "43"})
    assert config.to_payload() == {"simulator_type": 42, "simulation_type": 43}
    assert config.override(seed=1).to_payload()["simulator_type"] == 42


def test_a_response_is_read_as_far_as_possible(caplog: pytest.LogCaptureFixture) -> None:
    data = {
        "max_bond_dimension": "16",
        "gate_fusion": "yes",
        "simulation_type": " pathintegral",
        "noise_seed": "5",
        "noise_realizations": 8.0,
        "noise_model": [{"method": "set_all_depolarizing", "args": [1, 0.5]}],
        "mps_sampling": "other",
        "warp": 9,
        "seed": None,
    }
    with caplog.at_level(logging.WARNING):
        config = MaestroConfig.from_response(data)
    assert config == MaestroConfig(
        max_bond_dimension=16,
        gate_fusion=True,
        simulation_type=6,
        noise_seed=5,
        noise_realizations=8,
        noise_model=data["noise_model"],
    )
    assert len(caplog.records) == 2
    assert "mps_sampling is 'other'" in caplog.text
    assert "'warp' is not an option of the engine" in caplog.text


@pytest.mark.parametrize("payload", [{"simulation_type": "Statevector"}, {"seed": "1"}, {"seed": 1.0}])
def test_a_payload_is_read_strictly(payload: dict[str, Any]) -> None:
    with pytest.raises(QoroInputError, match=f"^{next(iter(payload))} is "):
        MaestroConfig.from_payload(payload)
