"""``as_completed`` and ``await job``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from qiskit import QuantumCircuit

from qiskit_qoro import (
    JobCancelledError,
    JobConfig,
    JobFailedError,
    JobTimeoutError,
    MaxRetriesReachedError,
    QoroBackend,
    QoroJob,
    QoroService,
    as_completed,
)
from qiskit_qoro.display.progress import ProgressOptions

URL = "http://qoro.invalid/api"


class NoTime:
    """A clock whose waits return at once and advance its time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.seconds

    def wait(self, seconds: float, event: object = None) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as wire:
        yield wire


@pytest.fixture
def clock() -> NoTime:
    return NoTime()


@pytest.fixture
def service(clock: NoTime) -> QoroService:
    config = JobConfig(simulator_cluster="qoro_maestro")
    return QoroService("token", config, max_retries=30, base_url=URL, clock=clock)


@pytest.fixture
def scripted(wire: responses.RequestsMock, service: QoroService) -> Scripted:
    return Scripted(wire, service)


class Scripted:
    """Creates jobs whose polls return the given statuses in order; the last one repeats."""

    def __init__(self, wire: responses.RequestsMock, service: QoroService) -> None:
        self._wire = wire
        self._service = service

    def __call__(self, job_id: str, *statuses: str) -> QoroJob:
        for status in statuses:
            self._wire.get(f"{URL}/job/{job_id}/status/", json={"status": status})
        return QoroJob(None, job_id, self._service)


def flips(count: int) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    for _ in range(count):
        circuit.x(0)
    circuit.measure_all()
    return circuit


# --- as_completed ---------------------------------------------------------------------------------------


def test_as_completed_yields_jobs_in_the_order_in_which_they_end(scripted: Scripted) -> None:
    jobs = [
        scripted("slow", *["RUNNING"] * 4, "COMPLETED"),
        scripted("bad", "RUNNING", "FAILED"),
        scripted("quick", "COMPLETED"),
        scripted("gone", *["RUNNING"] * 2, "CANCELLED"),
    ]

    assert [job.job_id() for job in as_completed(jobs)] == ["quick", "bad", "gone", "slow"]


def test_many_jobs_cost_no_more_requests_a_second_than_one_new_one(scripted: Scripted, clock: NoTime) -> None:
    jobs = [scripted(f"j{index}", *["RUNNING"] * 5, "COMPLETED") for index in range(30)]

    assert {job.job_id() for job in as_completed(jobs)} == {f"j{index}" for index in range(30)}
    assert len(clock.waits) == 6 * 30
    assert min(clock.waits) >= 0.05 - 1e-9


def test_as_completed_yields_a_repeated_job_repeatedly_and_ends_at_once_without_jobs(
    scripted: Scripted,
) -> None:
    job = scripted("a", "COMPLETED")

    assert list(as_completed([])) == []
    assert list(as_completed([job, job])) == [job, job]


def test_as_completed_raises_at_its_timeout(scripted: Scripted, clock: NoTime) -> None:
    jobs = [scripted("a", "COMPLETED"), scripted("b", "RUNNING"), scripted("c", "RUNNING")]
    seen = []

    with pytest.raises(JobTimeoutError, match=r"2 of 3 jobs are not final after 4 s, among them [bc]"):
        seen.extend(job.job_id() for job in as_completed(jobs, timeout=4))

    assert seen == ["a"]
    assert clock.now() == pytest.approx(4)


def test_as_completed_gives_up_after_max_retries_polls(scripted: Scripted) -> None:
    with pytest.raises(MaxRetriesReachedError, match="job a is not final after 30 polls"):
        list(as_completed([scripted("a", "RUNNING")]))


class CountdownJob:
    """A job of another kind: it has no service, and is final after a number of polls."""

    def __init__(self, polls: int) -> None:
        self.polls = polls

    def job_id(self) -> str:
        return f"countdown-{self.polls}"

    def in_final_state(self) -> bool:
        self.polls -= 1
        return self.polls <= 0


def test_as_completed_accepts_any_pollable_object() -> None:
    jobs = [CountdownJob(2), CountdownJob(1)]

    assert list(as_completed(jobs)) == jobs[::-1]


