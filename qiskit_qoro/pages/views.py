"""The values that the pages show. Sources create them, handlers put them into templates.

All texts are as the service or the journal has them. The templates escape them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from qiskit_qoro.models.credits import CreditBalance, CreditTransaction
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster

__all__ = [
    "Action",
    "CharacterizationView",
    "CircuitRow",
    "CircuitView",
    "CircuitsPage",
    "Counts",
    "CreditsView",
    "Event",
    "Failure",
    "Gradients",
    "JobFilter",
    "JobRow",
    "JobView",
    "JobsPage",
    "Outcome",
    "SourceFacts",
    "StateValues",
    "TargetView",
    "Values",
    "WorkerView",
    "WorkersView",
]


class Action(StrEnum):
    """What a user can do with a job. The value is the last part of the address."""

    CANCEL = "cancel"
    DELETE = "delete"
    RESUBMIT = "resubmit"


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


# --- lists of jobs --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class JobFilter:
    """Conditions for jobs. Empty values mean any.

    Attributes:
        statuses: The statuses.
        kinds: The kinds, as in :attr:`JobRow.kind`.
        tag: The whole tag.
        text: Occurs in the tag, the target, the identifier or the reason, in upper or lower case. In a
            journal the names of the circuits count too.
    """

    statuses: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    tag: str = ""
    text: str = ""


@dataclass(frozen=True)
class JobRow:
    """A job in a list.

    Attributes:
        job_id: The identifier, or ``None`` if the submission ended before there was one.
        status: The status.
        kind: What it computes, or what submitted it.
        tag: The tag.
        target: The name of the simulator cluster or the QPU system, or ``None`` if unknown.
        num_circuits: The number of circuits, or ``None`` if unknown.
        num_finished: The circuits that have a result or have failed, or ``None`` if unknown.
        submitted: When it was submitted, with a time zone, or ``None`` if unknown.
        duration_s: How long it ran, or has been running, in seconds; ``None`` if unknown or not started.
        reason: Why it failed or was not run, or ``None``.
        actions: What the user can do with it.
        service: The service, if the list has jobs of several ones; else empty.
    """

    job_id: str | None
    status: str
    kind: str
    tag: str
    target: str | None
    num_circuits: int | None
    num_finished: int | None
    submitted: datetime | None
    duration_s: float | None
    reason: str | None = None
    actions: frozenset[Action] = frozenset()
    service: str = ""


@dataclass(frozen=True)
class JobsPage:
    """Some of the jobs that meet a filter, newest first.

    Attributes:
        rows: The jobs.
        total: The number of jobs that meet the filter.
        by_status: Status to number of jobs, without the condition on the status.
        tags: The tags to choose from, the most recent ones first.
        kinds: The kinds to choose from.
        num_unknown: The number of jobs whose status may be out of date.
        note: Why statuses may be out of date; empty if that is no error.
    """

    rows: Sequence[JobRow]
    total: int
    by_status: Mapping[str, int] = field(default_factory=dict)
    tags: Sequence[str] = ()
    kinds: Sequence[str] = ()
    num_unknown: int = 0
    note: str = ""


# --- one job --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """A step in the life of a job.

    Attributes:
        status: The status that it got.
        time: When, with a time zone, or ``None`` if unknown.
    """

    status: str
    time: datetime | None


@dataclass(frozen=True)
class JobView:
    """A job.

    Attributes:
        row: What a list shows of it.
        events: Its life so far, in order. The last one is the present status.
        code: Two lines of Python that fetch it. They contain no token.
        shots: The shots of all circuits together, or ``None`` if it takes none or they are unknown.
        cost: Its cost in credits, or ``None`` if unknown.
        is_cost_estimated: Whether the cost is an estimate.
        settings: Name and value of the configuration, as the user set it.
        method: The simulation method and why it was chosen; empty if unknown.
        notes: Sentences about what is not known of it.
        is_characterization: Whether it characterizes a QUBO, and has no circuits.
        is_loading: Whether parts of it are still being fetched from a slow service, so that the page has to
            ask again even if the job has ended.
    """

    row: JobRow
    events: Sequence[Event]
    code: str
    shots: int | None = None
    cost: Decimal | None = None
    is_cost_estimated: bool = False
    settings: Sequence[tuple[str, str]] = ()
    method: str = ""
    notes: Sequence[str] = ()
    is_characterization: bool = False
    is_loading: bool = False


@dataclass(frozen=True)
class CircuitRow:
    """A circuit in a list.

    Attributes:
        position: Its position in the job, from 0.
        name: Its name.
        status: ``COMPLETED``, ``FAILED``, ``RUNNING``, ``PENDING``, or ``CANCELLED``.
        shots: Its shots, or ``None`` if it takes none or they are unknown.
        summary: The result in a few words, or why it failed.
    """

    position: int
    name: str
    status: str
    shots: int | None = None
    summary: str = ""


@dataclass(frozen=True)
class CircuitsPage:
    """Some circuits of a job, in order.

    Attributes:
        rows: The circuits.
        total: The number of circuits of the job that meet the condition.
        by_status: Status to number of circuits. It is empty if unknown.
        is_loading: Whether the results of these circuits are still being fetched, as for a job.
    """

    rows: Sequence[CircuitRow]
    total: int
    by_status: Mapping[str, int] = field(default_factory=dict)
    is_loading: bool = False


@dataclass(frozen=True)
class Counts:
    """Counts of a circuit.

    Attributes:
        counts: Outcome to count, the most frequent ones first. Outcomes are written as Qiskit writes them:
            classical bit 0 is rightmost, and a space separates two registers.
        shots: The sum of all counts.
        num_left_out: The number of outcomes that are left out.
        note: A sentence that says which register is where; empty if there is one register, or if unknown.
    """

    counts: Mapping[str, int]
    shots: int
    num_left_out: int = 0
    note: str = ""


@dataclass(frozen=True)
class Values:
    """Expectation values of a circuit.

    Attributes:
        values: Pauli string to value.
        errors: Pauli string to standard error, as far as known.
        num_left_out: The number of Pauli strings that are left out.
        note: A sentence that says which letter of a Pauli string acts on qubit 0; empty if unknown.
        short_names: Long Pauli string to a short form for charts and lists, such as ``Z0 X69``.
    """

    values: Mapping[str, float]
    errors: Mapping[str, float] = field(default_factory=dict)
    num_left_out: int = 0
    note: str = ""
    short_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gradients:
    """Expectation values of a circuit and their gradients.

    Attributes:
        values: Observable to value.
        gradients: For each observable, parameter to derivative.
        num_left_out: The number of observables that are left out.
        num_parameters_left_out: The number of parameters that are left out of each gradient.
        note: A sentence that says which letter of a Pauli string acts on qubit 0; empty if unknown.
    """

    values: Mapping[str, float]
    gradients: Mapping[str, Mapping[str, float]]
    num_left_out: int = 0
    num_parameters_left_out: int = 0
    note: str = ""


@dataclass(frozen=True)
class StateValues:
    """A part of what a job computed of a state.

    Attributes:
        description: What it is, such as ``state vector, 3 qubits``.
        headings: The headings of the table.
        rows: The most important entries, as text.
        num_left_out: The number of entries that are left out.
        probabilities: Outcome to probability, for a chart; empty if the values have none.
        series: Pauli string to its value after each repetition, for a chart; empty if the values have none.
    """

    description: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    num_left_out: int = 0
    probabilities: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why a circuit has no result."""

    reason: str


