"""Where the token and the address come from: the argument, a ``.env`` file, the environment."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from dotenv import dotenv_values, find_dotenv

from qiskit_qoro.errors import QoroInputError

__all__ = ["CLOUD_URL", "TOKEN_VARIABLE", "URL_VARIABLE", "find_base_url", "find_token", "is_token_set"]

CLOUD_URL = "https://app.qoroquantum.net/api"
"""The base URL of the Qoro cloud."""

TOKEN_VARIABLE = "QORO_API_KEY"  # noqa: S105 - the name of the variable, not its value
"""The variable that holds the token, in a ``.env`` file or in the environment."""

URL_VARIABLE = "QORO_API_URL"
"""The variable that holds another base URL, beside the token in a ``.env`` file, or in the environment."""


def find_token(argument: str | None) -> str:
    """The authentication token.

    Args:
        argument: What the caller passed; it wins over a ``.env`` file in the working directory or above,
            which wins over the environment.

    Returns:
        The token, without surrounding white space.

    Raises:
        QoroInputError: There is none, or it has characters that no HTTP header may hold.
    """
    token = argument if argument is not None else _setting(TOKEN_VARIABLE)
    if not isinstance(token, str) or not token.strip():
        raise QoroInputError(
            "no authentication token: pass auth_token=..., or put "
            f"{TOKEN_VARIABLE}=... into a .env file, or set the environment variable {TOKEN_VARIABLE}. "
            "To work without an account, use the local service: QoroProvider.local()"
        )
    token = token.strip()
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise QoroInputError(
            "the authentication token has characters that a token cannot have (white space, control or "
            "non-ASCII characters): copy it again"
        )
    return token


def is_token_set() -> bool:
    """Whether a ``.env`` file or the environment holds a token."""
    return bool(_setting(TOKEN_VARIABLE))


def find_base_url(argument: str | None, *, token: str | None = None) -> str:
    """The base URL of the service, without a trailing slash.

    Args:
        argument: What the caller passed; it wins over a ``.env`` file, which wins over the
            environment. Without any of them it is the cloud.
        token: The token that the caller passed, if any. A ``.env`` file says only where its own token
            goes: it may have come with somebody else's files.

    Raises:
        QoroInputError: It is not an ``http`` or ``https`` URL.
    """
    url = (argument if argument is not None else _address(token)) or CLOUD_URL
    if not isinstance(url, str) or not _is_base_url(url):
        raise QoroInputError(
            f"base_url is {url!r}, expected something like {CLOUD_URL} or http://127.0.0.1:8000/api"
        )
    if "@" in urlsplit(url).netloc:
        raise QoroInputError(
            "base_url has a user name in it, expected an address only: the service knows you by the token"
        )
    return url.rstrip("/")


def _is_base_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, or a port that is no port
        return False
    is_plain = url.isprintable() and " " not in url and not parts.query and not parts.fragment
    return parts.scheme in {"http", "https"} and has_host and is_plain


def _address(token: str | None) -> str | None:
    file = _file()
    goes_with_its_token = token is None and bool(file.get(TOKEN_VARIABLE))
    return (file.get(URL_VARIABLE) if goes_with_its_token else None) or os.environ.get(URL_VARIABLE)


def _setting(name: str) -> str | None:
    """``name`` from the nearest ``.env`` file, else from the environment."""
    return _file().get(name) or os.environ.get(name)


def _file() -> dict[str, str | None]:
    path = find_dotenv(usecwd=True)
    return dotenv_values(path) if path else {}
