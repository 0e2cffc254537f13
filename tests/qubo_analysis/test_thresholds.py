"""The thresholds and limits of a characterization, each at its boundary."""

import math
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis import request_from_json
from qiskit_qoro.qubo_analysis.classical_analysis import analyse_classically, refuse_reason
from qiskit_qoro.qubo_analysis.hardness import difficulty, formulation_quality, matrix_figures
from qiskit_qoro.qubo_analysis.qaoa_figures import DEFAULT_BETA
from qiskit_qoro.qubo_analysis.report.recommendations import RULES
from qiskit_qoro.qubo_analysis.report.report_values import Regime
from qiskit_qoro.qubo_analysis.request.constraints import Constraint, ConstraintType
from qiskit_qoro.qubo_analysis.request.request_values import Mixer
from qiskit_qoro.qubo_analysis.spectrum import enumerate_costs, exact_spectrum
from qiskit_qoro.qubo_analysis.spin_form import MAX_EXPANSION, _transform, expansion_size, to_spin_form
from qiskit_qoro.qubo_analysis.treewidth import find_elimination_order

CONFLICT = {"0,1": 1.0, "0,2": 1.0, "1,2": 1.0}


def ring(n):
    return {f"{i},{(i + 1) % n}": 2 for i in range(n)} | {str(i): -2 for i in range(n)}


def complete(n):
    """All pairs of n variables, with different coefficients of both signs."""
    return {f"{i},{j}": math.sin(1 + i + 10 * j) for i, j in combinations(range(n), 2)}


def couplings(weights):
    """The QUBO of the sum of ``weight·z_i·z_j`` with ``z = 1 - 2x``."""
    terms = {}
    for (i, j), weight in weights.items():
        for key, value in ((f"{i},{j}", 4 * weight), (f"{i}", -2 * weight), (f"{j}", -2 * weight)):
            terms[key] = terms.get(key, 0) + value
    return terms


# --- certificate and difficulty -------------------------------------------------------------------------


@pytest.mark.parametrize(("extra", "frustration", "is_high"), [(1.0, 0.25, False), (0.875, 0.2580645, True)])
def test_frustration_is_high_above_a_quarter(answer, extra, frustration, is_high):
    # Of the three equal couplings of the triangle, one cannot be satisfied; the fourth coupling can.
    weights = {(0, 1): 1.0, (1, 2): 1.0, (0, 2): 1.0, (2, 3): extra}
    found = answer(couplings(weights), preset="deep")
    assert found["hardness"]["frustration_index"] == pytest.approx(frustration)
    assert found["report"]["certificate"]["high_frustration"] is is_high


@pytest.mark.parametrize(("weight", "is_limited"), [(3.1, True), (2.9, False)])
def test_the_circuit_is_limited_by_its_depth_below_a_ratio_of_nine_tenths(answer, weight, is_limited):
    # Without layers, all states are equally likely. The mean cost is weight/8 + 2/16, the highest weight + 2.
    terms = {"0,1,2": weight, "3,4,5,6": 2.0}
    found = answer(terms, preset="deep", analysis={"gamma": 0, "beta": 0})["report"]
    ratio = 1 - (weight / 8 + 2 / 16) / (weight + 2)
    assert found["approximation_ratio"] == pytest.approx(ratio)
    assert abs(ratio - 0.9) < 0.001
    assert found["certificate"]["qaoa_low_depth_limited"] is is_limited


@pytest.mark.parametrize(("width", "is_easy"), [(10, True), (11, False)])
def test_a_problem_is_certainly_easy_up_to_a_treewidth_of_ten(answer, width, is_easy):
    found = answer(complete(width + 1), preset="deep", analysis={"gamma": 0, "beta": 0})
    assert found["hardness"]["treewidth_estimate"] == width
    assert found["report"]["certificate"]["low_treewidth"] is is_easy
    assert found["report"]["certificate"]["certified_easy"] is is_easy


