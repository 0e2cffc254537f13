"""A client that calls the local service within the process: it behaves like one that uses a socket."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import QiskitBackendNotFoundError

from qiskit_qoro import QoroProvider
from qiskit_qoro.errors import JobTimeoutError, QoroConnectionError, QoroError, QoroTimeoutError
from qiskit_qoro.local import Fault, FaultInjection, FaultKind, LocalService, serve
from qiskit_qoro.models.jobs import ExecutionResult, JobStatus
from qiskit_qoro.service import QoroService
from qiskit_qoro.wire.endpoints import ENDPOINTS

SLOW = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[1];
creg c[1];
h q[0];
measure q -> c;
h q[0];
measure q -> c;
"""


class Impatient:
    """A clock that does not wait."""

    def now(self) -> float:
        return 0.0

    def wait(self, seconds: float, event: threading.Event | None = None) -> None:
        pass


@contextmanager
def both_clients(local: LocalService, **options: Any) -> Iterator[tuple[QoroService, QoroService]]:
    """Two clients of a service: one within the process, and one that uses a socket."""
    with (
        closing(QoroService(local.token, base_url=local.url, link=local.link, **options)) as within,
        closing(QoroService(local.token, base_url=local.url, **options)) as over_socket,
    ):
        yield within, over_socket


def outcome(call: Callable[[], object]) -> tuple[type[BaseException] | None, str]:
    """The class and the message of the error that a call raises."""
    try:
        call()
    except QoroError as error:
        return type(error), str(error)
    return None, ""


# --- answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FaultKind)
@pytest.mark.parametrize("call", ["ping", "init_job", "credit_balance"])
def test_every_fault_has_the_same_error_on_both_ways(kind: FaultKind, call: str) -> None:
    faults = FaultInjection(faults=(Fault(kind, 1, (call,)),), slow_s=0)
    calls: dict[str, Callable[[QoroService], object]] = {
        "ping": lambda client: client.test_connection(),
        "init_job": lambda client: client.submit_circuits({"a": SLOW}),
        "credit_balance": lambda client: client.get_credit_balance(),
    }
    with (
        serve(workers=1, fault_injection=faults) as local,
        both_clients(local, clock=Impatient()) as (within, over_socket),
    ):
        expected = outcome(lambda: calls[call](over_socket))
        assert outcome(lambda: calls[call](within)) == expected
        assert (expected[0] is None) == (kind is FaultKind.SLOW)


def test_an_answer_is_the_same_on_both_ways(local_service: LocalService) -> None:
    with both_clients(local_service) as clients:
        within, over_socket = (client.test_connection() for client in clients)
    assert within.json() == over_socket.json()
    assert within.headers == over_socket.headers
    for attribute in ("status_code", "reason", "encoding", "url", "ok", "text"):
        assert getattr(within, attribute) == getattr(over_socket, attribute)
    assert "Authorization" not in within.request.headers or local_service.token not in str(
        within.request.headers
    )


def test_pages_of_results_are_linked_by_the_address(local_service: LocalService) -> None:
    program = SLOW.replace("h q[0];\n", "")
    labels = [f"c{number}" for number in range(1203)]
    with both_clients(local_service) as (within, over_socket):
        job = within.submit_circuits(dict.fromkeys(labels, program))
        within.wait_for_job(job)
        assert list(within.get_job_results(job).results or {}) == labels
        assert over_socket.get_job_results(job).results == within.get_job_results(job).results


# --- time limits and the end of the service -----------------------------------------------------------


def test_a_late_answer_is_given_up_at_the_time_limit() -> None:
    late = FaultInjection(faults=(Fault(FaultKind.SLOW, 1, ("get_status",)),), slow_s=60)
    with (
        serve(workers=1, fault_injection=late) as local,
        both_clients(local) as clients,
    ):
        for client in clients:
            job = client.submit_circuits({"a": SLOW})
            with pytest.raises(JobTimeoutError, match=r"within 0\.1 s"):
                client.wait_for_job(job, timeout_s=0.1)
            with pytest.raises(QoroTimeoutError, match="within the time limit of 0"):
                client.get_job_state(job, deadline=client.deadline(0))


