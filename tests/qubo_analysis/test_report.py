"""The contents of whole reports, and the meaning of their numbers."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from qiskit_qoro.qubo_analysis import characterize, render_html, report_to_json, request_from_json
from qiskit_qoro.qubo_analysis.report.recommendations import RULES
from qiskit_qoro.qubo_analysis.report.report_values import CharacterizationReport, Recommendation, Regime

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "characterization.md"

# Choose at most one of three items worth 3, 2 and 1. Without the penalty, all would be chosen.
CHOICE = {"0": -3.0, "1": -2.0, "2": -1.0}
CONFLICT = {"0,1": 1.0, "0,2": 1.0, "1,2": 1.0}


def with_penalty(weight):
    return CHOICE | {key: weight * value for key, value in CONFLICT.items()}


# --- the circuit's figures ------------------------------------------------------------------------------


def test_figures_at_fixed_angles_follow_from_the_probabilities(answer, random_terms, costs_of):
    terms = random_terms(3, seed=5)
    report = answer(terms, states=["011", "100"], analysis={"gamma": 0.4, "beta": -0.3})["report"]
    costs = costs_of(terms, 3)
    listed = {item["state"]: item["probability"] for item in report["state_probabilities"]}
    low, high, guess = min(costs.values()), max(costs.values()), np.mean(list(costs.values()))
    mean = sum(listed[state] * costs[state] for state in costs)

    assert report["expectation"] == pytest.approx(mean)
    assert report["approximation_ratio"] == pytest.approx((high - mean) / (high - low))
    assert report["quality_score"] == pytest.approx(100 * max(0, (guess - mean) / (guess - low)))
    assert report["concentration_ratio"] == pytest.approx((listed["011"] + listed["100"]) * 8 / 2)
    assert not {"quality_at_best", "concentration_at_best", "best_parameters", "energy_landscape"} & set(
        report
    )


def test_sensitivity_is_the_mean_change_by_a_flip_divided_by_the_span(answer, random_terms, costs_of):
    terms = random_terms(3, seed=6)
    report = answer(terms, analysis={"gamma": 0.4, "beta": -0.3})["report"]
    costs = costs_of(terms, 3)
    listed = {item["state"]: item["probability"] for item in report["state_probabilities"]}
    span = max(costs.values()) - min(costs.values())

    def flipped(state, i):
        return state[:i] + "10"[int(state[i])] + state[i + 1 :]

    for entry in report["sensitivity"]:
        changes = (p * abs(costs[flipped(s, entry["qubit"])] - costs[s]) for s, p in listed.items())
        assert entry["score"] == pytest.approx(sum(changes) / span)


def test_a_sweep_reports_the_best_point_of_its_grid(answer, random_terms):
    terms = random_terms(4, seed=8)
    ranges = {"gamma_range": [0.1, 1.0, 4], "beta_range": [-0.8, 0.8, 5]}
    report = answer(terms, analysis=ranges)["report"]
    grid, best = report["energy_landscape"], report["best_parameters"]
    lowest = min(min(row) for row in grid["expectation"])

    assert grid["gamma"] == pytest.approx([0.1, 0.4, 0.7, 1.0])
    assert report["expectation"] == pytest.approx(lowest)
    at_best = answer(terms, analysis=best)["report"]
    assert at_best["expectation"] == pytest.approx(lowest)
    assert report["quality_at_best"] == pytest.approx(at_best["quality_score"])


def test_target_states_are_always_listed_and_marked(answer, random_terms):
    report = answer(random_terms(6, seed=9), states=["111111", "000000"])["report"]
    marked = [item["state"] for item in report["state_probabilities"] if item["is_target"]]
    assert sorted(marked) == ["000000", "111111"]
    probabilities = [item["probability"] for item in report["state_probabilities"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert len(probabilities) >= 10


def test_variable_0_is_the_leftmost_character(answer):
    report = answer({"0": -1.0, "1": 1.0, "2": 1.0}, analysis={"gamma": 1.5, "beta": -0.78})["report"]
    assert report["state_probabilities"][0]["state"] == "100"


def test_without_target_states_the_states_of_lowest_cost_are_the_targets(triangle):
    options = {"analysis": {"gamma": 0.0, "beta": 0.0}}
    body = {"qubo": triangle, "target_states": [], "options": options}
    report = report_to_json(characterize(request_from_json(body)))["report"]
    assert report["concentration_ratio"] == pytest.approx(1)
    assert report["quality_score"] == pytest.approx(0, abs=1e-9)


def test_the_xy_mixer_starts_with_the_number_of_ones_of_the_constraint(answer, random_terms):
    constraint = {"type": "eq_cardinality", "bound": 2}
    report = answer(random_terms(5, seed=3), constraints=[constraint], ansatz={"mixer": "xy", "layers": 2})[
        "report"
    ]
    assert report["feasibility_rate"] == pytest.approx(1)
    assert report["constraint_diagnostics"][0]["satisfied_by_uniform"] == pytest.approx(10 / 32)


def test_more_layers_reach_a_better_ratio(answer, random_terms):
    terms = random_terms(6, seed=12)
    ratios = [answer(terms, ansatz={"layers": p})["report"]["approximation_ratio"] for p in (1, 3)]
    assert ratios[0] < ratios[1]


def test_every_state_solves_a_flat_problem(answer):
    found = answer({"0": 0.0, "1": 0.0}, preset="deep")
    report, hardness = found["report"], found["hardness"]
    assert (report["approximation_ratio"], report["quality_score"]) == (1, 100)
    assert (hardness["cost_gap"], hardness["ground_state_degeneracy"], hardness["difficulty"]) == (
        0,
        4,
        "easy",
    )


# --- parts of the report --------------------------------------------------------------------------------


def test_the_new_form_has_hardness_only_with_the_preset_deep(answer, triangle):
    assert answer(triangle)["hardness"] is None
    assert "certificate" not in answer(triangle)["report"]
    deep = answer(triangle, preset="deep")
    assert {"certificate", "classical_baseline", "formulation_quality"} <= set(deep["report"])


def test_hardness_only_skips_the_circuit(triangle):
    options = {"analysis": {"hardness_only": True}}
    body = {"qubo": triangle, "target_states": [], "options": options}
    found = report_to_json(characterize(request_from_json(body)))
    assert found["hardness"]["spectral_gap"] == found["hardness"]["matrix_spectral_gap"]
    assert not {"quality_score", "state_probabilities", "sensitivity"} & set(found["report"])


def test_a_local_minimum_stops_greedy_but_not_annealing(answer):
    # From 00, each single flip raises the cost by 1, and both together lower it by 1.
    found = answer({"0": 1.0, "1": 1.0, "0,1": -3.0}, preset="deep")["report"]
    assert found["classical_baseline"]["greedy_energy"] == 0
    assert found["classical_baseline"]["sa_energy"] == found["classical_baseline"]["best_energy"] == -1
    assert found["classical_baseline"]["best_state"] == "11"
    assert (found["certificate"]["greedy_solved"], found["certificate"]["sa_solved"]) == (False, True)
    assert found["certificate"]["submodular"]


def test_the_report_of_a_dense_large_problem_is_an_estimate(answer, random_terms):
    found = answer(random_terms(24, seed=1), preset="deep")
    report = found["report"]
    assert report["regime"] == "estimate"
    assert 0.2 <= report["confidence"] <= 0.8
    assert report["relaxation_bound"] <= found["hardness"]["cost_min"]
    assert report["certificate"]["sa_solved"] is None
    assert "exact_ground_energy" not in report
    assert {"num_qubits", "cost_min"} <= {item["metric"] for item in found["recommendations"]}


def test_a_warm_start_simulates_a_subproblem_around_a_classical_solution(answer, random_terms):
    terms = random_terms(24, seed=1)
    found = answer(terms, preset="deep", subspace={"auto_warmstart": True, "max_variable_qubits": 6})
    report = found["report"]
    assert len(report["subspace"]["variable_qubits"]) == 6
    assert [item["qubit"] for item in report["sensitivity"]] == report["subspace"]["variable_qubits"]
    assert len(report["structural_sensitivity"]) == 24
    assert max(item["score"] for item in report["structural_sensitivity"]) == 1
    assert 0 <= report["approximation_ratio_error_bound"] <= 1


def test_a_requested_subspace_fixes_the_other_variables(answer, random_terms, costs_of):
    terms = random_terms(5, seed=4, degree=3)
    subspace = {"base_bitstring": "10110", "variable_qubits": [4, 1]}
    report = answer(terms, subspace=subspace, analysis={"gamma": 0.3, "beta": -0.5})["report"]
    listed = {item["state"]: item["probability"] for item in report["state_probabilities"]}
    costs = costs_of(terms, 5)
    assert {state for state in listed if listed[state]} == {"10110", "11110", "10111", "11111"}
    assert report["expectation"] == pytest.approx(sum(p * costs[state] for state, p in listed.items()))


@pytest.mark.parametrize(
    "qubo", [{"0": 1, "1024": 1}, {",".join(map(str, range(23))): 1}], ids=["variables", "terms"]
)
def test_a_problem_that_is_too_large_is_refused_with_a_reason(qubo, answer):
    found = answer(qubo, preset="deep")
    assert (found["report"]["regime"], found["report"]["confidence"], found["hardness"]) == (
        "refuse",
        0,
        None,
    )
    (advice,) = found["recommendations"]
    assert (advice["level"], advice["text"]) == ("action", found["report"]["refuse_reason"])


# --- penalties ------------------------------------------------------------------------------------------


def penalty_of(answer, weight, **options):
    parts = {"cost_qubo": CHOICE, "penalty_qubo": CONFLICT}
    return answer(with_penalty(weight), **parts, **options)["report"]


@pytest.mark.parametrize(
    ("weight", "is_well_tuned"), [(1.0, False), (2.5, True), (5.0, True), (100.0, False)]
)
def test_a_penalty_is_judged_by_its_weight(weight, is_well_tuned, answer):
    # States with at most one item are feasible and cost -3 to 0. Without the penalty, 110 costs -5 with one
    # conflict, and 111 costs -6 with three.
    report = penalty_of(answer, weight)
    assert report["penalty_lambda_min_feasible"] == 2
    assert report["penalty_lambda_safe"] == 5
    assert report["penalty_recommendation"] == pytest.approx(1.1 * 2 + 0.05 * 5)
    assert report["penalty_tuning"]["current_lambda"] == pytest.approx(weight)
    assert report["penalty_tuning"]["is_well_tuned"] is is_well_tuned


def test_the_recommended_weight_is_well_tuned(answer):
    weight = penalty_of(answer, 1.0)["penalty_recommendation"]
    assert penalty_of(answer, weight)["penalty_tuning"]["is_well_tuned"]


def test_constraints_without_a_penalty_define_which_states_are_feasible(answer):
    constraint = {"type": "max_cardinality", "bound": 1}
    options = {"constraints": [constraint], "analysis": {"auto_tune": True}}
    assert answer(with_penalty(3), **options)["report"]["penalty_tuning"]["is_well_tuned"] is True
    assert answer(with_penalty(1), **options)["report"]["penalty_tuning"]["is_well_tuned"] is False


def test_constraints_that_no_state_satisfies_are_not_well_tuned(answer):
    constraint = {"type": "min_cardinality", "bound": 4}
    found = answer(CHOICE, constraints=[constraint], analysis={"penalty_tuning": True})
    assert found["report"]["penalty_tuning"]["is_well_tuned"] is False
    assert found["report"]["feasibility_rate"] == 0


# --- recommendations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "qubo", "options"),
    [
        ("penalty_tuning", with_penalty(1), {"cost_qubo": CHOICE, "penalty_qubo": CONFLICT}),
        ("penalty_tuning", with_penalty(99), {"cost_qubo": CHOICE, "penalty_qubo": CONFLICT}),
        ("penalty_tuning", CHOICE, {"analysis": {"penalty_tuning": True}}),
        ("target_states", CHOICE, {"states": ["000"]}),
        ("mixer", CHOICE, {"ansatz": {"mixer": "I"}}),
        ("approximation_ratio", CHOICE | {"1": -3, "2": -3}, {}),
        ("formulation_quality", CHOICE | {"0,1": 1e-5}, {"preset": "deep"}),
        ("formulation_quality", CHOICE | {"4": 1}, {"preset": "deep"}),
        ("condition_number", {"0": 1, "1": 1e-7}, {"preset": "deep"}),
        ("global_flip_symmetric", {"0": -1, "1": -1, "0,1": 2}, {"preset": "deep"}),
        ("certificate", CHOICE, {"preset": "deep"}),
        ("feasibility_rate", CHOICE, {"constraints": {"type": "eq_cardinality", "bound": 0}}),
        ("best_parameters", CHOICE, {"analysis": {"gamma_range": [0, 0.01, 3]}}),
        ("concentration_ratio", CHOICE, {"states": ["000"]}),
        ("quality_score", CHOICE, {"analysis": {"gamma": 0, "beta": 0}}),
    ],
)
def test_a_rule_applies_if_its_condition_holds(metric, qubo, options, answer):
    assert metric in {item["metric"] for item in answer(qubo, **options)["recommendations"]}


def test_rules_have_known_levels_and_unique_names():
    assert {rule.level for rule in RULES} <= {"info", "warn", "action"}
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_recommendations_are_plain_text_and_html_is_escaped(triangle):
    request = request_from_json({"qubo": triangle, "reference_states": ["000"]})
    advice = Recommendation("warn", "a<b", "x < y & <script>alert(1)</script>")
    report = CharacterizationReport(request, Regime.EXACT, 1.0, recommendations=(advice,))
    (item,) = report_to_json(report)["recommendations"]
    assert item["text"] == advice.text
    assert item["html"] == (
        "<p><strong>a&lt;b</strong>: x &lt; y &amp; &lt;script&gt;alert(1)&lt;/script&gt;</p>"
    )
    assert "<script" not in render_html(report)
    assert "&lt;script&gt;" in render_html(report)


# --- the whole report -----------------------------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.depth = [], [], 0

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.depth += 1

    def handle_endtag(self, tag):
        self.depth -= 1


def test_the_html_report_is_a_self_contained_fragment(random_terms):
    body = {"qubo": random_terms(5, seed=2), "reference_states": ["00000"], "options": {"preset": "deep"}}
    page = render_html(characterize(request_from_json(body)))
    parsed = Tags()
    parsed.feed(page)
    assert page.startswith('<section class="qvr-root">')
    assert page.endswith("</section>")
    assert parsed.depth == 0
    assert not {"script", "link", "img", "iframe", "html", "body"} & set(parsed.tags)
    assert not {"src", "href", "style", "onclick"} & {name for name, _ in parsed.attributes}
    assert not re.search(r"url\(|@import|https?:", page)


class Outline(HTMLParser):
    """The headings of a report, and the texts of the cells and of the items below each of them."""

    def __init__(self):
        super().__init__()
        self.sections, self.path, self.rows = {}, [], {}

    def handle_starttag(self, tag, attrs):
        self.path.append(tag)
        if tag in ("tr", "li"):
            self.row = [dict(attrs)]
        if tag in ("rect", "svg"):
            self.row.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self.path.pop()
        if tag in ("tr", "li"):
            self.rows.append(self.row)

    def handle_data(self, data):
        if self.path and self.path[-1] in ("h2", "h3"):
            self.rows = self.sections[data] = []
        elif "tr" in self.path or "li" in self.path or (self.path and self.path[-1] == "p"):
            getattr(self, "row", []).append(data)


def outline(qubo, states, **options):
    body = {"qubo": qubo, "reference_states": states, "options": options}
    report = characterize(request_from_json(body))
    parsed = Outline()
    parsed.feed(render_html(report))
    return report_to_json(report), parsed.sections


def cells(rows):
    """The texts of each row."""
    return [[item for item in row if isinstance(item, str)] for row in rows]


def test_the_html_report_has_a_section_for_each_part_of_the_report():
    constraint = {"type": "max_cardinality", "bound": 1}
    body, sections = outline(
        with_penalty(1),
        ["000"],
        preset="deep",
        cost_qubo=CHOICE,
        penalty_qubo=CONFLICT,
        constraints=[constraint, constraint],
    )
    assert list(sections) == [
        "QUBO characterization",
        "Recommendations",
        "Summary",
        "Hardness",
        "Likeliest states",
        "Sensitivity",
        "Constraint 0",
        "Constraint 1",
    ]
    advice = body["recommendations"]
    assert cells(sections["Recommendations"]) == [[f"{item['metric']}: {item['text']}"] for item in advice]
    assert [row[0]["class"] for row in sections["Recommendations"]] == [
        f"qvr-{item['level']}" for item in advice
    ]
    hardness = dict(cells(sections["Hardness"]))
    assert (hardness["difficulty"], hardness["cost_spectrum_estimated"]) == ("easy", "no")
    summary = dict(cells(sections["Summary"]))
    assert (summary["regime"], summary["penalty_tuning.is_well_tuned"]) == ("exact", "no")
    assert summary["certificate.certified_easy"] == "yes"
    assert summary["expectation"] == f"{body['report']['expectation']:.6g}"
    assert not {"energy_landscape", "state_probabilities", "sensitivity", "constraint_diagnostics"} & {
        name.partition(".")[0] for name in summary
    }
    assert dict(cells(sections["Constraint 1"]))["type"] == "max_cardinality"


def test_the_bars_of_the_html_report_are_as_long_as_their_numbers_and_mark_the_targets(random_terms):
    body, sections = outline(random_terms(3, seed=9), ["111"], analysis={"gamma": 0.3, "beta": 0.4})
    listed = body["report"]["state_probabilities"]
    rows = sections["Likeliest states"]
    assert cells(rows) == [[item["state"], f"{item['probability']:.6g}"] for item in listed]
    bars = [dict(row[-1][1]) for row in rows]
    largest = listed[0]["probability"]
    assert [bar["width"] for bar in bars] == [f"{160 * item['probability'] / largest:.1f}" for item in listed]
    assert bars[0]["width"] == "160.0"
    assert [bar.get("class") for bar in bars] == [
        "qvr-target" if item["state"] == "111" else None for item in listed
    ]
    assert len(sections["Sensitivity"]) == 3


def test_a_report_of_a_warm_start_has_the_structural_sensitivity(random_terms):
    subspace = {"auto_warmstart": True, "max_variable_qubits": 4}
    _, sections = outline(random_terms(20, seed=1), ["0" * 20], preset="deep", subspace=subspace)
    assert len(sections["Structural sensitivity"]) == 20
    assert len(sections["Sensitivity"]) == 4


@pytest.mark.parametrize(("count", "shown"), [(40, 40), (43, 40)])
def test_long_lists_are_cut_at_40_rows(count, shown):
    chain = {f"{i},{i + 1}": 2.0 for i in range(count - 1)} | {str(i): -1.0 for i in range(count)}
    request = request_from_json({"qubo": chain, "reference_states": ["0" * count]})
    page = render_html(characterize(request))
    rest = page.partition("<h3>Structural sensitivity</h3>")[2]
    assert rest.count("<rect") == shown
    assert ("3 more are not shown." in rest) is (count > shown)


def test_a_report_without_hardness_and_recommendations_has_no_such_sections(answer):
    body = {"qubo": {"0": -1.0}, "reference_states": ["1"], "options": {"preset": "fast"}}
    report = characterize(request_from_json(body))
    page = render_html(report)
    assert "<h3>Hardness</h3>" not in page
    assert ("<h3>Recommendations</h3>" in page) is bool(report.recommendations)
    assert "<h3>Summary</h3>" in page


@pytest.mark.parametrize("n", [5, 22])
def test_the_same_request_gives_the_same_report(n, random_terms):
    options = {"preset": "deep", "subspace": {"auto_warmstart": True, "max_variable_qubits": 5}}
    body = {"qubo": random_terms(n, seed=2), "reference_states": ["0" * n], "options": options}
    reports = [characterize(request_from_json(body)) for _ in range(2)]
    assert report_to_json(reports[0]) == report_to_json(reports[1])
    assert render_html(reports[0]) == render_html(reports[1])


@pytest.mark.parametrize(
    "qubo", [{"0": 1e100, "0,1": -1e100}, {"0": 1e-100}, {"0": 1e100, "1": 1e-300}, {"0": 0}]
)
@pytest.mark.parametrize("mixer", ["x", "xy", "I"])
def test_a_report_is_plain_json_with_extreme_coefficients(qubo, mixer, answer):
    found = answer(qubo, preset="deep", ansatz={"mixer": mixer, "layers": 2})
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def names(value):
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from names(item)
    if isinstance(value, list):
        for item in value:
            yield from names(item)


def test_the_documentation_explains_every_name_in_a_report(answer, random_terms):
    constraint = {"type": "max_cardinality", "bound": 1}
    deep = {"preset": "deep", "constraints": [constraint]}
    answers = [
        answer(with_penalty(2), cost_qubo=CHOICE, penalty_qubo=CONFLICT, **deep),
        answer(random_terms(20, seed=1), subspace={"auto_warmstart": True, "max_variable_qubits": 4}, **deep),
        answer({"2000": 1}),
    ]
    page = PAGE.read_text(encoding="utf-8")
    assert {name for name in names(answers) if f"`{name}`" not in page} == set()
