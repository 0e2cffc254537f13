"""Connect to a scheduler with Dask's client, and notice when the scheduler is lost.

Dask's client reconnects by itself, without saying so, and forgets its tasks. Here a client is one connection:
when it breaks, the client is done, and the link makes another one.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from distributed import Client
from distributed.security import Security

from qiskit_qoro.local.workers.cluster.tls_failures import tls_failure

__all__ = ["ConnectionFailure", "SchedulerClient", "connect", "quiet_logs"]

# Loggers that write about lost connections, which the link reports in its own words.
_NOISY = (
    "distributed.batched",
    "distributed.client",
    "distributed.comm.core",
    "distributed.comm.tcp",
    "distributed.core",
    "distributed.utils",
    "distributed.utils_comm",
    "tornado.application",
)

# Closing a connection that still works takes a tenth of a second.
_CLOSE_S = 3.0


_PROBE_S = 1.0


class ConnectionFailure(Exception):  # noqa: N818  it is expected
    """The scheduler cannot be reached, or has been lost. The text is the reason, without the address.

    Attributes:
        is_refused: Whether the machine answers, but no scheduler is there. It is likely to be started soon.
        is_timeout: Whether the time was too short, for a reason that is unknown.
    """

    def __init__(self, reason: str, *, is_refused: bool = False, is_timeout: bool = False) -> None:
        super().__init__(reason)
        self.is_refused = is_refused
        self.is_timeout = is_timeout


class SchedulerClient(Client):
    """Dask's client, for a single connection.

    Attributes:
        lost: Set when the connection has ended, whoever has ended it.
    """

    def __init__(self, address: str, security: Security | None, *, timeout_s: float) -> None:
        self.lost = asyncio.Event()
        super().__init__(  # type: ignore[no-untyped-call]
            address,
            asynchronous=True,
            name="qiskit-qoro",
            security=security,
            set_as_default=False,
            timeout=timeout_s,
            direct_to_workers=False,  # the network may not let the service reach the workers
        )

    async def ask_identity(self) -> dict[str, Any]:
        """Ask the scheduler what it is, and for all its workers.

        Raises:
            OSError: The connection is lost.
        """
        if self.scheduler is None:  # this client is closed
            raise ConnectionError
        return dict(await self.scheduler.identity(n_workers=-1))

    async def _handle_report(self) -> None:
        # Dask runs this as long as there is a connection to read from.
        try:
            await super()._handle_report()
        finally:
            self.lost.set()

    async def _reconnect(self) -> None:
        """Do not reconnect. The caller stops reading."""


@asynccontextmanager
async def connect(
    address: str, security: Security | None, *, timeout_s: float
) -> AsyncIterator[SchedulerClient]:
    """Connect to a scheduler, and disconnect at the end of the context.

    Args:
        address: The address, as Dask writes it.
        security: The certificates, or ``None`` for a connection without TLS.
        timeout_s: Seconds after which to give up.

    Raises:
        ConnectionFailure: The scheduler does not answer in time, or refuses the connection.
    """
    client = SchedulerClient(address, security, timeout_s=timeout_s)
    try:
        try:
            # Dask does not limit the time of all steps.
            async with asyncio.timeout(timeout_s + 1):
                await client
        except Exception as error:
            raise await _failure_of(error, address, timeout_s) from error
        yield client
    finally:
        await _close(client)


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Drop what Dask logs in this thread. Its messages in other threads may matter to the user."""
    thread = threading.get_ident()

    def is_of_other_thread(record: logging.LogRecord) -> bool:
        return record.thread != thread

    loggers = [logging.getLogger(name) for name in _NOISY]
    for logger in loggers:
        logger.addFilter(is_of_other_thread)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_of_other_thread)


async def _close(client: SchedulerClient) -> None:
    with suppress(Exception):  # a client whose connection broke may fail to close it
        async with asyncio.timeout(_CLOSE_S):
            await client._close(fast=True)  # noqa: SLF001 - close() needs a running client
    # A client that is not marked as closed complains when it is deleted.
    client.status = "closed"


async def _failure_of(error: Exception, address: str, timeout_s: float) -> ConnectionFailure:
    """Say in a few words why a connection failed."""
    if not isinstance(error, OSError):  # as a time-out is
        return ConnectionFailure(f"{type(error).__name__}: {error}")
    for cause in _causes_of(error):
        failure = _known_failure(cause)
        if failure is not None:
            return failure
    # Dask tries several times, and the last attempt may be too short to fail for the right reason.
    failure = _known_failure(await _try_port(address))
    return failure or ConnectionFailure(f"no answer within {timeout_s:g} s", is_timeout=True)


def _known_failure(cause: BaseException | None) -> ConnectionFailure | None:
    if isinstance(cause, ConnectionRefusedError):
        return ConnectionFailure("the connection is refused", is_refused=True)
    if isinstance(cause, socket.gaierror):
        return ConnectionFailure("there is no host of this name")
    if isinstance(cause, ssl.SSLError):
        return ConnectionFailure(tls_failure(cause))
    return None


async def _try_port(address: str) -> OSError | None:
    """Connect to the port of a scheduler without speaking to it. Returns the error."""
    parts = urlsplit(address)
    try:
        async with asyncio.timeout(_PROBE_S):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError as error:
        return error
    writer.close()
    return None


def _causes_of(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    current: Any = error
    while current is not None and current not in causes:
        causes.append(current)
        current = current.__cause__ or current.__context__
    return causes
