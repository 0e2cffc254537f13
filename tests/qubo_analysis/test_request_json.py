"""Requests are read from both forms, and every invalid field is refused by its name."""

import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.qubo_analysis import request_from_json
from qiskit_qoro.qubo_analysis.request.constraints import Constraint, ConstraintType
from qiskit_qoro.qubo_analysis.request.request_values import Mixer, Preset, RequestForm, SweepRange

AT_MOST_ONE = {"type": "max_cardinality", "bound": 1}
EQUALITY = {"type": "equality", "bound": 1}


def read(qubo=None, *, states=("00",), key="reference_states", **options):
    body = {"qubo": {"0": -1.0, "0,1": 2.0} if qubo is None else qubo, key: list(states), "options": options}
    return request_from_json(body)


# --- the two forms --------------------------------------------------------------------------------------


def test_the_new_form_needs_a_state_and_the_old_one_does_not():
    assert read(states=["01"]).form is RequestForm.NEW
    assert read(states=[], key="target_states").form is RequestForm.OLD
    with pytest.raises(WireError, match="reference_states: expected at least one"):
        read(states=[])


@pytest.mark.parametrize("states", [{}, {"target_states": [], "reference_states": ["01"]}])
def test_a_request_has_exactly_one_form(states):
    with pytest.raises(WireError, match="exactly one of reference_states and target_states"):
        request_from_json({"qubo": {"0": 1}, **states})


@pytest.mark.parametrize("state", ["0", "000", "0a", "", 1, None])
def test_a_state_that_does_not_fit_the_problem_is_refused(state):
    with pytest.raises(WireError, match="target_states: expected"):
        read(states=["00", state], key="target_states", n_qubits=2)


def test_the_length_of_the_states_shows_variables_without_a_coefficient():
    assert read({"0": 1}, states=["000", "010"]).objective.num_variables == 3
    assert read({"0": 1}, states=["0000"], n_qubits=4).objective.num_variables == 4


def test_too_few_qubits_for_the_coefficients_are_refused():
    with pytest.raises(WireError, match="it has 2 variables, expected 1"):
        read(states=["0"], n_qubits=1)


@pytest.mark.parametrize("coefficient", [1e101, 1e-101])
def test_extremely_large_or_small_coefficients_are_refused(coefficient):
    with pytest.raises(WireError, match=r"qubo: .* rescale the problem"):
        read({"0,1": coefficient})


# --- presets and flags ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "sweep", "sensitivity", "hardness", "points"),
    [("fast", False, False, False, 15), ("standard", True, True, False, 15), ("deep", True, True, True, 30)],
)
def test_a_preset_defines_the_analyses(preset, sweep, sensitivity, hardness, points):
    request = read(preset=preset)
    analysis = request.analysis
    assert request.preset is Preset(preset)
    assert (analysis.parameter_sweep, analysis.sensitivity, analysis.hardness) == (
        sweep,
        sensitivity,
        hardness,
    )
    assert analysis.sweep_points == points


def test_the_default_preset_is_standard():
    assert read() == read(preset="standard")


def test_the_old_form_always_has_hardness():
    assert read(key="target_states").analysis.hardness


def test_flags_override_the_preset():
    fast = read(preset="fast", analysis={"parameter_sweep": True, "structural_sensitivity": True}).analysis
    deep = read(preset="deep", analysis={"parameter_sweep": False, "sensitivity": False}).analysis
    assert (fast.parameter_sweep, fast.sensitivity) == (True, True)
    assert (deep.parameter_sweep, deep.sensitivity, deep.hardness) == (False, False, True)


@pytest.mark.parametrize(
    ("old", "new"), [("sensitivity", "structural_sensitivity"), ("auto_tune", "penalty_tuning")]
)
def test_old_and_new_names_mean_the_same_and_cannot_be_combined(old, new):
    assert read(analysis={old: True}) == read(analysis={new: True})
    with pytest.raises(WireError, match=f"options.analysis.{old}: the older name of {new}"):
        read(analysis={old: True, new: True})


def test_fixed_angles_turn_the_sweep_off():
    analysis = read(preset="deep", analysis={"gamma": 0.5, "beta": 1}).analysis
    assert (analysis.parameter_sweep, analysis.gamma, analysis.beta) == (False, 0.5, 1.0)
    with pytest.raises(WireError, match="either a sweep or fixed"):
        read(analysis={"gamma": 0.5, "parameter_sweep": True})


def test_sweep_ranges_are_start_stop_and_count():
    analysis = read(analysis={"gamma_range": [0, 1.5, 7], "beta_range": [-1, 1, 5]}).analysis
    assert (analysis.gamma_range, analysis.beta_range) == (SweepRange(0.0, 1.5, 7), SweepRange(-1.0, 1.0, 5))


def test_a_penalty_is_judged_unless_a_flag_says_otherwise():
    assert read(penalty_qubo={"0,1": 1}).analysis.penalty_tuning
    assert not read(penalty_qubo={"0,1": 1}, analysis={"penalty_tuning": False}).analysis.penalty_tuning


# --- constraints ----------------------------------------------------------------------------------------


def test_cardinalities_count_all_variables_by_default():
    request = read(
        constraints=[
            {"type": "max_cardinality", "bound": 1},
            {"type": "eq_cardinality", "bound": 0, "qubits": [1]},
        ]
    )
    assert request.constraints == (
        Constraint(ConstraintType.MAX_CARDINALITY, 1.0, (0, 1), (1.0, 1.0)),
        Constraint(ConstraintType.EQ_CARDINALITY, 0.0, (1,), (1.0,)),
    )


