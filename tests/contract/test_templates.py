"""Templates: request bodies built by hand, and the results of their rows."""

from __future__ import annotations

import math
from typing import Any

import pytest

EXPECTATION = {"job_type": "EXPECTATION"}
TEXT = "qreg q[2];\ncreg c[2];\nry(theta_1) q[0];\ncx q[0],q[1];\nrx(theta_10) q[1];\n"


def body(
    service: Any, *rows: tuple[str, list[float]], finalized: bool = True, **fields: Any
) -> dict[str, Any]:
    whole = {
        "mode": "append",
        "finalized": "true" if finalized else "false",
        "circuit_template": service.blob(service.header + TEXT),
        "parameter_names": ["theta_1", "theta_10"],
        "parameter_sets": [{"label": label, "values": values} for label, values in rows],
    } | fields
    return {key: value for key, value in whole.items() if value is not None}


def add(service: Any, job_id: str, *rows: tuple[str, list[float]], **fields: Any) -> Any:
    whole = body(service, *rows, **fields)
    answer = service.call("POST", f"/job/{job_id}/add_circuits/", whole)
    if answer.ok and whole["finalized"] == "true":
        service.unsettled.append(job_id)
    return answer


def observables(service: Any) -> str:
    return f"@gzs2:{service.blob('Z0;Z0Z1')}"


def test_values_replace_parameter_names(service: Any) -> None:
    job_id = service.open(**EXPECTATION)
    rows = [("z", [0.3, 0.0]), ("a", [-1.25, 1e-7]), ("int", [2, -3])]
    assert add(service, job_id, *rows, observables=observables(service)).status_code == 200
    service.settle()
    results = service.results(job_id)
    assert list(results) == ["z", "a", "int"]
    for label, (first, second) in rows:
        expected = {"ZI": math.cos(first), "ZZ": math.cos(second)}
        assert results[label] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("first", "second"),
    [("theta_1", "theta_10"), ("w_0[1]", "w_0[10]"), ("β[0]", "θ"), ("x", "x.y"), ("名(1, 2)", "名")],
)
def test_a_parameter_name_may_be_any_text(service: Any, first: str, second: str) -> None:
    job_id = service.open(**EXPECTATION)
    text = f"qreg q[2];\nry({first}) q[0];\ncx q[0],q[1];\nrx(-2*{second}) q[1];\n"
    fields = {
        "circuit_template": service.blob(service.header + text),
        "parameter_names": [second, first],
        "observables": observables(service),
    }
    assert add(service, job_id, ("x", [0.7, 0.3]), **fields).status_code == 200
    service.settle()
    expected = {"ZI": math.cos(0.3), "ZZ": math.cos(1.4)}
    assert service.results(job_id)["x"] == pytest.approx(expected, abs=1e-12)


def test_the_rows_of_a_template_are_sampled(service: Any) -> None:
    job_id = service.open()
    text = service.header + TEXT + "measure q -> c;\n"
    sets = [("up", [0.0, 0.0]), ("down", [math.pi, 0.0])]
    fields = {"circuit_template": service.blob(text), "shots": 40}
    assert add(service, job_id, *sets, **fields).status_code == 200
    service.settle()
    assert service.counts(job_id) == {"up": {"00": 40}, "down": {"11": 40}}


def test_values_are_inserted_as_text_without_brackets(service: Any) -> None:
    job_id = service.open(**EXPECTATION)
    expressions = ["-a", "a^2", "2-a", "2/a", "sin(a)*2"]
    gates = "".join(f"ry({expression}) q[{place}];\n" for place, expression in enumerate(expressions))
    fields = {
        "circuit_template": service.blob(f"{service.header}qreg q[5];\n{gates}"),
        "parameter_names": ["a"],
        "observables": f"@gzs5:{service.blob('Z0;Z1;Z2;Z3;Z4;X0;X1')}",
    }
    assert add(service, job_id, ("x", [-0.5]), **fields).status_code == 200
    service.settle()
    # The text --0.5 is 0.5, and -0.5^2 is -(0.5^2), because a power binds more tightly than a sign.
    angles = [0.5, -0.25, 2.5, -4.0, 2 * math.sin(-0.5)]
    expected = [*map(math.cos, angles), math.sin(0.5), math.sin(-0.25)]
    assert list(service.results(job_id)["x"].values()) == pytest.approx(expected, abs=1e-12)


def test_a_job_can_have_a_template_in_several_bodies_and_several_templates(service: Any) -> None:
    job_id = service.open(**EXPECTATION)
    fields = {"observables": observables(service)}
    assert add(service, job_id, ("b", [0.1, 0.0]), finalized=False, **fields).status_code == 200
    assert add(service, job_id, ("a", [0.2, 0.0]), finalized=False, **fields).status_code == 200
    other = {"circuit_template": service.blob(f"{service.header}qreg q[2];\nrx(x) q[0];\n")}
    last = add(service, job_id, ("c", [0.3]), parameter_names=["x"], **other, **fields)
    assert last.status_code == 200
    service.settle()
    results = service.results(job_id)
    assert list(results) == ["b", "a", "c"]
    values = [result["ZI"] for result in results.values()]
    assert values == pytest.approx([math.cos(0.1), math.cos(0.2), math.cos(0.3)], abs=1e-12)