@pytest.mark.parametrize(
    ("width", "gap", "frustration", "expected"),
    [
        # One point for a width above 10, and one for each of these: a width above 25, a frustration above 0.1
        # and above 0.25, a gap below 0.05 and below 0.005. One point is moderate, four are hard.
        (10, 0.0, 0.5, "easy"),
        (11, 0.05, 0.1, "moderate"),
        (25, 0.005, 0.25, "moderate"),
        (26, 0.005, 0.1, "moderate"),
        (26, 0.005, 0.11, "hard"),
        (26, 0.0049, 0.1, "hard"),
        (26, 0.049, 0.11, "hard"),
        (11, 0.049, 0.26, "hard"),
        (11, 0.0049, 0.11, "hard"),
        (11, 0.05, 0.26, "moderate"),
        (11, 0.0049, 0.1, "moderate"),
        (26, 0.05, 0.25, "moderate"),
        (26, 0.05, 0.26, "hard"),
    ],
)
def test_the_points_of_a_problem_decide_its_difficulty(width, gap, frustration, expected):
    assert difficulty(width, gap, frustration, trivial=False) == expected
    assert difficulty(width, gap, frustration, trivial=True) == "easy"


@pytest.mark.parametrize(("small", "condition"), [(1e-11, 1e11), (1e-13, 1.0)])
def test_singular_values_of_rounding_errors_are_ignored(small, condition):
    _, found = matrix_figures(Polynomial(2, {(0,): 1.0, (1,): small}))
    assert found == pytest.approx(condition)


def test_the_ratio_of_coefficients_is_limited():
    assert formulation_quality(Polynomial(2, {(0,): 1e200, (1,): 1e-200})).coefficient_ratio == 1e300
    assert formulation_quality(Polynomial(2, {(0,): 1e100, (1,): 1e-100})).coefficient_ratio == pytest.approx(
        1e200
    )


# --- regimes --------------------------------------------------------------------------------------------


def classical(terms, n):
    body = {"qubo": terms, "reference_states": ["0" * n], "options": {"n_qubits": n}}
    return analyse_classically(request_from_json(body))


@pytest.mark.parametrize(
    ("n", "regime", "confidence", "has_all_costs"),
    [
        (16, Regime.EXACT, 1.0, True),
        (17, Regime.STRUCTURED, 0.9, True),
        (18, Regime.STRUCTURED, 0.9, True),
        (19, Regime.STRUCTURED, 0.9, False),
    ],
)
def test_the_number_of_variables_decides_the_regime(n, regime, confidence, has_all_costs):
    found = classical(ring(n), n)
    assert (found.regime, found.confidence, found.costs is not None) == (regime, confidence, has_all_costs)


@pytest.mark.parametrize(("width", "regime"), [(16, Regime.STRUCTURED), (17, Regime.ESTIMATE)])
def test_the_treewidth_decides_the_regime_of_a_large_problem(width, regime):
    # A complete graph and single edges to further variables.
    terms = complete(width + 1) | {f"{width},{i}": 1.0 for i in range(width + 1, 20)}
    found = classical(terms, 20)
    assert found.elimination.width == width
    assert (found.regime, found.exact_minimum is not None) == (regime, regime is Regime.STRUCTURED)


def test_the_confidence_of_an_estimate_grows_with_the_agreement_of_the_solver():
    found = classical(complete(20), 20)
    assert found.regime is Regime.ESTIMATE
    assert found.confidence == pytest.approx(0.2 + 0.6 * found.annealed.agreement)
    assert found.annealed.agreement > 0


def test_the_neighbours_of_solver_results_are_evaluated_too():
    # One solution, and its single flips: the gap is that of the lowest flip.
    terms = {str(i): -1.0 - i for i in range(18)} | complete(20) | {"18": -500.0, "19": -600.0}
    found = classical(terms, 20)
    assert found.regime is Regime.ESTIMATE
    assert 0 < found.spectrum.gap < 1000


