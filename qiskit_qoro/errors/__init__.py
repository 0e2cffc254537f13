"""All exceptions of this package.

::

    QoroError(QiskitError)
    ├── QoroInputError(ValueError)                  an invalid argument, configuration or circuit; no token
    │   └── BudgetExceededError                         a submission above the budget: .cost .budget
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

The errors of requests and of jobs are imported when they are first used, because importing their base classes
takes a moment. Worker processes never need them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qiskit.exceptions import QiskitError

from qiskit_qoro.lazy_imports import lazy_names
from qiskit_qoro.printable import printable_text

if TYPE_CHECKING:
    from qiskit_qoro.errors.job_errors import JobCancelledError, JobFailedError, JobTimeoutError, QoroJobError
    from qiskit_qoro.errors.request_errors import (
        AuthenticationError,
        ConflictError,
        InsufficientCreditsError,
        NotFoundError,
        QoroAPIError,
        QoroConnectionError,
        QoroTimeoutError,
        QubitLimitError,
        RateLimitError,
    )
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "job_errors": ("JobCancelledError", "JobFailedError", "JobTimeoutError", "QoroJobError"),
            "request_errors": (
                "AuthenticationError",
                "ConflictError",
                "InsufficientCreditsError",
                "NotFoundError",
                "QoroAPIError",
                "QoroConnectionError",
                "QoroTimeoutError",
                "QubitLimitError",
                "RateLimitError",
            ),
        },
    )

__all__ = [
    "AuthenticationError",
    "BudgetExceededError",
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

    Catch it to handle every error of this package. The message says what to do.

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
    """An invalid argument, configuration or circuit. Nothing has been submitted.

    Change what the message names.
    """


class BudgetExceededError(QoroInputError):
    """A submission would cost more than the budget allows. Nothing has been sent.

    Submit fewer circuits or shots, or raise the budget.

    Attributes:
        cost: The :class:`~qiskit_qoro.models.costs.Cost` of the submission.
        budget: The :class:`~qiskit_qoro.service.budgets.budget.Budget` that it exceeds.
    """

    def __init__(
        self, message: str, *, job_id: str | None = None, cost: Any = None, budget: Any = None
    ) -> None:
        super().__init__(message, job_id=job_id)
        self.cost = cost
        self.budget = budget


class WireError(QoroError, ValueError):
    """Bytes or JSON that break the protocol.

    Report it. Either the service sent an answer that cannot be read without guessing, or a text does not
    follow the protocol.
    """


class ExecutionCancelledError(QoroError):
    """An event or Ctrl-C ended a wait of ``poll_job_status``, or Ctrl-C ended the computation of a state.

    You ended the wait, so you need not do anything. Ctrl-C in these calls cancels the job. In
    ``job.result()`` it does not: it raises a ``KeyboardInterrupt``, and the job continues.
    """


class MaxRetriesReachedError(QoroError):
    """Polling gave up before the job was final. The job continues.

    Wait again, with the same job or with ``provider.retrieve_job(error.job_id)``.

    Attributes:
        retries: How often the job was polled.
    """

    def __init__(self, message: str, *, job_id: str | None = None, retries: int = 0) -> None:
        super().__init__(message, job_id=job_id)
        self.retries = retries