def test_as_completed_yields_all_jobs_of_the_local_service(backend: QoroBackend) -> None:
    jobs = [backend.run(flips(index), shots=3) for index in range(6)]

    done = {job.job_id(): job.result().get_counts() for job in as_completed(jobs, timeout=60)}

    assert [done[job.job_id()] for job in jobs] == [{str(index % 2): 3} for index in range(6)]


def test_jobs_that_are_known_to_be_final_come_first_and_are_not_polled(
    scripted: Scripted, wire: responses.RequestsMock, clock: NoTime
) -> None:
    jobs = [scripted("new", "COMPLETED"), scripted("old", "COMPLETED"), scripted("bad", "FAILED")]
    for job in jobs[1:]:
        job.status()
    sent = len(wire.calls)

    coming = as_completed(jobs, timeout=0)
    assert [next(coming), next(coming)] == jobs[1:]
    assert (len(wire.calls), clock.waits) == (sent, [])
    assert list(coming) == jobs[:1]


def test_jobs_on_this_machine_are_polled_at_the_local_intervals(
    wire: responses.RequestsMock, clock: NoTime
) -> None:
    url = "http://127.0.0.1:9/api"
    service = QoroService("token", JobConfig(simulator_cluster="qoro_maestro"), base_url=url, clock=clock)
    for status in ["RUNNING"] * 4 + ["COMPLETED"]:
        wire.get(f"{url}/job/a/status/", json={"status": status})

    list(as_completed([QoroJob(None, "a", service)]))

    # A service on this machine is expected to hold the first poll, so that one has no delay.
    assert clock.waits == pytest.approx([0.0] + [0.002 * 1.2**poll for poll in range(4)])


class PressesCtrlC(NoTime):
    """A clock that raises ``KeyboardInterrupt`` during the first wait."""

    def wait(self, seconds: float, event: object = None) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("names", "note"),
    [
        ("b", "Job b keeps running. Retrieve it with provider.retrieve_job('b')"),
        ("bc", "2 jobs keep running. Retrieve each with provider.retrieve_job(id): 'b', 'c'"),
        (
            "bcdefgh",
            (
                "7 jobs keep running. Retrieve each with provider.retrieve_job(id): "
                "'b', 'c', 'd', 'e', 'f' and 2 more"
            ),
        ),
    ],
)
def test_ctrl_c_leaves_the_jobs_running_and_says_how_to_get_them_back(
    wire: responses.RequestsMock, names: str, note: str
) -> None:
    config = JobConfig(simulator_cluster="qoro_maestro")
    scripted = Scripted(wire, QoroService("token", config, base_url=URL, clock=PressesCtrlC()))
    over = scripted("a", "COMPLETED")
    over.status()

    with pytest.raises(KeyboardInterrupt) as caught:
        list(as_completed([over, *map(scripted, names)]))

    assert caught.value.__notes__ == [note]


