"""Forked processes: parent and children use the service, the journal and the local service independently."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import QoroEstimator, QoroProvider, QoroSampler, QoroService
from qiskit_qoro.errors import BudgetExceededError, QoroError
from qiskit_qoro.history import Journal
from qiskit_qoro.history.fork_gate import no_fork
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts
from qiskit_qoro.process_local import ProcessLocal
from qiskit_qoro.service.clock import Clock

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system"),
    # Python 3.12 warns whenever a process with threads is forked.
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
]

FORK: Any = multiprocessing.get_context("fork") if hasattr(os, "fork") else None
NUM_CHILDREN, NUM_ROUNDS, TIMEOUT_S = 3, 4, 60


@pytest.fixture
def in_child() -> Callable[..., Any]:
    """Call a function in a forked child and return what it returns. A child that hangs is an error."""

    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        with ProcessPoolExecutor(1, mp_context=FORK) as pool:
            future = pool.submit(function, *arguments)
            try:
                return future.result(TIMEOUT_S)
            except TimeoutError:
                for process in pool._processes.values():
                    process.kill()
                raise

    return call


def number_circuit(number: int) -> QuantumCircuit:
    """A circuit that measures ``number`` in six bits."""
    circuit = QuantumCircuit(6, name=f"number {number}")
    for bit in range(6):
        if number >> bit & 1:
            circuit.x(bit)
    circuit.measure_all()
    return circuit


# What is inherited by the children: they get no copy of it, as tasks of a pool would.
inherited: dict[str, Any] = {}


def run(number: int) -> Any:
    return inherited["backend"].run(number_circuit(number), shots=10).result(TIMEOUT_S).get_counts()


def sample(number: int) -> Any:
    sampler = QoroSampler(inherited["backend"])
    return sampler.run([number_circuit(number)], shots=10).result(TIMEOUT_S)[0].data.meas.get_counts()


def estimate(number: int) -> Any:
    circuit = number_circuit(number).remove_final_measurements(inplace=False)
    estimator = QoroEstimator(inherited["backend"])
    terms = [(f"{'Z':I>{6 - bit}}{'I' * bit}", -(2.0 ** (bit - 1))) for bit in range(6)]
    observable = SparsePauliOp.from_list([*terms, ("I" * 6, 31.5)])
    return {f"{round(float(estimator.run([(circuit, observable)]).result(TIMEOUT_S)[0].data.evs)):06b}": 10}


def submit(number: int) -> Any:
    flips = "".join(f"x q[{bit}];" for bit in range(6) if number >> bit & 1)
    program = f'OPENQASM 2.0; include "qelib1.inc"; qreg q[6]; creg c[6]; {flips} measure q -> c;'
    client = inherited["service"]
    job = client.submit_circuits({"a": program})
    client.wait_for_job(job, timeout_s=TIMEOUT_S)
    counts = client.get_job_results(job).results["a"]
    return {key: count // 100 for key, count in counts.items()}


def retrieve(number: int) -> Any:
    job = inherited["provider"].retrieve_job(inherited["job_ids"][number])
    return job.result(TIMEOUT_S).get_counts()


ACTIONS = {"run": run, "sampler": sample, "estimator": estimate, "client": submit, "retrieve_job": retrieve}


@pytest.fixture
def used_provider(provider: QoroProvider) -> Iterator[QoroProvider]:
    """A provider with open connections, which the children inherit."""
    backend = provider.get_backend("qoro_maestro")
    numbers = range((NUM_CHILDREN + 1) * NUM_ROUNDS)
    jobs = [backend.run(number_circuit(number), shots=10) for number in numbers]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda job: job.result(TIMEOUT_S), jobs))
    assert all(result.success for result in results)
    inherited.update(
        provider=provider, backend=backend, service=provider.service, job_ids=[job.job_id() for job in jobs]
    )
    yield provider
    inherited.clear()


def rounds(action: str, child: int) -> list[Any]:
    return [ACTIONS[action](child * NUM_ROUNDS + number) for number in range(NUM_ROUNDS)]


def expected(child: int) -> list[Any]:
    return [{f"{child * NUM_ROUNDS + number:06b}": 10} for number in range(NUM_ROUNDS)]


@pytest.mark.parametrize("action", ACTIONS)
def test_parent_and_children_of_a_pool_get_their_own_answers(
    action: str, used_provider: QoroProvider
) -> None:
    with ProcessPoolExecutor(NUM_CHILDREN, mp_context=FORK) as pool:
        futures = [pool.submit(rounds, action, child) for child in range(NUM_CHILDREN)]
        # The parent uses its connections at the same time.
        assert rounds(action, NUM_CHILDREN) == expected(NUM_CHILDREN)
        for child, future in enumerate(futures):
            assert future.result(TIMEOUT_S) == expected(child)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_forked_process_gets_its_own_answers(action: str, used_provider: QoroProvider) -> None:
    receiver, sender = FORK.Pipe(duplex=False)
    children = [
        FORK.Process(target=lambda child: sender.send((child, rounds(action, child))), args=(child,))
        for child in range(NUM_CHILDREN)
    ]
    for child in children:
        child.start()
    assert rounds(action, NUM_CHILDREN) == expected(NUM_CHILDREN)
    received = {}
    for _ in children:
        assert receiver.poll(TIMEOUT_S)
        child, results = receiver.recv()
        received[child] = results
    for child in children:
        child.join(TIMEOUT_S)
    assert received == {child: expected(child) for child in range(NUM_CHILDREN)}
    assert rounds(action, NUM_CHILDREN) == expected(NUM_CHILDREN)


def run_on_copy(pickled: bytes, number: int) -> Any:
    backend = pickle.loads(pickled)
    return backend.run(number_circuit(number), shots=10).result(TIMEOUT_S).get_counts()


def test_a_child_can_use_a_pickled_backend(used_provider: QoroProvider, in_child: Callable[..., Any]) -> None:
    assert in_child(run_on_copy, pickle.dumps(inherited["backend"]), 5) == {"000101": 10}


def connections_of(service: QoroService) -> int:
    session = service._transport._connections.session
    pools = session.get_adapter("http://x").poolmanager.pools
    return sum(pools[key].num_connections for key in pools.keys())  # noqa: SIM118 - not a dict


def test_a_child_opens_connections_and_does_not_close_those_of_its_parent(
    local_service: LocalService,
) -> None:
    service = QoroService(local_service.token, base_url=local_service.url)
    service.test_connection()

    def use_and_close() -> None:
        assert connections_of(service) == 0
        service.close()
        service.test_connection()
        assert connections_of(service) == 1
        service.close()

    process = FORK.Process(target=use_and_close)
    process.start()
    process.join(TIMEOUT_S)
    assert process.exitcode == 0
    service.test_connection()
    assert connections_of(service) == 1
    service.close()


# --- the local service --------------------------------------------------------------------------------


def use_local(number: int, *, close: bool = False) -> tuple[Any, str]:
    provider = inherited["provider"]
    counts = provider.get_backend("qoro_maestro").run(number_circuit(number), shots=10).result().get_counts()
    url = provider.service.base_url
    if close:
        provider.close()
    return counts, url


def test_a_child_uses_the_local_service_of_its_parent_and_does_not_stop_it(
    in_child: Callable[..., Any],
) -> None:
    with QoroProvider.local(workers=1) as provider:
        inherited["provider"] = provider
        counts, url = use_local(1)
        assert counts == {"000001": 10}
        assert in_child(use_local, 2) == ({"000010": 10}, url)
        assert in_child(use_and_close_local, 3) == ({"000011": 10}, url)
        assert use_local(4) == ({"000100": 10}, url)
    inherited.clear()


def use_and_close_local(number: int) -> tuple[Any, str]:
    return use_local(number, close=True)


def start_own(number: int) -> tuple[Any, str]:
    with QoroProvider.local(workers=1) as provider:
        inherited["provider"] = provider
        return use_local(number)


def close_inherited_and_use_own(number: int) -> tuple[Any, str]:
    with QoroProvider.local(workers=1) as own:
        own.backends()
        inherited["provider"].close()  # the service of the parent, with the same options
        inherited["provider"] = own
        return use_local(number)


def test_a_child_without_a_service_of_its_parent_starts_its_own(in_child: Callable[..., Any]) -> None:
    with QoroProvider.local(workers=1) as provider:
        inherited["provider"] = provider
        assert in_child(start_own, 1)[0] == {"000001": 10}  # the parent has not started it yet
        _, url = use_local(2)
        counts, own_url = in_child(close_inherited_and_use_own, 3)
        assert counts == {"000011": 10}
        assert own_url != url
        assert use_local(4) == ({"000100": 10}, url)
    inherited.clear()


def test_a_child_does_not_wait_for_a_service_that_another_thread_of_its_parent_starts(
    in_child: Callable[..., Any],
) -> None:
    with QoroProvider.local(workers=1) as provider:
        inherited["provider"] = provider
        connection = provider._connection
        with connection._locks.get():  # as while the service starts
            assert in_child(use_and_close_local, 5)[0] == {"000101": 10}
    inherited.clear()


def test_a_child_cannot_wait_for_jobs_of_a_service_of_its_parent(
    local_service: LocalService, in_child: Callable[..., Any]
) -> None:
    inherited["local"] = local_service

    def error_of(call: Callable[[LocalService], object]) -> str:
        with pytest.raises(QoroError, match=r"belongs to process \d+") as caught:
            call(inherited["local"])
        return str(caught.value)

    receiver, sender = FORK.Pipe(duplex=False)
    calls = [
        lambda local: local.wait_idle(),
        lambda local: local.wait_status("x"),
        lambda local: local.deactivate("x"),
        lambda local: local.worker_pids,
    ]
    process = FORK.Process(target=lambda: sender.send([error_of(call) for call in calls]))
    process.start()
    assert receiver.poll(TIMEOUT_S)
    assert all(local_service.url in message for message in receiver.recv())
    process.join(TIMEOUT_S)
    inherited.clear()


def test_a_stopped_service_refuses_connections_although_a_child_has_inherited_its_socket(
    no_wait_clock: Clock,
) -> None:
    with serve(workers=1) as local:
        url, token = local.url, local.token
        release = FORK.Event()
        child = FORK.Process(target=release.wait)
        child.start()
    with pytest.raises(QoroError, match=r"refused.*was not sent"):
        QoroService(token, base_url=url, clock=no_wait_clock).test_connection()
    release.set()
    child.join(TIMEOUT_S)


# --- budgets ------------------------------------------------------------------------------------------


def test_a_child_submits_nothing_with_a_budget_of_its_parent(in_child: Callable[..., Any]) -> None:
    with QoroProvider.local(budget={"circuits": 5}) as provider:
        inherited["backend"] = provider.get_backend()
        with provider.budgets[0]._lock:  # another thread of the parent may hold it
            assert "was set in another process" in in_child(submit_to_inherited_backend)
        assert provider.budgets[0].spent.jobs == 0
        provider.get_backend().run(number_circuit(1)).result()
    inherited.clear()


def submit_to_inherited_backend() -> str:
    try:
        inherited["backend"].run(number_circuit(1))
    except BudgetExceededError as error:
        return str(error)
    return "submitted"


# --- the journal --------------------------------------------------------------------------------------


FACTS = SubmissionFacts(kind=JobKind.RUN, target="c", tag="t", num_circuits=1)


@pytest.mark.parametrize("in_file", [True, False], ids=["file", "memory"])
def test_a_child_reads_and_writes_the_journal(
    tmp_path: Path, in_file: bool, in_child: Callable[..., Any]
) -> None:
    journal = inherited["journal"] = Journal(tmp_path / "j.sqlite3" if in_file else None)
    assert journal.begin("s", FACTS) == 1
    assert in_child(write_journal) == [2, 1]
    # A journal in memory belongs to its process.
    assert [entry.number for entry in journal.entries()] == ([2, 1] if in_file else [1])
    inherited.clear()


def write_journal() -> list[int]:
    inherited["journal"].begin("s", FACTS)
    return [entry.number for entry in inherited["journal"].entries()]


@pytest.mark.parametrize("in_file", [True, False], ids=["file", "memory"])
def test_children_can_use_the_journal_while_threads_of_their_parent_write_it(
    tmp_path: Path, in_file: bool
) -> None:
    journal = Journal(tmp_path / "j.sqlite3" if in_file else None)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            journal.set_stage(journal.begin("s", FACTS), Stage.SUBMITTED)

    with ThreadPoolExecutor(2) as pool:
        threads = [pool.submit(write) for _ in range(2)]
        children = [
            FORK.Process(target=lambda: os._exit(0 if journal.begin("child", FACTS) else 1))
            for _ in range(15)
        ]
        for child in children:
            child.start()
        for child in children:
            child.join(TIMEOUT_S)
        stop.set()
        assert [thread.result() for thread in threads] == [None, None]
    assert [child.exitcode for child in children] == [0] * 15
    assert len(journal.entries("child")) == (15 if in_file else 0)


def test_a_fork_waits_for_transactions_of_other_threads() -> None:
    begun, end, forked = threading.Event(), threading.Event(), threading.Event()

    def transaction() -> None:
        with no_fork(), no_fork():
            begun.set()
            end.wait(TIMEOUT_S)

    def transaction_of_child() -> None:
        with no_fork():
            pass
        os._exit(0)  # the end of a process that a thread of a pool has forked would join that pool

    def fork() -> None:
        child = FORK.Process(target=transaction_of_child)
        child.start()
        forked.set()
        child.join(TIMEOUT_S)
        assert child.exitcode == 0

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(transaction)]
        assert begun.wait(TIMEOUT_S)
        futures.append(pool.submit(fork))
        assert not forked.wait(0.1)
        end.set()
        assert forked.wait(TIMEOUT_S)
        assert [future.result(TIMEOUT_S) for future in futures] == [None, None]


# --- values of a process ------------------------------------------------------------------------------


def test_each_process_creates_its_value_once_and_keeps_the_inherited_one_alive() -> None:
    value: ProcessLocal[list[object]] = ProcessLocal(lambda inherited: [inherited])
    assert value.peek() is None
    mine = value.get()
    assert mine == [None]
    assert value.get() is value.peek() is mine
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(
        target=lambda: sender.send((value.peek(), value.get(), value.get() is value.get(), mine))
    )
    process.start()
    assert receiver.poll(TIMEOUT_S)
    assert receiver.recv() == (None, [[None]], True, [None])
    process.join(TIMEOUT_S)


def test_threads_of_a_process_share_its_value() -> None:
    barrier = threading.Barrier(8)

    def create(_inherited: object) -> object:
        barrier.wait(TIMEOUT_S)  # all threads create one, and one of these is used
        return object()

    value: ProcessLocal[object] = ProcessLocal(create)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: value.get(), range(8)))
    assert len(set(map(id, found))) == 1


def open_pages() -> str:
    try:
        return inherited["provider"].open(browser=False).address.partition("/pages/")[0]
    except QoroError as error:
        return str(error)


def sign_in() -> tuple[str, int]:
    """Open the pages of a provider in this process, sign in, and close the provider."""
    provider = inherited["provider"]
    address = str(provider.open(browser=False))
    with requests.Session() as browser:
        status = browser.get(address, timeout=TIMEOUT_S).status_code
    provider.close()
    return address.partition("/pages/")[0], status


def test_the_pages_of_a_local_service_belong_to_its_process(in_child: Callable[..., Any]) -> None:
    with QoroProvider.local(workers=1) as provider:
        inherited["provider"] = provider
        base = open_pages()
        assert in_child(open_pages) == (
            "the local service belongs to the provider that this one was copied or forked from: call open() "
            "of that provider, in its process"
        )
        assert open_pages() == base
    inherited.clear()


def test_each_process_serves_the_pages_of_a_journal_itself(
    in_child: Callable[..., Any], tmp_path: Path
) -> None:
    with (
        serve(workers=1) as service,
        QoroProvider(service.token, base_url=service.url, journal=tmp_path / "journal.db") as provider,
    ):
        inherited["provider"] = provider
        base = open_pages()
        child_base, status = in_child(sign_in)
        assert (child_base != base, status) == (True, 200)
        assert requests.get(f"{base}/pages/", timeout=TIMEOUT_S).status_code == 401
    inherited.clear()
