"""A service to talk to, by URL and token only, so that the same tests can be asked of another one.

Bodies and blobs are built by hand here, and results are read by hand, so that a mistake in our own codecs
cannot cancel out.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pytest
import requests

from qiskit_qoro.local import LocalService
from qiskit_qoro.models.jobs import JobStatus

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def read_histogram(result: dict[str, Any]) -> dict[str, int]:
    """Read QH1 or QH2 straight from the description of the format."""
    data = base64.b64decode(result["payload"], validate=True)
    assert data[:3] == result["encoding"].upper().encode()
    stream = iter(data[3:])

    def number() -> int:
        value = shift = 0
        while True:
            byte = next(stream)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    width = next(stream) if result["encoding"] == "qh1" else number()
    assert width == result["n_bits"]
    unique, shots = number(), number()
    states = list(accumulate(number() for _ in range(number())))
    number()
    runs = number()
    is_one = bool(next(stream)) if runs else False
    ones: list[bool] = []
    for _ in range(runs):
        ones += [is_one] * number()
        is_one = not is_one
    assert len(ones) in {0, len(states)}
    extras = iter([number() for _ in range(number())])
    ones = ones or [False] * len(states)
    counts = {
        format(state, f"0{width}b"): 1 if one else next(extras) + 2
        for state, one in zip(states, ones, strict=True)
    }
    assert (len(counts), sum(counts.values()), list(stream)) == (unique, shots, [])
    return counts


@dataclass(frozen=True)
class Service:
    """A service under test.

    Attributes:
        url: Its base URL.
        session: Sends the token with every request.
        settle: Waits until no job is waiting or running.
        wait_running: Waits until a job is running.
    """

    url: str
    session: requests.Session
    settle: Callable[[], None]
    wait_running: Callable[[str], None]

    bell = HEADER + "qreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n"
    # Ten million shots of it take the better part of a minute: after a measurement each shot is run.
    slow = HEADER + "qreg q[1];\ncreg c[1];\nh q[0];\nmeasure q -> c;\nh q[0];\nmeasure q -> c;\n"
    header = HEADER

    @staticmethod
    def blob(text: str) -> str:
        return base64.b64encode(gzip.compress(text.encode())).decode()

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        if body is not None:
            options["data"] = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.session.request(method, self.url + path, timeout=60, **options)

    def init(self, **fields: Any) -> requests.Response:
        body = {
            "tag": "contract",
            "job_type": "EXECUTE",
            "use_packing": False,
            "simulator_cluster": "qoro_maestro",
        }
        body |= fields
        return self.call(
            "POST", "/job/init/", {key: value for key, value in body.items() if value is not None}
        )

    def open(self, **fields: Any) -> str:
        answer = self.init(**fields)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["job_id"])

    def add(
        self, job_id: str, circuits: dict[str, str], *, finalized: bool = True, **fields: Any
    ) -> requests.Response:
        body = {
            "mode": "append",
            "finalized": "true" if finalized else "false",
            "circuits": {label: self.blob(text) for label, text in circuits.items()},
        }
        return self.call("POST", f"/job/{job_id}/add_circuits/", body | (fields or {"shots": 100}))

    def submit(self, circuits: dict[str, str], *, job: dict[str, Any] | None = None, **fields: Any) -> str:
        job_id = self.open(**(job or {}))
        answer = self.add(job_id, circuits, **fields)
        assert answer.status_code == 200, answer.text
        return job_id

    def run(self, circuits: dict[str, str], *, job: dict[str, Any] | None = None, **fields: Any) -> str:
        job_id = self.submit(circuits, job=job, **fields)
        self.settle()
        return job_id

    def status(self, job_id: str) -> str:
        return str(self.call("GET", f"/job/{job_id}/status/").json()["status"])

    def results(self, job_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/job/{job_id}/resultsV2/?limit=1000&offset=0")
        assert answer.status_code == 200, answer.text
        return {item["label"]: item["results"] for item in answer.json()["results"]}

    def counts(self, job_id: str) -> dict[str, dict[str, int]]:
        return {label: read_histogram(result) for label, result in self.results(job_id).items()}

    def submit_slow(self) -> str:
        job_id = self.submit({"quick": self.bell, "slow": self.slow}, shot_groups=[[0, 1, 10], [1, 2, 10**7]])
        self.wait_running(job_id)
        return job_id


@pytest.fixture(scope="session")
def service(local_service: LocalService) -> Iterator[Service]:
    def settle() -> None:
        assert local_service.wait_idle(60)

    def wait_running(job_id: str) -> None:
        assert local_service.wait_status(job_id, JobStatus.RUNNING, timeout_s=60)

    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {local_service.token}"
        yield Service(local_service.url, session, settle, wait_running)
