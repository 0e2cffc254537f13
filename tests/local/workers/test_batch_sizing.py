"""Batches take a tenth of a second: many fast tasks, few slow ones, and a single task of an unknown kind."""

import pytest

from qiskit_qoro.local.workers.batch_sizing import BatchSizing

MANY = 1_000_000


def sizing_after(*replies, time_limit_s=300.0):
    """A sizing that has recorded replies: number of tasks, seconds, and whether they ran together."""
    sizing = BatchSizing("kind", time_limit_s=time_limit_s)
    for count, seconds, together in replies:
        sizing.record(count, seconds, together=together)
    return sizing


def test_the_first_batch_of_a_kind_is_one_task():
    assert sizing_after().batch_size(MANY, 2) == 1


@pytest.mark.parametrize(("seconds", "size"), [(1e-6, 64), (0.005, 20), (0.04, 2), (7.0, 1)])
def test_a_batch_of_single_tasks_takes_a_tenth_of_a_second(seconds, size):
    assert sizing_after((1, seconds, False), (1, seconds, False)).batch_size(MANY, 2) == size


@pytest.mark.parametrize(("count", "size"), [(10, 100), (400, 4000), (10_000, 4096)])
def test_the_size_of_a_sweep_depends_on_the_last_sweep_only(count, size):
    sizing = sizing_after((1, 0.01, True), (count, 0.01, True))
    assert sizing.is_sweep
    assert sizing.batch_size(MANY, 2) == size


def test_the_estimate_restarts_when_tasks_no_longer_run_together():
    sizing = sizing_after((4000, 0.01, True), (1, 0.05, False))
    assert not sizing.is_sweep
    assert sizing.batch_size(MANY, 2) == 2


def test_a_batch_takes_at_most_a_quarter_of_the_time_limit_of_a_task():
    assert sizing_after((100, 0.1, True), time_limit_s=0.04).batch_size(MANY, 2) == 10


@pytest.mark.parametrize(("remaining", "size"), [(100, 50), (31, 16)])
def test_no_worker_takes_more_than_its_share(remaining, size):
    assert sizing_after((100, 0.1, True)).batch_size(remaining, 2) == size


def test_a_very_short_batch_is_not_divided_among_workers():
    assert sizing_after((4000, 0.1, True)).batch_size(200, 4) == 200
