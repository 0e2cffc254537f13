"""One request and its answer: the only door to ``requests``.

A call goes out with the token, a time limit and our ``User-Agent``. What the network does wrong becomes a
:class:`QoroConnectionError`, what the service refuses a :class:`QoroAPIError`; :data:`_ERROR_CLASSES` maps
the status codes. Calls that the endpoint table marks as repeatable are tried again after a lost
connection or a passing refusal; all others are sent once, because nobody can tell whether the service
acted before the answer was lost.
"""

from __future__ import annotations

import platform
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
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
from qiskit_qoro.service.clock import SYSTEM_CLOCK, Clock
from qiskit_qoro.wire.endpoints import Endpoint
from qiskit_qoro.wire.payloads import error_detail

__all__ = ["CONNECT_TIMEOUT_S", "MAX_ATTEMPTS", "Response", "Transport", "json_of", "read_answer"]

_T = TypeVar("_T")

CONNECT_TIMEOUT_S = 10.0
"""Seconds to wait for a connection; how long an answer may take is in the endpoint table."""

MAX_ATTEMPTS = 5
"""How often a repeatable call is sent at most."""

LONGEST_RETRY_AFTER_S = 60.0
"""A service that asks to wait longer than this is not waited for: the error says how long."""

_FIRST_BACKOFF_S = 0.25
_PASSING = frozenset({429, 502, 503, 504})

_ERROR_CLASSES: dict[int, tuple[type[QoroAPIError], str]] = {
    400: (QoroAPIError, "the service refused the request"),
    401: (AuthenticationError, "the token is unknown or deactivated: check QORO_API_KEY or auth_token"),
    402: (InsufficientCreditsError, "the account has not enough credits for this"),
    403: (AuthenticationError, "the account may not do this"),
    404: (NotFoundError, "the service knows no such job or resource"),
    409: (ConflictError, "the job is not in a state that allows this"),
    413: (QoroAPIError, "the request is too large for the service"),
    429: (RateLimitError, "too many requests: wait before the next one"),
}


def _jitter() -> float:
    # Not random.random itself: pickled it takes its state along, and all copies would wait alike.
    return random.random()


class _BearerToken(requests.auth.AuthBase):
    """Puts the token into a request. As an ``auth`` object it also keeps ``.netrc`` from replacing it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """Sends calls to one service with one token over a pool of connections.

    It may be used from many threads. Copies and pickles of it open a pool of their own.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[], float] = _jitter,
    ) -> None:
        self.base_url = base_url
        self._clock = clock
        self._jitter = jitter
        self._session = _new_session(token, trust_env=not self.is_local)

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r})"

    @property
    def is_local(self) -> bool:
        """Whether the service is on this machine."""
        return _is_loopback(self.base_url)

    def send(
        self,
        endpoint: Endpoint,
        *,
        job_id: str | None = None,
        params: dict[str, Any] | None = None,
        body: bytes | None = None,
        wait: Callable[[float], None] | None = None,
    ) -> Response:
        """Send one call and return the answer.

        Args:
            endpoint: The row of the table.
            job_id: The job, for calls about one.
            params: The query.
            body: The rendered JSON body.
            wait: Lets seconds pass between two attempts; by default the clock's wait.

        Raises:
            QoroConnectionError: There was no answer.
            QoroAPIError: The service answered with an error.
        """
        wait = wait or self._clock.wait
        attempts = MAX_ATTEMPTS if endpoint.repeatable else 1
        for attempt in range(1, attempts + 1):
            backoff_s = _FIRST_BACKOFF_S * 2 ** (attempt - 1) * (1 + self._jitter())
            try:
                return self._send_once(endpoint, job_id, params, body)
            except QoroConnectionError:
                if attempt == attempts:
                    raise
            except QoroAPIError as error:
                asked_s = _retry_after_s(error.response)
                if attempt == attempts or error.status_code not in _PASSING:
                    raise
                if asked_s is not None and asked_s > LONGEST_RETRY_AFTER_S:
                    raise
                backoff_s = max(backoff_s, asked_s or 0)
            wait(backoff_s)
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    def close(self) -> None:
        """Close the pooled connections; the next call opens new ones."""
        self._session.close()

    def _send_once(
        self, endpoint: Endpoint, job_id: str | None, params: dict[str, Any] | None, body: bytes | None
    ) -> Response:
        with _translated(endpoint, self.base_url, job_id):
            response = self._session.request(
                endpoint.method,
                endpoint.url(self.base_url, job_id=job_id),
                params=params,
                data=body,
                headers={"Content-Type": "application/json"} if body is not None else None,
                timeout=(CONNECT_TIMEOUT_S, endpoint.timeout_s),
                allow_redirects=endpoint.method == "GET",
            )
        _redact(response)
        if not response.ok or response.is_redirect:
            raise _api_error(response, endpoint, job_id)
        return response


