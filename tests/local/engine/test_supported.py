"""Options that the engine does not support are refused by name, and the others reach the engine."""

from __future__ import annotations

from typing import Any

import maestro
import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import estimate, sample
from qiskit_qoro.local.engine.supported import check_density_matrix, check_options, requested_method
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.engine_options import OptionKind
from qiskit_qoro.models.maestro import ENGINE_OPTIONS, MaestroConfig

BELL = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1];'
ON_A_CPU = sorted(
    name
    for name, option in ENGINE_OPTIONS.items()
    if option.needs is None and name not in ("simulator_type", "simulation_type", "seed")
)


def example(name: str) -> Any:
    """A value of an option that is not its default."""
    option = ENGINE_OPTIONS[name]
    if option.kind is OptionKind.FLAG:
        return not option.default
    if option.kind is OptionKind.CHOICE:
        return next(choice for choice in option.choices if choice != option.default)
    return 0.25 if option.kind is OptionKind.NUMBER else 3


class Recorder:
    """Remembers the configuration of each call of a function of the engine."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.configs: list[Any] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.configs.append(kwargs["config"])
        return self.function(*args, **kwargs)


@pytest.mark.parametrize("name", ON_A_CPU)
def test_an_option_reaches_the_engine_for_counts_and_for_values(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute, evaluate = Recorder(maestro.simple_execute), Recorder(maestro.simple_estimate)
    monkeypatch.setattr(maestro, "simple_execute", execute)
    monkeypatch.setattr(maestro, "simple_estimate", evaluate)
    value = example(name)
    settings = EngineSettings(MaestroConfig(**{name: value}))
    sample(BELL + "measure q -> c;", 10, settings)
    estimate(BELL, ["ZZ"], settings)
    default = maestro.SimulatorConfig()
    methods = ENGINE_OPTIONS[name].methods or (SimulationMethod.Statevector,)
    for config in (*execute.configs, *evaluate.configs):
        assert getattr(config, name) == value != getattr(default, name)
        assert config.simulation_type.name == methods[0].name
    assert len(execute.configs) == len(evaluate.configs) == 1


@pytest.mark.parametrize("name", sorted(name for name, option in ENGINE_OPTIONS.items() if option.needs))
def test_an_option_that_needs_other_hardware_is_refused_with_the_reason(name: str) -> None:
    option = ENGINE_OPTIONS[name]
    value: Any = {"mpi_x": "1"} if option.kind is OptionKind.MAPPING else 0
    value = option.choices[0] if option.choices else value
    with pytest.raises(
        QoroInputError, match=f"^{name} needs {option.needs}, which this service does not have"
    ):
        check_options(MaestroConfig(**{name: value}))


def test_what_every_cpu_does_anyway_is_accepted() -> None:
    settings = EngineSettings(MaestroConfig(precision="double", distributed_options={}))
    assert estimate(BELL, ["ZZ"], settings) == pytest.approx([1])


@pytest.mark.parametrize("name", sorted(name for name in ON_A_CPU if ENGINE_OPTIONS[name].methods))
def test_an_option_of_other_methods_than_the_chosen_one_is_refused(name: str) -> None:
    option = ENGINE_OPTIONS[name]
    options = {name: example(name)}
    assert requested_method(MaestroConfig(**options)) is option.methods[0]
    for method in option.methods:
        check_options(MaestroConfig(simulation_type=method, **options))
    with pytest.raises(
        QoroInputError, match=rf"^{name} needs the simulation_type {option.methods[0].name} .*"
    ):
        check_options(MaestroConfig(simulation_type="Stabilizer", **options))


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ({"max_bond_dimension": 4, "mpo_restore_trace_after_truncation": True}, "MatrixProductOperator"),
        ({"max_bond_dimension": 4, "lookahead_depth": 2}, "MatrixProductState"),
        ({"gate_fusion": True, "max_simulators": 2}, None),
        ({"gate_fusion": True, "path_integral_threshold": 0.1}, "PathIntegral"),
    ],
)
def test_options_without_a_method_ask_for_one_that_all_of_them_concern(
    options: dict[str, Any], method: str | None
) -> None:
    config = MaestroConfig(**options)
    check_options(config)
    found = requested_method(config)
    assert (None if found is None else found.name) == method


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"max_bond_dimension": 4, "pp_max_pauli_weight": 2},
            r"pp_max_pauli_weight needs .* PauliPropagator \(4\), and max_bond_dimension needs MatrixProduct",
        ),
        (
            {"truncation_mode": "relative_max", "simulator_type": "QiskitAer"},
            "truncation_mode 'relative_max': .*QiskitAer .*discarded_weight",
        ),
        ({"min_cluster_qubits": 4, "max_cluster_qubits": 3}, "min_cluster_qubits is 4, expected at most"),
        ({"simulator_type": "QiskitAer", "path_integral_threshold": 0.1}, "QiskitAer .*PathIntegral"),
        ({"simulator_type": "QuestSim"}, r"QuestSim \(5\) is not available"),
        ({"simulator_type": "DistributedGpu"}, r"DistributedGpu \(6\) is not available"),
        ({"simulator_type": "DistributedMpiGpu"}, r"DistributedMpiGpu \(7\) is not available"),
        ({"auto_reduce": True, "simulation_type": "Stabilizer"}, r"auto_reduce .* Stabilizer \(2\)"),
        ({"precision": "single"}, "precision needs a GPU"),
        ({"precision": "single", "simulator_type": "QiskitAer"}, "precision needs a GPU"),
    ],
)
def test_options_that_exclude_each_other_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(QoroInputError, match=message):
        check_options(MaestroConfig(**options))


def test_the_largest_group_of_observables_may_be_as_small_as_the_smallest() -> None:
    check_options(MaestroConfig(min_cluster_qubits=3, max_cluster_qubits=3))


def test_a_density_matrix_beyond_memory_is_refused() -> None:
    check_density_matrix(10, 2**24)
    with pytest.raises(QoroInputError, match=r"10 qubits needs 0\.02 GiB.*MatrixProductOperator \(8\)"):
        check_density_matrix(10, 2**24 - 1)
    settings = EngineSettings(MaestroConfig(simulation_type="DensityMatrix"))
    with pytest.raises(QoroInputError, match="density matrix of 2 qubits"):
        estimate(BELL, ["ZZ"], settings, memory_limit_bytes=255)
    assert estimate(BELL, ["ZZ"], settings, memory_limit_bytes=256) == pytest.approx([1])


def test_the_table_is_complete_for_the_installed_engine() -> None:
    """A new release of the engine makes this test fail, so that the table is extended."""
    assert set(maestro.SimulatorConfig._fields) == set(ENGINE_OPTIONS)
    default = maestro.SimulatorConfig()
    for name, option in ENGINE_OPTIONS.items():
        value = getattr(default, name)
        assert getattr(value, "name", value) == option.default, name
        for choice in option.choices:
            maestro.SimulatorConfig(**{name: choice})
        if option.choices:
            with pytest.raises(ValueError, match=", ".join(f"'{choice}'" for choice in option.choices) + ";"):
                maestro.SimulatorConfig(**{name: "other"})
    names = {"Gpu": "GpuSim"}
    assert {(names.get(each.name, each.name), each.value) for each in maestro.SimulatorType} == {
        (each.name, each.value) for each in Simulator
    }
    assert {(each.name, each.value) for each in maestro.SimulationType} == {
        (each.name, each.value) for each in SimulationMethod
    }