def test_a_stopping_service_ends_the_waits_of_its_clients() -> None:
    local = serve(workers=1, fault_injection=FaultInjection(pending_time_s=3600.0))
    client = QoroService(local.token, base_url=local.url, link=local.link, clock=Impatient())
    job = client.submit_circuits({"a": SLOW})
    caught: list[QoroError] = []
    asked = threading.Event()

    def hold() -> None:
        asked.set()
        try:
            client.get_job_state(job, hold_s=10)
        except QoroError as error:
            caught.append(error)

    waiting = threading.Thread(target=hold)
    waiting.start()
    assert asked.wait(60)
    local.close()
    waiting.join(5)
    assert not waiting.is_alive()
    assert [type(error) for error in caught] == [QoroConnectionError]
    assert "the local service has been stopped" in str(caught[0])
    assert str(job.job_id) in str(caught[0])


def test_a_client_of_a_stopped_service_says_so_at_once(clock: Any) -> None:
    with serve(workers=1) as local:
        client = QoroService(local.token, base_url=local.url, link=local.link, clock=clock)
    kind, message = outcome(client.test_connection)
    assert kind is QoroConnectionError
    assert "the local service has been stopped; GET / was not sent" in message
    assert clock.waits == []


def test_the_service_continues_after_ctrl_c_in_a_client(
    local_service: LocalService, ctrl_c: Callable[[], None]
) -> None:
    client = QoroService(local_service.token, base_url=local_service.url, link=local_service.link)
    job = client.submit_circuits({"a": SLOW}, override_job_config=None)
    client.wait_for_job(job)

    def interrupt(_count: int, _state: object) -> None:
        ctrl_c()

    with pytest.raises(KeyboardInterrupt):
        client.wait_for_job(job, on_look=interrupt)
    assert client.get_job_state(job).status is JobStatus.COMPLETED


# --- the address --------------------------------------------------------------------------------------


def test_the_port_is_opened_when_somebody_asks_for_the_address(
    accepts_connections: Callable[[str], bool],
) -> None:
    with serve(workers=1, opens_port=False) as local:
        client = QoroService(local.token, base_url=local.address, link=local.link)
        assert client.test_connection().ok
        assert "the local service" in repr(client)
        assert not accepts_connections(local.address)

        assert client.base_url == local.address
        assert accepts_connections(local.address)
        assert local.address in repr(client)
        assert QoroService(local.token, base_url=local.address).test_connection().ok
    assert not accepts_connections(local.address)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda client: pickle.loads(pickle.dumps(client))]
)
def test_a_copy_of_a_client_reaches_the_service(copied: Callable[[QoroService], QoroService]) -> None:
    with serve(workers=1, opens_port=False) as local:
        client = QoroService(local.token, base_url=local.address, link=local.link)
        job = client.submit_circuits({"a": SLOW})
        assert copied(client).wait_for_job(job, timeout_s=60).status is JobStatus.COMPLETED


def test_a_local_provider_has_no_open_port(accepts_connections: Callable[[str], bool]) -> None:
    bell = QuantumCircuit(1, 1)
    bell.measure(0, 0)
    with QoroProvider.local(workers=1, time_limit_s=77) as provider:
        job = provider.get_backend("qoro_maestro").run(bell, shots=5)
        assert job.result().get_counts() == {"0": 5}
        assert "http" not in repr(provider) + repr(provider.service) + repr(
            provider.get_backend("qoro_maestro")
        )
        with pytest.raises(QiskitBackendNotFoundError, match="the local service has no backend 'x'"):
            provider.get_backend("x")
        address = provider.service.base_url
        assert accepts_connections(address)
    assert not accepts_connections(address)


def test_every_endpoint_can_be_called_within_the_process(local_service: LocalService) -> None:
    for endpoint in ENDPOINTS:
        path = urlsplit(endpoint.url(local_service.url, job_id="x")).path
        answer = local_service.link.call(endpoint.method, path, [("Host", "localhost")], b"{}", 60)
        assert (answer.status, answer.is_complete) == (401, True)


def test_a_job_that_is_unknown_is_not_held(local_service: LocalService) -> None:
    client = QoroService(local_service.token, base_url=local_service.url, link=local_service.link)
    with pytest.raises(QoroError, match="there is no job"):
        client.get_job_state(ExecutionResult(job_id="none"), hold_s=10)
