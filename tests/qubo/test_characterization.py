"""The QUBO characterization: accepted forms of a problem, and the values and display of a result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qiskit_optimization import QuadraticProgram
from rich.console import Console
from scipy.sparse import csr_array

from qiskit_qoro import CharacterizationResult, JobConfig, QoroInputError, QoroService
from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo.characterization import Recommendation, characterize
from qiskit_qoro.qubo.problem_forms import encode_problem
from qiskit_qoro.wire.chunks import render
from qiskit_qoro.wire.qubo import qubo_from_json

MATRIX = np.array([[1.0, -2.0, 0.0], [-2.0, 3.0, 0.5], [0.0, 0.5, -1.0]])
TERMS = {(0,): 1.0, (1,): 3.0, (2,): -1.0, (0, 1): -4.0, (1, 2): 1.0}


def _continuous_program() -> QuadraticProgram:
    program = QuadraticProgram()
    program.continuous_var(name="x")
    program.minimize(linear=[1])
    return program


def _all_states(num_variables: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    numbers = np.arange(2**num_variables)[:, None]
    return (numbers >> np.arange(num_variables) & 1).astype(bool)


@pytest.mark.parametrize(
    "problem",
    [
        MATRIX,
        MATRIX.tolist(),
        np.triu(MATRIX, 1) * 2 + np.diag(MATRIX.diagonal()),
        csr_array(MATRIX),
        TERMS,
        {0: 1.0, 1: 3.0, 2: -1.0, (1, 0): -4.0, (1, 2): 1.0},
        {"0": 1.0, "1,1": 3.0, "2": -1.0, "0,1": -2.0, "1,0": -2.0, "1,2": 1.0},
    ],
    ids=["symmetric", "lists", "triangular", "sparse", "tuples", "mixed keys", "comma keys"],
)
def test_every_form_of_a_problem_is_encoded_to_the_same_problem(problem: object) -> None:
    encoded, variables = encode_problem(problem)
    assert variables == 3
    assert qubo_from_json(encoded) == Polynomial(3, TERMS)


def test_a_large_sparse_matrix_is_not_converted_to_a_dense_one() -> None:
    diagonal = np.arange(500_000)
    encoded, variables = encode_problem(csr_array((-np.ones(500_000), (diagonal, diagonal))))
    assert variables == len(encoded) == 500_000
    assert encoded["499999"] == -1.0


def test_the_smaller_form_is_chosen() -> None:
    vector = np.random.default_rng(5).normal(size=40)
    dense, _ = encode_problem(np.outer(vector, vector))
    sparse, _ = encode_problem(np.eye(40))
    assert dense["_format"] == "factored_v1"
    assert "_format" not in sparse
    assert len(render(dense)) < 3000


def test_a_factored_object_is_passed_unchanged() -> None:
    vector = np.random.default_rng(5).normal(size=40)
    encoded, _ = encode_problem(np.outer(vector, vector))
    assert encode_problem(encoded) == (encoded, 40)


def test_higher_order_terms_are_encoded_with_comma_keys() -> None:
    encoded, variables = encode_problem({(0, 1, 2): 1.5, (0,): -1.0})
    assert (encoded, variables) == ({"0": -1.0, "0,1,2": 1.5}, 3)


def test_a_quadratic_program_is_encoded_with_its_constraints() -> None:
    program = QuadraticProgram()
    for name in "abc":
        program.binary_var(name)
    program.maximize(linear=[1, 2, 3], quadratic={("a", "b"): -2})
    program.linear_constraint({"a": 1, "b": 1, "c": 1}, "==", 2)
    encoded, variables = encode_problem(program)
    assert variables == 3
    states = _all_states(3)
    best = states[qubo_from_json(encoded).values(states).argmin()]
    # Of the three pairs, b and c have the highest value.
    assert best.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (None, "expected a dict, a matrix or a QuadraticProgram"),
        ("text", "expected a dict, a matrix or a QuadraticProgram"),
        (np.ones((2, 3)), "square"),
        (np.array([[np.nan]]), "finite"),
        ({}, "no term"),
        ({"a": 1.0}, "'a'"),
        ({(0, 1): "x"}, "'x'"),
        ({(-1,): 1.0}, "-1"),
        ({(0.7, 1): 1.0}, "0.7"),
        ({(): 5.0, (0,): 1.0}, "a constant"),
        (np.array([[1j]]), "complex128, expected real"),
        (csr_array(np.array([[1.0, 1j]] * 2)), "complex128, expected real"),
        (csr_array(np.ones((2, 3))), "square"),
        (csr_array(np.array([[np.nan]])), "finite"),
        ({"_format": "factored_v1", "n": None}, "qubo"),
        (_continuous_program(), "Continuous variables"),
    ],
)
def test_an_invalid_problem_is_refused(problem: object, expected: str) -> None:
    with pytest.raises(QoroInputError, match=expected):
        encode_problem(problem)


def test_options_must_be_a_mapping() -> None:
    service = QoroService("token", JobConfig(simulator_cluster="qoro_maestro"))
    with pytest.raises(QoroInputError, match="expected a mapping"):
        characterize({0: 1.0}, service=service, options=["deep"])  # type: ignore[arg-type]


@pytest.fixture
def result() -> CharacterizationResult:
    """A result with the names of values that the service used until its release 0.12."""
    return CharacterizationResult(
        {
            "job_id": "j-1",
            "status": "COMPLETED",
            "hardness": {"difficulty": "easy", "spectral_gap": 0.25, "condition_number": 12},
            "report": {
                "num_qubits": 3,
                "quality_score": 87.5,
                "concentration_ratio": 3.0,
                "approximation_ratio": 0.875,
                "best_parameters": {"gamma": 0.5, "beta": 0.25},
                "state_probabilities": [{"state": "011", "probability": 0.75, "is_target?": True}],
                "sensitivity": [{"qubit": 2, "score": 0.5}],
            },
            "recommendations": [
                {"level": "warn", "metric": "gap", "text": "a [bold] <b>", "html": "a &lt;b&gt;"}
            ],
        },
        html='<div class="qvr-root"></div>',
    )


def test_values_have_python_types(result: CharacterizationResult) -> None:
    assert (result.job_id, result.status, result.difficulty, result.num_qubits) == (
        "j-1",
        "COMPLETED",
        "easy",
        3,
    )
    assert (result.spectral_gap, result.condition_number) == (0.25, 12.0)
    assert (result.quality_score, result.concentration_ratio, result.approximation_ratio) == (
        87.5,
        3.0,
        0.875,
    )
    assert result.best_parameters == {"gamma": 0.5, "beta": 0.25}
    assert result.state_probabilities == {"011": 0.75}
    assert result.sensitivity == {2: 0.5}
    assert [recommendation.text for recommendation in result.recommendations] == ["a [bold] <b>"]


def test_the_newer_names_of_values_are_read() -> None:
    new = CharacterizationResult(
        {
            "hardness": {"matrix_spectral_gap": 0.5, "matrix_condition_number": 2.0},
            "report": {
                "quality_at_best": 10.0,
                "concentration_at_best": 2.0,
                "structural_sensitivity": [{"qubit": 0, "score": 1.0}],
            },
        }
    )
    assert (new.spectral_gap, new.condition_number) == (0.5, 2.0)
    assert (new.quality_score, new.concentration_ratio) == (10.0, 2.0)
    assert new.sensitivity == {0: 1.0}


def test_values_that_were_not_requested_are_none() -> None:
    bare = CharacterizationResult({"job_id": "j-2", "status": "COMPLETED", "hardness": None, "report": {}})
    assert (bare.difficulty, bare.spectral_gap, bare.quality_score, bare.best_parameters) == (None,) * 4
    assert bare.state_probabilities == {}
    assert bare.recommendations == []
    assert "j-2" in bare.summary()


def test_the_summary_is_plain_text_with_every_value(result: CharacterizationResult) -> None:
    summary = result.summary()
    assert summary == str(result) + "\n"
    assert summary == (
        "Characterization: COMPLETED\n"
        "job j-1\n"
        "\n"
        "Variables                       3      one qubit each\n"
        "Difficulty                      easy\n"
        "Approximation ratio             0.875\n"
        "Quality                         87.5\n"
        "Gain of target states           3\n"
        "Best cost angle γ               0.5    rad\n"
        "Best mixer angle β              0.25   rad\n"
        "Spectral gap of the matrix      0.25\n"
        "Condition number of the matrix  12     1 or more\n"
        "\n"
        "warn: a [bold] <b>\n"
    )


def test_the_texts_of_the_service_are_neither_markup_nor_escape_sequences() -> None:
    hostile = "[/red]\x1b[2J\u202e"
    result = CharacterizationResult(
        {
            "job_id": hostile,
            "status": hostile,
            "hardness": {"difficulty": hostile},
            "recommendations": [{"level": hostile, "metric": hostile, "text": hostile}],
        }
    )
    summary = result.summary()
    assert summary.count(r"[/red]\x1b[2J\u202e") == 5
    assert summary.isascii()


def test_display_prints_the_recommendations(
    result: CharacterizationResult, capsys: pytest.CaptureFixture[str]
) -> None:
    result.display()
    assert "a [bold] <b>" in capsys.readouterr().out


def test_a_narrow_terminal_shortens_names_and_no_numbers(result: CharacterizationResult) -> None:
    console = Console(width=36, color_system=None)
    with console.capture() as capture:
        console.print(result)
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= 36
    for value in ("easy", "0.875", "87.5"):
        assert any(line.endswith(f"  {value}") for line in lines)
    assert any("…" in line for line in lines)


def test_a_wide_terminal_shows_the_unit_or_the_meaning_of_each_value(result: CharacterizationResult) -> None:
    console = Console(width=100, color_system=None)
    with console.capture() as capture:
        console.print(result)
    lines = capture.get().splitlines()
    assert "Difficulty                      easy   easy, moderate or hard" in lines
    assert max(map(len, lines)) <= 100


def test_recommendations_are_folded_to_the_width() -> None:
    advice = {"level": "info", "metric": "gap", "text": "word " * 40}
    lines = CharacterizationResult({"recommendations": [advice]}).summary().splitlines()
    assert lines[2].startswith("info: word word")
    assert all(line.startswith("  word") for line in lines[3:])
    assert max(map(len, lines)) <= 60


def test_the_repr_is_one_line(result: CharacterizationResult) -> None:
    assert repr(result) == "CharacterizationResult(job_id='j-1', status='COMPLETED', difficulty='easy')"
    assert repr(CharacterizationResult({"status": "\x1b\n"})) == r"CharacterizationResult(status='\x1b\n')"


def test_a_notebook_shows_a_card_with_pictures(
    result: CharacterizationResult, parse_html: Callable[[str], Any]
) -> None:
    card = parse_html(result._repr_html_())
    assert card.text.startswith("Characterization j-1 COMPLETED")
    assert card.tags.count("svg") == 2
    for text in ("Likeliest states", "Sensitivity", "Quality 87.5", "warn a [bold] <b>", "All figures"):
        assert text in card.text
    assert "characterize(job_id='j-1', service=provider.service)" in card.text


def test_the_card_does_not_contain_the_report_of_the_service() -> None:
    hostile = "<script>alert(1)</script>"
    result = CharacterizationResult(
        {
            "job_id": hostile,
            "status": hostile,
            "hardness": {"difficulty": hostile},
            "report": {
                "regime": hostile,
                "state_probabilities": [{"state": hostile, "probability": 0.5, "is_target": True}],
            },
            "recommendations": [{"level": hostile, "metric": hostile, "text": hostile, "html": hostile}],
        },
        html=hostile,
    )
    assert "<script" not in result._repr_html_()


def test_a_result_without_values_has_a_card(parse_html: Callable[[str], Any]) -> None:
    assert parse_html(CharacterizationResult({})._repr_html_()).text.startswith("Characterization")


# --- odd answers --------------------------------------------------------------------------------------


def in_report(**report: Any) -> CharacterizationResult:
    return CharacterizationResult({"report": report})


@pytest.mark.parametrize(
    "states",
    [
        [{"state": "01", "probability": 0.5}, {"state": "10", "probability": "0.25"}],
        {"01": 0.5, "10": 0.25},
        {"01": {"probability": 0.5}, "10": {"probability": 0.25, "is_target": True}},
    ],
)
def test_probabilities_may_be_a_list_or_an_object(states: object) -> None:
    assert in_report(state_probabilities=states).state_probabilities == {"01": 0.5, "10": 0.25}


@pytest.mark.parametrize(
    "scores",
    [
        [{"qubit": 0, "score": 0.5}, {"qubit": "2", "score": 1}],
        {"0": 0.5, "2": 1},
        {"0": {"score": 0.5}, "2": {"score": "1.0"}},
    ],
)
@pytest.mark.parametrize("name", ["sensitivity", "structural_sensitivity"])
def test_sensitivities_may_be_a_list_or_an_object(scores: object, name: str) -> None:
    assert in_report(**{name: scores}).sensitivity == {0: 0.5, 2: 1.0}


@pytest.mark.parametrize("section", [None, [], {}, 5, "text", True])
def test_a_section_without_items_is_empty(section: object) -> None:
    result = in_report(state_probabilities=section, sensitivity=section)
    assert (result.state_probabilities, result.sensitivity) == ({}, {})


@pytest.mark.parametrize("odd", [None, 5, "01", {}, {"state": "01"}, {"state": "01", "probability": "much"}])
def test_an_odd_probability_is_left_out_and_logged(odd: object, caplog: pytest.LogCaptureFixture) -> None:
    result = in_report(state_probabilities=[odd, {"state": "10", "probability": 0.5}])
    assert result.state_probabilities == {"10": 0.5}
    assert "state_probabilities[0] is left out" in caplog.text


@pytest.mark.parametrize("odd", [None, 5, {"qubit": "q0", "score": 1.0}, {"qubit": 0, "score": None}])
def test_an_odd_sensitivity_is_left_out_and_logged(odd: object, caplog: pytest.LogCaptureFixture) -> None:
    assert in_report(sensitivity=[odd, {"qubit": 1, "score": 0.5}]).sensitivity == {1: 0.5}
    assert "sensitivity[0] is left out" in caplog.text


FULL = Recommendation("warn", "gap", "narrow")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ([{"level": "warn", "metric": "gap", "text": "narrow"}], [FULL]),
        ({"level": "warn", "metric": "gap", "text": "narrow"}, [FULL]),
        ({"gap": {"level": "warn", "text": "narrow"}}, [FULL]),
        ({"gap": "narrow"}, [Recommendation("info", "gap", "narrow")]),
        (["narrow", "wide"], [Recommendation("info", "", "narrow"), Recommendation("info", "", "wide")]),
        ("narrow", [Recommendation("info", "", "narrow")]),
        ([{"level": None, "metric": 5, "text": "narrow"}], [Recommendation("info", "5", "narrow")]),
        (None, []),
        ([], []),
    ],
)
def test_recommendations_may_be_written_in_many_forms(given: object, read: list[Recommendation]) -> None:
    assert CharacterizationResult({"recommendations": given}).recommendations == read


@pytest.mark.parametrize("odd", [None, 5, {}, {"level": "warn"}, "", ["narrow"]])
def test_an_odd_recommendation_is_left_out_and_logged(odd: object, caplog: pytest.LogCaptureFixture) -> None:
    result = CharacterizationResult({"recommendations": [odd, "narrow"]})
    assert [item.text for item in result.recommendations] == ["narrow"]
    assert "recommendations[0] is left out" in caplog.text


@pytest.mark.parametrize(
    ("given", "read"),
    [(3, 3.0), ("0.5", 0.5), (1e400, float("inf")), ("many", None), ([], None), (True, None), ({}, None)],
)
def test_a_number_may_be_written_as_text_and_is_none_if_it_cannot_be_read(
    given: object, read: object
) -> None:
    result = CharacterizationResult(
        {"hardness": {"condition_number": given}, "report": {"quality_score": given}}
    )
    assert (result.condition_number, result.quality_score) == (read, read)


def test_texts_of_any_type_and_with_markup_are_shown() -> None:
    result = CharacterizationResult(
        {
            "job_id": 17,
            "status": "[/red]",
            "hardness": {"difficulty": "[/red] hard [b]"},
            "report": {"num_qubits": "3", "best_parameters": {"[/red]": [0.5, "[b]"]}},
            "recommendations": [{"level": "[/red]", "text": "[link=x]"}, "[/red]"],
        }
    )
    assert (result.job_id, result.num_qubits) == ("17", 3)
    summary = result.summary()
    for text in (": [/red]", "job 17", "[/red] hard [b]", "[/red]: [link=x]", "info: [/red]"):
        assert text in summary


@pytest.mark.parametrize("section", [None, "text", [], 5])
def test_a_section_that_is_no_object_has_no_values(section: object) -> None:
    result = CharacterizationResult({"hardness": section, "report": section, "job_id": None, "status": None})
    assert (result.difficulty, result.num_qubits, result.best_parameters) == (None,) * 3
    assert (result.job_id, result.status) == ("", "")
    assert result.summary()
