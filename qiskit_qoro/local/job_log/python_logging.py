"""Report what the service and its libraries write to Python's ``logging``."""

from __future__ import annotations

import logging
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from qiskit_qoro.local.service_events import EVENT_KEY, EventKind, Level, Report, ServiceEvent

__all__ = ["reported_messages"]

_PACKAGE = __name__.partition(".")[0]


class _ReportHandler(logging.Handler):
    """Reports each record."""

    def __init__(self, report: Report) -> None:
        super().__init__(logging.WARNING)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._report(_event_of(record))
        except Exception:  # as the handlers of Python do, for example if arguments do not fit the message
            self.handleError(record)


def _event_of(record: logging.LogRecord) -> ServiceEvent:
    trace = None
    if record.exc_info is not None and record.exc_info[0] is not None:
        trace = "".join(traceback.format_exception(*record.exc_info))
    return ServiceEvent(
        kind=getattr(record, EVENT_KEY, EventKind.MESSAGE),
        special_level=Level.ERROR if record.levelno >= logging.ERROR else Level.WARNING,
        logger=record.name,
        message=record.getMessage(),
        traceback=trace,
    )


def _log_warning(message: Warning | str, *_place: object, **_options: object) -> None:
    logging.getLogger("py.warnings").warning("%s", message)


@contextmanager
def reported_messages(report: Report) -> Iterator[None]:
    """Report messages of all loggers, warnings, and errors that end a thread, instead of printing them.

    Within this context the loggers of this package have no other handlers. Use it in a process that runs
    nothing but a service.
    """
    root, package = logging.getLogger(), logging.getLogger(_PACKAGE)
    handler, others, hook = _ReportHandler(report), list(package.handlers), threading.excepthook

    def report_end(ended: threading.ExceptHookArgs) -> None:
        name = "a thread" if ended.thread is None else f"the thread {ended.thread.name}"
        error = (ended.exc_type, ended.exc_value or ended.exc_type(), ended.exc_traceback)
        logging.getLogger(__name__).error("%s has ended because of an error", name, exc_info=error)

    for other in others:
        package.removeHandler(other)
    root.addHandler(handler)
    threading.excepthook = report_end
    try:
        with warnings.catch_warnings():
            # Not logging.captureWarnings, which keeps what it replaces in a global variable.
            warnings.showwarning = _log_warning
            yield
    finally:
        threading.excepthook = hook
        root.removeHandler(handler)
        for other in others:
            package.addHandler(other)
