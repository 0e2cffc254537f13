"""Ask a service about the account that a token belongs to."""

from __future__ import annotations

from qiskit_qoro.errors import AuthenticationError, NotFoundError
from qiskit_qoro.service import QoroService

__all__ = ["fetch_balance"]

_UNAUTHORIZED = 401


def fetch_balance(service: QoroService) -> str | None:
    """Check that a service accepts the token, and return the credits of its account.

    Returns:
        The credits, or ``None`` if the service does not tell them.

    Raises:
        AuthenticationError: The service does not accept the token.
        QoroError: It answers with another error, or does not answer.
    """
    try:
        balance = service.get_credit_balance().get("balance")
    except AuthenticationError as error:
        if error.status_code == _UNAUTHORIZED:
            raise
        # The token may be valid, but not allow to read the credits.
    except NotFoundError:
        pass  # an older service, or another address
    else:
        return None if balance is None else str(balance)
    service.test_connection()
    return None
