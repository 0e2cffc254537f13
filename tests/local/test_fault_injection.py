"""Which delays and faults can be configured, and that a seed repeats them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local import Fault, FaultInjection, FaultKind
from qiskit_qoro.wire.endpoints import ENDPOINTS, GET_STATUS, INIT_JOB


@pytest.mark.parametrize("kind", FaultKind)
@pytest.mark.parametrize("calls", [(), ("get_status",), ("get_status", "repeatable")])
def test_a_fault_can_be_parsed_from_its_text(kind: FaultKind, calls: tuple[str, ...]) -> None:
    fault = Fault(kind, 0.25, calls)
    assert Fault.parse(str(fault)) == fault


@pytest.mark.parametrize(
    "text",
    ["", "reset", "reset:", "reset:often", "flood:0.1", "reset:1.5", "reset:-1", "502:nan", "502:1:fly"],
)
def test_an_invalid_fault_is_refused(text: str) -> None:
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
def test_an_invalid_time_is_refused_and_named(fields: dict[str, Any]) -> None:
    with pytest.raises(QoroInputError, match=next(iter(fields))):
        FaultInjection(**fields)


def test_rates_that_add_up_to_more_than_1_are_refused() -> None:
    faults = (Fault(FaultKind.RESET, 0.6, ("get_status",)), Fault(FaultKind.SLOW, 0.6))
    with pytest.raises(QoroInputError, match="get_status"):
        FaultInjection(faults=faults)


def test_fault_injection_is_off_by_default() -> None:
    assert not FaultInjection().is_on
    assert {FaultInjection().fault_for(endpoint, 0) for endpoint in ENDPOINTS} == {None}


def test_every_delay_and_fault_is_described() -> None:
    faults = (Fault.parse("429:0.5:get_status"), Fault.parse("slow:0.25"), Fault.parse("html:0"))
    fault_injection = FaultInjection(
        pending_time_s=3, running_time_s=4, faults=faults, slow_s=5, retry_after_s=6
    )
    assert fault_injection.describe() == (
        "every job stays PENDING for 3 s",
        "every job stays RUNNING for at least 4 s",
        "fault 429 in 0.5 of get_status (Retry-After: 6)",
        "fault slow in 0.25 of all calls (5 s late)",
    )


def test_faults_happen_at_their_rate_and_only_to_their_calls() -> None:
    faults = tuple(Fault(kind, 0.1, ("repeatable",)) for kind in FaultKind)
    fault_injection = FaultInjection(faults=faults)
    counts = Counter(fault_injection.fault_for(GET_STATUS, index) for index in range(10_000))
    assert all(abs(counts[kind] - 1000) < 200 for kind in FaultKind)  # six standard deviations
    assert {fault_injection.fault_for(INIT_JOB, index) for index in range(1000)} == {None}


def test_a_seed_repeats_the_same_faults_and_another_seed_gives_others() -> None:
    def faults(seed: int) -> list[FaultKind | None]:
        fault_injection = FaultInjection(faults=(Fault(FaultKind.RESET, 0.5),), seed=seed)
        return [fault_injection.fault_for(GET_STATUS, index) for index in range(100)]

    assert faults(7) == faults(7) != faults(8)


@pytest.mark.parametrize(("excess", "is_accepted"), [(0.0, True), (0.5e-9, True), (2e-9, False)])
def test_rates_may_add_up_to_more_than_1_by_rounding(excess: float, is_accepted: bool) -> None:
    faults = (Fault(FaultKind.RESET, 0.5 + excess), Fault(FaultKind.SLOW, 0.5))
    if is_accepted:
        assert FaultInjection(faults=faults).faults == faults
        return
    with pytest.raises(QoroInputError, match=r"add up to 1, expected at most 1"):
        FaultInjection(faults=faults)
