"""Find the token and the address of the service: in the argument, a ``.env`` file, or the environment."""

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
"""The variable that holds another base URL, next to the token in a ``.env`` file, or in the environment."""


def find_token(argument: str | None) -> str:
    """Find the authentication token.

    Args:
        argument: The token that the caller passed. It takes precedence over a ``.env`` file in the working
            directory or above, which takes precedence over the environment.

    Returns:
        The token, without surrounding white space.

    Raises:
        QoroInputError: There is no token, or it has characters that are not allowed in an HTTP header.
    """
    token = argument if argument is not None else _find_setting(TOKEN_VARIABLE)
    if not isinstance(token, str) or not token.strip():
        raise QoroInputError(
            f"no authentication token: pass auth_token=..., put {TOKEN_VARIABLE}=... into a .env file, or "
            f"set the environment variable {TOKEN_VARIABLE}. To work without an account, use the local "
            "service: QoroProvider.local()"
        )
    token = token.strip()
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise QoroInputError(
            "the authentication token contains white space, control characters or non-ASCII characters, "
            "which no token has: copy it again"
        )
    return token


def is_token_set() -> bool:
    """Whether a ``.env`` file or the environment holds a token."""
    return bool(_find_setting(TOKEN_VARIABLE))


def find_base_url(argument: str | None, *, token: str | None = None) -> str:
    """Find the base URL of the service, without a trailing slash.

    Args:
        argument: The URL that the caller passed. It takes precedence over a ``.env`` file, which takes
            precedence over the environment. The default is the cloud.
        token: The token that the caller passed, if any. The URL in a ``.env`` file is used only together with
            the token in the same file. Otherwise a ``.env`` file that came with somebody else's files could
            send the user's token to another server.

    Raises:
        QoroInputError: The URL is not a plain ``http`` or ``https`` URL.
    """
    url = (argument if argument is not None else _find_url(token)) or CLOUD_URL
    if not isinstance(url, str) or not _is_base_url(url):
        raise QoroInputError(
            f"base_url is {url!r}, expected a URL such as {CLOUD_URL} or http://127.0.0.1:8000/api"
        )
    if "@" in urlsplit(url).netloc:
        raise QoroInputError(
            "base_url contains a user name, expected an address only: the token identifies the user"
        )
    return url.rstrip("/")


def _is_base_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # an incomplete IPv6 address, or an invalid port
        return False
    is_plain = url.isprintable() and " " not in url and not parts.query and not parts.fragment
    return parts.scheme in {"http", "https"} and has_host and is_plain


def _find_url(token: str | None) -> str | None:
    file = _read_env_file()
    is_token_from_file = token is None and bool(file.get(TOKEN_VARIABLE))
    return (file.get(URL_VARIABLE) if is_token_from_file else None) or os.environ.get(URL_VARIABLE)


def _find_setting(name: str) -> str | None:
    """Look up a variable in the nearest ``.env`` file, or else in the environment."""
    return _read_env_file().get(name) or os.environ.get(name)


def _read_env_file() -> dict[str, str | None]:
    """Read the ``.env`` file in the working directory or in the nearest directory above it."""
    # The file is only read. load_dotenv would change the environment of the whole process.
    path = find_dotenv(usecwd=True)
    return dotenv_values(path) if path else {}
