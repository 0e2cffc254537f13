"""Say why a connection with TLS fails, in the same words on both sides. Nothing here needs Dask."""

from __future__ import annotations

import ssl

__all__ = ["tls_failure"]

_SAME_AUTHORITY = "both sides need certificates of the same authority"


def tls_failure(error: ssl.SSLError) -> str:
    """Return why the connection with a scheduler fails, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message}): {_SAME_AUTHORITY}"
    reason = getattr(error, "reason", None)  # an error that OpenSSL has not raised has none
    return f"TLS fails ({reason or error}): {_SAME_AUTHORITY}"
