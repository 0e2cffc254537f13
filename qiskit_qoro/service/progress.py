"""Progress during a wait: a log record for each change of status, and a status line on a terminal.

The library that draws the lines, ``rich``, is imported when a line is first shown.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.printable import printable_line
from qiskit_qoro.service.clock import Clock

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

__all__ = ["LONG_WAIT_S", "progress_line", "status_line"]

LONG_WAIT_S = 2.0
"""Seconds of waiting before :func:`progress_line` shows anything."""

_log = logging.getLogger(__name__)


@contextmanager
def status_line(job_id: str, verbose: bool) -> Iterator[Callable[[JobStatus], None]]:
    """Log and show the status of a job inside this context.

    Args:
        job_id: The job.
        verbose: Whether to log and show anything.

    Yields:
        A function to call with the job's status after each poll. It logs each change. If standard error is a
        terminal, it also shows the status there, next to a spinner.
    """
    last_logged: JobStatus | None = None

    def describe(status: JobStatus) -> str:
        return printable_line(f"job {job_id} is {status.value}")

    def log(status: JobStatus) -> None:
        nonlocal last_logged
        if verbose and status != last_logged:
            last_logged = status
            _log.info("%s", describe(status))

    # sys.stderr is None in a process without a console.
    if not verbose or sys.stderr is None or not sys.stderr.isatty():
        yield log
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415
    from rich.spinner import Spinner  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    spinner = Spinner("dots", Text(printable_line(f"job {job_id}")))
    # By default rich redirects the caller's standard output to its own console, which is standard error here.
    with Live(
        spinner,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):

        def show(status: JobStatus) -> None:
            log(status)
            spinner.update(text=Text(describe(status)))

        yield show


@contextmanager
def progress_line(
    title: str, *, clock: Clock, enabled: bool = True, console: Console | None = None
) -> Iterator[Callable[[str], None]]:
    """Show a progress line if a wait takes long, and remove it at the end of the context.

    Args:
        title: What is waited for.
        clock: Measures how long the wait takes.
        enabled: Whether to show anything.
        console: Where to show the line. By default it is shown on standard error if that is a terminal, or in
            a notebook.

    Yields:
        A function to call with a description of the present state after each poll.
    """
    start = clock.now()
    # The live display is opened by the first call of `show` after LONG_WAIT_S. The stack closes it.
    live: Live | None = None
    with ExitStack() as stack:

        def show(description: str) -> None:
            nonlocal live
            waited_s = clock.now() - start
            if not enabled or waited_s < LONG_WAIT_S:
                return
            from rich.console import Console  # noqa: PLC0415
            from rich.live import Live  # noqa: PLC0415
            from rich.text import Text  # noqa: PLC0415

            if live is None:
                target = console or Console(stderr=True)
                if not (target.is_terminal or target.is_jupyter):
                    return
                live = stack.enter_context(
                    Live(console=target, transient=True, redirect_stdout=False, redirect_stderr=False)
                )
            text = printable_line(f"{title}: {description}, {waited_s:.0f} s")
            live.update(Text(text), refresh=True)

        yield show
