from __future__ import annotations

import pytest

from qiskit_qoro.local.store.lifecycle import LIFECYCLE, may_become
from qiskit_qoro.models.jobs import JobStatus

P, R, C, F, X, B = (
    JobStatus.PENDING,
    JobStatus.RUNNING,
    JobStatus.COMPLETED,
    JobStatus.FAILED,
    JobStatus.CANCELLED,
    JobStatus.INSUFFICIENT_CREDITS,
)
ALLOWED = {(P, R), (P, X), (P, F), (P, B), (R, C), (R, F), (R, X), (R, P)}


@pytest.mark.parametrize("current", LIFECYCLE)
@pytest.mark.parametrize("new", LIFECYCLE)
def test_exactly_the_drawn_transitions_are_allowed(current: JobStatus, new: JobStatus) -> None:
    assert may_become(current, new) == ((current, new) in ALLOWED)


def test_a_final_status_is_one_that_nothing_leaves() -> None:
    assert {status for status in LIFECYCLE if status.is_final} == {
        status for status, following in LIFECYCLE.items() if not following
    }


def test_a_status_that_the_table_does_not_know_leads_nowhere() -> None:
    assert not may_become(JobStatus("DREAMING"), JobStatus.COMPLETED)
