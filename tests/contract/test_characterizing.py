"""Characterizing a QUBO: submitting a problem, reading its result and report, and all errors."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

TRIANGLE = {"0": -2.0, "1": -2.0, "2": -2.0, "0,1": 2.0, "0,2": 2.0, "1,2": 2.0}
"""Minus the cut of a triangle. The cost is 0 for 000 and 111, and -2 for the six other states."""


def _envelope(n: int, diagonal: float) -> dict[str, Any]:
    """A diagonal matrix in the envelope ``factored_v1``, packed by hand."""
    import struct

    return {
        "_format": "factored_v1",
        "n": n,
        "k": 0,
        "F": "",
        "signs": [],
        "diag": struct.pack(f"<{n}d", *[diagonal] * n).hex(),
    }


@pytest.fixture
def open_problem(service: Any) -> Any:
    return lambda: service.open(job_type="VALIDATE")


@pytest.fixture
def submit(service: Any, open_problem: Any) -> Any:
    def submit(qubo: Any, job_id: str | None = None, **fields: Any) -> Any:
        job_id = job_id or open_problem()
        body = {"qubo": qubo} | (fields or {"target_states": []})
        return service.call("POST", f"/job/{job_id}/submit_qubo/", body)

    return submit


def test_a_problem_is_analysed_and_its_result_can_be_read_again(
    service: Any, submit: Any, open_problem: Any
) -> None:
    job_id = open_problem()
    answer = submit(TRIANGLE, job_id, target_states=["100", "011"])
    assert answer.status_code == 200
    assert service.status(job_id) == "COMPLETED"
    for _ in range(2):
        result = service.call("GET", f"/job/{job_id}/validation_result/").json()
        assert result["job_id"] == job_id
        assert result["status"] == "COMPLETED"
        assert result["report"]["num_qubits"] == 3
        assert result["report"]["target_states"] == ["100", "011"]
        assert result["created_at"] <= result["completed_at"]
        assert all(set(item) >= {"level", "metric", "text", "html"} for item in result["recommendations"])
        assert not any(re.search("<[a-z]", item["text"]) for item in result["recommendations"])


def test_the_costs_in_the_report_are_exact(service: Any, submit: Any) -> None:
    hardness = submit(TRIANGLE, reference_states=["100"], options={"preset": "deep"}).json()["hardness"]
    assert hardness["cost_min"] == pytest.approx(-2)
    assert hardness["cost_max"] == pytest.approx(0)
    assert hardness["ground_state_degeneracy"] == 6
    assert hardness["cost_spectrum_estimated"] is False
    assert hardness["global_flip_symmetric"] is True


def test_both_encodings_of_a_problem_give_the_same_result(service: Any, submit: Any) -> None:
    options = {"analysis": {"hardness_only": True}}
    by_keys = submit({str(i): -1.5 for i in range(4)}, target_states=[], options=options).json()
    by_envelope = submit(_envelope(4, -1.5), target_states=[], options=options).json()
    assert by_keys["hardness"] == by_envelope["hardness"]
    assert by_keys["hardness"]["cost_min"] == pytest.approx(-6)


def test_the_report_is_an_html_fragment(service: Any, submit: Any, open_problem: Any) -> None:
    job_id = open_problem()
    submit(TRIANGLE, job_id)
    answer = service.call("GET", f"/job/{job_id}/validation_result/html/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "qvr-root" in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"target_states": []}, "qubo"),
        ({"qubo": {"x": 1.0}, "target_states": []}, "x"),
        ({"qubo": {"0": "1"}, "target_states": []}, "0"),
        ({"qubo": {"_format": "factored_v2"}, "target_states": []}, "_format"),
        ({"qubo": TRIANGLE, "target_states": ["1"]}, "target_states"),
        ({"qubo": TRIANGLE, "target_states": [], "options": {"preset": "slow"}}, "preset"),
        ({"qubo": TRIANGLE, "target_states": [], "options": {"analysis": {"gama": 1}}}, "gama"),
        ({"qubo": TRIANGLE, "target_states": [], "extra": 1}, "extra"),
    ],
)
def test_an_invalid_problem_is_refused_and_its_field_named(
    service: Any, open_problem: Any, fields: dict[str, Any], named: str
) -> None:
    job_id = open_problem()
    answer = service.call("POST", f"/job/{job_id}/submit_qubo/", fields)
    assert answer.status_code == 400
    assert service.says(answer, named)
    # The job still accepts a problem.
    assert service.status(job_id) == "PENDING"


def test_a_job_accepts_one_problem(submit: Any, open_problem: Any) -> None:
    job_id = open_problem()
    assert submit(TRIANGLE, job_id).status_code == 200
    assert submit(TRIANGLE, job_id).status_code == 409


def test_only_a_validate_job_accepts_a_problem(service: Any, submit: Any) -> None:
    assert submit(TRIANGLE, service.open()).status_code == 400


def test_a_validate_job_accepts_no_circuits(service: Any, open_problem: Any) -> None:
    assert service.add(open_problem(), {"a": service.bell}).status_code == 400


def test_the_results_of_a_characterization_refer_to_validation_result(
    service: Any, submit: Any, open_problem: Any
) -> None:
    job_id = open_problem()
    submit(TRIANGLE, job_id)
    answer = service.call("GET", f"/job/{job_id}/resultsV2/")
    assert answer.status_code == 400
    assert service.says(answer, "validation_result")


def test_a_job_without_a_problem_has_no_result(service: Any, open_problem: Any) -> None:
    job_id = open_problem()
    for path in ("validation_result", "validation_result/html"):
        assert service.call("GET", f"/job/{job_id}/{path}/").status_code == 409


def test_an_unknown_job_has_no_result(service: Any) -> None:
    for path in ("validation_result", "validation_result/html"):
        assert service.call("GET", f"/job/nowhere/{path}/").status_code == 404
    assert (
        service.call("POST", "/job/nowhere/submit_qubo/", {"qubo": {}, "target_states": []}).status_code
        == 404
    )


def test_a_cancelled_job_accepts_no_problem(service: Any, submit: Any, open_problem: Any) -> None:
    job_id = open_problem()
    service.call("POST", f"/job/{job_id}/cancel/")
    assert submit(TRIANGLE, job_id).status_code == 409


def test_other_calls_are_answered_while_a_problem_is_analysed(service: Any, submit: Any) -> None:
    qubo = {f"{i},{j}": ((i * 7 + j * 3) % 11) - 5.5 for i in range(16) for j in range(i)}
    answers: list[Any] = []
    thread = threading.Thread(
        target=lambda: answers.append(submit(qubo, target_states=[], options={"preset": "deep"}))
    )
    thread.start()
    while thread.is_alive():
        assert service.call("GET", "/").elapsed.total_seconds() < 2
        thread.join(0.05)  # leave the processor to the analysis
    assert answers[0].status_code == 200


def test_a_characterization_can_have_a_simulator_cluster_or_no_target(service: Any, submit: Any) -> None:
    for target in ({"simulator_cluster": None}, {}):
        job_id = service.open(job_type="VALIDATE", **target)
        assert submit(TRIANGLE, job_id).status_code == 200
    both = service.init(job_type="VALIDATE", qpu_system_name="local_qpu")
    assert both.status_code == 400
