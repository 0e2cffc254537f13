"""Save, list and delete accounts of this machine."""

from __future__ import annotations

from qiskit_qoro.accounts import (
    ACCOUNTS_VARIABLE,
    AccountFile,
    SavedAccount,
    find_account_file,
)
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.secret import Secret, hide
from qiskit_qoro.service.credentials.addresses import check_base_url
from qiskit_qoro.service.credentials.tokens import check_token, is_filled_text

__all__ = [
    "account_file",
    "delete_account",
    "find_account",
    "find_account_of",
    "list_accounts",
    "save_account",
]


def account_file() -> AccountFile:
    """Return the file of saved accounts.

    Raises:
        QoroInputError: It is switched off, or the home directory is unknown.
    """
    file = find_account_file()
    if file is None:
        raise QoroInputError(
            f"no accounts are saved on this machine: {ACCOUNTS_VARIABLE} is off, or the home directory is "
            f"unknown. {ACCOUNTS_VARIABLE} can name a file"
        )
    return file


def find_account(name: str) -> SavedAccount:
    """Return a saved account, after checking its token and its address.

    Raises:
        QoroInputError: There is none with this name, the file cannot be used, or its content is invalid.
    """
    return checked(account_file().find(name))


def checked(account: SavedAccount) -> SavedAccount:
    """Return an account whose token and address, which somebody may have edited, are valid.

    Raises:
        QoroInputError: They are not.
    """
    if not is_filled_text(account.token):
        raise QoroInputError(f"the saved account {account.name!r} has no token: save it again")
    check_base_url(account.url, f"the address of the saved account {account.name!r}")
    check_token(account.token)
    return account


def list_accounts() -> list[SavedAccount]:
    """List the saved accounts, sorted by name. The list is empty if they are switched off.

    Raises:
        QoroInputError: The file cannot be used.
    """
    file = find_account_file()
    return [] if file is None else list(file.read().values())


def find_account_of(url: str) -> str | None:
    """Return the name of the saved account for an address, the default one if there are several.

    Returns:
        The name, or ``None`` if there is no account for it.

    Raises:
        QoroInputError: There are several, and none of them is the default; or the file cannot be used.
    """
    found = [account for account in list_accounts() if account.url == url]
    default = [account for account in found if account.is_default]
    if len(found) > 1 and not default:
        names = ", ".join(account.name for account in found)
        raise QoroInputError(f"several accounts are saved for {url} ({names}): choose one of them")
    return (default or found)[0].name if found else None


def save_account(
    token: str | Secret,
    name: str,
    url: str,
    *,
    make_default: bool = False,
    overwrite: bool = False,
) -> SavedAccount:
    """Check an account and save it.

    Args:
        token: The token.
        name: The name of the account.
        url: The address of its service.
        make_default: Whether it becomes the default. The first account always does.
        overwrite: Whether an account with this name may be replaced.

    Raises:
        QoroInputError: An argument is invalid, the name is used, or the file cannot be written.
    """
    token = hide(token)
    if not is_filled_text(token):
        raise QoroInputError("the token is empty: copy it again")
    return account_file().save(
        name,
        check_token(token),
        check_base_url(url, "the address of the account"),
        make_default=make_default,
        overwrite=overwrite,
    )


def delete_account(name: str) -> None:
    """Delete a saved account.

    Raises:
        QoroInputError: There is none with this name, or the file cannot be written.
    """
    account_file().delete([name])
