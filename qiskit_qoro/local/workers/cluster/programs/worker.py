"""The program of a worker: connect with the scheduler of a cluster, and stay connected.

A Dask worker ends if it loses its scheduler. The program then waits for the scheduler and starts another one.
The processes that run circuits stay, so that they are ready at once.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from distributed import Worker
from distributed.comm.core import connect
from distributed.security import Security

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.workers.cluster.addresses import SchedulerAddress, bracketed, is_loopback
from qiskit_qoro.local.workers.cluster.agent import Agent, AgentPlugin, num_threads
from qiskit_qoro.local.workers.cluster.programs.dask_settings import prepare_dask
from qiskit_qoro.local.workers.cluster.programs.own_address import own_address
from qiskit_qoro.local.workers.cluster.programs.running import root_cause, root_error, run_until_stopped
from qiskit_qoro.local.workers.cluster.programs.worker_options import WorkerOptions
from qiskit_qoro.local.workers.cluster.security import load_security

__all__ = ["run_worker"]

_CONNECT_S = 5.0
_RETRY_S = 1.0

_NAME_TAKEN = "name taken"

# Why this machine may not let the worker listen. A connection that exists does not fail in these ways.
_CANNOT_LISTEN = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES})


def run_worker(
    address: SchedulerAddress,
    options: WorkerOptions,
    *,
    say: Callable[[str], None],
    host: str | None = None,
    port: int = 0,
    certificates: Path | None = None,
    until_input_ends: bool = False,
) -> None:
    """Run a worker until SIGINT or SIGTERM. For the main thread.

    Args:
        address: The scheduler. The worker waits for it, at the start and whenever it is gone.
        options: What the owner of the worker decides.
        say: Prints a line for the owner.
        host: The address of this machine at which the worker listens, by default the one in the network of
            the scheduler. A worker without encryption listens on the address of the scheduler.
        port: The port at which it listens, or 0 for a free one.
        certificates: The folder with the certificates of the cluster, if the address is encrypted.
        until_input_ends: Whether the worker ends with its standard input, too.

    Raises:
        QoroInputError: A certificate cannot be used.
        QoroError: The processes that run circuits cannot be started, or the worker cannot listen.
    """
    prepare_dask()
    security = None if certificates is None else load_security(certificates)
    warning = options.memory_warning(psutil.virtual_memory().total)
    if warning is not None:
        say(warning)
    agent = Agent(options, say=say)
    own = host if address.is_encrypted else address.host
    listening = {"host": None if own is None else bracketed(own), "port": port}
    build = partial(_build, address, options, agent, security, listening)
    member = _Member(address, agent, build, say, options.name or default_name(), security)
    try:
        agent.start()
        run_until_stopped(member.stay_connected(), until_input_ends=until_input_ends)
    except _CannotListenError as error:
        place = f"port {port}" if own is None else f"port {port} of {own}"
        raise QoroError(
            f"the worker cannot listen on {place}: {error}. Pass another --port, or as --host an address of "
            "this machine"
        ) from error
    finally:
        agent.close()


def default_name() -> str:
    """Return a name that no other worker is likely to have."""
    return f"{socket.gethostname()}-{os.getpid()}"


class _Worker(Worker):
    """A worker that announces an address which other machines can use, if its scheduler may be on another.

    Dask asks for the address in the network of the scheduler. If there is no answer, it takes a loopback one.
    """

    async def listen(self, port_or_addr: Any = None, allow_offload: Any = True, **options: Any) -> None:
        found = str(options.get("default_host"))
        if is_loopback(found) and not is_loopback(urlsplit(self.scheduler.address).hostname or ""):
            options["default_host"] = own_address(socket.AF_INET)
        await super().listen(port_or_addr, allow_offload, **options)  # type: ignore[no-untyped-call]


class _CannotListenError(Exception):
    """This machine does not let the worker listen. The text is the reason."""


class _Member:
    """A worker that is connected with the scheduler, or waits for it."""

    def __init__(
        self,
        address: SchedulerAddress,
        agent: Agent,
        build: Callable[[str], Worker],
        say: Callable[[str], None],
        name: str,
        security: Security | None,
    ) -> None:
        self._address = address
        self._agent = agent
        self._build = build
        self._say = say
        self._name = name
        self._security = security
        # Why the scheduler could not be reached, since the last connection.
        self._said: set[str] = set()

    async def stay_connected(self) -> None:
        """Connect, and connect again, until this is cancelled.

        Raises:
            _CannotListenError: The worker cannot listen.
        """
        while True:
            worker = await self._connect()
            self._said.clear()
            try:
                self._say(f"Connected to {self._address} as {worker.name}. Stop with Ctrl-C.")
                await worker.finished()  # type: ignore[no-untyped-call]
            finally:
                # If this is cancelled, batches stop, and their service gives them to other workers.
                await worker.close(reason="stopped")
            self._say(f"The connection with the scheduler at {self._address} is lost. Trying again.")
            self._agent.forget_refusals()

    async def _connect(self) -> Worker:
        """Wait until the scheduler accepts this worker. Say why it does not, once for each reason."""
        while True:
            try:
                await self._knock()
                return await self._join()
            except OSError as error:
                reason = root_cause(error)
                if reason not in self._said:
                    self._say(f"No connection with the scheduler at {self._address}: {reason}. Trying again.")
                    self._said.add(reason)
                await asyncio.sleep(_RETRY_S)

    async def _knock(self) -> None:
        """Open and close a connection. Dask's worker waits for ever, and without a word.

        Raises:
            OSError: There is no scheduler, or it does not accept the certificate.
        """
        host, port = self._address.host, self._address.port
        async with asyncio.timeout(_CONNECT_S):
            # Dask's function would not say that a port is closed before the time is over.
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
        args: dict[str, Any] = {}
        if self._security is not None:
            args = self._security.get_connection_args("worker")  # type: ignore[no-untyped-call]
        comm = await connect(str(self._address), timeout=_CONNECT_S, **args)  # type: ignore[no-untyped-call]
        comm.abort()

    async def _join(self) -> Worker:
        """Register with the scheduler, with another name if this one is taken.

        Raises:
            OSError: The scheduler does not accept the worker.
            _CannotListenError: The worker cannot listen.
        """
        for name in self._names():
            worker = self._build(name)
            try:
                await worker
            except (OSError, RuntimeError, ValueError) as error:
                if _is_about_listening(root_error(error)):
                    raise _CannotListenError(root_cause(error)) from error
                if _NAME_TAKEN not in (reason := root_cause(error)):
                    raise OSError(reason) from error
            else:
                return worker
        raise AssertionError("there are names without end")

    def _names(self) -> Iterator[str]:
        yield self._name
        for number in count(2):
            yield f"{self._name}-{number}"


def _is_about_listening(error: BaseException) -> bool:
    """Whether an error is that of a worker's own address, when its scheduler has just been reached."""
    return isinstance(error, OSError) and (
        isinstance(error, socket.gaierror) or error.errno in _CANNOT_LISTEN
    )


def _build(
    address: SchedulerAddress,
    options: WorkerOptions,
    agent: Agent,
    security: Security | None,
    listening: dict[str, Any],
    name: str,
) -> Worker:
    return _Worker(
        str(address),
        nthreads=num_threads(options.processes),
        name=name,
        security=security,
        memory_limit=0,
        dashboard=False,
        dashboard_address="127.0.0.1:0",
        plugins=(AgentPlugin(agent),),
        **listening,
    )
