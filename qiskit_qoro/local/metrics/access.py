"""Who may read the metrics, and what they need.

The metrics name accounts and say how much they use, so they are not for everybody. A request needs the token
of the service's own account, or a token for the metrics alone, which cannot do anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib.util import find_spec

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.errors.missing_modules import check_modules
from qiskit_qoro.local.web.accounts import Account, Accounts

__all__ = ["INSTALL_COMMAND", "METRICS_PATH", "check_metrics", "readers"]

INSTALL_COMMAND = 'python -m pip install "prometheus-client>=0.20"'
"""Installs the requirement of the extra ``metrics``."""

METRICS_PATH = "/metrics"
"""The path of the metrics."""

_MODULE = "prometheus_client"


def check_metrics(
    metrics: bool,
    metrics_token: str | None,
    tokens: Collection[str],
    find: Callable[[str], object] = find_spec,
) -> None:
    """Check the options of the metrics before anything starts.

    Args:
        metrics: Whether the service has metrics.
        metrics_token: The token for the metrics alone, if there is one.
        tokens: The tokens of the accounts.
        find: Returns ``None`` if the module with a name is not installed.

    Raises:
        QoroInputError: The token does not fit the other options.
        QoroError: The extra ``metrics`` is not installed.
    """
    if metrics_token is not None and not metrics:
        raise QoroInputError("there is a metrics_token, expected metrics=True with it")
    if metrics_token in tokens:
        raise QoroInputError("metrics_token is the token of an account, expected another one")
    if metrics:
        check_modules("metrics need", [_MODULE], INSTALL_COMMAND, find)


def readers(accounts: Accounts, own_account: str, metrics_token: str | None) -> Callable[[str | None], bool]:
    """Return a function that says whether a request with a header ``Authorization`` may read the metrics.

    Args:
        accounts: The accounts of the service.
        own_account: The name of the service's own account.
        metrics_token: The token for the metrics alone, if there is one.
    """
    others = Accounts({} if metrics_token is None else {metrics_token: Account("metrics")})

    def may_read(authorization: str | None) -> bool:
        account = accounts.authenticate(authorization)
        is_own = account is not None and account.name == own_account
        return others.authenticate(authorization) is not None or is_own

    return may_read
