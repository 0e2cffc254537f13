"""Send one request and return its response. This is the only module that uses ``requests``.

Every request has the token, a time limit and our ``User-Agent``. Network failures become a
:class:`QoroConnectionError`, and error responses a :class:`QoroAPIError`; :data:`_ERROR_CLASSES` maps status
codes to classes.

Requests that the endpoint table marks as repeatable are retried after a lost connection and after a temporary
refusal. All others are sent once: if the response is lost, the client cannot know whether the service acted
on the request, and a second one might open a second job.
"""

from __future__ import annotations

import logging
import platform
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import qiskit
import requests
from requests import Response
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from qiskit_qoro._version import __version__
from qiskit_qoro.errors import (
    AuthenticationError,
    ConflictError,
    InsufficientCreditsError,
    NotFoundError,
    QoroAPIError,
    QoroConnectionError,
    QoroTimeoutError,
    RateLimitError,
    WireError,
)
from qiskit_qoro.models.secret import Secret, hide
from qiskit_qoro.service.clock import SYSTEM_CLOCK, Clock
from qiskit_qoro.service.credentials import is_loopback
from qiskit_qoro.wire.endpoints import Endpoint
from qiskit_qoro.wire.json_bytes import decode_bytes, decode_json
from qiskit_qoro.wire.payloads import error_detail

__all__ = ["CONNECT_TIMEOUT_S", "MAX_ATTEMPTS", "Response", "Transport", "json_of", "read_answer", "text_of"]

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

CONNECT_TIMEOUT_S = 10.0
"""Seconds to wait for a connection. The endpoint table has the time limits of the responses."""

MAX_ATTEMPTS = 5
"""How often a repeatable request is sent at most."""

LONGEST_RETRY_AFTER_S = 60.0
"""If the service asks to wait longer than this, the client raises an error with that time instead."""

_FIRST_BACKOFF_S = 0.25  # doubled before each further retry
_TEMPORARY_STATUS_CODES = frozenset({429, 502, 503, 504})

# Status code to class, reason and advice. The reason is shown if the service gives none, the advice always.
_ERROR_CLASSES: dict[int, tuple[type[QoroAPIError], str, str]] = {
    400: (QoroAPIError, "the service refused the request", ""),
    401: (AuthenticationError, "the token is unknown or deactivated", "Check QORO_API_KEY or auth_token"),
    402: (InsufficientCreditsError, "the account does not have enough credits", ""),
    403: (AuthenticationError, "the account may not do this", ""),
    404: (NotFoundError, "the service does not know this job or resource", ""),
    409: (ConflictError, "the status of the job does not allow this", ""),
    413: (QoroAPIError, "the request is too large for the service", ""),
    429: (RateLimitError, "too many requests", ""),
}


def _jitter() -> float:
    # Not random.random itself: a pickle of that method contains its state, so all copies of a client would
    # wait for the same times.
    return random.random()


class _BearerToken(requests.auth.AuthBase):
    """Adds the token to a request.

    A header of the session would not be enough: ``requests`` replaces it with credentials from ``.netrc`` if
    the session has no ``auth`` object.
    """

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


