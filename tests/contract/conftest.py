"""The service under test, known by URL and token only, so that other services can be tested in the same way.

By default it is the local service. With ``--live`` it is the service at QORO_API_URL (by default the cloud)
with the token QORO_API_KEY. Tests marked ``local_only`` are then left out, each with its reason.

The tests build bodies and blobs by hand and decode results by hand, so that errors in the encoders and
decoders of the package cannot cancel each other out.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from qiskit_qoro.local.store.store_errors import JobNotFoundError
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.service.credentials import CLOUD_URL, TOKEN_VARIABLE, URL_VARIABLE
from qiskit_qoro.service.transport import InProcessAdapter

LIVE_LIMIT_S = 600.0
_REASONS = pytest.StashKey[Counter[str]]()

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def read_histogram(result: dict[str, Any]) -> dict[str, int]:
    """Decode QH1 or QH2 as the protocol describes them."""
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


class OpenAPICheck:
    """Validates each answer, and each body that was accepted, against the OpenAPI document of the service.

    Attributes:
        document: The document.
        seen: The operations and status codes that have been answered.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.document: dict[str, Any] = requests.get(f"{url}/openapi.json", timeout=60).json()
        self.seen: set[tuple[str, int]] = set()
        self._paths = [
            (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), operations)
            for path, operations in self.document["paths"].items()
        ]

    def __call__(self, answer: requests.Response) -> None:
        """Fail if an answer is not as documented. Paths that are not documented are ignored."""
        operation = self._operation(answer.request)
        if operation is None:
            return
        documented = operation["responses"].get(str(answer.status_code))
        assert documented is not None, f"{operation['operationId']} answers {answer.status_code}"
        self.seen.add((operation["operationId"], answer.status_code))
        content = documented.get("content")
        if content is None:
            assert answer.content == b""
            return
        media = content[answer.headers["Content-Type"].partition(";")[0]]
        if "json" in answer.headers["Content-Type"]:
            self._validate(answer.json(), media["schema"])
        if answer.ok and "requestBody" in operation and answer.request.body:
            taken = operation["requestBody"]["content"]["application/json"]["schema"]
            assert isinstance(answer.request.body, bytes)
            self._validate(json.loads(answer.request.body), taken)

    def _operation(self, request: requests.PreparedRequest) -> dict[str, Any] | None:
        path = str(request.url).removeprefix(self._url).partition("?")[0] or "/"
        for pattern, operations in self._paths:
            if pattern.fullmatch(path):
                found: dict[str, Any] | None = operations.get(str(request.method).lower())
                if found:
                    return found
        return None

    def _validate(self, value: Any, schema: dict[str, Any]) -> None:
        Draft202012Validator(schema | {"components": self.document["components"]}).validate(value)


@dataclass(frozen=True)
class Service:
    """A service under test.

    Attributes:
        url: Its base URL.
        session: Sends the token with every request.
        is_local: Whether it is the local service, whose messages and limits are known.
        wait_status: Waits until a job has one of some statuses.
        wait_idle: Waits until no job is running or queued, if the service can tell.
        check: Validates the answers to everything that :meth:`call` sends against the OpenAPI document.
        unsettled: The jobs that have been finalized but not waited for.
    """

    url: str
    session: requests.Session
    is_local: bool
    wait_status: Callable[[str, set[JobStatus]], None]
    wait_idle: Callable[[], None]
    check: Callable[[requests.Response], None]
    unsettled: list[str] = field(default_factory=list)

    bell = HEADER + "qreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n"
    # After a measurement in the middle the engine runs every shot separately. Ten million shots take about a
    # minute.
    slow = HEADER + "qreg q[1];\ncreg c[1];\nh q[0];\nmeasure q -> c;\nh q[0];\nmeasure q -> c;\n"
    header = HEADER

    @staticmethod
    def blob(text: str) -> str:
        return base64.b64encode(gzip.compress(text.encode())).decode()

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        if body is not None:
            options["data"] = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.session.request(method, self.url + path, timeout=60, **options)
        self.check(answer)
        return answer

    def says(self, answer: requests.Response, *words: str) -> bool:
        """Whether an error has a message. The message of the local service must contain all ``words``."""
        body = answer.json()
        said = str(body.get("error") or body.get("detail") or "")
        return all(word in said for word in words) if self.is_local else bool(said)

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
        answer = self.call("POST", f"/job/{job_id}/add_circuits/", body | (fields or {"shots": 100}))
        if finalized and answer.ok:
            self.unsettled.append(job_id)
        return answer

    def submit(self, circuits: dict[str, str], *, job: dict[str, Any] | None = None, **fields: Any) -> str:
        job_id = self.open(**(job or {}))
        answer = self.add(job_id, circuits, **fields)
        assert answer.status_code == 200, answer.text
        return job_id

    def run(self, circuits: dict[str, str], *, job: dict[str, Any] | None = None, **fields: Any) -> str:
        job_id = self.submit(circuits, job=job, **fields)
        self.settle()
        return job_id

    def settle(self) -> None:
        """Wait until every finalized job has ended."""
        while self.unsettled:
            self.wait_status(self.unsettled.pop(), {status for status in JobStatus if status.is_final})

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
        self.wait_status(job_id, {JobStatus.RUNNING})
        return job_id


@pytest.fixture(scope="session")
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    with requests.Session() as session:
        if request.config.getoption("--live"):
            yield _live_service(session)
        else:
            local_service = request.getfixturevalue("local_service")
            link = request.getfixturevalue("link_to")(local_service)
            if link is not None:
                session.mount(local_service.url, InProcessAdapter(link))
            yield _local_service(session, local_service)


def _local_service(session: requests.Session, local_service: Any) -> Service:
    def wait_status(job_id: str, statuses: set[JobStatus]) -> None:
        with suppress(JobNotFoundError):  # deleted meanwhile
            assert local_service.wait_status(job_id, *statuses, timeout_s=60)

    def wait_idle() -> None:
        assert local_service.wait_idle(60)

    session.headers["Authorization"] = f"Bearer {local_service.token}"
    check = OpenAPICheck(local_service.url)
    return Service(local_service.url, session, True, wait_status, wait_idle, check)


def _live_service(session: requests.Session) -> Service:
    url = os.environ.get(URL_VARIABLE, CLOUD_URL).rstrip("/")

    def wait_status(job_id: str, statuses: set[JobStatus]) -> None:
        end = time.monotonic() + LIVE_LIMIT_S
        pause_s = 0.05
        while (answer := session.get(f"{url}/job/{job_id}/status/", timeout=60)).status_code != 404:
            status = JobStatus(answer.json()["status"])
            if status in statuses:
                return
            assert not status.is_final, f"job {job_id} is {status}, expected {statuses}"
            assert time.monotonic() < end, f"job {job_id} is {status} after {LIVE_LIMIT_S} s"
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, 5.0)

    session.headers["Authorization"] = f"Bearer {os.environ[TOKEN_VARIABLE]}"
    return Service(url, session, False, wait_status, lambda: None, lambda _: None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--live``, leave out the tests that only the local service can pass."""
    if not config.getoption("--live"):
        return
    if not os.environ.get(TOKEN_VARIABLE):
        raise pytest.UsageError(f"--live needs a token in {TOKEN_VARIABLE}")
    left_out = [item for item in items if item.get_closest_marker("local_only")]
    config.stash[_REASONS] = Counter(str(item.get_closest_marker("local_only").args[0]) for item in left_out)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print how many tests have been left out, and why."""
    for reason, count in config.stash.get(_REASONS, Counter()).items():
        terminalreporter.write_line(f"--live leaves out {count}: {reason}")
