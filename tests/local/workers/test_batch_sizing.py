"""Batches take their time and no longer: what is fast goes in large ones, what is slow or unknown alone."""

import pytest

from qiskit_qoro.local.workers.batch_sizing import BatchSizing

MANY = 1_000_000


def pace_of(*answers, time_limit_s=300.0):
    """A pace that has seen answers of so many tasks in so many seconds, together or not."""
    pace = BatchSizing("kind", time_limit_s=time_limit_s)
    for count, seconds, together in answers:
        pace.note(count, seconds, together=together)
    return pace


def test_of_what_is_unknown_one_task_is_tried():
    assert pace_of().batch_size(MANY, 2) == 1


@pytest.mark.parametrize(("seconds", "size"), [(1e-6, 64), (0.005, 20), (0.04, 2), (7.0, 1)])
def test_a_batch_of_single_tasks_takes_a_tenth_of_a_second(seconds, size):
    assert pace_of((1, seconds, False), (1, seconds, False)).batch_size(MANY, 2) == size


@pytest.mark.parametrize(("count", "size"), [(10, 100), (400, 4000), (10_000, 4096)])
def test_a_sweep_goes_by_the_last_one_alone(count, size):
    pace = pace_of((1, 0.01, True), (count, 0.01, True))
    assert pace.is_sweep
    assert pace.batch_size(MANY, 2) == size


def test_what_is_no_sweep_any_more_starts_again():
    pace = pace_of((4000, 0.01, True), (1, 0.05, False))
    assert not pace.is_sweep
    assert pace.batch_size(MANY, 2) == 2


def test_a_batch_takes_a_quarter_of_what_one_task_may_take_at_most():
    assert pace_of((100, 0.1, True), time_limit_s=0.04).batch_size(MANY, 2) == 10


@pytest.mark.parametrize(("left", "size"), [(100, 50), (31, 16)])
def test_no_worker_takes_more_than_its_share(left, size):
    assert pace_of((100, 0.1, True)).batch_size(left, 2) == size


def test_what_takes_no_time_is_not_shared():
    assert pace_of((4000, 0.1, True)).batch_size(200, 4) == 200
