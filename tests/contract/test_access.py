"""Authentication, routes and methods, and the limit of a request body."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from qiskit_qoro.wire.endpoints import ENDPOINTS, Endpoint

MIB = 1 << 20


def path_of(endpoint: Endpoint, job_id: str = "no-such-job") -> str:
    return endpoint.path.format(job_id=job_id)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_endpoint_has_a_route(service: Any, endpoint: Endpoint) -> None:
    answer = service.call(endpoint.method, path_of(endpoint))
    assert answer.status_code in {200, 400, 404, 501}
    assert not answer.text.startswith('{"error":"there is nothing at')
    assert isinstance(answer.json(), dict | list)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer ", "Basic abc", "nonsense"])
def test_every_call_needs_a_token(service: Any, endpoint: Endpoint, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.request(endpoint.method, service.url + path_of(endpoint), headers=headers, timeout=60)
    assert (answer.status_code, answer.reason) == (401, "Unauthorized")
    assert service.says(answer, "token")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_a_wrong_method_is_refused_with_the_allowed_ones(service: Any, endpoint: Endpoint) -> None:
    answer = service.call("PATCH", path_of(endpoint))
    assert answer.status_code == 405
    assert endpoint.method in answer.headers["Allow"].split(", ")
    assert service.says(answer, "PATCH")


@pytest.mark.parametrize(
    "path", ["/nothing", "/job/", "/job/x/status", "/job/x/", "/job/init", "/job//status/", "/qpusystem"]
)
@pytest.mark.local_only("another service may have more paths")
def test_an_unknown_path_is_not_found_and_final_slashes_matter(service: Any, path: str) -> None:
    answer = service.call("GET", path, allow_redirects=False)
    assert answer.status_code in {404, 405}
    assert service.says(answer)


def test_a_ping_is_answered(service: Any) -> None:
    assert service.call("GET", "/").status_code == 200
    assert service.call("GET", "").status_code == 200


@pytest.mark.local_only("the targets are those of the local service")
def test_simulator_clusters_are_listed(service: Any) -> None:
    clusters = service.call("GET", "/simulatorcluster/").json()
    assert {"name": "qoro_maestro", "access_level": "PUBLIC", "minimum_tier": "FREE"} in clusters


@pytest.mark.local_only("the targets are those of the local service")
def test_qpu_systems_are_listed_with_their_qpus(service: Any) -> None:
    systems = service.call("GET", "/qpusystem/").json()
    assert [(system["name"], len(system["qpus"])) for system in systems] == [
        ("local_qpu", 2),
        ("local_heavy_hex", 1),
    ]
    for system in systems:
        assert system["supports_expval"] is False
        for qpu in system["qpus"]:
            assert set(qpu) >= {"nickname", "q_bits", "status", "system_kind"}


# --- the size of a body ---------------------------------------------------------------------------------


@pytest.mark.local_only("the exact size limit is that of the local service")
def test_a_body_of_exactly_the_limit_is_accepted(service: Any) -> None:
    body = json.dumps({"mode": "append"}).encode()
    answer = service.call("POST", f"/job/{service.open()}/add_circuits/", body.ljust(MIB))
    assert answer.status_code == 400
    assert service.says(answer, "finalized")


@pytest.mark.parametrize("size", [MIB + 1, 8 * MIB])
@pytest.mark.local_only("the exact size limit is that of the local service")
def test_a_body_over_the_limit_is_refused(service: Any, size: int) -> None:
    answer = service.call("POST", f"/job/{service.open()}/add_circuits/", b" " * size)
    assert answer.status_code == 413
    assert service.says(answer, str(MIB))


@pytest.mark.local_only("the exact size limit is that of the local service")
def test_the_limit_applies_to_a_body_without_content_length(service: Any) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(3):
            yield b" " * (MIB // 2)

    answer = service.session.post(f"{service.url}/job/init/", data=chunks(), timeout=60)
    assert answer.status_code == 413


@pytest.mark.local_only("the exact size limit is that of the local service")
def test_the_connection_can_be_used_after_a_refused_body(service: Any) -> None:
    service.call("POST", "/job/init/", b" " * (MIB + 1))
    assert service.call("GET", "/").status_code == 200
