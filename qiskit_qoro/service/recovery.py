"""Find out what became of a job after the answer to a request about it was lost, and cancel it if needed.

A request that changes something is not sent again after a lost answer. Instead, the status of the job tells
whether the service has acted on it.
"""

from __future__ import annotations

import logging

from qiskit_qoro.errors import NotFoundError, QoroAPIError, QoroConnectionError, QoroError, WireError
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.printable import printable_line
from qiskit_qoro.service.job_requests import cancel_job, fetch_status
from qiskit_qoro.service.transport import Transport

__all__ = ["CONFIRMATION_DELAYS_S", "cancel_unfinished", "find_started", "may_have_arrived"]

_log = logging.getLogger(__name__)

CONFIRMATION_DELAYS_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds between the polls of a job whose last request may have arrived."""

_CANCEL_DELAYS_S = (0.25, 0.5, 1.0)
# A job has one of these statuses only after its last request has arrived. A new status of a newer service may
# mean anything.
_STARTED = frozenset(
    {
        JobStatus.SCHEDULED,
        JobStatus.RUNNING,
        JobStatus.PAUSED,
        JobStatus.COMPLETED,
        JobStatus.FAILED,
        JobStatus.INSUFFICIENT_CREDITS,
        JobStatus.TIMED_OUT,
    }
)


def may_have_arrived(error: BaseException) -> bool:
    """Whether the service may have acted on a request, although it raised an error.

    Args:
        error: The error of the request.
    """
    if isinstance(error, QoroConnectionError):
        return error.was_sent
    if isinstance(error, QoroAPIError):
        # 408 is sent for a request that was too slow, but possibly not too late. 409 is also the answer to a
        # proxy that has sent the request a second time.
        return not 400 <= error.status_code < 500 or error.status_code in {408, 409}
    # The service, or something else, has answered with a page or with invalid JSON.
    return isinstance(error, WireError)


def find_started(transport: Transport, job_id: str) -> JobStatus | None:
    """Find out whether the last request of a submission has arrived, after its answer was lost.

    A job is PENDING until that request arrives, and for a moment longer. It is polled for about six seconds.

    Args:
        transport: Sends the requests.
        job_id: The job.

    Returns:
        The status of a job that has started, and may even have ended. ``None`` if it is not known to have
        started.
    """
    for delay_s in (*CONFIRMATION_DELAYS_S, None):
        status = _status(transport, job_id)
        if status is not JobStatus.PENDING or delay_s is None:
            return status if status in _STARTED else None
        transport.clock.wait(delay_s)
    raise AssertionError("unreachable: the last iteration returns")  # pragma: no cover


def cancel_unfinished(transport: Transport, job_id: str, *, may_be_complete: bool) -> tuple[bool, str]:
    """Cancel a job that was not submitted completely.

    After a failure, the status of the job tells whether it still has to be cancelled. If so, it is cancelled
    again.

    Args:
        transport: Sends the requests.
        job_id: The job.
        may_be_complete: Whether its last request may have arrived. If its status shows that it has, the job
            is not cancelled.

    Returns:
        Whether the job turned out to be complete, and the predicate of a sentence about the job.
    """
    for delay_s in (*_CANCEL_DELAYS_S, None):
        try:
            cancel_job(transport, job_id)
        except NotFoundError:
            return False, "does not exist any more"
        except QoroError as error:
            status = _status(transport, job_id)
            if status is JobStatus.CANCELLED:
                return False, "has been cancelled"
            if status is not None and (status.is_final or (may_be_complete and status in _STARTED)):
                return may_be_complete, f"could not be cancelled, because it is {status.value}"
            if status is None or delay_s is None:
                _log.warning("job %s could not be cancelled: %s", printable_line(job_id), error)
                break
        else:
            return False, "has been cancelled"
        transport.clock.wait(delay_s)
    return False, "could not be cancelled and may still run: check its status"


def _status(transport: Transport, job_id: str) -> JobStatus | None:
    """The status of a job, ``None`` if it cannot be read."""
    try:
        return fetch_status(transport, job_id).state.status
    except QoroError as error:
        _log.warning("the status of job %s could not be read: %s", printable_line(job_id), error)
        return None
