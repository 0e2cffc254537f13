"""All exceptions of this package.

::

    QoroError(QiskitError)
    ├── QoroInputError(ValueError)                  an invalid argument, configuration or circuit; no token
    ├── WireError(ValueError)                       bytes or JSON that break the protocol
    ├── QoroConnectionError(requests.ConnectionError)   no answer: refused, reset, unknown host
    │   └── QoroTimeoutError(requests.Timeout)          no answer in time
    ├── QoroAPIError(requests.HTTPError)            an answer >= 400: .response .status_code .detail
    │   ├── QubitLimitError                             400: .limit_qubits
    │   ├── AuthenticationError                         401, 403
    │   ├── InsufficientCreditsError                    402
    │   ├── NotFoundError                               404
    │   ├── ConflictError                               409
    │   └── RateLimitError                              429: .retry_after_s
    ├── ExecutionCancelledError                     the caller stopped waiting: Ctrl-C or an event
    ├── MaxRetriesReachedError                      polling gave up: .retries
    └── QoroJobError(JobError)                      the job, not a request: .status
        ├── JobFailedError                              it failed, or its results do not match the submission
        ├── JobCancelledError                           it was cancelled
        └── JobTimeoutError(qiskit's JobTimeoutError)   it was not final in time; it continues

A class exists only if callers would handle it differently. Every error has a ``job_id``, which is ``None`` if
the error concerns no job. No message, attribute or cause contains the token.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import requests
from qiskit.exceptions import QiskitError
from qiskit.providers import JobError
from qiskit.providers import JobTimeoutError as QiskitJobTimeoutError

from qiskit_qoro.printable import printable_text

__all__ = [
    "AuthenticationError",
    "ConflictError",
    "ExecutionCancelledError",
    "InsufficientCreditsError",
    "JobCancelledError",
    "JobFailedError",
    "JobTimeoutError",
    "MaxRetriesReachedError",
    "NotFoundError",
    "QoroAPIError",
    "QoroConnectionError",
    "QoroError",
    "QoroInputError",
    "QoroJobError",
    "QoroTimeoutError",
    "QubitLimitError",
    "RateLimitError",
    "WireError",
]


class QoroError(QiskitError):
    """Base class of all errors of this package.

    Attributes:
        message: What was expected, what was received, and what to do.
        job_id: The job that the error concerns, or ``None`` if it concerns none.
    """

    def __init__(self, message: str, *, job_id: str | None = None) -> None:
        # Messages quote services and files, and are printed on terminals.
        message = printable_text(message)
        # Not super(): the other base classes, QiskitError and those of requests, take other arguments.
        Exception.__init__(self, message)
        self.message = message
        self.job_id = job_id

    def extend(self, text: str) -> None:
        """Append a sentence to the message."""
        self._set_message(f"{self.message}. {text}")

    def introduce(self, text: str) -> None:
        """Prepend a prefix and a colon to the message."""
        self._set_message(f"{text}: {self.message}")

    def reword(self, change: Callable[[str], str]) -> None:
        """Replace the message by ``change(message)``."""
        self._set_message(change(self.message))

    def name_job(self, job_id: str) -> None:
        """Set the job that the error concerns and name it in the message, unless a job is already set."""
        if self.job_id is None:
            self.job_id = job_id
            self.introduce(f"job {job_id}")

    def _set_message(self, message: str) -> None:
        self.message = printable_text(message)
        self.args = (self.message,)

    def __str__(self) -> str:
        # QiskitError would return the repr of the message, with quotes and with line breaks as \n.
        return self.message


class QoroInputError(QoroError, ValueError):
    """An invalid argument, configuration or circuit. Nothing has been submitted."""


class WireError(QoroError, ValueError):
    """Bytes or JSON that break the protocol."""


class QoroConnectionError(QoroError, requests.exceptions.ConnectionError):
    """The service did not answer.

    Attributes:
        response: Always ``None``, because there was no answer.
        request: Always ``None``, because a request contains the token.
        was_sent: ``False`` if no connection could be established, so that the service certainly has not
            received the request. ``True`` if it may have received it.
    """

    # requests.RequestException would set these, but its constructor is not called.
    response = None
    request = None
    was_sent: bool = True


class QoroTimeoutError(QoroConnectionError, requests.exceptions.Timeout):
    """The service did not answer in time."""


class QoroAPIError(QoroError, requests.exceptions.HTTPError):
    """The service answered with an error.

    Attributes:
        response: The answer. The token has been removed from its request.
        status_code: The HTTP status code, 400 or higher.
        detail: The service's description of the error, or an empty text if there is none that can be read.
    """

    def __init__(
        self,
        message: str,
        *,
        response: requests.Response,
        detail: str = "",
        job_id: str | None = None,
    ) -> None:
        QoroError.__init__(self, message, job_id=job_id)
        self.response = response
        self.request = response.request
        self.status_code: int = response.status_code
        self.detail = detail

    def reword(self, change: Callable[[str], str]) -> None:
        """Replace message and detail by ``change(message)`` and ``change(detail)``."""
        super().reword(change)
        self.detail = change(self.detail)

    def __reduce__(self) -> tuple[object, ...]:
        # By default pickle calls the class with `args`, but the constructor also requires a response.
        return (_rebuild_api_error, (type(self), self.message), self.__dict__)


def _rebuild_api_error(cls: type[QoroAPIError], message: str) -> QoroAPIError:
    """Create an error without calling its constructor; pickle then restores its attributes."""
    error = cls.__new__(cls, message)
    error.args = (message,)
    return error


class QubitLimitError(QoroAPIError):
    """The job needs more qubits than the account may use (400).

    Attributes:
        limit_qubits: The largest number of qubits, or ``None`` if the service did not name it clearly.
    """

    limit_qubits: int | None = None


class AuthenticationError(QoroAPIError):
    """The token is unknown or deactivated (401), or lacks the permission (403)."""


class InsufficientCreditsError(QoroAPIError):
    """The account does not have enough credits (402)."""


class NotFoundError(QoroAPIError):
    """The job or resource does not exist (404)."""


class ConflictError(QoroAPIError):
    """The status of the job does not allow the request (409)."""


class RateLimitError(QoroAPIError):
    """Too many requests (429).

    Attributes:
        retry_after_s: Seconds after which the service accepts requests again, or ``None`` if the service did
            not report them.
    """

    retry_after_s: float | None = None


class ExecutionCancelledError(QoroError):
    """An event or Ctrl-C ended a wait of ``poll_job_status``. Ctrl-C also cancels the job."""


class MaxRetriesReachedError(QoroError):
    """Polling gave up before the job was final. The job continues.

    Attributes:
        retries: How often the job was polled.
    """

    def __init__(self, message: str, *, job_id: str | None = None, retries: int = 0) -> None:
        super().__init__(message, job_id=job_id)
        self.retries = retries


class QoroJobError(QoroError, JobError):
    """A job has no results, or none that can be used.

    Attributes:
        status: The job's status on the service, or ``None`` if the error does not depend on it. It is a
            :class:`~qiskit_qoro.models.jobs.JobStatus`, which this module does not import because it is the
            lowest layer.
    """

    def __init__(self, message: str, *, job_id: str | None = None, status: StrEnum | None = None) -> None:
        super().__init__(message, job_id=job_id)
        self.status = status


class JobFailedError(QoroJobError):
    """The job failed, or its results do not match the submission."""


class JobCancelledError(QoroJobError):
    """The job was cancelled."""


class JobTimeoutError(QoroJobError, QiskitJobTimeoutError):
    """The job was not final within the time limit of the wait. The job continues."""
