"""Memory is given with its unit, and is shared by all processes of a worker."""

from __future__ import annotations

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.workers.cluster.programs.worker_options import WorkerOptions, parse_memory


@pytest.mark.parametrize(
    ("text", "num_bytes"),
    [
        ("8GiB", 8 * 2**30),
        ("8GB", 8 * 10**9),
        ("512 MiB", 2**29),
        ("1.5gib", 3 * 2**29),
        ("64MB", 64 * 10**6),
        ("2TiB", 2**41),
        ("100000KiB", 102_400_000),
    ],
)
def test_memory_is_read_with_its_unit(text: str, num_bytes: int) -> None:
    assert parse_memory(text) == num_bytes


@pytest.mark.parametrize(
    "text", ["8", "8G", "GiB", "", "-8GiB", "8GiBs", "1e3GiB", "1.GiB", "9999999999GiB", "٨GiB x"]
)
def test_memory_without_a_number_and_a_unit_is_refused(text: str) -> None:
    with pytest.raises(QoroInputError, match="expected an amount of memory with its unit, such as 8GiB, got"):
        parse_memory(text)


def test_each_circuit_may_take_an_equal_share_of_the_memory() -> None:
    assert WorkerOptions(4, 8 * 2**30).memory_limit_bytes == 2 * 2**30
    assert WorkerOptions(4).memory_limit_bytes is None


def test_more_memory_than_the_machine_has_is_a_warning() -> None:
    options = WorkerOptions(2, 2**31)
    assert options.memory_warning(2**31) is None
    assert "is 2.0 GiB, and this machine has only 1.5 GiB" in str(options.memory_warning(3 * 2**29))
    assert WorkerOptions(2).memory_warning(0) is None


def test_too_little_memory_is_refused() -> None:
    assert WorkerOptions(2, 2**27).memory_limit_bytes == 2**26
    with pytest.raises(QoroInputError, match="63 MiB for each of 2 processes is too little"):
        WorkerOptions(2, 2**27 - 1)


@pytest.mark.parametrize("processes", [0, -1])
def test_a_worker_has_a_process(processes: int) -> None:
    with pytest.raises(QoroInputError, match=f"processes: expected 1 or more, got {processes}"):
        WorkerOptions(processes)


@pytest.mark.parametrize("tag", ["", "two words", "\x1b[31m"])
def test_a_tag_is_a_word(tag: str) -> None:
    with pytest.raises(QoroInputError, match="tag: expected a word without spaces"):
        WorkerOptions(1, tags=("fine", tag))
