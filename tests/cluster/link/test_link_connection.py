"""The link connects to a scheduler for ever, and says why it cannot."""

from __future__ import annotations

import logging
import logging.handlers
import threading
from contextlib import closing
from pathlib import Path

import pytest

from qiskit_qoro.local.service_events import EventKind, ServiceEvent, guarded
from qiskit_qoro.local.workers.cluster.certificates.making import make_temporary
from qiskit_qoro.local.workers.cluster.connection.scheduler_client import quiet_logs
from qiskit_qoro.local.workers.cluster.link import ClusterLink
from qiskit_qoro.local.workers.cluster.messages import Batch
from qiskit_qoro.local.workers.cluster.remote_scheduler import RemoteScheduler
from qiskit_qoro.local.workers.cluster.security import load_security
from tests.cluster.link.conftest import Heard


def test_a_scheduler_that_starts_after_the_service_is_found(dask_thread, open_link):
    address = dask_thread.start_scheduler()
    dask_thread.stop(dask_thread.scheduler)
    link, heard = open_link(address)
    heard.wait_for("lost", "the connection is refused")

    dask_thread.start_scheduler(int(address.rpartition(":")[2]))

    heard.wait_for("connected")
    assert heard.names() == ["lost", "connected"]
    assert link.address == address
    assert [(event.kind, event.cluster, event.reason) for event in heard.reports] == [
        (EventKind.CLUSTER_LOST, address, "the connection is refused"),
        (EventKind.CLUSTER_CONNECTED, address, None),
    ]


def test_the_pool_hears_that_the_scheduler_is_lost_before_the_operator(dask_thread, calls):
    address = dask_thread.start_scheduler()
    dask_thread.stop(dask_thread.scheduler)
    heard = Heard()
    known: list[list[str]] = []

    def fail(event: ServiceEvent) -> None:
        known.append(heard.names())
        raise ZeroDivisionError("of the user")

    with closing(ClusterLink(RemoteScheduler(address, None), calls, report=guarded(fail))) as link:
        link.start(heard)
        heard.wait_for("lost")
        dask_thread.start_scheduler(int(address.rpartition(":")[2]))
        heard.wait_for("connected")
    assert known == [["lost"], ["lost", "connected"]]


@pytest.mark.parametrize("is_sudden", [True, False])
def test_a_scheduler_that_is_lost_is_found_again(dask_thread, open_link, answers, long_batch, is_sudden):
    address = dask_thread.start_scheduler()
    link, heard = open_link(address)
    worker = dask_thread.start_worker("one")
    heard.wait_for("joined", worker.address)
    batch, started, _ = long_batch("long")
    link.submit(worker.address, batch, "long", answers.taker("long"))
    assert started.wait(30)

    if is_sudden:
        dask_thread.break_connections()
    else:
        dask_thread.stop(worker)
        dask_thread.stop(dask_thread.scheduler)
        heard.wait_for("lost")
        dask_thread.start_scheduler(int(address.rpartition(":")[2]))
        worker = dask_thread.start_worker("two")

    heard.wait_for("lost", "the connection is lost")
    heard.wait_for("connected", count=2)
    heard.wait_for("joined", worker.address, count=2 if is_sudden else 1)
    link.submit(worker.address, Batch("job", b"", {}, 0), "key", answers.taker("key"))
    answers.wait_for("key")


def test_a_connection_that_breaks_stops_its_batches(dask_thread, open_link, answers, long_batch, wait_until):
    link, heard = open_link(dask_thread.start_scheduler())
    worker = dask_thread.start_worker("one")
    heard.wait_for("joined", worker.address)
    batch, started, stopped = long_batch("long")
    link.submit(worker.address, batch, "long", answers.taker("long"))
    assert started.wait(30)

    dask_thread.break_connections()

    assert stopped.wait(10)
    wait_until(lambda: dask_thread.tasks() == [])


def test_a_host_that_does_not_exist_is_named_as_the_reason(open_link):
    _, heard = open_link("tcp://host.invalid:8786")

    assert heard.wait_for("lost")[1] == "there is no host of this name"


def test_a_link_can_be_closed_while_it_connects(open_link):
    link, heard = open_link("tcp://host.invalid:8786")
    link.close()

    assert "connected" not in heard.names()


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "one", tmp_path / "other"
    for path in paths:
        path.mkdir(mode=0o700)
        make_temporary(path)
    return paths


def test_batches_are_sent_over_tls(folders, dask_thread, open_link, answers):
    dask_thread.security = load_security(folders[0])
    link, heard = open_link(dask_thread.start_scheduler(), security=dask_thread.security)
    worker = dask_thread.start_worker("one")
    heard.wait_for("joined", worker.address)

    link.submit(worker.address, Batch("job", b"12", {}, 0), "key", answers.taker("key"))

    assert answers.wait_for("key").missing == ("job", "2")
    assert worker.address.startswith("tls://")


def test_certificates_of_another_authority_are_named_as_the_reason(folders, dask_thread, open_link):
    dask_thread.security = load_security(folders[0])
    address = dask_thread.start_scheduler()

    _, heard = open_link(address, security=load_security(folders[1]))

    assert heard.wait_for("lost")[1].endswith("both sides need certificates of the same authority")
    (event,) = heard.reports
    assert event.kind is EventKind.CLUSTER_LOST


def test_only_messages_of_the_thread_of_the_link_are_dropped(caplog):
    handler = logging.handlers.BufferingHandler(100)
    logger = logging.getLogger("distributed.core")
    caplog.set_level(logging.WARNING, logger.name)  # a test of a program may have switched the log off
    logger.addHandler(handler)
    try:
        with quiet_logs():
            logger.warning("from the link")
            other = threading.Thread(target=logger.warning, args=("from the user",))
            other.start()
            other.join()
        logger.warning("later")
    finally:
        logger.removeHandler(handler)

    assert [record.getMessage() for record in handler.buffer] == ["from the user", "later"]
