"""The table of allowed status changes."""

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
def test_exactly_the_listed_changes_are_allowed(current: JobStatus, new: JobStatus) -> None:
    assert may_become(current, new) == ((current, new) in ALLOWED)


def test_exactly_the_final_statuses_allow_no_change() -> None:
    assert {status for status in LIFECYCLE if status.is_final} == {
        status for status, following in LIFECYCLE.items() if not following
    }


def test_a_status_that_is_not_in_the_table_allows_no_change() -> None:
    assert not may_become(JobStatus("DREAMING"), JobStatus.COMPLETED)
