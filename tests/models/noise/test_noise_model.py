"""Noise models: what the setters record, how models are combined and renumbered, and how they travel."""

from __future__ import annotations

import copy
import inspect
import json
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qiskit_qoro import MaestroConfig, NoiseModel, QoroInputError
from qiskit_qoro.models.noise.model import SETTERS
from qiskit_qoro.models.noise.setters import NoiseKind

Examples = dict[str, list[Any]]
Example = Callable[[str], NoiseModel]

X = [[0, 1], [1, 0]]


def test_there_is_an_example_of_each_setter(examples: Examples) -> None:
    assert examples.keys() == SETTERS.keys()


@pytest.mark.parametrize("name", SETTERS)
def test_a_setter_returns_its_model_and_documents_each_parameter(name: str, examples: Examples) -> None:
    model = NoiseModel()
    method = getattr(model, name)
    assert method(*examples[name]) is model
    documented = inspect.getdoc(method)
    for parameter in inspect.signature(method).parameters:
        assert re.search(rf"^    {parameter}: \w", documented, re.MULTILINE)


@pytest.mark.parametrize("name", SETTERS)
def test_a_model_survives_json(name: str, example: Example) -> None:
    model = example(name)
    assert NoiseModel.from_json(model.to_json()) == model
    assert NoiseModel.from_calls(model.calls).calls == model.calls == json.loads(model.to_json())


def test_the_calls_are_those_that_clients_send() -> None:
    model = NoiseModel()
    model.set_kraus_channel(np.array([1]), [np.array([[0, -1j], [1j, 0]])])
    model.set_correlated_ou(qubit=2, sigma=3, alpha=0.5, gate_time=1e-7, after_2q=False)
    assert model.calls == [
        {
            "method": "set_kraus_channel",
            "args": [[1], [[[0.0, {"__complex__": [0.0, -1.0]}], [{"__complex__": [0.0, 1.0]}, 0.0]]]],
            "kwargs": {},
        },
        {"method": "set_correlated_ou", "args": [2, 3.0, 0.5, 1e-7], "kwargs": {"after_2q": False}},
    ]


def test_calls_may_give_any_argument_by_name() -> None:
    calls = [{"method": "set_readout_error", "args": [2], "kwargs": {"p_meas0_prep1": 1, "p_meas1_prep0": 0}}]
    assert NoiseModel.from_calls(calls) == NoiseModel().set_readout_error(2, 0, 1)
    assert NoiseModel.from_calls(()) == NoiseModel()


def test_values_of_numpy_become_plain_values() -> None:
    model = NoiseModel().set_correlated_ar1(
        np.int8(1), np.float64(0.5), np.array(0.25), np.bool_(False), stationary_init=np.True_
    )
    assert model == NoiseModel().set_correlated_ar1(1, 0.5, 0.25, False)
    json.dumps(model.calls)


def test_a_copy_does_not_change_with_the_model() -> None:
    model = NoiseModel().set_depolarizing(0, 0.1)
    copies = [model.copy(), copy.copy(model), copy.deepcopy(model)]
    model.set_depolarizing(1, 0.1)
    assert [each.qubits for each in copies] == [(0,)] * 3


@pytest.mark.parametrize("operators", ["[" * 100_000, "[" * 900 + "]" * 900])
def test_json_that_is_nested_too_deeply_is_refused(operators: str) -> None:
    text = f'[{{"method": "set_kraus_channel", "args": [[0], {operators}]}}]'
    # How deep JSON may be nested before Python refuses it depends on the release of Python.
    with pytest.raises(QoroInputError, match=r"is nested too deeply|kraus_operators is .* expected"):
        NoiseModel.from_json(text)


def test_a_model_does_not_change_with_the_arguments_or_with_the_calls_that_it_has_returned() -> None:
    bands, operators = [[1.0, 2.0]], [np.array(X)]
    model = NoiseModel().set_multi_correlated_ou(0, bands, 1e-7).set_kraus_channel([0], operators)
    calls = model.calls
    bands[0][0] = 5.0
    operators[0][:] = 0
    model.calls[0]["args"][1].clear()
    assert model.calls == calls


def test_an_infinite_time_travels_as_a_very_long_one() -> None:
    model = NoiseModel().set_thermal_relaxation(0, 1e-7, math.inf, np.inf).set_t1_from_time(1, 0, math.inf)
    assert model.calls[0]["args"] == [0, 1e-7, 1e300, 1e300]
    assert NoiseModel.from_json(model.to_json()) == model


