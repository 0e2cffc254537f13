"""Every exception that this package raises.

::

    QoroError(QiskitError)
    ├── QoroInputError(ValueError)                  you: an argument, a configuration, a circuit, no token
    ├── WireError(ValueError)                       bytes or JSON that break the protocol, whoever sent them
    ├── QoroConnectionError(requests.ConnectionError)   no answer: refused, reset, no such host
    │   └── QoroTimeoutError(requests.Timeout)          no answer in time
    ├── QoroAPIError(requests.HTTPError)            an answer >= 400: .response .status_code .detail
    │   ├── AuthenticationError                         401, 403
    │   ├── InsufficientCreditsError                    402
    │   ├── NotFoundError                               404
    │   ├── ConflictError                               409
    │   └── RateLimitError                              429: .retry_after_s
    ├── ExecutionCancelledError                     you stopped waiting: Ctrl-C or an event
    ├── MaxRetriesReachedError                      polling gave up: .retries
    └── QoroJobError(JobError)                      the job, not the request: .status
        ├── JobFailedError                              it failed, or its results are not what was asked for
        ├── JobCancelledError                           it was cancelled
        └── JobTimeoutError(qiskit's JobTimeoutError)   you waited long enough; the job lives on

A class exists only where a caller would act differently. Each one carries ``job_id``, ``None`` where no
job is concerned. No message, attribute or cause contains the token.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import requests
from qiskit.exceptions import QiskitError
from qiskit.providers import JobError
from qiskit.providers import JobTimeoutError as QiskitJobTimeoutError

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
    "RateLimitError",
    "WireError",
]


class QoroError(QiskitError):
    """Base of every error of this package.

    Attributes:
        message: What went wrong, whose fault it is and what to do.
        job_id: The job concerned, ``None`` where there is none.
    """

    def __init__(self, message: str, *, job_id: str | None = None) -> None:
        Exception.__init__(self, message)
        self.message = message
        self.job_id = job_id

    def extend(self, text: str) -> None:
        """Add to the message what becomes known while the error passes."""
        self.message = f"{self.message}. {text}"
        self.args = (self.message,)

    def introduce(self, text: str) -> None:
        """Put in front of the message what it is about."""
        self.message = f"{text}: {self.message}"
        self.args = (self.message,)

    def reword(self, change: Callable[[str], str]) -> None:
        """Say the same in other words."""
        self.message = change(self.message)
        self.args = (self.message,)

    def name_job(self, job_id: str) -> None:
        """Say which job is concerned, where that has not been said yet."""
        if self.job_id is None:
            self.job_id = job_id
            self.introduce(f"job {job_id}")

    def __str__(self) -> str:
        # QiskitError shows the repr of its message: quotes around it, line breaks as \n.
        return self.message


class QoroInputError(QoroError, ValueError):
    """An argument, a configuration or a circuit that cannot be used; nothing has been submitted."""


class WireError(QoroError, ValueError):
    """Bytes or JSON that do not follow the protocol."""


class QoroConnectionError(QoroError, requests.exceptions.ConnectionError):
    """The service gave no answer.

    Attributes:
        response: Always ``None``: there was no answer.
        request: Always ``None``: a request holds the token.
    """

    response = None
    request = None


class QoroTimeoutError(QoroConnectionError, requests.exceptions.Timeout):
    """The service gave no answer within the time allowed."""


class QoroAPIError(QoroError, requests.exceptions.HTTPError):
    """The service answered with an error.

    Attributes:
        response: The answer, with the token taken out of its request.
        status_code: The HTTP status, 400 or higher.
        detail: What the service said about it, empty where it said nothing readable.
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
        """Say the same in other words."""
        super().reword(change)
        self.detail = change(self.detail)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_api_error, (type(self), self.message), self.__dict__)


def _rebuild_api_error(cls: type[QoroAPIError], message: str) -> QoroAPIError:
    """Unpickle an error whose constructor needs more than its message."""
    error = cls.__new__(cls, message)
    error.args = (message,)
    return error


class AuthenticationError(QoroAPIError):
    """The token is unknown or deactivated (401), or may not do this (403)."""


class InsufficientCreditsError(QoroAPIError):
    """The account has no credits left for this (402)."""


class NotFoundError(QoroAPIError):
    """The service knows no such job or resource (404)."""


class ConflictError(QoroAPIError):
    """The job is not in a state that allows this (409)."""


class RateLimitError(QoroAPIError):
    """Too many requests (429).

    Attributes:
        retry_after_s: Seconds to wait as the service asked for, ``None`` where it did not say.
    """

    retry_after_s: float | None = None


class ExecutionCancelledError(QoroError):
    """A wait of ``poll_job_status`` was ended by an event, or by Ctrl-C, which cancels the job too."""


class MaxRetriesReachedError(QoroError):
    """Polling gave up before the job came to an end; the job lives on.

    Attributes:
        retries: How often the status was read.
    """

    def __init__(self, message: str, *, job_id: str | None = None, retries: int = 0) -> None:
        super().__init__(message, job_id=job_id)
        self.retries = retries


class QoroJobError(QoroError, JobError):
    """A job that did not give what was asked of it.

    Attributes:
        status: The job's status on the service, ``None`` where it is not the point.
    """

    def __init__(self, message: str, *, job_id: str | None = None, status: StrEnum | None = None) -> None:
        super().__init__(message, job_id=job_id)
        self.status = status


class JobFailedError(QoroJobError):
    """The job failed."""


class JobCancelledError(QoroJobError):
    """The job was cancelled."""


class JobTimeoutError(QoroJobError, QiskitJobTimeoutError):
    """The job was not done within the time given to the wait; it lives on."""
