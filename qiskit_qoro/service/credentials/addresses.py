"""Check the address of a service."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from qiskit_qoro.errors import QoroInputError

__all__ = ["CLOUD_URL", "URL_VARIABLE", "check_base_url", "is_encrypted", "is_loopback"]

CLOUD_URL = "https://app.qoroquantum.net/api"
"""The base URL of the Qoro cloud."""

URL_VARIABLE = "QORO_API_URL"
"""The variable that holds another base URL, next to the token in a ``.env`` file, or in the environment."""

_USER_NAME = re.compile(r"[^/]*//[^/]*@")


def check_base_url(url: object, name: str) -> str:
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


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_encrypted(url: str) -> bool:
    """Whether nobody in the network can read what is sent to a URL."""
    return urlsplit(url).scheme == "https" or is_loopback(url)


def _is_base_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # an incomplete IPv6 address, or an invalid port
        return False
    is_plain = url.isprintable() and " " not in url and not parts.query and not parts.fragment
    return parts.scheme in {"http", "https"} and has_host and is_plain
