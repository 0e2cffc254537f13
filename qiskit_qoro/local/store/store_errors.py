"""The errors of the store. The web layer answers each of them with a status code of its own."""

from __future__ import annotations

from qiskit_qoro.errors import QoroError

__all__ = [
    "AccessDeniedError",
    "BalanceTooLowError",
    "JobConflictError",
    "JobNotFoundError",
    "PageNotFoundError",
    "QuotaExceededError",
    "StorageError",
]


class JobNotFoundError(Exception):
    """No such job exists, or it belongs to another account. Answered with 404."""


class PageNotFoundError(Exception):
    """A list has no page with this number. Answered with 404."""


class AccessDeniedError(Exception):
    """The account may not do this. Answered with 403."""


class BalanceTooLowError(Exception):
    """The account cannot pay for this. Answered with 402."""


class JobConflictError(Exception):
    """The status of the job does not allow this. Answered with 409."""


class QuotaExceededError(Exception):
    """The account would exceed its quota. Answered with 429.

    Args:
        message: The quota, the use, and when there is room again.
        retry_after_s: When to try again, in seconds.
    """

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StorageError(QoroError):
    """The database cannot be read or written, for example because the disk is full. Answered with 507."""
