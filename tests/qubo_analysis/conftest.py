"""Small problems, and a brute-force evaluation that shares no code with the package."""

from itertools import product

import numpy as np
import pytest

from qiskit_qoro.qubo_analysis import characterize, report_to_json, request_from_json

# MaxCut: each edge of a triangle costs -1 if its ends differ and 0 if they are equal: 2xy - x - y.
TRIANGLE = {"0": -2, "1": -2, "2": -2, "0,1": 2, "0,2": 2, "1,2": 2}


def brute_force(terms, n):
    """The cost of each state, by its text, variable 0 first."""
    costs = {}
    for bits in product((0, 1), repeat=n):
        cost = sum(value * all(bits[int(i)] for i in key.split(",")) for key, value in terms.items())
        costs["".join(map(str, bits))] = float(cost)
    return costs


def random_problem(n, seed, degree=2):
    rng = np.random.default_rng(seed)
    terms = {str(i): float(rng.normal()) for i in range(n)}
    terms |= {f"{i},{j}": float(rng.normal()) for j in range(n) for i in range(j)}
    for _ in range(n if degree > 2 else 0):
        key = ",".join(map(str, sorted(rng.choice(n, degree, replace=False).tolist())))
        terms[key] = float(rng.normal())
    return terms


@pytest.fixture
def answer():
    """A function that characterizes a problem by a request in the new form, with options as keywords."""

    def characterize_problem(qubo, *, states=None, **options):
        n = options.get("n_qubits") or 1 + max(int(i) for key in qubo for i in key.split(","))
        body = {"qubo": qubo, "reference_states": states or ["0" * n], "options": options}
        return report_to_json(characterize(request_from_json(body)))

    return characterize_problem


@pytest.fixture
def triangle():
    return dict(TRIANGLE)


@pytest.fixture
def costs_of():
    return brute_force


@pytest.fixture
def random_terms():
    return random_problem
