"""One-line texts of values."""

from __future__ import annotations

import pytest

from qiskit_qoro import (
    QPU,
    BackendStatus,
    DeviceConfig,
    ExecutionConfig,
    ExecutionResult,
    JobConfig,
    MaestroConfig,
    QPUSystem,
    SimulationMethod,
    Simulator,
    SimulatorCluster,
    TemplateEntry,
)
from qiskit_qoro.display.reprs import counted, short_code, short_list, short_text
from qiskit_qoro.models.devices import DeviceProperties, OperationProperties
from qiskit_qoro.models.jobs import JobOutcome


@pytest.mark.parametrize(
    "config",
    [
        ExecutionConfig(bond_dimension=8, simulation_method=SimulationMethod(1), simulator=Simulator(4)),
        ExecutionConfig(simulation_method=SimulationMethod(90), api_meta={"optimization_level": 1}),
        JobConfig(shots=10, tag="vqe"),
        JobConfig(simulator_cluster="qoro_maestro", use_circuit_packing=True),
        MaestroConfig(seed=3),
        DeviceConfig({"SHOTS": 3}),
        SimulatorCluster("a", supports_expval=False),
    ],
)
def test_the_repr_of_a_configuration_is_code_with_what_differs_from_the_defaults(config: object) -> None:
    assert eval(repr(config)) == config
    assert "None" not in repr(config)


PROPERTIES = DeviceProperties((OperationProperties("cx", (0, 1)), OperationProperties("cx", (1, 2))))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (JobConfig(), "JobConfig()"),
        (PROPERTIES, "<DeviceProperties: 3 qubits, 2 coupled pairs>"),
        (DeviceProperties(), "<DeviceProperties: 0 qubits, 0 coupled pairs>"),
        (QPUSystem("s", (QPU("a", 5, "online", "ion"),)), "<QPUSystem 's': 1 QPU, up to 5 qubits>"),
        (QPU("a", 1, "online", "ion"), "<QPU 'a': 1 qubit, 'online'>"),
        (QPUSystem("s"), "<QPUSystem 's': 0 QPUs>"),
        (BackendStatus("b", "0", True, 1, "online"), "<BackendStatus 'b': operational, 'online'>"),
        (TemplateEntry("…", ["a"], [("l", [0.5])]), "<TemplateEntry: 1 parameter, 1 parameter set>"),
        (ExecutionResult(job_id="j"), "<ExecutionResult of job 'j': not fetched>"),
        (ExecutionResult({"c": {"0": 1}}), "<ExecutionResult: 1 result>"),
        (JobOutcome({"c": {"0": 1}}, {"d": "bad"}, "why"), "<JobOutcome: 1 result, 1 failure: 'why'>"),
    ],
)
def test_the_repr_of_a_value_says_what_it_holds(value: object, text: str) -> None:
    assert repr(value) == text


def test_lists_are_counted_and_long_texts_are_cut() -> None:
    assert short_code((1, 2)) == "(1, 2)"
    assert short_code((1,)) == "(1,)"
    assert short_code(list(range(4000))) == "<4,000 items>"
    assert len(short_code("x" * 4000)) == 60
    assert short_text("abc", 3) == "abc"
    assert short_text("abcd", 3) == "ab…"
    assert short_list(["ab", "cd"], 6) == "ab, cd"
    assert short_list(["ab", "cd", "ef"], 9) == "ab, cd, …"
    assert short_list(["ab", "cd", "ef"], 8) == "ab, …"
    assert short_list(["abcdefghij", "k"], 8) == "abcdefg…"
    assert counted(1, "job") == "1 job"
    assert counted(1024, "shot") == "1,024 shots"
