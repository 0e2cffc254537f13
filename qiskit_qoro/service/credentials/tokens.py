"""Check the characters of a token."""

from __future__ import annotations

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.secret import Secret

__all__ = ["check_token", "is_filled_text"]


def check_token(token: Secret) -> Secret:
    """Return a token without surrounding white space.

    Raises:
        QoroInputError: It has characters that are not allowed in an HTTP header.
    """
    if not _is_header_text(token):
        raise QoroInputError(
            "the authentication token contains white space, control characters or non-ASCII characters, "
            "which no token has: copy it again"
        )
    return Secret(token.reveal().strip())


# The next two functions have the token in a variable, so they raise nothing.


def is_filled_text(secret: Secret) -> bool:
    """Whether a secret is text that is not blank."""
    value = secret.reveal()
    return isinstance(value, str) and bool(value.strip())


def _is_header_text(secret: Secret) -> bool:
    text = secret.reveal().strip()
    return text.isascii() and text.isprintable() and " " not in text