# The values at both sides of each limit: a setter, valid arguments, invalid ones, and the message.
LIMITS: list[tuple[str, list[Any], list[Any], str]] = [
    ("set_depolarizing", [0, 0], [-1, 0], "qubit is -1, expected a qubit, an integer from 0 to 65535"),
    ("set_depolarizing", [65535, 0], [65536, 0], "qubit is 65536"),
    ("set_depolarizing", [1, 0], [True, 0], "qubit is True"),
    ("set_depolarizing", [1, 0], [1.0, 0], "qubit is 1.0"),
    ("set_depolarizing", [0, 0.0], [0, -1e-9], "p is -1e-09, expected a number from 0 to 1"),
    ("set_depolarizing", [0, 1.0], [0, 1 + 1e-9], "p is 1.000000001"),
    ("set_depolarizing", [0, 0.5], [0, math.nan], "p is nan"),
    ("set_depolarizing", [0, 0.5], [0, "0.5"], "p is '0.5'"),
    ("set_all_t1", [1, 0], [0, 0], "num_qubits is 0, expected a number of qubits"),
    ("set_all_t1", [65536, 0], [65537, 0], "num_qubits is 65537"),
    ("set_2q_depolarizing", [0, 1, 1], [1, 1, 1], "q1 1, q2 1: expected two different qubits"),
    ("set_crosstalk", [0, 1, -4], [1, 1, -4], "expected two different qubits"),
    ("set_crosstalk", [0, 1, 1e9], [0, 1, math.inf], "strength is inf, expected a finite number"),
    ("set_qubit_noise", [0, 0.1, 0.2, 0.7], [0, 0.1, 0.2, 0.71], "expected a sum of at most 1"),
    ("set_thermal_relaxation", [0, 0, 1, 2], [0, 0, 1, 2.01], "expected t2_s of at most 2 * t1_s"),
    ("set_thermal_relaxation", [0, 0, 1, 1], [0, -1, 1, 1], "gate_time_s is -1, expected a number of 0"),
    (
        "set_thermal_relaxation",
        [0, 0, 1, 1e-9],
        [0, 0, 1, 0],
        "t2_s is 0, expected a number of seconds above",
    ),
    ("set_thermal_relaxation_2q", [0, 0, 1, 2, 1], [0, 0, 1, 2, 1.1], "excited_population is 1.1"),
    ("set_idle_noise", [0, 1, 2], [0, 1, 2.01], "expected t2 of at most 2 * t1"),
    ("set_t1_from_time", [0, 0, 1], [0, 0, -math.inf], "t1_time_s is -inf"),
    ("set_t1_from_time", [0, 0, 1], [0, 0, True], "t1_time_s is True"),
    ("set_correlated_ou", [0, 0, 1, 1], [0, -1, 1, 1], "sigma is -1, expected a number of 0 or more"),
    ("set_correlated_ou", [0, 0, 1e-9, 1], [0, 0, 0, 1], "alpha is 0, expected a number above 0"),
    ("set_correlated_ou", [0, 0, 1, 1, False], [0, 0, 1, 1, 0], "after_1q is 0, expected True or False"),
    ("set_correlated_ar1", [0, 1, 0, True, True, False], [0, 1.1, 0, True, True, False], "phi is 1.1"),
    ("set_correlated_ar1", [0, -0.9, 0], [0, -1, 0], "has no equilibrium"),
    ("set_1_over_f_noise", [0, 0, 1, 2, 1, 1], [0, 0, 2, 2, 1, 1], "expected f_min below f_max"),
    ("set_1_over_f_noise", [0, 0, 1, 2, 1, 1], [0, 0, 1, 2, 0, 1], "num_bands is 0"),
    ("set_multi_correlated_ou", [0, [], 1], [0, 1, 1], "bands is 1, expected at most 1000 pairs"),
    ("set_multi_correlated_ou", [0, [(0, 1)], 1], [0, [(1,)], 1], "bands is [(1,)]"),
    ("set_multi_correlated_ou", [0, [(0, 1)], 1], [0, [(-1, 1)], 1], "bands is [(-1, 1)]"),
    ("set_multi_correlated_ou", [0, [(0, 1)], 1], [0, [(1, 0)], 1], "bands is [(1, 0)]"),
    ("set_multi_correlated_ou", [0, [(0, 1)] * 1000, 1], [0, [(0, 1)] * 1001, 1], "at most 1000 pairs"),
    ("set_kraus_channel", [[0, 1], [np.eye(4)]], [[0, 0], [np.eye(4)]], "targets is [0, 0]"),
    ("set_kraus_channel", [[0], [X]], [[], [X]], "expected a list of one or two different qubits"),
    ("set_kraus_channel", [[0], [X]], [[0, 1, 2], [X]], "targets is [0, 1, 2]"),
    ("set_kraus_channel", [[0], [X]], [[-1], [X]], "targets is [-1]"),
    ("set_kraus_channel", [[0], [X]], [0, [X]], "targets is 0"),
    ("set_kraus_channel", [[0], [X]], [[0], []], "kraus_operators is []"),
    ("set_kraus_channel", [[0], [X]], [[0], [np.eye(3)]], "expected a list of complex 2 x 2 or 4 x 4"),
    ("set_kraus_channel", [[0], [X]], [[0], [[[1, 0], [0]]]], "kraus_operators is"),
    ("set_kraus_channel", [[0], [X]], [[0], [[[1, 0], [0, math.nan]]]], "kraus_operators is"),
    ("set_kraus_channel", [[0], [X]], [[0], ["ab"]], "kraus_operators is ['ab']"),
    ("set_kraus_channel", [[0], [X]], [[0, 1], [X]], "2 x 2 matrices for one qubit, 4 x 4 matrices for two"),
    ("set_kraus_channel", [[0], [X]], [[0], [[[1, 0], [0, 0]]]], "sum(E^dagger E) = 1 to within 1e-9"),
]


