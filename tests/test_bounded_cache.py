"""The cache of bounded size."""

from __future__ import annotations

import copy

from qiskit_qoro.bounded_cache import BoundedCache


def test_a_cache_holds_values_up_to_its_size() -> None:
    cache = BoundedCache[str](3)
    cache.add("a", "A", size=2)
    cache.add("b", "B")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", "B", None)


def test_all_values_are_dropped_before_there_are_too_many() -> None:
    cache = BoundedCache[str](3)
    cache.add("a", "A", size=2)
    cache.add("b", "B", size=2)
    assert (cache.get("a"), cache.get("b")) == (None, "B")


def test_only_the_last_value_of_a_key_counts() -> None:
    cache = BoundedCache[str](3)
    cache.add("a", "first", size=1)
    for value in ("second", "third"):
        cache.add("a", value, size=2)
    cache.add("b", "other", size=1)
    assert (cache.get("a"), cache.get("b")) == ("third", "other")
    cache.add("a", "largest", size=3)
    assert (cache.get("a"), cache.get("b")) == ("largest", None)


def test_a_value_that_is_larger_than_the_cache_is_not_kept() -> None:
    cache = BoundedCache[str](3)
    cache.add("a", "A")
    cache.add("b", "B", size=4)
    assert (cache.get("a"), cache.get("b")) == ("A", None)


def test_a_copy_is_empty() -> None:
    cache = BoundedCache[str](3)
    cache.add("a", "A")
    assert copy.deepcopy(cache).get("a") is None
    assert cache.get("a") == "A"
