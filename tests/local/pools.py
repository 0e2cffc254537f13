"""What the runner needs of every pool, for pools that stand in for the worker processes."""

from __future__ import annotations

from collections.abc import Callable


class UsablePool:
    """The base of pools that can always run jobs."""

    def is_usable(self) -> bool:
        return True

    def on_change(self, listener: Callable[[], None]) -> None:
        pass
