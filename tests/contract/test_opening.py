"""POST /job/init/ and what a fresh job is."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_job_is_opened_and_pending(service: Any) -> None:
    answer = service.init()
    assert answer.status_code in {200, 201}
    status = service.call("GET", f"/job/{answer.json()['job_id']}/status/")
    assert (status.status_code, status.json()) == (200, {"status": "PENDING"})


def test_two_jobs_are_two_jobs(service: Any) -> None:
    assert service.open() != service.open()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"job_type": "DREAM"}, "job_type"),
        ({"job_type": None}, "job_type"),
        ({"job_type": 3}, "job_type"),
        ({"tag": 5}, "tag"),
        ({"use_packing": "yes"}, "use_packing"),
        ({"simulator_cluster": "nowhere"}, "simulator_cluster"),
        ({"simulator_cluster": None}, "simulator_cluster"),
        ({"simulator_cluster": None, "qpu_system_name": "nowhere"}, "qpu_system_name"),
        ({"qpu_system_name": "local_qpu"}, "simulator_cluster"),
        ({"simulator_cluster": None, "qpu_system_name": "local_qpu", "job_type": "EXPECTATION"}, "job_type"),
        ({"shots": 100}, "shots"),
        ({"execution_configuration": []}, "execution_configuration"),
        ({"execution_configuration": {"bond": 3}}, "bond"),
        ({"execution_configuration": {"bond_dimension": 0}}, "bond_dimension"),
        ({"execution_configuration": {"simulator_type": 4}}, "simulator_type"),
        ({"execution_configuration": {"api_meta": {"colour": 1}}}, "colour"),
    ],
)
def test_what_cannot_be_opened_is_refused_by_the_name_of_the_field(
    service: Any, fields: dict[str, Any], named: str
) -> None:
    answer = service.init(**fields)
    assert answer.status_code == 400
    assert service.says(answer, named)


def test_an_unknown_target_is_told_the_known_ones(service: Any) -> None:
    assert service.says(service.init(simulator_cluster="nowhere"), "qoro_maestro")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b'{"tag": NaN}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"tag": "\\ud800"}',
    ],
)
def test_what_is_no_json_object_is_refused(service: Any, body: bytes) -> None:
    answer = service.call("POST", "/job/init/", body)
    assert answer.status_code == 400
    assert service.says(answer)


@pytest.mark.parametrize("job_id", ["no-such-job", "x%2Fy", "..", "%00", "é", "' OR 1=1 --"])
def test_the_status_of_no_job_is_not_found(service: Any, job_id: str) -> None:
    answer = service.call("GET", f"/job/{job_id}/status/")
    assert answer.status_code == 404
    assert service.says(answer)


# --- a job that has failed, for the tests of clients ----------------------------------------------------


def test_a_failed_job_is_opened_as_such(service: Any) -> None:
    answer = service.call("POST", "/job/create_failed/", {"tag": "contract"})
    assert answer.status_code in {200, 201}
    job_id = answer.json()["job_id"]
    assert service.status(job_id) == "FAILED"
    results = service.call("GET", f"/job/{job_id}/resultsV2/")
    assert results.status_code == 400
    assert service.says(results, "failed")
    assert service.call("POST", f"/job/{job_id}/cancel/").status_code == 409


@pytest.mark.parametrize(
    ("body", "named"), [({"tag": 5}, "tag"), ({"colour": "red"}, "colour"), ([], "body")]
)
def test_a_failed_job_is_refused_by_the_name_of_the_field(service: Any, body: Any, named: str) -> None:
    answer = service.call("POST", "/job/create_failed/", body)
    assert answer.status_code == 400
    assert service.says(answer, named)


def test_create_failed_is_an_identifier_like_any_other(service: Any) -> None:
    answer = service.call("DELETE", "/job/create_failed")
    assert answer.status_code == 404
    assert service.says(answer, "create_failed")
    assert service.call("GET", "/job/create_failed/status/").status_code == 404
