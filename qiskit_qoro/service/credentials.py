"""Find the token and the address of the service: in the argument, a ``.env`` file, or the environment."""

from __future__ import annotations

import os
import re
import warnings
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.secret import Secret, hide
from qiskit_qoro.service.env_file import find_env_file, ignored_env_files

__all__ = [
    "CLOUD_URL",
    "TOKEN_VARIABLE",
    "URL_VARIABLE",
    "describe_ignored_files",
    "find_base_url",
    "find_token",
    "find_url_setting",
    "is_loopback",
    "is_token_set",
]

CLOUD_URL = "https://app.qoroquantum.net/api"
"""The base URL of the Qoro cloud."""

TOKEN_VARIABLE = "QORO_API_KEY"  # noqa: S105 - the name of the variable, not its value
"""The variable that holds the token, in a ``.env`` file or in the environment."""

URL_VARIABLE = "QORO_API_URL"
"""The variable that holds another base URL, next to the token in a ``.env`` file, or in the environment."""

_USER_NAME = re.compile(r"[^/]*//[^/]*@")


def find_token(argument: str | Secret | None) -> Secret:
    """Find the authentication token.

    Args:
        argument: The token that the caller passed. It takes precedence over a ``.env`` file in the working
            directory or above, which takes precedence over the environment.

    Returns:
        The token, without surrounding white space.

    Raises:
        QoroInputError: There is no token, it has characters that are not allowed in an HTTP header, or the
            ``.env`` file cannot be read.
    """
    argument = hide(argument)
    token = argument if argument is not None else _find_setting(TOKEN_VARIABLE)
    if token is None or not _is_filled_text(token):
        raise QoroInputError(
            f"no authentication token: pass auth_token=..., put {TOKEN_VARIABLE}=... into a .env file, or "
            f"set the environment variable {TOKEN_VARIABLE}{describe_ignored_files()}. To work without an "
            "account, use the local service: QoroProvider.local()"
        )
    if not _is_header_text(token):
        raise QoroInputError(
            "the authentication token contains white space, control characters or non-ASCII characters, "
            "which no token has: copy it again"
        )
    return Secret(token.reveal().strip())


def is_token_set() -> bool:
    """Whether a ``.env`` file or the environment holds a token.

    Raises:
        QoroInputError: The ``.env`` file cannot be read.
    """
    return _find_setting(TOKEN_VARIABLE) is not None


def find_url_setting() -> str | None:
    """The base URL in a ``.env`` file or in the environment, whether it is used or not, or ``None`` if unset.

    Raises:
        QoroInputError: The ``.env`` file cannot be read.
    """
    setting = _find_setting(URL_VARIABLE)
    return None if setting is None else setting.reveal()


def describe_ignored_files() -> str:
    """Describe in brackets which ``.env`` file is not trusted and why. The text is empty if there is none."""
    ignored = ignored_env_files()
    if not ignored:
        return ""
    return (
        f" ({ignored[0]} is not used: outside of the working directory, a .env file has to belong to you and "
        "to be inside your home directory)"
    )


def find_base_url(argument: str | None, *, token: str | Secret | None = None) -> str:
    """Find the base URL of the service, without a trailing slash.

    If the URL comes from a ``.env`` file and is neither the cloud's nor on this machine, a warning names it.
    The warning has a fixed place in this module, so Python shows it once per process for each URL.

    Args:
        argument: The URL that the caller passed. It takes precedence over a ``.env`` file, which takes
            precedence over the environment. The default is the cloud.
        token: The token that the caller passed, if any. The URL in a ``.env`` file is used only together with
            the token in the same file. Otherwise a ``.env`` file that came with somebody else's files could
            send the user's token to another server.

    Raises:
        QoroInputError: The URL is not a plain ``http`` or ``https`` URL, or the ``.env`` file cannot be read.
    """
    token = hide(token)
    if argument is not None:
        return _check_base_url(argument or CLOUD_URL, "base_url")
    # With a token from the argument, the file is not needed.
    file = find_env_file() if token is None else None
    from_file = file.get(URL_VARIABLE) if file else None
    if file and from_file and file.get(TOKEN_VARIABLE):
        url = _check_base_url(from_file.reveal(), f"{URL_VARIABLE} in {file.path}")
        _warn_of_other_service(url, file.path)
        return url
    if file and from_file and os.environ.get(TOKEN_VARIABLE):
        warnings.warn(
            f"{URL_VARIABLE} in {file.path} is not used, because the token comes from the environment: to "
            "use this address, set it in the environment too",
            stacklevel=1,
        )
    from_environment = os.environ.get(URL_VARIABLE)
    return _check_base_url(from_environment or CLOUD_URL, f"the environment variable {URL_VARIABLE}")


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _warn_of_other_service(url: str, path: Path) -> None:
    if url == CLOUD_URL or is_loopback(url):
        return
    warnings.warn(
        f"circuits and the token in {path} are sent to {url}, because this file sets {URL_VARIABLE}",
        stacklevel=1,
    )


def _check_base_url(url: object, name: str) -> str:
    """Return a valid URL without a trailing slash.

    Args:
        url: The URL.
        name: Where it comes from.

    Raises:
        QoroInputError: It is not a plain ``http`` or ``https`` URL.
    """
    # Checked first, so that no other message quotes a password.
    if isinstance(url, str) and _USER_NAME.match(url):
        raise QoroInputError(
            f"{name} contains a user name, expected an address only: the token identifies the user"
        )
    if not isinstance(url, str) or not _is_base_url(url):
        raise QoroInputError(
            f"{name} is {url!r}, expected a URL such as {CLOUD_URL} or http://127.0.0.1:8000/api"
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


def _find_setting(name: str) -> Secret | None:
    """Look up a variable in the ``.env`` file, or else in the environment."""
    file = find_env_file()
    return (file.get(name) if file else None) or hide(os.environ.get(name) or None)


# The next two functions have the token in a variable, so they raise nothing.


def _is_filled_text(secret: Secret) -> bool:
    value = secret.reveal()
    return isinstance(value, str) and bool(value.strip())


def _is_header_text(secret: Secret) -> bool:
    text = secret.reveal().strip()
    return text.isascii() and text.isprintable() and " " not in text
