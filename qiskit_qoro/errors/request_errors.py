"""The errors of requests, which are errors of the library ``requests`` too."""

from __future__ import annotations

from collections.abc import Callable

import requests

from qiskit_qoro.errors import QoroError

__all__ = [
    "AuthenticationError",
    "ConflictError",
    "InsufficientCreditsError",
    "NotFoundError",
    "QoroAPIError",
    "QoroConnectionError",
    "QoroTimeoutError",
    "QubitLimitError",
    "RateLimitError",
]


class QoroConnectionError(QoroError, requests.exceptions.ConnectionError):
    """The service did not answer.

    Check your network and the address of the service, and try again. If the error occurred during a
    submission, the message says what is known about the job. Read it before you submit again, because a
    submission is sent only once. If ``was_sent`` is ``False``, the service has certainly not received the
    request.

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
    """The service did not answer in time.

    Do the same as for a :class:`QoroConnectionError`.
    """


class QoroAPIError(QoroError, requests.exceptions.HTTPError):
    """The service answered with an error.

    Change what the message names. If the status code is 500 or higher, try again later, because the fault is
    in the service.

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

    Use at most ``limit_qubits`` qubits in each circuit, or an account with a higher limit.

    Attributes:
        limit_qubits: The largest number of qubits, or ``None`` if the service did not name it clearly.
    """

    limit_qubits: int | None = None


class AuthenticationError(QoroAPIError):
    """The token is unknown or deactivated (401), or lacks the permission (403).

    Check where the token comes from, and whether it belongs to this service. ``qiskit-qoro whoami`` shows
    both.
    """


class InsufficientCreditsError(QoroAPIError):
    """The account does not have enough credits (402).

    Get credits, then submit again. The job was not run.
    """


class NotFoundError(QoroAPIError):
    """The job or resource does not exist (404).

    Check the identifier and the service. A job is known only to its own service and account.
    """


class ConflictError(QoroAPIError):
    """The status of the job does not allow the request (409).

    Check the status of the job. For example, a job that has ended cannot be cancelled.
    """


class RateLimitError(QoroAPIError):
    """Too many requests (429).

    Wait for ``retry_after_s`` seconds. The client has already repeated the request, unless the service asked
    for a longer pause than ``max_retry_after_s``.

    Attributes:
        retry_after_s: Seconds after which the service accepts requests again, or ``None`` if the service did
            not report them.
    """

    retry_after_s: float | None = None


# They are public names of the package, and tracebacks and pickles name them in this way.
for _name in __all__:
    globals()[_name].__module__ = __package__