@pytest.mark.parametrize(("n", "is_refused"), [(1024, False), (1025, True)])
def test_a_problem_has_at_most_1024_variables(n, is_refused):
    reason = refuse_reason(Polynomial(n, {(0,): 1.0}))
    assert (reason is not None) is is_refused
    if reason is not None:
        assert reason == "The problem has 1025 variables. The maximum is 1024."


def test_the_terms_of_a_large_problem_have_at_most_2_to_the_22_subsets():
    terms = {tuple(range(22)): 1.0}
    assert expansion_size(Polynomial(22, terms)) == MAX_EXPANSION == 2**22
    assert refuse_reason(Polynomial(22, terms)) is None
    reason = refuse_reason(Polynomial(23, {**terms, (22,): 1.0}))
    assert reason is not None
    assert "have more than 4194304 subsets in total" in reason
    assert refuse_reason(Polynomial(18, {tuple(range(18)): 1.0})) is None


@pytest.mark.parametrize(("n", "width"), [(64, 3), (65, 4)])
def test_min_fill_is_tried_for_up_to_64_variables(n, width):
    # For this graph, min-degree finds an order of width 4, and min-fill one of width 3.
    edges = [(0, 2), (0, 4), (0, 5), (1, 2), (1, 3), (1, 4), (1, 5), (2, 3), (3, 4), (3, 5)]
    assert find_elimination_order(Polynomial(n, dict.fromkeys(edges, 1.0))).width == width


# --- the spectrum ---------------------------------------------------------------------------------------


def spectrum_of(terms, n):
    objective = Polynomial(n, terms)
    return exact_spectrum(objective, enumerate_costs(objective))


@pytest.mark.parametrize(("difference", "degeneracy"), [(0.9e-9, 2), (1.1e-9, 1)])
def test_costs_are_equal_up_to_a_billionth_of_their_span(difference, degeneracy):
    # Costs 0, difference, 1 and 1 + difference.
    assert spectrum_of({(0,): 1.0, (1,): difference}, 2).degeneracy == degeneracy


@pytest.mark.parametrize(("difference", "degeneracy"), [(2.9e-8, 512), (3.1e-8, 256)])
def test_costs_are_equal_up_to_the_rounding_error_of_their_terms(difference, degeneracy):
    # The parity of ten variables: the costs are 0 and 1, and the coefficients add up to (3^10 - 1) / 2.
    terms = {term: (-2.0) ** (size - 1) for size in range(1, 11) for term in combinations(range(10), size)}
    assert sum(map(abs, terms.values())) == 29_524
    found = spectrum_of({**terms, (0,): 1 + difference}, 10)
    assert found.degeneracy == degeneracy


@pytest.mark.parametrize(("n", "listed"), [(4, 16), (5, 16), (3, 8)])
def test_at_most_16_states_of_lowest_cost_are_listed(n, listed):
    found = spectrum_of({(0,): 0.0}, n)
    assert (found.degeneracy, len(found.ground_states)) == (2**n, listed)


@pytest.mark.parametrize(("small", "is_kept"), [(1.8e-13, False), (2.4e-13, True)])
def test_couplings_of_rounding_errors_are_dropped_from_the_spin_form(small, is_kept):
    # x = (1 - z) / 2 gives the coupling half of the coefficient.
    objective = Polynomial(2, {(0,): 1.0, (1,): small})
    assert ((1,) in to_spin_form(objective).couplings) is is_kept
    assert ((1,) in _transform(objective)) is is_kept


# --- the circuit ----------------------------------------------------------------------------------------


def test_the_default_sweep_has_these_ranges_and_points(answer):
    # The only coupling of the spin form is 1, so that gamma is not scaled.
    grid = answer({"0": 2.0})["report"]["energy_landscape"]
    assert grid["gamma"] == pytest.approx(np.linspace(0, math.pi / 2, 15))
    assert grid["beta"] == pytest.approx(np.linspace(-math.pi / 2, math.pi / 2, 15))
    deep = answer({"0": 2.0}, preset="deep")["report"]["energy_landscape"]
    assert (len(deep["gamma"]), len(deep["beta"])) == (30, 30)


