"""The log of ``qiskit-qoro serve`` on standard error: lines of text, or JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qiskit_qoro._version import __version__
from qiskit_qoro.cli.output import say, say_lines, say_whole_lines
from qiskit_qoro.errors import QoroError

__all__ = ["LogFormat", "ServiceLog", "opened_log"]


class LogFormat(StrEnum):
    """The formats of the log."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True)
class ServiceLog:
    """The log of a service.

    Attributes:
        options: The options of :func:`~qiskit_qoro.local.server.serve` that make the service write it.
        say: Writes a sentence about the start of the service.
        started: Writes that the service is ready, with its address and that of its cluster if there is one.
    """

    options: dict[str, Any]
    say: Callable[[str], None]
    started: Callable[[str, str | None], None]


@contextmanager
def opened_log(log_format: LogFormat, *, logs_jobs: bool) -> Iterator[ServiceLog]:
    """Open the log of a service until the end of this context.

    Args:
        log_format: The format.
        logs_jobs: Whether jobs that end have lines.
    """
    with ExitStack() as stack:
        if log_format is LogFormat.JSON:
            yield stack.enter_context(_json_log(logs_jobs=logs_jobs))
        elif logs_jobs:
            yield stack.enter_context(_text_log())
        else:
            yield ServiceLog({}, say, _say_ready)


@contextmanager
def _text_log() -> Iterator[ServiceLog]:
    # The other commands need none of these modules.
    from qiskit_qoro.local.job_log.event_log import EventLog  # noqa: PLC0415
    from qiskit_qoro.local.job_log.log_lines import line_of_event  # noqa: PLC0415

    with EventLog(say_lines, line_of_event) as log:
        options = {"write_log": say_lines, "report": log.report}
        yield ServiceLog(options, say, _say_ready)


def _say_ready(_address: str, _cluster: str | None) -> None:
    say("The local Qoro service is ready. Stop it with Ctrl-C. Its clients need these settings:")


@contextmanager
def _json_log(*, logs_jobs: bool) -> Iterator[ServiceLog]:
    from qiskit_qoro.local.job_log.event_log import EventLog  # noqa: PLC0415
    from qiskit_qoro.local.job_log.json_lines import json_of_event  # noqa: PLC0415
    from qiskit_qoro.local.job_log.python_logging import reported_messages  # noqa: PLC0415
    from qiskit_qoro.local.service_events import EventKind, Level, ServiceEvent  # noqa: PLC0415

    job_kinds = frozenset() if logs_jobs else {EventKind.JOB_ENDED, EventKind.JOBS_ENDED}

    def report(event: ServiceEvent) -> None:
        if event.kind not in job_kinds:
            log.report(event)

    def say_event(text: str, level: Level = Level.INFO) -> None:
        report(ServiceEvent(kind=EventKind.MESSAGE, special_level=level, message=text))

    started_at: list[float] = []

    def started(address: str, cluster: str | None) -> None:
        started_at.append(time.monotonic())
        kind = EventKind.SERVICE_STARTED
        report(ServiceEvent(kind=kind, address=address, cluster=cluster, version=__version__))

    with EventLog(say_whole_lines, json_of_event) as log, reported_messages(report):
        try:
            yield ServiceLog({"report": report}, say_event, started)
        except QoroError as error:
            say_event(error.message, Level.ERROR)
            raise
        finally:
            if started_at:
                duration_s = round(time.monotonic() - started_at[0], 3)
                report(ServiceEvent(kind=EventKind.SERVICE_STOPPED, duration_s=duration_s))
