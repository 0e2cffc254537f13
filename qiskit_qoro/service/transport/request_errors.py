"""Turn the errors of ``requests`` and the error responses of the service into our exceptions.

Network failures become a :class:`QoroConnectionError`, and error responses a :class:`QoroAPIError`;
:data:`ERROR_CLASSES` maps status codes to classes. No error refers to the token.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import RemoteDisconnected
from ssl import SSLCertVerificationError
from urllib.parse import urlsplit

import requests
from requests import Response
from urllib3.exceptions import (
    ConnectTimeoutError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
)

from qiskit_qoro.errors import (
    AuthenticationError,
    ConflictError,
    InsufficientCreditsError,
    NotFoundError,
    QoroAPIError,
    QoroConnectionError,
    QoroTimeoutError,
    QubitLimitError,
    RateLimitError,
    WireError,
)
from qiskit_qoro.service.clock import Deadline
from qiskit_qoro.service.transport.authorities import BUNDLE_VARIABLES, CA_VARIABLE
from qiskit_qoro.service.transport.exchange import Exchange
from qiskit_qoro.wire.endpoints import ADD_CIRCUITS, INIT_JOB, SUBMIT_QUBO, Endpoint
from qiskit_qoro.wire.json_bytes import decode_json
from qiskit_qoro.wire.payloads import error_detail, names_qubit_limit, qubit_limit_of

__all__ = [
    "ERROR_CLASSES",
    "CertificateError",
    "DeadlineError",
    "api_error",
    "connection_error",
    "deadline_error",
    "drop_frames",
    "redact",
    "retry_after_s",
]

# The calls that may need more qubits than the account may use.
_CALLS_WITH_QUBITS = frozenset({INIT_JOB, ADD_CIRCUITS, SUBMIT_QUBO})

# Status code to class, reason and advice. The reason is shown if the service gives none, the advice always.
ERROR_CLASSES: dict[int, tuple[type[QoroAPIError], str, str]] = {
    400: (QoroAPIError, "the service refused the request", ""),
    401: (
        AuthenticationError,
        "the token is unknown or deactivated",
        "Check QORO_API_KEY, auth_token or account",
    ),
    402: (InsufficientCreditsError, "the account does not have enough credits", ""),
    403: (AuthenticationError, "the account may not do this", ""),
    404: (NotFoundError, "the service does not know this job or resource", ""),
    409: (ConflictError, "the status of the job does not allow this", ""),
    413: (QoroAPIError, "the request is too large for the service", ""),
    429: (RateLimitError, "too many requests", ""),
    # Without this row, an error from 500 on leaves it open whether the service has acted.
    507: (QoroAPIError, "the service has no space left, so it has stored nothing", ""),
}


class DeadlineError(QoroTimeoutError):
    """A request was not answered before the deadline of the caller. The cause is its last failure, if any."""


class CertificateError(QoroConnectionError):
    """The certificate of the service was not accepted. Another attempt would see the same certificate."""


def connection_error(
    error: requests.exceptions.RequestException,
    endpoint: Endpoint,
    base_url: str,
    job_id: str | None,
    exchange: Exchange,
    handled: BaseException | None,
) -> QoroConnectionError | WireError:
    """Return our error for an error of ``requests``.

    Args:
        error: The error.
        endpoint: The row of the endpoint table.
        base_url: The address of the service.
        job_id: The job that the request was about, ``None`` if it was about none.
        exchange: The request.
        handled: The error that the caller was handling before the request, if any. It is the context of
            ``error``, but not its reason.
    """
    request = _describe(endpoint, job_id)
    if _is_certificate_refused(error):
        return CertificateError(
            f"no connection to {base_url}: {_reason(error, handled)}; {request} was not sent. Check the base "
            f"URL. If the authority of the certificate is your own, set {CA_VARIABLE} to the file with the "
            f"certificate of this authority ({BUNDLE_VARIABLES[0]} replaces all authorities)",
            job_id=job_id,
        )
    if exchange.is_connecting or _never_connected(error):
        kind = QoroTimeoutError if isinstance(error, requests.Timeout) else QoroConnectionError
        unsent = kind(
            f"no connection to {base_url}: {_reason(error, handled)}; {request} was not sent. "
            "Check the network and the base URL",
            job_id=job_id,
        )
        unsent.was_sent = False
        return unsent
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return WireError(f"{base_url} redirects {request} endlessly: check the base URL", job_id=job_id)
    if isinstance(error, requests.exceptions.Timeout) or _stopped_in_body(error):
        return QoroTimeoutError(
            f"no answer from {base_url} to {request} within {endpoint.timeout_s:g} s. "
            f"{_consequence(endpoint)}",
            job_id=job_id,
        )
    return QoroConnectionError(
        f"no answer from {base_url} to {request}: {_reason(error, handled)}"
        f"{_scheme_advice(error, base_url)}. {_consequence(endpoint)}",
        job_id=job_id,
    )


def deadline_error(
    endpoint: Endpoint, base_url: str, job_id: str | None, deadline: Deadline
) -> DeadlineError:
    """Return the error for a request that was not answered before the deadline of the caller."""
    return DeadlineError(
        f"no answer from {base_url} to {_describe(endpoint, job_id)} within the time limit of "
        f"{deadline.timeout_s:g} s",
        job_id=job_id,
    )


def _describe(endpoint: Endpoint, job_id: str | None) -> str:
    """The method and the path of a request, with ``…`` for a job that the message names elsewhere."""
    return f"{endpoint.method} {endpoint.path.format(job_id=job_id or '…')}"


def _consequence(endpoint: Endpoint) -> str:
    """What a lost response means for the caller."""
    if endpoint.repeatable:
        return "Nothing was changed; check the network and the base URL, and try again"
    return "It was sent once and not repeated, and it is not known whether the service acted on it"


def _scheme_advice(error: requests.exceptions.RequestException, base_url: str) -> str:
    """What to try if the service may have received plain HTTP in place of TLS: it then says nothing."""
    cause = error.args[0] if error.args else None
    is_silent = isinstance(cause, ProtocolError) and isinstance(cause.args[-1], RemoteDisconnected)
    if is_silent and base_url.startswith("http://"):
        return " (if the service uses HTTPS, its URL begins with https://)"
    return ""


def _is_certificate_refused(error: requests.exceptions.RequestException) -> bool:
    """Whether the certificate of the service or of a proxy was not accepted."""
    # requests wraps urllib3's MaxRetryError, whose reason wraps the error of the ssl module.
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, ProxyError):
        reason = reason.original_error
    wrapped = reason.args[0] if reason is not None and reason.args else None
    return isinstance(wrapped, SSLCertVerificationError)


def _never_connected(error: requests.exceptions.RequestException) -> bool:
    """Whether there was no connection, so that nothing can have been sent."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    if isinstance(reason, ProxyError):
        reason = reason.original_error
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _stopped_in_body(error: requests.exceptions.RequestException) -> bool:
    """Whether the service fell silent within the body of its answer."""
    return bool(error.args) and isinstance(error.args[0], ReadTimeoutError)


