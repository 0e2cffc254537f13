"""Saved accounts: a private file of the user that has names for tokens and addresses."""

from qiskit_qoro.accounts.account_file import (
    ACCOUNTS_VARIABLE,
    DEFAULT_NAME,
    AccountFile,
    find_account_file,
)
from qiskit_qoro.accounts.saved_account import SavedAccount, check_name

__all__ = [
    "ACCOUNTS_VARIABLE",
    "DEFAULT_NAME",
    "AccountFile",
    "SavedAccount",
    "check_name",
    "find_account_file",
]