def test_as_completed_shows_how_many_jobs_have_ended_but_not_while_the_caller_works(
    scripted: Scripted, service: QoroService, terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("QISKIT_QORO_PROGRESS", "on")
    service.progress = ProgressOptions(delay_s=0, stream=terminal)
    jobs = [scripted("a", "RUNNING", "COMPLETED"), scripted("b", *["RUNNING"] * 3, "COMPLETED")]
    for number, _ in enumerate(as_completed(jobs)):
        assert f"{number}/2 jobs" in terminal.getvalue()
        assert terminal.screen() == [""]


# --- awaiting -------------------------------------------------------------------------------------------


def test_awaiting_jobs_gives_their_results_and_does_not_block_the_event_loop(backend: QoroBackend) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    async def main() -> list[dict[str, int]]:
        ticking = asyncio.create_task(tick())
        jobs = [backend.run(flips(index), shots=3) for index in range(4)]
        results = await asyncio.gather(*jobs)
        ticking.cancel()
        again = await jobs[0]
        assert again is results[0]
        return [result.get_counts() for result in results]

    assert asyncio.run(main()) == [{str(index % 2): 3} for index in range(4)]
    assert ticks > 10


def test_awaiting_a_failed_job_raises_its_error(scripted: Scripted, wire: responses.RequestsMock) -> None:
    job = scripted("a", "FAILED")
    wire.get(f"{URL}/job/a/resultsV2/", status=400, json={"error": "no ink"})

    async def main() -> None:
        await job

    with pytest.raises(JobFailedError, match="job a is FAILED: no ink"):
        asyncio.run(main())


def test_cancelling_a_wait_leaves_the_job_running(backend: QoroBackend) -> None:
    circuit = flips(1)
    circuit.h(0)
    circuit.measure_all()
    job = backend.run(circuit, shots=10**7)

    async def main() -> None:
        await asyncio.wait_for(job, timeout=0.02)

    with pytest.raises(TimeoutError, match=r"^$"):
        asyncio.run(main())
    assert not job.in_final_state()
    assert job.cancel()


def test_awaiting_a_job_that_never_ends_fails_after_max_retries(wire: responses.RequestsMock) -> None:
    config = JobConfig(simulator_cluster="qoro_maestro")
    service = QoroService("token", config, max_retries=3, base_url="http://127.0.0.1:9/api")
    wire.get("http://127.0.0.1:9/api/job/a/status/", json={"status": "RUNNING"})
    job = QoroJob(None, "a", service)

    async def main() -> None:
        await job

    with pytest.raises(MaxRetriesReachedError, match="job a is not final after 3 polls"):
        asyncio.run(main())
    assert len(wire.calls) == 3


def test_the_service_holds_the_poll_of_the_last_job_only(wire: responses.RequestsMock, clock: NoTime) -> None:
    url = "http://127.0.0.1:9/api"
    service = QoroService("token", JobConfig(simulator_cluster="qoro_maestro"), base_url=url, clock=clock)
    wire.get(f"{url}/job/a/status/", json={"status": "COMPLETED"})
    held = {"Preference-Applied": "wait=1"}
    for status in ("RUNNING", "COMPLETED"):
        wire.get(f"{url}/job/b/status/", json={"status": status}, headers=held)

    jobs = [QoroJob(None, name, service) for name in "ab"]
    assert list(as_completed(jobs)) == jobs

    asked = [(call.request.url[-9], call.request.headers.get("Prefer")) for call in wire.calls]
    assert asked == [("a", None), ("b", "wait=1"), ("b", "wait=1")]


def test_polls_are_held_for_a_second_while_a_line_is_shown(
    wire: responses.RequestsMock, clock: NoTime, terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("QISKIT_QORO_PROGRESS", "on")
    url = "http://127.0.0.1:9/api"
    config = JobConfig(simulator_cluster="qoro_maestro")
    for progress, longest in [(ProgressOptions(stream=terminal), 1), (False, 5)]:
        service = QoroService(
            "token", config, polling_interval=5, base_url=url, clock=clock, progress=progress
        )
        holds = []

        def answer(request: Any, holds: list[str] = holds) -> tuple[int, dict[str, str], str]:
            holds.append(request.headers["Prefer"])
            status = "RUNNING" if len(holds) < 60 else "COMPLETED"
            return 200, {"Preference-Applied": "wait=1"}, f'{{"status": "{status}"}}'

        wire.add_callback("GET", f"{url}/job/a/status/", callback=answer)
        job = QoroJob(None, "a", service)
        assert list(as_completed([job])) == [job]
        assert max(holds) == f"wait={longest}"
        wire.reset()


def test_awaiting_a_job_shows_its_states(
    scripted: Scripted, service: QoroService, terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("QISKIT_QORO_PROGRESS", "on")
    service.progress = ProgressOptions(delay_s=0, stream=terminal)
    job = scripted("a", "PENDING", "CANCELLED")
    with pytest.raises(JobCancelledError, match="was cancelled"):
        asyncio.run(_result_of(job))
    assert "PENDING" in terminal.getvalue()
    assert terminal.screen() == [""]


async def _result_of(job: QoroJob) -> object:
    return await job
