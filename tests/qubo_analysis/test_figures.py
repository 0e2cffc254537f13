"""Figures of small problems equal those computed by hand, and of random ones those by brute force."""

import math
from itertools import combinations

import numpy as np
import pytest

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.baseline import FlipCosts, anneal, descend
from qiskit_qoro.qubo_analysis.hardness import frustration_index, is_submodular, relaxation_bound
from qiskit_qoro.qubo_analysis.spectrum import enumerate_costs
from qiskit_qoro.qubo_analysis.spin_form import SpinForm, _transform, to_spin_form
from qiskit_qoro.qubo_analysis.treewidth import exact_minimum, find_elimination_order
from qiskit_qoro.wire.qubo import qubo_from_json


def test_max_cut_on_a_triangle_has_the_hardness_computed_by_hand(answer, triangle):
    # 0 or 2 edges are cut: costs 0 (twice), -2 (six times). Q = ones - 3·I has the eigenvalues -3, -3, 0.
    # Spin form: -3/2 + Σ z_i z_j / 2. The best state does not satisfy one of three couplings.
    assert answer(triangle, preset="deep")["hardness"] == {
        "difficulty": "easy",
        "matrix_spectral_gap": pytest.approx(0, abs=1e-9),
        "matrix_condition_number": pytest.approx(1),
        "spectral_gap": pytest.approx(0, abs=1e-9),
        "condition_number": pytest.approx(1),
        "cost_min": -2.0,
        "cost_max": 0.0,
        "cost_gap": 2.0,
        "cost_gap_normalized": 1.0,
        "ground_state_degeneracy": 6,
        "cost_spectrum_estimated": False,
        "treewidth_estimate": 2,
        "frustration_index": pytest.approx(1 / 3),
        "global_flip_symmetric": True,
    }


def test_the_ground_states_of_number_partitioning_are_the_partitions(answer):
    # (Σ a_i z_i)² with z = 1 - 2x, without the constant 36. The partition is {3} and {1, 2}.
    numbers = [3, 1, 2]
    terms = {f"{i},{j}": 8 * numbers[i] * numbers[j] for i, j in combinations(range(3), 2)}
    terms |= {str(i): 4 * a * a - 24 * a for i, a in enumerate(numbers)}

    found = answer(terms, states=["100", "011"], preset="deep")

    assert found["report"]["exact_ground_energy"] == -36
    assert (found["hardness"]["cost_max"], found["hardness"]["cost_gap"]) == (0, 4)
    assert found["hardness"]["ground_state_degeneracy"] == 2
    assert found["hardness"]["global_flip_symmetric"]


@pytest.mark.parametrize(("seed", "degree"), [(0, 2), (1, 2), (2, 3), (3, 4)])
def test_the_spectrum_of_a_random_problem_agrees_with_brute_force(
    seed, degree, answer, random_terms, costs_of
):
    terms = random_terms(6, seed, degree)
    costs = sorted(costs_of(terms, 6).values())

    hardness = answer(terms, preset="deep")["hardness"]

    assert (hardness["cost_min"], hardness["cost_max"]) == pytest.approx((costs[0], costs[-1]))
    assert hardness["cost_gap"] == pytest.approx(costs[1] - costs[0])
    assert hardness["cost_gap_normalized"] == pytest.approx((costs[1] - costs[0]) / (costs[-1] - costs[0]))


def test_costs_are_indexed_by_the_number_of_their_state(random_terms, costs_of):
    terms = random_terms(5, seed=7, degree=3)
    assert enumerate_costs(qubo_from_json(terms)) == pytest.approx(list(costs_of(terms, 5).values()))


def test_the_matrix_figures_follow_from_the_eigenvalues(answer):
    # Q = [[1, 2], [2, -2]] has the eigenvalues -3 and 2.
    hardness = answer({"0": 1, "0,1": 4, "1": -2}, preset="deep")["hardness"]
    assert hardness["matrix_spectral_gap"] == pytest.approx(5)
    assert hardness["matrix_condition_number"] == pytest.approx(1.5)


# --- spin form ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("degree", [2, 4])
def test_the_spin_form_has_the_same_values(degree, random_terms, costs_of):
    terms = random_terms(6, seed=9, degree=degree)
    form = to_spin_form(qubo_from_json(terms))
    for state, cost in costs_of(terms, 6).items():
        spins = [1 - 2 * int(bit) for bit in state]
        value = form.constant + sum(
            c * math.prod(spins[i] for i in term) for term, c in form.couplings.items()
        )
        assert value == pytest.approx(cost)


def test_expansion_and_transform_give_the_same_spin_form(random_terms):
    polynomial = qubo_from_json(random_terms(7, seed=10, degree=5))
    form = to_spin_form(polynomial)
    transformed = _transform(polynomial)
    assert transformed.pop(()) == pytest.approx(form.constant)
    assert transformed == pytest.approx(dict(form.couplings))


