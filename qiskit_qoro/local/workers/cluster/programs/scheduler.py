"""The program of a scheduler, which knows the workers of a cluster and passes batches on to them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distributed import Scheduler
from distributed.security import Security

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local.workers.cluster.addresses import DEFAULT_PORT, bracketed, is_loopback
from qiskit_qoro.local.workers.cluster.programs.dask_settings import prepare_dask
from qiskit_qoro.local.workers.cluster.programs.own_address import own_address
from qiskit_qoro.local.workers.cluster.programs.running import root_cause, run_until_stopped
from qiskit_qoro.local.workers.cluster.security import load_security

__all__ = ["run_scheduler"]

_ANY_IPV6 = "[::]"


def run_scheduler(
    *,
    announce: Callable[[str], None],
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    certificates: Path | None = None,
    until_input_ends: bool = False,
) -> None:
    """Run a scheduler until SIGINT or SIGTERM. For the main thread.

    Args:
        announce: Called with the address when the scheduler is ready.
        host: The address to listen on.
        port: The port to listen on, or 0 for a free one.
        certificates: The folder with the certificates of the cluster. ``None`` means that connections are not
            encrypted, which is allowed on this machine only.
        until_input_ends: Whether the scheduler ends with its standard input, too.

    Raises:
        QoroInputError: Other machines could reach the scheduler without a certificate, or a certificate
            cannot be used.
        QoroError: The address cannot be listened on.
    """
    if certificates is None and not is_loopback(host):
        raise QoroInputError(
            f"other machines can reach {host}, and whoever reaches a scheduler can run programs on all "
            "machines of its cluster: pass the folder that 'qiskit-qoro certificates DIR' has made with "
            "--certificates"
        )
    prepare_dask()
    security = None if certificates is None else load_security(certificates)
    scheduler = _serve(host, port, security, announce)
    run_until_stopped(scheduler, until_input_ends=until_input_ends)


class _Scheduler(Scheduler):
    """A scheduler that knows the address of its machine. Dask would warn if there is no default route."""

    async def listen(self, port_or_addr: Any = None, allow_offload: Any = True, **options: Any) -> None:
        own = own_address(socket.AF_INET6 if _ANY_IPV6 in str(port_or_addr) else socket.AF_INET)
        # It counts only if the scheduler listens on all addresses.
        await super().listen(port_or_addr, allow_offload, default_host=own, **options)  # type: ignore[no-untyped-call]


async def _serve(host: str, port: int, security: Security | None, announce: Callable[[str], None]) -> None:
    scheduler = _Scheduler(
        host=bracketed(host),
        port=port,
        protocol="tcp" if security is None else "tls",
        security=security,
        dashboard=False,
        dashboard_address="127.0.0.1:0",
    )
    try:
        await scheduler
    except (OSError, RuntimeError) as error:
        raise QoroError(f"the scheduler cannot listen on {host}, port {port}: {root_cause(error)}") from error
    try:
        announce(scheduler.address)
        await scheduler.finished()  # type: ignore[no-untyped-call]
    finally:
        await scheduler.close(reason="stopped")