@pytest.mark.local_only("the protocol does not say whether one job can have both")
def test_a_job_can_have_circuits_and_templates(service: Any) -> None:
    job_id = service.open()
    assert service.add(job_id, {"bell": service.bell}, finalized=False).status_code == 200
    text = service.header + TEXT + "measure q -> c;\n"
    fields = {"circuit_template": service.blob(text), "shots": 40}
    taken = add(service, job_id, ("bell", [0.0, 0.0]), **fields)
    assert taken.status_code == 400
    assert "circuits['bell']" in taken.json()["error"]
    assert add(service, job_id, ("down", [math.pi, 0.0]), **fields).status_code == 200
    service.settle()
    counts = service.counts(job_id)
    assert list(counts) == ["bell", "down"]
    assert counts["down"] == {"11": 40}


def test_a_row_that_fails_is_named_and_fails_the_job(service: Any) -> None:
    job_id = service.open(**EXPECTATION)
    text = f"{service.header}qreg q[2];\nry(ln(theta_1)) q[0];\n"
    fields = {"circuit_template": service.blob(text), "observables": observables(service)}
    assert add(service, job_id, ("good", [1.0, 0.0]), ("bad", [-1.0, 0.0]), **fields).status_code == 200
    service.settle()
    assert service.status(job_id) == "FAILED"
    answer = service.call("GET", f"/job/{job_id}/resultsV2/?limit=100&offset=0")
    assert answer.status_code == 400
    assert service.says(answer, "circuit 'bad'", "line 4, column 4", "ln")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"mode": None}, "mode"),
        ({"mode": "replace"}, "mode"),
        ({"circuits": {"a": "AAAA"}}, "circuits"),
        ({"circuit_template": 5}, "circuit_template"),
        ({"circuit_template": "!!!"}, "circuit_template"),
        ({"parameter_names": None}, "parameter_names"),
        ({"parameter_names": ["theta_1"]}, "parameter_sets[0]"),
        ({"parameter_names": ["theta_1", "theta_1"]}, "parameter_names[1]"),
        ({"parameter_names": ["theta_1", ""]}, "parameter_names[1]"),
        ({"parameter_names": ["theta_1", 2]}, "parameter_names[1]"),
        ({"parameter_sets": None}, "parameter_sets"),
        ({"parameter_sets": []}, "parameter_sets"),
        ({"parameter_sets": {"x": [1, 2]}}, "parameter_sets"),
        ({"parameter_sets": [{"label": "x"}]}, "parameter_sets[0]"),
        ({"parameter_sets": [{"label": "x", "values": [1]}]}, "parameter_sets[0]"),
        ({"parameter_sets": [{"label": "x", "values": [1, "2"]}]}, "parameter_sets[0]"),
        ({"parameter_sets": 2 * [{"label": "x", "values": [1, 2]}]}, "parameter_sets[1]"),
        ({"shots": None}, "shots"),
        ({"shots": 0}, "shots"),
        ({"shots": 10**30}, "shots"),
        ({"shot_groups": [[0, 1, 10]]}, "shot_groups"),
        ({"shots": None, "shot_groups": [[0, 1, 10]]}, "shot_groups"),
        ({"circuit_ham_map": [[0, 1]]}, "circuit_ham_map"),
        ({"shots": None, "observables": "@gzs2:AAAA"}, "observables"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_invalid_field_is_refused_and_named(service: Any, changes: dict[str, Any], named: str) -> None:
    job_id = service.open()
    whole = body(service, ("x", [0.5, 1.0]), **({"shots": 10} | changes))
    answer = service.call("POST", f"/job/{job_id}/add_circuits/", whole)
    assert answer.status_code == 400
    assert service.says(answer, named)
    assert add(service, job_id, ("x", [0.5, 1.0]), shots=1).status_code == 200


@pytest.mark.parametrize(
    ("job", "fields", "named"),
    [
        (EXPECTATION, {"shots": 10}, "shots"),
        ({}, {"observables": "placeholder"}, "observables"),
    ],
)
def test_shots_and_observables_must_fit_the_type_of_the_job(
    service: Any, job: dict[str, Any], fields: dict[str, Any], named: str
) -> None:
    if "observables" in fields:
        fields = {"observables": observables(service)}
    answer = add(service, service.open(**job), ("x", [0.5, 1.0]), **fields)
    assert answer.status_code == 400
    assert service.says(answer, named)


def test_nothing_can_be_added_after_the_finalized_body(service: Any) -> None:
    job_id = service.open()
    assert add(service, job_id, ("x", [0.5, 1.0]), shots=1).status_code == 200
    assert add(service, job_id, ("y", [0.5, 1.0]), shots=1).status_code == 409


def test_a_label_of_an_earlier_body_is_refused(service: Any) -> None:
    job_id = service.open()
    assert add(service, job_id, ("x", [0.5, 1.0]), shots=1, finalized=False).status_code == 200
    answer = add(service, job_id, ("y", [0.5, 1.0]), ("x", [0.5, 1.0]), shots=1)
    assert answer.status_code == 400
    assert service.says(answer, "'x'")
    assert add(service, job_id, ("y", [0.5, 1.0]), shots=1).status_code == 200


def test_adding_a_template_to_an_unknown_job_is_not_found(service: Any) -> None:
    assert add(service, "no-such-job", ("x", [0.5, 1.0]), shots=1).status_code == 404