def test_without_a_sweep_the_default_angles_are_used(answer):
    report = answer({"0": 2.0}, analysis={"parameter_sweep": False})["report"]
    at_defaults = answer({"0": 2.0}, analysis={"gamma": 0.5, "beta": DEFAULT_BETA})["report"]
    assert report["expectation"] == pytest.approx(at_defaults["expectation"])
    only_beta = answer({"0": 2.0}, analysis={"beta": DEFAULT_BETA})["report"]
    assert only_beta["expectation"] == pytest.approx(at_defaults["expectation"])


@pytest.mark.parametrize(("states", "count"), [(["1111"], 10), (["0000"], 11)])
def test_the_ten_likeliest_states_and_the_targets_are_listed(answer, states, count):
    terms = {str(i): 1.0 for i in range(4)}
    report = answer(terms, states=states, analysis={"gamma": 0.4, "beta": 0.4})["report"]
    assert len(report["state_probabilities"]) == count


# --- penalties and constraints --------------------------------------------------------------------------


@pytest.mark.parametrize(("weight", "is_well_tuned"), [(50.0, True), (50.5, False)])
def test_a_penalty_is_too_strong_above_ten_times_the_safe_weight(answer, weight, is_well_tuned):
    # The safe weight is 5, see test_report.py.
    choice = {"0": -3.0, "1": -2.0, "2": -1.0}
    terms = choice | {key: weight * value for key, value in CONFLICT.items()}
    found = answer(terms, cost_qubo=choice, penalty_qubo=CONFLICT)
    assert found["report"]["penalty_lambda_safe"] == 5
    assert found["report"]["penalty_tuning"]["is_well_tuned"] is is_well_tuned
    texts = [item["text"] for item in found["recommendations"] if item["metric"] == "penalty_tuning"]
    assert bool(texts) is not is_well_tuned


@pytest.mark.parametrize(("error", "is_known"), [(0.0, True), (1e-7, True), (1e-4, False)])
def test_the_weight_of_a_penalty_is_known_if_cost_and_penalty_add_up(answer, error, is_known):
    choice = {"0": -3.0, "1": -2.0, "2": -1.0}
    terms = choice | {key: 5.0 * value for key, value in CONFLICT.items()}
    terms["0"] += error * 5
    found = answer(terms, cost_qubo=choice, penalty_qubo=CONFLICT)["report"]["penalty_tuning"]
    assert (found.get("current_lambda") is not None) is is_known


@pytest.mark.parametrize(("bound", "is_satisfied"), [(1 - 0.5e-9, True), (1 - 1.5e-9, False)])
@pytest.mark.parametrize("kind", [ConstraintType.MAX_CARDINALITY, ConstraintType.EQ_CARDINALITY])
def test_a_constraint_may_be_violated_by_a_billionth(kind, bound, is_satisfied):
    constraint = Constraint(kind, bound, (0,), (1.0,))
    assert constraint.satisfied(np.array([[True]])).tolist() == [is_satisfied]


@pytest.mark.parametrize(("bound", "is_satisfied"), [(1 + 0.5e-9, True), (1 + 1.5e-9, False)])
def test_a_lower_bound_may_be_missed_by_a_billionth(bound, is_satisfied):
    constraint = Constraint(ConstraintType.MIN_CARDINALITY, bound, (0,), (1.0,))
    assert constraint.satisfied(np.array([[True]])).tolist() == [is_satisfied]


# --- limits of a request --------------------------------------------------------------------------------


def read(n=2, **options):
    qubo = {"0": 1} if n == 1 else {"0": 1, f"{n - 1}": 1}
    return request_from_json({"qubo": qubo, "reference_states": ["0" * n], "options": options})


