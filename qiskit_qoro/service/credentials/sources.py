"""Decide which token and which address are used.

The order of precedence is: an argument, a ``.env`` file, the environment, the default of the saved accounts.
An address in a ``.env`` file is used only with the token in that file, and the token of a saved account only
with the account's address. Otherwise a file that came with somebody else's files could send a token of the
user to another server.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from qiskit_qoro.accounts import SavedAccount, find_account_file
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.secret import Secret, hide
from qiskit_qoro.service.credentials.addresses import CLOUD_URL, URL_VARIABLE, check_base_url, is_loopback
from qiskit_qoro.service.credentials.env_file import find_env_file, ignored_env_files
from qiskit_qoro.service.credentials.saved import checked, find_account
from qiskit_qoro.service.credentials.tokens import check_token, is_filled_text

__all__ = [
    "TOKEN_VARIABLE",
    "Credentials",
    "describe_ignored_files",
    "describe_token_setting",
    "find_base_url",
    "find_credentials",
    "find_token",
    "find_url_setting",
    "is_token_set",
]

TOKEN_VARIABLE = "QORO_API_KEY"  # noqa: S105 - the name of the variable, not its value
"""The variable that holds the token, in a ``.env`` file or in the environment."""


@dataclass(frozen=True)
class Credentials:
    """A token, and the address that it is sent to.

    Attributes:
        token: The token, without surrounding white space.
        url: The address, without a trailing slash.
        source: Where the token comes from, in words.
        account: The name of the saved account, or ``None`` if the token comes from elsewhere.
    """

    token: Secret
    url: str
    source: str
    account: str | None = None


def find_credentials(
    token: str | Secret | None = None, base_url: str | None = None, account: str | None = None
) -> Credentials:
    """Find the token and the address of the service.

    Args:
        token: The token that the caller passed.
        base_url: The address that the caller passed.
        account: The name of the saved account that the caller passed. It takes precedence over a ``.env``
            file and the environment.

    Raises:
        QoroInputError: There is no token, or no such account; the token or the address is invalid, or they do
            not belong together; or a file cannot be read.
    """
    token = hide(token)
    if account is not None:
        if token is not None:
            raise QoroInputError("expected auth_token=... or account=..., got both")
        return _of_account(find_account(account), base_url, "the requested address")
    saved = _default_account() if token is None and _find_setting(TOKEN_VARIABLE) is None else None
    if saved is not None:
        file = find_env_file()
        if file and file.get(URL_VARIABLE):
            _warn_of_unused_address(file.path, f"the saved account {saved.name!r}")
        variable = os.environ.get(URL_VARIABLE) or None
        if base_url is None and variable is not None:
            return _of_account(saved, variable, f"the environment variable {URL_VARIABLE}")
        return _of_account(saved, base_url, "the requested address")
    url = find_base_url(base_url, token=token)
    source = "the argument auth_token" if token is not None else describe_token_setting()
    return Credentials(find_token(token), url, source or "")


def _of_account(account: SavedAccount, url: str | None, name: str) -> Credentials:
    """Return the credentials of a saved account.

    Args:
        account: The account.
        url: An address that has been requested. The token of the account must not be sent to another one.
        name: Where this address comes from.
    """
    checked(account)
    own = account.url.rstrip("/")
    if url is not None and check_base_url(url or CLOUD_URL, name) != own:
        raise QoroInputError(
            f"{name} is {url}, but the saved account {account.name!r} is for {own}, and its token is sent to "
            f"no other address: 'qiskit-qoro login NAME --url {url}' saves an account for this one, or set "
            f"{TOKEN_VARIABLE}"
        )
    return Credentials(check_token(account.token), own, f"the saved account {account.name!r}", account.name)


def _default_account() -> SavedAccount | None:
    file = find_account_file()
    return None if file is None else file.default()


def describe_token_setting() -> str | None:
    """Describe where a ``.env`` file or the environment provides a token, or return ``None`` if they do not.

    Raises:
        QoroInputError: The ``.env`` file cannot be read.
    """
    file = find_env_file()
    if file is not None and file.get(TOKEN_VARIABLE):
        return f"{TOKEN_VARIABLE} in {file.path}"
    return f"the environment variable {TOKEN_VARIABLE}" if os.environ.get(TOKEN_VARIABLE) else None


def find_token(argument: str | Secret | None) -> Secret:
    """Find the authentication token, except for saved accounts.

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
    if token is None or not is_filled_text(token):
        raise QoroInputError(
            f"no authentication token: pass auth_token=..., put {TOKEN_VARIABLE}=... into a .env file, set "
            f"the environment variable {TOKEN_VARIABLE}{describe_ignored_files()}, or save an account with "
            f"'qiskit-qoro login'{_describe_saved()}. To work without an account, use the local service: "
            "QoroProvider.local()"
        )
    return check_token(token)


def is_token_set() -> bool:
    """Whether a ``.env`` file or the environment holds a token, or a saved account is the default.

    Raises:
        QoroInputError: The ``.env`` file or the file of saved accounts cannot be read.
    """
    return _find_setting(TOKEN_VARIABLE) is not None or _default_account() is not None


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
        return check_base_url(argument or CLOUD_URL, "base_url")
    # With a token from the argument, the file is not needed.
    file = find_env_file() if token is None else None
    from_file = file.get(URL_VARIABLE) if file else None
    if file and from_file and file.get(TOKEN_VARIABLE):
        url = check_base_url(from_file.reveal(), f"{URL_VARIABLE} in {file.path}")
        _warn_of_other_service(url, file.path)
        return url
    if file and from_file and os.environ.get(TOKEN_VARIABLE):
        _warn_of_unused_address(
            file.path, "the environment: to use this address, set it in the environment too"
        )
    from_environment = os.environ.get(URL_VARIABLE)
    return check_base_url(from_environment or CLOUD_URL, f"the environment variable {URL_VARIABLE}")


def _warn_of_unused_address(path: Path, source: str) -> None:
    warnings.warn(
        f"{URL_VARIABLE} in {path} is not used, because the token comes from {source}", stacklevel=1
    )


def _warn_of_other_service(url: str, path: Path) -> None:
    if url == CLOUD_URL or is_loopback(url):
        return
    warnings.warn(
        f"circuits and the token in {path} are sent to {url}, because this file sets {URL_VARIABLE}",
        stacklevel=1,
    )


def _describe_saved() -> str:
    """Describe in brackets which accounts are saved if none of them is the default."""
    file = find_account_file()
    accounts = file.read() if file else {}
    names = [] if any(account.is_default for account in accounts.values()) else list(accounts)
    return f" (saved, but not the default: {', '.join(names)}; account=... chooses one)" if names else ""


def _find_setting(name: str) -> Secret | None:
    """Look up a variable in the ``.env`` file, or else in the environment."""
    file = find_env_file()
    return (file.get(name) if file else None) or hide(os.environ.get(name) or None)
