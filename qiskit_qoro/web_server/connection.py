"""The connection of a request, where the application finds it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["CONNECTION", "Connection"]

CONNECTION = "connection"
"""The key of the connection in the state of a request."""


class Connection(Protocol):
    """The connection of a request."""

    def close(self) -> None:
        """Close the connection after everything that was sent."""

    def reset(self) -> None:
        """Reset the connection, and drop what has not been sent yet."""
