"""The link meets workers: it asks each of them what it is, and says which of them may be used."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

from qiskit_qoro.local.service_events import EventKind
from qiskit_qoro.local.workers.cluster.agent import Agent, AgentPlugin
from qiskit_qoro.local.workers.cluster.messages import WorkerDescription
from qiskit_qoro.local.workers.cluster.programs.worker_options import WorkerOptions
from qiskit_qoro.local.workers.cluster.versions import installed_versions

ASKED = threading.Event()


def old_versions() -> dict[str, str]:
    return {**installed_versions(), "qiskit": "0.1"}


def no_package() -> dict[str, str]:
    raise ModuleNotFoundError("No module named 'qiskit_qoro.local.workers.cluster'")


async def describe_with_error(dask_worker: Any) -> WorkerDescription:
    raise RuntimeError("no process can be started")


async def describe_never(dask_worker: Any) -> WorkerDescription:
    ASKED.set()
    await asyncio.Event().wait()
    raise AssertionError


def show_with_error(reason: str, dask_worker: Any) -> None:
    raise AttributeError


def test_workers_join_and_leave(dask_thread, open_link):
    address = dask_thread.start_scheduler()
    first = dask_thread.start_worker("first")
    _, heard = open_link(address)
    heard.wait_for("joined", first.address)
    second = dask_thread.start_worker("second")

    _, _, description = heard.wait_for("joined", second.address)
    dask_thread.stop(second)
    heard.wait_for("left", second.address)

    assert description.name == "second"
    assert description.processes == 2
    assert heard.names() == ["connected", "joined", "joined", "left"]
    assert [event.kind for event in heard.reports] == [
        EventKind.CLUSTER_CONNECTED,
        EventKind.WORKER_JOINED,
        EventKind.WORKER_JOINED,
        EventKind.WORKER_LEFT,
    ]
    joined = heard.reports[2]
    assert (joined.worker, joined.host, joined.processes) == ("second", "here", 2)


def test_a_batch_of_a_worker_that_leaves_is_forgotten(
    dask_thread, open_link, answers, long_batch, wait_until
):
    link, heard = open_link(dask_thread.start_scheduler())
    worker = dask_thread.start_worker("one")
    heard.wait_for("joined", worker.address)
    batch, started, _ = long_batch("long")
    link.submit(worker.address, batch, "long", answers.taker("long"))
    assert started.wait(30)

    dask_thread.do(dask_thread.scheduler.remove_worker(worker.address, stimulus_id="test", close=False))

    heard.wait_for("left", worker.address)
    # Dask would wait for the worker, because the batch is pinned to it.
    wait_until(lambda: dask_thread.tasks() == [])
    assert answers.all == {}


def test_a_worker_with_other_versions_is_refused_on_both_sides(
    dask_thread, open_link, calls, shown_refusals, wait_until
):
    _, heard = open_link(dask_thread.start_scheduler(), special=replace(calls, versions=old_versions))
    worker = dask_thread.start_worker("old")

    _, _, description, refusal = heard.wait_for("refused", worker.address)

    current = installed_versions()["qiskit"]
    assert refusal.startswith(f"it has qiskit 0.1, and the service has qiskit {current}: install the same")
    assert (description.name, description.versions["qiskit"]) == ("old", "0.1")
    wait_until(lambda: shown_refusals)
    assert shown_refusals == [f"old: A service does not use the worker old: {refusal}"]
    report = heard.reports[-1]
    assert (report.kind, report.worker, report.reason) == (EventKind.WORKER_REFUSED, "old", refusal)
    dask_thread.stop(worker)
    heard.wait_for("left", worker.address)


def test_a_worker_without_the_package_is_refused_with_both_versions(dask_thread, open_link, calls):
    _, heard = open_link(dask_thread.start_scheduler(), special=replace(calls, versions=no_package))
    worker = dask_thread.start_worker("plain")

    refusal = heard.wait_for("refused", worker.address)[3]

    assert refusal.startswith("it has qiskit-qoro ")
    assert f"the service has qiskit-qoro {installed_versions()['qiskit-qoro']}" in refusal
    assert "ModuleNotFoundError" in refusal


def test_a_worker_that_cannot_show_a_refusal_prints_it(dask_thread, open_link, calls, capfd, wait_until):
    special = replace(calls, describe=describe_with_error, show_refusal=show_with_error)
    _, heard = open_link(dask_thread.start_scheduler(), special=special)
    worker = dask_thread.start_worker("broken")

    refusal = heard.wait_for("refused", worker.address)[3]

    assert refusal == "it cannot be prepared: RuntimeError: no process can be started"
    printed = []
    wait_until(lambda: printed.append(capfd.readouterr().out) or refusal in "".join(printed))


def test_a_worker_that_dies_while_it_is_asked_is_forgotten(dask_thread, open_link, calls):
    ASKED.clear()
    link, heard = open_link(dask_thread.start_scheduler(), special=replace(calls, describe=describe_never))
    worker = dask_thread.start_worker("slow")
    assert ASKED.wait(30)

    dask_thread.stop(worker)
    link.close()

    assert heard.names() == ["connected"]


def test_a_worker_that_is_being_stopped_says_so(dask_thread, open_link, wait_until):
    _, heard = open_link(dask_thread.start_scheduler())
    worker = dask_thread.start_worker("one")
    heard.wait_for("joined", worker.address)
    plugin = AgentPlugin(Agent(WorkerOptions(1)))

    def has_left() -> bool:
        # Events do not arrive yet when a connection is new.
        dask_thread.do(plugin.teardown(worker))
        return ("left", worker.address, True) in heard.events

    wait_until(has_left)
