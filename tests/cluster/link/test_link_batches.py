"""The link carries batches to workers, and takes them back."""

from __future__ import annotations

from qiskit_qoro.local.workers.cluster.messages import Batch, BatchReply
from qiskit_qoro.local.workers.cluster.worker_link import BatchFailed, BatchLost


def test_a_batch_comes_back_and_the_scheduler_keeps_nothing_of_it(
    dask_thread, open_link, answers, wait_until
):
    link, heard = open_link(dask_thread.start_scheduler())
    worker = dask_thread.start_worker("one")
    heard.wait_for("joined", worker.address)

    link.submit(worker.address, Batch("job", b"1234", {}, 0), "key", answers.taker("key"))

    assert answers.wait_for("key") == BatchReply(missing=("job", "4"))
    wait_until(lambda: dask_thread.tasks() == [])


def test_a_large_batch_is_sent_without_a_warning(dask_thread, open_link, answers):
    link, heard = open_link(dask_thread.start_scheduler())
    worker = dask_thread.start_worker("one")
    heard.wait_for("joined", worker.address)

    link.submit(worker.address, Batch("job", bytes(11_000_000), {}, 0), "key", answers.taker("key"))

    assert answers.wait_for("key") == BatchReply(missing=("job", "11000000"))


def test_an_error_of_the_program_is_not_a_loss(dask_thread, open_link, answers, wait_until):
    link, heard = open_link(dask_thread.start_scheduler())
    worker = dask_thread.start_worker("one")
    heard.wait_for("joined", worker.address)

    link.submit(worker.address, Batch("job", b"fail", {}, 0), "key", answers.taker("key"))

    assert answers.wait_for("key") == BatchFailed("ZeroDivisionError: the worker divides by zero")
    wait_until(lambda: dask_thread.tasks() == [])


def test_a_batch_that_runs_is_stopped(dask_thread, open_link, answers, long_batch, wait_until):
    link, heard = open_link(dask_thread.start_scheduler())
    worker = dask_thread.start_worker("one")
    heard.wait_for("joined", worker.address)
    batch, started, stopped = long_batch("long")
    link.submit(worker.address, batch, "long", answers.taker("long"))
    assert started.wait(30)

    link.cancel(["long", "unknown"])

    assert stopped.wait(5)
    wait_until(lambda: dask_thread.tasks() == [])
    assert answers.all == {}


def test_a_batch_that_is_stopped_while_it_is_sent_does_not_stay(
    dask_thread, open_link, answers, long_batch, wait_until
):
    link, heard = open_link(dask_thread.start_scheduler())
    worker = dask_thread.start_worker("one")
    heard.wait_for("joined", worker.address)
    keys = [f"long-{number}" for number in range(4)]
    stops = []
    for key in keys:
        batch, _, stopped = long_batch(key)
        stops.append(stopped)
        link.submit(worker.address, batch, key, answers.taker(key))
        link.cancel([key])

    # A batch of the same link that is sent later shows that the scheduler has seen the others.
    link.submit(worker.address, Batch("job", b"", {}, 0), "last", answers.taker("last"))
    answers.wait_for("last")

    wait_until(lambda: dask_thread.tasks() == [])
    assert set(answers.all) == {"last"}


def test_a_batch_for_a_worker_that_is_not_there_is_lost(dask_thread, open_link, answers):
    link, heard = open_link(dask_thread.start_scheduler())
    heard.wait_for("connected")

    link.submit("tcp://127.0.0.1:1", Batch("job", b"", {}, 0), "key", answers.taker("key"))

    assert answers.wait_for("key") == BatchLost("it has left the cluster")


def test_services_that_share_a_cluster_do_not_disturb_each_other(
    dask_thread, open_link, answers, long_batch, wait_until
):
    address = dask_thread.start_scheduler()
    worker = dask_thread.start_worker("shared")
    (first, heard_first), (second, heard_second) = open_link(address), open_link(address)
    heard_first.wait_for("joined", worker.address)
    heard_second.wait_for("joined", worker.address)
    batch, started, stopped = long_batch("first")
    other_batch, other_started, other_stopped = long_batch("second")
    first.submit(worker.address, batch, "first", answers.taker("first"))
    second.submit(worker.address, other_batch, "second", answers.taker("second"))
    assert started.wait(30)
    assert other_started.wait(30)

    first.close()

    assert stopped.wait(10)
    wait_until(lambda: dask_thread.tasks() == ["second"])
    assert not other_stopped.is_set()
    second.cancel(["second"])
    assert other_stopped.wait(10)


def test_a_link_that_is_closed_sends_nothing(dask_thread, open_link, answers):
    link, heard = open_link(dask_thread.start_scheduler())
    heard.wait_for("connected")
    link.close()
    link.close()

    link.submit("tcp://127.0.0.1:1", Batch("job", b"", {}, 0), "key", answers.taker("key"))
    link.cancel(["key"])

    assert answers.wait_for("key") == BatchLost("the service has left the cluster")
    assert heard.names() == ["connected"]
