"""What clients see of quotas: an error that says what to do, and the numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from qiskit_qoro.errors import RateLimitError
from qiskit_qoro.local import Account, LocalService, Quota, serve
from qiskit_qoro.models.config import JobConfig
from qiskit_qoro.models.credits import LimitUse
from qiskit_qoro.pages.local_source.credits import credits_of
from qiskit_qoro.service import QoroService
from qiskit_qoro.wire.credits import announced_quota
from qiskit_qoro.wire.payloads import job_request_from_json

TEXT = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; h q[0]; measure q -> c;'
OPEN = {"tag": "t", "job_type": "EXECUTE", "use_packing": False, "simulator_cluster": "qoro_maestro"}


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    accounts = {
        "ann-token": Account("ann", quota=Quota(unfinished_jobs=2)),
        "bob-token": Account("bob", quota=Quota(circuits_per_day=2)),
    }
    with serve(workers=1, accounts=accounts) as service:
        yield service


def test_a_refused_job_is_answered_with_429_and_the_time_to_wait(service: LocalService) -> None:
    def open_job() -> requests.Response:
        headers = {"Authorization": "Bearer ann-token"}
        return requests.post(f"{service.url}/job/init/", json=OPEN, headers=headers, timeout=60)

    assert [open_job().status_code for _ in range(2)] == [201, 201]
    refused = open_job()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
    assert refused.json() == {
        "error": "account 'ann' has 2 unfinished jobs and its quota is 2: wait until one of them ends, or "
        "cancel one"
    }


def test_a_client_raises_the_reason_at_once_if_the_quota_is_free_tomorrow(service: LocalService) -> None:
    config = JobConfig(simulator_cluster="qoro_maestro")
    # Shortly before midnight the client would wait.
    bob = QoroService("bob-token", config, base_url=service.url, max_retry_after_s=0)
    bob.submit_circuits({"a": TEXT, "b": TEXT})
    with pytest.raises(RateLimitError, match="has sent 2 circuits today and its quota is 2 a day") as refused:
        bob.submit_circuits({"a": TEXT})
    assert refused.value.retry_after_s is not None
    assert 0 < refused.value.retry_after_s <= 24 * 3600
    # The client has cancelled the job that it had opened.
    assert service.wait_idle(60)
    assert service.parts.store.quota_use("bob").unfinished_jobs == 0


def test_the_balance_and_the_page_have_the_limits_and_their_use(service: LocalService) -> None:
    def balance(token: str) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {token}"}
        return dict(requests.get(f"{service.url}/credits/", headers=headers, timeout=60).json())

    assert "quota" not in balance(service.token)
    quota = Quota(unfinished_jobs=10, running_jobs=4, circuits_per_day=1000)
    with serve(workers=1, accounts={"cat-token": Account("cat", quota=quota)}) as other:
        store = other.parts.store
        store.create_job("cat", job_request_from_json(OPEN))
        answer = requests.get(
            f"{other.url}/credits/", headers={"Authorization": "Bearer cat-token"}, timeout=60
        ).json()
        assert announced_quota(answer) == [
            LimitUse("unfinished_jobs", 10, 1),
            LimitUse("running_jobs", 4, 0),
            LimitUse("circuits_per_day", 1000, 0),
        ]
        found = credits_of(other.parts, "cat", limit=10, offset=0)
        assert [each.what for each in found.quota] == ["unfinished jobs", "running jobs", "circuits today"]
