"""Setting and reading a job's execution configuration."""

from __future__ import annotations

from typing import Any

import pytest

CONFIG = {
    "bond_dimension": 16,
    "simulator_type": 1,
    "simulation_type": 1,
    "api_meta": {"optimization_level": 2},
}


def test_reading_the_configuration_of_a_job_without_one_is_not_found(service: Any) -> None:
    job_id = service.open()
    answer = service.call("GET", f"/job/{job_id}/execution_config/")
    assert answer.status_code == 404
    assert any("no execution configuration" in text for text in answer.json().values())


def test_a_configuration_is_set_and_read_back(service: Any) -> None:
    job_id = service.open()
    answer = service.call("POST", f"/job/{job_id}/execution_config/", CONFIG)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "job_id": job_id, "execution_configuration": CONFIG}
    answer = service.call("GET", f"/job/{job_id}/execution_config/")
    assert answer.json() == {"job_id": job_id, "execution_configuration": CONFIG}


def test_a_configuration_is_overwritten_as_a_whole(service: Any) -> None:
    job_id = service.open(execution_configuration=CONFIG)
    service.call("POST", f"/job/{job_id}/execution_config/", {"bond_dimension": 4})
    answer = service.call("GET", f"/job/{job_id}/execution_config/")
    assert answer.json()["execution_configuration"] == {"bond_dimension": 4}


def test_a_job_can_be_opened_with_a_configuration(service: Any) -> None:
    job_id = service.open(execution_configuration=CONFIG)
    answer = service.call("GET", f"/job/{job_id}/execution_config/")
    assert answer.json()["execution_configuration"] == CONFIG


def test_a_configuration_takes_effect(service: Any) -> None:
    program = service.header + "qreg q[1]; creg c[1]; ry(0.3) q[0]; measure q -> c;"
    stabilizer = {"execution_configuration": {"simulation_type": 2}}
    job_id = service.run({"not Clifford": program}, job=stabilizer)
    answer = service.call("GET", f"/job/{job_id}/resultsV2/")
    assert answer.status_code == 400
    assert service.says(answer, "not Clifford", "Stabilizer")
    job_id = service.run({"bell": service.bell}, job=stabilizer, shots=50)
    assert sum(service.counts(job_id)["bell"].values()) == 50


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"bond_dimension": 0}, "bond_dimension"),
        ({"bond_dimension": "4"}, "bond_dimension"),
        ({"truncation_threshold": 1}, "truncation_threshold"),
        ({"simulator_type": 9}, "simulator"),
        ({"simulation_type": True}, "simulation"),
        ({"simulator_type": 2, "simulation_type": 1}, "simulator_type"),
        ({"api_meta": {"colour": "red"}}, "colour"),
        ({"api_meta": {"optimization_level": "high"}}, "optimization_level"),
        ({"colour": "red"}, "colour"),
        ([], "execution_configuration"),
    ],
)
def test_an_invalid_configuration_is_refused_and_its_field_named(service: Any, body: Any, named: str) -> None:
    job_id = service.open()
    answer = service.call("POST", f"/job/{job_id}/execution_config/", body)
    assert answer.status_code == 400
    assert service.says(answer, named)
    assert service.call("GET", f"/job/{job_id}/execution_config/").status_code == 404


def test_a_finished_job_cannot_be_configured(service: Any) -> None:
    job_id = service.run({"a": service.bell})
    answer = service.call("POST", f"/job/{job_id}/execution_config/", CONFIG)
    assert answer.status_code == 409
    assert service.says(answer, "COMPLETED")


def test_the_configuration_of_an_unknown_job_is_not_found(service: Any) -> None:
    assert service.call("POST", "/job/no-such-job/execution_config/", CONFIG).status_code == 404
    assert service.call("GET", "/job/no-such-job/execution_config/").status_code == 404
