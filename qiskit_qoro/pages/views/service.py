"""The service as the pages show it: its targets, its processes, and the credits of an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from qiskit_qoro.models.credits import CreditBalance, CreditTransaction, LimitUse
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.pages.views.cluster import ClusterView

__all__ = [
    "CreditsView",
    "SourceFacts",
    "TargetView",
    "WorkerView",
    "WorkersView",
]


@dataclass(frozen=True)
class SourceFacts:
    """What all pages of a source show.

    Attributes:
        title: The service, such as ``Local service`` or an address.
        account: The name of the account; empty if there is only one.
        has_workers: Whether the source knows the worker processes.
        docs_path: The path of the description of the API, or ``None`` if this server has none.
        note: A sentence about where the jobs come from; empty for none.
        provider_code: The Python expression that gives the provider of the jobs. It contains no token.
    """

    title: str
    account: str = ""
    has_workers: bool = False
    docs_path: str | None = None
    note: str = ""
    provider_code: str = "QoroProvider()"


@dataclass(frozen=True)
class TargetView:
    """A target of jobs.

    Attributes:
        system: The simulator cluster or the QPU system.
        num_pending: The jobs of the account that wait for it, or ``None`` if unknown.
        num_running: The jobs of the account that run on it, or ``None`` if unknown.
        noise: A sentence about the noise of its jobs; empty if unknown.
    """

    system: SimulatorCluster | QPUSystem
    num_pending: int | None = None
    num_running: int | None = None
    noise: str = ""


@dataclass(frozen=True)
class WorkerView:
    """A process that runs circuits.

    Attributes:
        pid: Its process identifier.
        job_id: The job of the account that it works on, or ``None`` if it is idle or the job is of another
            account.
        is_busy: Whether it works.
        memory_bytes: Its memory, or ``None`` if unknown.
        started: When it started, with a time zone, or ``None`` if unknown.
        is_ready: Whether it accepts work. A new process has to import its modules first.
        busy_since: Since when it has been working on its present job, with a time zone, or ``None``.
    """

    pid: int
    job_id: str | None
    is_busy: bool
    memory_bytes: int | None
    started: datetime | None = None
    is_ready: bool = True
    busy_since: datetime | None = None


@dataclass(frozen=True)
class WorkersView:
    """The processes of a service.

    Attributes:
        workers: The live processes.
        size: The number of processes that the service is to have.
        num_lost: How many processes ended unexpectedly since the start of the service.
        last_loss: Why the last one did; empty if none did.
        methods: The simulation methods that are available, and on which devices: method to devices.
        memory_limit_bytes: The memory that one circuit may take.
        time_limit_s: The time that one circuit may take, in seconds.
        num_pending: The jobs of the account that wait.
        num_running: The jobs of the account that run.
        last_loss_time: When the last process was lost, with a time zone, or ``None``.
        cluster: The cluster, or ``None`` if the processes are on the machine of the service. With a cluster
            there are no ``workers``.
    """

    workers: Sequence[WorkerView]
    size: int
    num_lost: int = 0
    last_loss: str = ""
    methods: Sequence[tuple[str, Sequence[str]]] = ()
    memory_limit_bytes: int | None = None
    time_limit_s: float | None = None
    num_pending: int = 0
    num_running: int = 0
    last_loss_time: datetime | None = None
    cluster: ClusterView | None = None


@dataclass(frozen=True)
class CreditsView:
    """The credits of an account.

    Attributes:
        balance: The balance, or ``None`` if it is not known. Then ``note`` says why.
        prices: Name and price of what costs something, such as ``one circuit``.
        transactions: Some transactions, newest first.
        total: The number of all transactions.
        by_day: Day and cost of that day, oldest first, for the days that are shown. Days without cost have 0.
        note: What is not shown, such as days that are not covered; empty for nothing.
        quota: The limits of the account, and how much of each is used.
    """

    balance: CreditBalance | None
    prices: Sequence[tuple[str, Decimal]]
    transactions: Sequence[CreditTransaction]
    total: int
    by_day: Sequence[tuple[date, Decimal]] = ()
    note: str = ""
    quota: Sequence[LimitUse] = ()
