"""What the application tells others of the requests that it has answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["OTHER_ENDPOINT", "AnsweredRequest", "RequestObserver"]

OTHER_ENDPOINT = "other"
"""The name of the endpoint of a request with a method that its path does not have."""


@dataclass(frozen=True)
class AnsweredRequest:
    """A request of the API.

    Attributes:
        endpoint: The name of the endpoint; or :data:`OTHER_ENDPOINT`.
        status: The status code of the answer.
        duration_s: The seconds until the answer was ready to be sent.
        account: The name of the account, or ``None`` if the token is missing or unknown.
        client: The address of the client, or ``None`` if unknown.
    """

    endpoint: str
    status: int
    duration_s: float
    account: str | None
    client: str | None


RequestObserver = Callable[[AnsweredRequest], None]
"""Takes a request that was answered. It is called in the event loop: it returns at once and does not fail."""
