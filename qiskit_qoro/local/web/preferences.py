"""The preferences of a client (RFC 7240): it may ask the service to wait until a job has ended.

The client sends ``Prefer: wait=N`` with the request for a status. The service then answers when the job has
ended or when ``N`` seconds are over, and repeats what it has applied. A service that does not know the header
answers at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["LONGEST_WAIT_S", "applied_wait", "requested_wait_s"]

LONGEST_WAIT_S = 10
"""The service waits at most this long, which is less than the time limit of the client."""


def requested_wait_s(headers: Iterable[str]) -> int:
    """Return the seconds that a client asks the service to wait; 0 if it does not ask, or not for a number.

    Args:
        headers: The values of all ``Prefer`` headers.
    """
    for preference in ",".join(headers).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        value = value.strip().strip('"')
        if name.strip().lower() == "wait":
            # Only the first one counts. A number of many digits is as good as the longest wait.
            is_number = value.isascii() and value.isdigit()
            return min(int(value[:9]), LONGEST_WAIT_S) if is_number else 0
    return 0


def applied_wait(seconds: int) -> Mapping[str, str]:
    """Return the header that says how long the service has waited at most; nothing if it did not."""
    return {"Preference-Applied": f"wait={seconds}"} if seconds else {}
