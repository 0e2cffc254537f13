"""What a wait for jobs reports: their states on a progress line, and changes of status in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from qiskit_qoro.display.progress import ProgressLine
from qiskit_qoro.models.jobs import JobState, JobStatus, joint_state
from qiskit_qoro.printable import printable_line

__all__ = ["log_changes", "show_states"]

_log = logging.getLogger(__name__)


def show_states(line: ProgressLine, states: Sequence[JobState], num_jobs: int) -> None:
    """Show the states of jobs that belong together, unless all of them have ended.

    Args:
        line: The progress line of the wait.
        states: The last known states; at least one.
        num_jobs: The number of all jobs, whether their states are known or not.
    """
    if not line.is_visible:
        return
    num_final = sum(state.status.is_final for state in states)
    if num_final == num_jobs:
        return
    joint = joint_state(states)
    if joint.num_circuits == 1 or len(states) < num_jobs:
        line(joint.status.value)  # there is nothing to count, or not everything is known
    elif num_jobs == 1 or joint.num_circuits is not None:
        line(joint.status.value, joint.num_finished, joint.num_circuits, unit="circuits")
    else:
        line(joint.status.value, num_final, num_jobs, unit="jobs")


def log_changes(job_id: str) -> Callable[[JobStatus], None]:
    """Return a function that logs the status of a job if it differs from that of the call before."""
    last_logged: JobStatus | None = None

    def log(status: JobStatus) -> None:
        nonlocal last_logged
        if status != last_logged:
            last_logged = status
            _log.info("%s", printable_line(f"job {job_id} is {status.value}"))

    return log
