"""The parts of a running service that its web pages use."""

from __future__ import annotations

from collections.abc import MutableMapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qiskit_qoro.local.store.database import Database
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.web.accounts import Account, Accounts
from qiskit_qoro.local.web.calls import JobStopper
from qiskit_qoro.local.workers.pool_interface import Pool

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["ServiceParts"]


@dataclass(frozen=True)
class ServiceParts:
    """The parts of a running service.

    Attributes:
        database: The database.
        store: The jobs and credits of all accounts.
        runner: Stops jobs that are cancelled or deleted.
        pool: What runs the circuits: processes of this machine, or a cluster.
        accounts: The accounts, by token.
        own_account: The account of the service itself.
        threads: Runs the handlers of requests.
        port: The port that the service listens on, or will listen on.
        mounts: Further applications by the first segment of their paths, such as ``/pages``. Requests see
            changes at once.
        certified_hosts: The host names and addresses that the certificate of the service is for, if any.
    """

    database: Database
    store: JobStore
    runner: JobStopper
    pool: Pool
    accounts: Accounts
    own_account: Account
    threads: Executor
    port: int
    mounts: MutableMapping[str, ASGIApp]
    certified_hosts: tuple[str, ...] = ()
