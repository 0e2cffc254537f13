"""The file of saved accounts.

It is read as a whole, and replaced as a whole while a lock is held. So two programs that save accounts at the
same time lose none, and a file that cannot be understood is never replaced.
"""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from qiskit_qoro.accounts.saved_account import SavedAccount, check_name, decode_accounts, encode_accounts
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.secret import Secret
from qiskit_qoro.printable import printable_line
from qiskit_qoro.storage import exclusive_access, is_private, link_target, replace_private_file
from qiskit_qoro.user_files import Folder, find_user_file

__all__ = ["ACCOUNTS_VARIABLE", "DEFAULT_NAME", "AccountFile", "find_account_file"]

ACCOUNTS_VARIABLE = "QISKIT_QORO_ACCOUNTS"
"""The environment variable that holds the path of the file of accounts, or ``off``."""

DEFAULT_NAME = "default"
"""The name of an account that is saved without a name."""

_LIMIT_BYTES = 1_000_000
_BUSY_S = 10.0


class AccountFile:
    """The file of the saved accounts. It is opened only during a call.

    Args:
        path: The file, which need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, SavedAccount]:
        """Read the accounts, sorted by name. Without a file there are none.

        Raises:
            QoroInputError: The file cannot be read, others may read it, or it holds no accounts.
        """
        content = _read_private(self.path)
        if content is None:
            return {}
        accounts = decode_accounts(content)
        if isinstance(accounts, str):
            raise QoroInputError(f"the file of saved accounts {self.path} {accounts}")
        return accounts

    def find(self, name: str) -> SavedAccount:
        """Return the account with a name.

        Raises:
            QoroInputError: There is none, or as for :meth:`read`.
        """
        accounts = self.read()
        if not isinstance(name, str) or name not in accounts:
            self._raise_unknown(name, accounts)
        return accounts[name]

    def default(self) -> SavedAccount | None:
        """Return the account that is used where no other token is given, or ``None`` if there is none.

        Raises:
            QoroInputError: As for :meth:`read`.
        """
        return next((account for account in self.read().values() if account.is_default), None)

    def save(
        self,
        name: str,
        token: Secret,
        url: str,
        *,
        make_default: bool = False,
        overwrite: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> SavedAccount:
        """Save an account. The first one becomes the default. An existing one keeps being the default.

        Args:
            name: Its name.
            token: Its token, which has been checked.
            url: The address of its service, which has been checked.
            make_default: Whether it becomes the default.
            overwrite: Whether an account with this name may be replaced.
            now: Returns the time.

        Raises:
            QoroInputError: The name is invalid or used already, the file cannot be written, or as for
                :meth:`read`.
        """
        check_name(name)

        def change(accounts: dict[str, SavedAccount]) -> None:
            if name in accounts and not overwrite:
                raise QoroInputError(
                    f"account {name!r} exists already: replace it with overwrite=True, or choose another name"
                )
            before = accounts.get(name)
            is_default = make_default or not accounts or (before is not None and before.is_default)
            if is_default:
                _clear_default(accounts)
            accounts[name] = SavedAccount(name, url, token, now(), is_default)

        return self._change(change)[name]

    def delete(self, names: list[str]) -> list[SavedAccount]:
        """Delete accounts and return them. If the default is among them, no account is the default then.

        Raises:
            QoroInputError: A name is unknown, the file cannot be written, or as for :meth:`read`.
        """
        deleted: list[SavedAccount] = []

        def change(accounts: dict[str, SavedAccount]) -> None:
            for name in names:
                if name not in accounts:
                    self._raise_unknown(name, accounts)
            deleted.extend(accounts.pop(name) for name in names)

        self._change(change)
        return deleted

    def _change(self, change: Callable[[dict[str, SavedAccount]], None]) -> dict[str, SavedAccount]:
        """Read the accounts, change them and write them, while nobody else does."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = link_target(self.path)  # a link stays, and its target is replaced
            with exclusive_access(path, _BUSY_S):
                accounts = self.read()
                change(accounts)
                replace_private_file(path, lambda file: file.write(encode_accounts(accounts)))
        except OSError as error:
            reason = error.strerror or error
            raise QoroInputError(
                f"the file of saved accounts {self.path} cannot be written: {reason}. "
                f"{ACCOUNTS_VARIABLE} can name another file"
            ) from error
        except sqlite3.Error as error:
            raise QoroInputError(
                f"the file of saved accounts {self.path} cannot be locked: {error}. Try again when no other "
                f"program changes it; if there is none, delete {self.path}.lock"
            ) from error
        return accounts

    def _raise_unknown(self, name: object, accounts: Mapping[str, SavedAccount]) -> NoReturn:
        known = f"saved: {', '.join(accounts)}" if accounts else "no account is saved"
        raise QoroInputError(
            f"there is no saved account {printable_line(repr(name))} in {self.path} ({known}): "
            "'qiskit-qoro login NAME' saves one"
        )


def find_account_file() -> AccountFile | None:
    """Return the file of saved accounts, which need not exist.

    Returns:
        The file that the environment variable names, or else the one in the user's configuration directory;
        ``None`` if it is switched off or the home directory is unknown.
    """
    path = find_user_file(ACCOUNTS_VARIABLE, Folder.CONFIG, "accounts.json")
    return None if path is None else AccountFile(path)


def _clear_default(accounts: dict[str, SavedAccount]) -> None:
    for name, account in accounts.items():
        accounts[name] = replace(account, is_default=False)


def _read_private(path: Path) -> Secret | None:
    """Read the file if it exists and only its owner may read it.

    Raises:
        QoroInputError: It cannot be read, or others may read it.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError:  # the folder may not be searched, so the user has no file there
        return None
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LIMIT_BYTES:
        raise QoroInputError(f"the file of saved accounts {path} is not a regular file of up to 1 MB")
    if not is_private(found):
        raise QoroInputError(
            f"other users of this machine may use the tokens in {path} (its mode is "
            f"{stat.S_IMODE(found.st_mode):04o}): correct this with 'chmod 600 {path}', and replace the "
            "tokens if somebody may have read them. If its file system has no modes, name a file elsewhere "
            f"with {ACCOUNTS_VARIABLE}"
        )
    try:
        return Secret(path.read_bytes())
    except OSError as error:
        raise QoroInputError(
            f"the file of saved accounts {path} cannot be read: {error.strerror or error}"
        ) from error