class Transport:
    """Sends requests to one service, with one token, over a pool of connections.

    Several threads may use one transport. Copies and pickles of it open their own connections.

    Args:
        base_url: The address of the service, without a trailing slash.
        token: The authentication token.
        clock: Waits before a retry.
        jitter: Returns a random number from 0 to 1. Each backoff is extended by this share of it, so that
            many clients do not retry at the same moment.
    """

    def __init__(
        self,
        base_url: str,
        token: str | Secret,
        *,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[], float] = _jitter,
    ) -> None:
        token = hide(token)
        self.base_url = base_url
        self._clock = clock
        self._jitter = jitter
        self._session = _new_session(token, trust_env=not self.is_local)

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r})"

    @property
    def is_local(self) -> bool:
        """Whether the service is on this machine."""
        return is_loopback(self.base_url)

    def send(
        self,
        endpoint: Endpoint,
        *,
        job_id: str | None = None,
        params: dict[str, Any] | None = None,
        body: bytes | None = None,
        wait: Callable[[float], None] | None = None,
    ) -> Response:
        """Send a request and return its response.

        Args:
            endpoint: The row of the endpoint table.
            job_id: The job, for requests about one job.
            params: The query parameters.
            body: The rendered JSON body.
            wait: Waits some seconds before a retry; by default the clock does. It may raise an error to stop
                retrying.

        Raises:
            QoroConnectionError: The service did not answer.
            QoroAPIError: The service answered with an error.
        """
        wait = wait or self._clock.wait
        attempts = MAX_ATTEMPTS if endpoint.repeatable else 1
        for attempt in range(1, attempts + 1):
            backoff_s = _FIRST_BACKOFF_S * 2 ** (attempt - 1) * (1 + self._jitter())
            try:
                return self._send_once(endpoint, job_id, params, body)
            except QoroConnectionError as error:
                if attempt == attempts:
                    raise
                failure = error.message
            except QoroAPIError as error:
                requested_s = _retry_after_s(error.response)
                if attempt == attempts or error.status_code not in _TEMPORARY_STATUS_CODES:
                    raise
                if requested_s is not None and requested_s > LONGEST_RETRY_AFTER_S:
                    raise
                backoff_s = max(backoff_s, requested_s or 0)
                failure = error.message
            # A user who waits for a service that is down sees why.
            _log.warning("%s. Attempt %d of %d is in %.1f s", failure, attempt + 1, attempts, backoff_s)
            wait(backoff_s)
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    def close(self) -> None:
        """Close the pooled connections. The next request opens a new one."""
        self._session.close()

    def _send_once(
        self, endpoint: Endpoint, job_id: str | None, params: dict[str, Any] | None, body: bytes | None
    ) -> Response:
        # The error that the caller is handling, if any. It is the context of all errors below, and no reason.
        handled = sys.exception()
        try:
            response = self._session.request(
                endpoint.method,
                endpoint.url(self.base_url, job_id=job_id),
                params=params,
                data=body,
                headers={"Content-Type": "application/json"} if body is not None else None,
                timeout=(CONNECT_TIMEOUT_S, endpoint.timeout_s),
                # Following a redirect would send a request that changes something a second time.
                allow_redirects=endpoint.method == "GET",
            )
        except requests.exceptions.RequestException as error:
            _redact(error)
            _drop_frames(error, handled)
            raise _translate(error, endpoint, self.base_url, job_id, handled) from error
        except BaseException as error:
            _drop_frames(error, handled)
            raise
        _redact(response)
        if not response.ok or response.is_redirect:
            raise _api_error(response, endpoint, self.base_url, job_id)
        return response


def _new_session(token: Secret, *, trust_env: bool) -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = (
        f"qiskit-qoro/{__version__} qiskit/{qiskit.__version__} python/{platform.python_version()}"
    )
    session.auth = _BearerToken(token)
    # A proxy from the environment cannot reach a service on this machine.
    session.trust_env = trust_env
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=32)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def read_answer(response: Response, reader: Callable[[Any], _T], *, job_id: str | None = None) -> _T:
    """Decode the JSON of a response.

    Args:
        response: The response.
        reader: Converts the JSON to a value.
        job_id: The job that the request was about, ``None`` if it was about none.

    Raises:
        WireError: The response is not JSON, or ``reader`` refuses it. The message names the request.
    """
    body = json_of(response, job_id=job_id)
    try:
        return reader(body)
    except WireError as error:
        error.job_id = job_id
        error.introduce(f"invalid response to {response.request.method} {_without_query(response.url)}")
        raise