def _new_session(token: str, *, trust_env: bool) -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = (
        f"qiskit-qoro/{__version__} qiskit/{qiskit.__version__} python/{platform.python_version()}"
    )
    session.auth = _BearerToken(token)
    # A proxy for the outside world cannot reach a service on this machine.
    session.trust_env = trust_env
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=32)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def read_answer(response: Response, reader: Callable[[Any], _T]) -> _T:
    """What ``reader`` makes of an answer's JSON.

    Raises:
        WireError: The answer is not JSON, or not what the reader expects; the message says which answer.
    """
    body = json_of(response)
    try:
        return reader(body)
    except WireError as error:
        error.introduce(f"{response.request.method} {_where(response.url)} has an answer that makes no sense")
        raise


def json_of(response: Response) -> Any:
    """The JSON of an answer.

    Raises:
        WireError: It is not JSON.
    """
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        kind = response.headers.get("Content-Type", "no content type")
        raise WireError(
            f"expected JSON from {_where(response.url)}, got {len(response.content)} bytes of {kind}: "
            "is the base URL right, and does no proxy or login page stand in between?"
        ) from error


@contextmanager
def _translated(endpoint: Endpoint, base_url: str, job_id: str | None) -> Iterator[None]:
    """Turn the low-level errors of one request into ours."""
    try:
        yield
    except requests.exceptions.RequestException as error:
        _redact(error)
        about = f" for job {job_id}" if job_id else ""
        what = f"{endpoint.method} {endpoint.path}{about}"
        if _never_connected(error):
            kind = QoroTimeoutError if isinstance(error, requests.Timeout) else QoroConnectionError
            raise kind(
                f"no connection to {base_url}: {_reason(error)}; {what} was not sent. "
                "Check the network and the base URL",
                job_id=job_id,
            ) from error
        if isinstance(error, requests.exceptions.TooManyRedirects):
            raise WireError(
                f"{base_url} redirects {what} in circles: check the base URL", job_id=job_id
            ) from error
        if isinstance(error, requests.exceptions.Timeout):
            raise QoroTimeoutError(
                f"no answer from {base_url} to {what} within {endpoint.timeout_s:g} s. "
                f"{_consequence(endpoint)}",
                job_id=job_id,
            ) from error
        raise QoroConnectionError(
            f"no answer from {base_url} to {what}: {_reason(error)}. {_consequence(endpoint)}",
            job_id=job_id,
        ) from error


def _consequence(endpoint: Endpoint) -> str:
    if endpoint.repeatable:
        return "Nothing was changed by this; check the network and the base URL, and try again"
    return "It was sent once and not repeated, and it is not known whether the service acted on it"


def _never_connected(error: requests.exceptions.RequestException) -> bool:
    """Whether nothing can have been sent, because there was no connection to send it over."""
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError | ConnectTimeoutError)


def _reason(error: BaseException) -> str:
    """The innermost reason of a chain of network errors, in the words of the operating system."""
    seen = error
    while True:
        inner = getattr(seen, "reason", None)
        inner = inner if isinstance(inner, BaseException) else seen.__cause__ or seen.__context__
        if inner is None:
            return str(seen) or type(seen).__name__
        seen = inner


def _redact(bearer: Response | requests.exceptions.RequestException) -> None:
    """Take the token out of every request that an answer or an error holds on to."""
    answer = bearer if isinstance(bearer, Response) else bearer.response
    kept = [bearer.request]
    if answer is not None:
        kept += [answer.request, answer.next, *(earlier.request for earlier in answer.history)]
    for request in kept:
        if request is not None and "Authorization" in request.headers:
            request.headers["Authorization"] = "Bearer (redacted)"


def _api_error(response: Response, endpoint: Endpoint, job_id: str | None) -> QoroAPIError:
    status = response.status_code
    kind, meaning = _ERROR_CLASSES.get(status, (QoroAPIError, _meaning(status, endpoint)))
    try:
        detail = error_detail(response.json())
    except (ValueError, RecursionError):
        detail = ""
    retry_after_s = _retry_after_s(response)
    if retry_after_s is not None:
        meaning += f"; the service asks to wait {retry_after_s:.0f} s"
    reason = f" {response.reason}" if response.reason else ""
    about = f" for job {job_id}" if job_id else ""
    message = f"{endpoint.method} {endpoint.path}{about}: {status}{reason}: {detail or meaning}"
    if detail and status != 400:
        message += f" ({meaning})"
    error = kind(message, response=response, detail=detail, job_id=job_id)
    if isinstance(error, RateLimitError):
        error.retry_after_s = retry_after_s
    return error


def _meaning(status: int, endpoint: Endpoint) -> str:
    if status >= 500 and not endpoint.repeatable:
        return f"the service has a problem of its own. {_consequence(endpoint)}"
    if status >= 500:
        return "the service has a problem of its own: try again later"
    if status < 400:
        return "the service redirects elsewhere: check the base URL"
    return "the service refused the request"


def _retry_after_s(response: Response) -> float | None:
    """The seconds that ``Retry-After`` asks for, given as a number or as a date."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # "-0000" stands for UTC of an unknown place, and reads as a time without zone.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _where(url: str) -> str:
    return url.partition("?")[0]


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