def _reason(error: BaseException, handled: BaseException | None) -> str:
    """The message of the innermost error in a chain of network errors: that of the operating system.

    Args:
        error: The outermost error of the chain.
        handled: The error that the caller was handling before the request, at which the chain ends.
    """
    innermost = _chain(error, handled)[-1]
    return str(innermost) or type(innermost).__name__


def _chain(error: BaseException, handled: BaseException | None) -> list[BaseException]:
    """An error and those that led to it, the outermost first; the arguments are those of :func:`_reason`."""
    chain = [error]
    while True:
        # urllib3 keeps the cause in `reason`, other errors in the usual attributes.
        inner = getattr(chain[-1], "reason", None)
        inner = inner if isinstance(inner, BaseException) else chain[-1].__cause__ or chain[-1].__context__
        if inner is None or inner is handled or inner in chain:
            return chain
        chain.append(inner)


def drop_frames(error: BaseException, handled: BaseException | None) -> None:
    """Remove the frames of the HTTP library from the tracebacks: their variables contain the token."""
    for link in _chain(error, handled):
        link.__traceback__ = None


def redact(holder: Response | requests.exceptions.RequestException) -> None:
    """Remove the token from every request that a response or an error refers to."""
    response = holder if isinstance(holder, Response) else holder.response
    held = [holder.request]
    if response is not None:
        held += [response.request, response.next, *(earlier.request for earlier in response.history)]
    for request in held:
        if request is not None and "Authorization" in request.headers:
            request.headers["Authorization"] = "Bearer (redacted)"


def api_error(response: Response, endpoint: Endpoint, base_url: str, job_id: str | None) -> QoroAPIError:
    """Return the error for a response that is not a success.

    Args:
        response: The response.
        endpoint: The row of the endpoint table.
        base_url: The address of the service.
        job_id: The job that the request was about, ``None`` if it was about none.
    """
    status = response.status_code
    kind, reason, advice = ERROR_CLASSES.get(status, (QoroAPIError, *_meaning(status, endpoint)))
    if status == 404:
        reason, advice = _not_found(base_url, job_id, reason)
    try:
        detail = error_detail(decode_json(response.content, response.encoding))
    except (ValueError, RecursionError):
        detail = ""
    if status == 400 and endpoint in _CALLS_WITH_QUBITS and names_qubit_limit(detail):
        kind, advice = QubitLimitError, "Use fewer qubits, or ask for a higher limit"
    # A detail that repeats the phrase of the status code gives no reason.
    if detail and detail.casefold() != (response.reason or "").casefold():
        reason = detail.rstrip(".")
    wait_s = retry_after_s(response)
    if wait_s is not None:
        advice = f"The service asks to wait {wait_s:.0f} s" + (f". {advice}" if advice else "")
    phrase = f" {response.reason}" if response.reason else ""
    # The job is named once: by the service, or else in the path.
    request = _describe(endpoint, None if job_id and job_id in reason else job_id)
    message = f"{request}: {status}{phrase}: {reason}" + (f". {advice}" if advice else "")
    error = kind(message, response=response, detail=detail, job_id=job_id)
    if isinstance(error, RateLimitError):
        error.retry_after_s = wait_s
    if isinstance(error, QubitLimitError):
        error.limit_qubits = qubit_limit_of(detail)
    return error


def _meaning(status: int, endpoint: Endpoint) -> tuple[str, str]:
    """Reason and advice for a status code without a row in the table."""
    if status >= 500:
        advice = "Try again later" if endpoint.repeatable else _consequence(endpoint)
        return "the service has an internal error", advice
    if status < 400:
        return "the service redirects to another address: check the base URL", ""
    return "the service refused the request", ""


def _not_found(base_url: str, job_id: str | None, reason: str) -> tuple[str, str]:
    """Reason and advice for 404: a base URL without its path looks like a job that does not exist."""
    if not urlsplit(base_url).path:
        expected = f"expected one such as {base_url}/api"
        return "there is nothing at this address", f"The base URL {base_url} has no path, {expected}"
    if job_id is None:
        return "there is nothing at this address: check the base URL", ""
    return reason, ""


def retry_after_s(response: Response) -> float | None:
    """The seconds in the ``Retry-After`` header, a number or a date; ``None`` if there is no valid one."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # "-0000" means UTC in an unknown time zone. Python reads it as a time without zone.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