@pytest.mark.parametrize(("name", "valid", "invalid", "message"), LIMITS)
def test_an_argument_is_checked_at_its_limit(
    name: str, valid: list[Any], invalid: list[Any], message: str
) -> None:
    assert len(getattr(NoiseModel(), name)(*valid).calls) == 1
    model = NoiseModel()
    with pytest.raises(QoroInputError, match=re.escape(message)) as caught:
        getattr(model, name)(*invalid)
    assert str(caught.value).startswith(f"{name}: ")
    assert model == NoiseModel()


@pytest.mark.parametrize("deviation", [0, 4e-10, -4e-10])
def test_kraus_operators_that_are_rounded_are_normalized(deviation: float) -> None:
    scale = math.sqrt(1 + 2 * deviation)
    model = NoiseModel().set_kraus_channel([0], [[[0, -1j * scale], [1j * scale, 0]]])
    assert model.calls[0]["args"][1][0][0][1]["__complex__"][1] == pytest.approx(-1, abs=1e-15)


def test_kraus_operators_that_are_complete_are_kept_to_the_last_digit() -> None:
    operators = [[[math.cos(0.3), 0], [0, math.cos(0.3)]], [[0, math.sin(0.3)], [math.sin(0.3), 0]]]
    assert NoiseModel().set_kraus_channel([0], operators).calls[0]["args"][1] == operators


def test_a_missing_or_unknown_argument_is_a_type_error_as_in_any_function() -> None:
    model = NoiseModel()
    with pytest.raises(TypeError, match=r"^set_depolarizing\(\) missing a required argument: 'p'"):
        model.set_depolarizing(0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'probability'"):
        model.set_depolarizing(0, 0.1, probability=0.5)


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ("set_t1", "the noise model is a str, expected a list of calls"),
        ([{"method": "set_t1", "args": [0, 0.1]}, 5], "noise_model[1]: 5 is not a call, expected a mapping"),
        ([{"args": []}], "noise_model[0]: {'args': []} is not a call"),
        ([{"method": "set_t1", "args": 5}], "is not a call"),
        ([{"method": "set_t1", "kwargs": []}], "is not a call"),
        (
            [{"method": "set_depolarising"}],
            "there is no setter 'set_depolarising', did you mean set_depolarizing",
        ),
        ([{"method": "__init__"}], "noise_model[0]: there is no setter '__init__'"),
        ([{"method": "set_t1", "args": [0]}], "[0]: set_t1() missing a required argument: 'gamma'"),
        (
            [{"method": "set_t1", "args": [0, 2]}],
            "noise_model[0]: set_t1: gamma is 2, expected a number from",
        ),
        (
            [{"method": "set_t1", "args": [0, {"__complex__": [1]}]}],
            "__complex__ is [1], expected two numbers",
        ),
    ],
)
def test_calls_in_another_form_are_refused(calls: Any, message: str) -> None:
    with pytest.raises(QoroInputError, match=re.escape(message)):
        NoiseModel.from_calls(calls)


