"""The values that web application and handlers exchange: a call, an answer, the parts of the service."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from qiskit_qoro.local.engine.supported import Accelerators
from qiskit_qoro.local.fault_injection import FaultInjection
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.web.accounts import Account

__all__ = ["Answer", "Call", "Deferred", "HandlerContext", "JobStopper", "json_answer"]


class JobStopper(Protocol):
    """Stops jobs, as the runner does."""

    def stop_job(self, number: int) -> None:
        """Stop working on a job that has been cancelled or deleted. Does nothing if it is not running."""


@dataclass(frozen=True)
class HandlerContext:
    """The parts of the service that handlers use.

    Attributes:
        store: The jobs and credits of all accounts.
        runner: Stops jobs that are cancelled or deleted.
        fault_injection: The configured delays and faults, which a ping reports.
        accelerators: Returns the simulators that the workers have beside those on the CPU.
    """

    store: JobStore
    runner: JobStopper
    fault_injection: FaultInjection = field(default_factory=FaultInjection)
    accelerators: Accelerators = tuple


@dataclass(frozen=True)
class Call:
    """An authenticated request.

    Attributes:
        account: The account that the token belongs to.
        job_id: The job in the path; empty if the path has none.
        query: The parameters of the query.
        body: The raw body.
        find_url: Returns the URL of the request without its query.
        wait_s: Seconds for which the client asks the service to wait for the end of the job, 0 for none.
    """

    account: Account
    job_id: str
    query: Mapping[str, str]
    body: bytes
    find_url: Callable[[], str]
    wait_s: int = 0

    @property
    def owner(self) -> str:
        """The name of the account, under which its jobs are stored."""
        return self.account.name


@dataclass(frozen=True)
class Answer:
    """Status code, body and further headers of an answer. Without ``text`` the answer has no body."""

    status: int
    text: str | None = None
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Deferred:
    """An answer that has to wait until a job has ended.

    A handler returns it instead of blocking. The application waits without occupying a thread, and then calls
    ``build_answer``. If the wait times out, it calls ``build_answer`` while the job is still running.

    Attributes:
        number: The job, by its number in the store.
        build_answer: Builds the answer from the state of the job at that time.
        timeout_s: The longest wait, in seconds.
    """

    number: int
    build_answer: Callable[[], Answer]
    timeout_s: float


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Answer:
    """Build an answer with a JSON body."""
    return Answer(status, json.dumps(value, separators=(",", ":")), headers=headers)
