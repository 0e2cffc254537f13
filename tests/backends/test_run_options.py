"""The options of ``run``: which are accepted, converted, ignored, and refused before anything is sent."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import responses
from qiskit import QuantumCircuit
from qiskit.result.models import MeasLevel, MeasReturnType

from qiskit_qoro import (
    QPU,
    DeviceConfig,
    ExecutionConfig,
    JobConfig,
    MaestroConfig,
    QoroBackend,
    QoroInputError,
    QoroService,
    QPUSystem,
    SimulatorCluster,
)
from qiskit_qoro.backends.run_options import (
    RUN_OPTIONS,
    RunOptions,
    check_options,
    shots_by_circuit,
)
from qiskit_qoro.models.shots import group_shots

URL = "http://qoro.invalid/api"


def coin() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    return circuit


@pytest.fixture
def unreachable(scripted: QoroBackend) -> Iterator[QoroBackend]:
    """A backend whose service must not receive any request."""
    with responses.RequestsMock() as wire:
        yield scripted
        assert not wire.calls


@pytest.mark.parametrize(
    ("name", "closest"),
    [
        ("shot", "shots"),
        ("memmory", "memory"),
        ("seed_simulater", "seed_simulator"),
        ("tags", "tag"),
        ("job_tag", "job_tags"),
    ],
)
def test_the_error_for_an_unknown_option_suggests_the_closest_one(
    unreachable: QoroBackend, name: str, closest: str
) -> None:
    with pytest.raises(QoroInputError, match=f"unknown option '{name}': did you mean '{closest}'"):
        unreachable.run(coin(), **{name: None})
    with pytest.raises(QoroInputError, match=f"unknown option '{name}'"):
        unreachable.set_options(**{name: 1})


def test_the_error_for_an_option_without_a_close_match_lists_all_options(unreachable: QoroBackend) -> None:
    with pytest.raises(QoroInputError, match=r"unknown option 'zzz': expected one of .*shots"):
        unreachable.run(coin(), zzz=1)


@pytest.mark.parametrize(
    "bad",
    [
        {"shots": 0},
        {"shots": -5},
        {"shots": 1.5},
        {"shots": True},
        {"shots": "100"},
        {"shots": b"ab"},
        {"shots": [10, 0]},
        {"shots": [[10]]},
        {"shots": np.array([1.0])},
        {"shots": [10, 10]},
        {"shots": []},
        {"memory": 1},
        {"memory": "yes"},
        {"tag": 5},
        {"job_tags": "one"},
        {"job_tags": [1]},
        {"job_tags": 7},
        {"seed_simulator": "x"},
        {"execution_config": {"bond_dimension": 4}},
        {"use_circuit_packing": 1},
        {"meas_level": 1},
        {"meas_level": MeasLevel.KERNELED},
        {"meas_return": "avg"},
        {"init_qubits": False},
        {"rep_delay": 1e-3},
        {"parameter_binds": [{"theta": [1]}]},
        {"use_measure_esp": True},
    ],
    ids=repr,
)
def test_an_invalid_value_is_refused_before_anything_is_sent(
    unreachable: QoroBackend, bad: dict[str, Any]
) -> None:
    (name,) = bad

    with pytest.raises(QoroInputError, match=name):
        unreachable.run(coin(), **bad)


def test_options_that_other_packages_pass_are_accepted(backend: QoroBackend) -> None:
    job = backend.run(
        [coin()],
        shots=np.int64(20),
        memory=np.True_,
        seed_simulator=None,
        meas_level=MeasLevel.CLASSIFIED,
        meas_return=MeasReturnType.SINGLE,
        rep_delay=None,
        init_qubits=True,
        parameter_binds=[],
        use_measure_esp=False,
        job_tags=["calibration", "monday"],
    )

    assert len(job.result().get_memory()) == 20


@pytest.mark.parametrize(
    "name", ["meas_level", "rep_delay", "init_qubits", "job_tags", "shots", "memory", "tag"]
)
def test_none_counts_as_not_given(name: str) -> None:
    assert check_options({name: None}) == {}


@pytest.mark.parametrize(
    ("given", "tag"),
    [
        ({"job_tags": ["a", "b"]}, {"tag": "a,b"}),
        ({"job_tags": ("a",), "tag": "mine"}, {"tag": "mine"}),
        ({"tag": "mine", "job_tags": ["a"]}, {"tag": "mine"}),
        ({"job_tags": []}, {}),
    ],
)
def test_job_tags_become_the_tag_unless_there_is_one(given: dict[str, Any], tag: dict[str, str]) -> None:
    assert check_options(given) == tag


@pytest.mark.parametrize(
    ("shots", "expected"),
    [
        (np.int32(7), 7),
        (np.array(7), 7),
        ([1, np.int64(2)], [1, 2]),
        ((3, 4), [3, 4]),
        (np.array([5, 6]), [5, 6]),
    ],
)
def test_shots_of_any_integer_type_become_python_integers(shots: Any, expected: Any) -> None:
    checked = check_options({"shots": shots})["shots"]

    assert checked == expected
    assert {type(number) for number in (checked if isinstance(checked, list) else [checked])} == {int}


def sent_by(backend: QoroBackend, **options: Any) -> dict[str, str]:
    """The bodies that a run sends, by the last part of the path."""
    with responses.RequestsMock() as wire:
        wire.post(f"{URL}/job/init/", json={"job_id": "1"})
        wire.post(f"{URL}/job/1/add_circuits/", json={})
        backend.run(coin(), **options)
        return {str(call.request.url).rsplit("/", 2)[1]: call.request.body.decode() for call in wire.calls}


@pytest.fixture
def scripted() -> QoroBackend:
    return QoroBackend(
        SimulatorCluster("qoro_maestro"),
        QoroService("token", JobConfig(simulator_cluster="qoro_maestro"), base_url=URL),
    )


def test_options_apply_to_later_runs_and_the_options_of_a_run_override_them(
    scripted: QoroBackend,
) -> None:
    scripted.set_options(shots=50, tag="mine")

    assert '"shots":50' in sent_by(scripted)["add_circuits"]
    assert '"tag":"mine"' in sent_by(scripted)["init"]
    assert '"shots":60' in sent_by(scripted, shots=60)["add_circuits"]
    assert '"shots":50' in sent_by(scripted, shots=None, job_tags=None)["add_circuits"]
    assert '"tag":"mine"' in sent_by(scripted, job_tags=None)["init"]
    assert scripted.options.shots == 50


def test_none_restores_a_default(scripted: QoroBackend) -> None:
    scripted.set_options(shots=50)
    scripted.set_options(shots=None)

    assert scripted.options.shots == RUN_OPTIONS["shots"]


def test_an_execution_config_and_packing_are_sent_to_the_service(scripted: QoroBackend) -> None:
    body = sent_by(scripted, execution_config=ExecutionConfig(bond_dimension=8), use_circuit_packing=True)[
        "init"
    ]

    assert '"bond_dimension":8' in body
    assert '"use_packing":true' in body


@pytest.mark.parametrize("way", ["set_options", "update_options"])
def test_options_are_checked_when_they_are_set(unreachable: QoroBackend, way: str) -> None:
    update = unreachable.set_options if way == "set_options" else unreachable.options.update_options

    with pytest.raises(QoroInputError, match="shots is 0"):
        update(tag="never", shots=0)
    with pytest.raises(QoroInputError, match="shots is 0"):
        unreachable.options["shots"] = 0
    assert dict(unreachable.options) == dict(RUN_OPTIONS)


def test_a_run_checks_options_that_were_set_as_attributes(unreachable: QoroBackend) -> None:
    unreachable.options.shots = 0

    with pytest.raises(QoroInputError, match="shots is 0"):
        unreachable.run(coin())


def test_options_can_be_given_to_the_constructor(scripted: QoroBackend) -> None:
    backend = QoroBackend(scripted.system, scripted.service, shots=np.int64(9))

    assert backend.options.shots == 9
    with pytest.raises(QoroInputError, match="shots"):
        QoroBackend(scripted.system, scripted.service, shots=0)


def test_two_backends_do_not_share_their_options(scripted: QoroBackend) -> None:
    other = QoroBackend(scripted.system, scripted.service)
    scripted.set_options(shots=1)

    assert other.options.shots == RUN_OPTIONS["shots"]


def test_options_survive_copying_and_pickling() -> None:
    options = RunOptions(shots=3)

    for twin in (copy.copy(options), copy.deepcopy(options), pickle.loads(pickle.dumps(options))):
        assert dict(twin) == {**RUN_OPTIONS, "shots": 3}
        with pytest.raises(QoroInputError, match=r"shots is 0"):
            twin.update_options(shots=0)


def test_the_defaults_cannot_be_changed() -> None:
    with pytest.raises(TypeError, match=r"does not support item assignment"):
        RUN_OPTIONS["shots"] = 1  # type: ignore[index]


def test_neighbouring_circuits_with_equal_shots_are_grouped() -> None:
    assert group_shots([5, 5, 7, 5]) == ((0, 2, 5), (2, 3, 7), (3, 4, 5))
    assert group_shots([]) == ()
    assert shots_by_circuit(4, 3) == [4, 4, 4]


def test_a_configuration_for_another_kind_of_backend_is_refused() -> None:
    service = QoroService("token", JobConfig(simulator_cluster=SimulatorCluster("sim")), base_url=URL)
    simulator = QoroBackend(SimulatorCluster("sim"), service)
    system = QoroBackend(QPUSystem("system", [QPU("qpu", 5, "online", "superconducting")]), service)
    for backend in (simulator, system):
        backend.check_execution_config(None)
        backend.check_execution_config(ExecutionConfig(bond_dimension=8))
    simulator.check_execution_config(MaestroConfig(seed=1))
    system.check_execution_config(DeviceConfig({"SHOTS": 1}))
    with pytest.raises(QoroInputError, match="MaestroConfig is for simulators, but 'system' is a QPU system"):
        system.check_execution_config(MaestroConfig(seed=1))
    with pytest.raises(QoroInputError, match="DeviceConfig is for QPU systems, but 'sim' is a simulator"):
        simulator.check_execution_config(DeviceConfig({"SHOTS": 1}))