def test_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(QoroInputError, match="the noise model is not JSON"):
        NoiseModel.from_json("[")
    with pytest.raises(QoroInputError, match="the noise model is a dict, expected a list"):
        NoiseModel.from_json("{}")


@pytest.mark.parametrize(
    "decay", ["set_t1", "set_t1_2q", "set_t1_from_time", "set_t1_2q_from_time", "set_all_t1"]
)
@pytest.mark.parametrize("thermal", ["set_thermal_relaxation", "set_thermal_relaxation_2q"])
def test_the_decay_of_a_qubit_is_set_in_one_way(
    decay: str, thermal: str, example: Example, examples: Examples
) -> None:
    message = "has already set the decay of qubit 1, expected only one of the two"
    with pytest.raises(QoroInputError, match=message):
        getattr(example(decay), thermal)(*examples[thermal])
    with pytest.raises(QoroInputError, match=message):
        getattr(example(thermal), decay)(*examples[decay])
    with pytest.raises(QoroInputError, match=message):
        example(decay) | example(thermal)
    other_qubit = [5, *examples[thermal][1:]]
    assert len(getattr(example(decay), thermal)(*other_qubit).calls) == 2


def test_a_decay_that_has_been_set_to_zero_does_not_exclude_thermal_relaxation() -> None:
    model = NoiseModel().set_all_t1(3, 0.1).set_all_t1(3, 0)
    assert len(model.set_thermal_relaxation(1, 1e-7, 1e-5, 1e-5).calls) == 3


def test_models_are_combined_in_order_without_changing_them(example: Example) -> None:
    first, second = example("set_depolarizing"), example("set_readout_error")
    combined = first | second
    assert combined.calls == first.calls + second.calls
    assert combined == first.compose(second) != second | first
    copied = combined.copy().set_t1(0, 0.5)
    assert len(copied.calls) == 3
    assert (len(combined.calls), len(first.calls), len(second.calls)) == (2, 1, 1)
    with pytest.raises(TypeError, match="unsupported operand"):
        first | 5


def test_models_with_the_same_calls_are_equal(example: Example) -> None:
    assert example("set_kraus_channel") == example("set_kraus_channel")
    assert example("set_correlated_ou") == NoiseModel().set_correlated_ou(
        1, 1000, 0.5, 1e-7, True, True, True
    )
    assert example("set_t1") != NoiseModel().set_t1(1, 0.2)
    assert example("set_t1") != "set_t1"
    with pytest.raises(TypeError, match="unhashable"):
        hash(NoiseModel())


@pytest.mark.parametrize("name", SETTERS)
def test_renumbering_there_and_back_gives_the_same_noise(name: str, example: Example) -> None:
    model = example(name)
    there = model.relabelled([7, 9, 8])
    assert set(there.qubits) <= {7, 8, 9}
    back = there.relabelled({7: 0, 9: 1, 8: 2})
    # Calls for many qubits have become one call for each qubit.
    assert back.calls == model.relabelled(range(3)).calls
    assert back.qubits == model.qubits
    if SETTERS[name].each is None:
        assert back == model


def test_noise_of_all_qubits_becomes_noise_of_each() -> None:
    model = NoiseModel().set_all_readout_error(3, 0.1).set_all_correlated_ou(2, 5, 0.5, 1e-7, after_1q=False)
    assert model.relabelled({0: 4, 1: 3, 2: 2, 9: 9}) == (
        NoiseModel()
        .set_readout_error_symmetric(4, 0.1)
        .set_readout_error_symmetric(3, 0.1)
        .set_readout_error_symmetric(2, 0.1)
        .set_correlated_ou(4, 5, 0.5, 1e-7, after_1q=False)
        .set_correlated_ou(3, 5, 0.5, 1e-7, after_1q=False)
    )


def test_the_targets_of_a_channel_keep_their_order() -> None:
    model = NoiseModel().set_kraus_channel([3, 1], [np.eye(4)])
    assert model.relabelled({1: 5, 3: 0}) == NoiseModel().set_kraus_channel([0, 5], [np.eye(4)])


