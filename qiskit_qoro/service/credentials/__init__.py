"""Find the token and the address: in an argument, a ``.env`` file, the environment, or a saved account.

``sources`` decides which of them is used. ``addresses`` checks addresses, ``env_file`` finds the ``.env``
file, and ``saved`` saves accounts. The file of saved accounts is in :mod:`qiskit_qoro.accounts`.
"""

from qiskit_qoro.service.credentials.addresses import (
    CLOUD_URL,
    URL_VARIABLE,
    check_base_url,
    is_encrypted,
    is_loopback,
)
from qiskit_qoro.service.credentials.saved import (
    account_file,
    delete_account,
    find_account_of,
    list_accounts,
    save_account,
)
from qiskit_qoro.service.credentials.sources import (
    TOKEN_VARIABLE,
    Credentials,
    describe_ignored_files,
    describe_token_setting,
    find_base_url,
    find_credentials,
    find_token,
    find_url_setting,
    is_token_set,
)
from qiskit_qoro.service.credentials.tokens import check_token, is_filled_text

__all__ = [
    "CLOUD_URL",
    "TOKEN_VARIABLE",
    "URL_VARIABLE",
    "Credentials",
    "account_file",
    "check_base_url",
    "check_token",
    "delete_account",
    "describe_ignored_files",
    "describe_token_setting",
    "find_account_of",
    "find_base_url",
    "find_credentials",
    "find_token",
    "find_url_setting",
    "is_encrypted",
    "is_filled_text",
    "is_loopback",
    "is_token_set",
    "list_accounts",
    "save_account",
]
