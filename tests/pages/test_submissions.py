"""A form submits a job again only once."""

from __future__ import annotations

import pytest

from qiskit_qoro.pages.submissions import MAX_JOBS, Submissions


def test_a_failed_submission_makes_the_form_old_too() -> None:
    """The service may have got the job although its answer was lost."""
    submissions = Submissions()
    number = submissions.number("job")

    def fail() -> None:
        with submissions.once("job", number) as is_first:
            assert is_first
            raise OSError("lost")

    with pytest.raises(OSError, match="lost"):
        fail()
    with submissions.once("job", number) as is_first:
        assert not is_first
    with submissions.once("job", submissions.number("job")) as is_first:
        assert is_first


def test_the_jobs_that_a_session_remembers_are_bounded() -> None:
    submissions = Submissions()
    for index in range(MAX_JOBS + 1):
        with submissions.once(f"job{index}", "0") as is_first:
            assert is_first
    assert submissions.number("job0") == "0"
    assert submissions.number("job1") == "1"
