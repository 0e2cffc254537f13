"""Gradient jobs, an extension of the local service: request bodies built by hand, and their results."""

from __future__ import annotations

import base64
import math
import struct
from typing import Any

import pytest

pytestmark = pytest.mark.local_only("gradient jobs are an extension of the local service")

GRADIENT = {"job_type": "GRADIENT"}
TEXT = "qreg q[2];\nry(a) q[0];\ncx q[0],q[1];\nrx(b) q[1];\nrz(a) q[0];\n"


def body(service: Any, *rows: list[float], **fields: Any) -> dict[str, Any]:
    whole = {
        "mode": "append",
        "finalized": "true",
        "circuit_template": service.blob(service.header + TEXT),
        "parameter_names": ["a", "b"],
        "parameter_sets": [{"label": f"row {index}", "values": row} for index, row in enumerate(rows)],
        "observables": f"@gzs2:{service.blob('Z0;Z0Z1')}|@gzs2:{service.blob('X0Y1')}",
        "weights": [[2.0, 0.5], [-1]],
    } | fields
    return {key: value for key, value in whole.items() if value is not None}


def add(service: Any, job_id: str, whole: dict[str, Any]) -> Any:
    answer = service.call("POST", f"/job/{job_id}/add_circuits/", whole)
    if answer.ok:
        service.unsettled.append(job_id)
    return answer


def run(service: Any, whole: dict[str, Any]) -> list[dict[str, Any]]:
    job_id = service.open(**GRADIENT)
    assert add(service, job_id, whole).status_code == 200
    service.settle()
    items: list[dict[str, Any]] = service.call("GET", f"/job/{job_id}/resultsV2/").json()["results"]
    return items


def matrix(item: dict[str, Any]) -> list[list[float]]:
    results = item["results"]
    assert results["encoding"] == "gr1"
    width = results["n_params"] + 1
    data = base64.b64decode(results["payload"], validate=True)
    numbers = struct.unpack(f"<{results['n_observables'] * width}d", data)
    return [list(numbers[start : start + width]) for start in range(0, len(numbers), width)]


def test_each_observable_has_its_value_and_its_derivatives(service: Any) -> None:
    rows = [[0.3, 0.7], [-2, 11]]
    items = run(service, body(service, *rows))
    assert [item["label"] for item in items] == ["row 0", "row 1"]
    for item, (a, b) in zip(items, rows, strict=True):
        # After ry and cx, Z0 is cos(a) and Z0Z1 is 1. rx turns Z1 to cos(b) Z1 + sin(b) Y1.
        first = [2 * math.cos(a) + 0.5 * math.cos(b), -2 * math.sin(a), -0.5 * math.sin(b)]
        assert matrix(item)[0] == pytest.approx(first, abs=1e-12)
        assert item["details"]["method"] == "Statevector"


def test_without_weights_each_weight_is_one(service: Any) -> None:
    ((value, by_a, by_b), _) = matrix(run(service, body(service, [0.3, 0.7], weights=None))[0])
    assert (value, by_a, by_b) == pytest.approx(
        (math.cos(0.3) + math.cos(0.7), -math.sin(0.3), -math.sin(0.7)), abs=1e-12
    )


def test_the_extension_is_announced(service: Any) -> None:
    document = service.session.get(f"{service.url}/openapi.json").json()
    assert "gradients" in document["info"]["x-qoro-extensions"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"weights": [[1.0, 2.0]]}, ("weights", "2 lists", "got 1")),
        ({"weights": [[1.0], [2.0]]}, ("weights[0]", "2 numbers", "got 1")),
        ({"weights": [[1.0, "2"], [2.0]]}, ("weights[0]", "finite number")),
        ({"weights": 3}, ("weights",)),
        ({"observables": None, "weights": None, "shots": 5}, ("shots", "GRADIENT")),
        ({"observables": None, "shots": 5}, ("weights", "observables")),
    ],
)
def test_an_invalid_body_is_refused(service: Any, fields: dict[str, Any], words: tuple[str, ...]) -> None:
    answer = add(service, service.open(**GRADIENT), body(service, [0.1, 0.2], **fields))
    assert answer.status_code == 400
    assert service.says(answer, *words)


def test_weights_belong_to_gradient_jobs_only(service: Any) -> None:
    answer = add(service, service.open(job_type="EXPECTATION"), body(service, [0.1, 0.2]))
    assert answer.status_code == 400
    assert service.says(answer, "weights", "GRADIENT", "EXPECTATION")


def test_a_gradient_job_accepts_templates_only(service: Any) -> None:
    job_id = service.open(**GRADIENT)
    answer = service.add(job_id, {"a": service.bell}, observables=f"@gzs2:{service.blob('Z0')}")
    assert answer.status_code == 400
    assert service.says(answer, "circuits", "templates")


def test_all_bodies_of_a_job_have_the_same_weights(service: Any) -> None:
    job_id = service.open(**GRADIENT)
    assert add(service, job_id, body(service, [0.1, 0.2], finalized="false")).ok
    service.unsettled.remove(job_id)
    other = body(service, [0.1, 0.3], weights=[[1.0, 1.0], [1.0]])
    other["parameter_sets"][0]["label"] = "other"
    answer = add(service, job_id, other)
    assert answer.status_code == 400
    assert service.says(answer, "weights", "same")


def test_a_qpu_has_no_gradients(service: Any) -> None:
    answer = service.init(**GRADIENT, simulator_cluster=None, qpu_system_name="local_qpu")
    assert answer.status_code == 400
    assert service.says(answer, "job_type", "EXECUTE")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("qreg q[2];ry(2*a) q[0];rx(b) q[1];", "'2*a' is an expression"),
        ("qreg q[2];ry(a) q[0];reset q[0];rx(b) q[1];", "a reset"),
        ("qreg q[2];creg c[1];ry(a) q[0];measure q[0]->c[0];rx(b) q[0];", "a mid-circuit measurement"),
        ("qreg q[2];creg c[1];ry(a) q[0];measure q[0]->c[0];if(c==1) rx(b) q[1];", "a condition"),
        ("gate g(t) s {ry(t/2) s;} qreg q[2];g(a) q[0];rx(b) q[1];", "computes with its angle"),
    ],
)
def test_a_template_without_a_gradient_fails_with_the_reason(service: Any, text: str, reason: str) -> None:
    job_id = service.open(**GRADIENT)
    whole = body(service, [0.1, 0.2], circuit_template=service.blob(service.header + text))
    assert add(service, job_id, whole).ok
    service.wait_status(job_id, {"FAILED"})
    answer = service.call("GET", f"/job/{job_id}/resultsV2/")
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"simulation_type": 1}, "state vector"),
        ({"simulator_type": 0}, "state vector"),
        ({"noisy_device": "local_loud"}, "noise"),
    ],
)
def test_settings_without_a_gradient_fail_with_the_reason(
    service: Any, config: dict[str, Any], reason: str
) -> None:
    job_id = service.open(**GRADIENT, execution_configuration=config)
    assert add(service, job_id, body(service, [0.1, 0.2])).ok
    service.wait_status(job_id, {"FAILED"})
    assert reason in service.call("GET", f"/job/{job_id}/resultsV2/").json()["error"]