def test_a_restricted_model_has_the_noise_of_the_qubits_and_of_their_pairs() -> None:
    model = NoiseModel().set_all_dephasing(60000, 0.1).set_2q_depolarizing(0, 1, 0.1)
    model.set_2q_depolarizing(1, 2, 0.2).set_readout_error(2, 0.1, 0.1).set_kraus_channel([2, 0], [np.eye(4)])
    assert model.restricted_to({1, np.int64(2)}) == (
        NoiseModel().set_dephasing(1, 0.1).set_dephasing(2, 0.1).set_2q_depolarizing(1, 2, 0.2)
    ).set_readout_error(2, 0.1, 0.1)
    assert model.restricted_to([]) == NoiseModel()


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({0: 0}, "qubit 1 of the noise model has no new number: to leave out qubits, use restricted_to"),
        ([0], "qubit 1 of the noise model has no new number"),
        ({1: 5, 2: 5}, "two qubits have the same new number"),
        ({1: -1}, "1: -1 are not qubits"),
        ({"1": 1}, "'1': 1 are not qubits"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(mapping: Any, message: str, example: Example) -> None:
    with pytest.raises(QoroInputError, match=re.escape(message)):
        example("set_t1").relabelled(mapping)


def test_a_model_says_which_qubits_and_kinds_of_noise_it_has() -> None:
    model = NoiseModel().set_all_t1(2, 0.1).set_crosstalk(9, 5, 0.1).set_readout_error(3, 0, 0)
    assert model.qubits == (0, 1, 3, 5, 9)
    assert model.kinds == (NoiseKind.RELAXATION, NoiseKind.CROSSTALK, NoiseKind.READOUT)


@pytest.mark.parametrize(
    ("name", "is_exact"),
    [
        ("set_depolarizing", True),
        ("set_kraus_channel", True),
        ("set_crosstalk", True),
        ("set_idle_noise", True),
        ("set_coherent_rotation", False),
        ("set_all_coherent_dephasing", False),
        ("set_correlated_ar1", False),
        ("set_1_over_f_noise", False),
    ],
)
def test_coherent_and_correlated_noise_is_random_and_other_noise_is_exact_on_density_matrices(
    name: str, is_exact: bool, example: Example
) -> None:
    model = example(name)
    assert model.is_exact(7) is model.is_exact("MatrixProductOperator") is is_exact
    # Only crosstalk is deterministic with all methods.
    assert all(model.is_exact(method) is (name == "set_crosstalk") for method in range(7))


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(QoroInputError, match="simulation_type is 'DensityMatix', expected one of Simulation"):
        NoiseModel().is_exact("DensityMatix")


def test_a_large_model_prints_on_a_screen(example: Example) -> None:
    model = NoiseModel()
    for qubit in range(156):
        model.set_thermal_relaxation(qubit, 2.4e-8, 1e-4 + qubit * 1e-6, 1e-4)
        model.set_readout_error(qubit, 0.01, 0.02)
        model.set_2q_depolarizing(qubit, qubit + 1, 0.004)
    model.set_kraus_channel([0], [np.eye(2)]).set_correlated_ar1(2, 0.5, 0.1, after_1q=False)
    model.set_all_depolarizing(156, 0.1)
    assert repr(model) == "<NoiseModel: 471 calls, 157 qubits>"
    assert repr(example("set_t1")) == "<NoiseModel: 1 call, 1 qubit>"
    assert str(model).splitlines() == [
        "setter                  for              values",
        "set_thermal_relaxation  156 qubits       gate_time_s 2.4e-08, t1_s 0.0001 to 0.000255, t2_s 0.0001",
        "set_readout_error       156 qubits       p_meas1_prep0 0.01, p_meas0_prep1 0.02",
        "set_2q_depolarizing     156 pairs        p 0.004",
        "set_kraus_channel       qubit 0          1 kraus_operators",
        "set_correlated_ar1      qubit 2          phi 0.5, sigma_eta 0.1, after_1q False",
        "set_all_depolarizing    qubits 0 to 155  p 0.1",
    ]
    assert str(NoiseModel()) == "NoiseModel without noise"


def test_a_configuration_takes_a_snapshot_of_a_model(example: Example) -> None:
    model = example("set_kraus_channel")
    config = MaestroConfig(noise_model=model, noise_seed=1)
    calls = model.calls
    model.set_t1(0, 0.5)
    assert config.to_payload() == {"noise_model": calls, "noise_seed": 1}