@pytest.mark.parametrize("weights", [{"1": 3, "0": 2}, [2, 3]])
def test_weights_are_an_object_or_a_list(weights):
    (constraint,) = read(constraints={"type": "inequality", "bound": 4, "weights": weights}).constraints
    assert dict(zip(constraint.qubits, constraint.weights, strict=True)) == {0: 2.0, 1: 3.0}


# --- invalid requests -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"color": 1}, r"options\.color: unknown"),
        ({"analysis": {"color": 1}}, r"options\.analysis\.color: unknown"),
        ({"ansatz": {"color": 1}}, r"options\.ansatz\.color: unknown"),
        ({"subspace": {"color": 1}}, r"options\.subspace\.color: unknown"),
        ({"constraints": [{"type": "inequality", "color": 1}]}, r"options\.constraints\[0\]\.color: unknown"),
        ({"preset": "slow"}, r"options\.preset"),
        ({"preset": ["fast"]}, r"options\.preset"),
        ({"analysis": []}, r"options\.analysis"),
        ({"analysis": {"parameter_sweep": 1}}, "parameter_sweep"),
        ({"analysis": {"gamma": "1"}}, r"options\.analysis\.gamma"),
        ({"analysis": {"gamma": 1e12}}, r"options\.analysis\.gamma"),
        ({"analysis": {"beta_range": [0, 1]}}, r"options\.analysis\.beta_range"),
        ({"analysis": {"beta_range": [0, 1e12, 2]}}, r"options\.analysis\.beta"),
        ({"analysis": {"beta_range": [0, 1, 0]}}, r"options\.analysis\.beta_range\[2\]"),
        ({"analysis": {"beta_range": [0, 1, 10**9]}}, "15 × 1000000000 points, expected at most 2500"),
        ({"ansatz": {"mixer": "y"}}, r"options\.ansatz\.mixer"),
        ({"ansatz": {"layers": 4}}, r"options\.ansatz\.layers: expected 1 to 3"),
        ({"ansatz": {"layers": 0}}, r"options\.ansatz\.layers"),
        ({"subspace": {"solver": "magic"}}, r"options\.subspace\.solver"),
        ({"subspace": {"solver": ["sa"]}}, r"options\.subspace\.solver"),
        ({"subspace": {"max_variable_qubits": 17}}, r"options\.subspace\.max_variable_qubits"),
        ({"subspace": {"restarts": 10**6}}, r"options\.subspace\.restarts"),
        ({"subspace": {"base_bitstring": "0"}}, r"options\.subspace\.base_bitstring"),
        ({"subspace": {"base_bitstring": 0}}, r"options\.subspace\.base_bitstring"),
        ({"subspace": {"variable_qubits": [2]}}, r"options\.subspace\.variable_qubits"),
        ({"subspace": {"variable_qubits": []}}, r"options\.subspace\.variable_qubits"),
        ({"constraints": [{"bound": 1}]}, r"options\.constraints\[0\]\.type"),
        ({"constraints": [{"type": "most", "bound": 1}]}, r"options\.constraints\[0\]\.type"),
        ({"constraints": [{"type": "max_cardinality"}]}, r"options\.constraints\[0\]\.bound"),
        ({"constraints": [{"type": "max_cardinality", "bound": 1e200}]}, r"options\.constraints\[0\]\.bound"),
        ({"constraints": [{"type": "equality", "bound": 1}]}, r"options\.constraints\[0\]\.weights"),
        ({"constraints": [EQUALITY | {"weights": [1]}]}, r"weights: expected 2 weights"),
        ({"constraints": [EQUALITY | {"weights": {"x": 1}}]}, "weights: expected variables"),
        ({"constraints": [EQUALITY | {"weights": {"7": 1}}]}, "weights: expected distinct"),
        ({"constraints": [AT_MOST_ONE | {"weights": [1, 1]}]}, "weights: a cardinality"),
        ({"constraints": [AT_MOST_ONE | {"qubits": [0, 0]}]}, "qubits: expected distinct"),
        ({"cost_qubo": {"x": 1}}, r"options\.cost_qubo"),
        ({"penalty_qubo": {"5": 1}}, r"options\.penalty_qubo: it has 6 variables, expected 2"),
        ({"n_qubits": 0}, r"options\.n_qubits"),
        ({"n_qubits": 10**9}, r"options\.n_qubits"),
    ],
)
def test_an_invalid_option_is_refused_by_its_name(options, field):
    with pytest.raises(WireError, match=field):
        read(**options)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "body: expected an object, got None"),
        ([], r"body: expected an object, got \[\]"),
        ("x", "body: expected an object, got 'x'"),
        ({}, "reference_states: expected exactly one of reference_states and target_states"),
        ({"qubo": {"0": 1}, "reference_states": ["0"], "extra": 1}, "extra: unknown field"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(body, message):
    with pytest.raises(WireError, match=message):
        request_from_json(body)


def test_null_options_equal_missing_options():
    bare = {"qubo": {"0": 1}, "reference_states": ["0"]}
    nulls = {"analysis": None, "ansatz": None, "constraints": None, "preset": None, "n_qubits": None}
    assert request_from_json(bare) == request_from_json({**bare, "options": None})
    assert request_from_json(bare) == request_from_json({**bare, "options": nulls})


def test_the_default_ansatz_is_one_layer_with_the_mixer_x():
    assert (read().ansatz.mixer, read().ansatz.layers) == (Mixer.X, 1)
    asked = read(ansatz={"mixer": "xy", "layers": 3}).ansatz
    assert (asked.mixer, asked.layers) == (Mixer.XY, 3)
