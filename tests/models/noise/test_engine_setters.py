"""The setters of a noise model are those of the installed engine, and mean the same."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import maestro
import numpy as np
import pytest

from qiskit_qoro import NoiseModel, QoroInputError
from qiskit_qoro.models.noise.model import SETTERS
from qiskit_qoro.models.noise.setters import NoiseKind

Examples = dict[str, list[Any]]
Example = Callable[[str], NoiseModel]

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def engine_parameters(name: str) -> list[tuple[str, str | None]]:
    """The parameters of a setter of the engine with their defaults, from the first line of its docstring."""
    first_line = getattr(maestro.NoiseModel, name).__doc__.splitlines()[0]
    inner = re.fullmatch(rf"{name}\(self, (.*)\) -> None", first_line)[1]
    # Commas inside brackets belong to a type.
    parts = re.split(r", (?=\w+: )", inner)
    found = [re.fullmatch(r"(\w+): .*?(?: = (\S+))?", part) for part in parts]
    return [(match[1], match[2]) for match in found]


def test_there_are_no_setters_but_those_of_the_engine() -> None:
    assert sorted(SETTERS) == sorted(name for name in dir(maestro.NoiseModel) if name.startswith("set_"))


@pytest.mark.parametrize("name", SETTERS)
def test_a_setter_has_the_parameters_and_defaults_of_the_engine(name: str) -> None:
    parameters = list(inspect.signature(getattr(NoiseModel, name)).parameters.values())[1:]
    ours = [(item.name, None if item.default is item.empty else str(item.default)) for item in parameters]
    assert ours == engine_parameters(name)


@pytest.mark.parametrize("name", SETTERS)
def test_a_call_can_be_replayed_on_the_engine(name: str, example: Example) -> None:
    model = maestro.NoiseModel()
    assert example(name).replay(model) is model
    assert model.has_any()


def test_rounded_arguments_at_a_limit_are_accepted_by_the_engine() -> None:
    model = NoiseModel().set_qubit_noise(0, 0.6, 0.3, 0.1 + 5e-13).set_idle_noise(0, 1.0, 2.0 + 1e-12)
    model.set_thermal_relaxation(0, 1e-7, 1e-4, 2e-4 * (1 + 5e-13))
    model.set_thermal_relaxation(1, 1e-7, float("inf"), float("inf"))
    model.set_idle_noise(1, float("inf"), float("inf"))
    model.set_kraus_channel([0], [[[1 + 4e-10, 0], [0, 1 + 4e-10]]])
    model.replay(maestro.NoiseModel())


@pytest.mark.parametrize("first", [name for name in SETTERS if "t1" in name or "thermal" in name])
@pytest.mark.parametrize("second", [name for name in SETTERS if "t1" in name or "thermal" in name])
def test_models_refuse_what_the_engine_refuses_to_combine(
    first: str, second: str, examples: Examples
) -> None:
    def outcome(model: Any, error: type[Exception]) -> bool:
        try:
            getattr(getattr(model, first)(*examples[first]) or model, second)(*examples[second])
        except error:
            return False
        return True

    assert outcome(NoiseModel(), QoroInputError) is outcome(maestro.NoiseModel(), ValueError)


@pytest.mark.parametrize(
    "decay",
    [
        ("set_t1", [1, 0]),
        ("set_all_t1", [3, 0]),
        ("set_t1_2q", [1, 0]),
        ("set_t1_from_time", [1, 0, 1e-5]),
        ("set_t1_2q_from_time", [1, 0, 1e-5]),
    ],
)
def test_a_decay_of_zero_can_be_combined_with_relaxation_as_in_the_engine(
    decay: tuple[str, list[Any]], examples: Examples
) -> None:
    name, arguments = decay
    model = getattr(NoiseModel(), name)(*arguments)
    model.set_thermal_relaxation(*examples["set_thermal_relaxation"])
    getattr(model, name)(*arguments)
    model.replay(maestro.NoiseModel())


@pytest.mark.parametrize("name", SETTERS)
def test_the_model_knows_what_needs_exact_channels(name: str, example: Example) -> None:
    model = example(name)
    engine_model = model.replay(maestro.NoiseModel())
    # The engine does not count T1 without T2, which random realizations only approximate.
    expected = engine_model.requires_exact_quantum_channels() or engine_model.has_t1()
    assert model.needs_exact_channels is expected


def test_thermal_relaxation_needs_exact_channels_while_t2_is_above_t1() -> None:
    model = NoiseModel().set_thermal_relaxation(0, 1e-7, 1e-4, 1e-4)
    assert not model.needs_exact_channels
    assert model.set_thermal_relaxation(1, 1e-7, 1e-4, 1.01e-4).needs_exact_channels
    model.set_thermal_relaxation(1, 1e-7, 1e-4, 1e-4).set_idle_noise(0, 1e-4, 1e-4)
    assert not model.needs_exact_channels
    assert not model.replay(maestro.NoiseModel()).requires_exact_quantum_channels()


def engine_values(model: NoiseModel, places: Sequence[int], width: int) -> list[float]:
    """Expectation values after a circuit of three qubits that is placed on some qubits of the engine."""
    first, second, third = places
    gates = f"""qreg q[{width}];
