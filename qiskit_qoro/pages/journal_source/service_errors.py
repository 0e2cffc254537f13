"""What the pages say if a service does not answer as expected."""

from __future__ import annotations

from collections.abc import Iterable

from qiskit_qoro.errors import AuthenticationError, QoroAPIError, QoroError

__all__ = ["notes_on"]


def notes_on(errors: Iterable[QoroError | None]) -> list[str]:
    """Return a sentence for each kind of error. A page asks several things, which mostly fail together.

    Args:
        errors: What went wrong, or ``None`` for what did not.
    """
    first: dict[object, QoroError] = {}
    for error in errors:
        if error is not None:
            status = error.status_code if isinstance(error, QoroAPIError) else None
            first.setdefault((type(error), status), error)
    return [f"{_summary_of(error)}: {error}." for error in first.values()]


def _summary_of(error: QoroError) -> str:
    if isinstance(error, AuthenticationError):
        return "The service refuses the token"
    return "The service did not answer as expected"
