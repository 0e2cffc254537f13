"""Counting by labels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from qiskit_qoro.local.metrics.tallies import Counts, Histogram


def test_counts_add_up_by_labels() -> None:
    counts = Counts()
    counts.add(("b",))
    counts.add(("a",), 3)
    counts.add(("b",), 2)
    assert counts.items() == [(("a",), 3), (("b",), 3)]


def test_a_value_equal_to_a_bound_counts_for_this_bound() -> None:
    histogram = Histogram((1, 10))
    for value in (0.5, 1, 1.5, 10, 11):
        histogram.add(("a",), value)
    assert histogram.items() == [(("a",), [("1.0", 2), ("10.0", 4), ("+Inf", 5)], 24)]


def test_threads_lose_no_count() -> None:
    counts, histogram = Counts(), Histogram((1,))

    def count(_: int) -> None:
        counts.add(("a",))
        histogram.add(("a",), 1)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(4000)))
    assert counts.items() == [(("a",), 4000)]
    assert histogram.items() == [(("a",), [("1.0", 4000), ("+Inf", 4000)], 4000)]
