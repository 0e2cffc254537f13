"""The contents of whole reports, and the meaning of their numbers."""

import json
import re
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from qiskit_qoro.qubo_analysis import characterize, render_html, report_to_json, request_from_json
from qiskit_qoro.qubo_analysis.report.figures import FIGURES
from qiskit_qoro.qubo_analysis.report.pictures import draw_pictures
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


def page_of(qubo, states, **options):
    """The JSON of a report, and the texts of its HTML form: rows of tables, items of lists, pictures."""
    body = {"qubo": qubo, "reference_states": states, "options": options}
    report = characterize(request_from_json(body))
    page = render_html(report)
    page = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).replace("&nbsp;", " ")
    return report_to_json(report), ET.fromstring(page)


def headings(page):
    return ["".join(element.itertext()) for element in page.iter() if element.tag in ("h2", "h3")]


def figures(page):
    """Name to value of all figures in the tables."""
    rows = [["".join(cell.itertext()) for cell in row] for row in page.iter("tr")]
    return {row[0]: row[1] for row in rows if len(row) == 3}


def picture(page, title):
    """The SVG of a picture, and its caption."""
    figure = next(each for each in page.iter("figure") if each.find("h3").text == title)
    return figure.find("svg"), figure.find("figcaption").text


PENALIZED = {
    "preset": "deep",
    "cost_qubo": CHOICE,
    "penalty_qubo": CONFLICT,
    "constraints": [{"type": "max_cardinality", "bound": 1}] * 2,
}


def test_the_html_report_starts_with_pictures_and_ends_with_tables():
    _, page = page_of(with_penalty(1), ["000"], **PENALIZED)
    assert headings(page) == [
        "QUBO characterization",
        "Mean cost over the angles of the circuit",
        "Likeliest states",
        "Sensitivity to each variable",
        "Recommendations",
        "Problem",
        "Costs",
        "QAOA circuit",
        "Structure",
        "Verdicts",
        "Classical solvers",
        "Formulation",
        "Penalty",
        "Constraints",
    ]


def test_the_html_report_shows_values_with_readable_names():
    body, page = page_of(with_penalty(1), ["000"], **PENALIZED)
    found = figures(page)
    assert (found["Difficulty"], found["Gap and extremes are estimates"]) == ("easy", "no")
    assert (found["Regime"], found["Well tuned"], found["Proven to be easy"]) == ("exact", "no", "yes")
    assert found["Mean cost"] == f"{body['report']['expectation']:.6g}"
    levels = [item.get("class") for item in page.iter("li")]
    assert levels == [f"qvr-{item['level']}" for item in body["recommendations"]]
    texts = ["".join(item.itertext()) for item in page.iter("li")]
    assert texts == [f"{item['level']} {item['text']}" for item in body["recommendations"]]
    rows = [["".join(cell.itertext()) for cell in row] for row in page.iter("tr")]
    assert [row[0] for row in rows if len(row) == 5] == ["Constraint", "max_cardinality", "max_cardinality"]


def test_each_figure_of_a_report_is_in_the_table_of_figures_or_drawn_and_once(answer, random_terms):
    """A new figure has to get a name."""
    subspace = {"auto_warmstart": True, "max_variable_qubits": 4}
    answers = [
        answer(with_penalty(1), **PENALIZED),
        answer(random_terms(20, seed=1), subspace=subspace, preset="deep"),
        answer({"2000": 1}),
    ]
    drawn = {
        "report.energy_landscape",
        "report.state_probabilities",
        "report.sensitivity",
        "report.structural_sensitivity",
        "report.constraint_diagnostics",
    }
    keys = [key for figure in FIGURES for key in figure.keys]
    assert len(set(keys)) == len(keys)
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)

    def dotted(value, prefix):
        for key, item in value.items():
            if isinstance(item, dict) and f"{prefix}{key}" not in drawn:
                yield from dotted(item, f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}"

    in_answers = {
        key
        for found in answers
        for part in ("hardness", "report")
        for key in dotted(found[part] or {}, f"{part}.")
    }
    assert in_answers - set(keys) == drawn


def test_the_figures_of_a_group_are_in_one_piece():
    groups = [figure.group for figure in FIGURES]
    assert [group for group, _ in groupby(groups)] == list(dict.fromkeys(groups))