def test_influences_and_deviation_agree_with_all_states(random_terms, costs_of):
    terms = random_terms(5, seed=11, degree=3)
    costs = np.array(list(costs_of(terms, 5).values())).reshape((2,) * 5)
    form = to_spin_form(qubo_from_json(terms))
    flips = [np.sqrt(np.mean((costs - np.flip(costs, axis)) ** 2)) for axis in range(5)]
    assert form.influences == pytest.approx(flips)
    assert form.deviation == pytest.approx(costs.std())
    assert form.constant == pytest.approx(costs.mean())


def test_a_problem_whose_couplings_can_all_be_satisfied_has_no_frustration():
    # An even ring in which neighbours prefer to differ.
    form = SpinForm(4, 0.0, {(0, 1): 1.0, (1, 2): 1.0, (2, 3): 1.0, (0, 3): 1.0})
    assert frustration_index(form, -4.0) == 0


@pytest.mark.parametrize("seed", range(6))
def test_no_state_is_below_the_relaxation_bound(seed, random_terms, costs_of):
    terms = random_terms(6, seed, degree=2 + seed % 2)
    polynomial = qubo_from_json(terms)
    bound = relaxation_bound(polynomial, to_spin_form(polynomial))
    assert bound <= min(costs_of(terms, 6).values()) + 1e-9


def test_a_problem_is_submodular_if_it_is_quadratic_without_positive_couplings():
    assert is_submodular(Polynomial(2, {(0,): 5.0, (0, 1): -1.0}))
    assert not is_submodular(Polynomial(2, {(0, 1): 1.0}))
    assert not is_submodular(Polynomial(3, {(0, 1, 2): -1.0}))


# --- treewidth ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edges", "width"),
    [
        ([(i, i + 1) for i in range(9)], 1),
        ([(i, (i + 1) % 10) for i in range(10)], 2),
        (list(combinations(range(6), 2)), 5),
        ([(0, i) for i in range(1, 10)], 1),
        ([(3 * r + c, 3 * r + c + 1) for r in range(3) for c in range(2)]
         + [(3 * r + c, 3 * r + c + 3) for r in range(2) for c in range(3)], 3),
    ],
    ids=["path", "ring", "complete", "star", "grid"],
)  # fmt: skip
def test_the_elimination_order_of_known_graphs_has_their_treewidth(edges, width):
    n = 1 + max(map(max, edges))
    polynomial = Polynomial(n, {tuple(sorted(edge)): 1.0 for edge in edges})
    assert find_elimination_order(polynomial).width == width


@pytest.mark.parametrize("degree", [2, 4])
def test_elimination_finds_the_lowest_cost(degree, random_terms, costs_of):
    terms = random_terms(7, seed=13, degree=degree)
    polynomial = qubo_from_json(terms)
    assert exact_minimum(polynomial, find_elimination_order(polynomial)) == pytest.approx(
        min(costs_of(terms, 7).values())
    )


def test_a_long_chain_is_solved_exactly_and_certified_easy(answer):
    # The largest independent set of a path of 41 nodes has 21 nodes.
    terms = {str(i): -1 for i in range(41)} | {f"{i},{i + 1}": 2 for i in range(40)}
    found = answer(terms, preset="deep")
    report = found["report"]
    assert (report["regime"], report["exact_ground_energy"], report["num_qubits"]) == ("structured", -21, 41)
    assert report["certificate"]["certified_easy"]
    assert found["hardness"]["cost_spectrum_estimated"]
    assert found["hardness"]["cost_max"] == 39
    assert "quality_score" not in report


# --- classical solvers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("degree", [2, 3])
def test_flip_costs_are_differences_of_costs(degree, random_terms):
    polynomial = qubo_from_json(random_terms(6, seed=14, degree=degree))
    flips = FlipCosts(polynomial)
    row = np.array([True, False, True, True, False, False])
    neighbours = row ^ np.eye(6, dtype=bool)
    expected = polynomial.values(neighbours) - polynomial.values(row[None])
    changes = flips.all(row.astype(float))
    assert changes == pytest.approx(expected)

    flips.update(changes, neighbours[3].astype(float), 3)
    assert changes == pytest.approx(flips.all(neighbours[3].astype(float)))


@pytest.mark.parametrize("degree", [2, 3])
def test_annealing_finds_the_lowest_cost_of_a_small_problem(degree, random_terms, costs_of):
    terms = random_terms(10, seed=15, degree=degree)
    polynomial = qubo_from_json(terms)
    flips = FlipCosts(polynomial)
    found = anneal(flips, seed=1)
    costs = costs_of(terms, 10)
    assert found.cost == pytest.approx(min(costs.values()))
    assert costs[found.state] == pytest.approx(found.cost)
    assert 0 < found.agreement <= 1


@pytest.mark.parametrize("degree", [2, 3])
def test_descent_ends_in_a_local_minimum(degree, random_terms):
    flips = FlipCosts(qubo_from_json(random_terms(10, seed=16, degree=degree)))
    found = descend(flips)
    assert (flips.all(found.final_states[0].astype(float)) >= -1e-9).all()