ry(0.7) q[{first}]; rx(1.1) q[{second}]; ry(0.4) q[{third}];
cx q[{first}],q[{second}]; rx(0.3) q[{first}]; cz q[{third}],q[{second}];
ry(-0.9) q[{second}]; sx q[{third}]; cx q[{third}],q[{first}]; delay(1e-6) q[{second}];
"""
    strings = [["I"] * width for _ in range(6)]
    for string, letters in zip(strings, ("ZII", "XII", "IYI", "IIZ", "XZI", "YXZ"), strict=True):
        for place, letter in zip(places, letters, strict=True):
            string[place] = letter
    answer = maestro.full_noise_estimate(
        maestro.QasmToCirc().parse_and_translate(HEADER + gates),
        ["".join(string) for string in strings],
        model.replay(maestro.NoiseModel()),
        noise_realizations=3,
        config=maestro.SimulatorConfig(simulation_type=maestro.SimulationType.DensityMatrix),
        noise_seed=5,
    )
    return answer["expectation_values"]


@pytest.mark.parametrize("name", [name for name in SETTERS if SETTERS[name].each])
def test_noise_of_all_qubits_is_the_noise_of_each_qubit(name: str, example: Example) -> None:
    model = example(name)
    each = model.relabelled(range(3))
    assert each != model
    # The same seed draws the same random numbers.
    values = engine_values(model, (0, 1, 2), 3)
    assert engine_values(each, (0, 1, 2), 3) == pytest.approx(values, abs=1e-12)
    if SETTERS[name].kind is not NoiseKind.READOUT:  # which concerns counts only
        without_effect = NoiseModel().set_readout_error(0, 0.1, 0.1)
        assert values != pytest.approx(engine_values(without_effect, (0, 1, 2), 3), abs=1e-6)


@pytest.mark.parametrize(
    "name",
    [name for name in SETTERS if SETTERS[name].kind not in (NoiseKind.COHERENT, NoiseKind.CORRELATED)],
)
def test_noise_that_is_not_random_moves_with_the_qubits(name: str, example: Example) -> None:
    model = example(name)
    values = engine_values(model, (0, 1, 2), 3)
    assert engine_values(model.relabelled([2, 0, 1]), (2, 0, 1), 3) == pytest.approx(values, abs=1e-12)


def test_noise_of_other_qubits_has_no_effect() -> None:
    model = NoiseModel().set_all_depolarizing(5, 0.1).set_2q_depolarizing(4, 3, 0.2)
    model.set_crosstalk(3, 2, 0.3).set_crosstalk(4, 1, 0.5).set_correlated_phase_flip(1, 2, 0.1)
    model.set_all_t1(5, 0.1).set_kraus_channel([0, 1], [np.eye(4)]).set_crosstalk(2, 4, 0.2)
    used = model.restricted_to([4, 1, 3])
    assert used.qubits == (1, 3, 4)
    expected = engine_values(model, (4, 1, 3), 5)
    assert engine_values(used, (4, 1, 3), 5) == pytest.approx(expected, abs=1e-12)
    moved = used.relabelled({4: 0, 1: 1, 3: 2})
    assert engine_values(moved, (0, 1, 2), 3) == pytest.approx(expected, abs=1e-12)