Outcome = Counts | Values | Gradients | StateValues | Failure
"""What came of a circuit."""


@dataclass(frozen=True)
class CircuitView:
    """A circuit of a job.

    Attributes:
        row: What a list shows of it.
        outcome: What came of it, or ``None`` if there is nothing yet.
        program: Its OpenQASM text, or ``None`` if it is not known any more. A row of a template has the text
            of the template.
        parameters: Name and value of the parameters of a row of a template.
        method: The simulation method and why it was chosen; empty if unknown.
        metadata: Name and value of what the service tells about the simulation.
    """

    row: CircuitRow
    outcome: Outcome | None
    program: str | None
    parameters: Mapping[str, float] = field(default_factory=dict)
    method: str = ""
    metadata: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class CharacterizationView:
    """The characterization of a QUBO.

    Attributes:
        figures: Name and value of the key figures.
        groups: Heading and figures of each group of figures. A figure is a name, a value, and a unit or
            meaning.
        pictures: Title, caption and SVG of the charts, such as the landscape. The SVG is our own.
        recommendations: Level (``info``, ``warn`` or ``action``) and text of what the analysis recommends.
        has_report: Whether there is an HTML report.
    """

    figures: Sequence[tuple[str, str]]
    groups: Sequence[tuple[str, Sequence[tuple[str, str, str]]]] = ()
    pictures: Sequence[tuple[str, str, str]] = ()
    recommendations: Sequence[tuple[str, str]] = ()
    has_report: bool = False


# --- the service ----------------------------------------------------------------------------------------


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
    """

    balance: CreditBalance | None
    prices: Sequence[tuple[str, Decimal]]
    transactions: Sequence[CreditTransaction]
    total: int
    by_day: Sequence[tuple[date, Decimal]] = ()
    note: str = ""
