"""The command ``characterize``: QUBOs from files, options of the analysis, and reports in files."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main

# MaxCut of a triangle: cutting two of three edges is best.
ROWS = [[-2, 1, 1], [1, -2, 1], [1, 1, -2]]
TERMS = {"0": -2, "1": -2, "2": -2, "0,1": 2, "0,2": 2, "1,2": 2}


@pytest.fixture
def triangle(tmp_path: Path) -> str:
    """The path of a QUBO."""
    path = tmp_path / "triangle.json"
    path.write_text(json.dumps(ROWS))
    return str(path)


def write_numpy(path: Path) -> None:
    np.save(path, np.array(ROWS))


def write_sparse(path: Path) -> None:
    sparse.save_npz(path, sparse.csr_matrix(ROWS))


JSON_FORMS = {
    "rows": ROWS,
    "terms": TERMS,
    "a list and an object": {"linear": [-2, -2, -2], "quadratic": {"0,1": 2, "0,2": 2, "1,2": 2}},
    "an object and a matrix": {
        "linear": {"0": -1, "1": -1, "2": -1},
        "quadratic": [[-1, 1, 1], [1, -1, 1], [1, 1, -1]],
        "constant": 5,
    },
}


@pytest.mark.parametrize("form", JSON_FORMS)
def test_a_json_file_has_one_of_several_forms(form: str, tmp_path: Path, answer: Callable[..., Any]) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(JSON_FORMS[form]))
    check(answer("characterize", str(path), "--preset", "deep"))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("problem.csv", lambda path: path.write_text("\ufeff-2,1,1\n1, -2,1\n1,1,-2\n")),
        ("problem.npy", write_numpy),
        ("problem.NPY", lambda path: path.write_bytes(numpy_bytes())),
        ("problem.npz", write_sparse),
    ],
)
def test_a_matrix_comes_from_a_file_of_another_program(
    name: str, write: Callable[[Path], None], tmp_path: Path, answer: Callable[..., Any]
) -> None:
    write(tmp_path / name)
    check(answer("characterize", name, "--preset", "deep"))


def numpy_bytes() -> bytes:
    buffer = BytesIO()
    np.save(buffer, np.array(ROWS))
    return buffer.getvalue()


def test_standard_input_is_json(answer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(json.dumps(TERMS).encode())))
    check(answer("characterize", "-", "--preset", "deep"))


def check(found: Any) -> None:
    assert found["status"] == "COMPLETED"
    assert found["hardness"]["cost_min"] == -2
    assert found["hardness"]["ground_state_degeneracy"] == 6


def test_the_summary_names_the_job_and_the_difficulty(
    triangle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["characterize", triangle]) == 0
    out, err = capsys.readouterr()
    assert "COMPLETED" in out
    assert "easy" in out
    assert err == "analysing triangle.json on the local service; the job is not kept without --database\n"


@pytest.mark.usefixtures("account")
def test_options_of_the_analysis_are_sent(
    triangle: str, provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    options = ("ansatz.layers=2", "ansatz.mixer=xy", "analysis.sensitivity=false")
    found = answer(
        *("characterize", triangle, "--target-state", "011,101", "--target-state", "110", "--tag", "mine"),
        *(argument for option in options for argument in ("--option", option)),
    )
    assert found["report"]["target_states"] == ["011", "101", "110"]
    assert not found["report"].get("sensitivity")
    plain = answer("characterize", triangle)
    assert plain["report"]["sensitivity"]
    assert [entry.tag for entry in provider.jobs()] == ["triangle.json", "mine"]


@pytest.mark.usefixtures("account")
def test_the_tag_is_the_name_of_the_file(
    triangle: str, provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    answer("characterize", triangle)
    assert [entry.tag for entry in provider.jobs()] == ["triangle.json"]


@pytest.mark.usefixtures("account")
def test_an_earlier_characterization_is_shown_again_for_free(
    triangle: str, tmp_path: Path, answer: Callable[..., Any]
) -> None:
    first = answer("characterize", triangle)
    used = answer("credits")["total_used"]
    again = answer("characterize", "--job", first["job_id"], "--out", "again.html")
    assert again == first
    assert answer("credits")["total_used"] == used
    assert "<section" in (tmp_path / "again.html").read_text()


def test_the_report_is_a_page_that_runs_no_scripts(
    triangle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["characterize", triangle, "--out", "report.html"]) == 0
    out, err = capsys.readouterr()
    assert "easy" in out
    assert err.endswith("wrote report.html\n")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "default-src 'none'" in page
    assert '<section class="qvr-root">' in page


def test_the_answer_is_written_as_json(triangle: str, tmp_path: Path, answer: Callable[..., Any]) -> None:
    found = answer("characterize", triangle, "--out", "answer.json")
    assert json.loads((tmp_path / "answer.json").read_text()) == found


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", "{", "x.json: the file is not JSON"),
        ("x.json", "[" * 100_000, "x.json: the JSON is nested too deeply"),
        ("x.json", "5", "expected a matrix as a list of rows"),
        ("x.json", "[[1, 2], [3]]", "x.json: the file is not a matrix"),
        ("x.json", "[[1, 2, 3]]", "x.json: the file has the shape (1, 3), expected a square matrix"),
        ("x.json", "[]", "expected a square matrix"),
        ("x.json", "{}", "the problem has no term"),
        ("x.json", '{"a": 1}', "the term 'a': 1 is invalid"),
        ("x.json", '{"linear": 5}', "linear: expected a list of coefficients"),
        ("x.json", '{"linear": ["x"]}', "linear: the coefficient of 0 is 'x', expected a number"),
        ("x.json", '{"quadratic": 5}', "quadratic: expected a matrix"),
        ("x.json", '{"quadratic": [1]}', "quadratic has the shape (1,)"),
        ("x.json", '{"linear": [1], "cubic": 5}', "cubic: unknown key"),
        ("x.csv", "1,a\n2,3\n", "x.csv: the file does not have this format"),
        ("x.csv", "", "expected a square matrix"),
        ("x.npy", "text", "x.npy: the file does not have this format"),
        ("x.npz", "text", "x.npz: the file does not have this format"),
        ("x.mps", "", "x.mps: expected a QUBO in a file that ends with .json, .csv, .npy, .npz or .lp"),
    ],
)
def test_a_file_without_a_qubo_is_refused_before_anything_is_sent(
    name: str, content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content)
    assert main(["characterize", name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") <= 2
    assert message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected a FILE with a QUBO"),
        (["nowhere.json"], "nowhere.json: No such file or directory"),
        (["--job", "x", "--preset", "deep"], "--job shows an earlier characterization: leave out --preset"),
        (["x.json", "--job", "x"], "leave out FILE"),
        (["x.json", "--out", "nowhere/r.html"], "nowhere/r.html: the folder nowhere does not exist"),
        (["{}", "--option", "a=1", "--option", "a.b=1"], "--option a.b: a has another value already"),
        (["{}", "--option", "a=1", "--option", "a=2"], "--option a is set twice"),
    ],
)
def test_wrong_arguments_are_refused(
    arguments: list[str], message: str, triangle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["characterize", *(triangle if item == "{}" else item for item in arguments)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "r.pdf"], "expected a file that ends with .html or .json, got 'r.pdf'"),
        (["--target-state", "01x"], "expected states of 0 and 1"),
        (["--option", "x"], "expected NAME=VALUE"),
        (["--option", "a..b=1"], "expected NAME=VALUE"),
        (["--preset", "slow"], "slow"),
    ],
)
def test_a_wrong_option_is_a_usage_error(
    arguments: list[str], message: str, triangle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["characterize", triangle, *arguments])
    assert message in capsys.readouterr().err
