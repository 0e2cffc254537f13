"""What a person sees during a wait: a line in the log for each change, and a status line on a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from qiskit_qoro.models.jobs import JobStatus

__all__ = ["status_line"]

_log = logging.getLogger(__name__)


@contextmanager
def status_line(job_id: str, verbose: bool) -> Iterator[Callable[[JobStatus], None]]:
    """Show a job's status for as long as this context lasts.

    Args:
        job_id: The job.
        verbose: Whether anything is to be shown.

    Yields:
        What to call with the job's status after each look. It writes each change to the log and, where
        standard error is a terminal, the status beside a spinner there.
    """
    seen: list[JobStatus] = []

    def log(status: JobStatus) -> None:
        if verbose and seen != [status]:
            seen[:] = [status]
            _log.info("job %s is %s", job_id, status.value)

    if not verbose or not sys.stderr.isatty():
        yield log
        return
    with Console(stderr=True).status(f"job {job_id}") as line:

        def show(status: JobStatus) -> None:
            log(status)
            line.update(f"job {job_id} is {status.value}")

        yield show
