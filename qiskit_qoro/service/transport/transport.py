"""Send a request and return its response; decide whether it is sent again.

Every request has the token, a time limit and our ``User-Agent``.
:mod:`~qiskit_qoro.service.transport.request_errors` turns network failures and error responses into our
exceptions.

Any request is sent again if it is certain that the service did nothing: after a 429, and if no connection
could be established. Only requests that the endpoint table marks as repeatable are also sent again after a
lost answer and after a temporary error of the service. If the answer to another request is lost, the client
cannot know whether the service acted on it, and a second request might open a second job.
"""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Callable
from typing import Any

import requests
from requests import Response

from qiskit_qoro.errors import QoroAPIError, QoroConnectionError, WireError
from qiskit_qoro.models.secret import Secret, hide
from qiskit_qoro.service.clock import NO_DEADLINE, SYSTEM_CLOCK, Clock, Deadline
from qiskit_qoro.service.credentials import is_loopback
from qiskit_qoro.service.transport.answers import check_no_page, set_encoding
from qiskit_qoro.service.transport.connections import Connections
from qiskit_qoro.service.transport.exchange import Exchange
from qiskit_qoro.service.transport.in_process import Link
from qiskit_qoro.service.transport.request_errors import (
    CertificateError,
    DeadlineError,
    api_error,
    connection_error,
    deadline_error,
    drop_frames,
    redact,
    retry_after_s,
)
from qiskit_qoro.wire.endpoints import Endpoint

__all__ = ["CONNECT_TIMEOUT_S", "MAX_ATTEMPTS", "MAX_RETRY_AFTER_S", "Response", "Transport"]

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10.0
"""Seconds to wait for a connection. The endpoint table has the time limits of the responses."""

MAX_ATTEMPTS = 5
"""How often a request is sent at most, unless the caller wants fewer attempts."""

MAX_RETRY_AFTER_S = 60.0
"""If the service asks to wait longer than this, the client raises an error with that time instead."""

_FIRST_BACKOFF_S = 0.25  # doubled before each further retry
_TOO_MANY_REQUESTS = 429  # the service has done nothing
# Errors that may be gone when the request is sent again. 520 to 524 come from a proxy, 529 means overload.
_TEMPORARY_STATUS_CODES = frozenset(
    {408, 425, _TOO_MANY_REQUESTS, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}
)


def _jitter() -> float:
    # Not random.random itself: a pickle of that method contains its state, so all copies of a client would
    # wait for the same times.
    return random.random()


