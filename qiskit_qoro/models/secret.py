"""A holder for the token, which keeps it out of representations and traceback dumps.

Tools such as ``rich``, ``cgitb`` and pytest print the local variables of each frame of a traceback. Therefore
our functions keep the token in a :class:`Secret`, and not in a variable of its own.
"""

from __future__ import annotations

from typing import Any, overload

__all__ = ["Secret", "hide"]


class Secret:
    """A value that is not shown. A pickle of it contains the value.

    Not a subclass of ``str``: some tools print the first characters of a text without calling ``repr``.

    Args:
        value: The value.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "<redacted>"

    def __reduce__(self) -> tuple[type[Secret], tuple[Any]]:
        return Secret, (self._value,)

    def reveal(self) -> Any:
        """Return the value. Do not assign it to a variable."""
        return self._value


@overload
def hide(value: None) -> None: ...


@overload
def hide(value: str | Secret) -> Secret: ...


@overload
def hide(value: str | Secret | None) -> Secret | None: ...


def hide(value: object) -> Secret | None:
    """Return a holder for a value, or ``None`` for ``None``. A holder is returned as it is."""
    return value if value is None or isinstance(value, Secret) else Secret(value)
