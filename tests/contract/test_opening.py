"""Opening jobs: ``POST /job/init/`` and ``POST /job/create_failed/``."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_new_job_is_pending(service: Any) -> None:
    answer = service.init()
    assert answer.status_code in {200, 201}
    status = service.call("GET", f"/job/{answer.json()['job_id']}/status/")
    assert (status.status_code, status.json()) == (200, {"status": "PENDING"})


def test_every_job_has_an_identifier_of_its_own(service: Any) -> None:
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
def test_an_invalid_field_is_refused_and_named(service: Any, fields: dict[str, Any], named: str) -> None:
    answer = service.init(**fields)
    assert answer.status_code == 400
    assert service.says(answer, named)


def test_the_error_for_an_unknown_target_lists_the_known_ones(service: Any) -> None:
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
def test_a_body_that_is_not_a_json_object_is_refused(service: Any, body: bytes) -> None:
    answer = service.call("POST", "/job/init/", body)
    assert answer.status_code == 400
    assert service.says(answer)


@pytest.mark.parametrize("job_id", ["no-such-job", "x%2Fy", "..", "%00", "é", "' OR 1=1 --"])
def test_the_status_of_an_unknown_job_is_not_found(service: Any, job_id: str) -> None:
    answer = service.call("GET", f"/job/{job_id}/status/")
    assert answer.status_code == 404
    assert service.says(answer)


# --- opening a failed job, for tests of clients ---------------------------------------------------------


def test_a_job_can_be_opened_as_failed(service: Any) -> None:
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
def test_an_invalid_field_of_a_failed_job_is_refused_and_named(service: Any, body: Any, named: str) -> None:
    answer = service.call("POST", "/job/create_failed/", body)
    assert answer.status_code == 400
    assert service.says(answer, named)


def test_the_path_of_create_failed_can_also_be_that_of_a_job(service: Any) -> None:
    answer = service.call("DELETE", "/job/create_failed")
    assert answer.status_code == 404
    assert service.says(answer, "create_failed")
    assert service.call("GET", "/job/create_failed/status/").status_code == 404
