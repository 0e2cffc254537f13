"""A scheduler of Dask with the certificate of a cluster accepts members, and nobody else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from distributed import Scheduler
from distributed.comm import connect

from qiskit_qoro.local.workers.cluster.certificates.making import make_certificates, make_temporary
from qiskit_qoro.local.workers.cluster.security import load_security

_LIMIT_S = 60.0
_TIMEOUT_S = 5.0  # in which a refused client gives up, because it tries again and again


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with certificates."""
    make_certificates(tmp_path / "certificates", machine_names=lambda: ())
    return tmp_path / "certificates"


def with_scheduler(folder: Path, visit: Callable[[str], Awaitable[Any]]) -> Any:
    """Run a scheduler with the certificate in a folder, and visit its address."""

    async def run() -> Any:
        security = load_security(folder)
        async with Scheduler(
            host="127.0.0.1", port=0, protocol="tls", security=security, dashboard=False
        ) as scheduler:
            return await visit(scheduler.address)

    return asyncio.run(asyncio.wait_for(run(), _LIMIT_S))


async def identity(address: str, context: ssl.SSLContext | None) -> Any:
    """Ask the scheduler who it is."""
    options = {} if context is None else {"ssl_context": context, "require_encryption": True}
    comm = await connect(address, timeout=_TIMEOUT_S, **options)
    try:
        await comm.write({"op": "identity", "reply": True})
        return await comm.read()
    finally:
        comm.abort()


def context_of(certificate: Path, key: Path) -> ssl.SSLContext:
    """The settings of a client that has a certificate, and asks the scheduler for none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(certificate, key)
    return context


def test_a_member_is_accepted(folder: Path) -> None:
    context = load_security(folder).get_connection_args("client")["ssl_context"]

    answer = with_scheduler(folder, lambda address: identity(address, context))

    assert answer["type"] == "Scheduler"


def test_a_member_with_the_renewed_certificate_is_accepted_before_the_scheduler_has_it(folder: Path) -> None:
    async def visit(address: str) -> Any:
        make_certificates(folder, renew=True, machine_names=lambda: ())
        context = load_security(folder).get_connection_args("worker")["ssl_context"]
        return await identity(address, context)

    assert with_scheduler(folder, visit)["type"] == "Scheduler"


@pytest.mark.parametrize("kind", ["https", "another cluster", "none", "no encryption"])
def test_nobody_else_is_accepted(folder: Path, tmp_path: Path, kind: str) -> None:
    (tmp_path / "other").mkdir(0o700)
    other = make_temporary(tmp_path / "other")
    contexts = {
        "https": context_of(folder / "https.pem", folder / "https.key"),
        "another cluster": context_of(other / "cluster.pem", other / "cluster.key"),
        "none": ssl._create_unverified_context(),
        "no encryption": None,
    }

    async def visit(address: str) -> Any:
        if contexts[kind] is None:
            address = address.replace("tls://", "tcp://")
        with suppress(OSError):  # the end of the connection, or an error of TLS
            return await identity(address, contexts[kind])
        return "refused"

    assert with_scheduler(folder, visit) == "refused"
