"""What a person sees during a wait: a line in the log for each change, and a status line on a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.service.clock import Clock

__all__ = ["LONG_WAIT_S", "progress_line", "status_line"]

LONG_WAIT_S = 2.0
"""Seconds after which :func:`progress_line` shows itself."""

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

    # Python has no standard error where there is no console.
    if not verbose or sys.stderr is None or not sys.stderr.isatty():
        yield log
        return
    spinner = Spinner("dots", Text(f"job {job_id}"))
    # What the caller prints meanwhile stays where it prints it: rich would send it to standard error.
    with Live(
        spinner,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):

        def show(status: JobStatus) -> None:
            log(status)
            spinner.update(text=Text(f"job {job_id} is {status.value}"))

        yield show


@contextmanager
def progress_line(
    title: str, *, clock: Clock, enabled: bool = True, console: Console | None = None
) -> Iterator[Callable[[str], None]]:
    """Show a line during a wait that turns out to be long, and take it away afterwards.

    Args:
        title: What is waited for.
        clock: What tells whether the wait is long.
        enabled: Whether anything may be shown.
        console: Where to show it; by default standard error if it is a terminal, or a notebook.

    Yields:
        What to call with the present state in words, after each look.
    """
    began = clock.now()
    with ExitStack() as stack:
        live: list[Live] = []

        def show(words: str) -> None:
            waited = clock.now() - began
            if not enabled or waited < LONG_WAIT_S:
                return
            if not live:
                target = console or Console(stderr=True)
                if not (target.is_terminal or target.is_jupyter):
                    return
                live.append(
                    stack.enter_context(
                        Live(
                            console=target,
                            transient=True,
                            redirect_stdout=False,
                            redirect_stderr=False,
                        )
                    )
                )
            live[0].update(Text(f"{title}: {words}, {waited:.0f} s"), refresh=True)

        yield show
