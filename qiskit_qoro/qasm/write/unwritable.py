"""Why an instruction cannot be written, for whoever knows which one it was."""

from __future__ import annotations

__all__ = ["UnwritableError"]


class UnwritableError(Exception):
    """Why an instruction cannot be written; :func:`write_program` says which one it was.

    Args:
        reason: Why.
        place: The index of the instruction, if it is not the one that is being written.
    """

    def __init__(self, reason: str, place: int = 0) -> None:
        super().__init__(reason)
        self.place = place