class Transport:
    """Sends requests to one service, with one token, over a pool of connections.

    Several threads may use one transport. Forked processes, copies and pickles of it open their own
    connections.

    Args:
        base_url: The address of the service, without a trailing slash.
        token: The authentication token.
        clock: Waits before a retry.
        jitter: Returns a random number from 0 to 1. Each backoff is extended by this share of it, so that
            many clients do not retry at the same moment.
        max_retry_after_s: The longest time that the service may ask the client to wait before a retry, in
            seconds. If it asks for more, the error is raised.
        link: A way to the service if it is in this process.

    Attributes:
        is_local: Whether the service is on this machine.
        applies_wait: Whether the service has honoured a request to wait for the end of a job; ``None`` until
            it has been asked.
    """

    def __init__(
        self,
        base_url: str,
        token: str | Secret,
        *,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[], float] = _jitter,
        max_retry_after_s: float = MAX_RETRY_AFTER_S,
        link: Link | None = None,
    ) -> None:
        token = hide(token)
        self.base_url = base_url
        self.is_local = is_loopback(base_url)
        self.applies_wait: bool | None = None
        self.max_retry_after_s = max_retry_after_s
        self.clock = clock
        self._jitter = jitter
        self._connections = Connections(token, trust_env=not self.is_local, link=link)

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r})"

    @property
    def is_addressable(self) -> bool:
        """Whether the service is reachable at :attr:`base_url`, as far as this process knows."""
        return self._connections.is_addressable

    def open_address(self) -> None:
        """Make a service in this process reachable at :attr:`base_url`. Other services are already."""
        self._connections.open_address()

    def send(
        self,
        endpoint: Endpoint,
        *,
        job_id: str | None = None,
        params: dict[str, Any] | None = None,
        body: bytes | None = None,
        hold_s: int = 0,
        wait: Callable[[float], None] | None = None,
        deadline: Deadline = NO_DEADLINE,
        attempts: int = MAX_ATTEMPTS,
    ) -> Response:
        """Send a request and return its response.

        Args:
            endpoint: The row of the endpoint table.
            job_id: The job, for requests about one job.
            params: The query parameters.
            body: The rendered JSON body.
            hold_s: Seconds for which the service may wait for the end of the job before it answers. A service
                that cannot wait answers at once.
            wait: Waits some seconds before a retry; by default the clock does. It may raise an error to stop
                retrying.
            deadline: When the answer must have arrived, including all retries.
            attempts: How often the request is sent at most.

        Raises:
            DeadlineError: The deadline passed, or a retry would have come after it.
            QoroConnectionError: The service did not answer.
            QoroAPIError: The service answered with an error.
            WireError: An HTML page came instead of the answer of the service, or the answer is a compression
                bomb.
        """
        wait = wait or self.clock.wait
        for attempt in range(1, attempts + 1):
            backoff_s = _FIRST_BACKOFF_S * 2 ** (attempt - 1) * (1 + self._jitter())
            try:
                return self._send_once(endpoint, job_id, params, body, hold_s, deadline)
            except (QoroConnectionError, QoroAPIError) as error:
                if attempt == attempts or not self._may_retry(error, endpoint):
                    raise
                requested_s = retry_after_s(error.response) if isinstance(error, QoroAPIError) else None
                pause_s = max(backoff_s, requested_s or 0)
                if pause_s > deadline.remaining_s:
                    raise deadline_error(endpoint, self.base_url, job_id, deadline) from error
                failure = error.message
            # Show the reason to a user who waits while the service is down.
            _log.warning("%s. Attempt %d of %d is in %.1f s", failure, attempt + 1, attempts, pause_s)
            wait(pause_s)
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    def close(self) -> None:
        """Close the pooled connections of this process. The next request opens a new one."""
        self._connections.close()

    def _may_retry(self, error: QoroConnectionError | QoroAPIError, endpoint: Endpoint) -> bool:
        """Whether a failed request may be sent again."""
        if isinstance(error, CertificateError | DeadlineError) or self._connections.is_stopped:
            return False
        if isinstance(error, QoroConnectionError):
            return endpoint.repeatable or not error.was_sent
        if (retry_after_s(error.response) or 0) > self.max_retry_after_s:
            return False
        if error.status_code == _TOO_MANY_REQUESTS:
            return True
        return endpoint.repeatable and error.status_code in _TEMPORARY_STATUS_CODES

    def _send_once(
        self,
        endpoint: Endpoint,
        job_id: str | None,
        params: dict[str, Any] | None,
        body: bytes | None,
        hold_s: int,
        deadline: Deadline,
    ) -> Response:
        exchange = Exchange(CONNECT_TIMEOUT_S, endpoint.timeout_s, deadline)
        if exchange.is_over:
            raise deadline_error(endpoint, self.base_url, job_id, deadline)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if hold_s:
            headers["Prefer"] = f"wait={hold_s}"
        # The error that the caller is handling, if any. It is the context of all errors below, but not their
        # reason.
        handled = sys.exception()
        try:
            response = self._connections.request(
                exchange,
                endpoint.method,
                endpoint.url(self.base_url, job_id=job_id),
                params=params,
                data=body,
                headers=headers,
            )
        except requests.exceptions.RequestException as error:
            redact(error)
            drop_frames(error, handled)
            if exchange.is_over:
                raise deadline_error(endpoint, self.base_url, job_id, deadline) from error
            raise connection_error(error, endpoint, self.base_url, job_id, exchange, handled) from error
        except BaseException as error:
            drop_frames(error, handled)
            if isinstance(error, WireError):
                error.job_id = job_id
            raise
        redact(response)
        set_encoding(response)
        if not 200 <= response.status_code < 300:
            refusal = api_error(response, endpoint, self.base_url, job_id)
            refusal.reword(self._connections.hide_token)  # a service may repeat what it has received
            raise refusal
        if not endpoint.answers_html:
            check_no_page(response, job_id)
        if hold_s:
            self.applies_wait = "wait" in response.headers.get("Preference-Applied", "").lower()
        return response
