"""A scheduler that somebody else runs, at an address that does not change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed.security import Security

__all__ = ["RemoteScheduler"]


@dataclass(frozen=True)
class RemoteScheduler:
    """Where the scheduler of a cluster is, as the link asks for it.

    Attributes:
        name: Its address.
        security: The certificates, or ``None`` if connections are not encrypted.
    """

    name: str
    security: Security | None

    def start(self) -> None:
        """Do nothing: it runs, or will run."""

    async def find(self) -> str:
        """Return its address."""
        return self.name

    def close(self) -> None:
        """Do nothing: others use it too."""