@pytest.mark.parametrize(
    ("accepted", "refused", "match"),
    [
        ({"ansatz": {"layers": 3}}, {"ansatz": {"layers": 4}}, "layers: expected 1 to 3"),
        (
            {"subspace": {"max_variable_qubits": 16}},
            {"subspace": {"max_variable_qubits": 17}},
            "max_variable_qubits: expected at most 16",
        ),
        ({"subspace": {"restarts": 256}}, {"subspace": {"restarts": 257}}, "restarts: expected at most 256"),
        (
            {"analysis": {"gamma_range": [0, 1, 50], "beta_range": [0, 1, 50]}},
            {"analysis": {"gamma_range": [0, 1, 41], "beta_range": [0, 1, 61]}},
            "41 × 61 points, expected at most 2500",
        ),
        ({"analysis": {"gamma": 0, "beta": 9.9e10}}, {"analysis": {"gamma": 0, "beta": 1.1e11}}, "beta"),
        (
            {"constraints": {"type": "max_cardinality", "bound": 1e100}},
            {"constraints": {"type": "max_cardinality", "bound": 1.1e100}},
            r"bound: expected at most 1e\+100 in absolute value",
        ),
    ],
    ids=["layers", "subspace", "restarts", "sweep", "phase", "number"],
)
def test_an_option_is_accepted_up_to_its_limit(accepted, refused, match):
    assert read(**accepted)
    with pytest.raises(WireError, match=match):
        read(**refused)


# --- recommendations ------------------------------------------------------------------------------------


def report(**parts):
    """A report of which only the parts are known that a rule looks at."""
    request = SimpleNamespace(
        ansatz=SimpleNamespace(mixer=Mixer.X, layers=1), constraints=(), objective=SimpleNamespace(degree=2)
    )
    return SimpleNamespace(request=request, **parts)


def qaoa(**figures):
    return report(qaoa=SimpleNamespace(**figures))


def penalty(current, safe):
    return report(penalty=SimpleNamespace(current=current, safe=safe))


@pytest.mark.parametrize(
    ("rule", "inside", "outside"),
    [
        ("shallow", qaoa(quality=49.9), qaoa(quality=50.0)),
        ("good", qaoa(approximation_ratio=0.95), qaoa(approximation_ratio=0.949)),
        ("spread out", qaoa(concentration=0.999), qaoa(concentration=1.0)),
        ("rarely feasible", qaoa(feasibility_rate=0.499), qaoa(feasibility_rate=0.5)),
        (
            "ill-conditioned",
            report(hardness=SimpleNamespace(matrix_condition_number=1.001e6)),
            report(hardness=SimpleNamespace(matrix_condition_number=1e6)),
        ),
        (
            "wide coefficients",
            report(formulation=SimpleNamespace(coefficient_ratio=1.001e4)),
            report(formulation=SimpleNamespace(coefficient_ratio=1e4)),
        ),
        (
            "unused variables",
            report(formulation=SimpleNamespace(unused_variables=1)),
            report(formulation=SimpleNamespace(unused_variables=0)),
        ),
        ("strong penalty", penalty(50.1, 5.0), penalty(50.0, 5.0)),
        (
            "dominated",
            report(structural_sensitivity=np.array([1, 0, 0, 0.3])),
            report(structural_sensitivity=np.array([1, 0, 0, 1 / 3])),
        ),
        (
            "dominated",
            report(structural_sensitivity=np.array([1, 0, 0, 0])),
            report(structural_sensitivity=np.array([1, 0, 0])),
        ),
        (
            "hard",
            report(hardness=SimpleNamespace(difficulty="hard")),
            report(hardness=SimpleNamespace(difficulty="moderate")),
        ),
        ("estimated", report(regime=Regime.ESTIMATE), report(regime=Regime.STRUCTURED)),
    ],
)
def test_a_rule_applies_up_to_its_threshold(rule, inside, outside):
    (advice,) = (item.advice for item in RULES if item.name == rule)
    assert advice(inside)
    assert advice(outside) is None


@pytest.mark.parametrize(("layers", "applies"), [(2, True), (3, False)])
def test_more_layers_are_recommended_up_to_their_maximum(layers, applies):
    (advice,) = (item.advice for item in RULES if item.name == "shallow")
    shallow = qaoa(quality=10.0)
    shallow.request.ansatz.layers = layers
    assert (advice(shallow) is not None) is applies
