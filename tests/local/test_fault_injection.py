"""Delays and faults on purpose: what may be asked for, and that a seed brings the same ones again."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local import Fault, FaultInjection, FaultKind
from qiskit_qoro.wire.endpoints import ENDPOINTS, GET_STATUS, INIT_JOB


@pytest.mark.parametrize("kind", FaultKind)
@pytest.mark.parametrize("calls", [(), ("get_status",), ("get_status", "repeatable")])
def test_a_fault_is_read_as_it_is_written(kind: FaultKind, calls: tuple[str, ...]) -> None:
    fault = Fault(kind, 0.25, calls)
    assert Fault.parse(str(fault)) == fault


@pytest.mark.parametrize(
    "text",
    ["", "reset", "reset:", "reset:often", "flood:0.1", "reset:1.5", "reset:-1", "502:nan", "502:1:fly"],
)
def test_a_fault_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(QoroInputError, match="expected"):
        Fault.parse(text)


@pytest.mark.parametrize(
    "fields",
    [
        {"pending_time_s": -1},
        {"running_time_s": float("inf")},
        {"slow_s": float("nan")},
        {"retry_after_s": -1},
    ],
)
def test_a_time_that_cannot_pass_is_refused_by_name(fields: dict[str, Any]) -> None:
    with pytest.raises(QoroInputError, match=next(iter(fields))):
        FaultInjection(**fields)


def test_more_faults_than_calls_are_refused() -> None:
    twice = (Fault(FaultKind.RESET, 0.6, ("get_status",)), Fault(FaultKind.SLOW, 0.6))
    with pytest.raises(QoroInputError, match="get_status"):
        FaultInjection(faults=twice)


def test_nothing_happens_unless_it_is_asked_for() -> None:
    assert not FaultInjection().is_on
    assert {FaultInjection().fate(endpoint, 0) for endpoint in ENDPOINTS} == {None}


def test_what_is_on_is_told() -> None:
    faults = (Fault.parse("429:0.5:get_status"), Fault.parse("slow:0.25"), Fault.parse("html:0"))
    fault_injection = FaultInjection(
        pending_time_s=3, running_time_s=4, faults=faults, slow_s=5, retry_after_s=6
    )
    assert fault_injection.describe() == (
        "every job stays PENDING for 3 s",
        "every job stays RUNNING for 4 s at least",
        "fault 429 in 0.5 of get_status (Retry-After: 6)",
        "fault slow in 0.25 of all calls (5 s late)",
    )


def test_faults_happen_as_often_as_asked_and_only_where_asked() -> None:
    faults = tuple(Fault(kind, 0.1, ("repeatable",)) for kind in FaultKind)
    fault_injection = FaultInjection(faults=faults)
    fates = Counter(fault_injection.fate(GET_STATUS, index) for index in range(10_000))
    assert all(abs(fates[kind] - 1000) < 200 for kind in FaultKind)  # six standard deviations
    assert {fault_injection.fate(INIT_JOB, index) for index in range(1000)} == {None}


def test_a_seed_brings_the_same_faults_and_another_one_others() -> None:
    def fates(seed: int) -> list[FaultKind | None]:
        fault_injection = FaultInjection(faults=(Fault(FaultKind.RESET, 0.5),), seed=seed)
        return [fault_injection.fate(GET_STATUS, index) for index in range(100)]

    assert fates(7) == fates(7) != fates(8)