def json_of(response: Response, *, job_id: str | None = None) -> Any:
    """Parse the JSON of a response.

    Args:
        response: The response.
        job_id: The job that the request was about, ``None`` if it was about none.

    Raises:
        WireError: The response is not JSON.
    """
    try:
        return decode_json(response.content, response.encoding)
    except (ValueError, RecursionError) as error:
        content_type = response.headers.get("Content-Type", "no content type")
        raise WireError(
            f"expected JSON from {_without_query(response.url)}, got {len(response.content)} bytes of "
            f"{content_type}: check the base URL, and whether a proxy or a login page answers instead",
            job_id=job_id,
        ) from error


def text_of(response: Response) -> str:
    """Decode the text of a response. Bytes that are no text become replacement characters."""
    try:
        return decode_bytes(response.content, response.encoding)
    except ValueError:
        return response.content.decode("utf-8", "replace")


def _translate(
    error: requests.exceptions.RequestException,
    endpoint: Endpoint,
    base_url: str,
    job_id: str | None,
    handled: BaseException | None,
) -> QoroConnectionError | WireError:
    """Return our error for an error of ``requests``."""
    request = _describe(endpoint, job_id)
    if _never_connected(error):
        kind = QoroTimeoutError if isinstance(error, requests.Timeout) else QoroConnectionError
        return kind(
            f"no connection to {base_url}: {_reason(error, handled)}; {request} was not sent. "
            "Check the network and the base URL",
            job_id=job_id,
        )
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return WireError(f"{base_url} redirects {request} endlessly: check the base URL", job_id=job_id)
    if isinstance(error, requests.exceptions.Timeout):
        return QoroTimeoutError(
            f"no answer from {base_url} to {request} within {endpoint.timeout_s:g} s. "
            f"{_consequence(endpoint)}",
            job_id=job_id,
        )
    return QoroConnectionError(
        f"no answer from {base_url} to {request}: {_reason(error, handled)}. {_consequence(endpoint)}",
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


def _never_connected(error: requests.exceptions.RequestException) -> bool:
    """Whether there was no connection, so that nothing can have been sent."""
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError | ConnectTimeoutError)


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


def _drop_frames(error: BaseException, handled: BaseException | None) -> None:
    """Remove the frames of the HTTP library from the tracebacks: their variables contain the token."""
    for link in _chain(error, handled):
        link.__traceback__ = None


def _redact(holder: Response | requests.exceptions.RequestException) -> None:
    """Remove the token from every request that a response or an error refers to."""
    response = holder if isinstance(holder, Response) else holder.response
    held = [holder.request]
    if response is not None:
        held += [response.request, response.next, *(earlier.request for earlier in response.history)]
    for request in held:
        if request is not None and "Authorization" in request.headers:
            request.headers["Authorization"] = "Bearer (redacted)"


def _api_error(response: Response, endpoint: Endpoint, base_url: str, job_id: str | None) -> QoroAPIError:
    """Build the error for a response that is not a success."""
    status = response.status_code
    kind, reason, advice = _ERROR_CLASSES.get(status, (QoroAPIError, *_meaning(status, endpoint)))
    if status == 404:
        reason, advice = _not_found(base_url, job_id, reason)
    try:
        detail = error_detail(decode_json(response.content, response.encoding))
    except (ValueError, RecursionError):
        detail = ""
    # A detail that repeats the phrase of the status code gives no reason.
    if detail and detail.casefold() != (response.reason or "").casefold():
        reason = detail.rstrip(".")
    retry_after_s = _retry_after_s(response)
    if retry_after_s is not None:
        advice = f"The service asks to wait {retry_after_s:.0f} s" + (f". {advice}" if advice else "")
    phrase = f" {response.reason}" if response.reason else ""
    # The job is named once: by the service, or else in the path.
    request = _describe(endpoint, None if job_id and job_id in reason else job_id)
    message = f"{request}: {status}{phrase}: {reason}" + (f". {advice}" if advice else "")
    error = kind(message, response=response, detail=detail, job_id=job_id)
    if isinstance(error, RateLimitError):
        error.retry_after_s = retry_after_s
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


def _retry_after_s(response: Response) -> float | None:
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


def _without_query(url: str) -> str:
    return url.partition("?")[0]