def test_the_landscape_has_a_cell_for_each_point_and_marks_the_best_one(random_terms):
    ranges = {"gamma_range": [0.1, 1.0, 4], "beta_range": [-0.8, 0.8, 5]}
    body, page = page_of(random_terms(4, seed=8), ["0000"], analysis=ranges)
    svg, caption = picture(page, "Mean cost over the angles of the circuit")
    assert sum(path.get("d").count("M") for path in svg.iter("path")) == 20
    assert "4 × 5 points" in caption
    best = body["report"]["best_parameters"]
    (mark,) = [group for group in svg.iter("g") if group.find("circle") is not None]
    assert mark.find("title").text == (
        f"lowest mean cost: {body['report']['expectation']:.4g} at "
        f"γ = {best['gamma']:.4g}, β = {best['beta']:.4g}".replace("-", "−")
    )


def test_the_bars_of_the_states_are_as_long_as_their_probabilities_and_mark_the_targets(random_terms):
    body, page = page_of(random_terms(3, seed=9), ["111"], analysis={"gamma": 0.3, "beta": 0.4})
    listed = body["report"]["state_probabilities"]
    svg, caption = picture(page, "Likeliest states")
    bars = [group for group in svg.iter("g") if group.find("rect") is not None]
    labels = [f"★ {item['state']}" if item["state"] == "111" else item["state"] for item in listed]
    assert [bar.findtext("text") for bar in bars] == labels
    widths = [float(bar.find("rect").get("width")) for bar in bars]
    probabilities = [item["probability"] for item in listed]
    assert widths == pytest.approx([widths[0] * p / probabilities[0] for p in probabilities], abs=0.01)
    assert caption.startswith("★ target state. The probability of all bars together is 1.")


def test_without_target_states_the_states_with_the_lowest_cost_are_marked(triangle):
    request = request_from_json({"qubo": triangle, "target_states": []})
    report = report_to_json(characterize(request))["report"]
    states = next(each for each in draw_pictures(report) if each.title == "Likeliest states")
    assert "★ state with the lowest cost." in states.caption
    labels = [element.text for element in ET.fromstring(states.svg).iter("text")]
    assert len([label for label in labels if label.startswith("★ ")]) == 6


def test_a_report_of_a_warm_start_has_two_kinds_of_sensitivity(random_terms):
    subspace = {"auto_warmstart": True, "max_variable_qubits": 4}
    _, page = page_of(random_terms(20, seed=1), ["0" * 20], preset="deep", subspace=subspace)
    assert len(list(picture(page, "Influence of each variable")[0].iter("rect"))) == 20
    assert len(list(picture(page, "Sensitivity to each variable")[0].iter("rect"))) == 4


@pytest.mark.parametrize(("count", "shown"), [(32, 32), (43, 32)])
def test_long_lists_are_cut_at_32_bars(count, shown):
    chain = {f"{i},{i + 1}": 2.0 for i in range(count - 1)} | {str(i): -1.0 for i in range(count)}
    _, page = page_of(chain, ["0" * count])
    svg, caption = picture(page, "Influence of each variable")
    assert len(list(svg.iter("rect"))) == shown
    assert ("11 more variables are not shown." in caption) is (count > shown)


def test_a_report_without_hardness_and_recommendations_has_no_such_sections(answer):
    body = {"qubo": {"0": -1.0}, "reference_states": ["1"], "options": {"preset": "fast"}}
    report = characterize(request_from_json(body))
    page = render_html(report)
    assert "<h3>Structure</h3>" not in page
    assert ("<h3>Recommendations</h3>" in page) is bool(report.recommendations)
    assert "<h3>Problem</h3>" in page


LANDSCAPE = {"gamma": [0.0, 1.0], "beta": [0.0, 1.0, 2.0], "expectation": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]}


@pytest.mark.parametrize(
    "section",
    [
        None,
        [],
        "text",
        {},
        LANDSCAPE | {"gamma": [0.0]},
        LANDSCAPE | {"gamma": ["x", 1.0]},
        LANDSCAPE | {"gamma": [0.0, 1.0], "beta": [0.0, 1.0, 5.0]},
        LANDSCAPE | {"expectation": [[1.0, 2.0, 3.0], [4.0]]},
        LANDSCAPE | {"expectation": [[None] * 3] * 2},
        {"gamma": [0.0] * 200, "beta": [0.0] * 200, "expectation": [[1.0] * 200] * 200},
    ],
)
def test_a_landscape_that_cannot_be_read_is_not_drawn(section):
    assert draw_pictures({"energy_landscape": section}) == []


def test_a_landscape_of_another_service_may_be_in_any_order_and_have_gaps():
    section = {"gamma": [1.0, 0.0], "beta": [0.5], "expectation": [["-2.5"], [None]]}
    (drawn,) = draw_pictures({"energy_landscape": section})
    assert "lowest mean cost: −2.5 at γ = 1, β = 0.5" in drawn.svg
    assert drawn.svg.count("M0 0h1") + drawn.svg.count("M1 0h1") == 1


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
